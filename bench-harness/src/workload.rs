//! What load to make: the file's notation, its defaults, and what makes no sense.
//!
//! `bench-harness/README.md` explains each field to whoever writes such a file; here is what it means for the load.

pub mod file;
pub mod keys;
pub mod omb;
pub mod payload;

use crate::clock::{Nanos, nanos};
use crate::error::{Error, Result};
use crate::outcome::Pacing as PacingSummary;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Workload {
    pub name: String,
    /// The question that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Length of the measured part.
    pub duration_s: f64,
    /// Load before it, which is not measured.
    pub warmup_s: f64,
    /// How long to wait after it for what was sent late.
    pub drain_s: f64,
    /// Of keys, sizes, payloads and Poisson arrivals.
    pub seed: u64,
    pub pacing: Pacing,
    pub records: Records,
    pub topics: Topics,
    pub producers: Producers,
    pub consumers: Consumers,
    pub churn: Churn,
}

impl Default for Workload {
    fn default() -> Self {
        Workload {
            name: "default".to_owned(),
            question: None,
            duration_s: 30.0,
            warmup_s: 5.0,
            drain_s: 10.0,
            seed: 1,
            pacing: Pacing::default(),
            records: Records::default(),
            topics: Topics::default(),
            producers: Producers::default(),
            consumers: Consumers::default(),
            churn: Churn::default(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PacingKind {
    #[default]
    Open,
    Closed,
    Flood,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    #[default]
    Fixed,
    Poisson,
    Stepped,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pacing {
    pub kind: PacingKind,
    /// Records a second, all producers together. Open loop only.
    pub rate: f64,
    pub schedule: ScheduleKind,
    /// Of a stepped schedule; they count from the start of the measured part, and the first one's rate holds during warm-up too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Whether the steps begin anew when they are over.
    pub repeat: bool,
    /// Requests of one producer in flight. Closed loop only.
    pub in_flight: u32,
    /// A record that the generator sent later than this after it could have is late.
    pub late_ms: f64,
    /// More late records than this share, and the run is invalid.
    pub late_share: f64,
}

impl Default for Pacing {
    fn default() -> Self {
        Pacing {
            kind: PacingKind::Open,
            rate: 1000.0,
            schedule: ScheduleKind::Fixed,
            steps: Vec::new(),
            repeat: false,
            in_flight: 1,
            late_ms: 5.0,
            late_share: 0.001,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub rate: f64,
    pub seconds: f64,
}

/// Bytes of a record's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Size {
    Fixed(usize),
    Spread(SizeSpread),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum SizeSpread {
    /// Every size from the first to the second equally often.
    Uniform([usize; 2]),
    /// Mean and standard deviation of a bell curve.
    Normal([f64; 2]),
    /// Median and largest: most are near the median, few reach far up (log-normal with σ = 1).
    Lognormal([f64; 2]),
    /// Pairs of a size and how often it comes, relative to the others.
    Weighted(Vec<(usize, f64)>),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    #[default]
    None,
    /// One after the other.
    RoundRobin,
    Uniform,
    Zipf,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Records {
    pub size: Size,
    /// Values of real records instead: a line each, or the whole file as one value with `file_kind = "whole"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    pub file_kind: FileKind,
    /// Share of a value's bytes that are random; the rest repeats. 1 does not compress, 0 compresses to nothing.
    pub entropy: f64,
    pub keys: KeyKind,
    pub key_count: usize,
    pub key_bytes: usize,
    pub zipf_exponent: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    #[default]
    Lines,
    Whole,
}

impl Default for Records {
    fn default() -> Self {
        Records {
            size: Size::Fixed(1024),
            file: None,
            file_kind: FileKind::Lines,
            entropy: 1.0,
            keys: KeyKind::None,
            key_count: 10_000,
            key_bytes: 16,
            zipf_exponent: 1.0,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Topics {
    pub count: usize,
    pub partitions: i32,
    pub replication_factor: i16,
    /// Topics are named PREFIX-RUN-INDEX and removed after the run.
    pub prefix: String,
    /// An existing topic, used as it is and kept, instead of new ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing: Option<String>,
    #[serde(deserialize_with = "file::settings", skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

impl Default for Topics {
    fn default() -> Self {
        Topics {
            count: 1,
            partitions: 4,
            replication_factor: 1,
            prefix: "ottla-bench".to_owned(),
            existing: None,
            settings: BTreeMap::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spread {
    /// Each to the partitions of all topics.
    #[default]
    All,
    /// Each to one topic, in turn.
    Own,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Partitioner {
    /// Without a key: one partition until its batch is full or sent, as Kafka's own clients do.
    #[default]
    Sticky,
    RoundRobin,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Acks {
    #[serde(rename = "0")]
    None,
    #[serde(rename = "1")]
    Leader,
    #[default]
    #[serde(rename = "all")]
    All,
}

impl Acks {
    pub fn wire(self) -> i16 {
        match self {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
    }

    pub fn parse(text: &str) -> Option<Acks> {
        match text {
            "0" => Some(Acks::None),
            "1" => Some(Acks::Leader),
            "all" | "-1" => Some(Acks::All),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Producers {
    pub count: usize,
    pub spread: Spread,
    pub partitioner: Partitioner,
    pub acks: Acks,
    pub idempotence: bool,
    /// none, gzip, snappy, lz4 or zstd.
    pub codec: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<i32>,
    /// A batch is sent when it has so many bytes, before compression.
    pub batch_bytes: usize,
    /// … or so many records; 0 is no bound.
    pub batch_records: usize,
    /// … or its first record waited so long.
    pub linger_ms: f64,
    /// Requests on one connection that were not answered yet.
    pub max_in_flight: u32,
    /// Batches of several partitions share a request up to so many bytes.
    pub request_bytes: usize,
    /// A request without an answer for so long is lost, and its connection with it.
    pub request_timeout_ms: u64,
    /// A record that could not be delivered for so long is given up.
    pub delivery_timeout_ms: u64,
}

impl Default for Producers {
    fn default() -> Self {
        Producers {
            count: 1,
            spread: Spread::All,
            partitioner: Partitioner::Sticky,
            acks: Acks::All,
            idempotence: false,
            codec: "none".to_owned(),
            level: None,
            batch_bytes: 16_384,
            batch_records: 0,
            linger_ms: 0.0,
            max_in_flight: 5,
            request_bytes: 1 << 20,
            request_timeout_ms: 30_000,
            delivery_timeout_ms: 120_000,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupProtocol {
    /// Partitions are dealt out beforehand; no coordinator is needed.
    #[default]
    Assigned,
    /// JoinGroup, SyncGroup, Heartbeat, and commits of offsets.
    Classic,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Consumers {
    /// Fan-out: each group reads every record.
    pub groups: usize,
    /// Consumers of each group.
    pub count: usize,
    pub protocol: GroupProtocol,
    pub commit_interval_ms: u64,
    pub session_timeout_ms: u64,
    pub max_wait_ms: u64,
    pub min_bytes: i32,
    pub fetch_bytes: i32,
    pub partition_bytes: i32,
    pub check_crcs: bool,
    /// Consumers that read from the earliest offset on, and again when they reach the end.
    pub catch_up: usize,
    /// Megabytes a second that they read together at most; 0: as much as they get.
    pub catch_up_mb_per_s: f64,
}

impl Default for Consumers {
    fn default() -> Self {
        Consumers {
            groups: 1,
            count: 1,
            protocol: GroupProtocol::Assigned,
            commit_interval_ms: 5_000,
            session_timeout_ms: 45_000,
            max_wait_ms: 500,
            min_bytes: 1,
            fetch_bytes: 50 << 20,
            partition_bytes: 1 << 20,
            check_crcs: true,
            catch_up: 0,
            catch_up_mb_per_s: 0.0,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Churn {
    /// Connections a second that are opened, ask for versions and metadata, and are closed.
    pub connections_per_s: f64,
}

impl Workload {
    pub fn duration(&self) -> Nanos {
        nanos(self.duration_s)
    }

    /// The rate of an open loop: of a stepped one the mean over its steps.
    pub fn rate(&self) -> f64 {
        let seconds: f64 = self.pacing.steps.iter().map(|step| step.seconds).sum();
        if self.pacing.schedule == ScheduleKind::Stepped && seconds > 0.0 {
            self.pacing.steps.iter().map(|step| step.rate * step.seconds).sum::<f64>() / seconds
        } else {
            self.pacing.rate
        }
    }

    pub fn pacing_summary(&self) -> PacingSummary {
        match self.pacing.kind {
            PacingKind::Closed => PacingSummary::Closed { in_flight: self.pacing.in_flight },
            PacingKind::Flood => PacingSummary::Flood,
            PacingKind::Open => PacingSummary::Open {
                schedule: match self.pacing.schedule {
                    ScheduleKind::Fixed => "fixed",
                    ScheduleKind::Poisson => "poisson",
                    ScheduleKind::Stepped => "stepped",
                }
                .to_owned(),
                records_per_s: self.rate(),
            },
        }
    }

    pub fn total_partitions(&self) -> usize {
        self.topics.count.saturating_mul(usize::try_from(self.topics.partitions).unwrap_or(0))
    }

    /// # Errors
    /// `Input` that names the first field whose value makes no sense, and one that would.
    pub fn check(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::input(format!("workload '{}'", self.name), what));
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let not_negative = |value: f64| value.is_finite() && value >= 0.0;
        if !positive(self.duration_s) {
            return wrong("duration_s must be more than 0, for example 30");
        }
        if !not_negative(self.warmup_s) || !not_negative(self.drain_s) {
            return wrong("warmup_s and drain_s must be 0 or more");
        }
        let pacing = &self.pacing;
        if pacing.kind == PacingKind::Open {
            if pacing.schedule == ScheduleKind::Stepped {
                let steps = &pacing.steps;
                if steps.is_empty()
                    || steps.iter().any(|step| !not_negative(step.rate) || !positive(step.seconds))
                {
                    return wrong(
                        "a stepped schedule needs pacing.steps, for example [{ rate = 1000, seconds = 10 }]",
                    );
                }
            } else if !positive(pacing.rate) {
                return wrong("pacing.rate must be more than 0 records a second, for example 1000");
            }
        }
        if pacing.kind == PacingKind::Closed && pacing.in_flight == 0 {
            return wrong("pacing.in_flight must be 1 or more");
        }
        if !positive(pacing.late_ms) || !(0.0..=1.0).contains(&pacing.late_share) {
            return wrong("pacing.late_ms must be more than 0 and pacing.late_share between 0 and 1");
        }
        if !(0.0..=1.0).contains(&self.records.entropy) {
            return wrong("records.entropy must be between 0 and 1");
        }
        if self.records.keys != KeyKind::None && self.records.key_count == 0 {
            return wrong("records.key_count must be 1 or more");
        }
        if self.records.keys == KeyKind::Zipf && !positive(self.records.zipf_exponent) {
            return wrong("records.zipf_exponent must be more than 0, for example 1");
        }
        payload::check_size(&self.records.size)
            .or_else(|reason| wrong(&format!("records.size: {reason}")))?;
        if self.topics.count == 0 || self.topics.partitions < 1 || self.topics.replication_factor < -1 {
            return wrong(
                "topics.count and topics.partitions must be 1 or more, topics.replication_factor -1, 1 or more",
            );
        }
        let producers = &self.producers;
        if ottla_protocol::Compression::from_name(&producers.codec).is_none() {
            return wrong("producers.codec must be none, gzip, snappy, lz4 or zstd");
        }
        if producers.max_in_flight == 0 || producers.batch_bytes == 0 || producers.request_bytes == 0 {
            return wrong(
                "producers.max_in_flight, producers.batch_bytes and producers.request_bytes must be 1 or more",
            );
        }
        if producers.idempotence && (producers.acks != Acks::All || producers.max_in_flight > 5) {
            return wrong(
                "producers.idempotence needs acks = \"all\" and max_in_flight of at most 5 (KIP-98)",
            );
        }
        if !not_negative(producers.linger_ms) {
            return wrong("producers.linger_ms must be 0 or more");
        }
        if producers.count == 0 && self.consumers.groups * self.consumers.count + self.consumers.catch_up == 0
        {
            return wrong("neither producers nor consumers: nothing to do");
        }
        if !not_negative(self.consumers.catch_up_mb_per_s) {
            return wrong("consumers.catch_up_mb_per_s must be 0 or more");
        }
        if !not_negative(self.churn.connections_per_s) {
            return wrong("churn.connections_per_s must be 0 or more");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes without a file must make sense, and come back as it was written.
    #[test]
    fn the_default_is_sound_and_comes_back() {
        let workload = Workload::default();
        workload.check().unwrap();
        let text = file::to_text(&workload);
        assert_eq!(file::parse("default.toml", &text).unwrap(), workload);
    }

    /// Every wrong value is named with its field.
    #[test]
    fn wrong_values_name_their_field() {
        type Spoil = fn(&mut Workload);
        let cases: &[(&str, Spoil)] = &[
            ("duration_s", |w| w.duration_s = 0.0),
            ("drain_s", |w| w.drain_s = f64::NAN),
            ("pacing.rate", |w| w.pacing.rate = -1.0),
            ("pacing.steps", |w| w.pacing.schedule = ScheduleKind::Stepped),
            ("pacing.in_flight", |w| {
                (w.pacing.kind, w.pacing.in_flight) = (PacingKind::Closed, 0);
            }),
            ("records.entropy", |w| w.records.entropy = 1.5),
            ("records.size", |w| w.records.size = Size::Spread(SizeSpread::Uniform([9, 3]))),
            ("topics.partitions", |w| w.topics.partitions = 0),
            ("producers.codec", |w| w.producers.codec = "zip".to_owned()),
            ("producers.idempotence", |w| {
                (w.producers.idempotence, w.producers.acks) = (true, Acks::Leader);
            }),
            ("consumers.catch_up_mb_per_s", |w| w.consumers.catch_up_mb_per_s = f64::NAN),
            ("nothing to do", |w| {
                (w.producers.count, w.consumers.groups) = (0, 0);
            }),
        ];
        for (name, spoil) in cases {
            let mut workload = Workload::default();
            spoil(&mut workload);
            let error = workload.check().unwrap_err().to_string();
            assert!(error.contains(name), "{name}: {error}");
        }
    }
}
