//! ApiVersions, and requests whose API or version nobody knows.

use crate::text;
use crate::trial::Trial;
use ottla_protocol::messages::*;
use ottla_protocol::{ApiKey, Decoder, Message};

pub fn ask(trial: &mut Trial) {
    for version in 0..=4 {
        let request = match version {
            0..=2 => ApiVersionsRequest::default(),
            _ => ApiVersionsRequest {
                client_software_name: "ottla-tests".into(),
                client_software_version: "0.1".into(),
            },
        };
        trial.ask("ApiVersions", version, &request);
    }
    for (what, name, version) in [
        ("an empty name", "", "1"),
        ("a name with a space", "two words", "1"),
        ("an empty version", "name", ""),
        ("a version with a dash at its end", "name", "1-"),
        ("a name of 300 letters", &*"n".repeat(300), "1"),
    ] {
        let request =
            ApiVersionsRequest { client_software_name: name.into(), client_software_version: version.into() };
        trial.ask(&format!("ApiVersions with {what}"), 3, &request);
    }
    for version in [5, 99, i16::MAX, -1, i16::MIN] {
        trial.reconnect();
        let name = format!("ApiVersions of the unknown version {version}");
        trial.ask_raw(&name, &header(18, version, &[]), api_versions_v0);
    }
    trial.reconnect();
    let name = "ApiVersions of an unknown version with an unreadable body";
    trial.ask_raw(name, &header(18, 77, &[0xff; 40]), api_versions_v0);

    for (key, version) in [(4, 0), (7, 1), (-1, 0), (93, 0), (999, 0), (i16::MAX, 0), (i16::MIN, 0)] {
        trial.reconnect();
        trial.ask_raw(&format!("the unknown API {key}"), &header(key, version, &[0; 8]), undecoded);
    }
    for key in ApiKey::ALL.iter().filter(|key| SERVED.contains(key)) {
        for version in [key.valid_versions().start() - 1, key.valid_versions().end() + 1] {
            if *key == ApiKey::ApiVersions {
                continue;
            }
            trial.reconnect();
            trial.ask_raw(
                &format!("{key:?} of the unknown version {version}"),
                &header(*key as i16, version, &[0; 16]),
                undecoded,
            );
        }
    }
    for (what, frame) in [
        ("an empty frame", Vec::new()),
        ("a frame of one byte", vec![0]),
        ("a header without its end", vec![0, 3, 0, 1, 0, 0]),
        ("a client id longer than the frame", vec![0, 3, 0, 1, 0, 0, 0, 1, 0x7f, 0xff, b'x']),
        ("a Metadata body that ends early", header(3, 1, &[0, 0, 0, 9])),
        ("a Metadata body of 2^31 topics", header(3, 1, &[0x7f, 0xff, 0xff, 0xff])),
        ("a Metadata body with bytes behind it", header(3, 1, &[0xff, 0xff, 0xff, 0xff, 1, 2, 3])),
        ("a Metadata body whose text isn't UTF-8", header(3, 1, &[0, 0, 0, 1, 0, 1, 0xff])),
        ("a Produce body that ends early", header(0, 3, &[0xff, 0xff, 0])),
        ("a Fetch body that ends early", header(1, 4, &[0, 0])),
    ] {
        trial.reconnect();
        trial.ask_raw(what, &frame, |bytes| vec![format!("an answer of {} bytes", bytes.len())]);
    }
}

/// What item 7 of the broker's plan names, with Kafka's lowest and highest version.
const SERVED: [ApiKey; 19] = [
    ApiKey::AlterConfigs,
    ApiKey::ApiVersions,
    ApiKey::CreatePartitions,
    ApiKey::CreateTopics,
    ApiKey::DeleteRecords,
    ApiKey::DeleteTopics,
    ApiKey::DescribeCluster,
    ApiKey::DescribeConfigs,
    ApiKey::DescribeLogDirs,
    ApiKey::DescribeProducers,
    ApiKey::DescribeTopicPartitions,
    ApiKey::Fetch,
    ApiKey::FindCoordinator,
    ApiKey::IncrementalAlterConfigs,
    ApiKey::InitProducerId,
    ApiKey::ListOffsets,
    ApiKey::Metadata,
    ApiKey::OffsetForLeaderEpoch,
    ApiKey::Produce,
];

/// A header of version 1, which every version of every header begins with, and what follows it.
pub fn header(key: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    frame.extend_from_slice(&key.to_be_bytes());
    frame.extend_from_slice(&version.to_be_bytes());
    frame.extend_from_slice(&77_i32.to_be_bytes());
    frame.extend_from_slice(&[0, 1, b'x']);
    frame.extend_from_slice(body);
    frame
}

fn api_versions_v0(bytes: &[u8]) -> Vec<String> {
    let mut decoder = Decoder::new(bytes);
    let correlation_id = decoder.int32();
    match ApiVersionsResponse::decode(&mut decoder, 0) {
        Ok(body) => {
            let mut lines = vec![format!("correlation_id: {correlation_id:?}")];
            lines.extend(text::lines(&body, false));
            lines.push(format!("{} bytes follow", decoder.remaining().len()));
            lines
        }
        Err(error) => vec![format!("undecodable: {error}: {bytes:02x?}")],
    }
}

fn undecoded(bytes: &[u8]) -> Vec<String> {
    vec![format!("{bytes:02x?}")]
}
