//! The least that a machine takes for what a broker must do, without a broker: what its figures are held against.
//!
//! Plain blocking threads and system calls: nothing that waits for several things at once can take less.

use crate::compare::load::pin;
use crate::compare::{OTHER_CORE, SERVING_CORE};
use crate::disk::{Block, open_direct, write_durably_at};
use crate::machine::{percentile, thread_cpu};
use crate::parts;
use crate::rounds::{self, Contestant, Line, Values};
use ottla_protocol::messages::{ProduceRequest, ProduceResponse};
use ottla_protocol::records::validate_batch;
use ottla_protocol::{Compression, Decoder, Encoder, Message};
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// What a receive or a send moves.
const PIECE_BYTES: usize = 256 << 10;
/// What is written at once of what was received: as much as queues behind a durable write at full rate.
const WRITE_BYTES: usize = 1 << 20;
/// The file is written over and over.
const FILE_BYTES: u64 = 64 << 20;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    pub rounds: usize,
    pub writes: usize,
    /// Through sockets, in a round.
    pub mib: usize,
}

/// All of them. Files go to `dir`.
/// # Errors
/// The disk or the network refuses.
pub fn run(extent: Extent, dir: &Path) -> io::Result<Vec<Line>> {
    let path = dir.join("floor");
    let bytes = extent.mib << 20;
    prepare(&path)?;
    let mut lines = rounds::run(
        "raw durable writes",
        extent.rounds,
        vec![
            Contestant::new("4 KiB", || durable_writes(&path, 4 << 10, extent.writes)),
            Contestant::new("64 KiB", || durable_writes(&path, 64 << 10, extent.writes)),
            Contestant::new("1 MiB", || durable_writes(&path, 1 << 20, extent.writes / 8)),
        ],
    )?;
    lines.extend(rounds::run(
        "sockets and disk",
        extent.rounds,
        vec![
            Contestant::new("receive and discard", || exchange(bytes, receive)),
            Contestant::new("receive, CRC, direct write", || {
                exchange(bytes, |stream, bytes| receive_and_write(stream, bytes, &path))
            }),
            Contestant::new("send of hot memory", || exchange(bytes, send)),
        ],
    )?);
    lines.extend(rounds::run(
        "alone, for a gigabyte",
        extent.rounds,
        vec![
            Contestant::new("CRC of 64 KiB batches", || Ok(checksum())),
            Contestant::new("records of 64 KiB batches", || Ok(walk())),
        ],
    )?);
    lines.extend(rounds::run(
        "alone, for a request",
        extent.rounds,
        vec![
            Contestant::new("produce: decode, encode", || Ok(codec(1))),
            Contestant::new("of 100 partitions", || Ok(codec(100))),
        ],
    )?);
    Ok(lines)
}

/// Every block is written, so that no write has to tell the file system's journal of it.
fn prepare(path: &Path) -> io::Result<()> {
    let file = open_direct(path)?;
    let block = Block::filled(WRITE_BYTES, 0).share();
    for offset in (0..FILE_BYTES).step_by(WRITE_BYTES) {
        write_durably_at(&file, &block, offset)?;
    }
    file.sync_all()
}

fn durable_writes(path: &Path, size: usize, count: usize) -> io::Result<Values> {
    let file = open_direct(path)?;
    let block = Block::filled(size, 7).share();
    let (mut micros, cpu) = (Vec::with_capacity(count), thread_cpu());
    for number in 0..count as u64 {
        let began = Instant::now();
        write_durably_at(&file, &block, number * size as u64 % FILE_BYTES)?;
        micros.push(began.elapsed().as_secs_f64() * 1e6);
    }
    let cpu = (thread_cpu() - cpu).as_secs_f64();
    let mb = (size * count) as f64 / 1e6;
    Ok(vec![
        ("p50_us", percentile(&mut micros, 0.5)),
        ("p99_us", percentile(&mut micros, 0.99)),
        ("mb_per_s", mb / (micros.iter().sum::<f64>() / 1e6)),
        ("cpu_us_per_write", cpu * 1e6 / count as f64),
    ])
}

/// Sends or takes as many bytes as `here` does not.
fn peer(mut stream: TcpStream) -> io::Result<()> {
    pin(OTHER_CORE);
    let piece = vec![7; PIECE_BYTES];
    let mut sink = vec![0; PIECE_BYTES];
    // The first byte says which.
    let mut way = [0];
    stream.read_exact(&mut way)?;
    let mut left = {
        let mut bytes = [0; 8];
        stream.read_exact(&mut bytes)?;
        u64::from_le_bytes(bytes) as usize
    };
    while left > 0 {
        let at_once = left.min(PIECE_BYTES);
        left -= match way {
            [SENDS] => stream.write(&piece[..at_once])?,
            _ => stream.read(&mut sink[..at_once])?.max(1),
        };
    }
    Ok(())
}

