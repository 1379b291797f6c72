//! A small blocking Kafka client over `std::net`, for the commands and the demo.
//!
//! It does not run on a shard: each command is a process or a thread of its own, so it may block. One request is in flight on a
//! connection, except that a fetch or produce goes to all leaders before the first answer is awaited.

pub mod admin;
mod connection;
pub mod consumer;
mod error;
pub mod groups;
pub mod offsets;
pub mod partitioner;
pub mod producer;
mod request;

pub use connection::{Answer, Connection, Pending};
pub use error::Error;
pub use request::Request;

use ottla_protocol::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use ottla_protocol::{ErrorCode, Uuid};
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

/// Where the cluster is and how patient to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// `HOST:PORT` of some brokers: the first that answers is asked for the others.
    pub bootstrap: Vec<String>,
    /// For connecting, for an answer, and for a retried request as a whole.
    pub timeout: Duration,
    /// Whether a producer or consumer that was connected tries for so long to be so again.
    pub reconnect: bool,
}

/// A cluster as seen through one of its brokers.
pub struct Client {
    options: Options,
    /// The broker that answered first; cluster-wide questions go to it.
    first: Connection,
    /// Connections to partition leaders by node id.
    leaders: BTreeMap<i32, Connection>,
    brokers: BTreeMap<i32, String>,
}

#[derive(Clone, Debug)]
pub struct Metadata {
    pub cluster_id: Option<String>,
    pub controller_id: i32,
    /// Addresses by node id.
    pub brokers: BTreeMap<i32, String>,
    pub topics: Vec<Topic>,
}

#[derive(Clone, Debug)]
pub struct Topic {
    pub name: String,
    pub id: Uuid,
    pub error: ErrorCode,
    pub is_internal: bool,
    /// In the order of their index.
    pub partitions: Vec<Partition>,
}

#[derive(Clone, Debug)]
pub struct Partition {
    pub index: i32,
    /// -1 when there is none.
    pub leader: i32,
    pub leader_epoch: i32,
    pub replicas: Vec<i32>,
    pub in_sync_replicas: Vec<i32>,
    pub offline_replicas: Vec<i32>,
}

