//! Batches as a log sees them: headers read and patched in place. The format is `protocol`'s.

pub use ottla_protocol::records::{
    BATCH_HEADER_BYTES, BatchFault, BatchHeader, CRC_START, LENGTH_PREFIX_BYTES, verify_checksum,
};
pub(crate) use ottla_protocol::records::{patch_assignment, patch_log_append_time};

/// Batches for tests: an uncompressed one of `record_count` records around the same payload.
#[cfg(any(test, feature = "testing"))]
pub mod testing {
    use crate::Offset;
    use ottla_protocol::records::BatchBuilder;

    /// What [`build`] puts into a batch.
    #[derive(Clone, Debug)]
    pub struct Content {
        pub base_offset: Offset,
        pub leader_epoch: i32,
        pub base_timestamp: i64,
        pub record_count: i32,
        pub payload: Vec<u8>,
        pub producer: (i64, i16, i32),
    }

    impl Default for Content {
        fn default() -> Content {
            Content {
                base_offset: 0,
                leader_epoch: 0,
                base_timestamp: 1_700_000_000_000,
                record_count: 1,
                payload: b"payload".to_vec(),
                producer: (-1, -1, -1),
            }
        }
    }

    /// A valid batch; record `i` has timestamp `base_timestamp + i`.
    pub fn build(content: &Content) -> Vec<u8> {
        let (id, epoch, sequence) = content.producer;
        let mut builder = BatchBuilder::new()
            .base_offset(content.base_offset)
            .leader_epoch(content.leader_epoch)
            .producer(id, epoch, sequence);
        for index in 0..content.record_count {
            builder.push(content.base_timestamp + i64::from(index), None, Some(&content.payload), &[]);
        }
        builder.build().expect("a small batch without a level")
    }
}
