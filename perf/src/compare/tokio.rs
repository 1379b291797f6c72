//! The work on tokio: a current-thread runtime on one core.

use super::load::pin;
use super::{Counting, Exchange, OTHER_CORE, RECEIVE_BYTES, SERVING_CORE, WRITE_BYTES, Writes};
use crate::disk::{Block, open_direct, write_durably_at};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{LocalSet, spawn_local};

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_io().max_blocking_threads(1).build()
}

/// # Errors
/// A connection broke.
pub fn serve(exchange: Exchange, tell: mpsc::Sender<SocketAddr>) -> io::Result<()> {
    pin(SERVING_CORE);
    LocalSet::new().block_on(&runtime()?, async move {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        tell.send(listener.local_addr()?).map_err(io::Error::other)?;
        let mut connections = Vec::new();
        for _ in 0..exchange.connections {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            connections.push(spawn_local(answer(exchange, stream)));
        }
        for connection in connections {
            connection.await.map_err(io::Error::other)??;
        }
        Ok(())
    })
}

async fn answer(exchange: Exchange, mut stream: TcpStream) -> io::Result<()> {
    let answers = vec![7; exchange.answer_bytes * exchange.in_flight.max(64)];
    let mut buffer = vec![0; RECEIVE_BYTES];
    let mut counting = Counting::default();
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        let bytes = counting.answer_bytes(&exchange, count);
        if bytes > 0 {
            stream.write_all(&answers[..bytes]).await?;
        }
    }
}

/// Microseconds of each write, on its pool of blocking threads.
/// # Errors
/// A write failed.
pub fn write_durably(writes: &Writes) -> io::Result<Vec<f64>> {
    pin(SERVING_CORE);
    let file = Arc::new(open_direct(&writes.path)?);
    let block = Block::filled(WRITE_BYTES, 7).share();
    runtime()?.block_on(async move {
        let mut micros = Vec::with_capacity(writes.count);
        for number in 0..writes.count {
            let (file, block, offset) = (file.clone(), block.clone(), writes.offset(number));
            let began = Instant::now();
            let written = tokio::task::spawn_blocking(move || write_durably_at(&file, &block, offset));
            written.await.map_err(io::Error::other)??;
            micros.push(began.elapsed().as_secs_f64() * 1e6);
        }
        Ok(micros)
    })
}

/// Microseconds of each way to another core and back: two runtimes on two threads.
/// # Errors
/// A runtime does not start.
pub fn wake(count: usize) -> io::Result<Vec<f64>> {
    let (to, mut to_end) = tokio::sync::mpsc::channel::<()>(16);
    let (from_end, mut from) = tokio::sync::mpsc::channel::<()>(16);
    let echo = std::thread::spawn(move || -> io::Result<()> {
        pin(OTHER_CORE);
        runtime()?.block_on(async move {
            while to_end.recv().await.is_some() {
                if from_end.send(()).await.is_err() {
                    break;
                }
            }
        });
        Ok(())
    });
    pin(SERVING_CORE);
    let micros = runtime()?.block_on(async move {
        let mut micros = Vec::with_capacity(count);
        for _ in 0..count {
            let began = Instant::now();
            to.send(()).await.map_err(io::Error::other)?;
            from.recv().await.ok_or(io::ErrorKind::UnexpectedEof)?;
            micros.push(began.elapsed().as_secs_f64() * 1e6);
        }
        io::Result::Ok(micros)
    })?;
    echo.join().map_err(|_| io::Error::other("the other thread panicked"))??;
    Ok(micros)
}
