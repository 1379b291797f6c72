//! Kafka's own bytes, cut short and altered: decoders answer with an error or a message, take little memory, and never panic.
//!
//! One test, because the allocator's limit is the process's.

mod golden_files;

use cap::Cap;
use golden_files::{Kind, batches, messages};
use ottla_protocol::messages::{RequestHeader, ResponseHeader};
use ottla_protocol::records::{BatchHeader, RecordsReader, validate_batch};
use ottla_protocol::{ApiKey, Compression, Decoder, Message, RoundTripError};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Calls `work` and ends the process if it allocates more than `bytes` at a time: an allocation that fails aborts.
fn within<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    ALLOCATOR.set_limit(ALLOCATOR.allocated() + bytes).unwrap();
    let result = work();
    ALLOCATOR.set_limit(usize::MAX).unwrap();
    result
}

/// Every truncation, and every byte replaced by some others.
fn damages(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let cut = (0..bytes.len()).map(|end| bytes[..end].to_vec());
    let altered = (0..bytes.len()).flat_map(move |at| {
        [0x01, 0x80, 0xff].into_iter().map(move |mask| {
            let mut bytes = bytes.to_vec();
            bytes[at] ^= mask;
            bytes
        })
    });
    // A length of 2³¹ - 1 wherever one may be: as 32 bits, and as a variable-length number.
    let claims = (0..bytes.len()).flat_map(move |at| {
        [[0x7f, 0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff, 0x07]].into_iter().map(move |claim| {
            let mut bytes = bytes.to_vec();
            for (to, from) in bytes[at..].iter_mut().zip(claim) {
                *to = from;
            }
            bytes
        })
    });
    cut.chain(altered).chain(claims)
}

#[test]
fn damaged_bytes_cost_an_error_and_little_memory() {
    let mut accepted = 0;
    for golden in messages() {
        for bytes in damages(&golden.bytes) {
            // An element takes one byte at least, and a few hundred as a struct.
            let limit = (4 << 10) + 256 * bytes.len();
            if golden.kind == Kind::Header {
                within(limit, || {
                    let _ = RequestHeader::decode(&mut Decoder::new(&bytes), golden.version);
                    let _ = ResponseHeader::decode(&mut Decoder::new(&bytes), golden.version);
                });
                continue;
            }
            accepted +=
                usize::from(within(limit, || stable(golden.key(), golden.kind, golden.version, &bytes)));
        }
    }
    assert!(accepted > 1000, "{accepted}");

    for (batch, _) in batches() {
        for bytes in damages(&batch) {
            // lz4 and its blocks; zstd allocates in C, out of this allocator's sight.
            within(16 << 20, || walk(&bytes));
            for codec in Compression::ALL {
                let payload = bytes.get(61..).unwrap_or_default();
                let _ = within(24 << 20, || codec.decompress(payload, 1 << 20));
            }
        }
    }
}

/// What is read of a message comes back from its own encoding. Whether it was read at all.
fn stable(key: ApiKey, kind: Kind, version: i16, bytes: &[u8]) -> bool {
    match ottla_protocol::round_trip(key, kind == Kind::Response, version, bytes) {
        Ok(written) => {
            let again = ottla_protocol::round_trip(key, kind == Kind::Response, version, &written);
            assert_eq!(again.as_deref(), Ok(written.as_slice()), "{key:?} {kind:?} v{version}: {bytes:02x?}");
            true
        }
        Err(RoundTripError::Decode(_)) => false,
        Err(RoundTripError::Encode(error)) => {
            panic!("{key:?} {kind:?} v{version} was read but not written: {error}: {bytes:02x?}")
        }
    }
}

fn walk(bytes: &[u8]) {
    let _ = validate_batch(bytes, 1 << 20);
    let Ok(header) = BatchHeader::parse(bytes) else { return };
    let Ok(mut reader) = RecordsReader::new(&header, bytes, 1 << 20) else { return };
    while let Ok(Some(record)) = reader.next() {
        assert_eq!(record.headers.iter().count(), record.headers.len());
    }
}
