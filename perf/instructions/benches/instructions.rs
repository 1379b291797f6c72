//! Instructions, counted by callgrind: `perf/gate` runs this and reads what it leaves.
//!
//! One program for all of them, because linking it takes longer than running it.

use bytes::Bytes;
use gungraun::{
    Callgrind, EntryPoint, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use ottla_log::index::OffsetIndex;
use ottla_perf::parts::{self, FETCH, METADATA, PRODUCE};
use ottla_perf::plant::{self, Plant};
use ottla_perf::ring::{self, TIMES};
use ottla_perf::scenarios::Scenario;
use ottla_perf::simulated;
use ottla_protocol::messages as m;
use ottla_protocol::records::{batches, validate_batch, verify_checksum};
use ottla_protocol::{Compression, Decoder, Encoder, Message};
use std::hint::black_box;

// A whole broker in the simulator: its own instructions, not those of the simulator or of the clients. One history of
// each scenario: they differ by little.
#[library_benchmark]
#[bench::produce_small("produce-small")]
#[bench::produce_pipelined("produce-pipelined")]
#[bench::produce_large("produce-large")]
#[bench::produce_lz4("produce-lz4")]
#[bench::produce_crossed("produce-crossed")]
#[bench::fetch_small("fetch-small")]
#[bench::fetch_session("fetch-session")]
#[bench::fetch_large("fetch-large")]
#[bench::fetch_cold("fetch-cold")]
#[bench::record_to_one("record-to-one")]
#[bench::record_to_eight("record-to-eight")]
fn scenario(name: &str) {
    black_box(simulated::run(Scenario::named(name), 1, Plant::of_environment(), None));
}

/// What is counted lies between the entries and exits of two functions, the second of which takes out of the first.
fn of_scopes() -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::with_args([
        "--toggle-collect=*scope*collected*",
        "--toggle-collect=*scope*set_aside*",
        "--cache-sim=no",
    ]);
    let mut config = LibraryBenchmarkConfig::default();
    config.pass_through_env(plant::VARIABLE).tool(callgrind.entry_point(EntryPoint::None));
    config
}

library_benchmark_group!(name = whole_broker, config = of_scopes(), benchmarks = [scenario]);

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

fn of_calls() -> LibraryBenchmarkConfig {
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(Callgrind::with_args(["--cache-sim=no"]));
    config
}

library_benchmark_group!(
    name = each_part,
    config = of_calls(),
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

// The real ring's driver. The second of a pair does what the first does twice as often: the difference counts.
#[library_benchmark]
#[bench::once(TIMES)]
#[bench::twice(2 * TIMES)]
fn ring_echo(times: u64) {
    ring::echo(times);
}

#[library_benchmark]
#[bench::once(TIMES)]
#[bench::twice(2 * TIMES)]
fn ring_write(times: u64) {
    ring::write(times);
}

fn of_everything() -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::with_args(["--collect-atstart=yes", "--cache-sim=no"]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind.entry_point(EntryPoint::None));
    config
}

library_benchmark_group!(name = real_ring, config = of_everything(), benchmarks = [ring_echo, ring_write]);

main!(library_benchmark_groups = whole_broker, each_part, real_ring);
