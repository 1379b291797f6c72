//! The broker that is abused, and a well-behaved neighbour on another connection that must not notice.

use ottla_protocol::messages::*;
use ottla_protocol::{ErrorCode, Records, Uuid};
use ottla_tests::batch::{self, Batch, Record};
use ottla_tests::broker::{Broker, Setup, wait_until};
use ottla_tests::client::Connection;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The broker's whole memory may not grow above this: 512 MiB for requests and responses and 256 MiB of batch cache are its own
/// bounds, the rest is code, stacks and what the allocator keeps.
pub const RESIDENT_BYTES_MAX: u64 = 1 << 30;
/// The neighbour's produce and fetch are answered within this while others misbehave, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct Ground {
    pub setup: Setup,
    pub broker: Mutex<Broker>,
    pub neighbour: Neighbour,
}

impl Ground {
    pub fn new(setup: Setup) -> io::Result<Ground> {
        let broker = setup.start()?;
        create(setup.address(), "neighbour", &[])?;
        create(setup.address(), "victim", &[])?;
        let neighbour = Neighbour::start(setup.address());
        Ok(Ground { setup, broker: Mutex::new(broker), neighbour })
    }

    pub fn address(&self) -> SocketAddr {
        self.setup.address()
    }

    pub fn open(&self) -> io::Result<Connection> {
        Connection::open(self.address())
    }

    /// The broker lives, takes no more memory than it may, and serves the neighbour.
    pub fn is_well(&self) -> Result<(), String> {
        let mut broker = self.broker.lock().map_err(|_| "poisoned")?;
        if !broker.is_alive() {
            let log = self.setup.log();
            let tail = log.lines().rev().take(15).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>();
            return Err(format!("the broker died:\n{}", tail.join("\n")));
        }
        let resident = broker.resident_bytes();
        drop(broker);
        if resident > RESIDENT_BYTES_MAX {
            return Err(format!("it takes {} MiB", resident >> 20));
        }
        self.neighbour.goes_on()
    }

    pub fn resident_bytes(&self) -> u64 {
        self.broker.lock().map_or(0, |broker| broker.resident_bytes())
    }
}

