//! Kafka's small text files: of a partition's directory and of the data directory. Pure: parse and format.
//!
//! | file | where | holds |
//! | --- | --- | --- |
//! | `partition.metadata` | partition | the topic's id |
//! | `leader-epoch-checkpoint` | partition | where each leader epoch begins |
//! | `recovery-point-offset-checkpoint` | data | up to where each log need not be scanned |
//! | `log-start-offset-checkpoint` | data | log starts above the first segment's base |
//! | `replication-offset-checkpoint` | data | high watermarks |
//! | `cleaner-offset-checkpoint` | data | up to where logs are compacted |
//! | `meta.properties` | data | node, directory and cluster ids |
//! | `.kafka_cleanshutdown` | data | the last process closed every log |

pub mod directory;
pub mod epochs;
pub mod offsets;
pub mod partition;

/// Why such a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFault {
    #[error("not UTF-8")]
    Encoding,
    #[error("version {0:?} where 0 was expected")]
    Version(String),
    #[error("line {line} is no entry: {text:?}")]
    Line { line: usize, text: String },
    #[error("{found} entries where {expected} were announced")]
    Count { found: usize, expected: usize },
    #[error("{0} is missing")]
    Missing(&'static str),
}

/// The lines after the two that a checkpoint opens with, its version and its number of entries.
fn entries<T>(bytes: &[u8], entry: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, CheckpointFault> {
    let text = std::str::from_utf8(bytes).map_err(|_| CheckpointFault::Encoding)?;
    let mut lines = text.lines();
    match lines.next().map(str::trim) {
        Some("0") => {}
        // Kafka makes its checkpoints empty and fills them later.
        None => return Ok(Vec::new()),
        Some(other) => return Err(CheckpointFault::Version(clip(other))),
    }
    let count = lines.next().ok_or(CheckpointFault::Missing("the number of entries"))?;
    let expected: usize =
        count.trim().parse().map_err(|_| CheckpointFault::Line { line: 2, text: clip(count) })?;
    let mut parsed = Vec::new();
    for (number, line) in lines.enumerate() {
        let fault = || CheckpointFault::Line { line: number + 3, text: clip(line) };
        parsed.push(entry(line).ok_or_else(fault)?);
    }
    if parsed.len() != expected {
        return Err(CheckpointFault::Count { found: parsed.len(), expected });
    }
    Ok(parsed)
}

/// What a message quotes of foreign text.
fn clip(text: &str) -> String {
    text.chars().take(80).collect()
}
