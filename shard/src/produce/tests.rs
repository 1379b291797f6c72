//! Kafka's own answers to good and bad batches, and what becomes of the good ones.

use super::*;
use crate::partition::tests::on_shard;
use crate::settings::TopicCompression;
use ottla_log::LogConfig;
use ottla_log::batch::verify_checksum;
use ottla_protocol::compression::Compression;
use ottla_protocol::records::{BatchBuilder, Record, RecordsReader, validate_batch};
use proptest::prelude::*;
use std::rc::Rc;

const NOW: i64 = 1_700_000_000_000;

fn settings() -> TopicSettings {
    TopicSettings { topic: "t".into(), ..TopicSettings::default() }
}

fn check_now(records: Vec<u8>, settings: fn() -> TopicSettings) -> Result<Checked, Refusal> {
    on_shard(move || {
        let records = Bytes::from(records.clone());
        async move { check(records, &settings(), 0, NOW, 9).await }
    })
}

/// The topics that Kafka was asked with.
fn topic(name: &str) -> TopicSettings {
    let plain = TopicSettings { topic: name.into(), ..TopicSettings::default() };
    match name {
        "t" => plain,
        "c" => TopicSettings { compact: true, delete: false, ..plain },
        "lat" => TopicSettings { timestamp_type: TimestampType::LogAppendTime, ..plain },
        "small" => TopicSettings { max_message_bytes: 2000, ..plain },
        "ts" => TopicSettings { timestamp_before_max_ms: 1000, timestamp_after_max_ms: 1000, ..plain },
        "gz" => TopicSettings { compression: TopicCompression::Gzip(6), ..plain },
        other => panic!("no topic {other}"),
    }
}

/// Where this differs from Kafka, and the code that it answers.
const MEANT: [(&str, ErrorCode); 4] = [
    // Kafka stores offset deltas as they come, so that consumers see offsets of other records, or none.
    ("offset deltas wrong", ErrorCode::INVALID_RECORD),
    ("gz topic bad", ErrorCode::INVALID_RECORD),
    // Kafka answers UNKNOWN_SERVER_ERROR from a NullPointerException.
    ("gzip deltas", ErrorCode::INVALID_RECORD),
    // And from reading beyond the end.
    ("length 14 exact", ErrorCode::CORRUPT_MESSAGE),
];

/// What a text says but for the range of timestamps, which is that of the moment.
fn without_range(text: &str) -> &str {
    text.split_once("should be within").map_or(text, |(before, _)| before)
}

/// Every case that Kafka was asked gets Kafka's code, message and record errors.
#[test]
fn the_answers_are_kafkas() {
    let answers = include_str!("tests/kafka_answers.tsv");
    let asked_ms: i64 =
        answers.lines().next().unwrap().rsplit(' ').next().unwrap().trim_end_matches('.').parse().unwrap();
    let mut cases = 0;
    for line in answers.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [case, topic_name, version, code, message, errors, error_count, hex] = fields[..] else {
            panic!("{line}")
        };
        let (case, topic_name) = (case.to_owned(), topic_name.to_owned());
        let version: i16 = version.parse().unwrap();
        let records: Vec<u8> =
            (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect();
        let result = on_shard(move || {
            let (records, topic_name) = (Bytes::from(records.clone()), topic_name.clone());
            async move { check(records, &topic(&topic_name), 0, asked_ms, version).await }
        });
        let refusal = result.err().unwrap_or(Refusal::code(ErrorCode::NONE));
        if let Some((_, meant)) = MEANT.iter().find(|(name, _)| *name == case) {
            assert_eq!(refusal.code, *meant, "{case}");
            assert_ne!(refusal.code.0, code.parse::<i16>().unwrap(), "{case} is no difference any more");
            continue;
        }
        assert_eq!(refusal.code, ErrorCode(code.parse().unwrap()), "{case}");
        assert_eq!(refusal.message.as_deref().unwrap_or_default(), message, "{case}");
        assert_eq!(refusal.record_errors.len().to_string(), error_count, "{case}");
        for (expected, (index, text)) in
            errors.split('|').filter(|e| !e.is_empty()).zip(&refusal.record_errors)
        {
            let (expected_index, expected_text) = expected.split_once('=').unwrap();
            assert_eq!(index.to_string(), expected_index, "{case}");
            assert_eq!(without_range(text.as_deref().unwrap()), without_range(expected_text), "{case}");
        }
        cases += 1;
    }
    assert!(cases > 60, "{cases}");
}

fn builder(compression: Compression) -> BatchBuilder {
    let mut builder = BatchBuilder::new().compression(compression, None);
    for number in 0..100_i64 {
        let value = vec![b'a' + (number % 26) as u8; 50];
        builder.push(NOW + number % 7, Some(number.to_string().as_bytes()), Some(&value), &[]);
    }
    builder
}

