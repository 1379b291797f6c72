//! The metadata log of a data directory on which no broker runs: read, and changed, by the controller that a broker would start.

use crate::cli::Failure;
use crate::config::BrokerConfig;
use crate::controller::{self, Controller, MetaProperties};
use ottla_metadata::decide::Decision;
use ottla_metadata::record::{
    ConfigRecord, PartitionRecord, ProducerIdsRecord, Record, RemoveTopicRecord, TopicRecord,
};
use ottla_metadata::{Image, ResourceType, Uuid};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A topic to be made, with the partitions that its directories hold.
#[derive(Clone, Debug)]
pub(super) struct NewTopic {
    pub(super) name: String,
    pub(super) id: Uuid,
    /// The leader epoch of each partition, from 0 on.
    pub(super) leader_epochs: Vec<i32>,
    pub(super) configs: BTreeMap<String, String>,
}

/// What the metadata log of `config`'s directories says now. It is made when there is none.
/// # Errors
/// It cannot be read, or the kernel allows no ring.
pub(super) fn image(config: &BrokerConfig) -> Result<Arc<Image>, Failure> {
    with_controller(config, |controller, _| async move { Ok(controller.image()) })
}

/// Makes `topics` with their ids, in the place of those that have their names, and gives out no producer id below
/// `producer_ids_from`.
/// # Errors
/// As [`image`]; the records contradict the metadata.
pub(super) fn make(
    config: &BrokerConfig,
    topics: Vec<NewTopic>,
    producer_ids_from: i64,
) -> Result<(), Failure> {
    let node_id = config.node_id;
    with_controller(config, move |controller, directory| {
        let topics = topics.clone();
        async move {
            for topic in topics {
                let committed = controller.submit(move |image, _| Decision {
                    records: records(image, &topic, node_id, directory),
                    reply: (),
                });
                committed.await.map_err(|error| error.to_string())?;
            }
            let committed = controller.submit(move |image, _| {
                let mut decision = Decision::reply(());
                if image.next_producer_id() < producer_ids_from {
                    decision.records.push(Record::ProducerIds(ProducerIdsRecord {
                        broker_id: node_id,
                        broker_epoch: image.last_broker_epoch(),
                        next_producer_id: producer_ids_from,
                    }));
                }
                decision
            });
            committed.await.map(|_| ()).map_err(|error| error.to_string())
        }
    })
}

fn records(image: &Image, topic: &NewTopic, node_id: i32, directory: Uuid) -> Vec<Record> {
    let mut records = Vec::new();
    if let Some(old) = image.topic_by_name(&topic.name) {
        records.push(Record::RemoveTopic(RemoveTopicRecord { topic_id: old.id }));
    }
    records.push(Record::Topic(TopicRecord { name: topic.name.clone(), topic_id: topic.id }));
    records.extend(topic.configs.iter().map(|(name, value)| {
        Record::Config(ConfigRecord {
            resource_type: ResourceType::Topic,
            resource_name: topic.name.clone(),
            name: name.clone(),
            value: Some(value.clone()),
        })
    }));
    records.extend((0..).zip(&topic.leader_epochs).map(|(partition_id, leader_epoch)| {
        Record::Partition(PartitionRecord {
            topic_id: topic.id,
            partition_id,
            replicas: vec![node_id],
            directories: vec![directory],
            isr: vec![node_id],
            removing_replicas: Vec::new(),
            adding_replicas: Vec::new(),
            leader: node_id,
            leader_epoch: *leader_epoch,
            partition_epoch: 0,
        })
    }));
    records
}

/// Runs `work` with the controller and the id of the first log directory, on a reactor of its own. The caller holds the locks.
fn with_controller<T, F, Fut>(config: &BrokerConfig, work: F) -> Result<T, Failure>
where
    T: Send + 'static,
    F: Fn(Controller, Uuid) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<T, String>> + 'static,
{
    let reactor = ottla_io::runtime::Config { shards: 1, pin: false, ..Default::default() };
    let config = Arc::new(config.clone());
    let ran = ottla_io::runtime::run(&reactor, move |_: ottla_io::ShardContext<()>| {
        let (config, work) = (config.clone(), work.clone());
        async move {
            let (cluster_id, directory) = identify(&config).await?;
            let started = Controller::start(controller::Config {
                dir: config.metadata_log_dir.clone(),
                node_id: config.node_id,
                cluster_id,
            });
            let controller = started.await.map_err(|error| error.to_string())?;
            let result = work(controller.clone(), directory).await;
            controller.stop().await;
            result
        }
    });
    let results = ran.map_err(|error| Failure::failed(format!("cannot change the metadata: {error}")))?;
    let result = results.into_iter().next().unwrap_or_else(|| Err("the reactor ended early".to_owned()));
    result.map_err(Failure::failed)
}

/// The cluster's id and that of the first log directory, as a broker would read or write them at its start.
async fn identify(config: &BrokerConfig) -> Result<(String, Uuid), String> {
    let dirs = all_dirs(config);
    let mut cluster_id = None;
    for dir in &dirs {
        let found = MetaProperties::read(dir).await.map_err(|error| error.to_string())?;
        cluster_id = cluster_id.or(found.map(|found| found.cluster_id));
    }
    let mut directory = None;
    for dir in &dirs {
        let found = MetaProperties::read_or_format(dir, config.node_id, cluster_id.as_deref()).await;
        let found = found.map_err(|error| error.to_string())?;
        directory.get_or_insert(found.directory_id);
        cluster_id.get_or_insert(found.cluster_id);
    }
    cluster_id.zip(directory).ok_or_else(|| "there is no log directory".to_owned())
}

/// Every directory that a broker of `config` would take.
pub(super) fn all_dirs(config: &BrokerConfig) -> Vec<PathBuf> {
    let mut dirs = config.log_dirs.clone();
    if !dirs.contains(&config.metadata_log_dir) {
        dirs.push(config.metadata_log_dir.clone());
    }
    dirs
}
