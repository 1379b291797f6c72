//! One consumer: fetches its partitions from their leaders and looks at every record.
//!
//! A task for each broker asks, reads the answer and asks again. Latencies count to the moment when the answer was read whole: all its records
//! are in the consumer's hands then.

use super::interval::Recorder;
use super::ledger::{Seen, StreamId};
use super::plan::Plan;
use super::session::{Positions, Session};
use super::stamp::{Form, Found, HEADER_KEY};
use crate::client::{Cluster, Connection, Receiver, Sender, TopicMap, connection, frame, within};
use crate::clock::{Nanos, SECOND};
use futures_lite::future;
use glommio::timer::sleep;
use ottla_protocol::messages::fetch_response::PartitionData;
use ottla_protocol::messages::{FetchRequest, FetchResponse};
use ottla_protocol::records::{
    BatchFault, BatchHeader, EXPANDED_BYTES_MAX, RecordsReader, batches, verify_checksum,
};
use ottla_protocol::{ErrorCode, Records};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const RETRY_WAIT: Duration = Duration::from_millis(100);
/// A fetcher without partitions looks for some so often.
const IDLE_WAIT: Duration = Duration::from_millis(20);

/// What a consumer is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Reads the load as it comes, for the group with this number.
    Follow { group: usize },
    /// Reads from the start on, and again at the end.
    CatchUp,
}

struct Place {
    leader: i32,
    position: i64,
    /// The end, as the last answer said.
    high_watermark: i64,
    /// Offsets below were looked at already, perhaps before the partition came back to this consumer.
    looked_at: i64,
}

pub struct Consumer {
    plan: Arc<Plan>,
    recorder: Rc<RefCell<Recorder>>,
    purpose: Purpose,
    form: Form,
    places: BTreeMap<(usize, i32), Place>,
    topic_index: BTreeMap<String, usize>,
    nodes: BTreeMap<i32, String>,
    /// Nodes that have a fetcher, and those that are connected.
    fetchers: BTreeSet<i32>,
    connected: BTreeSet<i32>,
    is_stale: bool,
    pub seen: Seen,
}

impl Consumer {
    pub fn new(
        plan: &Arc<Plan>,
        recorder: &Rc<RefCell<Recorder>>,
        purpose: Purpose,
    ) -> Rc<RefCell<Consumer>> {
        let topic_index = plan.topics.iter().cloned().enumerate().map(|(index, name)| (name, index));
        Rc::new(RefCell::new(Consumer {
            plan: Arc::clone(plan),
            recorder: Rc::clone(recorder),
            purpose,
            form: plan.form(),
            places: BTreeMap::new(),
            topic_index: topic_index.collect(),
            nodes: plan.nodes.clone(),
            fetchers: BTreeSet::new(),
            connected: BTreeSet::new(),
            is_stale: false,
            seen: Seen::default(),
        }))
    }

    /// Reads these partitions from now on and no others. `positions` say where; elsewhere it begins where the run's readers do.
    pub fn assign(this: &Rc<RefCell<Consumer>>, partitions: &[(usize, i32)], positions: &Positions) {
        {
            let mut consumer = this.borrow_mut();
            let plan = Arc::clone(&consumer.plan);
            let offsets = match consumer.purpose {
                Purpose::Follow { .. } => &plan.latest,
                Purpose::CatchUp => &plan.earliest,
            };
            let mut places = BTreeMap::new();
            for &(topic, partition) in partitions {
                let name = plan.topics.get(topic).cloned().unwrap_or_default();
                let leaders = plan.leaders.get(&name).into_iter().flatten();
                let leader =
                    leaders.filter(|known| known.index == partition).map(|known| known.leader).next();
                let start = offsets.get(&(name, partition)).copied().unwrap_or(0);
                let position = positions.get(&(topic, partition)).copied().unwrap_or(start);
                // One that stays goes on from where it is: what was committed may be behind that.
                let before = consumer.places.remove(&(topic, partition));
                let (position, looked_at, leader) = match before {
                    Some(place) => (place.position, place.looked_at, place.leader),
                    None => (position, position, leader.unwrap_or(-1)),
                };
                let place = Place { leader, position, high_watermark: -1, looked_at };
                places.insert((topic, partition), place);
            }
            consumer.places = places;
        }
        Consumer::fetch_from_leaders(this);
    }

