//! What the driver of the real ring costs, which no simulated broker shows: one shard by itself, for a profiler.

use bytes::Bytes;
use ottla_io::net::{TcpListener, TcpStream};
use ottla_io::runtime::{Config, run};
use ottla_io::{
    AppendBuffer, BLOCK_BYTES, Buffer, Class, Durability, File, OpenOptions, ShardContext, spawn,
};
use std::future::Future;
use std::net::Ipv4Addr;
use std::path::PathBuf;

/// How often each is done; once more as often tells it from the start and the end.
pub const TIMES: u64 = 1000;

fn on_a_shard<Fut: Future<Output = ()> + 'static>(main: impl Fn() -> Fut + Clone + Send + 'static) {
    let config = Config { shards: 1, pin: false, helper_threads: 1, ..Config::default() };
    run(&config, move |_: ShardContext<()>| main()).expect("a shard runs");
}

/// A hundred bytes through a socket and back: two sends and two receives.
///
/// # Panics
/// The kernel refuses.
pub fn echo(times: u64) {
    on_a_shard(move || async move {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0).into(), 1).expect("a port");
        let address = listener.local_addr();
        let server = spawn(Class::Foreground, async move {
            let (stream, _) = listener.accept().await.expect("a client");
            pass(&stream, times, false).await;
        });
        let stream = TcpStream::connect(address).await.expect("a server");
        pass(&stream, times, true).await;
        server.await.expect("the server ends");
    });
}

async fn pass(stream: &TcpStream, times: u64, begins: bool) {
    let bytes = Bytes::from_static(&[7; 100]);
    let mut buffer = Buffer::with_capacity(BLOCK_BYTES);
    for _ in 0..times {
        if begins {
            stream.send(vec![bytes.clone()]).await.expect("a send");
        }
        buffer.clear();
        while buffer.len() < bytes.len() {
            let (result, back) = stream.recv(buffer).await;
            assert!(result.expect("a receive") > 0, "the other side has ended");
            buffer = back;
        }
        if !begins {
            stream.send(vec![bytes.clone()]).await.expect("a send");
        }
    }
}

/// A durable direct write of one block.
///
/// # Panics
/// The disk refuses.
pub fn write(times: u64) {
    let dir = tempfile::tempdir().expect("a directory");
    let path: PathBuf = dir.path().join("blocks");
    on_a_shard(move || {
        let path = path.clone();
        async move {
            let options = OpenOptions { write: true, create: true, direct: true, ..OpenOptions::default() };
            let file = File::open(&path, &options).await.expect("a file");
            let mut block = AppendBuffer::with_capacity(BLOCK_BYTES);
            block.append_with(BLOCK_BYTES, |bytes| bytes.fill(7));
            let block = block.slice(0..BLOCK_BYTES);
            for _ in 0..times {
                file.write_at(vec![block.clone()], 0, Durability::Durable).await.expect("a write");
            }
        }
    });
}
