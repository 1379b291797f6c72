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
use crate::api::{self, Answer, Outcome, Request, Response};
use crate::core::Core;
use crate::stats::{Kind, Stage};
use bytes::Bytes;
use ottla_io::counters::add;
use ottla_io::local::{Event, Permit, queue};
use ottla_io::net::TcpStream;
use ottla_io::{Class, Instant, recently, spawn};
use smallvec::SmallVec;
use std::cell::Cell;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
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
    kind: Kind,
    /// When the length of its request was known.
    began: Instant,
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
        write(core.clone(), stream.clone(), registered.connection.clone(), waiting, progress.clone()),
    );
    let reader = FrameReader::new(core.clone(), stream.clone(), registered.connection.clone());
    match read(&core, reader, answers, &progress, (listener, peer.ip())).await {
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
    (listener, peer): (usize, IpAddr),
) -> End {
    let mut stopped = pin!(core.stopping.wait());
    loop {
        // A broker that stops answers what it has read, and reads no more: a silent client does not hold it up, nor does
        // a busy one.
        let next = unless(stopped.as_mut(), frames.next()).await;
        let Some(next) = next.filter(|_| !core.is_stopping()) else { return End::Quiet };
        let mut frame = match next {
            Ok(frame) => frame,
            Err(FrameError::Closed | FrameError::Io(_)) => return End::Quiet,
            Err(error) => return End::Told(error.to_string()),
        };
        add(&core.stats.net.request_bytes, 4 + frame.bytes.len() as u64);
        let request = match Request::parse(frame.bytes, listener, peer) {
            Ok(request) => request,
            Err(reason) => return End::Told(reason),
        };
        let (kind, received) = (request.kind(), request.context.received);
        core.stats.requests.count(request.context.key);
        core.stats.stages.record(kind, Stage::Admitted, frame.began, received);
        if !request.overlaps() {
            all_answered(progress).await;
        }
        if progress.broken.get() {
            return End::Quiet;
        }
        let answer = match api::serve(core, request, &mut frame.permit).await {
            Outcome::Answer(Answer::Ready(mut response)) if kind == Kind::Other => {
                response.answered = ottla_io::now();
                core.stats.stages.record(kind, Stage::Handled, received, response.answered);
                Answer::Ready(response)
            }
            Outcome::Answer(answer) => answer,
            Outcome::Nothing => continue,
            Outcome::Close(reason) => {
                all_answered(progress).await;
                return End::Told(reason);
            }
        };
        progress.unanswered.set(progress.unanswered.get() + 1);
        let waiting = Waiting { answer, permit: frame.permit, kind, began: frame.began };
        if answers.send(waiting).await.is_err() {
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
    core: Rc<Core>,
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
        let Waiting { answer, permit, kind, began } = first;
        let mut sending = Sending::default();
        let answered = match answer {
            Answer::Ready(response) => Some(response),
            Answer::Later(future) => future.await,
        };
        let Some(response) = answered else { return };
        sending.released = recently();
        sending.add(&core, response, permit, (kind, began));
        while sending.bytes < SEND_BYTES && sending.parts.len() < SEND_PARTS {
            let Some(mut following) = waiting.try_recv() else { break };
            match ready_now(&mut following.answer).await {
                Some(Some(response)) => {
                    sending.add(&core, response, following.permit, (following.kind, following.began));
                }
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
        sending.sent(&core);
        progress.unanswered.set(progress.unanswered.get().saturating_sub(sending.requests.len()));
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
    /// Of each response what its request was, and when it began.
    requests: SmallVec<[(Kind, Instant); 4]>,
    /// When the first of them was the connection's next.
    released: Instant,
    permits: Vec<Permit>,
    /// The connection is to be closed after this.
    last: bool,
}

impl Sending {
    fn add(&mut self, core: &Core, response: Response, permit: Permit, request: (Kind, Instant)) {
        let Response { parts, permit: response_permit, answered } = response;
        core.stats.stages.record(request.0, Stage::Released, answered, self.released);
        self.bytes += parts.iter().map(Bytes::len).sum::<usize>();
        if self.parts.is_empty() {
            self.parts = parts
        } else {
            self.parts.extend(parts)
        }
        self.requests.push(request);
        self.permits.push(permit);
        self.permits.extend(response_permit);
    }

    fn sent(&self, core: &Core) {
        let (stats, now) = (&core.stats, recently());
        add(&stats.net.response_bytes, self.bytes as u64);
        for (kind, began) in &self.requests {
            stats.stages.record(*kind, Stage::Sent, self.released, now);
            stats.stages.record(*kind, Stage::Total, *began, now);
        }
    }
}

struct BrokenOnDrop(Rc<Progress>);

impl Drop for BrokenOnDrop {
    fn drop(&mut self) {
        self.0.broken.set(true);
        self.0.changed.notify_all();
    }
}
