//! What a KRaft broker's metadata log says of topics: ids, partitions, leader epochs, settings, and producer ids.
//!
//! `__cluster_metadata-0` lies in a log directory of every broker and controller: snapshots (`OFFSET-EPOCH.checkpoint`) and segments of
//! batches, as in any log. A record's value is a frame version, the kind and version of the record, all three unsigned varints, and the
//! record itself in Kafka's flexible encoding (KIP-631). Only the kinds that matter here are read.

use crate::cli::log::place::{self, DataDirectory, Partition};
use crate::cli::log::walk::{Step, Tail, Walk};
use ottla_log::Offset;
use ottla_log::checkpoint::partition::segment_file_name;
use ottla_log::scan::Expected;
use ottla_protocol::records::{EXPANDED_BYTES_MAX, RecordsReader};
use ottla_protocol::{DecodeError, Decoder, Uuid};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const DIRECTORY: &str = "__cluster_metadata-0";
const FRAME_VERSION: u32 = 1;
/// The resource type of a topic's settings.
const TOPIC_RESOURCE: i8 = 2;
/// In the leader field of a change: the leader stays.
const NO_LEADER_CHANGE: i32 = -2;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KafkaMetadata {
    pub(super) topics: BTreeMap<String, KafkaTopic>,
    /// The first producer id that no broker was given.
    pub(super) next_producer_id: i64,
    configs: BTreeMap<String, BTreeMap<String, String>>,
    /// Of all topics that were ever made and not removed, by their ids.
    names: BTreeMap<Uuid, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KafkaTopic {
    pub(super) id: Uuid,
    /// The leader epoch of each partition.
    pub(super) partitions: BTreeMap<i32, i32>,
}

impl KafkaMetadata {
    /// Reads the metadata log of the log directory `dir`; `None` when it has none.
    /// # Errors
    /// It cannot be read or understood, in a sentence.
    pub(super) fn read(dir: &Path) -> Result<Option<KafkaMetadata>, String> {
        let dir = dir.join(DIRECTORY);
        if !dir.is_dir() {
            return Ok(None);
        }
        let cannot = |error: std::io::Error| format!("cannot read {}: {error}", dir.display());
        let partition = Partition::read(&dir, &DataDirectory::default()).map_err(cannot)?;
        let mut metadata = KafkaMetadata::default();
        let mut from = 0;
        if let Some((path, offset)) = newest_snapshot(&partition) {
            metadata.replay_file(&path, Expected::at_segment_start(0, None, true), 0)?;
            from = offset;
        }
        for base_offset in &partition.segments {
            if partition.next_base(*base_offset).is_some_and(|next| next <= from) {
                continue;
            }
            let path = dir.join(segment_file_name(*base_offset, ".log"));
            let expected = Expected::at_segment_start(*base_offset, partition.next_base(*base_offset), false);
            metadata.replay_file(&path, expected, from)?;
        }
        Ok(Some(metadata))
    }

    /// What a topic itself sets.
    pub(super) fn configs(&self, topic: &str) -> BTreeMap<String, String> {
        self.configs.get(topic).cloned().unwrap_or_default()
    }

    /// Replays the records from offset `from` on.
    fn replay_file(&mut self, path: &Path, expected: Expected, from: Offset) -> Result<(), String> {
        let named = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
        let mut walk = Walk::open(path, expected, false).map_err(|error| named(&error))?;
        loop {
            match walk.next().map_err(|error| named(&error))? {
                Step::Batch { position, header, fault: None } => {
                    if header.is_control() || header.last_offset() < from {
                        continue;
                    }
                    let bytes =
                        walk.batch(position, &header).ok_or_else(|| named(&"a batch is too large"))?;
                    let mut reader = RecordsReader::new(&header, bytes, EXPANDED_BYTES_MAX)
                        .map_err(|error| named(&error))?;
                    while let Some(record) = reader.next().map_err(|error| named(&error))? {
                        let offset = header.base_offset.saturating_add(i64::from(record.offset_delta));
                        if let (true, Some(value)) = (offset >= from, record.value) {
                            let replayed = self.replay(value);
                            replayed
                                .map_err(|error| named(&format!("the record at offset {offset}: {error}")))?;
                        }
                    }
                }
                Step::Batch { fault: Some(fault), .. } | Step::Damage { fault, .. } => {
                    return Err(named(&fault));
                }
                // What a crash tore was never committed.
                Step::End(Tail::Nothing | Tail::Zeros(_) | Tail::Broken { .. }) => return Ok(()),
            }
        }
    }

    fn replay(&mut self, value: &[u8]) -> Result<(), DecodeError> {
        let mut decoder = Decoder::new(value);
        if decoder.unsigned_varint()? != FRAME_VERSION {
            return Ok(());
        }
        let (kind, _version) = (decoder.unsigned_varint()?, decoder.unsigned_varint()?);
        match kind {
            2 => self.topic(&mut decoder),
            3 => self.partition(&mut decoder),
            4 => self.config(&mut decoder),
            5 => self.partition_change(&mut decoder),
            9 => self.remove_topic(&mut decoder),
            15 => {
                let (_broker_id, _broker_epoch) = (decoder.int32()?, decoder.int64()?);
                self.next_producer_id = decoder.int64()?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn topic(&mut self, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
        let name = decoder.nullable_string(true)?.unwrap_or_default().into_owned();
        let topic = KafkaTopic { id: decoder.uuid()?, partitions: BTreeMap::new() };
        self.names.insert(topic.id, name.clone());
        self.topics.insert(name, topic);
        Ok(())
    }

    fn by_id(&mut self, id: Uuid) -> Option<&mut KafkaTopic> {
        self.topics.get_mut(self.names.get(&id)?).filter(|topic| topic.id == id)
    }

    fn partition(&mut self, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
        let index = decoder.int32()?;
        let id = decoder.uuid()?;
        // Replicas, in-sync, removing and adding ones.
        for _ in 0..4 {
            decoder.nullable_array(true, |decoder| decoder.int32())?;
        }
        let _leader = decoder.int32()?;
        let leader_epoch = decoder.int32()?;
        if let Some(topic) = self.by_id(id) {
            topic.partitions.insert(index, leader_epoch);
        }
        Ok(())
    }

    fn partition_change(&mut self, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
        let index = decoder.int32()?;
        let id = decoder.uuid()?;
        let mut leader = NO_LEADER_CHANGE;
        decoder.tagged_fields(|tag, field| {
            if tag == 1 {
                leader = field.int32()?;
            }
            Ok(())
        })?;
        if leader != NO_LEADER_CHANGE
            && let Some(epoch) = self.by_id(id).and_then(|topic| topic.partitions.get_mut(&index))
        {
            *epoch = epoch.saturating_add(1);
        }
        Ok(())
    }

    fn config(&mut self, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
        if decoder.int8()? != TOPIC_RESOURCE {
            return Ok(());
        }
        let topic = decoder.nullable_string(true)?.unwrap_or_default().into_owned();
        let name = decoder.nullable_string(true)?.unwrap_or_default().into_owned();
        let configs = self.configs.entry(topic).or_default();
        match decoder.nullable_string(true)? {
            Some(value) => configs.insert(name, value.into_owned()),
            None => configs.remove(&name),
        };
        Ok(())
    }

    fn remove_topic(&mut self, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
        let id = decoder.uuid()?;
        let name = self.names.remove(&id);
        if let Some(name) = name.filter(|name| self.topics.get(name).is_some_and(|topic| topic.id == id)) {
            self.topics.remove(&name);
            self.configs.remove(&name);
        }
        Ok(())
    }
}

/// The snapshot that knows most, and the offset that follows what it knows.
fn newest_snapshot(partition: &Partition) -> Option<(PathBuf, Offset)> {
    let names = partition.left_over.iter().filter_map(|name| {
        let (offset, epoch) = name.strip_suffix(".checkpoint")?.split_once('-')?;
        let whole = offset.len() == 20 && epoch.len() == 10;
        Some((offset.parse::<Offset>().ok().filter(|_| whole)?, name))
    });
    let (offset, name) = names.max()?;
    let path = partition.dir.join(name);
    place::open(&path).ok().map(|_| (path, offset))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_protocol::Encoder;
    use ottla_protocol::records::BatchBuilder;

    fn record(kind: u32, fields: impl FnOnce(&mut Encoder)) -> Vec<u8> {
        let mut encoder = Encoder::new();
        encoder.unsigned_varint(FRAME_VERSION);
        encoder.unsigned_varint(kind);
        encoder.unsigned_varint(0);
        fields(&mut encoder);
        encoder.into_vec()
    }

    fn write(path: &Path, base_offset: Offset, values: &[Vec<u8>]) {
        let mut builder = BatchBuilder::new().base_offset(base_offset).leader_epoch(1);
        for value in values {
            builder.push(1, None, Some(value), &[]);
        }
        std::fs::write(path, builder.build().unwrap()).unwrap();
    }

    fn topic(name: &str, id: u8) -> Vec<u8> {
        record(2, |out| {
            out.nullable_string(true, Some(name)).unwrap();
            out.uuid(Uuid([id; 16]));
            out.unsigned_varint(0);
        })
    }

    fn partition(id: u8, index: i32, epoch: i32) -> Vec<u8> {
        record(3, |out| {
            out.int32(index);
            out.uuid(Uuid([id; 16]));
            for _ in 0..4 {
                out.nullable_array(true, Some(&[1, 2]), |out, id| {
                    out.int32(*id);
                    Ok(())
                })
                .unwrap();
            }
            out.int32(1);
            out.int32(epoch);
            out.int32(0);
            out.unsigned_varint(0);
        })
    }

    fn leads(id: u8, index: i32, leader: Option<i32>) -> Vec<u8> {
        record(5, |out| {
            out.int32(index);
            out.uuid(Uuid([id; 16]));
            match leader {
                Some(leader) => {
                    out.unsigned_varint(1);
                    out.unsigned_varint(1);
                    out.unsigned_varint(4);
                    out.int32(leader);
                }
                None => out.unsigned_varint(0),
            }
        })
    }

    fn config(topic: &str, name: &str, value: Option<&str>) -> Vec<u8> {
        record(4, |out| {
            out.int8(TOPIC_RESOURCE);
            out.nullable_string(true, Some(topic)).unwrap();
            out.nullable_string(true, Some(name)).unwrap();
            out.nullable_string(true, value).unwrap();
            out.unsigned_varint(0);
        })
    }

    /// A snapshot, and the log that goes on after it; what the snapshot covers is not replayed twice.
    #[test]
    fn topics_are_read_from_a_snapshot_and_the_log_after_it() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(KafkaMetadata::read(dir.path()), Ok(None));
        let log = dir.path().join(DIRECTORY);
        std::fs::create_dir(&log).unwrap();
        let known =
            [topic("a", 1), partition(1, 0, 4), topic("b", 2), config("a", "retention.ms", Some("5"))];
        write(&log.join("00000000000000000002-0000000001.checkpoint"), 0, &known);
        let log_records = [
            partition(1, 0, 3),
            leads(1, 0, Some(2)),
            leads(1, 0, Some(-1)),
            leads(1, 0, None),
            config("a", "retention.ms", None),
            config("a", "cleanup.policy", Some("compact")),
            record(9, |out| out.uuid(Uuid([2; 16]))),
            record(15, |out| {
                out.int32(1);
                out.int64(7);
                out.int64(2000);
            }),
            record(27, |_| ()),
        ];
        write(&log.join("00000000000000000000.log"), 0, &log_records);
        let found = KafkaMetadata::read(dir.path()).unwrap().unwrap();
        assert_eq!(found.topics.keys().collect::<Vec<_>>(), ["a"]);
        // Four in the snapshot; the first two records lie before it; the change to -1 counts, the one without a leader does not.
        assert_eq!(found.topics["a"].partitions, BTreeMap::from([(0, 5)]));
        assert_eq!(found.configs("a"), BTreeMap::from([("cleanup.policy".into(), "compact".into())]));
        assert_eq!(found.next_producer_id, 2000);
    }

    /// Whatever a record's bytes are, reading it ends.
    #[test]
    fn damaged_records_are_errors() {
        for good in [topic("a", 1), partition(1, 0, 4), leads(1, 0, Some(2)), config("a", "b", None)] {
            for len in 0..good.len() {
                let _ = KafkaMetadata::default().replay(&good[..len]);
            }
            for bit in 0..good.len() * 8 {
                let mut bad = good.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                let _ = KafkaMetadata::default().replay(&bad);
            }
        }
        let cut = &topic("a", 1)[..8];
        assert!(KafkaMetadata::default().replay(cut).is_err());
    }
}
