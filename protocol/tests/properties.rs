//! What is written comes back, and what is read is written alike.

use ottla_protocol::records::{
    BatchBuilder, BatchHeader, Header, RecordsReader, patch_assignment, recompress, validate_batch,
    verify_checksum,
};
use ottla_protocol::{ApiKey, Compression, Decoder, Encoder, RoundTripError, Uuid};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Writes with `write`, reads with `read`, and sees that nothing is left.
fn through<T>(
    write: impl FnOnce(&mut Encoder),
    read: impl FnOnce(&mut Decoder<'_>) -> Result<T, ottla_protocol::DecodeError>,
) -> T {
    let mut encoder = Encoder::new();
    write(&mut encoder);
    let len = encoder.len();
    let bytes = encoder.into_vec();
    assert_eq!(bytes.len(), len);
    let mut decoder = Decoder::new(&bytes);
    let value = read(&mut decoder).unwrap();
    decoder.finish().unwrap();
    value
}

proptest! {
    #[test]
    fn numbers_come_back(a: i8, b: i16, c: i32, d: i64, e: u16, f: u32, g: f64, h: bool, id: [u8; 16]) {
        prop_assert_eq!(through(|out| out.int8(a), |from| from.int8()), a);
        prop_assert_eq!(through(|out| out.int16(b), |from| from.int16()), b);
        prop_assert_eq!(through(|out| out.int32(c), |from| from.int32()), c);
        prop_assert_eq!(through(|out| out.int64(d), |from| from.int64()), d);
        prop_assert_eq!(through(|out| out.uint16(e), |from| from.uint16()), e);
        prop_assert_eq!(through(|out| out.uint32(f), |from| from.uint32()), f);
        prop_assert_eq!(through(|out| out.unsigned_varint(f), |from| from.unsigned_varint()), f);
        prop_assert_eq!(through(|out| out.float64(g), |from| from.float64()).to_bits(), g.to_bits());
        prop_assert_eq!(through(|out| out.bool(h), |from| from.bool()), h);
        prop_assert_eq!(through(|out| out.uuid(Uuid(id)), |from| from.uuid()), Uuid(id));
    }

    #[test]
    fn texts_bytes_and_arrays_come_back(
        flexible: bool,
        text in option::of(".{0,200}"),
        bytes in option::of(vec(any::<u8>(), 0..200)),
        numbers in option::of(vec(any::<i32>(), 0..200)),
    ) {
        let write = |out: &mut Encoder| {
            out.nullable_string(flexible, text.as_deref()).unwrap();
            out.nullable_bytes(flexible, bytes.as_deref()).unwrap();
            out.nullable_array(flexible, numbers.as_deref(), |out, number| { out.int32(*number); Ok(()) }).unwrap();
        };
        let read = through(write, |from| Ok((
            from.nullable_string(flexible)?.map(|text| text.into_owned()),
            from.nullable_bytes(flexible)?.map(|bytes| bytes.into_owned()),
            from.nullable_array(flexible, |from| from.int32())?,
        )));
        prop_assert_eq!(read, (text, bytes, numbers));
    }

    #[test]
    fn any_bytes_are_an_error_or_a_message_that_comes_back(
        key in select(ApiKey::ALL),
        response: bool,
        pick: proptest::sample::Index,
        bytes in vec(prop_oneof![3 => 0_u8..4, 1 => any::<u8>()], 0..300),
    ) {
        let versions: Vec<i16> = key.valid_versions().collect();
        let version = versions[pick.index(versions.len())];
        match ottla_protocol::round_trip(key, response, version, &bytes) {
            Ok(written) => {
                let again = ottla_protocol::round_trip(key, response, version, &written);
                prop_assert_eq!(again, Ok(written));
            }
            Err(error) => prop_assert!(matches!(error, RoundTripError::Decode(_)), "{}", error),
        }
    }

    #[test]
    fn every_codec_gives_back_what_it_took(
        codec in select(Compression::ALL.to_vec()),
        bytes in vec(prop_oneof![Just(0_u8), any::<u8>()], 0..20_000),
        repeats in 1..8_usize,
    ) {
        let bytes = bytes.repeat(repeats);
        let compressed = codec.compress(None, &bytes).unwrap();
        prop_assert_eq!(codec.decompress(&compressed, bytes.len()).unwrap(), bytes);
    }

    #[test]
    fn any_bytes_are_decompressed_or_refused(
        codec in select(Compression::ALL.to_vec()),
        head: bool,
        mut bytes in vec(any::<u8>(), 0..200),
        limit in 0..10_000_usize,
    ) {
        if head {
            // Past the magic, into the codec itself.
            let valid = codec.compress(None, b"some text, some text").unwrap();
            let keep = valid.len() / 2;
            bytes.splice(..bytes.len().min(keep), valid[..keep].iter().copied());
        }
        if let Ok(out) = codec.decompress(&bytes, limit) {
            prop_assert!(out.len() <= limit);
        }
    }

    #[test]
    fn batches_come_back(content in content()) {
        let batch = content.build();
        let header = BatchHeader::parse(&batch).unwrap();
        verify_checksum(&header, &batch).unwrap();
        prop_assert_eq!(read(&batch), content.records.clone());
        let summary = validate_batch(&batch, 1 << 20).unwrap();
        prop_assert_eq!(header.record_count as usize, content.records.len());
        if content.append_time.is_none() {
            let timestamps = || content.records.iter().map(|record| record.timestamp);
            prop_assert_eq!(Some(summary.max_timestamp), timestamps().max());
            prop_assert_eq!(Some(summary.min_timestamp), timestamps().min());
        }
        let keyless = content.records.iter().position(|record| record.key.is_none());
        prop_assert_eq!(summary.first_without_key.map(|index| index as usize), keyless);
    }

    #[test]
    fn recompression_and_assignment_change_nothing_else(
        content in content(),
        codec in select(Compression::ALL.to_vec()),
        offset in 0..i64::MAX / 2,
        epoch: i32,
    ) {
        let batch = content.build();
        let mut again = recompress(&batch, codec, None, 1 << 20).unwrap();
        patch_assignment(&mut again, offset, epoch);
        let (before, after) = (BatchHeader::parse(&batch).unwrap(), BatchHeader::parse(&again).unwrap());
        verify_checksum(&after, &again).unwrap();
        prop_assert_eq!(after.compression(), Some(codec));
        prop_assert_eq!((after.base_offset, after.leader_epoch), (offset, epoch));
        let expected = BatchHeader {
            base_offset: offset,
            leader_epoch: epoch,
            bytes: again.len(),
            crc: after.crc,
            attributes: before.attributes & !7 | codec.id(),
            ..before
        };
        prop_assert_eq!(after, expected);
        prop_assert_eq!(read(&again), content.records);
    }

    #[test]
    fn one_flipped_bit_below_the_checksum_is_noticed(content in content(), pick: proptest::sample::Index) {
        let mut batch = content.build();
        let bit = 16 * 8 + pick.index((batch.len() - 16) * 8);
        batch[bit / 8] ^= 1 << (bit % 8);
        let noticed = match BatchHeader::parse(&batch) {
            Ok(header) => verify_checksum(&header, &batch).is_err(),
            Err(_) => true,
        };
        prop_assert!(noticed);
        let _ = validate_batch(&batch, 1 << 20);
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Line {
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

#[derive(Clone, Debug)]
struct Content {
    codec: Compression,
    producer: (i64, i16, i32),
    append_time: Option<i64>,
    records: Vec<Line>,
}

fn content() -> impl Strategy<Value = Content> {
    let bytes = || vec(any::<u8>(), 0..40);
    let headers = vec((bytes(), option::of(bytes())), 0..3);
    let line = (any::<i64>(), option::of(bytes()), option::of(vec(any::<u8>(), 0..600)), headers);
    let line = line.prop_map(|(timestamp, key, value, headers)| Line { timestamp, key, value, headers });
    (select(Compression::ALL.to_vec()), any::<(i64, i16, i32)>(), option::of(any::<i64>()), vec(line, 1..30))
        .prop_map(|(codec, producer, append_time, records)| Content { codec, producer, append_time, records })
}

impl Content {
    fn build(&self) -> Vec<u8> {
        let (id, epoch, sequence) = self.producer;
        let mut builder = BatchBuilder::new().compression(self.codec, None).producer(id, epoch, sequence);
        if let Some(now) = self.append_time {
            builder = builder.log_append_time(now);
        }
        for line in &self.records {
            let headers: Vec<_> =
                line.headers.iter().map(|(key, value)| Header { key, value: value.as_deref() }).collect();
            builder.push(line.timestamp, line.key.as_deref(), line.value.as_deref(), &headers);
        }
        builder.build().unwrap()
    }
}

/// The records of `batch`, with their own timestamps even where the log's replace them.
fn read(batch: &[u8]) -> Vec<Line> {
    let header = BatchHeader::parse(batch).unwrap();
    let mut reader = RecordsReader::new(&header, batch, 1 << 20).unwrap();
    let mut lines = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        lines.push(Line {
            timestamp: header.base_timestamp.wrapping_add(record.timestamp_delta),
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record
                .headers
                .iter()
                .map(|header| (header.key.to_vec(), header.value.map(<[u8]>::to_vec)))
                .collect(),
        });
    }
    lines
}
