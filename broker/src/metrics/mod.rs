//! The broker's own eyes from outside: `/metrics` for Prometheus and `/stats` for `ottla stats`, on a port of its own.
//!
//! Lives on shard 0 in class Control, through the reactor as everything does. Off unless `ottla.metrics.listener` says
//! where. It knows nothing of requests and changes nothing; a scrape costs each core a copy of its counts, and the text is
//! made by the helper pool.
//!
//! Whoever can connect can read it: it has no secrets but says what the broker does. It answers one request a connection.

mod http;
mod json;
mod page;

use crate::core::Core;
use crate::stats::report::{self, Report};
use bytes::Bytes;
use http::{Asked, Status};
use ottla_io::local::Semaphore;
use ottla_io::net::{TcpListener, TcpStream};
use ottla_io::{Buffer, Class, spawn, task, timeout};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// Connections at a time; the next ones wait in the listener's backlog. A scraper needs one.
const CONNECTIONS_MAX: usize = 8;
/// A request that is not here by then, or an answer that is not taken, ends the connection.
const PATIENCE: Duration = Duration::from_secs(5);
const BACKLOG: u32 = 16;

const HELP: &str = "\
/metrics  for Prometheus
/stats    the same as JSON, with whole histograms, for `ottla stats`
";

/// Serves `address` until the core stops. Returns the address that it got.
/// # Errors
/// It cannot be listened on.
pub(crate) fn start(core: &Rc<Core>, address: SocketAddr) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address, BACKLOG)?;
    let address = listener.local_addr();
    let (core, stopped) = (core.clone(), core.stopping.wait());
    spawn(Class::Control, async move {
        let (mut serving, mut stopped) = (pin!(serve(&core, &listener)), pin!(stopped));
        poll_fn(|context| {
            if stopped.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            serving.as_mut().poll(context)
        })
        .await;
    });
    Ok(address)
}

async fn serve(core: &Rc<Core>, listener: &TcpListener) {
    let places = Semaphore::new(CONNECTIONS_MAX);
    loop {
        let place = places.acquire(1).await;
        match listener.accept().await {
            Ok((stream, peer)) => {
                let core = core.clone();
                spawn(Class::Control, async move {
                    if timeout(PATIENCE, converse(&core, &stream)).await.is_err() {
                        tracing::debug!(%peer, "a reader of the metrics is too slow");
                    }
                    stream.shutdown();
                    drop(place);
                });
            }
            Err(error) => core.warn_accept(&error),
        }
    }
}

/// One request and its answer. Nothing is told of a connection that breaks: whoever asked knows.
async fn converse(core: &Rc<Core>, stream: &TcpStream) {
    let answer = match head(stream).await {
        Some(Asked::Get(path)) => answer(core, &path).await,
        Some(Asked::Refused(status)) => {
            http::answer(status, "text/plain", Bytes::from_static(HELP.as_bytes()))
        }
        None => return,
    };
    // A peer that has gone needs no answer.
    let _ = stream.send(answer).await;
}

/// Receives until the head of a request is whole; `None` when the peer ends before.
async fn head(stream: &TcpStream) -> Option<Asked> {
    let mut buffer = Buffer::with_capacity(http::HEAD_BYTES_MAX);
    loop {
        if let Some(asked) = http::parse(&buffer) {
            return Some(asked);
        }
        if buffer.len() == buffer.capacity() {
            return Some(Asked::Refused(Status::TooLarge));
        }
        let (received, back) = stream.recv(buffer).await;
        buffer = back;
        if received.ok()? == 0 {
            return None;
        }
    }
}

async fn answer(core: &Rc<Core>, path: &str) -> Vec<Bytes> {
    let (content_type, write): (_, fn(Report) -> String) = match path {
        "/metrics" => (page::CONTENT_TYPE, page::write),
        "/stats" => (json::CONTENT_TYPE, json::write),
        _ => return http::answer(Status::NotFound, "text/plain", Bytes::from_static(HELP.as_bytes())),
    };
    let report = report::gather(core).await;
    // Some hundred kilobytes of text on a large machine: more than a slice of this core's time.
    let text = task::blocking(move || write(report)).await;
    http::answer(Status::Ok, content_type, text.into())
}

#[cfg(test)]
mod tests;
