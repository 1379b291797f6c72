//! CreateTopics (key 19), v2-7.
//!
//! v4: -1 asks for the broker's own counts. v5: the topic's settings and counts are told. v7: its id.
//! One controller decides, in its turn: a `timeout_ms` that leaves no time at all is the only one that runs out.

use super::{Context, code_of};
use crate::config::{BrokerConfig, Effective, Source, registry};
use crate::core::Core;
use ottla_metadata::decide::create_topics::{self as decide, TopicResult};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::CreateTopicsRequest;
use ottla_protocol::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult, CreateTopicsResponse,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    _: &Context,
    request: CreateTopicsRequest<'_>,
) -> CreateTopicsResponse<'static> {
    let topics: Vec<decide::CreatableTopic> = request
        .topics
        .iter()
        .map(|topic| decide::CreatableTopic {
            name: topic.name.clone().into_owned(),
            num_partitions: topic.num_partitions,
            replication_factor: topic.replication_factor,
            assignments: topic
                .assignments
                .iter()
                .map(|a| (a.partition_index, a.broker_ids.clone()))
                .collect(),
            configs: topic
                .configs
                .iter()
                .map(|config| (config.name.clone().into_owned(), config.value.clone().map(Cow::into_owned)))
                .collect(),
        })
        .collect();
    let names: Vec<String> = topics.iter().map(|topic| topic.name.clone()).collect();
    if request.timeout_ms <= 0 {
        let late = |name| refused(name, ErrorCode::REQUEST_TIMED_OUT.0, None);
        let topics = names.into_iter().map(late).collect();
        return CreateTopicsResponse { topics, ..CreateTopicsResponse::default() };
    }
    let topics = match create(core, topics, request.validate_only).await {
        Ok(results) => {
            let image = core.image();
            let effective = Effective::of(&core.config, &image);
            results.into_iter().map(|result| answer(&effective, result)).collect()
        }
        Err(error) => {
            let text = error.to_string();
            names.into_iter().map(|name| refused(name, code_of(&error), Some(text.clone()))).collect()
        }
    };
    CreateTopicsResponse { topics, ..CreateTopicsResponse::default() }
}

/// Lets the controller create `topics`, with this broker's counts where they leave them open.
pub(super) async fn create(
    core: &Rc<Core>,
    topics: Vec<decide::CreatableTopic>,
    validate_only: bool,
) -> Result<Vec<TopicResult>, crate::controller::Error> {
    let config = core.config.clone();
    core.decide(move |image, seed| {
        decide::create_topics(image, &topics, defaults(&config), &*config, seed, validate_only)
    })
    .await
}

fn defaults(config: &BrokerConfig) -> decide::TopicDefaults {
    decide::TopicDefaults {
        num_partitions: config.topics.num_partitions,
        replication_factor: config.topics.replication_factor,
    }
}

fn answer(effective: &Effective<'_>, (name, result): TopicResult) -> CreatableTopicResult<'static> {
    match result {
        Ok(created) => CreatableTopicResult {
            name: Cow::Owned(name),
            topic_id: created.topic_id,
            error_message: None,
            num_partitions: created.num_partitions,
            replication_factor: created.replication_factor,
            configs: Some(configs(effective, &created.configs)),
            ..CreatableTopicResult::default()
        },
        Err(error) => refused(name, code_of(&error), error.message()),
    }
}

fn refused(name: String, error_code: i16, message: Option<String>) -> CreatableTopicResult<'static> {
    CreatableTopicResult {
        name: Cow::Owned(name),
        error_code,
        error_message: message.map(Cow::Owned),
        ..CreatableTopicResult::default()
    }
}

/// Every setting of a topic that sets `own`, in the order of names, with who set it.
fn configs(effective: &Effective<'_>, own: &BTreeMap<String, String>) -> Vec<CreatableTopicConfigs<'static>> {
    let shown = registry::settings(registry::Scope::Topic).iter().filter(|setting| !setting.internal);
    shown
        .map(|setting| {
            let (value, source) = match own.get(setting.name) {
                Some(text) => (Some(text.clone()), Source::Topic),
                None => match effective.topic(setting, None) {
                    Some((value, source)) => (Some(value.to_string()), source),
                    None => (None, Source::Default),
                },
            };
            CreatableTopicConfigs {
                name: Cow::Borrowed(setting.name),
                value: value.filter(|_| !setting.is_sensitive()).map(Cow::Owned),
                read_only: false,
                config_source: source as i8,
                is_sensitive: setting.is_sensitive(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestBroker;
    use ottla_protocol::ApiKey;
    use ottla_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};

    fn create(broker: &TestBroker, request: &CreateTopicsRequest<'_>) -> (i16, Option<String>, i32, usize) {
        let answer = broker.ask(ApiKey::CreateTopics, 7, request);
        let response: CreateTopicsResponse<'_> = answer.decode();
        let topic = response.topics.first().expect("one was asked for");
        let configs = topic.configs.as_ref().map_or(0, Vec::len);
        (topic.error_code, topic.error_message.clone().map(Cow::into_owned), topic.num_partitions, configs)
    }

    fn topic(
        name: &'static str,
        config: Option<(&'static str, &'static str)>,
    ) -> CreateTopicsRequest<'static> {
        let configs =
            config.map(|(name, value)| CreatableTopicConfig { name: name.into(), value: Some(value.into()) });
        let topic = CreatableTopic {
            name: name.into(),
            num_partitions: -1,
            replication_factor: -1,
            configs: configs.into_iter().collect(),
            ..CreatableTopic::default()
        };
        CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() }
    }

    /// Codes and texts are what Apache Kafka 4.3.1 answered.
    #[test]
    fn topics_are_created_validated_and_refused() {
        let broker = TestBroker::start(&[("num.partitions", "2")]);
        let shown =
            registry::settings(registry::Scope::Topic).iter().filter(|setting| !setting.internal).count();
        let validated = CreateTopicsRequest { validate_only: true, ..topic("a", None) };
        assert_eq!(create(&broker, &validated), (0, None, 2, shown));
        let late = CreateTopicsRequest { timeout_ms: 0, ..topic("a", None) };
        assert_eq!(create(&broker, &late).0, ErrorCode::REQUEST_TIMED_OUT.0);
        assert_eq!(create(&broker, &topic("a", Some(("retention.ms", "5")))), (0, None, 2, shown));
        let table = [
            (topic("a", None), ErrorCode::TOPIC_ALREADY_EXISTS, "Topic 'a' already exists."),
            (
                topic("", None),
                ErrorCode::INVALID_TOPIC_EXCEPTION,
                "Topic name is invalid: the empty string is not allowed",
            ),
            (
                topic("b", Some(("nonsense", "1"))),
                ErrorCode::INVALID_CONFIG,
                "Unknown topic config name: nonsense",
            ),
            (
                topic("b", Some(("segment.bytes", "x"))),
                ErrorCode::INVALID_CONFIG,
                "Invalid value x for configuration segment.bytes: Not a number of type INT",
            ),
        ];
        for (request, code, text) in table {
            assert_eq!(create(&broker, &request), (code.0, Some(text.to_owned()), -1, 0));
        }
    }
}
