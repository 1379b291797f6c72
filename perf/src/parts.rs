//! Inputs of the benchmarks of parts: `instructions/`.

use crate::traffic::Records;
use bytes::Bytes;
use ottla_log::index::OffsetIndex;
use ottla_log::index::offset::Entry;
use ottla_protocol::messages as m;
use ottla_protocol::{Compression, Encoder, Message, Records as Field, Uuid};

/// The versions that today's clients send.
pub const PRODUCE: i16 = 13;
pub const FETCH: i16 = 17;
pub const METADATA: i16 = 12;

const THEN_MS: i64 = 1_700_000_000_000;

/// A batch of `count` records of `value_bytes`. The checksum has been used by then: its first use looks for the CPU's
/// instructions.
pub fn batch(count: usize, value_bytes: usize, compression: Compression) -> Vec<u8> {
    Records { count, value_bytes, compression }.batch(1, THEN_MS, Some((7, 0, 0)))
}

fn encoded<'m>(message: &impl Message<'m>, version: i16) -> Bytes {
    let mut encoder = Encoder::new();
    message.encode(&mut encoder, version).expect("fields that the version has");
    encoder.into_vec().into()
}

fn topic_id(number: u8) -> Uuid {
    Uuid([number; 16])
}

/// The body of a produce to `partitions` partitions, a small batch each.
pub fn produce_request(partitions: i32) -> Bytes {
    use m::produce_request::{PartitionProduceData, TopicProduceData};
    let batch = batch(1, 100, Compression::None);
    let partition_data = (0..partitions)
        .map(|index| PartitionProduceData { index, records: Some(Field::Slice(&batch)) })
        .collect();
    let topic = TopicProduceData { topic_id: topic_id(1), partition_data, ..TopicProduceData::default() };
    let request = m::ProduceRequest { acks: -1, topic_data: vec![topic], ..m::ProduceRequest::default() };
    encoded(&request, PRODUCE)
}

pub fn produce_response(partitions: i32) -> m::ProduceResponse<'static> {
    use m::produce_response::{PartitionProduceResponse, TopicProduceResponse};
    let partition_responses = (0..partitions)
        .map(|index| PartitionProduceResponse {
            index,
            base_offset: 5,
            ..PartitionProduceResponse::default()
        })
        .collect();
    let topic = TopicProduceResponse {
        topic_id: topic_id(1),
        partition_responses,
        ..TopicProduceResponse::default()
    };
    m::ProduceResponse { responses: vec![topic], ..m::ProduceResponse::default() }
}

/// The body of a fetch of `partitions` partitions.
pub fn fetch_request(partitions: i32) -> Bytes {
    use m::fetch_request::{FetchPartition, FetchTopic};
    let partitions = (0..partitions)
        .map(|partition| FetchPartition {
            partition,
            partition_max_bytes: 1 << 20,
            ..FetchPartition::default()
        })
        .collect();
    let topic = FetchTopic { topic_id: topic_id(1), partitions, ..FetchTopic::default() };
    encoded(&m::FetchRequest { topics: vec![topic], ..m::FetchRequest::default() }, FETCH)
}

/// 64 KiB from each of `partitions` partitions, shared and not copied.
pub fn fetch_response(partitions: i32) -> m::FetchResponse<'static> {
    use m::fetch_response::{FetchableTopicResponse, PartitionData};
    let records = Bytes::from(vec![7; 64 << 10]);
    let partitions = (0..partitions)
        .map(|partition_index| PartitionData {
            partition_index,
            records: Some(Field::Parts([records.clone()].into_iter().collect())),
            ..PartitionData::default()
        })
        .collect();
    let topic =
        FetchableTopicResponse { topic_id: topic_id(1), partitions, ..FetchableTopicResponse::default() };
    m::FetchResponse { responses: vec![topic], ..m::FetchResponse::default() }
}

/// An answer about `topics` topics of three partitions.
pub fn metadata_response(topics: u8) -> m::MetadataResponse<'static> {
    use m::metadata_response::{MetadataResponsePartition, MetadataResponseTopic};
    let topics = (0..topics)
        .map(|number| MetadataResponseTopic {
            name: Some(format!("topic-{number}").into()),
            topic_id: topic_id(number),
            partitions: (0..3)
                .map(|partition_index| MetadataResponsePartition {
                    partition_index,
                    leader_id: 1,
                    replica_nodes: vec![1],
                    isr_nodes: vec![1],
                    ..MetadataResponsePartition::default()
                })
                .collect(),
            ..MetadataResponseTopic::default()
        })
        .collect();
    m::MetadataResponse { topics, ..m::MetadataResponse::default() }
}

/// The index of a full segment of 1 GiB: an entry every 4 KiB.
pub fn offset_index() -> OffsetIndex {
    const ENTRIES: u32 = 1 << 18;
    let bytes: Vec<u8> = (0..ENTRIES)
        .flat_map(|number| Entry { relative_offset: number * 4 + 3, position: number * 4096 }.to_bytes())
        .collect();
    OffsetIndex::parse(bytes.into(), 1 << 30).expect("an index in order")
}
