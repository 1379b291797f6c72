use super::*;
use crate::compression::Compression;

const NOW: i64 = 1_700_000_000_000;

/// Three records: full, of nulls, and of empty texts with repeated headers.
fn sample(compression: Compression) -> Vec<u8> {
    let header = |key, value| Header { key, value };
    let mut builder = BatchBuilder::new().compression(compression, None).producer(7, 3, 40);
    builder.push(NOW, Some(b"key"), Some(b"value"), &[header(b"h".as_slice(), Some(b"1".as_slice()))]);
    builder.push(NOW + 5, None, None, &[]);
    builder.push(
        NOW - 5,
        Some(b""),
        Some(b""),
        &[header(b"h".as_slice(), None), header(b"h".as_slice(), Some(b"".as_slice()))],
    );
    builder.build().unwrap()
}

#[test]
fn records_come_back_as_they_were_written_in_every_codec() {
    for compression in Compression::ALL {
        let batch = sample(compression);
        let header = BatchHeader::parse(&batch).unwrap();
        verify_checksum(&header, &batch).unwrap();
        assert_eq!(header.compression(), Some(compression));
        assert_eq!((header.producer_id, header.producer_epoch, header.base_sequence), (7, 3, 40));
        assert_eq!((header.base_timestamp, header.max_timestamp, header.record_count), (NOW, NOW + 5, 3));

        let mut reader = RecordsReader::new(&header, &batch, 1000).unwrap();
        let first = reader.next().unwrap().unwrap();
        assert_eq!((first.key, first.value), (Some(b"key".as_slice()), Some(b"value".as_slice())));
        assert_eq!(first.headers.iter().next().unwrap().value, Some(b"1".as_slice()));
        let second = reader.next().unwrap().unwrap();
        assert_eq!((second.key, second.value, second.headers.is_empty()), (None, None, true));
        assert_eq!((second.timestamp_delta, second.offset_delta), (5, 1));
        let third = reader.next().unwrap().unwrap();
        assert_eq!((third.key, third.value), (Some(b"".as_slice()), Some(b"".as_slice())));
        let values: Vec<_> = third.headers.iter().map(|header| header.value).collect();
        assert_eq!(values, [None, Some(b"".as_slice())]);
        assert_eq!(reader.next(), Ok(None));
        assert_eq!(reader.next(), Ok(None));
    }
}

#[test]
fn validation_finds_timestamps_and_missing_keys() {
    for compression in Compression::ALL {
        let summary = validate_batch(&sample(compression), 1000).unwrap();
        assert_eq!((summary.min_timestamp, summary.min_timestamp_index), (NOW - 5, 2));
        assert_eq!((summary.max_timestamp, summary.max_timestamp_index), (NOW + 5, 1));
        assert_eq!(summary.first_without_key, Some(1));
        assert!(summary.max_timestamp_agrees());
    }
}

/// `sample` with its header's bytes at `at` replaced.
fn with(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut batch = sample(Compression::None);
    batch[at..at + bytes.len()].copy_from_slice(bytes);
    batch
}

#[test]
fn counts_that_disagree_are_refused() {
    assert_eq!(
        validate_batch(&with(57, &2_i32.to_be_bytes()), 1000),
        Err(RecordsError::Count { record_count: 2, offsets: 3 })
    );
    let fewer = |count: i32| {
        let mut batch = with(57, &count.to_be_bytes());
        batch[23..27].copy_from_slice(&(count - 1).to_be_bytes());
        validate_batch(&batch, 1000)
    };
    assert_eq!(fewer(2), Err(RecordsError::AfterRecords(2)));
    assert_eq!(fewer(4), Err(RecordsError::Record { index: 3, fault: RecordFault::Truncated }));
}

#[test]
fn offset_deltas_count_up_from_zero() {
    let mut builder = BatchBuilder::new();
    builder.push_at(1, NOW, None, None, &[]).push_at(0, NOW, None, None, &[]);
    assert_eq!(
        validate_batch(&builder.build().unwrap(), 1000),
        Err(RecordsError::Record { index: 0, fault: RecordFault::OffsetDelta { found: 1, expected: 0 } })
    );
}

#[test]
fn one_batch_alone_is_taken() {
    let mut two = sample(Compression::None);
    let one = two.clone();
    two.extend(&one);
    assert_eq!(validate_batch(&two, 1000), Err(RecordsError::AfterBatch(one.len())));
    assert_eq!(
        validate_batch(&one[..one.len() - 1], 1000),
        Err(RecordsError::Batch(BatchFault::Torn(one.len())))
    );
}

#[test]
fn an_unknown_codec_is_named() {
    for codec in 5..8 {
        assert_eq!(
            validate_batch(&with(21, &i16::to_be_bytes(codec)), 1000),
            Err(RecordsError::Codec(codec))
        );
    }
}

#[test]
fn a_batch_that_expands_too_far_is_refused_without_its_memory() {
    let mut builder = BatchBuilder::new().compression(Compression::Zstd, None);
    builder.push(NOW, None, Some(&vec![0; 8 << 20]), &[]);
    let batch = builder.build().unwrap();
    assert!(batch.len() < 2000);
    assert!(validate_batch(&batch, 9 << 20).is_ok());
    let limit = 1 << 20;
    assert_eq!(
        validate_batch(&batch, limit),
        Err(RecordsError::Compression(crate::compression::CompressionError::TooLarge { limit }))
    );
}

#[test]
fn recompression_changes_the_codec_and_nothing_else() {
    for from in Compression::ALL {
        for to in Compression::ALL {
            let mut batch = sample(from);
            patch_assignment(&mut batch, 99, 4);
            let again = recompress(&batch, to, None, 1000).unwrap();
            let mut expected = sample(to);
            patch_assignment(&mut expected, 99, 4);
            assert_eq!(again, expected, "{from} to {to}");
        }
    }
}

#[test]
fn batches_are_walked_until_one_is_cut_short() {
    let one = sample(Compression::None);
    let mut bytes = one.repeat(3);
    bytes.truncate(bytes.len() - 10);
    let found: Vec<_> = batches(&bytes).map(|next| next.map(|(_, batch)| batch.len())).collect();
    assert_eq!(found, [Ok(one.len()), Ok(one.len()), Err(BatchFault::Torn(one.len()))]);
}

#[test]
fn markers_come_back() {
    for kind in [MarkerKind::Abort, MarkerKind::Commit] {
        let marker = Marker { kind, coordinator_epoch: 12 };
        let batch = marker.batch(5, 2, NOW);
        let header = BatchHeader::parse(&batch).unwrap();
        verify_checksum(&header, &batch).unwrap();
        assert!(header.is_control() && header.is_transactional());
        assert_eq!((header.producer_id, header.producer_epoch, header.base_sequence), (5, 2, -1));
        let mut reader = RecordsReader::new(&header, &batch, 0).unwrap();
        assert_eq!(Marker::parse(&reader.next().unwrap().unwrap()), Some(marker));
    }
}

#[test]
fn sequences_go_on_at_zero_after_the_largest() {
    assert_eq!(sequence_after(i32::MAX - 1, 1), i32::MAX);
    assert_eq!(sequence_after(i32::MAX, 1), 0);
    assert_eq!(sequence_after(i32::MAX - 1, 4), 2);
    assert_eq!(sequence_after(-1, 4), -1);
}
