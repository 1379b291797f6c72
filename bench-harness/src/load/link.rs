//! One producer's connection to one broker: requests written in order, answered in order, several of them in flight.
//!
//! One task connects, writes and reads. It ends with its worker. What was in flight when the connection broke goes back to the producer.

use super::batch::Batch;
use super::producer::Producer;
use super::signal::Signal;
use crate::client::request::Request;
use crate::client::{CLIENT_ID, Connection, Receiver, Sender, Versions, connection};
use crate::clock::{Clock, Nanos};
use futures_lite::future;
use glommio::timer::sleep;
use ottla_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use ottla_protocol::messages::{ProduceRequest, RequestHeader};
use ottla_protocol::{ApiKey, EncodeError, Encoder, Message, Records};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::{Rc, Weak};
use std::time::Duration;

/// Between attempts to connect; doubled up to the second.
const RECONNECT_WAIT: Duration = Duration::from_millis(50);
const RECONNECT_WAIT_MAX: Duration = Duration::from_secs(1);
/// What a request takes beside its batches: names, numbers and lengths.
const REQUEST_OVERHEAD_BYTES: usize = 256;

/// A batch in a request, with its lane's index.
pub type Sent = (usize, Batch);

/// A request on its way.
pub struct Flight {
    correlation_id: i32,
    /// In the order of the request: by topic and partition.
    pub batches: Vec<Sent>,
    /// When it was written to the socket; 0 before.
    pub sent_at: Nanos,
    began_at: Nanos,
}

#[derive(Default)]
struct Queues {
    version: i16,
    outgoing: VecDeque<Vec<u8>>,
    /// Eldest first: those written, then those that wait in `outgoing`.
    flights: VecDeque<Flight>,
    written: usize,
    next_correlation: i32,
}

pub struct Link {
    pub node: i32,
    /// Requests in flight at most.
    slots: usize,
    queues: RefCell<Queues>,
    is_up: Cell<bool>,
    /// Since when there has been a free slot, while there is one.
    pub free_since: Cell<Nanos>,
    work: Signal,
    killed: Signal,
}

/// What the request says beside its batches.
pub struct Envelope<'a> {
    pub topics: &'a [String],
    pub acks: i16,
    pub timeout_ms: i32,
}

impl Link {
    pub fn new(node: i32, slots: usize) -> Rc<Link> {
        Rc::new(Link {
            node,
            slots,
            queues: RefCell::default(),
            is_up: Cell::new(false),
            free_since: Cell::new(0),
            work: Signal::default(),
            killed: Signal::default(),
        })
    }

    pub fn is_up(&self) -> bool {
        self.is_up.get()
    }

    /// Whether a request may be sent.
    pub fn has_slot(&self) -> bool {
        self.is_up.get() && self.queues.borrow().flights.len() < self.slots
    }

    pub fn is_idle(&self) -> bool {
        self.queues.borrow().flights.is_empty()
    }

    /// A request of `in_flight`, itself included, is over.
    fn freed(&self, in_flight: usize, now: Nanos) {
        if in_flight >= self.slots {
            self.free_since.set(now);
        }
    }

    /// Queues a request of `batches`, each with the topic and partition that it is for.
    /// # Errors
    /// The batches, which could not be put into a request of this broker's version.
    pub fn enqueue(
        &self,
        envelope: &Envelope<'_>,
        batches: Vec<(usize, i32, Sent)>,
        now: Nanos,
    ) -> Result<(), Vec<Sent>> {
        let mut queues = self.queues.borrow_mut();
        let correlation_id = queues.next_correlation;
        let frame = produce_frame(envelope, &batches, queues.version, correlation_id);
        let batches = batches.into_iter().map(|(_, _, sent)| sent).collect();
        let Ok(frame) = frame else { return Err(batches) };
        queues.next_correlation = correlation_id.wrapping_add(1);
        queues.outgoing.push_back(frame);
        queues.flights.push_back(Flight { correlation_id, batches, sent_at: 0, began_at: now });
        self.work.notify();
        Ok(())
    }

    /// Since when the eldest request waits for its answer.
    pub fn eldest(&self) -> Option<Nanos> {
        self.queues.borrow().flights.front().map(|flight| flight.began_at)
    }

    pub fn records_in_flight(&self) -> u64 {
        let queues = self.queues.borrow();
        let batches = queues.flights.iter().flat_map(|flight| &flight.batches);
        batches.map(|(_, batch)| batch.record_count() as u64).sum()
    }

    /// Breaks the connection off.
    pub fn kill(&self) {
        self.killed.notify();
    }

    fn up(&self, versions: &Versions, now: Nanos) -> Option<()> {
        let mut queues = self.queues.borrow_mut();
        queues.version = versions.of::<ProduceRequest<'_>>()?;
        self.is_up.set(true);
        self.free_since.set(now);
        Some(())
    }

    /// What was in flight, eldest first.
    fn down(&self) -> VecDeque<Flight> {
        self.is_up.set(false);
        let mut queues = self.queues.borrow_mut();
        queues.outgoing.clear();
        queues.written = 0;
        std::mem::take(&mut queues.flights)
    }
}

