//! The demo's load: one thread writes records at a rate, one reads and checks them, both as clients over TCP.

use super::super::client::consumer::Consumer;
use super::super::client::offsets::{Isolation, LATEST};
use super::super::client::producer::{Producer, Settings};
use super::super::client::{Client, Error, Options};
use super::ledger::{Ledger, Maker};
use hdrhistogram::Histogram;
use ottla_protocol::compression::Compression;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A flush takes no more than this, so that a full-speed writer still shares batches fairly.
const FLUSH_BYTES: usize = 1024 * 1024;
/// How long the reader waits for records that were acknowledged.
const STRAGGLERS: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub struct Plan {
    pub options: Options,
    pub topic: String,
    /// Records a second; 0 for as many as go.
    pub rate: u64,
    pub duration: Duration,
    pub maker: Maker,
}

/// What both threads tell and the view shows.
pub struct Shared {
    pub start: Instant,
    pub acknowledged: AtomicU64,
    /// How many records the reader is to expect; `u64::MAX` until the writer is done.
    total: AtomicU64,
    /// Ends both threads early.
    pub stop: AtomicBool,
    seen: Mutex<Seen>,
}

pub struct Seen {
    pub records: u64,
    pub bytes: u64,
    /// Microseconds from when a record was due to be written to when it was read.
    pub latency_us: Histogram<u64>,
}

impl Shared {
    pub fn new() -> Result<Arc<Shared>, hdrhistogram::CreationError> {
        let latency_us = Histogram::new_with_bounds(1, 600_000_000, 3)?;
        Ok(Arc::new(Shared {
            start: Instant::now(),
            acknowledged: AtomicU64::new(0),
            total: AtomicU64::new(u64::MAX),
            stop: AtomicBool::new(false),
            seen: Mutex::new(Seen { records: 0, bytes: 0, latency_us }),
        }))
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        // Nothing in there can be half done.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the writer came to its end; a thread that is gone without that failed.
    pub fn is_written(&self) -> bool {
        self.total.load(Ordering::Relaxed) != u64::MAX
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Writes for the plan's time; returns how many records were acknowledged. A record is due at its place in time whether or not
/// the ones before it are through: a stall of the broker counts against every record that it held up.
pub fn write(plan: &Plan, shared: &Shared) -> Result<u64, Error> {
    let settings = Settings {
        acks: -1,
        compression: Compression::None,
        compression_level: None,
        idempotent: true,
        batch_bytes: 512 * 1024,
    };
    let mut producer = Producer::new(Client::connect(&plan.options)?, &plan.topic, settings)?;
    let all = (plan.rate as f64 * plan.duration.as_secs_f64()) as u64;
    let mut sent = 0u64;
    while !shared.is_stopped() {
        let elapsed = shared.start.elapsed();
        let over = elapsed >= plan.duration;
        let due = match (plan.rate, over) {
            (0, true) => sent,
            (0, false) => u64::MAX,
            (_, true) => all,
            (rate, false) => ((elapsed.as_secs_f64() * rate as f64) as u64).min(all),
        };
        while sent < due && producer.queued_bytes() < FLUSH_BYTES {
            let due_us = match plan.rate {
                0 => elapsed.as_micros() as u64,
                rate => (sent as f64 * 1e6 / rate as f64) as u64,
            };
            producer.queue(plan.maker.record(sent, due_us), None)?;
            sent += 1;
        }
        producer.flush(&mut |ack| {
            shared.acknowledged.fetch_add(ack.records as u64, Ordering::Relaxed);
        })?;
        if over && sent >= due {
            break;
        }
        if plan.rate > 0 && sent < all {
            let next = Duration::from_secs_f64((sent + 1) as f64 / plan.rate as f64);
            let pause = next.saturating_sub(shared.start.elapsed());
            if !pause.is_zero() {
                thread::sleep(pause);
            }
        } else if plan.rate > 0 {
            thread::sleep(plan.duration.saturating_sub(shared.start.elapsed()));
        }
    }
    shared.total.store(sent, Ordering::Relaxed);
    Ok(sent)
}

/// Where each partition ends now: the demo's records begin there.
pub fn ends(plan: &Plan) -> Result<BTreeMap<i32, i64>, Error> {
    let mut client = Client::connect(&plan.options)?;
    let topic = client.topic_soon(&plan.topic)?;
    let partitions: Vec<i32> = topic.partitions.iter().map(|partition| partition.index).collect();
    client.offsets(&topic, &partitions, LATEST, Isolation::ReadUncommitted)
}

/// Reads from `starts` until every acknowledged record was seen, or has been missing for long.
pub fn read(plan: &Plan, shared: &Shared, starts: &BTreeMap<i32, i64>) -> Result<Ledger, Error> {
    let mut consumer = consumer(plan, starts, &BTreeMap::new())?;
    let mut ledger = Ledger::new(plan.maker, starts);
    let mut waiting_since = Instant::now();
    while !shared.is_stopped() {
        let before = ledger.records;
        let mut latencies = Vec::new();
        consumer.poll(&mut |fetched| {
            if let Some(due_us) = ledger.enter(fetched) {
                latencies.push((shared.start.elapsed().as_micros() as u64).saturating_sub(due_us));
            }
            ControlFlow::Continue(())
        })?;
        let mut seen = shared.seen();
        seen.records = ledger.records;
        seen.bytes = ledger.bytes;
        latencies.into_iter().for_each(|latency| seen.latency_us.saturating_record(latency));
        drop(seen);
        let total = shared.total.load(Ordering::Relaxed);
        if ledger.records >= total {
            break;
        }
        if ledger.records > before || total == u64::MAX {
            waiting_since = Instant::now();
        } else if waiting_since.elapsed() > STRAGGLERS {
            break;
        }
    }
    Ok(ledger)
}

/// Reads everything from `starts` to the present end once more, as fast as it comes.
pub fn read_again(plan: &Plan, starts: &BTreeMap<i32, i64>) -> Result<Ledger, Error> {
    let ends = ends(plan)?;
    let mut consumer = consumer(plan, starts, &ends)?;
    let mut ledger = Ledger::new(plan.maker, starts);
    while !consumer.is_done() {
        consumer.poll(&mut |fetched| {
            ledger.enter(fetched);
            ControlFlow::Continue(())
        })?;
    }
    Ok(ledger)
}

fn consumer(plan: &Plan, starts: &BTreeMap<i32, i64>, ends: &BTreeMap<i32, i64>) -> Result<Consumer, Error> {
    let mut client = Client::connect(&plan.options)?;
    let topic = client.topic(&plan.topic)?;
    let mut consumer = Consumer::new(client, topic, Isolation::ReadUncommitted, Duration::from_millis(500));
    for (partition, start) in starts {
        consumer.assign(*partition, *start, ends.get(partition).copied());
    }
    Ok(consumer)
}
