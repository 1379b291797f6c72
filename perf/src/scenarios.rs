//! What the broker is asked to do in the simulator, and how often, so that what each request costs can be counted.

use crate::traffic::Records;
use ottla_protocol::Compression;

/// One kind of load. Every figure of it is a mean over its `requests`.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub name: &'static str,
    /// What its figures answer.
    pub question: &'static str,
    pub shards: usize,
    pub connections: u64,
    /// Requests under way on each connection.
    pub in_flight: u64,
    /// On each connection, before anything is counted: pools fill, tables grow, chunks of the tail get their size.
    pub warm_up: u64,
    /// Counted, on each connection.
    pub requests: u64,
    pub work: Work,
}

#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// acks=all, from an idempotent producer, one batch to one partition in each request; each connection takes turns
    /// over the topic's partitions.
    Produce { records: Records, partitions: i32 },
    /// One batch in each answer.
    Fetch { records: Records, from: From },
    /// A request is one record on its way from a producer to `consumers` that wait for it in parked fetches, each in a
    /// session of all `partitions`, which the records go to in turn.
    Wait { consumers: u64, partitions: i32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The batch cache, by whole fetch requests.
    Cache,
    /// The batch cache, by an incremental fetch session, as consumers do.
    Session,
    /// Files of a broker that was started again.
    Disk,
}

const SMALL: Records = Records { count: 1, value_bytes: 100, compression: Compression::None };
const LARGE: Records = Records { count: 64, value_bytes: 1000, compression: Compression::None };

pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "produce-small",
        question: "What does an unbatched produce of 100 bytes cost that waits for the disk alone?",
        shards: 1,
        connections: 1,
        in_flight: 1,
        warm_up: 300,
        requests: 700,
        work: Work::Produce { records: SMALL, partitions: 1 },
    },
    Scenario {
        name: "produce-pipelined",
        question: "What does an unbatched produce cost when five are under way on each of 16 connections?",
        shards: 1,
        connections: 16,
        in_flight: 5,
        warm_up: 50,
        requests: 150,
        work: Work::Produce { records: SMALL, partitions: 4 },
    },
    Scenario {
        name: "produce-large",
        question: "What does a batch of 64 KiB cost from the socket to the disk?",
        shards: 1,
        connections: 1,
        in_flight: 1,
        warm_up: 100,
        requests: 200,
        work: Work::Produce { records: LARGE, partitions: 1 },
    },
    Scenario {
        name: "produce-lz4",
        question: "What does a compressed batch cost that has to be looked into?",
        shards: 1,
        connections: 1,
        in_flight: 1,
        warm_up: 100,
        requests: 200,
        work: Work::Produce {
            records: Records { count: 50, value_bytes: 100, compression: Compression::Lz4 },
            partitions: 1,
        },
    },
    Scenario {
        name: "produce-crossed",
        question: "What does a produce cost when every second one belongs to the other core?",
        shards: 2,
        connections: 4,
        in_flight: 1,
        warm_up: 100,
        requests: 200,
        work: Work::Produce { records: SMALL, partitions: 2 },
    },
    Scenario {
        name: "fetch-small",
        question: "What does a fetch of one small record cost?",
        shards: 1,
        connections: 1,
        in_flight: 1,
        warm_up: 100,
        requests: 400,
        work: Work::Fetch { records: SMALL, from: From::Cache },
    },
    Scenario {
        name: "fetch-session",
        question: "What does the same cost in a fetch session?",
        shards: 1,
        connections: 1,
        in_flight: 1,
        warm_up: 100,
        requests: 400,
        work: Work::Fetch { records: SMALL, from: From::Session },
    },
    Scenario {
        name: "fetch-large",
        question: "What does a fetch of 64 KiB cost that are in the batch cache?",
        shards: 1,
        connections: 1,
        in_flight: 1,
        warm_up: 50,
        requests: 200,
        work: Work::Fetch { records: LARGE, from: From::Cache },
    },
    Scenario {
        name: "fetch-cold",
        question: "What does a fetch of 64 KiB cost that only the disk has?",
        shards: 1,
        connections: 1,
        in_flight: 1,
        warm_up: 40,
        requests: 120,
        work: Work::Fetch { records: LARGE, from: From::Disk },
    },
    Scenario {
        name: "record-to-one",
        question: "What does one record cost from its produce to a consumer that waits for it?",
        shards: 1,
        connections: 1,
        in_flight: 1,
        warm_up: 100,
        requests: 300,
        work: Work::Wait { consumers: 1, partitions: 1 },
    },
    Scenario {
        name: "record-to-eight",
        question: "What do seven more consumers add?",
        shards: 1,
        connections: 1,
        in_flight: 1,
        warm_up: 100,
        requests: 200,
        work: Work::Wait { consumers: 8, partitions: 1 },
    },
    Scenario {
        name: "record-among-thousand",
        question: "What does a record cost that a consumer of 1,000 partitions waits for?",
        shards: 1,
        connections: 1,
        in_flight: 1,
        warm_up: 20,
        requests: 100,
        work: Work::Wait { consumers: 1, partitions: 1000 },
    },
];

impl Scenario {
    /// # Panics
    /// There is no scenario of that name.
    pub fn named(name: &str) -> &'static Scenario {
        SCENARIOS
            .iter()
            .find(|scenario| scenario.name == name)
            .unwrap_or_else(|| panic!("no scenario is called {name}"))
    }

    /// Where several connections are at work, what one of them meets depends on the order in which things of one moment
    /// happen: the mean over so many histories moves little when that order does.
    pub fn histories(&self) -> u64 {
        match self.work {
            Work::Produce { .. } if self.in_flight > 1 => 24,
            // A thousand partitions take long to make.
            Work::Wait { partitions: 2.., .. } => 2,
            Work::Produce { .. } | Work::Fetch { .. } if self.connections == 1 => 1,
            _ => 8,
        }
    }

    /// Requests that are counted in one history, of all connections.
    pub fn requests_in_all(&self) -> u64 {
        self.connections * self.requests
    }
}
