//! What lies under a directory: mount, file system, device and its write cache, from `/proc/self/mountinfo` (proc(5)) and
//! `/sys/block/DEVICE/queue` (the kernel's sysfs-block).

use procfs_core::process::MountInfo;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Storage {
    /// Name, size, and what the kernel says of it.
    pub device: Option<String>,
    pub file_system: Option<String>,
    /// Those of the mount and of the file system, each once, in order.
    pub mount_options: Option<String>,
    /// `write back` means that the device has a cache of its own that a flush must empty; `write through` that it says it has none.
    pub write_cache: Option<String>,
}

impl Storage {
    /// What lies under a directory of this machine, or under where it would be made; none when no mount can be read.
    pub fn of(directory: &Path) -> Option<Storage> {
        let there = directory.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("."));
        of(Path::new("/proc"), Path::new("/sys"), there)
    }
}

/// None when the directory is under no mount that can be read.
pub(super) fn of(proc_root: &Path, sys_root: &Path, directory: &Path) -> Option<Storage> {
    let (process, directory) = match through_root(proc_root, directory) {
        Some((process, inside)) => (process, inside),
        None => ("self".into(), fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned())),
    };
    let mounts = fs::read(proc_root.join(process).join("mountinfo")).ok()?;
    let mount = mount_of(&String::from_utf8_lossy(&mounts), &directory)?;
    let block = block_device(sys_root, &mount);
    Some(Storage {
        device: Some(match &block {
            Some(block) => describe(block),
            None => mount.mount_source.clone().unwrap_or_else(|| format!("no device ({})", mount.fs_type)),
        }),
        file_system: Some(mount.fs_type.clone()),
        mount_options: Some(options(&mount)),
        write_cache: block.as_deref().and_then(write_cache),
    })
}

/// Of `/proc/PID/root/DIRECTORY` the process and the directory as it sees it: its mounts are not ours.
fn through_root(proc_root: &Path, directory: &Path) -> Option<(PathBuf, PathBuf)> {
    let mut rest = directory.strip_prefix(proc_root).ok()?.components();
    let process = PathBuf::from(rest.next()?.as_os_str());
    let is_root = rest.next()?.as_os_str() == "root";
    is_root.then(|| (process, Path::new("/").join(rest.as_path())))
}

/// The mount that `directory` is on: of the longest mount points above it, the last line, for a later mount covers an earlier one.
/// Lines that are no mounts are passed over.
pub(super) fn mount_of(mountinfo: &str, directory: &Path) -> Option<MountInfo> {
    let mounts = mountinfo.lines().filter_map(|line| MountInfo::from_line(line).ok()).map(|mut mount| {
        mount.mount_point = PathBuf::from(unescape(&mount.mount_point.to_string_lossy()));
        mount.mount_source = mount.mount_source.map(|source| unescape(&source));
        mount
    });
    mounts
        .filter(|mount| directory.starts_with(&mount.mount_point))
        .max_by_key(|mount| mount.mount_point.components().count())
}

/// The kernel writes blanks, tabs, newlines and backslashes in names as `\040` and the like.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let code = after.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()).filter(u8::is_ascii);
        match (code, after.get(3..)) {
            (Some(code), Some(following)) => {
                plain.push(char::from(code));
                rest = following;
            }
            _ => {
                plain.push('\\');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn options(mount: &MountInfo) -> String {
    let both = mount.mount_options.iter().chain(&mount.super_options);
    let mut options: Vec<String> = both
        .map(|(name, value)| match value {
            Some(value) => format!("{name}={value}"),
            None => name.clone(),
        })
        .collect();
    options.sort();
    options.dedup();
    // What everyone looks for comes first.
    options.sort_by_key(|option| !matches!(option.as_str(), "rw" | "ro"));
    options.join(",")
}

/// The directory under `/sys` of the whole device that a mount is on.
fn block_device(sys_root: &Path, mount: &MountInfo) -> Option<PathBuf> {
    // Btrfs, overlays and others have a number of no device; their source may still be one.
    let by_number = sys_root.join("dev/block").join(&mount.majmin);
    let by_name = || {
        let source = fs::canonicalize(mount.mount_source.as_deref()?).ok()?;
        Some(sys_root.join("class/block").join(source.file_name()?))
    };
    let device = fs::canonicalize(by_number).ok().or_else(|| fs::canonicalize(by_name()?).ok())?;
    // The queue is the whole device's; a partition is a directory in it.
    let whole = if device.join("queue").is_dir() { device } else { device.parent()?.to_owned() };
    whole.join("queue").is_dir().then_some(whole)
}

fn describe(block: &Path) -> String {
    let line = |path: &str| {
        let text = fs::read_to_string(block.join(path)).ok()?;
        let line = text.trim().to_owned();
        (!line.is_empty()).then_some(line)
    };
    let name = block.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut parts = Vec::new();
    parts.extend(line("device/model"));
    if name.starts_with("vd") || name.starts_with("xvd") {
        parts.push("virtual disk".to_owned());
    }
    // In sectors of 512 bytes, whatever the device's own are.
    let sectors: Option<u64> = line("size").and_then(|sectors| sectors.parse().ok());
    parts.extend(sectors.map(|sectors| crate::report::units::bytes(sectors as f64 * 512.0)));
    if line("queue/rotational").as_deref() == Some("1") {
        parts.push("said to rotate".to_owned());
    }
    parts.extend(
        line("queue/scheduler")
            .and_then(|line| chosen(&line))
            .map(|scheduler| format!("scheduler {scheduler}")),
    );
    if parts.is_empty() { format!("/dev/{name}") } else { format!("/dev/{name} ({})", parts.join(", ")) }
}

/// The one in brackets of `none [mq-deadline] kyber`.
fn chosen(line: &str) -> Option<String> {
    Some(line.split_once('[')?.1.split_once(']')?.0.to_owned())
}

fn write_cache(block: &Path) -> Option<String> {
    let cache = fs::read_to_string(block.join("queue/write_cache")).ok()?;
    let cache = cache.trim();
    let has_fua = fs::read_to_string(block.join("queue/fua")).is_ok_and(|fua| fua.trim() == "1");
    match (cache, has_fua) {
        ("", _) => None,
        ("write back", true) => Some("write back, with forced unit access".to_owned()),
        (cache, _) => Some(cache.to_owned()),
    }
}
