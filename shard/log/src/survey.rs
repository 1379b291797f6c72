//! What lies in a partition's directory when it is opened, and the clearing up of what a kill left half done.

use crate::batch::BatchHeader;
use crate::checkpoint::partition::{PARTITION_METADATA, is_swap, parse_segment_file_name, segment_file_name};
use crate::checkpoint::{epochs::LEADER_EPOCHS, partition};
use crate::compact::CLEANED_SUFFIXES;
use crate::limits::SMALL_FILE_BYTES_MAX;
use crate::scan::Expected;
use crate::walk::walk;
use crate::{Error, Offset};
use ottla_io::file::{metadata, read, read_dir, remove_file, rename, replace, sync_dir};
use ottla_io::{File, OpenOptions};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use uuid::Uuid;

/// The files of a directory that count.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Base offset and file size of each segment, ascending.
    pub(crate) segments: Vec<(Offset, u64)>,
    /// Ascending.
    pub(crate) snapshots: Vec<Offset>,
    /// Base offsets of the transaction indexes, ascending.
    pub(crate) transaction_indexes: Vec<Offset>,
    /// Indexes lay there without their segment.
    pub(crate) has_orphans: bool,
}

impl Survey {
    /// Somebody took segments away: none but the last one is ever empty, and indexes have theirs.
    pub(crate) fn lacks_files(&self) -> bool {
        let sealed = self.segments.split_last().map_or(&[][..], |(_, sealed)| sealed);
        self.has_orphans || sealed.iter().any(|(_, bytes)| *bytes == 0)
    }
}

/// Lists `dir`, removes leftovers and finishes half-done replacements. Foreign files are left alone, with a warning.
pub(crate) async fn survey(dir: &Path) -> Result<Survey, Error> {
    let mut names = names_in(dir).await?;
    let mut changed = false;
    if names.iter().any(|name| is_swap(name)) {
        finish_swaps(dir, &names).await?;
        names = names_in(dir).await?;
        changed = true;
    }
    let mut survey = Survey::default();
    let mut others: BTreeMap<String, Offset> = BTreeMap::new();
    for name in &names {
        match parse_segment_file_name(name) {
            Some((base_offset, "log")) => {
                let path = dir.join(name);
                let found = metadata(&path).await.map_err(|error| Error::io("look at", &path, &error))?;
                survey.segments.push((base_offset, found.len));
            }
            Some((base_offset, "snapshot")) => survey.snapshots.push(base_offset),
            Some((base_offset, "index" | "timeindex" | "txnindex")) => {
                others.insert(name.clone(), base_offset);
            }
            Some((_, suffix)) if suffix.ends_with(".deleted") || suffix.ends_with(".cleaned") => {
                changed |= remove(dir, name).await?;
            }
            _ if name.ends_with(".tmp") => changed |= remove(dir, name).await?,
            _ if name == PARTITION_METADATA || name == LEADER_EPOCHS => {}
            _ => tracing::warn!(dir = %dir.display(), file = %name, "a foreign file is left alone"),
        }
    }
    survey.segments.sort_unstable();
    survey.snapshots.sort_unstable();
    for (name, base_offset) in others {
        if survey.segments.binary_search_by_key(&base_offset, |segment| segment.0).is_err() {
            tracing::warn!(dir = %dir.display(), file = %name, "an index without its segment is removed");
            survey.has_orphans = true;
            changed |= remove(dir, &name).await?;
        } else if name.ends_with(".txnindex") {
            survey.transaction_indexes.push(base_offset);
        }
    }
    if changed {
        sync_dir(dir).await.map_err(|error| Error::io("flush", dir, &error))?;
    }
    Ok(survey)
}

/// A name that the log gives to a file.
fn is_own(name: &str) -> bool {
    parse_segment_file_name(name).is_some() || name == PARTITION_METADATA || name == LEADER_EPOCHS
}

async fn names_in(dir: &Path) -> Result<Vec<String>, Error> {
    let entries = read_dir(dir).await.map_err(|error| Error::io("list", dir, &error))?;
    let mut names = Vec::with_capacity(entries.len());
    for entry in entries {
        match entry.file_name.into_string() {
            Ok(name) if !entry.is_dir => names.push(name),
            Ok(name) if is_own(&name) => {
                let reason = "a directory is in the place of the file".to_owned();
                return Err(Error::Corrupt { path: dir.join(name), position: 0, reason });
            }
            Ok(name) => {
                tracing::warn!(dir = %dir.display(), file = %name, "a foreign directory is left alone")
            }
            Err(name) => {
                tracing::warn!(dir = %dir.display(), file = ?name, "a foreign file is left alone");
            }
        }
    }
    Ok(names)
}

