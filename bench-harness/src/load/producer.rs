//! One producer: takes records as they become due, fills batches, sends them, and counts what comes back.
//!
//! It has a task of its own, and one for each of its connections (see [`super::link`]), all on one executor. A record that is due waits in the
//! schedule until there is room for it, so nothing here grows while a broker stalls, and its latency counts from when it was due.

use super::batch::{Batch, NewRecord};
use super::interval::Recorder;
use super::lane::{Bounds, Lane};
use super::ledger::{Acknowledged, StreamId};
use super::link::{self, Envelope, Flight, Link, Sent};
use super::plan::{Plan, Times};
use super::signal::Signal;
use super::source::{Due, Source, Target};
use super::stamp::{Form, Stamp};
use crate::client::admin::ProducerId;
use crate::client::{Cluster, TopicMap};
use crate::clock::{MILLISECOND, Nanos};
use crate::workload::{Acks, Partitioner};
use glommio::timer::sleep;
use ottla_protocol::messages::ProduceResponse;
use ottla_protocol::messages::produce_response::PartitionProduceResponse;
use ottla_protocol::{Compression, ErrorCode};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// So much is drawn from the schedule before what is ready is sent.
const DRAW_BYTES: usize = 256 << 10;
/// Wakes at least so often, to notice requests that are not answered.
const LOOK_NS: Nanos = 100 * MILLISECOND;
/// Lengths, deltas and a header's key: at most this.
const RECORD_OVERHEAD_BYTES: usize = 40;
const RETRY_NS: Nanos = 100 * MILLISECOND;
const HOUSEKEEPING_WAIT: Duration = Duration::from_millis(100);

pub struct Producer {
    id: u32,
    plan: Arc<Plan>,
    recorder: Rc<RefCell<Recorder>>,
    pub signal: Rc<Signal>,
    housekeeping: Rc<Signal>,
    form: Form,
    bounds: Bounds,
    compression: Compression,
    /// Of a record in a batch, with what surrounds it.
    record_bytes_max: usize,
    lanes: Vec<Lane>,
    /// The lanes of each topic.
    topics: Vec<Range<usize>>,
    /// Where records without a key go for now.
    sticky: usize,
    /// The topic of the next record with a key.
    next_topic: usize,
    /// Lanes that have batches, in the order in which they get their turn.
    queued: VecDeque<usize>,
    is_queued: Vec<bool>,
    links: BTreeMap<i32, Rc<Link>>,
    spare: Vec<Batch>,
    identity: Option<ProducerId>,
    /// Leaders have to be asked for, or an identity.
    is_stale: bool,
    needs_identity: bool,
    pub acknowledged: Acknowledged,
    /// Records that were given up.
    pub given_up: u64,
    /// Why this producer can't go on.
    pub fault: Option<String>,
}

/// What a producer leaves undone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// Became due, or should have, and were never sent.
    pub unsent: u64,
    /// Were sent and neither acknowledged nor refused.
    pub unanswered: u64,
    pub given_up: u64,
}

