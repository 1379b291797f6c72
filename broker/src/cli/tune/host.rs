//! The files that tell how a host is set up, below a root of their own, so that a test can make up a host.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A kernel file is small; what is larger is not one.
const FILE_BYTES_MAX: usize = 1 << 20;

pub(super) struct Host {
    root: PathBuf,
}

/// Where a directory lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) device: String,
    pub(super) point: String,
    pub(super) file_system: String,
    pub(super) options: Vec<String>,
}

impl Host {
    pub(super) fn at(root: impl Into<PathBuf>) -> Host {
        Host { root: root.into() }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// A file's text without white space around it; none when it is not there or can't be read.
    pub(super) fn read(&self, path: &str) -> Option<String> {
        let bytes = fs::read(self.path(path)).ok().filter(|bytes| bytes.len() <= FILE_BYTES_MAX)?;
        Some(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    pub(super) fn number(&self, path: &str) -> Option<i64> {
        self.read(path)?.parse().ok()
    }

    /// The choice in brackets of a file like `always [madvise] never`, or its whole text.
    pub(super) fn chosen(&self, path: &str) -> Option<String> {
        let text = self.read(path)?;
        let inside = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
        Some(inside.map_or(text.as_str(), |(chosen, _)| chosen).to_owned())
    }

    /// Names in a directory, in order.
    pub(super) fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(path)).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    pub(super) fn exists(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// # Errors
    /// What the kernel says, usually that only root may.
    pub(super) fn write(&self, path: &str, value: &str) -> io::Result<()> {
        fs::write(self.path(path), value)
    }

    /// The mount that holds `dir`, or its nearest ancestor that is there.
    pub(super) fn mount_of(&self, dir: &Path) -> Option<Mount> {
        let dir = dir.ancestors().find_map(|dir| dir.canonicalize().ok())?;
        let table = self.read("/proc/self/mountinfo")?;
        let mounts = table.lines().filter_map(parse_mount);
        // Of mounts over each other the last one counts.
        mounts.filter(|mount| dir.starts_with(&mount.point)).max_by_key(|mount| mount.point.len())
    }

    /// The name under `/sys/block` of the disk that a mounted device is, or is a partition of.
    pub(super) fn disk_of(&self, mount: &Mount) -> Option<String> {
        let name = mount.device.strip_prefix("/dev/")?;
        if self.exists(&format!("/sys/block/{name}")) {
            return Some(name.to_owned());
        }
        self.names("/sys/block").into_iter().find(|disk| self.exists(&format!("/sys/block/{disk}/{name}")))
    }
}

/// A line of `/proc/self/mountinfo` (proc(5)): `ID PARENT MAJ:MIN ROOT POINT OPTIONS [TAGS]... - TYPE DEVICE SUPER`.
fn parse_mount(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let before: Vec<&str> = before.split(' ').collect();
    let mut after = after.split(' ');
    let (file_system, device) = (after.next()?, after.next()?);
    let (point, options) = (before.get(4)?, before.get(5)?);
    // Spaces and the like are written as octal numbers.
    let point = point.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
    Some(Mount {
        device: device.to_owned(),
        point,
        file_system: file_system.to_owned(),
        options: options.split(',').map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_read_with_tags_and_spaces_and_other_lines_are_left() {
        let line =
            "36 35 259:2 / /var/lib/my\\040data rw,noatime shared:1 master:2 - xfs /dev/nvme0n1p2 rw,attr2";
        let mount = parse_mount(line).expect("it is one");
        assert_eq!((mount.point.as_str(), mount.file_system.as_str()), ("/var/lib/my data", "xfs"));
        assert_eq!(
            (mount.device.as_str(), mount.options),
            ("/dev/nvme0n1p2", vec!["rw".into(), "noatime".into()])
        );
        for line in ["", "36 35", " - ", "1 2 3:4 / - ext4 /dev/sda rw"] {
            assert_eq!(parse_mount(line), None, "{line:?}");
        }
    }
}
