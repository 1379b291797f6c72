//! How a sealed segment gets from its file to a socket: the read policy's candidates, with the file in the page cache
//! and without.
//!
//! The server is `ottla_io`, the client one thread that throws away what comes.

use super::load::pin;
use super::{OTHER_CORE, SERVING_CORE};
use crate::disk::forget;
use crate::machine::{process_cpu, thread_cpu};
use crate::rounds::{self, Contestant, Line, Values};
use bytes::Bytes;
use ottla_io::net::{TcpListener, TcpStream};
use ottla_io::runtime::{Config, run as run_shards};
use ottla_io::{Buffer, Class, File, OpenOptions, ShardContext, spawn};
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// What one splice, read or send moves.
const PIECE_BYTES: usize = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// From the file to the socket within the kernel.
    Splice,
    /// Large O_DIRECT reads, the next one under way while one is sent.
    DirectAhead,
    /// The same one after the other.
    Direct,
    /// Through the page cache into memory, then sent.
    Buffered,
    /// From memory of our own, read before: the batch cache.
    Memory,
}

/// All of them on a file of `bytes` in `dir`.
/// # Errors
/// The disk or the ring does not do it.
pub fn run(rounds: usize, bytes: usize, dir: &Path) -> io::Result<Vec<Line>> {
    let path = dir.join("segment");
    write_file(&path, bytes)?;
    let contestant = |name, way, is_cold| {
        let path = path.clone();
        Contestant::new(name, move || {
            if is_cold {
                forget(&path)?;
            } else {
                io::copy(&mut std::fs::File::open(&path)?, &mut io::sink())?;
            }
            measure(way, &path, bytes)
        })
    };
    let cold = vec![
        contestant("splice", Way::Splice, true),
        contestant("direct, read ahead", Way::DirectAhead, true),
        contestant("direct", Way::Direct, true),
        contestant("buffered, then send", Way::Buffered, true),
    ];
    let mut lines = rounds::run("the disk alone has it", rounds, cold)?;
    let hot = vec![
        contestant("splice", Way::Splice, false),
        contestant("buffered, then send", Way::Buffered, false),
        contestant("memory of our own", Way::Memory, false),
    ];
    lines.extend(rounds::run("it is in memory", rounds, hot)?);
    Ok(lines)
}

fn write_file(path: &Path, bytes: usize) -> io::Result<()> {
    use std::io::Write;
    let mut file = std::fs::File::create(path)?;
    let piece: Vec<u8> = (0..PIECE_BYTES).map(|at| (at * 31 % 251) as u8).collect();
    for _ in 0..bytes / PIECE_BYTES {
        file.write_all(&piece)?;
    }
    file.sync_all()
}

fn measure(way: Way, path: &Path, bytes: usize) -> io::Result<Values> {
    let (tell, told) = mpsc::channel::<SocketAddr>();
    let client = thread::spawn(move || -> io::Result<(usize, Duration)> {
        pin(OTHER_CORE);
        let cpu = thread_cpu();
        let address = told.recv().map_err(io::Error::other)?;
        let mut stream = std::net::TcpStream::connect(address)?;
        let mut sink = vec![0; PIECE_BYTES];
        let mut received = 0;
        loop {
            match stream.read(&mut sink)? {
                0 => return Ok((received, thread_cpu() - cpu)),
                count => received += count,
            }
        }
    });
    let cpu_before = process_cpu();
    let path = path.to_owned();
    let config = Config { shards: 1, pin: true, cores: vec![SERVING_CORE], ..Config::default() };
    let served =
        run_shards(&config, move |_: ShardContext<()>| serve(way, path.clone(), bytes, tell.clone()))
            .map_err(io::Error::other)?;
    let (received, client_cpu) = client.join().map_err(|_| io::Error::other("the client panicked"))??;
    let cpu = (process_cpu() - cpu_before).saturating_sub(client_cpu).as_secs_f64();
    let wall = served.into_iter().next().unwrap_or_else(|| Err(io::Error::other("no shard ran")))?;
    if received != bytes {
        return Err(io::Error::other(format!("{received} of {bytes} bytes arrived")));
    }
    let gb = bytes as f64 / 1e9;
    Ok(vec![("mb_per_s", gb * 1000.0 / wall.as_secs_f64()), ("server_cpu_s_per_gb", cpu / gb)])
}

/// Sends the whole file to the first who connects; returns how long that took.
async fn serve(
    way: Way,
    path: PathBuf,
    bytes: usize,
    tell: mpsc::Sender<SocketAddr>,
) -> io::Result<Duration> {
    let direct = matches!(way, Way::Direct | Way::DirectAhead);
    let file = File::open(&path, &OpenOptions { read: true, direct, ..OpenOptions::default() }).await?;
    let memory = if way == Way::Memory { read_all(&file, bytes).await? } else { Vec::new() };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0).into(), 1)?;
    tell.send(listener.local_addr()).map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    let began = Instant::now();
    match way {
        Way::Splice => {
            for at in (0..bytes).step_by(PIECE_BYTES) {
                stream.splice_from(&file, at as u64, PIECE_BYTES).await?;
            }
        }
        Way::Memory => {
            for piece in memory {
                stream.send(vec![piece]).await?;
            }
        }
        Way::Direct | Way::Buffered => {
            for at in (0..bytes).step_by(PIECE_BYTES) {
                stream.send(vec![read(&file, at).await?]).await?;
            }
        }
        Way::DirectAhead => send_ahead(&stream, &file, bytes).await?,
    }
    let took = began.elapsed();
    stream.shutdown();
    Ok(took)
}

async fn read(file: &File, at: usize) -> io::Result<Bytes> {
    let (result, buffer) = file.read_at(Buffer::with_capacity(PIECE_BYTES), at as u64, PIECE_BYTES).await;
    result?;
    Ok(buffer.freeze())
}

async fn read_all(file: &File, bytes: usize) -> io::Result<Vec<Bytes>> {
    let mut pieces = Vec::new();
    for at in (0..bytes).step_by(PIECE_BYTES) {
        pieces.push(read(file, at).await?);
    }
    Ok(pieces)
}

async fn send_ahead(stream: &TcpStream, file: &File, bytes: usize) -> io::Result<()> {
    let begin = |at: usize| {
        let file = file.clone();
        spawn(Class::Foreground, async move { read(&file, at).await })
    };
    let mut next = begin(0);
    for at in (PIECE_BYTES..=bytes).step_by(PIECE_BYTES) {
        let piece = next.await.map_err(io::Error::other)??;
        // The last one reads beyond the end, which is nothing.
        next = begin(at);
        stream.send(vec![piece]).await?;
    }
    drop(next.await.map_err(io::Error::other)??);
    Ok(())
}