const SENDS: u8 = 1;
const TAKES: u8 = 2;

/// CPU time of this side's thread and how long it took, for `bytes` through a loopback connection.
fn exchange(
    bytes: usize,
    here: impl FnOnce(TcpStream, usize) -> io::Result<(Duration, Duration)> + Send,
) -> io::Result<Values> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let (cpu, wall) = thread::scope(|scope| {
        let there = scope.spawn(move || peer(listener.accept()?.0));
        let here = scope.spawn(move || {
            pin(SERVING_CORE);
            here(TcpStream::connect(address)?, bytes)
        });
        let measured = here.join().map_err(|_| io::Error::other("a thread panicked"))?;
        there.join().map_err(|_| io::Error::other("a thread panicked"))??;
        measured
    })?;
    let gb = bytes as f64 / 1e9;
    Ok(vec![("cpu_s_per_gb", cpu.as_secs_f64() / gb), ("mb_per_s", gb * 1000.0 / wall.as_secs_f64())])
}

fn ask(stream: &mut TcpStream, way: u8, bytes: usize) -> io::Result<()> {
    stream.write_all(&[way])?;
    stream.write_all(&(bytes as u64).to_le_bytes())
}

fn receive(mut stream: TcpStream, bytes: usize) -> io::Result<(Duration, Duration)> {
    ask(&mut stream, SENDS, bytes)?;
    let mut buffer = vec![0; PIECE_BYTES];
    let (cpu, began, mut left) = (thread_cpu(), Instant::now(), bytes);
    while left > 0 {
        left -= stream.read(&mut buffer)?.max(1).min(left);
    }
    Ok((thread_cpu() - cpu, began.elapsed()))
}

fn receive_and_write(mut stream: TcpStream, bytes: usize, path: &Path) -> io::Result<(Duration, Duration)> {
    let file = open_direct(path)?;
    ask(&mut stream, SENDS, bytes)?;
    let mut buffer = ottla_io::Buffer::with_capacity(WRITE_BYTES);
    buffer.resize(WRITE_BYTES);
    let (cpu, began, mut offset) = (thread_cpu(), Instant::now(), 0);
    for _ in 0..bytes / WRITE_BYTES {
        stream.read_exact(&mut buffer)?;
        // As a broker does: a batch of 64 KiB at a time.
        for batch in buffer.chunks(64 << 10) {
            black_box(crc32c::crc32c(batch));
        }
        write_durably_at(&file, &buffer, offset)?;
        offset = (offset + WRITE_BYTES as u64) % FILE_BYTES;
    }
    Ok((thread_cpu() - cpu, began.elapsed()))
}

fn send(mut stream: TcpStream, bytes: usize) -> io::Result<(Duration, Duration)> {
    ask(&mut stream, TAKES, bytes)?;
    let hot = vec![7; PIECE_BYTES];
    let (cpu, began, mut left) = (thread_cpu(), Instant::now(), bytes);
    while left > 0 {
        left -= stream.write(&hot[..left.min(PIECE_BYTES)])?;
    }
    Ok((thread_cpu() - cpu, began.elapsed()))
}

/// CPU seconds that `work` on `bytes` takes for a gigabyte.
fn per_gigabyte(bytes: usize, mut work: impl FnMut()) -> Values {
    const TIMES: usize = 2000;
    work();
    let cpu = thread_cpu();
    for _ in 0..TIMES {
        work();
    }
    vec![("cpu_s_per_gb", (thread_cpu() - cpu).as_secs_f64() / ((bytes * TIMES) as f64 / 1e9))]
}

fn checksum() -> Values {
    let batch = parts::batch(64, 1000, Compression::None);
    per_gigabyte(batch.len(), || {
        black_box(crc32c::crc32c(black_box(&batch)));
    })
}

fn walk() -> Values {
    let batch = parts::batch(64, 1000, Compression::None);
    per_gigabyte(batch.len(), || {
        black_box(validate_batch(black_box(&batch), 1 << 20).expect("a batch in order"));
    })
}

fn codec(partitions: i32) -> Values {
    let (request, response) = (parts::produce_request(partitions), parts::produce_response(partitions));
    let times = 200_000 / partitions;
    let cpu = thread_cpu();
    for _ in 0..times {
        let mut decoder = Decoder::new(black_box(&request));
        black_box(ProduceRequest::decode(&mut decoder, parts::PRODUCE).expect("a request"));
        black_box(encoded(black_box(&response)));
    }
    vec![("cpu_us", (thread_cpu() - cpu).as_secs_f64() * 1e6 / f64::from(times))]
}

fn encoded(response: &ProduceResponse<'_>) -> Vec<bytes::Bytes> {
    let mut encoder = Encoder::with_capacity(256);
    response.encode(&mut encoder, parts::PRODUCE).expect("fields that the version has");
    encoder.into_parts()
}