    /// What it may read a second.
    fn bytes_per_s_max(&self) -> Option<f64> {
        let settings = &self.plan.workload.consumers;
        let share = settings.catch_up_mb_per_s * 1e6 / settings.catch_up.max(1) as f64;
        (self.purpose == Purpose::CatchUp && share > 0.0).then_some(share)
    }

    /// Positions, for a commit.
    pub fn positions(&self) -> Positions {
        self.places.iter().map(|(key, place)| (*key, place.position)).collect()
    }

    /// Whether it is connected to every leader of its partitions.
    pub fn is_ready(&self) -> bool {
        self.places.values().all(|place| self.connected.contains(&place.leader))
    }

    fn fetch_from_leaders(this: &Rc<RefCell<Consumer>>) {
        let new: Vec<i32> = {
            let mut consumer = this.borrow_mut();
            let leaders: BTreeSet<i32> = consumer.places.values().map(|place| place.leader).collect();
            let known = leaders.into_iter().filter(|leader| consumer.nodes.contains_key(leader));
            let new: Vec<i32> = known.filter(|leader| !consumer.fetchers.contains(leader)).collect();
            consumer.fetchers.extend(&new);
            new
        };
        // glommio runs a new task at once, up to its first wait: nothing may be borrowed here.
        for leader in new {
            glommio::spawn_local(fetcher(Rc::clone(this), leader)).detach();
        }
    }

    /// The positions of the partitions that `node` leads.
    fn positions_at(&self, node: i32) -> Positions {
        let led = self.places.iter().filter(|(_, place)| place.leader == node);
        led.map(|(key, place)| (*key, place.position)).collect()
    }

    fn take_leaders(&mut self, map: &TopicMap) {
        for ((topic, partition), place) in &mut self.places {
            let name = self.plan.topics.get(*topic).map_or("", String::as_str);
            if let Some(found) = map.get(name).into_iter().flatten().find(|known| known.index == *partition) {
                place.leader = found.leader;
            }
        }
        self.is_stale = false;
    }

    pub fn error(&mut self, name: &str) {
        self.recorder.borrow_mut().error(name, 1);
    }

    /// The answer as a whole; false when it says nothing about partitions.
    fn answered(&mut self, response: &FetchResponse<'_>, session: &mut Session) -> bool {
        self.recorder.borrow_mut().interval.counts.fetch_requests += 1;
        if response.error_code != 0 {
            self.error(ErrorCode(response.error_code).name());
            session.reset();
            return false;
        }
        session.answered(response.session_id);
        true
    }

    /// One partition's part of an answer; `session` forgets what has to be asked for again.
    fn partition(&mut self, topic: &str, data: &PartitionData<'_>, session: &mut Session, now: Nanos) {
        let Some(&index) = self.topic_index.get(topic) else { return };
        let key = (index, data.partition_index);
        match ErrorCode(data.error_code) {
            ErrorCode::NONE => return self.take(key, data, now),
            ErrorCode::OFFSET_OUT_OF_RANGE => {
                // What retention removed can't be read: go on with what there is.
                if let Some(place) = self.places.get_mut(&key) {
                    place.position = data.log_start_offset.max(0);
                }
            }
            _ => self.is_stale = true,
        }
        self.error(ErrorCode(data.error_code).name());
        session.again(key.0, key.1);
    }

    fn take(&mut self, key: (usize, i32), data: &PartitionData<'_>, now: Nanos) {
        let Some(place) = self.places.get_mut(&key) else { return };
        place.high_watermark = data.high_watermark;
        let bytes = match &data.records {
            Some(Records::Slice(bytes)) => bytes,
            _ => &[][..],
        };
        let began = place.position;
        let mut reading = Reading {
            plan: &self.plan,
            form: self.form,
            purpose: self.purpose,
            recorder: &mut self.recorder.borrow_mut(),
            seen: &mut self.seen,
            key,
            now,
        };
        for batch in batches(bytes) {
            match batch {
                Ok((header, batch)) => reading.batch(&header, batch, place),
                // The last batch may be cut off.
                Err(BatchFault::Torn(_) | BatchFault::Short) => break,
                Err(fault) => {
                    reading.recorder.error("CORRUPT_MESSAGE", 1);
                    reading.seen.changed(|| format!("{fault} at {}", place.position));
                    break;
                }
            }
        }
        match self.purpose {
            Purpose::Follow { .. } => {
                self.plan.shared.advanced.fetch_add(place.position - began, Ordering::Relaxed);
            }
            Purpose::CatchUp => {
                if place.position >= place.high_watermark {
                    let name = self.plan.topics.get(key.0).cloned().unwrap_or_default();
                    place.position = self.plan.earliest.get(&(name, key.1)).copied().unwrap_or(0);
                    place.looked_at = place.position;
                }
            }
        }
    }
}