impl Producer {
    /// `id` counts over all producers of the load.
    pub fn new(id: usize, plan: &Arc<Plan>, recorder: &Rc<RefCell<Recorder>>) -> Rc<RefCell<Producer>> {
        let settings = &plan.workload.producers;
        let mut lanes = Vec::new();
        let mut topics = Vec::new();
        for index in plan.topics_of(id, settings.spread) {
            let first = lanes.len();
            let name = plan.topics.get(index).map_or("", String::as_str);
            let partitions = plan.leaders.get(name).map(Vec::as_slice).unwrap_or_default();
            lanes.extend(
                partitions.iter().map(|partition| Lane::new(index, partition.index, partition.leader)),
            );
            topics.push(first..lanes.len());
        }
        let producer = Producer {
            id: id as u32,
            plan: Arc::clone(plan),
            recorder: Rc::clone(recorder),
            signal: Rc::default(),
            housekeeping: Rc::default(),
            form: plan.form(),
            bounds: Bounds {
                batch_bytes: settings.batch_bytes,
                batch_records: settings.batch_records,
                linger_ns: (settings.linger_ms * MILLISECOND as f64) as Nanos,
                queue_max: plan.in_flight_max().max(2),
            },
            compression: Compression::from_name(&settings.codec).unwrap_or_default(),
            record_bytes_max: plan.payloads.largest_bytes()
                + plan.key_bytes_max()
                + super::stamp::FULL_BYTES
                + RECORD_OVERHEAD_BYTES,
            // Producers start at different partitions.
            sticky: id.checked_rem(lanes.len()).unwrap_or(0),
            next_topic: 0,
            queued: VecDeque::new(),
            is_queued: vec![false; lanes.len()],
            lanes,
            topics,
            links: BTreeMap::new(),
            spare: Vec::new(),
            identity: None,
            is_stale: false,
            needs_identity: settings.idempotence,
            acknowledged: Acknowledged::new(),
            given_up: 0,
            fault: None,
        };
        Rc::new(RefCell::new(producer))
    }

    /// Starts the connections and the housekeeping.
    pub fn start(this: &Rc<RefCell<Producer>>) {
        let nodes = this.borrow().plan.nodes.clone();
        Producer::connect(this, &nodes);
        let housekeeping = housekeeping(Rc::clone(this));
        glommio::spawn_local(housekeeping).detach();
    }

    /// Whether it can begin: connected to every leader, and with an identity if it needs one.
    pub fn is_ready(&self) -> bool {
        !self.needs_identity && !self.links.is_empty() && self.links.values().all(|link| link.is_up())
    }

    /// Connects to leaders that have no connection yet.
    fn connect(this: &Rc<RefCell<Producer>>, nodes: &BTreeMap<i32, String>) {
        let mut new = Vec::new();
        let plan = {
            let mut producer = this.borrow_mut();
            let slots = producer.plan.in_flight_max();
            let leaders: BTreeSet<i32> = producer.lanes.iter().map(|lane| lane.leader).collect();
            for leader in leaders {
                if let Some(address) = nodes.get(&leader)
                    && !producer.links.contains_key(&leader)
                {
                    let link = Link::new(leader, slots);
                    producer.links.insert(leader, Rc::clone(&link));
                    new.push((link, address.clone()));
                }
            }
            Arc::clone(&producer.plan)
        };
        let has_answers = plan.workload.producers.acks != Acks::None;
        // glommio runs a new task at once, up to its first wait: nothing may be borrowed here.
        for (link, address) in new {
            let task = link::run(link, address, plan.timeout, plan.clock, Rc::downgrade(this), has_answers);
            glommio::spawn_local(task).detach();
        }
    }

    /// Draws what is due until `now`, as far as there is room. Returns when to come back, none if only a signal can help.
    fn draw(&mut self, source: &mut Source, now: Nanos) -> Option<Nanos> {
        let is_saturating = self.plan.is_saturating();
        let limit = if is_saturating { self.bounds.batch_bytes } else { DRAW_BYTES };
        let mut drawn = 0;
        while drawn < limit {
            let intended = match source.due(now) {
                Due::Now(at) => at,
                Due::At(at) => return Some(at),
                Due::Over => return None,
            };
            let index = self.choose(source.target(), is_saturating)?;
            let lane = self.lanes.get_mut(index)?;
            let (key, value) = source.take();
            let stamp = Stamp { intended, sequence: lane.next_record(), producer: self.id };
            let stamp_bytes = self.form.bytes();
            let rest = if self.form.in_header { value } else { value.get(stamp_bytes..).unwrap_or_default() };
            let written = self.form.write(&stamp, key, rest);
            let written = written.get(..stamp_bytes).unwrap_or_default();
            let (value, header) =
                if self.form.in_header { ((rest, &[][..]), Some(written)) } else { ((written, rest), None) };
            let bytes =
                value.0.len() + value.1.len() + key.map_or(0, <[u8]>::len) + header.map_or(0, <[u8]>::len);
            lane.push(&NewRecord { intended, key, value, header }, bytes, &self.bounds, now, &mut self.spare);
            drawn += bytes.max(1);
            if let Some(is_queued) = self.is_queued.get_mut(index)
                && !std::mem::replace(is_queued, true)
            {
                self.queued.push_back(index);
            }
            if is_saturating && !self.lanes.get(index).is_some_and(Lane::is_filling) {
                break;
            }
        }
        Some(now)
    }

