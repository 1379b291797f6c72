//! A finished copy takes its place at one moment.

use super::copy::{Copied, Wanted, copy};
use super::sync_dir;
use crate::cli::Failure;
use crate::cli::log::report::Report;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A whole copy beside the place that it is for. What lies there is removed with the value: the copy that nobody put in its place,
/// or what was replaced. Both brokers remove it too, if a crash comes first: it has the name of a deleted partition.
pub(super) struct Beside {
    path: PathBuf,
    target: PathBuf,
    pub(super) copied: Copied,
}

impl Beside {
    /// Copies beside `target`. `None` when the partition is damaged.
    /// # Errors
    /// The copy cannot be written.
    pub(super) fn copy(
        wanted: &Wanted<'_>,
        target: &Path,
        report: &mut Report<'_>,
    ) -> Result<Option<Beside>, Failure> {
        let path = beside(target);
        let mut this = Beside { path, target: target.to_owned(), copied: Copied::default() };
        let Some(copied) = copy(wanted, Some(&this.path), report)? else { return Ok(None) };
        this.copied = copied;
        Ok(Some(this))
    }

    /// Puts the copy in its place, durably.
    /// # Errors
    /// What was there is still there.
    pub(super) fn put(self) -> Result<Copied, Failure> {
        swap(&self.path, &self.target).map_err(|error| {
            Failure::failed(format!("cannot put {} in its place: {error}", self.target.display()))
        })?;
        Ok(self.copied)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // After a first copy there is nothing left; what cannot be removed is a deleted partition to the broker.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn beside(target: &Path) -> PathBuf {
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let suffix = format!(".{}-delete", uuid::Uuid::new_v4().simple());
    let kept = name.get(..name.len().min(255 - suffix.len())).unwrap_or(&name);
    target.with_file_name(format!("{kept}{suffix}"))
}

fn swap(beside: &Path, target: &Path) -> io::Result<()> {
    let parent = target.parent().unwrap_or(Path::new("."));
    // The copy has its name before it is in its place.
    sync_dir(parent)?;
    if !target.try_exists()? {
        fs::rename(beside, target)?;
        return sync_dir(parent);
    }
    match renameat_with(CWD, beside, CWD, target, RenameFlags::EXCHANGE) {
        // A file system that cannot do both at once: a crash here leaves none, and the next try finds it so.
        Err(Errno::INVAL | Errno::NOSYS) => {
            let old = self::beside(target);
            fs::rename(target, &old)?;
            fs::rename(beside, target)?;
            fs::rename(&old, beside)?;
        }
        swapped => swapped?,
    }
    sync_dir(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_takes_its_place_and_what_was_there_goes() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("t-0");
        for content in ["first", "second"] {
            let path = beside(&target);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("file"), content).unwrap();
            Beside { path, target: target.clone(), copied: Copied::default() }.put().unwrap();
            assert_eq!(fs::read_to_string(target.join("file")).unwrap(), content);
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        }
        let name = "x".repeat(249) + "-0";
        let path = beside(&dir.path().join(name));
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name.len() <= 255 && name.ends_with("-delete"), "{name}");
    }
}
