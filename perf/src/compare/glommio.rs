//! The work on glommio.

use super::{Counting, Exchange, OTHER_CORE, RECEIVE_BYTES, SERVING_CORE, WRITE_BYTES, Writes};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use glommio::channels::shared_channel;
use glommio::io::OpenOptions;
use glommio::net::{TcpListener, TcpStream};
use glommio::{GlommioError, LocalExecutorBuilder, Placement};
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::Instant;

/// Its errors hold what may not cross threads, so that only their texts go on.
fn told<T>(error: GlommioError<T>) -> io::Error {
    io::Error::other(error.to_string())
}

/// Runs `work` on an executor that is pinned to `core`.
fn run_on<T, F, Fut>(core: usize, work: F) -> io::Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = io::Result<T>> + 'static,
{
    let executor = LocalExecutorBuilder::new(Placement::Fixed(core)).spawn(work).map_err(told)?;
    executor.join().map_err(told)?
}

/// # Errors
/// A connection broke.
pub fn serve(exchange: Exchange, tell: mpsc::Sender<SocketAddr>) -> io::Result<()> {
    run_on(SERVING_CORE, move || async move {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(told)?;
        let address = listener.local_addr().map_err(told)?;
        tell.send(address).map_err(io::Error::other)?;
        let mut connections = Vec::new();
        for _ in 0..exchange.connections {
            let stream = listener.accept().await.map_err(told)?;
            stream.set_nodelay(true).map_err(told)?;
            connections.push(glommio::spawn_local(answer(exchange, stream)));
        }
        for connection in connections {
            connection.await?;
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

/// Microseconds of each write. It has no RWF_DSYNC: a write and a flush.
/// # Errors
/// A write failed.
pub fn write_durably(writes: &Writes) -> io::Result<Vec<f64>> {
    let writes = writes.clone();
    run_on(SERVING_CORE, move || async move {
        let file = OpenOptions::new().write(true).dma_open(&writes.path).await.map_err(told)?;
        let mut micros = Vec::with_capacity(writes.count);
        for number in 0..writes.count {
            let began = Instant::now();
            let mut block = file.alloc_dma_buffer(WRITE_BYTES);
            block.as_bytes_mut().fill(7);
            file.write_at(block, writes.offset(number)).await.map_err(told)?;
            file.fdatasync().await.map_err(told)?;
            micros.push(began.elapsed().as_secs_f64() * 1e6);
        }
        file.close().await.map_err(told)?;
        Ok(micros)
    })
}

/// Microseconds of each way to another core and back.
/// # Errors
/// An executor does not start.
pub fn wake(count: usize) -> io::Result<Vec<f64>> {
    let (there, here) = (shared_channel::new_bounded::<()>(16), shared_channel::new_bounded::<()>(16));
    let ((to, to_end), (from_end, from)) = (there, here);
    let echo = LocalExecutorBuilder::new(Placement::Fixed(OTHER_CORE))
        .spawn(move || async move {
            let (to_end, from_end) = (to_end.connect().await, from_end.connect().await);
            while to_end.recv().await.is_some() {
                if from_end.send(()).await.is_err() {
                    return;
                }
            }
        })
        .map_err(told)?;
    let micros = run_on(SERVING_CORE, move || async move {
        let (to, from) = (to.connect().await, from.connect().await);
        let mut micros = Vec::with_capacity(count);
        for _ in 0..count {
            let began = Instant::now();
            to.send(()).await.map_err(told)?;
            from.recv().await.ok_or(io::ErrorKind::UnexpectedEof)?;
            micros.push(began.elapsed().as_secs_f64() * 1e6);
        }
        Ok(micros)
    })?;
    echo.join().map_err(told)?;
    Ok(micros)
}
