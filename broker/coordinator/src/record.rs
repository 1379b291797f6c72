//! Keys and values of `__consumer_offsets`, as Kafka's group coordinator writes them.
//!
//! | key | value |
//! | --- | --- |
//! | type (2 bytes), then the fields of the key | version (2 bytes), then the fields; nothing at all for a tombstone |
//!
//! The fields are messages of `protocol/definitions/*.record`. A type or version that is not known is skipped on load, as
//! Kafka skips it: a newer broker may have written it.

use ottla_protocol::messages as m;
use ottla_protocol::{DecodeError, Decoder, EncodeError, Encoder, Message};

/// What Kafka 4.3 writes: version 4 is for readers that know tagged fields.
pub const OFFSET_COMMIT_VERSION: i16 = 3;
/// The only one that can say when an offset expires (commits of v2-4 with a retention time of their own).
pub const OFFSET_COMMIT_EXPIRING_VERSION: i16 = 1;
pub const GROUP_METADATA_VERSION: i16 = 3;

/// A record to append: encoded, so that what is replayed live is what is loaded later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub key: Vec<u8>,
    /// `None`: a tombstone.
    pub value: Option<Vec<u8>>,
}

impl Record {
    /// About what it takes in a batch: lengths and deltas are at most 20 bytes.
    pub fn bytes(&self) -> usize {
        20 + self.key.len() + self.value.as_ref().map_or(0, Vec::len)
    }
}

/// Bytes that are no record of a coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("a record without a key")]
    NoKey,
    #[error("{0}")]
    Decode(#[from] DecodeError),
}