/// Keeps `link` connected to `address` until the worker ends.
pub async fn run(
    link: Rc<Link>,
    address: String,
    timeout: Duration,
    clock: Clock,
    producer: Weak<RefCell<Producer>>,
    has_answers: bool,
) {
    let mut wait = RECONNECT_WAIT;
    loop {
        let opened = Connection::open(&address, timeout).await;
        let Some(owner) = producer.upgrade() else { return };
        match opened {
            Ok(connection) => {
                let (mut sender, mut receiver, versions) = connection.into_parts();
                if link.up(&versions, clock.now()).is_none() {
                    owner.borrow_mut().unsupported(&address);
                    return;
                }
                wait = RECONNECT_WAIT;
                owner.borrow().signal.notify();
                let ended = future::or(
                    write(&link, &mut sender, &clock, &owner, has_answers),
                    future::or(read(&link, &mut receiver, &clock, &owner), async {
                        link.killed.wait().await;
                        Err(io::ErrorKind::TimedOut.into())
                    }),
                )
                .await;
                let mut owner = owner.borrow_mut();
                owner.disconnected(link.down(), ended.err(), clock.now());
                owner.signal.notify();
            }
            Err(_) => {
                let mut owner = owner.borrow_mut();
                owner.connection_error();
                owner.needs_leaders();
            }
        }
        sleep(wait).await;
        wait = (wait * 2).min(RECONNECT_WAIT_MAX);
    }
}

async fn write(
    link: &Link,
    sender: &mut Sender,
    clock: &Clock,
    producer: &RefCell<Producer>,
    has_answers: bool,
) -> io::Result<()> {
    loop {
        let next = link.queues.borrow_mut().outgoing.pop_front();
        let Some(frame) = next else {
            link.work.wait().await;
            continue;
        };
        sender.send(&frame).await?;
        let now = clock.now();
        let mut queues = link.queues.borrow_mut();
        let at = queues.written;
        queues.written += 1;
        if let Some(flight) = queues.flights.get_mut(at) {
            flight.sent_at = now;
            producer.borrow_mut().written(&flight.batches, now);
        }
        if !has_answers {
            queues.written -= 1;
            let in_flight = queues.flights.len();
            let flight = queues.flights.pop_front();
            drop(queues);
            link.freed(in_flight, now);
            let mut producer = producer.borrow_mut();
            if let Some(flight) = flight {
                producer.unanswered(flight);
            }
            producer.signal.notify();
        }
    }
}

async fn read(
    link: &Link,
    receiver: &mut Receiver,
    clock: &Clock,
    producer: &RefCell<Producer>,
) -> io::Result<()> {
    let mut frame = Vec::new();
    loop {
        receiver.receive(&mut frame).await?;
        let now = clock.now();
        let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let (version, in_flight, flight) = {
            let mut queues = link.queues.borrow_mut();
            queues.written = queues.written.saturating_sub(1);
            let in_flight = queues.flights.len();
            let flight = queues.flights.pop_front().ok_or_else(|| wrong("an answer to nothing"))?;
            (queues.version, in_flight, flight)
        };
        link.freed(in_flight, now);
        let decoded = connection::decode::<ProduceRequest<'_>>(&frame, version);
        let mut producer = producer.borrow_mut();
        match decoded {
            Ok((correlation_id, response)) if correlation_id == flight.correlation_id => {
                producer.answered(flight, &response, now);
                producer.signal.notify();
            }
            // Its records may be there or not: they go back with those behind it.
            _ => {
                link.queues.borrow_mut().flights.push_front(flight);
                return Err(wrong("no answer to what was asked"));
            }
        }
    }
}

fn produce_frame(
    envelope: &Envelope<'_>,
    batches: &[(usize, i32, Sent)],
    version: i16,
    correlation_id: i32,
) -> Result<Vec<u8>, EncodeError> {
    let mut request = ProduceRequest {
        transactional_id: None,
        acks: envelope.acks,
        timeout_ms: envelope.timeout_ms,
        topic_data: Vec::new(),
    };
    let mut last_topic = None;
    let mut bytes = REQUEST_OVERHEAD_BYTES;
    for (topic, partition, (_, batch)) in batches {
        if last_topic != Some(*topic) {
            last_topic = Some(*topic);
            let name = envelope.topics.get(*topic).map_or("", String::as_str);
            request.topic_data.push(TopicProduceData { name: Cow::Borrowed(name), ..Default::default() });
            bytes += name.len() + 16;
        }
        bytes += batch.whole().len() + 16;
        if let Some(data) = request.topic_data.last_mut() {
            data.partition_data.push(PartitionProduceData {
                index: *partition,
                records: Some(Records::Slice(batch.whole())),
            });
        }
    }
    let mut encoder = Encoder::with_capacity(bytes);
    encoder.int32(0);
    let header = RequestHeader {
        request_api_key: ApiKey::Produce as i16,
        request_api_version: version,
        correlation_id,
        client_id: Some(Cow::Borrowed(CLIENT_ID)),
    };
    header.encode(&mut encoder, ApiKey::Produce.request_header_version(version))?;
    Request::encode(&request, &mut encoder, version)?;
    let length = encoder.len().saturating_sub(4);
    let mut parts = encoder.into_parts();
    // Borrowed records lie in the one part, whose only owner this is: taking it out copies nothing.
    let mut frame = match parts.pop() {
        Some(only) if parts.is_empty() => Vec::from(only),
        last => parts.into_iter().chain(last).flatten().collect(),
    };
    let length = u32::try_from(length).map_err(|_| EncodeError::TooLong)?;
    if let Some(prefix) = frame.first_chunk_mut::<4>() {
        *prefix = length.to_be_bytes();
    }
    Ok(frame)
}