impl Client {
    /// Connects to the first broker that answers.
    ///
    /// # Errors
    /// The last broker's, when none does.
    pub fn connect(options: &Options) -> Result<Client, Error> {
        let mut last = Error::Address { address: String::new() };
        for address in &options.bootstrap {
            match Connection::open(address, options.timeout) {
                Ok(first) => {
                    let (leaders, brokers) = (BTreeMap::new(), BTreeMap::new());
                    return Ok(Client { options: options.clone(), first, leaders, brokers });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    pub fn timeout(&self) -> Duration {
        self.options.timeout
    }

    pub fn timeout_ms(&self) -> i32 {
        i32::try_from(self.options.timeout.as_millis()).unwrap_or(i32::MAX)
    }

    /// Asks the broker that was connected to first, and connects again when that connection is gone.
    pub fn ask<R: Request>(&mut self, request: &R) -> Result<Answer<R>, Error> {
        match self.first.call(request) {
            Err(Error::Connection { .. }) => {
                self.first = Client::connect(&self.options)?.first;
                self.first.call(request)
            }
            other => other,
        }
    }

    /// The version of an API that [`Client::ask`] will use.
    pub fn version(&self, api: ottla_protocol::ApiKey) -> Result<i16, Error> {
        self.first.version(api)
    }

    /// All topics, or those named; a topic that is not there comes back with its error.
    pub fn metadata(&mut self, names: Option<&[&str]>) -> Result<Metadata, Error> {
        let named = |name: &&str| MetadataRequestTopic {
            name: Some((*name).to_owned().into()),
            ..Default::default()
        };
        let request = MetadataRequest {
            topics: names.map(|names| names.iter().map(named).collect()),
            allow_auto_topic_creation: false,
            ..Default::default()
        };
        let answer = self.ask(&request)?;
        let body = answer.get()?;
        if body.error_code != 0 {
            return Err(Error::refused("the cluster's metadata", body.error_code, None));
        }
        let brokers =
            body.brokers.iter().map(|broker| (broker.node_id, host_port(&broker.host, broker.port)));
        let brokers: BTreeMap<i32, String> = brokers.collect();
        let mut topics: Vec<Topic> = body.topics.iter().map(topic_of).collect();
        topics.sort_by(|one, other| one.name.cmp(&other.name));
        self.brokers.clone_from(&brokers);
        Ok(Metadata {
            cluster_id: body.cluster_id.as_deref().map(str::to_owned),
            controller_id: body.controller_id,
            brokers,
            topics,
        })
    }

    /// One topic whose partitions all have leaders; waits for them as long as `timeout` says.
    ///
    /// # Errors
    /// The topic is not there, or the broker refuses to show it.
    pub fn topic(&mut self, name: &str) -> Result<Topic, Error> {
        let mut retry = Retry::new(self.options.timeout);
        loop {
            let metadata = self.metadata(Some(&[name]))?;
            let Some(topic) = metadata.topics.into_iter().next() else {
                return Err(Error::refused(subject(name), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0, None));
            };
            let without = topic.partitions.iter().find(|partition| partition.leader < 0);
            let problem = match (topic.error, without) {
                (ErrorCode::NONE, None) => return Ok(topic),
                (ErrorCode::NONE, Some(partition)) => Error::refused(
                    format!("{} partition {}", subject(name), partition.index),
                    ErrorCode::LEADER_NOT_AVAILABLE.0,
                    None,
                ),
                (code, _) => Error::refused(subject(name), code.0, None),
            };
            // UNKNOWN_TOPIC_OR_PARTITION counts as retriable, but a person's misspelt name should not wait.
            let missing = problem.code() == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
            if missing || !problem.is_retriable() || !retry.again() {
                return Err(problem);
            }
        }
    }

    /// As [`Client::topic`], for a topic that was just made: that a broker does not know it yet is waited for too.
    pub fn topic_soon(&mut self, name: &str) -> Result<Topic, Error> {
        let mut retry = Retry::new(self.options.timeout);
        loop {
            match self.topic(name) {
                Err(error) if error.code() == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION && retry.again() => {}
                other => return other,
            }
        }
    }

    /// The connection to a node, made when it is first needed.
    pub fn node(&mut self, id: i32) -> Result<&mut Connection, Error> {
        if !self.leaders.contains_key(&id) {
            let address = self.brokers.get(&id).ok_or_else(|| {
                Error::refused(format!("broker {id}"), ErrorCode::BROKER_NOT_AVAILABLE.0, None)
            })?;
            let connection = Connection::open(address, self.options.timeout)?;
            self.leaders.insert(id, connection);
        }
        self.leaders
            .get_mut(&id)
            .ok_or_else(|| Error::refused(format!("broker {id}"), ErrorCode::BROKER_NOT_AVAILABLE.0, None))
    }

    /// Whether to try once more after `error`, after a pause. The topic's leaders are looked up anew then, if that can be done.
    fn recovers(&mut self, error: &Error, retry: &mut Retry, topic: &mut Topic) -> bool {
        let may_pass = |client: &Client, error: &Error| {
            error.is_retriable() || (client.options.reconnect && error.is_unreachable())
        };
        if !may_pass(self, error) || !retry.again() {
            return false;
        }
        match self.topic(&topic.name) {
            Ok(found) => *topic = found,
            // The next attempt meets the same obstacle, and says so.
            Err(error) => return may_pass(self, &error),
        }
        true
    }

    /// Forgets a connection that failed, so that the next use makes a new one.
    pub fn forget(&mut self, id: i32) {
        self.leaders.remove(&id);
    }
}

pub fn subject(topic: &str) -> String {
    format!("topic '{topic}'")
}

fn host_port(host: &str, port: i32) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn topic_of(topic: &ottla_protocol::messages::metadata_response::MetadataResponseTopic<'_>) -> Topic {
    let mut partitions: Vec<Partition> = topic
        .partitions
        .iter()
        .map(|partition| Partition {
            index: partition.partition_index,
            leader: partition.leader_id,
            leader_epoch: partition.leader_epoch,
            replicas: partition.replica_nodes.clone(),
            in_sync_replicas: partition.isr_nodes.clone(),
            offline_replicas: partition.offline_replicas.clone(),
        })
        .collect();
    partitions.sort_by_key(|partition| partition.index);
    Topic {
        name: topic.name.as_deref().unwrap_or_default().to_owned(),
        id: topic.topic_id,
        error: ErrorCode(topic.error_code),
        is_internal: topic.is_internal,
        partitions,
    }
}

/// Pauses that double from 10 ms to 1 s, until the time is up.
pub struct Retry {
    deadline: Instant,
    pause: Duration,
}

impl Retry {
    pub fn new(timeout: Duration) -> Retry {
        Retry { deadline: Instant::now() + timeout, pause: Duration::from_millis(10) }
    }

    /// Sleeps and says whether to try again.
    pub fn again(&mut self) -> bool {
        if Instant::now() + self.pause >= self.deadline {
            return false;
        }
        thread::sleep(self.pause);
        self.pause = (self.pause * 2).min(Duration::from_secs(1));
        true
    }
}
