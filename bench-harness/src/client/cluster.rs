//! Which broker leads which partition, asked through whichever broker answers.

use super::Connection;
use crate::error::{Error, Result};
use glommio::timer::sleep;
use ottla_protocol::messages::metadata_request::MetadataRequestTopic;
use ottla_protocol::messages::{MetadataRequest, MetadataResponse};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A partition as its cluster describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    pub index: i32,
    /// -1: none for the moment.
    pub leader: i32,
}

/// Partitions by topic, in the order of their indexes.
pub type TopicMap = BTreeMap<String, Vec<Partition>>;

/// Between two looks at something that needs a moment: leaders of new topics, a broker that starts.
const RETRY_WAIT: Duration = Duration::from_millis(100);

pub struct Cluster {
    bootstrap: Vec<String>,
    timeout: Duration,
    connections: BTreeMap<String, Connection>,
    /// `HOST:PORT` by node id.
    pub nodes: BTreeMap<i32, String>,
    pub controller: i32,
}

impl Cluster {
    /// Connects to the first of `bootstrap` that answers.
    /// # Errors
    /// That of the last one tried.
    pub async fn connect(bootstrap: &[String], timeout: Duration) -> Result<Cluster> {
        let mut cluster = Cluster {
            bootstrap: bootstrap.to_vec(),
            timeout,
            connections: BTreeMap::new(),
            nodes: BTreeMap::new(),
            controller: -1,
        };
        cluster.refresh(&[]).await?;
        Ok(cluster)
    }

    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// A connection to `address`, the same one until it fails.
    pub async fn connection(&mut self, address: &str) -> Result<&mut Connection> {
        if !self.connections.contains_key(address) {
            let opened = Connection::open(address, self.timeout).await?;
            self.connections.insert(address.to_owned(), opened);
        }
        self.connections.get_mut(address).ok_or_else(|| Error::Address(address.to_owned()))
    }

    pub async fn node(&mut self, node: i32) -> Result<&mut Connection> {
        let address = self.address(node)?;
        self.connection(&address).await
    }

    pub fn address(&self, node: i32) -> Result<String> {
        self.nodes.get(&node).cloned().ok_or_else(|| {
            Error::refused(format!("node {node}"), ottla_protocol::ErrorCode::LEADER_NOT_AVAILABLE.0, None)
        })
    }

    /// The next use of this node connects anew.
    pub fn forget(&mut self, address: &str) {
        self.connections.remove(address);
    }

    /// A connection to any broker of the cluster.
    pub async fn any(&mut self) -> Result<&mut Connection> {
        let address = self.any_address().await?;
        self.connection(&address).await
    }

    async fn any_address(&mut self) -> Result<String> {
        let known = self.nodes.values().cloned().collect::<Vec<_>>();
        let mut last = Error::Address(String::new());
        for address in self.bootstrap.clone().into_iter().chain(known) {
            match self.connection(&address).await {
                Ok(_) => return Ok(address),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Asks for the cluster's nodes and the leaders of `topics`.
    /// # Errors
    /// A topic that is not there, beside those of the connection.
    pub async fn refresh(&mut self, topics: &[String]) -> Result<TopicMap> {
        let address = self.any_address().await?;
        let request = MetadataRequest {
            topics: Some(
                topics
                    .iter()
                    .map(|topic| MetadataRequestTopic {
                        name: Some(topic.as_str().into()),
                        ..Default::default()
                    })
                    .collect(),
            ),
            allow_auto_topic_creation: false,
            ..Default::default()
        };
        let answer = self.connection(&address).await?.call(&request).await.map(|answer| Seen::of(&answer));
        if answer.is_err() {
            self.forget(&address);
        }
        let seen = answer?;
        self.nodes = seen.nodes;
        self.controller = seen.controller;
        match seen.fault {
            Some((topic, code)) => Err(Error::refused(format!("topic '{topic}'"), code, None)),
            None => Ok(seen.topics),
        }
    }

    /// How many replicas the partitions of `topic` have.
    pub async fn replicas(&mut self, topic: &str) -> Result<i16> {
        let named = MetadataRequestTopic { name: Some(topic.into()), ..Default::default() };
        let request = MetadataRequest { topics: Some(vec![named]), ..Default::default() };
        let answer = self.any().await?.call(&request).await?;
        let partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
        let replicas = partitions.map(|partition| partition.replica_nodes.len()).min().unwrap_or(1);
        Ok(i16::try_from(replicas).unwrap_or(i16::MAX))
    }

    /// As [`Cluster::refresh`], but waits until every partition has a leader.
    pub async fn wait_for_leaders(&mut self, topics: &[String], patience: Duration) -> Result<TopicMap> {
        let began = Instant::now();
        loop {
            let missing = match self.refresh(topics).await {
                Ok(map) => match without_leader(&map) {
                    None => return Ok(map),
                    Some(missing) => missing,
                },
                Err(error) if error.is_retriable() && began.elapsed() < patience => {
                    sleep(RETRY_WAIT).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if began.elapsed() >= patience {
                return Err(Error::refused(missing, ottla_protocol::ErrorCode::LEADER_NOT_AVAILABLE.0, None));
            }
            sleep(RETRY_WAIT).await;
        }
    }
}

fn without_leader(map: &TopicMap) -> Option<String> {
    map.iter().find_map(|(topic, partitions)| {
        let partition = partitions.iter().find(|partition| partition.leader < 0)?;
        Some(format!("{topic}-{}", partition.index))
    })
}

/// What one Metadata answer said, apart from its bytes.
struct Seen {
    nodes: BTreeMap<i32, String>,
    controller: i32,
    topics: TopicMap,
    fault: Option<(String, i16)>,
}

impl Seen {
    fn of(answer: &MetadataResponse<'_>) -> Seen {
        let address = |host: &str, port: i32| {
            if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
        };
        let nodes = answer.brokers.iter().map(|broker| (broker.node_id, address(&broker.host, broker.port)));
        let name = |name: Option<&str>| name.unwrap_or_default().to_owned();
        let fault = answer.topics.iter().find(|topic| topic.error_code != 0);
        let topics = answer.topics.iter().map(|topic| {
            let mut partitions: Vec<Partition> = topic
                .partitions
                .iter()
                .map(|partition| Partition {
                    index: partition.partition_index,
                    leader: if partition.error_code == 0 { partition.leader_id } else { -1 },
                })
                .collect();
            partitions.sort_by_key(|partition| partition.index);
            (name(topic.name.as_deref()), partitions)
        });
        Seen {
            nodes: nodes.collect(),
            controller: answer.controller_id,
            fault: fault.map(|topic| (name(topic.name.as_deref()), topic.error_code)),
            topics: topics.collect(),
        }
    }
}
