//! One connection: requests in, responses out in the same order.
//!
//! ```text
//!  reader task: frame ─▶ header ─▶ api ─▶ answer ──queue──▶ writer task: await each in order ─▶ one vectored send
//! ```
//! Produce requests overlap: each has appended before the next is looked at, and its answer waits for the disk in the
//! queue. Every other request waits until all before it are answered, and is answered before the next begins, so a
//! client sees its own requests in order, as with Kafka, whose connections do one request at a time.

use super::connections::{Connection, Connections};
use super::frames::{FrameError, FrameReader};
use crate::api::{self, Answer, Outcome, Request};
use crate::core::Core;
use bytes::Bytes;
use ottla_io::local::{Event, Permit, queue};
use ottla_io::net::TcpStream;
use ottla_io::{Class, spawn};
use std::cell::Cell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

/// Requests of one connection that may wait for their answers. Kafka's clients keep five.
const ANSWERS_MAX: usize = 64;
/// A send takes further answers that are ready until it has this much.
const SEND_BYTES: usize = 256 << 10;
/// iovecs of one send; the kernel takes 1,024.
const SEND_PARTS: usize = 256;

/// An answer in line, with what it still holds.
struct Waiting {
    answer: Answer,
    permit: Permit,
}

/// What reader and writer share.
#[derive(Default)]
struct Progress {
    unanswered: Cell<usize>,
    changed: Event,
    /// The writer has ended: nothing can be answered any more.
    broken: Cell<bool>,
}

/// Serves a connection until either side ends it.
pub(crate) async fn serve(core: Rc<Core>, stream: TcpStream, peer: SocketAddr, listener: usize) {
    let registered = Connections::register(&core, &stream, peer);
    let progress = Rc::new(Progress::default());
    let (answers, waiting) = queue::bounded(ANSWERS_MAX);
    let writer = spawn(
        Class::Foreground,
        write(stream.clone(), registered.connection.clone(), waiting, progress.clone()),
    );
    let reader = FrameReader::new(core.clone(), stream.clone(), registered.connection.clone());
    match read(&core, reader, answers, &progress, listener).await {
        End::Quiet => {}
        End::Told(reason) => tracing::info!(%peer, "connection closed: {reason}"),
    }
    // What was asked for is still answered: the writer ends when the queue's sender is gone.
    if writer.await.is_err() {
        tracing::error!(%peer, "the writer of a connection panicked");
    }
    stream.shutdown();
}

/// How a connection ended.
enum End {
    Quiet,
    Told(String),
}

async fn read(
    core: &Rc<Core>,
    mut frames: FrameReader,
    answers: queue::Sender<Waiting>,
    progress: &Rc<Progress>,
    listener: usize,
) -> End {
    let mut stopped = pin!(core.stopping.wait());
    loop {
        // A broker that stops answers what it has read, and reads no more: a silent client does not hold it up, nor does
        // a busy one.
        let next = unless(stopped.as_mut(), frames.next()).await;
        let Some(next) = next.filter(|_| !core.is_stopping()) else { return End::Quiet };
        let frame = match next {
            Ok(frame) => frame,
            Err(FrameError::Closed | FrameError::Io(_)) => return End::Quiet,
            Err(error) => return End::Told(error.to_string()),
        };
        let request = match Request::parse(frame.bytes, listener) {
            Ok(request) => request,
            Err(reason) => return End::Told(reason),
        };
        if !request.overlaps() {
            all_answered(progress).await;
        }
        if progress.broken.get() {
            return End::Quiet;
        }
        let answer = match api::serve(core, request).await {
            Outcome::Answer(answer) => answer,
            Outcome::Nothing => continue,
            Outcome::Close(reason) => {
                all_answered(progress).await;
                return End::Told(reason);
            }
        };
        progress.unanswered.set(progress.unanswered.get() + 1);
        if answers.send(Waiting { answer, permit: frame.permit }).await.is_err() {
            return End::Quiet;
        }
    }
}

/// What `future` gives, or `None` once `stopped` is there.
async fn unless<T>(
    mut stopped: Pin<&mut impl Future<Output = ()>>,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        stopped.as_mut().poll(context).map(|()| None)
    })
    .await
}

async fn all_answered(progress: &Progress) {
    loop {
        let changed = progress.changed.wait();
        if progress.unanswered.get() == 0 || progress.broken.get() {
            return;
        }
        changed.await;
    }
}

/// Sends answers in order; several that are ready go out together.
async fn write(
    stream: TcpStream,
    connection: Rc<Connection>,
    mut waiting: queue::Receiver<Waiting>,
    progress: Rc<Progress>,
) {
    let _broken = BrokenOnDrop(progress.clone());
    let mut next = None;
    loop {
        let first = match next.take() {
            Some(waiting) => waiting,
            None => match waiting.recv().await {
                Some(waiting) => waiting,
                None => return,
            },
        };
        let Waiting { answer, permit } = first;
        let mut sending = Sending::default();
        let answered = match answer {
            Answer::Ready(response) => Some(response),
            Answer::Later(future) => future.await,
        };
        let Some(response) = answered else { return };
        sending.add(response.parts, permit, response.permit);
        while sending.bytes < SEND_BYTES && sending.parts.len() < SEND_PARTS {
            let Some(mut following) = waiting.try_recv() else { break };
            match ready_now(&mut following.answer).await {
                Some(Some(response)) => sending.add(response.parts, following.permit, response.permit),
                Some(None) => {
                    next = None;
                    sending.last = true;
                    break;
                }
                None => {
                    next = Some(following);
                    break;
                }
            }
        }
        connection.stalls_from_now();
        let sent = stream.send(std::mem::take(&mut sending.parts)).await;
        connection.moves_again();
        connection.active();
        progress.unanswered.set(progress.unanswered.get().saturating_sub(sending.count));
        progress.changed.notify_all();
        if sent.is_err() || sending.last {
            return;
        }
    }
}

/// The response if it is there already. `Some(None)`: the connection is to be closed instead.
async fn ready_now(answer: &mut Answer) -> Option<Option<api::Response>> {
    match answer {
        Answer::Ready(response) => Some(Some(std::mem::take(response))),
        Answer::Later(future) => {
            poll_fn(|context| {
                Poll::Ready(match Pin::new(&mut *future).poll(context) {
                    Poll::Ready(response) => Some(response),
                    Poll::Pending => None,
                })
            })
            .await
        }
    }
}

/// Responses that leave together, with the memory that is counted for them.
#[derive(Default)]
struct Sending {
    parts: Vec<Bytes>,
    bytes: usize,
    count: usize,
    permits: Vec<Permit>,
    /// The connection is to be closed after this.
    last: bool,
}

impl Sending {
    fn add(&mut self, parts: Vec<Bytes>, request: Permit, response: Option<Permit>) {
        self.bytes += parts.iter().map(Bytes::len).sum::<usize>();
        if self.parts.is_empty() {
            self.parts = parts
        } else {
            self.parts.extend(parts)
        }
        self.count += 1;
        self.permits.push(request);
        self.permits.extend(response);
    }
}

struct BrokenOnDrop(Rc<Progress>);

impl Drop for BrokenOnDrop {
    fn drop(&mut self) {
        self.0.broken.set(true);
        self.0.changed.notify_all();
    }
}