type OwnedRecord = (i32, i64, Option<Vec<u8>>, Option<Vec<u8>>);

fn records(batch: &[u8]) -> Vec<OwnedRecord> {
    let header = BatchHeader::parse(batch).unwrap();
    let mut reader = RecordsReader::new(&header, batch, 1 << 30).unwrap();
    let mut found = Vec::new();
    while let Some(Record { offset_delta, timestamp_delta, key, value, .. }) = reader.next().unwrap() {
        let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
        found.push((offset_delta, header.base_timestamp + timestamp_delta, owned(key), owned(value)));
    }
    found
}

/// A good batch of any codec passes as the very bytes that came.
#[test]
fn a_good_batch_is_not_touched() {
    for compression in Compression::ALL {
        let sent = builder(compression).build().unwrap();
        let checked = check_now(sent.clone(), settings).unwrap();
        assert_eq!(checked.batch, sent, "{compression}");
        assert_eq!((checked.header.record_count, checked.log_append_time), (100, None));
    }
}

/// Whatever codec comes in, the topic's comes out, with the same records and a CRC that fits.
#[test]
fn a_topic_with_a_codec_gets_its_codec() {
    let topics: [(fn() -> TopicSettings, Compression); 5] = [
        (|| TopicSettings { compression: TopicCompression::Uncompressed, ..settings() }, Compression::None),
        (|| TopicSettings { compression: TopicCompression::Gzip(1), ..settings() }, Compression::Gzip),
        (|| TopicSettings { compression: TopicCompression::Snappy, ..settings() }, Compression::Snappy),
        (|| TopicSettings { compression: TopicCompression::Lz4(9), ..settings() }, Compression::Lz4),
        (|| TopicSettings { compression: TopicCompression::Zstd(3), ..settings() }, Compression::Zstd),
    ];
    for (topic, target) in topics {
        for source in Compression::ALL {
            let sent = builder(source).build().unwrap();
            let checked = check_now(sent.clone(), topic).unwrap();
            assert_eq!(checked.header.compression(), Some(target));
            assert_eq!(checked.batch == sent, source == target, "{source} to {target}");
            verify_checksum(&checked.header, &checked.batch).unwrap();
            assert_eq!(records(&checked.batch), records(&sent), "{source} to {target}");
        }
    }
}

/// A largest timestamp that no record has, and a timestamp type that is the broker's to set, are set right; the CRC
/// then fits again.
#[test]
fn a_header_that_is_not_what_its_records_say_is_set_right() {
    for compression in [Compression::None, Compression::Zstd] {
        let mut sent = builder(compression).build().unwrap();
        sent[35..43].copy_from_slice(&(NOW + 77).to_be_bytes());
        // LogAppendTime makes max_timestamp the time of each record.
        for attribute in [0, 0x08] {
            sent[22] = sent[22] & 0x07 | attribute;
            let crc = crc32c::crc32c(&sent[21..]);
            sent[17..21].copy_from_slice(&crc.to_be_bytes());
            let checked = check_now(sent.clone(), settings).unwrap();
            let expected = if attribute == 0 { NOW + 6 } else { NOW + 77 };
            assert_eq!(checked.header.max_timestamp, expected);
            assert!(!checked.header.is_log_append_time());
            verify_checksum(&checked.header, &checked.batch).unwrap();
        }
    }
}

/// On a LogAppendTime topic the batch is left to the log to stamp, whatever its own timestamps are.
#[test]
fn log_append_time_is_now() {
    fn topic() -> TopicSettings {
        TopicSettings { timestamp_type: TimestampType::LogAppendTime, ..settings() }
    }
    let mut builder = BatchBuilder::new();
    builder.push(5, None, Some(b"long ago"), &[]).push(NOW * 2, None, Some(b"far ahead"), &[]);
    let sent = builder.build().unwrap();
    let checked = check_now(sent.clone(), topic).unwrap();
    assert_eq!((checked.log_append_time, checked.batch), (Some(NOW), sent.into()));
}

/// A batch that expands to more than a core decompresses itself is checked on the helper pool, with the same result;
/// one that expands without bound is refused with little memory.
#[test]
fn bombs_are_refused_and_large_batches_pass() {
    let mut large = BatchBuilder::new().compression(Compression::Gzip, Some(1));
    let zeros = vec![0; 300_000];
    (0..20).for_each(|_| {
        large.push(NOW, None, Some(&zeros), &[]);
    });
    let large = large.build().unwrap();
    assert!(large.len() < 100_000);
    assert_eq!(check_now(large.clone(), settings).unwrap().batch, large);
    let mut faulty = large.clone();
    faulty[26] -= 1;
    faulty[60] -= 1;
    let crc = crc32c::crc32c(&faulty[21..]);
    faulty[17..21].copy_from_slice(&crc.to_be_bytes());
    assert_eq!(check_now(faulty, settings).unwrap_err().code, ErrorCode::INVALID_RECORD);

    let mut bomb = BatchBuilder::new().compression(Compression::Zstd, Some(1));
    let zeros = vec![0; 1 << 20];
    (0..129).for_each(|_| {
        bomb.push(NOW, None, Some(&zeros), &[]);
    });
    let bomb = bomb.build().unwrap();
    assert!(bomb.len() < 100_000);
    assert_eq!(check_now(bomb, settings).unwrap_err().code, ErrorCode::MESSAGE_TOO_LARGE);
}