    /// The lane of the next record; none while it has no room.
    fn choose(&mut self, target: Target, is_saturating: bool) -> Option<usize> {
        let range = self.topics.get(self.next_topic % self.topics.len().max(1)).cloned().unwrap_or(0..0);
        if let Some(partition) = target.partition(range.len()) {
            let index = range.start + partition;
            self.lanes.get(index).filter(|lane| lane.has_room(&self.bounds))?;
            self.next_topic = (self.next_topic + 1) % self.topics.len().max(1);
            return Some(index);
        }
        let is_sticky = self.plan.workload.producers.partitioner == Partitioner::Sticky;
        if is_sticky && self.lanes.get(self.sticky).is_some_and(Lane::is_filling) {
            return Some(self.sticky);
        }
        let count = self.lanes.len();
        for step in 1..=count {
            let index = (self.sticky + step) % count;
            let has_room = self.lanes.get(index).is_some_and(|lane| {
                lane.has_room(&self.bounds) && (!is_saturating || self.has_slot(lane.leader))
            });
            if has_room {
                self.sticky = index;
                return Some(index);
            }
        }
        None
    }

    fn has_slot(&self, leader: i32) -> bool {
        self.links.get(&leader).is_some_and(|link| link.has_slot())
    }

    fn has_any_slot(&self) -> bool {
        self.links.values().any(|link| link.has_slot())
    }

    /// Sends what is ready on connections that have a slot; returns how many requests that were.
    fn dispatch(&mut self, now: Nanos, flush: bool) -> usize {
        if self.needs_identity {
            return 0;
        }
        let plan = Arc::clone(&self.plan);
        let settings = &plan.workload.producers;
        let envelope = Envelope {
            topics: &plan.topics,
            acks: settings.acks.wire(),
            timeout_ms: i32::try_from(settings.request_timeout_ms).unwrap_or(i32::MAX),
        };
        let mut requests = 0;
        let links: Vec<Rc<Link>> = self.links.values().map(Rc::clone).collect();
        for link in links {
            while link.has_slot() {
                let batches = self.gather(&link, now, flush);
                if batches.is_empty() {
                    break;
                }
                requests += 1;
                self.recorder.borrow_mut().interval.counts.produce_requests += 1;
                if let Err(batches) = link.enqueue(&envelope, batches, now) {
                    self.fault = Some("a produce request could not be encoded".to_owned());
                    for (lane, batch) in batches {
                        self.give_up(lane, batch);
                    }
                }
            }
        }
        requests
    }

    /// Takes a batch from each lane that is ready and led by the link's broker, as many as go into one request; in its order.
    fn gather(&mut self, link: &Link, now: Nanos, flush: bool) -> Vec<(usize, i32, Sent)> {
        let settings = &self.plan.workload.producers;
        let mut batches = Vec::new();
        let mut bytes = 0;
        for _ in 0..self.queued.len() {
            let Some(index) = self.queued.pop_front() else { break };
            let Some(lane) = self.lanes.get_mut(index) else { continue };
            let fits = batches.is_empty() || bytes + lane.front_bytes() <= settings.request_bytes;
            if lane.leader == link.node
                && fits
                && lane.is_ready(now, flush)
                && let Some(mut batch) = lane.take(settings.idempotence)
            {
                if batch.attempts == 1 {
                    let could_at = batch.ready_at.max(link.free_since.get());
                    self.recorder.borrow_mut().paced(&batch.intended, now - could_at);
                }
                batch.seal(self.compression, settings.level, self.identity);
                bytes += batch.whole().len();
                batches.push((lane.topic, lane.partition, (index, batch)));
            }
            if lane.is_empty() {
                if let Some(is_queued) = self.is_queued.get_mut(index) {
                    *is_queued = false;
                }
            } else {
                self.queued.push_back(index);
            }
        }
        batches.sort_by_key(|(topic, partition, _)| (*topic, *partition));
        batches
    }

