//! Messages and batches that Apache Kafka 4.3.1's own classes wrote (`tests/wire/run --golden`).
//!
//! A line of `golden/API.txt` is `request|response|header VERSION min|full HEX`: `min` has every field's default, `full` sets every field
//! that the version has.

mod golden_files;

use golden_files::describe::describe;
use golden_files::{Kind, batches, messages};
use ottla_protocol::messages::{RequestHeader, ResponseHeader};
use ottla_protocol::records::{BatchHeader, validate_batch};
use ottla_protocol::{ApiKey, Decoder, Encoder, Message};

/// Decodes `bytes` whole and encodes what came out.
fn again<'a, M: Message<'a>>(bytes: &'a [u8], version: i16) -> Vec<u8> {
    let mut decoder = Decoder::new(bytes);
    let message = M::decode(&mut decoder, version).unwrap();
    decoder.finish().unwrap();
    let mut encoder = Encoder::new();
    message.encode(&mut encoder, version).unwrap();
    encoder.into_vec()
}

#[test]
fn every_message_of_kafka_is_read_and_written_alike() {
    let mut count = 0;
    for golden in messages() {
        let (bytes, version) = (golden.bytes.as_slice(), golden.version);
        let name = golden.to_string();
        let written = match golden.kind {
            Kind::Header if golden.api == "RequestHeader" => again::<RequestHeader<'_>>(bytes, version),
            Kind::Header => again::<ResponseHeader>(bytes, version),
            kind => ottla_protocol::round_trip(golden.key(), kind == Kind::Response, version, bytes)
                .unwrap_or_else(|error| panic!("{name}: {error}")),
        };
        assert_eq!(written, bytes, "{name}");
        count += 1;
    }
    assert!(count > 1200, "{count}");
}

#[test]
fn defaults_are_kafkas() {
    for golden in messages().iter().filter(|golden| !golden.full && golden.kind != Kind::Header) {
        let response = golden.kind == Kind::Response;
        let written = ottla_protocol::encode_default(golden.key(), response, golden.version);
        assert_eq!(written.as_deref(), Ok(golden.bytes.as_slice()), "{golden}");
    }
}

#[test]
fn every_version_of_every_api_has_its_golden_bytes() {
    let messages = messages();
    for api in ApiKey::ALL {
        for version in api.valid_versions() {
            for kind in [Kind::Request, Kind::Response] {
                let of_this = messages.iter().filter(|golden| {
                    golden.api == api.name() && golden.kind == kind && golden.version == version
                });
                assert_eq!(of_this.count(), 2, "{} v{version}", api.name());
            }
        }
    }
}

#[test]
fn batches_of_kafka_are_read_as_kafka_reads_them() {
    for (bytes, expected) in batches() {
        assert_eq!(describe(&bytes).unwrap(), expected);
        let header = BatchHeader::parse(&bytes).unwrap();
        if header.record_count == header.last_offset_delta + 1 {
            validate_batch(&bytes, 1 << 20).unwrap();
        }
    }
}
