//! Measures what a small request costs: 16 connections over loopback, each with one request of 1 KiB under way, each
//! answered with 64 bytes. `cargo run --release -p ottla-io --example echo -- [SECONDS] [CONNECTIONS] [IN_FLIGHT]`
//!
//! Prints the CPU time of the serving thread per request; the client is one plain blocking thread.
use ottla_io::net::{TcpListener, TcpStream};
use ottla_io::runtime::{Config, ShardContext, run};
use ottla_io::{Buffer, Class, now, sleep, spawn};
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

const REQUEST: usize = 1024;
const ANSWER: usize = 64;

fn thread_cpu_nanos() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux with CONFIG_SCHEDSTATS");
    text.split(' ').next().and_then(|nanos| nanos.parse().ok()).expect("a number")
}

async fn serve(stream: TcpStream, served: Rc<Cell<u64>>) {
    let mut buffer = Buffer::with_capacity(64 << 10);
    let answer = bytes::Bytes::from(vec![7; ANSWER * 64]);
    loop {
        let (result, back) = stream.recv(buffer).await;
        buffer = back;
        if !matches!(result, Ok(1..)) {
            return;
        }
        let count = buffer.len() / REQUEST;
        let whole = count * REQUEST;
        buffer.consume(whole);
        served.set(served.get() + count as u64);
        if count > 0 && stream.send(vec![answer.slice(..count * ANSWER)]).await.is_err() {
            return;
        }
    }
}

/// Keeps between one and two rounds of requests under way on each connection, as one thread, so that what is measured
/// is the server and not the switching between clients.
fn client(address: SocketAddr, connections: u64, in_flight: usize) {
    let connect = |_| {
        let stream = std::net::TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a TCP socket");
        stream
    };
    let mut streams: Vec<_> = (0..connections).map(connect).collect();
    let request = vec![1; REQUEST * in_flight];
    let mut answer = vec![0; ANSWER * in_flight];
    streams.iter_mut().for_each(|stream| stream.write_all(&request).expect("a server"));
    loop {
        for stream in &mut streams {
            if stream.write_all(&request).is_err() {
                return;
            }
        }
        for stream in &mut streams {
            if stream.read_exact(&mut answer).is_err() {
                return;
            }
        }
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("a number"));
    let seconds = arguments.next().unwrap_or(3);
    let connections = arguments.next().unwrap_or(16);
    let in_flight = arguments.next().unwrap_or(1) as usize;
    let config = Config { shards: 1, ..Config::default() };
    // Not started by the shard, to whose core it would be pinned.
    let (tell, told) = mpsc::channel::<SocketAddr>();
    std::thread::spawn(move || {
        let address = told.recv().expect("the server tells");
        client(address, connections, in_flight);
    });
    run(&config, move |_: ShardContext<()>| {
        let tell = tell.clone();
        async move {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), 64).expect("a free port");
        let address = listener.local_addr();
        tell.send(address).expect("the starter waits");
        let served = Rc::new(Cell::new(0));
        for _ in 0..connections {
            let (stream, _) = listener.accept().await.expect("a client");
            drop(spawn(Class::Foreground, serve(stream, served.clone())));
        }
        sleep(Duration::from_millis(200)).await;
        let (cpu, count, start) = (thread_cpu_nanos(), served.get(), now());
        sleep(Duration::from_secs(seconds)).await;
        let (cpu, count) = (thread_cpu_nanos() - cpu, served.get() - count);
        let wall = now().duration_since(start).as_secs_f64();
        println!(
            "{connections} connections, {in_flight} in flight: {:.0} requests/s, {:.2} us of CPU each, core {:.0}% busy",
            count as f64 / wall,
            cpu as f64 / count as f64 / 1000.0,
            cpu as f64 / wall / 1e7,
        );
        }
    })
    .expect("the shard runs");
}