    /// When a batch becomes ready by waiting alone.
    fn next_ready(&self) -> Option<Nanos> {
        let lanes = self.queued.iter().filter_map(|index| self.lanes.get(*index));
        lanes.filter(|lane| self.has_slot(lane.leader)).filter_map(Lane::ready_at).min()
    }

    /// When to look at the schedule again, whose next record is due at `next`. Without linger that is when it is due. With it nothing can
    /// leave before that record has lingered or a batch is full, and to wake for each record would cost more than to send it.
    fn next_look(&self, source: &Source, next: Nanos) -> Nanos {
        if self.bounds.linger_ns == 0 {
            return next;
        }
        let lanes = self.lanes.iter().map(|lane| lane.records_to_full(self.record_bytes_max, &self.bounds));
        let to_full = lanes.min().unwrap_or(1);
        let full_at = source.not_before(to_full - 1).unwrap_or(next);
        full_at.min(next.saturating_add(self.bounds.linger_ns))
    }

    fn is_idle(&self) -> bool {
        self.queued.is_empty() && self.links.values().all(|link| link.is_idle())
    }

    /// Breaks connections off whose eldest request waits too long.
    fn look_for_silence(&self, now: Nanos) {
        let timeout = self.plan.workload.producers.request_timeout_ms as Nanos * MILLISECOND;
        for link in self.links.values() {
            if link.eldest().is_some_and(|since| now - since > timeout) {
                link.kill();
            }
        }
    }

    // What the connections report.

    pub fn written(&mut self, batches: &[Sent], now: Nanos) {
        let mut recorder = self.recorder.borrow_mut();
        for (_, batch) in batches.iter().filter(|(_, batch)| batch.attempts == 1) {
            recorder.sent(&batch.intended, now);
        }
    }

    /// With acks=0 there is nothing to wait for.
    pub fn unanswered(&mut self, flight: Flight) {
        for (index, batch) in flight.batches {
            self.plan.shared.acknowledged.fetch_add(batch.record_count() as u64, Ordering::Relaxed);
            self.landed(index, batch);
        }
    }

    pub fn answered(&mut self, flight: Flight, response: &ProduceResponse<'_>, now: Nanos) {
        let sent_at = flight.sent_at;
        let answers: Vec<(&str, &PartitionProduceResponse<'_>)> = response
            .responses
            .iter()
            .flat_map(|topic| topic.partition_responses.iter().map(|answer| (&*topic.name, answer)))
            .collect();
        for (place, (index, batch)) in flight.batches.into_iter().enumerate() {
            let Some(lane) = self.lanes.get(index) else { continue };
            let topic = self.plan.topics.get(lane.topic).map_or("", String::as_str);
            let is_it = |(name, answer): &&(&str, &PartitionProduceResponse<'_>)| {
                answer.index == lane.partition && *name == topic
            };
            // Brokers answer in the order of the request, as a rule.
            let answer = answers.get(place).filter(is_it).or_else(|| answers.iter().find(is_it));
            let answer = answer.map(|(_, answer)| answer);
            let code = answer.map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |answer| ErrorCode(answer.error_code));
            match code {
                // Sent again, it was there already: the first answer was lost.
                ErrorCode::NONE | ErrorCode::DUPLICATE_SEQUENCE_NUMBER => {
                    let (intended, bytes) = (&batch.intended, batch.payload_bytes);
                    self.recorder.borrow_mut().acknowledged(intended, bytes, sent_at, now);
                    self.plan.shared.acknowledged.fetch_add(batch.record_count() as u64, Ordering::Relaxed);
                    self.landed(index, batch);
                }
                code => {
                    self.recorder.borrow_mut().error(code.name(), 1);
                    self.refused(index, batch, code, now);
                }
            }
        }
    }

