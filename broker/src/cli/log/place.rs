//! What a path is: the kind of a file by its name, the files of a partition, and what the data directory around says of it.

use crate::log_dirs::LOCK_FILE;
use ottla_log::Offset;
use ottla_log::checkpoint::directory::CLEAN_SHUTDOWN;
use ottla_log::checkpoint::epochs::LEADER_EPOCHS;
use ottla_log::checkpoint::offsets::{self, CLEANER, LOG_START, Offsets, RECOVERY_POINT, REPLICATION};
use ottla_log::checkpoint::partition::{PARTITION_METADATA, parse_directory_name, parse_segment_file_name};
use ottla_log::limits::SMALL_FILE_BYTES_MAX;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Offset checkpoints of a data directory.
pub(super) const OFFSET_CHECKPOINTS: [&str; 4] = [RECOVERY_POINT, LOG_START, REPLICATION, CLEANER];
const META_PROPERTIES: &str = crate::controller::meta_properties::FILE_NAME;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Segment,
    OffsetIndex,
    TimeIndex,
    TransactionIndex,
    Snapshot,
    LeaderEpochs,
    OffsetCheckpoint,
    PartitionMetadata,
    MetaProperties,
    CleanShutdown,
}

/// The kind of a file, and the offset that its name begins with. `None`: not one of a log's files.
pub(super) fn kind_of(name: &str) -> Option<(Kind, Offset)> {
    if let Some((base_offset, suffix)) = parse_segment_file_name(name) {
        let kind = match suffix {
            "log" => Kind::Segment,
            "index" => Kind::OffsetIndex,
            "timeindex" => Kind::TimeIndex,
            "txnindex" => Kind::TransactionIndex,
            "snapshot" => Kind::Snapshot,
            _ => return None,
        };
        return Some((kind, base_offset));
    }
    let kind = match name {
        LEADER_EPOCHS => Kind::LeaderEpochs,
        PARTITION_METADATA => Kind::PartitionMetadata,
        META_PROPERTIES => Kind::MetaProperties,
        CLEAN_SHUTDOWN => Kind::CleanShutdown,
        _ if OFFSET_CHECKPOINTS.contains(&name) => Kind::OffsetCheckpoint,
        _ => return None,
    };
    Some((kind, 0))
}

/// As [`kind_of`], also for a file that waits to be deleted or was half replaced: somebody names it because it matters to them.
pub(super) fn kind_of_named(name: &str) -> Option<(Kind, Offset)> {
    let left = [".deleted", ".cleaned", ".swap"].iter().find_map(|suffix| name.strip_suffix(suffix));
    kind_of(left.unwrap_or(name))
}

/// What a data directory says of its logs. All of it is a hint: files that are not there or not sound say nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct DataDirectory {
    /// A process holds its lock, and may be appending.
    pub(super) is_live: bool,
    /// The mark of a clean shutdown is there: nothing may be torn.
    pub(super) is_clean: bool,
    recovery_points: Offsets,
    log_starts: Offsets,
    cleaned: Offsets,
}

impl DataDirectory {
    pub(super) fn read(path: &Path) -> DataDirectory {
        let checkpoint = |name: &str| {
            let bytes = read_small(&path.join(name)).unwrap_or_default();
            offsets::parse(&bytes).unwrap_or_default()
        };
        DataDirectory {
            is_live: is_locked(&path.join(LOCK_FILE)),
            is_clean: path.join(CLEAN_SHUTDOWN).is_file(),
            recovery_points: checkpoint(RECOVERY_POINT),
            log_starts: checkpoint(LOG_START),
            cleaned: checkpoint(CLEANER),
        }
    }
}

/// Whether some process holds the lock file, by the kernel's own list: to try the lock could make a broker fail that starts at this
/// moment. Kafka locks by fcntl, Ottla by flock; both are listed.
fn is_locked(path: &Path) -> bool {
    let Ok(found) = fs::metadata(path) else { return false };
    let (major, minor) = (rustix::fs::major(found.dev()), rustix::fs::minor(found.dev()));
    let place = format!("{major:02x}:{minor:02x}:{}", found.ino());
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    // 1: FLOCK  ADVISORY  WRITE 4242 fe:00:131 0 EOF
    locks.lines().any(|line| line.split_ascii_whitespace().any(|field| field == place))
}

/// The files of one partition's directory.
#[derive(Clone, Debug)]
pub(super) struct Partition {
    pub(super) dir: PathBuf,
    /// Topic and index, when the directory is named so.
    pub(super) name: Option<(String, i32)>,
    /// Base offsets of the segments, ascending.
    pub(super) segments: Vec<Offset>,
    /// Every other file of a log, by name.
    pub(super) others: Vec<(String, Kind, Offset)>,
    /// Names of what no log reads: half-made, half-deleted and foreign files.
    pub(super) left_over: Vec<String>,
    pub(super) is_live: bool,
    pub(super) is_clean: bool,
    /// Up to here the checkpoint says that all is on disk.
    pub(super) recovery_point: Option<Offset>,
    pub(super) log_start: Option<Offset>,
    /// Up to here the log was compacted, after which offsets have gaps.
    pub(super) cleaned_to: Option<Offset>,
}