/// What looking at one partition's records needs.
struct Reading<'a> {
    plan: &'a Plan,
    form: Form,
    purpose: Purpose,
    recorder: &'a mut Recorder,
    seen: &'a mut Seen,
    key: (usize, i32),
    now: Nanos,
}

impl Reading<'_> {
    fn batch(&mut self, header: &BatchHeader, batch: &[u8], place: &mut Place) {
        if header.last_offset() < place.position {
            return;
        }
        let describe = |offset: i64| {
            let topic = self.plan.topics.get(self.key.0).map_or("?", String::as_str);
            format!("{topic}-{} at offset {offset}", self.key.1)
        };
        let from = place.position.max(place.looked_at);
        place.position = header.next_offset();
        if self.plan.workload.consumers.check_crcs && verify_checksum(header, batch).is_err() {
            self.recorder.error("CORRUPT_MESSAGE", 1);
            self.seen.changed(|| describe(header.base_offset));
            return;
        }
        if header.is_control() {
            return;
        }
        let Ok(mut reader) = RecordsReader::new(header, batch, EXPANDED_BYTES_MAX) else {
            self.recorder.error("CORRUPT_MESSAGE", 1);
            self.seen.changed(|| describe(header.base_offset));
            return;
        };
        let (mut records, mut bytes) = (0, 0);
        loop {
            let record = match reader.next() {
                Ok(Some(record)) => record,
                Ok(None) => break,
                Err(_) => {
                    self.recorder.error("CORRUPT_MESSAGE", 1);
                    self.seen.changed(|| describe(header.base_offset));
                    break;
                }
            };
            let offset = header.base_offset + i64::from(record.offset_delta);
            if offset < from {
                continue;
            }
            let stamp = if record.headers.is_empty() {
                None
            } else {
                record.headers.iter().find(|header| header.key == HEADER_KEY).and_then(|header| header.value)
            };
            records += 1;
            bytes += record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
            bytes += record
                .headers
                .iter()
                .map(|header| header.key.len() + header.value.map_or(0, <[u8]>::len))
                .sum::<usize>();
            if self.purpose == Purpose::CatchUp {
                continue;
            }
            if let Some(intended) = self.form.intended(record.value, stamp) {
                self.recorder.fetched(intended, self.now);
            }
            if self.plan.verify {
                match self.form.read(record.key, record.value, stamp) {
                    Found::Whole(stamp) => {
                        let (topic, partition) = self.key;
                        let id = StreamId { producer: stamp.producer, topic, partition };
                        let text = || {
                            format!(
                                "record {} of producer {}, {}",
                                stamp.sequence,
                                stamp.producer,
                                describe(offset)
                            )
                        };
                        self.seen.record(id, stamp.sequence, text);
                    }
                    Found::Changed => self.seen.changed(|| describe(offset)),
                }
            }
        }
        place.looked_at = place.looked_at.max(place.position);
        let counts = &mut self.recorder.interval.counts;
        match self.purpose {
            Purpose::Follow { .. } => {
                counts.records_fetched += records;
                counts.bytes_fetched += bytes as u64;
            }
            Purpose::CatchUp => {
                counts.records_caught_up += records;
                counts.bytes_caught_up += bytes as u64;
            }
        }
    }
}

