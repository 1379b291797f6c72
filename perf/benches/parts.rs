//! Instructions of the broker's parts: codec, batches, checksum, index. Each is called once; `perf/gate` reads the counts.

use bytes::Bytes;
use gungraun::{Callgrind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use ottla_log::index::OffsetIndex;
use ottla_perf::parts::{self, FETCH, METADATA, PRODUCE};
use ottla_protocol::messages as m;
use ottla_protocol::records::{batches, validate_batch, verify_checksum};
use ottla_protocol::{Compression, Decoder, Encoder, Message};
use std::hint::black_box;

fn decode<'a, M: Message<'a>>(bytes: &'a Bytes, version: i16) -> M {
    M::decode(&mut Decoder::new(bytes), version).expect("a message")
}

fn encode<'m>(message: &impl Message<'m>, version: i16) -> usize {
    let mut encoder = Encoder::with_capacity(256);
    message.encode(&mut encoder, version).expect("fields that the version has");
    encoder.into_parts().len()
}

#[library_benchmark]
#[bench::one(parts::produce_request(1))]
#[bench::hundred(parts::produce_request(100))]
fn decode_produce(request: Bytes) {
    black_box(decode::<m::ProduceRequest<'_>>(&request, PRODUCE));
}

#[library_benchmark]
#[bench::one(parts::produce_response(1))]
#[bench::hundred(parts::produce_response(100))]
fn encode_produce(response: m::ProduceResponse<'static>) -> usize {
    black_box(encode(&response, PRODUCE))
}

#[library_benchmark]
#[bench::one(parts::fetch_request(1))]
#[bench::hundred(parts::fetch_request(100))]
fn decode_fetch(request: Bytes) {
    black_box(decode::<m::FetchRequest<'_>>(&request, FETCH));
}

#[library_benchmark]
#[bench::one(parts::fetch_response(1))]
#[bench::hundred(parts::fetch_response(100))]
fn encode_fetch(response: m::FetchResponse<'static>) -> usize {
    black_box(encode(&response, FETCH))
}

#[library_benchmark]
#[bench::ten(parts::metadata_response(10))]
fn encode_metadata(response: m::MetadataResponse<'static>) -> usize {
    black_box(encode(&response, METADATA))
}

#[library_benchmark]
#[bench::plain(parts::batch(64, 1000, Compression::None))]
#[bench::lz4(parts::batch(64, 1000, Compression::Lz4))]
#[bench::snappy(parts::batch(64, 1000, Compression::Snappy))]
#[bench::zstd(parts::batch(64, 1000, Compression::Zstd))]
#[bench::gzip(parts::batch(64, 1000, Compression::Gzip))]
fn validate(batch: Vec<u8>) {
    black_box(validate_batch(&batch, 1 << 20).expect("a batch in order"));
}

#[library_benchmark]
#[bench::small(parts::batch(1, 100, Compression::None))]
#[bench::large(parts::batch(64, 1000, Compression::None))]
fn checksum(batch: Vec<u8>) {
    let (header, bytes) = batches(&batch).next().expect("a batch").expect("a header in order");
    verify_checksum(&header, black_box(bytes)).expect("its checksum");
}

#[library_benchmark]
#[bench::segment(parts::offset_index())]
fn index_lookup(index: OffsetIndex) {
    black_box(index.lookup(black_box(777_777)));
}

library_benchmark_group!(
    name = each_part,
    benchmarks = [
        decode_produce,
        encode_produce,
        decode_fetch,
        encode_fetch,
        encode_metadata,
        validate,
        checksum,
        index_lookup
    ]
);
main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = each_part
);
