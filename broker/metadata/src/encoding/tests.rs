//! Golden bytes of every version, and that no bytes make decoding fail otherwise than by an error.

use super::*;
use crate::delta::Delta;
use crate::id::{Seed, Uuid};
use crate::image::{Endpoint, ResourceType};
use crate::record::*;
use std::path::PathBuf;
use std::sync::Arc;

/// One record of each kind, in an order that replays.
fn every_record() -> Vec<Record> {
    let id = |n: u8| Uuid([n; 16]);
    vec![
        Record::FeatureLevel(FeatureLevelRecord { name: "metadata.version".into(), feature_level: 29 }),
        Record::RegisterBroker(RegisterBrokerRecord {
            broker_id: 1,
            incarnation_id: id(1),
            broker_epoch: 7,
            endpoints: vec![Endpoint {
                name: "PLAINTEXT".into(),
                host: "broker.example".into(),
                port: 9092,
                security_protocol: 0,
            }],
            rack: Some("a".into()),
            fenced: true,
            in_controlled_shutdown: false,
            log_dirs: vec![id(2)],
        }),
        Record::BrokerRegistrationChange(BrokerRegistrationChangeRecord {
            broker_id: 1,
            broker_epoch: 7,
            fenced: Some(false),
            in_controlled_shutdown: None,
            log_dirs: Some(vec![id(2), id(3)]),
        }),
        Record::Topic(TopicRecord { name: "orders".into(), topic_id: id(4) }),
        Record::Partition(PartitionRecord {
            topic_id: id(4),
            partition_id: 0,
            replicas: vec![1, 2],
            directories: vec![id(2), Uuid::ZERO],
            isr: vec![1],
            removing_replicas: vec![],
            adding_replicas: vec![2],
            leader: 1,
            leader_epoch: 0,
            partition_epoch: 0,
        }),
        Record::PartitionChange(PartitionChangeRecord {
            topic_id: id(4),
            partition_id: 0,
            isr: Some(vec![1, 2]),
            leader: Some(1),
            adding_replicas: Some(vec![]),
            ..Default::default()
        }),
        Record::Config(ConfigRecord {
            resource_type: ResourceType::Topic,
            resource_name: "orders".into(),
            name: "retention.ms".into(),
            value: Some("1000".into()),
        }),
        Record::Config(ConfigRecord {
            resource_type: ResourceType::Broker,
            resource_name: String::new(),
            name: "log.retention.ms".into(),
            value: None,
        }),
        Record::ProducerIds(ProducerIdsRecord { broker_id: 1, broker_epoch: 7, next_producer_id: 1000 }),
        Record::Topic(TopicRecord { name: "gone".into(), topic_id: id(5) }),
        Record::RemoveTopic(RemoveTopicRecord { topic_id: id(5) }),
        Record::RegisterBroker(RegisterBrokerRecord {
            broker_id: 2,
            incarnation_id: id(6),
            broker_epoch: 8,
            endpoints: vec![],
            rack: None,
            fenced: true,
            in_controlled_shutdown: true,
            log_dirs: vec![],
        }),
        Record::UnregisterBroker(UnregisterBrokerRecord { broker_id: 2, broker_epoch: 8 }),
    ]
}

fn image() -> Image {
    let mut delta = Delta::new(Arc::new(Image::new("MkU3OEVBNTcwNTJENDM2Qg")));
    for record in every_record() {
        delta.replay(&record).unwrap();
    }
    Arc::unwrap_or_clone(delta.finish(42).0)
}

/// The golden file's bytes; written first when OTTLA_WRITE_GOLDEN is set, which only a new version calls for.
fn golden(name: &str, now: &[u8]) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    if std::env::var_os("OTTLA_WRITE_GOLDEN").is_some() && !path.exists() {
        std::fs::write(&path, now).unwrap();
    }
    std::fs::read(&path).unwrap()
}

/// Files that an earlier Ottla wrote are read, and this one writes the same bytes.
#[test]
fn golden_records_of_version_0() {
    let mut bytes = Vec::new();
    encode_records(&every_record(), &mut bytes);
    let golden = golden("records-v0", &bytes);
    let (records, rest) = decode_records(&golden).unwrap();
    assert_eq!(records, every_record());
    assert!(rest.is_empty());
    assert_eq!(bytes, golden);
}

#[test]
fn golden_image_of_version_0() {
    let bytes = encode_image(&image());
    let golden = golden("image-v0", &bytes);
    let decoded = decode_image(&golden).unwrap();
    assert_eq!(decoded, image());
    // Broker 2 is gone, but its epoch is not given again.
    assert_eq!(decoded.last_broker_epoch(), 8);
    assert_eq!(bytes, golden);
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    let bytes = encode_image(&image());
    for len in 0..bytes.len() {
        assert!(decode_image(&bytes[..len]).is_err());
    }
    for at in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[at / 8] ^= 1 << (at % 8);
        assert!(decode_image(&flipped).is_err(), "bit {at}");
    }
}

/// Damage that comes with a checksum that fits, so that `rkyv`'s own validation is what stands between: any result
/// but a crash.
#[test]
fn a_payload_of_any_bytes_does_no_harm() {
    let mut seed = Seed::new(1);
    let sound = encode_image(&image());
    for _ in 0..20_000 {
        let mut payload = sound[envelope::HEADER_BYTES..].to_vec();
        for _ in 0..=seed.below(4) {
            let at = seed.below(payload.len());
            payload[at] = seed.next_u64() as u8;
        }
        payload.truncate(payload.len() - seed.below(9) / 8 * seed.below(payload.len()));
        let _ = decode_image(&envelope::seal(Kind::Image, VERSION, &payload));
        let _ = decode_records(&envelope::seal(Kind::Records, VERSION, &payload));
    }
}

#[test]
fn a_newer_version_is_named_as_such() {
    let bytes = envelope::seal(Kind::Image, VERSION + 1, b"");
    let error = decode_image(&bytes).unwrap_err().to_string();
    assert!(error.contains("a newer Ottla"), "{error}");
    let error = decode_records(&encode_image(&image())).unwrap_err();
    assert!(matches!(error, Error::Kind { .. }));
}
