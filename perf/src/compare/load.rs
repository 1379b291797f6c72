//! The client's side: one blocking thread with all connections, so that what is measured is the server.

use super::{Exchange, OTHER_CORE};
use crate::machine::{process_cpu, thread_cpu};
use crate::rounds::Values;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Puts the calling thread on a core, if there is such a one.
pub fn pin(core: usize) {
    if thread::available_parallelism().is_ok_and(|cores| cores.get() > core) {
        core_affinity::set_for_current(core_affinity::CoreId { id: core });
    }
}

/// What the client found.
struct Exchanged {
    requests: u64,
    wall: Duration,
    cpu: Duration,
}

/// Has `serve` serve an exchange and drives it. `serve` tells its address, and returns when all connections have ended.
///
/// The server's CPU time is the process's less the client's: the kernel's workers are in it.
/// # Errors
/// A connection broke.
pub fn drive(
    exchange: Exchange,
    serve: impl FnOnce(Exchange, mpsc::Sender<SocketAddr>) -> io::Result<()> + Send,
) -> io::Result<Values> {
    let (tell, told) = mpsc::channel();
    let cpu_before = process_cpu();
    let exchanged = thread::scope(|scope| {
        let client = scope.spawn(move || {
            pin(OTHER_CORE);
            let cpu = thread_cpu();
            let address = told.recv().map_err(io::Error::other)?;
            let mut exchanged = client(exchange, address)?;
            exchanged.cpu = thread_cpu() - cpu;
            io::Result::Ok(exchanged)
        });
        // On a thread of its own, whose affinity ends with it.
        let served = scope.spawn(move || serve(exchange, tell)).join();
        served.map_err(|_| io::Error::other("the server panicked"))??;
        client.join().map_err(|_| io::Error::other("the client panicked"))?
    })?;
    let cpu = (process_cpu() - cpu_before).saturating_sub(exchanged.cpu).as_secs_f64();
    let (requests, seconds) = (exchanged.requests as f64, exchanged.wall.as_secs_f64());
    let gb = requests * exchange.request_bytes as f64 / 1e9;
    Ok(if exchange.request_bytes >= 16 << 10 {
        vec![("mb_per_s", gb * 1000.0 / seconds), ("server_cpu_s_per_gb", cpu / gb)]
    } else {
        vec![("requests_per_s", requests / seconds), ("server_cpu_us_per_request", cpu * 1e6 / requests)]
    })
}

fn client(exchange: Exchange, address: SocketAddr) -> io::Result<Exchanged> {
    let Exchange { connections, in_flight, request_bytes, answer_bytes, lasts } = exchange;
    let requests = vec![1; request_bytes * in_flight];
    let mut answers = vec![0; answer_bytes * in_flight];
    let mut streams = Vec::with_capacity(connections);
    for _ in 0..connections {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let began = Instant::now();
    let mut count = 0;
    for stream in &mut streams {
        stream.write_all(&requests)?;
    }
    while began.elapsed() < lasts {
        for stream in &mut streams {
            stream.read_exact(&mut answers)?;
            stream.write_all(&requests)?;
            count += in_flight as u64;
        }
    }
    for stream in &mut streams {
        stream.read_exact(&mut answers)?;
        count += in_flight as u64;
    }
    Ok(Exchanged { requests: count, wall: began.elapsed(), cpu: Duration::ZERO })
}