/// Larger than max.message.bytes as sent, or after the topic's codec; larger than a segment.
#[test]
fn sizes_are_held_against_the_topic() {
    fn small_segments() -> TopicSettings {
        let log = LogConfig { segment_bytes: 1000, ..LogConfig::default() };
        TopicSettings { log: Rc::new(log), ..settings() }
    }
    fn small_uncompressed() -> TopicSettings {
        let compression = TopicCompression::Uncompressed;
        TopicSettings { max_message_bytes: 5000, compression, ..settings() }
    }
    let code = |sent, settings| check_now(sent, settings).unwrap_err().code;
    let plain = builder(Compression::None).build().unwrap();
    assert_eq!(code(plain.clone(), small_segments), ErrorCode::RECORD_LIST_TOO_LARGE);
    assert_eq!(code(plain, small_uncompressed), ErrorCode::MESSAGE_TOO_LARGE);
    let packed = builder(Compression::Zstd).build().unwrap();
    assert!(packed.len() < 5000);
    assert_eq!(code(packed, small_uncompressed), ErrorCode::MESSAGE_TOO_LARGE);
}

/// A flipped bit anywhere in a batch is refused, or is one that the broker does not use and sets itself.
#[test]
fn a_flipped_bit_is_refused() {
    let sent = builder(Compression::None).build().unwrap();
    let results = on_shard(move || {
        let sent = sent.clone();
        async move {
            let mut passed = Vec::new();
            for bit in 0..200 * 8 {
                let mut flipped = sent.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                if let Ok(checked) = check(flipped.into(), &settings(), 0, NOW, 9).await {
                    validate_batch(&checked.batch, 1 << 30).unwrap();
                    passed.push(bit / 8);
                }
            }
            passed
        }
    });
    assert!(results.iter().all(|byte| (12..16).contains(byte)), "{results:?}");
}

/// Somewhere in a batch.
#[derive(Clone, Debug)]
enum Damage {
    Overwrite(Vec<u8>),
    Insert(Vec<u8>),
    Cut(usize),
}

fn damage() -> impl Strategy<Value = (f64, Damage)> {
    let bytes = prop::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(0xff), Just(0x7f)], 1..12);
    let kind = prop_oneof![
        bytes.clone().prop_map(Damage::Overwrite),
        bytes.prop_map(Damage::Insert),
        (1_usize..40).prop_map(Damage::Cut),
    ];
    (0.0..1.0_f64, kind)
}

fn damaged(batch: &[u8], damages: &[(f64, Damage)]) -> Vec<u8> {
    let mut bytes = batch.to_vec();
    for (place, damage) in damages {
        let at = 21 + ((bytes.len() - 21) as f64 * place) as usize;
        let rest = bytes.split_off(at);
        match damage {
            Damage::Overwrite(with) => {
                bytes.extend(with);
                bytes.extend(rest.iter().skip(with.len()));
            }
            Damage::Insert(with) => {
                bytes.extend(with);
                bytes.extend(rest);
            }
            Damage::Cut(count) => bytes.extend(rest.iter().skip(*count)),
        }
    }
    let crc = crc32c::crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    let length = (bytes.len() - 12) as i32;
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Bytes that are overwritten, inserted or cut out, under a CRC and a length that fit: nothing panics, and what
    /// passes is a batch that reads through.
    #[test]
    fn damage_under_a_fitting_checksum_never_passes_as_something_else(
        cases in prop::collection::vec(
            (0_usize..5, prop::collection::vec(damage(), 1..4)),
            40,
        ),
        noise in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        on_shard(move || {
            let (cases, noise) = (cases.clone(), noise.clone());
            async move {
                let _ = check(noise.into(), &settings(), 0, NOW, 9).await;
                for (codec, damages) in cases {
                    let sent = builder(Compression::ALL[codec]).build().unwrap();
                    let bytes = damaged(&sent, &damages);
                    for topic in [settings(), topic("gz"), topic("c"), topic("lat")] {
                        if let Ok(checked) = check(bytes.clone().into(), &topic, 0, NOW, 9).await {
                            let summary = validate_batch(&checked.batch, 1 << 30).unwrap();
                            assert_eq!(summary.header, checked.header);
                            verify_checksum(&checked.header, &checked.batch).unwrap();
                        }
                    }
                }
            }
        });
    }
}
