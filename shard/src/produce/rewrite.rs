//! A batch in other bytes than the client's: another codec, or a header that says what its records say.

use super::{EXPANDED_BYTES_MAX, Refusal};
use crate::settings::TopicCompression;
use bytes::Bytes;
use ottla_io::task::blocking;
use ottla_log::batch::BatchHeader;
use ottla_protocol::ErrorCode;
use ottla_protocol::compression::Compression;
use ottla_protocol::records::{patch_timestamps, recompress};

/// A batch of at most this many bytes without compression is compressed on the connection's core: less than a
/// millisecond.
const INLINE_BYTES_MAX: usize = 32 << 10;

/// A codec with its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target(Compression, Option<i32>);

impl Target {
    /// What the topic wants a batch to be in; `None` to leave it as it is. As in Kafka, a batch that has the codec
    /// already stays, whatever its level.
    pub(super) fn of(topic: TopicCompression, header: &BatchHeader) -> Option<Target> {
        let target = match topic {
            TopicCompression::Producer => return None,
            TopicCompression::Uncompressed => Target(Compression::None, None),
            TopicCompression::Gzip(level) => Target(Compression::Gzip, Some(level)),
            TopicCompression::Snappy => Target(Compression::Snappy, None),
            TopicCompression::Lz4(level) => Target(Compression::Lz4, Some(level)),
            TopicCompression::Zstd(level) => Target(Compression::Zstd, Some(level)),
        };
        (header.compression() != Some(target.0)).then_some(target)
    }
}

/// What has to change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rewrite {
    target: Option<Target>,
    max_timestamp: i64,
    log_append_time: bool,
    expands_on_core: bool,
}

impl Rewrite {
    /// `None` when the client's bytes can stay. `max_timestamp` is that of the records.
    pub(super) fn needed(
        target: Option<Target>,
        max_timestamp: i64,
        create_time: bool,
        header: &BatchHeader,
    ) -> Option<Rewrite> {
        let honest = header.max_timestamp == max_timestamp && !(create_time && header.is_log_append_time());
        let expands_on_core = !header.is_compressed() && header.bytes <= INLINE_BYTES_MAX;
        let log_append_time = !create_time && header.is_log_append_time();
        let rewrite = Rewrite { target, max_timestamp, log_append_time, expands_on_core };
        (target.is_some() || !honest).then_some(rewrite)
    }

    pub(super) async fn apply(self, batch: Bytes) -> Result<Bytes, Refusal> {
        let Some(Target(compression, level)) = self.target else {
            ottla_io::count_copied(batch.len());
            return Ok(self.seal(batch.to_vec()));
        };
        let work = move || recompress(&batch, compression, level, EXPANDED_BYTES_MAX);
        let result = if self.expands_on_core { work() } else { blocking(work).await };
        match result {
            Ok(batch) => Ok(self.seal(batch)),
            // It was read through a moment ago.
            Err(error) => {
                tracing::warn!(%error, %compression, "a batch cannot be compressed again");
                Err(Refusal::code(ErrorCode::UNKNOWN_SERVER_ERROR))
            }
        }
    }

    /// Sets the largest timestamp and, with CreateTime, the timestamp type, and makes the CRC anew.
    fn seal(self, mut batch: Vec<u8>) -> Bytes {
        patch_timestamps(&mut batch, self.log_append_time, self.max_timestamp);
        batch.into()
    }
}