/// Fetches what `node` leads of this consumer's partitions, until the worker ends.
async fn fetcher(this: Rc<RefCell<Consumer>>, node: i32) {
    let plan = Arc::clone(&this.borrow().plan);
    let mut is_first = true;
    loop {
        let address = this.borrow().nodes.get(&node).cloned().unwrap_or_default();
        let ended = match Connection::open(&address, plan.timeout).await {
            Ok(connection) => {
                this.borrow_mut().connected.insert(node);
                let (sender, receiver, versions) = connection.into_parts();
                match versions.of::<FetchRequest<'_>>() {
                    Some(version) => fetch(&this, &plan, node, sender, receiver, version).await,
                    None => Err(io::ErrorKind::Unsupported.into()),
                }
            }
            Err(_) => Err(io::ErrorKind::NotConnected.into()),
        };
        if plan.shared.is_stopped() {
            return;
        }
        if ended.is_err() || !is_first {
            this.borrow_mut().error("connection");
        }
        is_first = false;
        this.borrow_mut().is_stale = true;
        sleep(RETRY_WAIT).await;
        refresh(&this, &plan).await;
    }
}

async fn fetch(
    this: &Rc<RefCell<Consumer>>,
    plan: &Plan,
    node: i32,
    mut sender: Sender,
    mut receiver: Receiver,
    version: i16,
) -> io::Result<()> {
    let settings = &plan.workload.consumers;
    let patience = plan.timeout + Duration::from_millis(settings.max_wait_ms);
    let (mut session, mut answer, mut correlation_id) = (Session::default(), Vec::new(), 0_i32);
    let pace = this.borrow().bytes_per_s_max();
    let (began, mut bytes_read) = (plan.clock.now(), 0.0);
    loop {
        let positions = this.borrow().positions_at(node);
        if positions.is_empty() {
            session.reset();
            sleep(IDLE_WAIT).await;
            if this.borrow().is_stale {
                refresh(this, plan).await;
            }
            continue;
        }
        let ask = session.ask(&positions, settings.partition_bytes, &plan.topics);
        let request = FetchRequest {
            replica_id: -1,
            max_wait_ms: i32::try_from(settings.max_wait_ms).unwrap_or(i32::MAX),
            min_bytes: settings.min_bytes,
            max_bytes: settings.fetch_bytes,
            // Below version 7 there are no sessions, and these fields must have their defaults.
            session_id: if version >= 7 { ask.session_id } else { 0 },
            session_epoch: if version >= 7 { ask.session_epoch } else { -1 },
            topics: ask.topics,
            forgotten_topics_data: if version >= 7 { ask.forgotten } else { Vec::new() },
            ..Default::default()
        };
        correlation_id = correlation_id.wrapping_add(1);
        let request = frame(&request, version, correlation_id)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let exchange = async {
            sender.send(&request).await?;
            receiver.receive(&mut answer).await
        };
        within(patience, exchange).await.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))?;
        let now = plan.clock.now();
        let (got, response) = connection::decode::<FetchRequest<'_>>(&answer, version)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        if got != correlation_id {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let has_partitions = this.borrow_mut().answered(&response, &mut session);
        for topic in response.responses.iter().filter(|_| has_partitions) {
            for data in &topic.partitions {
                this.borrow_mut().partition(&topic.topic, data, &mut session, now);
                // Megabytes of records take milliseconds, in which producers on this core want their turn.
                future::yield_now().await;
            }
        }
        bytes_read += answer.len() as f64;
        if let Some(bytes_per_s) = pace {
            let may_go_on = began + (bytes_read / bytes_per_s * SECOND as f64) as Nanos;
            sleep(Duration::from_nanos(u64::try_from(may_go_on - plan.clock.now()).unwrap_or(0))).await;
        }
        if this.borrow().is_stale {
            sleep(RETRY_WAIT).await;
            refresh(this, plan).await;
        }
    }
}

/// Asks who leads what, through a connection of its own.
async fn refresh(this: &Rc<RefCell<Consumer>>, plan: &Plan) {
    let topics: BTreeSet<usize> = this.borrow().places.keys().map(|(topic, _)| *topic).collect();
    let topics: Vec<String> =
        topics.into_iter().filter_map(|index| plan.topics.get(index).cloned()).collect();
    if let Ok(mut cluster) = Cluster::connect(&plan.bootstrap, plan.timeout).await
        && let Ok(map) = cluster.refresh(&topics).await
    {
        {
            let mut consumer = this.borrow_mut();
            consumer.nodes = cluster.nodes.clone();
            consumer.take_leaders(&map);
        }
        Consumer::fetch_from_leaders(this);
    }
}
