//! The data directory's offset checkpoints: `topic partition offset` lines.

use super::{CheckpointFault, entries};
use crate::Offset;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Up to where each log is known to be on disk.
pub const RECOVERY_POINT: &str = "recovery-point-offset-checkpoint";
/// Log starts that lie above the first segment's base offset.
pub const LOG_START: &str = "log-start-offset-checkpoint";
/// High watermarks.
pub const REPLICATION: &str = "replication-offset-checkpoint";

/// Up to where logs are compacted.
pub const CLEANER: &str = "cleaner-offset-checkpoint";

/// Offsets by topic and partition.
pub type Offsets = BTreeMap<(String, i32), Offset>;

pub fn parse(bytes: &[u8]) -> Result<Offsets, CheckpointFault> {
    let lines = entries(bytes, |line| {
        let mut fields = line.split_ascii_whitespace();
        let topic = fields.next()?;
        let partition: i32 = fields.next()?.parse().ok()?;
        let offset: Offset = fields.next()?.parse().ok()?;
        let fits = fields.next().is_none() && partition >= 0 && offset >= 0;
        fits.then(|| ((topic.to_owned(), partition), offset))
    })?;
    Ok(lines.into_iter().collect())
}

pub fn format(offsets: &Offsets) -> String {
    let mut text = format!("0\n{}\n", offsets.len());
    for ((topic, partition), offset) in offsets {
        let _ = writeln!(text, "{topic} {partition} {offset}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafkas_form_is_read_and_written() {
        let text = "0\n2\nt 0 2954\nt 1 3054\n";
        let offsets = parse(text.as_bytes()).unwrap();
        assert_eq!(offsets.get(&("t".to_owned(), 1)), Some(&3054));
        assert_eq!(format(&offsets), text);
        assert_eq!(parse(b"").unwrap(), Offsets::new());
    }

    #[test]
    fn damage_is_refused() {
        for text in ["1\n0\n", "0\n", "0\n2\nt 0 1\n", "0\n1\nt 0\n", "0\n1\nt 0 x\n", "0\n1\nt -1 5\n"] {
            assert!(parse(text.as_bytes()).is_err(), "{text:?}");
        }
        assert_eq!(parse(&[0xff]), Err(CheckpointFault::Encoding));
    }
}