macro_rules! contents {
    ($($(#[$doc:meta])* $kind:literal $name:ident $key:ident $value:ty;)*) => {
        /// A record, read: its key, and its value unless it is a tombstone.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Content<'a> {
            $($(#[$doc])* $name(m::$key<'a>, Option<$value>),)*
            /// Of a type, or of a version of a value, that this broker does not know.
            Unknown(i16),
        }

        impl<'a> Content<'a> {
            /// # Errors
            /// Bytes that are not what their type says.
            pub fn parse(key: Option<&'a [u8]>, value: Option<&'a [u8]>) -> Result<Content<'a>, Fault> {
                let mut decoder = Decoder::new(key.ok_or(Fault::NoKey)?);
                let kind = decoder.int16()?;
                match kind {
                    $($kind => {
                        let key = m::$key::decode(&mut decoder, 0)?;
                        match value.map(versioned::<$value>).transpose() {
                            Ok(value) => Ok(Content::$name(key, value)),
                            Err(DecodeError::Version(_)) => Ok(Content::Unknown(kind)),
                            Err(error) => Err(error.into()),
                        }
                    })*
                    _ => Ok(Content::Unknown(kind)),
                }
            }
        }

        $(impl Key for m::$key<'_> {
            const KIND: i16 = $kind;
            fn encode_fields(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
                self.encode(encoder, 0)
            }
        })*
    };
}

contents! {
    /// Written before Kafka 0.9, and by nobody since.
    0 LegacyOffsetCommit LegacyOffsetCommitKey m::LegacyOffsetCommitValue<'a>;
    1 OffsetCommit OffsetCommitKey m::OffsetCommitValue<'a>;
    /// A classic group.
    2 GroupMetadata GroupMetadataKey m::GroupMetadataValue<'a>;
    3 ConsumerGroupMetadata ConsumerGroupMetadataKey m::ConsumerGroupMetadataValue;
    4 ConsumerGroupPartitionMetadata ConsumerGroupPartitionMetadataKey m::ConsumerGroupPartitionMetadataValue<'a>;
    5 ConsumerGroupMemberMetadata ConsumerGroupMemberMetadataKey m::ConsumerGroupMemberMetadataValue<'a>;
    6 ConsumerGroupTargetAssignmentMetadata ConsumerGroupTargetAssignmentMetadataKey
        m::ConsumerGroupTargetAssignmentMetadataValue;
    7 ConsumerGroupTargetAssignmentMember ConsumerGroupTargetAssignmentMemberKey
        m::ConsumerGroupTargetAssignmentMemberValue;
    8 ConsumerGroupCurrentMemberAssignment ConsumerGroupCurrentMemberAssignmentKey
        m::ConsumerGroupCurrentMemberAssignmentValue;
    16 ConsumerGroupRegularExpression ConsumerGroupRegularExpressionKey m::ConsumerGroupRegularExpressionValue<'a>;
}

/// A key of `__consumer_offsets`.
pub trait Key {
    /// The type before its fields.
    const KIND: i16;
    /// # Errors
    /// A text too long for its length field.
    fn encode_fields(&self, encoder: &mut Encoder) -> Result<(), EncodeError>;
}

fn versioned<'a, V: Message<'a>>(bytes: &'a [u8]) -> Result<V, DecodeError> {
    let mut decoder = Decoder::new(bytes);
    let version = decoder.int16()?;
    V::decode(&mut decoder, version)
}

fn key_bytes<K: Key>(key: &K) -> Result<Vec<u8>, EncodeError> {
    let mut encoder = Encoder::with_capacity(64);
    encoder.int16(K::KIND);
    key.encode_fields(&mut encoder)?;
    Ok(encoder.into_vec())
}

/// # Errors
/// A text too long for its length field.
pub fn record<'v, K: Key, V: Message<'v>>(key: &K, version: i16, value: &V) -> Result<Record, EncodeError> {
    let mut encoder = Encoder::with_capacity(64);
    encoder.int16(version);
    value.encode(&mut encoder, version)?;
    Ok(Record { key: key_bytes(key)?, value: Some(encoder.into_vec()) })
}

/// # Errors
/// A text too long for its length field.
pub fn tombstone<K: Key>(key: &K) -> Result<Record, EncodeError> {
    Ok(Record { key: key_bytes(key)?, value: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use m::{GroupMetadataKey, OffsetCommitKey, OffsetCommitValue};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The bytes that Kafka's formatters and kafka-dump-log read.
    #[test]
    fn a_commit_has_kafkas_bytes_and_reads_back() {
        let key = OffsetCommitKey { group: "g".into(), topic: "t".into(), partition: 3 };
        let value = OffsetCommitValue {
            offset: 5,
            leader_epoch: 1,
            metadata: "m".into(),
            commit_timestamp: 7,
            ..Default::default()
        };
        let record = record(&key, OFFSET_COMMIT_VERSION, &value).unwrap();
        assert_eq!(hex(&record.key), "0001000167000174 00000003".replace(' ', ""));
        assert_eq!(
            hex(record.value.as_deref().unwrap()),
            "0003 0000000000000005 00000001 00016d 0000000000000007".replace(' ', "")
        );
        let read = Content::parse(Some(&record.key), record.value.as_deref());
        assert_eq!(read, Ok(Content::OffsetCommit(key.clone(), Some(value))));
        let tombstone = tombstone(&key).unwrap();
        let read = Content::parse(Some(&tombstone.key), None);
        assert_eq!(read, Ok(Content::OffsetCommit(key, None)));
    }

    /// What a newer broker may have written is told apart from what is damaged.
    #[test]
    fn unknown_types_and_versions_are_skipped_and_damage_is_not() {
        let key = tombstone(&GroupMetadataKey { group: "g".into() }).unwrap().key;
        assert_eq!(Content::parse(Some(&[0, 99, 1, 2]), Some(&[1])), Ok(Content::Unknown(99)));
        assert_eq!(Content::parse(Some(&key), Some(&[0, 77, 1])), Ok(Content::Unknown(2)));
        assert_eq!(Content::parse(None, None), Err(Fault::NoKey));
        for bytes in [&[0][..], &[0, 2, 0], &[0, 2, 0, 5, 1]] {
            assert!(matches!(Content::parse(Some(bytes), None), Err(Fault::Decode(_))), "{bytes:?}");
        }
        assert!(matches!(Content::parse(Some(&key), Some(&[0, 3, 0])), Err(Fault::Decode(_))));
    }
}
