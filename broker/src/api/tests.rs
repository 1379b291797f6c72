//! What requests get that are not what they should be. The answers are Apache Kafka 4.3.1's to the same bytes.

mod configs;
mod data;
mod groups;
mod transactions;

use crate::testing::TestBroker;

const METADATA: i16 = 3;
const API_VERSIONS: i16 = 18;

/// A request of these, as the client with `client` as the bytes of its name.
fn frame(key: i16, version: i16, client: &[u8], rest: &[u8]) -> Vec<u8> {
    [&key.to_be_bytes(), &version.to_be_bytes(), &7_i32.to_be_bytes()[..], client, rest].concat()
}

const NOBODY: &[u8] = &[0xff, 0xff];

#[test]
fn a_connection_ends_at_a_request_that_cannot_be_read() {
    let broker = TestBroker::start(&[]);
    let table: [(&str, Vec<u8>); 12] = [
        ("an empty frame", vec![]),
        ("a byte", vec![0]),
        ("no correlation id", vec![0, 3, 0, 1, 0, 0]),
        ("a name longer than the frame", frame(METADATA, 1, &[0x7f, 0xff], &[0; 4])),
        ("an unknown API", frame(93, 0, NOBODY, &[0; 8])),
        ("no API", frame(-1, 0, NOBODY, &[0; 8])),
        ("a version from the past", frame(0, 2, NOBODY, &[0; 8])),
        ("a version from the future", frame(METADATA, 14, NOBODY, &[0; 8])),
        ("half a body", frame(METADATA, 1, NOBODY, &[0, 0, 0, 9])),
        ("2^31 topics", frame(METADATA, 1, NOBODY, &[0x7f, 0xff, 0xff, 0xff])),
        ("no name for a topic", frame(METADATA, 9, NOBODY, &[0, 2, 0, 0, 0, 0, 0, 0])),
        ("a future ApiVersions of half a header", frame(API_VERSIONS, 5, NOBODY, &[])),
    ];
    for (what, frame) in table {
        assert_eq!(broker.send(&frame).unwrap(), None, "{what}");
    }
}

#[test]
fn odd_requests_are_answered() {
    let broker = TestBroker::start(&[]);
    let no_topics = [0; 4];
    let name = |length: usize| [&(length as u16).to_be_bytes()[..], &vec![b'c'; length]].concat();
    let table = [
        ("nobody", frame(METADATA, 1, NOBODY, &no_topics)),
        ("an empty name", frame(METADATA, 1, &name(0), &no_topics)),
        ("the longest name", frame(METADATA, 1, &name(0x7fff), &no_topics)),
        ("bytes behind the body", frame(METADATA, 1, NOBODY, &[0, 0, 0, 0, 1, 2, 3])),
        (
            "an unknown tag in the header",
            frame(METADATA, 12, NOBODY, &[1, 5, 3, b'a', b'b', b'c', 1, 0, 0, 0]),
        ),
    ];
    for (what, frame) in table {
        let answer = broker.send(&frame).unwrap().unwrap_or_else(|| panic!("{what}: closed"));
        assert_eq!(answer.get(..4), Some(&[0, 0, 0, 7][..]), "{what}");
    }
}

/// KIP-511: the body cannot be read, so it may be anything, and the answer is in the form of version 0.
#[test]
fn an_unknown_version_of_api_versions_learns_the_known_ones() {
    let broker = TestBroker::start(&[]);
    let expected = [&[0, 0, 0, 7, 0, 35, 0, 0, 0, 1][..], &[0, 18, 0, 0, 0, 4]].concat();
    for (version, rest) in [(5, &[0, 0xff, 0xff][..]), (i16::MAX, &[0]), (-1, &[]), (i16::MIN, &[0xff; 9])] {
        let answer = broker.send(&frame(API_VERSIONS, version, NOBODY, rest)).unwrap();
        assert_eq!(answer.as_ref(), Some(&expected), "version {version}");
    }
}