async fn remove(dir: &Path, name: &str) -> Result<bool, Error> {
    let path = dir.join(name);
    remove_file(&path).await.map_err(|error| Error::io("remove", &path, &error))?;
    Ok(true)
}

/// Compaction makes `.cleaned` files, renames them to `.swap` once they are whole, removes what they replace and
/// renames them again. `.cleaned` files beside `.swap` ones mean that not all were renamed: the old segments still
/// hold everything, and those swap files go. Otherwise the replacement is finished.
async fn finish_swaps(dir: &Path, names: &[String]) -> Result<(), Error> {
    let base_of = |wanted: &str, name: &String| {
        parse_segment_file_name(name).filter(|(_, suffix)| *suffix == wanted).map(|(base, _)| base)
    };
    let cleaned = names
        .iter()
        .filter_map(|name| parse_segment_file_name(name).filter(|(_, suffix)| suffix.ends_with(".cleaned")))
        .map(|(base_offset, _)| base_offset)
        .min();
    let mut plain: Vec<Offset> = names.iter().filter_map(|name| base_of("log", name)).collect();
    for swap in names.iter().filter_map(|name| base_of("log.swap", name)) {
        if cleaned.is_some_and(|cleaned| swap >= cleaned) {
            continue;
        }
        let last_offset = last_offset_of_swap(dir, swap).await?;
        // Its own indexes wait under .swap names, or have theirs already; the old log of this name is replaced last of all.
        let replaced = |old: &Offset| *old > swap && last_offset.is_some_and(|last| *old <= last);
        for old in plain.iter().filter(|old| replaced(old)) {
            for suffix in CLEANED_SUFFIXES {
                crate::writer::remove_if_there(&dir.join(segment_file_name(*old, suffix))).await?;
            }
        }
        plain.retain(|old| !replaced(old));
        for suffix in CLEANED_SUFFIXES {
            if suffix == ".log" {
                // Another crash must find it under its old name as long as anything before it may come back.
                sync_dir(dir).await.map_err(|error| Error::io("flush", dir, &error))?;
            }
            let to = dir.join(segment_file_name(swap, suffix));
            let from = dir.join(segment_file_name(swap, &format!("{suffix}.swap")));
            match rename(&from, &to).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io("rename", &from, &error));
                }
                _ => {}
            }
        }
    }
    sync_dir(dir).await.map_err(|error| Error::io("flush", dir, &error))?;
    for name in names_in(dir).await?.iter().filter(|name| is_swap(name)) {
        remove(dir, name).await?;
    }
    Ok(())
}

async fn last_offset_of_swap(dir: &Path, base_offset: Offset) -> Result<Option<Offset>, Error> {
    let path = dir.join(segment_file_name(base_offset, ".log.swap"));
    let failed = |error| Error::io("read", &path, &error);
    let options = OpenOptions { read: true, direct: true, ..OpenOptions::default() };
    let file = File::open(&path, &options).await.map_err(|error| Error::io("open", &path, &error))?;
    let end = file.len().await.map_err(failed)?;
    let expected = Expected::at_segment_start(base_offset, None, true);
    let mut last_offset = None;
    let walked = walk(&file, 0, end, expected, true, |_, header: &BatchHeader, _| {
        last_offset = Some(header.last_offset());
        ControlFlow::Continue(())
    })
    .await
    .map_err(failed)?;
    match walked.fault {
        None => Ok(last_offset),
        Some(fault) => Err(Error::Corrupt { path, position: walked.position, reason: fault.to_string() }),
    }
}

/// Checks that the directory is of the topic `topic_id`. False when it did not say so: a new one, or a kill came before
/// it was written down, which it is now.
pub(crate) async fn check_partition_metadata(dir: &Path, topic_id: Uuid) -> Result<bool, Error> {
    let path = dir.join(PARTITION_METADATA);
    match read_small(&path).await? {
        Some(bytes) => {
            let corrupt = |reason: String| Error::Corrupt { path: path.clone(), position: 0, reason };
            let found = partition::parse(&bytes).map_err(|fault| corrupt(fault.to_string()))?;
            if found == topic_id {
                return Ok(true);
            }
            let (found, wanted) = (partition::id_to_text(found), partition::id_to_text(topic_id));
            Err(corrupt(format!("it belongs to the topic with id {found}, not to the one with id {wanted}")))
        }
        None => replace(&path, partition::format(topic_id).as_bytes())
            .await
            .map(|()| false)
            .map_err(|error| Error::io("write", &path, &error)),
    }
}

/// A whole small file, or `None` when it is not there.
pub(crate) async fn read_small(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match read(path, SMALL_FILE_BYTES_MAX).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path, &error)),
    }
}