/// Produces a record and fetches it, again and again.
pub struct Neighbour {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicU64>,
    slowest_us: Arc<AtomicU64>,
    fault: Arc<Mutex<Option<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Neighbour {
    fn start(address: SocketAddr) -> Neighbour {
        let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (slowest_us, fault) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(None)));
        let thread = {
            let (stop, rounds, slowest) = (stop.clone(), rounds.clone(), slowest_us.clone());
            let fault = fault.clone();
            std::thread::spawn(move || {
                let live = || -> io::Result<()> {
                    let mut connection = Connection::open(address)?;
                    connection.stream.set_read_timeout(Some(PATIENCE))?;
                    while !stop.load(Ordering::Relaxed) {
                        let begun = Instant::now();
                        let number = rounds.load(Ordering::Relaxed);
                        let offset = produce(&mut connection, "neighbour", &numbered(number))?;
                        let (_, bytes) = fetch(&mut connection, "neighbour", offset)?;
                        let (batches, _) = batch::read(&bytes).map_err(io::Error::other)?;
                        let same = batches.first().is_some_and(|batch| batch.base_offset == offset);
                        if !same || batches.iter().any(|batch| !batch.crc_fits) {
                            return Err(io::Error::other(format!("offset {offset} doesn't come back")));
                        }
                        let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
                        slowest.fetch_max(took, Ordering::Relaxed);
                        rounds.fetch_add(1, Ordering::Relaxed);
                        std::thread::sleep(Duration::from_millis(2));
                    }
                    Ok(())
                };
                if let Err(error) = live()
                    && let Ok(mut fault) = fault.lock()
                {
                    *fault = Some(error.to_string());
                }
            })
        };
        Neighbour { stop, rounds, slowest_us, fault, thread: Some(thread) }
    }

    /// It was served again since the call.
    fn goes_on(&self) -> Result<(), String> {
        let before = self.rounds.load(Ordering::Relaxed);
        let moved = wait_until(2 * PATIENCE, "the neighbour is served", || {
            self.rounds.load(Ordering::Relaxed) > before || self.fault().is_some()
        });
        if let Some(fault) = self.fault() {
            return Err(format!("the neighbour was not served: {fault}"));
        }
        moved.map_err(|error| error.to_string())
    }

    fn fault(&self) -> Option<String> {
        self.fault.lock().ok().and_then(|fault| fault.clone())
    }

    /// How long its slowest round since the last call took.
    pub fn slowest(&self) -> Duration {
        Duration::from_micros(self.slowest_us.swap(0, Ordering::Relaxed))
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub fn numbered(number: u64) -> Batch {
    Batch::of([Record::new("k", &format!("record {number}"))])
}

/// # Errors
/// It can't be created, or doesn't serve within ten seconds.
pub fn create(address: SocketAddr, name: &str, configs: &[(&str, &str)]) -> io::Result<()> {
    let configs = configs.iter().map(|(key, value)| create_topics_request::CreatableTopicConfig {
        name: (*key).into(),
        value: Some((*value).into()),
    });
    let request = CreateTopicsRequest {
        topics: vec![create_topics_request::CreatableTopic {
            name: name.into(),
            num_partitions: 1,
            replication_factor: 1,
            configs: configs.collect(),
            ..Default::default()
        }],
        timeout_ms: 10_000,
        ..Default::default()
    };
    let mut connection = Connection::open(address)?;
    let answer = connection.call(7, &request)?;
    let error = answer.read()?.topics.first().map_or(-1, |topic| topic.error_code);
    if error != 0 {
        return Err(io::Error::other(format!("creating {name}: {:?}", ErrorCode(error))));
    }
    wait_until(Duration::from_secs(10), "a new topic serves", || fetch(&mut connection, name, 0).is_ok())
}

/// Appends a batch with acks=all; the offset that it got.
/// # Errors
/// Also the broker's own.
pub fn produce(connection: &mut Connection, topic: &str, batch: &Batch) -> io::Result<i64> {
    let (error, offset) = produce_bytes(connection, topic, 0, &batch.build())?;
    if error.is_none() { Ok(offset) } else { Err(io::Error::other(format!("produce to {topic}: {error}"))) }
}

/// Sends bytes as a batch, with acks=all; what the broker says.
/// # Errors
/// No answer.
pub fn produce_bytes(
    connection: &mut Connection,
    topic: &str,
    partition: i32,
    bytes: &[u8],
) -> io::Result<(ErrorCode, i64)> {
    let request = ProduceRequest {
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![produce_request::TopicProduceData {
            name: topic.into(),
            topic_id: Uuid::ZERO,
            partition_data: vec![produce_request::PartitionProduceData {
                index: partition,
                records: Some(Records::Slice(bytes)),
            }],
        }],
        ..Default::default()
    };
    let answer = connection.call(9, &request)?;
    let body = answer.read()?;
    let found = body.responses.first().and_then(|topic| topic.partition_responses.first());
    let found = found.ok_or_else(|| io::Error::other("no partition in the answer"))?;
    Ok((ErrorCode(found.error_code), found.base_offset))
}

pub fn fetch_request(topic: &str, partition: i32, offset: i64, bytes_max: i32) -> FetchRequest<'_> {
    FetchRequest {
        max_wait_ms: 500,
        min_bytes: 1,
        max_bytes: bytes_max,
        topics: vec![fetch_request::FetchTopic {
            topic: topic.into(),
            partitions: vec![fetch_request::FetchPartition {
                partition,
                fetch_offset: offset,
                partition_max_bytes: bytes_max,
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// The high watermark, and records from `offset`.
/// # Errors
/// Also the broker's own.
pub fn fetch(connection: &mut Connection, topic: &str, offset: i64) -> io::Result<(i64, Vec<u8>)> {
    match fetch_or_code(connection, topic, offset)? {
        Ok(found) => Ok(found),
        Err(error) => Err(io::Error::other(format!("fetch of {topic} from {offset}: {error}"))),
    }
}

/// # Errors
/// No answer; the broker's own error is inside.
pub fn fetch_or_code(
    connection: &mut Connection,
    topic: &str,
    offset: i64,
) -> io::Result<Result<(i64, Vec<u8>), ErrorCode>> {
    let answer = connection.call(11, &fetch_request(topic, 0, offset, 1 << 20))?;
    let mut body = answer.read()?;
    let found = body.responses.first_mut().and_then(|topic| topic.partitions.first_mut());
    let found = found.ok_or_else(|| io::Error::other("no partition in the answer"))?;
    let error = ErrorCode(found.error_code);
    let records = found.records.take().unwrap_or_default();
    Ok(if error.is_none() { Ok((found.high_watermark, records.to_vec())) } else { Err(error) })
}