    fn landed(&mut self, index: usize, batch: Batch) {
        let Some(lane) = self.lanes.get_mut(index) else { return };
        lane.landed();
        if self.plan.verify {
            let id = StreamId { producer: self.id, topic: lane.topic, partition: lane.partition };
            let first = batch.record_sequence;
            self.acknowledged.entry(id).or_default().insert(first..first + batch.record_count() as u64);
        }
        self.spare.push(batch);
    }

    fn refused(&mut self, index: usize, batch: Batch, code: ErrorCode, now: Nanos) {
        let idempotent = self.plan.workload.producers.idempotence;
        // Behind a batch that failed, sequences are out of order until that one is sent again.
        let is_behind = idempotent && code == ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER && batch.attempts < 10;
        let timeout = self.plan.workload.producers.delivery_timeout_ms as Nanos * MILLISECOND;
        let is_old = batch.intended.first().is_some_and(|first| now - first > timeout);
        if is_old || !(code.is_retriable() || is_behind) {
            return self.give_up(index, batch);
        }
        if code != ErrorCode::CORRUPT_MESSAGE && !is_behind {
            self.needs_leaders();
        }
        self.again(index, batch, now + RETRY_NS);
    }

    fn again(&mut self, index: usize, batch: Batch, retry_at: Nanos) {
        let Some(lane) = self.lanes.get_mut(index) else { return };
        lane.failed(batch, retry_at);
        if let Some(is_queued) = self.is_queued.get_mut(index)
            && !std::mem::replace(is_queued, true)
        {
            self.queued.push_back(index);
        }
    }

    fn give_up(&mut self, index: usize, batch: Batch) {
        self.given_up += batch.record_count() as u64;
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.landed();
        }
        // Its sequences would be missing for ever: another producer id begins anew.
        if self.plan.workload.producers.idempotence {
            self.needs_identity = true;
            self.housekeeping.notify();
        }
        self.spare.push(batch);
    }

    pub fn disconnected(&mut self, flights: VecDeque<Flight>, error: Option<io::Error>, now: Nanos) {
        if error.is_some() && !self.plan.shared.is_stopped() {
            self.connection_error();
        }
        let idempotent = self.plan.workload.producers.idempotence;
        let acks_none = self.plan.workload.producers.acks == Acks::None;
        for flight in flights {
            for (index, mut batch) in flight.batches {
                if flight.sent_at == 0 {
                    // It never left: its next time is its first.
                    batch.attempts = batch.attempts.saturating_sub(1);
                }
                let timeout = self.plan.workload.producers.delivery_timeout_ms as Nanos * MILLISECOND;
                let is_old = batch.intended.first().is_some_and(|first| now - first > timeout);
                if is_old && !idempotent || acks_none && flight.sent_at > 0 {
                    self.give_up(index, batch);
                } else {
                    self.again(index, batch, now);
                }
            }
        }
        self.needs_leaders();
    }

    pub fn connection_error(&mut self) {
        self.recorder.borrow_mut().error("connection", 1);
    }

    pub fn unsupported(&mut self, address: &str) {
        self.fault = Some(format!("{address} serves no version of Produce that is known here"));
        self.signal.notify();
    }

    pub fn needs_leaders(&mut self) {
        self.is_stale = true;
        self.housekeeping.notify();
    }

    fn take_leaders(&mut self, map: &TopicMap) {
        for lane in &mut self.lanes {
            let name = self.plan.topics.get(lane.topic).map_or("", String::as_str);
            let found = map.get(name).into_iter().flatten().find(|known| known.index == lane.partition);
            if let Some(found) = found {
                lane.leader = found.leader;
            }
        }
        self.is_stale = false;
    }

    fn take_identity(&mut self, identity: ProducerId) {
        for lane in &mut self.lanes {
            lane.renumber();
        }
        self.identity = Some(identity);
        self.needs_identity = false;
    }

    fn undone(&self, source: &Source) -> Undone {
        let waiting: u64 = self.lanes.iter().map(|lane| lane.waiting().count() as u64).sum();
        let unanswered = self.links.values().map(|link| link.records_in_flight()).sum();
        Undone { unsent: source.remaining() + waiting, unanswered, given_up: self.given_up }
    }
}

