//! What one run saw: the face between the load, which fills it, and the reports, which read it. Its JSON is the report's JSON.
//!
//! Times are nanoseconds unless the name says otherwise; bytes are those of records' keys, values and headers, not of frames.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Raised when a reader of old reports would misread a new one.
pub const SCHEMA: u32 = 1;

/// One run of one workload against one broker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    pub schema: u32,
    /// The words that repeat it.
    pub command: Vec<String>,
    /// Seconds since 1970 at which the measured part began.
    pub began_at_s: f64,
    pub workload: WorkloadSummary,
    pub pacing: Pacing,
    /// Why the figures can't be trusted; empty for a valid run.
    pub invalid: Vec<String>,
    /// What a reader has to know beside the figures, as sentences: a group that was replaced by assigned partitions, other clocks.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Length of the measured part, without warm-up and drain.
    pub measured_s: f64,
    pub counts: Counts,
    /// Each stage's whole distribution over the measured part, from the intended time of a record on.
    pub stages: BTreeMap<Stage, Distribution>,
    /// A row a second of the measured part, in order.
    pub seconds: Vec<Second>,
    /// What the broker spent over the measured part; none when nobody said where to look.
    pub broker: Option<BrokerCost>,
    /// What the load itself spent, so that a reader sees whether it was the bottleneck.
    pub generator: GeneratorCost,
    pub durability: Durability,
    pub host: Host,
    /// Of `verify` and `soak`: what was counted and compared.
    pub verification: Option<Verification>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkloadSummary {
    pub name: String,
    /// The question that it answers, when its file says one.
    pub question: Option<String>,
    /// The file as it was read, so that the report is enough to repeat the run.
    pub text: String,
}

/// How sends were timed. Only an open loop's latencies say what a user would see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Pacing {
    /// Each record has an intended time whatever the broker does.
    Open { schedule: String, records_per_s: f64 },
    /// So many requests in flight; the next starts when one ends.
    Closed { in_flight: u32 },
    /// As fast as the broker takes it.
    Flood,
}

/// What happened within the measured part, whenever it was intended.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    pub records_intended: u64,
    pub records_sent: u64,
    pub records_acknowledged: u64,
    /// Over all consumers: with a fan-out of two, twice what was produced.
    pub records_fetched: u64,
    pub bytes_acknowledged: u64,
    pub bytes_fetched: u64,
    /// By catch-up readers, which the fetched ones don't include.
    #[serde(default)]
    pub records_caught_up: u64,
    #[serde(default)]
    pub bytes_caught_up: u64,
    pub produce_requests: u64,
    pub fetch_requests: u64,
    /// By Kafka's name of the code, or `connection` for one that was cut.
    pub errors: BTreeMap<String, u64>,
}

/// From the intended time of a record to a point of its way. `Ack` counts from the sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Intended → written to the socket: how late the generator was, batching by `linger` included.
    Sent,
    /// Sent → acknowledged: what a closed-loop tool would show.
    Ack,
    /// Intended → acknowledged.
    Acknowledged,
    /// Intended → in a consumer's hands.
    Fetched,
}

/// A histogram, whole, in HdrHistogram's V2 deflate format in base64, and what people look up first, in nanoseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Distribution {
    pub count: u64,
    pub mean_ns: f64,
    pub p50_ns: u64,
    pub p90_ns: u64,
    pub p99_ns: u64,
    pub p999_ns: u64,
    pub p9999_ns: u64,
    pub max_ns: u64,
    pub hdr: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Second {
    /// Since the measured part began.
    pub at_s: f64,
    pub records_sent: u64,
    pub records_acknowledged: u64,
    pub records_fetched: u64,
    pub bytes_acknowledged: u64,
    pub bytes_fetched: u64,
    pub errors: u64,
    pub broker_cpu_s: Option<f64>,
    /// Percentiles of what ended in this second.
    pub stages: BTreeMap<Stage, SecondStage>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SecondStage {
    pub count: u64,
    pub p50_ns: u64,
    pub p99_ns: u64,
    pub p999_ns: u64,
    pub max_ns: u64,
    /// For the heat plot: counts in buckets whose upper ends are 2^k microseconds, k = 0, 1, ….
    pub heat: Vec<u64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BrokerCost {
    /// Where the figures come from: `/proc/PID`, a cgroup, or the broker's metrics.
    pub source: String,
    pub cpu_s: f64,
    pub cpu_user_s: f64,
    pub cpu_system_s: f64,
    /// Per 10⁹ bytes acknowledged plus fetched.
    pub cpu_s_per_gb: Option<f64>,
    /// Per million produce and fetch requests.
    pub cpu_s_per_million_requests: Option<f64>,
    pub resident_bytes: u64,
    pub resident_bytes_peak: u64,
    /// The disk's share: bytes that the process caused to be written and read (`/proc/PID/io`).
    pub disk_written_bytes: Option<u64>,
    pub disk_read_bytes: Option<u64>,
    /// By how much each of the broker's own counters grew, by its name in the metrics page, labels summed; empty without such a page.
    #[serde(default)]
    pub counters: BTreeMap<String, f64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GeneratorCost {
    pub cpu_s: f64,
    pub workers: u32,
    /// The share of its cores that the busiest worker used; near 1 it was the bottleneck.
    pub busiest_worker: f64,
}

/// What an acknowledgement was worth during the run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Durability {
    pub acks: i16,
    /// As a sentence, from the broker's and the topics' settings (`DescribeConfigs`).
    pub in_force: String,
    /// Whether an acknowledged record was on stable storage; none when it could not be told.
    pub durable: Option<bool>,
    /// The settings that it was told from.
    pub settings: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Host {
    pub kernel: String,
    pub cpu: String,
    pub cores: u32,
    pub memory_bytes: u64,
    pub clock_source: String,
    pub virtualization: Option<String>,
    /// Of the broker's data directory, when it is on this machine and known.
    pub device: Option<String>,
    pub file_system: Option<String>,
    pub mount_options: Option<String>,
    pub write_cache: Option<String>,
    /// Name and version of the broker as far as it says, and of this tool.
    pub broker: String,
    pub tool: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Verification {
    pub records_expected: u64,
    pub records_seen: u64,
    pub lost: u64,
    pub doubled: u64,
    pub reordered: u64,
    pub changed: u64,
    /// The first few, as sentences with topic, partition and offset.
    pub examples: Vec<String>,
}
