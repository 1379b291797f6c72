//! The records inside a batch.

use ottla_log::batch::BatchHeader;
use ottla_protocol::compression::CompressionError;
use ottla_protocol::records::{EXPANDED_BYTES_MAX, RecordsError, RecordsReader};

/// What is wrong inside a batch whose checksum is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Fault {
    /// Not looked at to the end: it expands to more than is worth it.
    TooLarge,
    Wrong(String),
}

/// Reads every record of `batch`, whose header is `header`; how many there are.
/// # Errors
/// What is wrong first.
pub(in super::super) fn check(header: &BatchHeader, batch: &[u8]) -> Result<u64, Fault> {
    let wrong = |error: RecordsError| match error {
        RecordsError::Compression(CompressionError::TooLarge { .. }) => Fault::TooLarge,
        error => Fault::Wrong(error.to_string()),
    };
    let mut reader = RecordsReader::new(header, batch, EXPANDED_BYTES_MAX).map_err(wrong)?;
    let (mut count, mut last_delta, mut max_timestamp) = (0, -1, i64::MIN);
    while let Some(record) = reader.next().map_err(wrong)? {
        if record.offset_delta <= last_delta || record.offset_delta > header.last_offset_delta {
            return Err(Fault::Wrong(format!(
                "record {count} has offset delta {} after {last_delta}, of {} at most",
                record.offset_delta, header.last_offset_delta
            )));
        }
        last_delta = record.offset_delta;
        max_timestamp = max_timestamp.max(header.record_timestamp(&record));
        count += 1;
    }
    if count > 0 && max_timestamp != header.max_timestamp {
        return Err(Fault::Wrong(format!(
            "its largest timestamp is {max_timestamp}, its header says {}",
            header.max_timestamp
        )));
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_protocol::compression::Compression;
    use ottla_protocol::records::{BatchBuilder, patch_timestamps};

    fn built(compression: Compression, deltas: &[i32]) -> Vec<u8> {
        let mut builder = BatchBuilder::new().compression(compression, None);
        for delta in deltas {
            builder.push_at(*delta, 1_700_000_000_000 + i64::from(*delta), Some(b"k"), Some(b"v"), &[]);
        }
        builder.build().unwrap()
    }

    #[test]
    fn records_of_every_codec_are_counted_and_gaps_inside_a_batch_are_right() {
        for compression in Compression::ALL {
            let bytes = built(compression, &[0, 1, 5]);
            let header = BatchHeader::parse(&bytes).unwrap();
            assert_eq!(check(&header, &bytes), Ok(3), "{compression}");
        }
    }

    #[test]
    fn what_a_right_checksum_hides_is_told() {
        let bytes = built(Compression::None, &[0, 2, 1]);
        let header = BatchHeader::parse(&bytes).unwrap();
        assert!(
            matches!(check(&header, &bytes), Err(Fault::Wrong(text)) if text.contains("delta 1 after 2"))
        );
        let mut bytes = built(Compression::Gzip, &[0, 1]);
        patch_timestamps(&mut bytes, false, 5);
        let header = BatchHeader::parse(&bytes).unwrap();
        assert!(matches!(check(&header, &bytes), Err(Fault::Wrong(text)) if text.contains("says 5")));
    }
}
