//! `partition.metadata`, and names of partition directories and their files.

use super::CheckpointFault;
use crate::Offset;
use uuid::Uuid;

/// The file's name.
pub const PARTITION_METADATA: &str = "partition.metadata";

/// Kafka's text form of an id: URL-safe base64 of the 16 bytes without padding.
pub fn id_to_text(id: Uuid) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let value = id.as_u128();
    // 22 digits of 6 bits hold the 128 bits and 4 zero bits at the end.
    (0..22)
        .map(|digit| {
            let bits = if digit < 21 { value >> (122 - 6 * digit) } else { value << 4 };
            char::from(ALPHABET[(bits & 63) as usize])
        })
        .collect()
}

/// Reads what [`id_to_text`] writes.
pub fn id_from_text(text: &str) -> Option<Uuid> {
    let text = text.trim_end_matches('=');
    if text.len() != 22 {
        return None;
    }
    let mut value: u128 = 0;
    for (digit, character) in text.bytes().enumerate() {
        let bits = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        if digit < 21 {
            value = (value << 6) | u128::from(bits);
        } else if bits & 15 == 0 {
            value = (value << 2) | u128::from(bits >> 4);
        } else {
            return None;
        }
    }
    Some(Uuid::from_u128(value))
}

/// The content of `partition.metadata`.
pub fn format(topic_id: Uuid) -> String {
    format!("version: 0\ntopic_id: {}", id_to_text(topic_id))
}

pub fn parse(bytes: &[u8]) -> Result<Uuid, CheckpointFault> {
    let text = std::str::from_utf8(bytes).map_err(|_| CheckpointFault::Encoding)?;
    let mut lines = text.lines();
    let value = |line: Option<&str>, key: &'static str| {
        line.and_then(|line| line.split_once(':'))
            .filter(|(found, _)| found.trim() == key)
            .map(|(_, value)| value.trim().to_owned())
            .ok_or(CheckpointFault::Missing(key))
    };
    let version = value(lines.next(), "version")?;
    if version != "0" {
        return Err(CheckpointFault::Version(super::clip(&version)));
    }
    let id = value(lines.next(), "topic_id")?;
    id_from_text(&id).ok_or_else(|| CheckpointFault::Line { line: 2, text: super::clip(&id) })
}

/// `topic-3` into its parts; `None` for what is no partition's directory (also `topic-3.UNIQUE-delete`).
pub fn parse_directory_name(name: &str) -> Option<(&str, i32)> {
    let (topic, partition) = name.rsplit_once('-')?;
    let canonical = partition.bytes().all(|digit| digit.is_ascii_digit())
        && (partition == "0" || !partition.starts_with('0'));
    (canonical && !topic.is_empty()).then_some(())?;
    Some((topic, partition.parse().ok()?))
}

/// The name of a file of the segment at `base_offset`; `suffix` with its dot.
pub fn segment_file_name(base_offset: Offset, suffix: &str) -> String {
    format!("{base_offset:020}{suffix}")
}

/// `00000000000000000017.log` into 17 and `log`.
pub fn parse_segment_file_name(name: &str) -> Option<(Offset, &str)> {
    let (digits, suffix) = name.split_once('.')?;
    if digits.len() != 20 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    Some((digits.parse().ok()?, suffix))
}

/// A file that a compaction made whole and that has yet to take the place of what it replaces.
pub fn is_swap(name: &str) -> bool {
    parse_segment_file_name(name).is_some_and(|(_, suffix)| suffix.ends_with(".swap"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafkas_form_is_read_and_written() {
        let text = "version: 0\ntopic_id: HGn8mNySSK-Z6Xcu-h4pyA";
        let id = parse(text.as_bytes()).unwrap();
        assert_eq!(id.to_string(), "1c69fc98-dc92-48af-99e9-772efa1e29c8");
        assert_eq!(format(id), text);
        for bad in
            ["version: 1\ntopic_id: HGn8mNySSK-Z6Xcu-h4pyA", "version: 0", "version: 0\ntopic_id: x", ""]
        {
            assert!(parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(parse_directory_name("a-b-12"), Some(("a-b", 12)));
        for bad in ["a", "-1", "a-01", "a-", "a-x", "a-1.5f-delete", "a-99999999999"] {
            assert_eq!(parse_directory_name(bad), None, "{bad}");
        }
        assert_eq!(parse_segment_file_name(&segment_file_name(17, ".log")), Some((17, "log")));
        assert_eq!(parse_segment_file_name("00000000000000000017.log.deleted"), Some((17, "log.deleted")));
        for bad in
            ["17.log", "0000000000000000001x.log", "99999999999999999999.log", "leader-epoch-checkpoint"]
        {
            assert_eq!(parse_segment_file_name(bad), None, "{bad}");
        }
    }
}