impl Partition {
    /// # Errors
    /// The directory cannot be listed.
    pub(super) fn read(dir: &Path, around: &DataDirectory) -> io::Result<Partition> {
        let name = dir.file_name().and_then(|name| name.to_str()).and_then(parse_directory_name);
        let name = name.map(|(topic, index)| (topic.to_owned(), index));
        let of = |offsets: &Offsets| name.as_ref().and_then(|name| offsets.get(name).copied());
        let mut partition = Partition {
            dir: dir.to_owned(),
            segments: Vec::new(),
            others: Vec::new(),
            left_over: Vec::new(),
            is_live: around.is_live,
            is_clean: around.is_clean,
            recovery_point: of(&around.recovery_points),
            log_start: of(&around.log_starts),
            cleaned_to: of(&around.cleaned),
            name: name.clone(),
        };
        for entry in fs::read_dir(dir)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            match kind_of(&name) {
                Some((Kind::Segment, base_offset)) => partition.segments.push(base_offset),
                Some((Kind::MetaProperties | Kind::CleanShutdown | Kind::OffsetCheckpoint, _)) | None => {
                    partition.left_over.push(name);
                }
                Some((kind, base_offset)) => partition.others.push((name, kind, base_offset)),
            }
        }
        partition.segments.sort_unstable();
        partition.others.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        partition.left_over.sort_unstable();
        Ok(partition)
    }

    /// Reads the partition that holds a file or lies at `dir`, with the data directory above it.
    pub(super) fn read_with_surroundings(dir: &Path) -> io::Result<Partition> {
        // `t-0` given from inside its data directory has an empty parent.
        let absolute = std::path::absolute(dir)?;
        let around = absolute.parent().map(DataDirectory::read).unwrap_or_default();
        let mut partition = Partition::read(&absolute, &around)?;
        partition.dir = dir.to_owned();
        Ok(partition)
    }

    pub(super) fn is_compacted(&self) -> bool {
        self.cleaned_to.is_some()
    }

    /// Where the segment after the one at `base_offset` begins.
    pub(super) fn next_base(&self, base_offset: Offset) -> Option<Offset> {
        let after = self.segments.partition_point(|base| *base <= base_offset);
        self.segments.get(after).copied()
    }

    /// Whether what is at `offset`, in a segment that is followed by one at `next_base`, may have been torn by a crash, so that nobody was
    /// told that it is there.
    pub(super) fn may_be_torn(&self, next_base: Option<Offset>, offset: Offset) -> bool {
        let is_clean = self.is_clean && !self.is_live;
        next_base.is_none() && !is_clean && self.recovery_point.is_none_or(|known| offset >= known)
    }
}

/// What a path given on the command line is.
pub(super) enum Place {
    /// A data directory, and its partitions' directories by name.
    Data(PathBuf, Vec<PathBuf>),
    Partition(Partition),
    /// One file of a log; the partition around it when it lies in one.
    File(Kind, Offset, Option<Partition>),
}

/// Why a path cannot be looked into.
#[derive(Debug)]
pub(super) enum NoPlace {
    Io(io::Error),
    /// What it is instead, and what would do.
    Other(String),
}

impl From<io::Error> for NoPlace {
    fn from(error: io::Error) -> NoPlace {
        NoPlace::Io(error)
    }
}

impl std::fmt::Display for NoPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NoPlace::Io(error) => error.fmt(f),
            NoPlace::Other(what) => f.write_str(what),
        }
    }
}

/// Looks at what lies at `path`.
/// # Errors
/// It cannot be read, or is nothing of a log.
pub(super) fn look_at(path: &Path) -> Result<Place, NoPlace> {
    let found = fs::metadata(path)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if found.is_dir() {
        if kind_of(&name).is_some() {
            return Err(NoPlace::Other("a directory is in the place of the file".into()));
        }
        return look_at_directory(path);
    }
    if !found.is_file() {
        return Err(NoPlace::Other("it is neither a file nor a directory".into()));
    }
    let Some((kind, base_offset)) = kind_of_named(&name) else {
        return Err(NoPlace::Other(
            "its name is not one of a log's files: OFFSET.log, .index, .timeindex, .txnindex or .snapshot with 20 digits, a \
             checkpoint, partition.metadata or meta.properties"
                .into(),
        ));
    };
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A copy of a segment somewhere else has nothing around it.
    let partition = Partition::read_with_surroundings(dir).ok().filter(|_| kind_of(&name).is_some());
    Ok(Place::File(kind, base_offset, partition))
}

fn look_at_directory(path: &Path) -> Result<Place, NoPlace> {
    let absolute = std::path::absolute(path)?;
    let named = absolute
        .file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| parse_directory_name(name).is_some());
    let mut partitions = Vec::new();
    let mut is_data = false;
    let mut holds_segments = false;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // A link to a directory on another disk is one, too.
        if parse_directory_name(&name).is_some()
            && fs::metadata(entry.path()).is_ok_and(|found| found.is_dir())
        {
            partitions.push(path.join(entry.file_name()));
        }
        match kind_of(&name) {
            Some((Kind::MetaProperties | Kind::OffsetCheckpoint | Kind::CleanShutdown, _)) => is_data = true,
            Some(_) => holds_segments = true,
            None => {}
        }
    }
    partitions.sort_unstable();
    if holds_segments || (named && !is_data && partitions.is_empty()) {
        return Ok(Place::Partition(Partition::read_with_surroundings(path)?));
    }
    if is_data || !partitions.is_empty() {
        return Ok(Place::Data(path.to_owned(), partitions));
    }
    Err(NoPlace::Other("no log is there: neither TOPIC-PARTITION directories nor files of a log".into()))
}

/// A whole small file.
/// # Errors
/// Those of the file; `FileTooLarge` beyond 64 MiB.
pub(super) fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let mut bytes = Vec::new();
    file.take(SMALL_FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > SMALL_FILE_BYTES_MAX {
        let what = format!("larger than {SMALL_FILE_BYTES_MAX} bytes, which none of its kind is");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    Ok(bytes)
}

/// Opens a regular file for reading; anything else, which may block for ever, is an error.
pub(super) fn open(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    File::open(path)
}
