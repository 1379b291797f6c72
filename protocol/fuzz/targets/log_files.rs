//! The files of a data directory, as a damaged disk may give them back.
//!
//! Input: file (1 byte), content. What is read is written to something that reads alike.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use ottla_log::checkpoint::{directory, epochs, offsets, partition};
use ottla_log::index::{OffsetIndex, TimeIndex, transaction};
use ottla_log::scan::{Expected, segment};
use ottla_shard::producers::Producers;

fuzz_target!(|input: &[u8]| {
    let Some((file, bytes)) = input.split_first() else { return };
    match file % 9 {
        0 | 1 => {
            let mut end = 0;
            let expected = Expected::at_segment_start(0, None, file % 9 == 1);
            let scanned = segment(bytes, expected, |at, header, batch| {
                assert_eq!(at, end);
                assert_eq!(batch.len(), header.bytes);
                end += batch.len();
            });
            assert_eq!(scanned.bytes, end);
            assert!(scanned.fault.is_some() || end == bytes.len());
        }
        2 => {
            let Ok(index) = OffsetIndex::parse(Bytes::copy_from_slice(bytes), 1 << 30) else { return };
            assert_eq!(index.entries().count(), index.len());
            for entry in index.entries() {
                assert_eq!(index.lookup(entry.relative_offset), Some(entry));
            }
        }
        3 => {
            let Ok(index) = TimeIndex::parse(Bytes::copy_from_slice(bytes)) else { return };
            assert_eq!(index.entries().count(), index.len());
            for entry in index.entries() {
                let found = index.lookup(entry.timestamp).expect("it is there");
                assert!(found.timestamp <= entry.timestamp);
            }
        }
        4 => {
            let Ok(aborted) = transaction::parse(bytes, 0) else { return };
            let written: Vec<u8> = aborted.iter().flat_map(|entry| entry.to_bytes()).collect();
            assert_eq!(transaction::parse(&written, 0), Ok(aborted));
        }
        5 => {
            let Ok(entries) = epochs::parse(bytes) else { return };
            assert_eq!(epochs::parse(epochs::format(&entries).as_bytes()), Ok(entries));
        }
        6 => {
            let Ok(read) = offsets::parse(bytes) else { return };
            assert_eq!(offsets::parse(offsets::format(&read).as_bytes()), Ok(read));
        }
        7 => {
            let _ = directory::parse_clean_shutdown(bytes);
            if let Ok(id) = partition::parse(bytes) {
                assert_eq!(partition::parse(partition::format(id).as_bytes()), Ok(id));
            }
            if let Ok(name) = std::str::from_utf8(bytes) {
                let _ = partition::parse_directory_name(name);
                let _ = partition::parse_segment_file_name(name);
            }
        }
        _ => {
            // The fuzzer need not find the CRC.
            let mut bytes = bytes.to_vec();
            let Some(covered) = bytes.get(6..) else { return };
            let crc = crc32c::crc32c(covered);
            bytes[2..6].copy_from_slice(&crc.to_be_bytes());
            let Ok(state) = Producers::from_snapshot(&bytes) else { return };
            let written = state.to_snapshot();
            let again = Producers::from_snapshot(&written).expect("its own snapshot");
            assert_eq!(again.to_snapshot(), written);
        }
    }
});
