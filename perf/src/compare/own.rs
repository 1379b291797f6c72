//! The work on `ottla_io`.

use super::{Counting, Exchange, OTHER_CORE, RECEIVE_BYTES, SERVING_CORE, WRITE_BYTES, Writes};
use bytes::Bytes;
use ottla_io::net::{TcpListener, TcpStream};
use ottla_io::runtime::{Config, run};
use ottla_io::{
    AppendBuffer, Buffer, Class, Durability, File, OpenOptions, ShardContext, ShardId, now, spawn,
};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc;

fn config(cores: &[usize]) -> Config {
    Config { shards: cores.len(), pin: true, cores: cores.to_vec(), ..Config::default() }
}

/// The one result of the first shard.
fn first<T>(results: Result<Vec<io::Result<T>>, ottla_io::runtime::StartError>) -> io::Result<T> {
    let results = results.map_err(io::Error::other)?;
    results.into_iter().next().unwrap_or_else(|| Err(io::Error::other("no shard ran")))
}

/// # Errors
/// The ring is refused, or a connection broke.
pub fn serve(exchange: Exchange, tell: mpsc::Sender<SocketAddr>) -> io::Result<()> {
    first(run(&config(&[SERVING_CORE]), move |_: ShardContext<()>| {
        let tell = tell.clone();
        async move {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0).into(), 64)?;
            tell.send(listener.local_addr()).map_err(io::Error::other)?;
            let mut connections = Vec::new();
            for _ in 0..exchange.connections {
                let (stream, _) = listener.accept().await?;
                connections.push(spawn(Class::Foreground, answer(exchange, stream)));
            }
            for connection in connections {
                connection.await.map_err(io::Error::other)??;
            }
            Ok(())
        }
    }))
}

async fn answer(exchange: Exchange, stream: TcpStream) -> io::Result<()> {
    let answers = Bytes::from(vec![7; exchange.answer_bytes * exchange.in_flight.max(64)]);
    let mut buffer = Buffer::with_capacity(RECEIVE_BYTES);
    let mut counting = Counting::default();
    loop {
        buffer.clear();
        let (result, back) = stream.recv(buffer).await;
        buffer = back;
        let count = result?;
        if count == 0 {
            return Ok(());
        }
        let bytes = counting.answer_bytes(&exchange, count);
        if bytes > 0 {
            stream.send(vec![answers.slice(..bytes)]).await?;
        }
    }
}

/// Microseconds of each write.
/// # Errors
/// The ring is refused, or a write failed.
pub fn write_durably(writes: &Writes) -> io::Result<Vec<f64>> {
    let writes = writes.clone();
    first(run(&config(&[SERVING_CORE]), move |_: ShardContext<()>| {
        let writes = writes.clone();
        async move {
            let options = OpenOptions { write: true, direct: true, ..OpenOptions::default() };
            let file = File::open(&writes.path, &options).await?;
            let mut block = AppendBuffer::with_capacity(WRITE_BYTES);
            block.append_with(WRITE_BYTES, |bytes| bytes.fill(7));
            let block = block.slice(0..WRITE_BYTES);
            let mut micros = Vec::with_capacity(writes.count);
            for number in 0..writes.count {
                let began = now();
                file.write_at(vec![block.clone()], writes.offset(number), Durability::Durable).await?;
                micros.push(now().duration_since(began).as_secs_f64() * 1e6);
            }
            Ok(micros)
        }
    }))
}

/// Microseconds of each way to another core and back.
/// # Errors
/// The ring is refused.
pub fn wake(count: usize) -> io::Result<Vec<f64>> {
    first(run(&config(&[SERVING_CORE, OTHER_CORE]), move |context: ShardContext<()>| async move {
        let mut micros = Vec::with_capacity(count);
        let other = ShardId(1 - context.shard.0);
        for _ in 0..count {
            if context.shard == ShardId(0) {
                let began = now();
                context.port.send(other, ()).await;
                context.port.recv().await;
                micros.push(now().duration_since(began).as_secs_f64() * 1e6);
            } else {
                context.port.recv().await;
                context.port.send(other, ()).await;
            }
        }
        Ok(micros)
    }))
}
