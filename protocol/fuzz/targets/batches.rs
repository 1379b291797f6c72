//! Record batches: walked, validated and recompressed. The fuzzer need not find a CRC: it is made right.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_protocol::Compression;
use ottla_protocol::records::{
    BatchHeader, Marker, RecordsReader, batches, patch_log_append_time, recompress, validate_batch,
    verify_checksum,
};

const EXPANDED_BYTES_MAX: usize = 1 << 20;

fn records(batch: &[u8]) -> Option<Vec<(i64, i32, Option<Vec<u8>>, Option<Vec<u8>>)>> {
    let header = BatchHeader::parse(batch).ok()?;
    let mut reader = RecordsReader::new(&header, batch, EXPANDED_BYTES_MAX).ok()?;
    let mut found = Vec::new();
    while let Some(record) = reader.next().ok()? {
        assert_eq!(record.headers.iter().count(), record.headers.len());
        let _ = Marker::parse(&record);
        let copy = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
        found.push((record.timestamp_delta, record.offset_delta, copy(record.key), copy(record.value)));
    }
    Some(found)
}

fuzz_target!(|bytes: &[u8]| {
    let walked: usize = batches(bytes).map_while(Result::ok).map(|(header, _)| header.bytes).sum();
    assert!(walked <= bytes.len());

    let valid = validate_batch(bytes, EXPANDED_BYTES_MAX);
    let found = records(bytes);
    let Ok(summary) = valid else { return };
    let found = found.expect("a valid batch is read");
    assert_eq!(found.len(), summary.header.record_count as usize);
    assert!(summary.min_timestamp <= summary.max_timestamp);

    for codec in Compression::ALL {
        let again =
            recompress(bytes, codec, None, EXPANDED_BYTES_MAX).expect("a valid batch is recompressed");
        verify_checksum(&BatchHeader::parse(&again).unwrap(), &again).unwrap();
        assert_eq!(records(&again).as_ref(), Some(&found));
    }
    let mut stamped = bytes.to_vec();
    patch_log_append_time(&mut stamped, 7);
    let header = BatchHeader::parse(&stamped).unwrap();
    verify_checksum(&header, &stamped).unwrap();
    assert_eq!(validate_batch(&stamped, EXPANDED_BYTES_MAX).unwrap().max_timestamp, 7);
});