/// Makes the load until the schedule is over and everything was answered, or the time to drain is.
pub async fn run(this: Rc<RefCell<Producer>>, times: Times) -> Undone {
    let (plan, signal) = {
        let producer = this.borrow();
        (Arc::clone(&producer.plan), Rc::clone(&producer.signal))
    };
    let clock = plan.clock;
    let mut source = Source::new(&plan, this.borrow().id as usize, &times);
    loop {
        let now = clock.now();
        let deadline = {
            let mut producer = this.borrow_mut();
            producer.look_for_silence(now);
            let is_over = source.due(now) == Due::Over;
            if now >= times.drained
                || plan.shared.is_stopped()
                || producer.fault.is_some()
                || is_over && producer.is_idle()
            {
                return producer.undone(&source);
            }
            let may_draw = !plan.is_saturating() || producer.has_any_slot() && !producer.needs_identity;
            let drawn = if may_draw { producer.draw(&mut source, now) } else { None };
            let drawn = drawn.map(|at| if at > now { producer.next_look(&source, at) } else { at });
            let requests = producer.dispatch(now, plan.is_saturating() || is_over);
            if requests > 0 {
                now
            } else {
                let sooner = |one: Nanos, other: Option<Nanos>| other.map_or(one, |other| one.min(other));
                let ready = producer.next_ready().filter(|at| *at > now);
                sooner(sooner(now + LOOK_NS, drawn), ready)
            }
        };
        signal.wait_until(&clock, deadline).await;
    }
}

/// Asks for leaders and for an identity when they are needed, through connections of its own.
async fn housekeeping(this: Rc<RefCell<Producer>>) {
    let (plan, signal, wanted) = {
        let producer = this.borrow();
        (Arc::clone(&producer.plan), Rc::clone(&producer.signal), Rc::clone(&producer.housekeeping))
    };
    let topics: Vec<String> = {
        let producer = this.borrow();
        let mut topics: Vec<usize> = producer.lanes.iter().map(|lane| lane.topic).collect();
        topics.dedup();
        topics.into_iter().filter_map(|index| plan.topics.get(index).cloned()).collect()
    };
    loop {
        let (is_stale, needs_identity, in_flight) = {
            let producer = this.borrow();
            let in_flight: usize = producer.lanes.iter().map(|lane| lane.in_flight).sum();
            (producer.is_stale, producer.needs_identity, in_flight)
        };
        if !is_stale && !needs_identity {
            wanted.wait().await;
            continue;
        }
        if let Ok(mut cluster) = Cluster::connect(&plan.bootstrap, plan.timeout).await {
            if is_stale && let Ok(map) = cluster.refresh(&topics).await {
                this.borrow_mut().take_leaders(&map);
                Producer::connect(&this, &cluster.nodes);
            }
            // An identity may only change when nothing is on its way under the old one.
            if needs_identity && in_flight == 0 {
                match cluster.producer_id().await {
                    Ok(identity) => this.borrow_mut().take_identity(identity),
                    Err(error) if !error.is_retriable() => {
                        this.borrow_mut().fault = Some(error.to_string());
                    }
                    Err(_) => {}
                }
            }
        }
        signal.notify();
        sleep(HOUSEKEEPING_WAIT).await;
    }
}
