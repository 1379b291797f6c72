//! Topics that are created because somebody uses them: what Metadata names when `auto.create.topics.enable` allows
//! it, and Kafka's internal topics, which have counts and settings of their own.

use super::create_topics::create;
use crate::config::BrokerConfig;
use crate::core::Core;
use ottla_metadata::decide::create_topics::CreatableTopic;
use ottla_metadata::decide::{Error, topic_name};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Creates those of `names` that are legal and not there. What cannot be created stays missing, and the log says why.
/// When this returns, what was created can be used.
pub(super) async fn create_missing<'n>(core: &Rc<Core>, names: impl Iterator<Item = &'n str>) {
    let image = core.image();
    let missing: BTreeSet<&str> = names
        .filter(|name| image.topic_by_name(name).is_none() && topic_name::validate(name).is_ok())
        .collect();
    if missing.is_empty() {
        return;
    }
    let topics = missing.into_iter().map(|name| topic(&core.config, name)).collect();
    let results = match create(core, topics, false).await {
        Ok(results) => results,
        Err(error) => {
            tracing::warn!("topics that clients use cannot be created: {error}");
            return;
        }
    };
    // A client may ask for thousands: one line says it all.
    let mut refused = results.iter().filter_map(|(name, result)| match result {
        // Another connection was faster.
        Ok(_) | Err(Error::TopicAlreadyExists(_)) => None,
        Err(error) => Some((name, error)),
    });
    if let Some((topic, error)) = refused.next() {
        let others = refused.count();
        tracing::warn!(%topic, others, "a topic that a client uses cannot be created: {error}");
    }
    for (topic, created) in results.iter().filter_map(|(name, result)| Some((name, result.as_ref().ok()?))) {
        tracing::info!(%topic, partitions = created.num_partitions, "created on first use");
    }
}

/// What Kafka creates under `name`.
fn topic(config: &BrokerConfig, name: &str) -> CreatableTopic {
    let values = config.values();
    let internal = |prefix: &str, settings: &[(&str, &str)]| {
        let segment_bytes = values.int(&format!("{prefix}.segment.bytes")).to_string();
        let settings = settings.iter().copied().chain([("segment.bytes", segment_bytes.as_str())]);
        CreatableTopic {
            num_partitions: values.int(&format!("{prefix}.num.partitions")),
            replication_factor: values.short(&format!("{prefix}.replication.factor")),
            configs: settings.map(|(name, value)| (name.to_owned(), Some(value.to_owned()))).collect(),
            ..CreatableTopic::default()
        }
    };
    let insync = |prefix: &str| values.text(&format!("{prefix}.min.isr"));
    let topic = match name {
        "__consumer_offsets" => {
            internal("offsets.topic", &[("cleanup.policy", "compact"), ("compression.type", "producer")])
        }
        "__transaction_state" => {
            let prefix = "transaction.state.log";
            let settings = [
                ("cleanup.policy", "compact"),
                ("compression.type", "uncompressed"),
                ("min.insync.replicas", &insync(prefix)),
                ("unclean.leader.election.enable", "false"),
            ];
            internal(prefix, &settings)
        }
        "__share_group_state" => {
            let prefix = "share.coordinator.state.topic";
            let settings = [
                ("cleanup.policy", "delete"),
                ("compression.type", "producer"),
                ("min.insync.replicas", &insync(prefix)),
                ("retention.ms", "-1"),
            ];
            internal(prefix, &settings)
        }
        _ => CreatableTopic { num_partitions: -1, replication_factor: -1, ..CreatableTopic::default() },
    };
    CreatableTopic { name: name.to_owned(), ..topic }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Input;

    /// What Apache Kafka 4.3.1 creates when Metadata names them, with the same settings.
    #[test]
    fn internal_topics_have_their_own_counts_and_settings() {
        let overrides = [("offsets.topic.num.partitions", "7"), ("transaction.state.log.min.isr", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let input = Input { file: None, overrides: &overrides, host_name: "localhost" };
        let config = BrokerConfig::load(input).expect("good settings").config;
        let shown = |name: &str| {
            let topic = topic(&config, name);
            let settings = topic.configs.iter().map(|(name, value)| match value {
                Some(value) => format!("{name}={value}"),
                None => name.clone(),
            });
            let mut settings: Vec<String> = settings.collect();
            settings.sort();
            format!("{} {} {}", topic.num_partitions, topic.replication_factor, settings.join(" "))
        };
        assert_eq!(
            shown("__consumer_offsets"),
            "7 1 cleanup.policy=compact compression.type=producer segment.bytes=104857600"
        );
        assert_eq!(
            shown("__transaction_state"),
            "50 1 cleanup.policy=compact compression.type=uncompressed min.insync.replicas=1 \
             segment.bytes=104857600 unclean.leader.election.enable=false"
        );
        assert_eq!(
            shown("__share_group_state"),
            "50 1 cleanup.policy=delete compression.type=producer min.insync.replicas=1 retention.ms=-1 \
             segment.bytes=104857600"
        );
        assert_eq!(shown("mine"), "-1 -1 ");
    }
}
