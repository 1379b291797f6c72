//! DescribeConfigs, IncrementalAlterConfigs, AlterConfigs and ListConfigResources of a whole broker.

use crate::testing::TestBroker;
use ottla_protocol::messages as m;
use ottla_protocol::messages::alter_configs_request as legacy;
use ottla_protocol::messages::describe_configs_request::DescribeConfigsResource;
use ottla_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use ottla_protocol::{ApiKey, ErrorCode};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const BROKER_LOGGER: i8 = 8;
const SET: i8 = 0;
const APPEND: i8 = 2;

type Asked = (i8, &'static str, &'static [(&'static str, i8, Option<&'static str>)]);

/// The codes and texts of the answer, in order.
fn alter(broker: &TestBroker, validate_only: bool, resources: &[Asked]) -> Vec<(ErrorCode, Option<String>)> {
    let resources = resources.iter().map(|(resource_type, name, configs)| AlterConfigsResource {
        resource_type: *resource_type,
        resource_name: (*name).into(),
        configs: configs
            .iter()
            .map(|(name, op, value)| AlterableConfig {
                name: (*name).into(),
                config_operation: *op,
                value: value.map(Into::into),
            })
            .collect(),
    });
    let request = m::IncrementalAlterConfigsRequest { resources: resources.collect(), validate_only };
    let answer = broker.ask(ApiKey::IncrementalAlterConfigs, 1, &request);
    let response: m::IncrementalAlterConfigsResponse<'_> = answer.decode();
    let outcome = |r: &m::incremental_alter_configs_response::AlterConfigsResourceResponse<'_>| {
        (ErrorCode(r.error_code), r.error_message.as_ref().map(|text| text.to_string()))
    };
    response.responses.iter().map(outcome).collect()
}

fn value(broker: &TestBroker, resource_type: i8, name: &str, key: &str) -> Option<(String, i8)> {
    let resource = DescribeConfigsResource {
        resource_type,
        resource_name: name.into(),
        configuration_keys: Some(vec![key.into()]),
    };
    let request = m::DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
    let answer = broker.ask(ApiKey::DescribeConfigs, 4, &request);
    let response: m::DescribeConfigsResponse<'_> = answer.decode();
    let entry = response.results.first()?.configs.first()?;
    Some((entry.value.as_ref()?.to_string(), entry.config_source))
}

/// What is wrong with one resource is its own fault, and stops no other.
#[test]
fn each_resource_is_taken_or_refused_by_itself() {
    let broker = TestBroker::start(&[]);
    broker.create_topic("t", 1);
    let invalid = |text: &str| (ErrorCode::INVALID_REQUEST, Some(text.to_owned()));
    let none = (ErrorCode::NONE, None);
    let good: Asked = (TOPIC, "t", &[("segment.bytes", SET, Some("2000000"))]);
    let unknown =
        (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, Some("The topic 'nope' does not exist.".to_owned()));

    type Told = Vec<(ErrorCode, Option<String>)>;
    let table: &[(&[Asked], Told)] = &[
        (&[], vec![]),
        (
            &[(TOPIC, "nope", &[("segment.bytes", SET, Some("2000000"))]), (3, "x", &[]), good],
            vec![unknown, invalid("Unknown resource type 3"), none.clone()],
        ),
        (&[good, good], vec![invalid("Each resource must appear at most once."); 2]),
        (&[(3, "x", &[("a", SET, None)])], vec![invalid("Null value not supported for : a")]),
        (&[(TOPIC, "t", &[("segment.bytes", 9, Some("5"))])], vec![(ErrorCode::UNKNOWN_SERVER_ERROR, None)]),
        (&[(BROKER, "1", &[("segment.bytes", 9, Some("5"))])], vec![invalid("Unknown operations type 9")]),
        (
            &[(BROKER, "1", &[("node.id", SET, Some("5"))])],
            vec![invalid("Cannot update these configs dynamically: [node.id]")],
        ),
        (
            &[(BROKER_LOGGER, "1", &[("root", SET, Some("DEBUG"))])],
            vec![(ErrorCode::INVALID_CONFIG, Some("Logger root does not exist!".to_owned()))],
        ),
        (
            &[(BROKER_LOGGER, "7", &[("root", SET, Some("DEBUG"))])],
            vec![invalid("Unexpected node id. Expected 1, but received 7")],
        ),
    ];
    for (resources, expected) in table {
        assert_eq!(alter(&broker, true, resources), *expected, "{resources:?}");
    }
    let unchanged = Some(("1073741824".to_owned(), 5));
    assert_eq!(value(&broker, TOPIC, "t", "segment.bytes"), unchanged, "it was only validated");
}

/// A change is in force when it is answered, and its source is told.
#[test]
fn changes_are_seen_at_once() {
    let broker = TestBroker::start(&[("log.segment.bytes", "1500000")]);
    broker.create_topic("t", 1);
    let shown = |key: &str| value(&broker, TOPIC, "t", key);
    assert_eq!(shown("segment.bytes"), Some(("1500000".to_owned(), 4)));

    let set = |kind: i8, name: &'static str, configs| {
        assert_eq!(alter(&broker, false, &[(kind, name, configs)]), [(ErrorCode::NONE, None)]);
    };
    set(BROKER, "", &[("log.segment.bytes", SET, Some("1600000"))]);
    assert_eq!(shown("segment.bytes"), Some(("1600000".to_owned(), 3)));
    set(BROKER, "1", &[("log.segment.bytes", SET, Some("1700000"))]);
    assert_eq!(shown("segment.bytes"), Some(("1700000".to_owned(), 2)));
    set(TOPIC, "t", &[("segment.bytes", SET, Some("1800000")), ("cleanup.policy", APPEND, Some("compact"))]);
    assert_eq!(shown("segment.bytes"), Some(("1800000".to_owned(), 1)));
    assert_eq!(shown("cleanup.policy"), Some(("delete,compact".to_owned(), 1)));

    // The older API replaces all.
    let resource = legacy::AlterConfigsResource {
        resource_type: TOPIC,
        resource_name: "t".into(),
        configs: vec![legacy::AlterableConfig { name: "retention.ms".into(), value: Some("5".into()) }],
    };
    let request = m::AlterConfigsRequest { resources: vec![resource], validate_only: false };
    for version in [0, 2] {
        let answer = broker.ask(ApiKey::AlterConfigs, version, &request);
        let response: m::AlterConfigsResponse<'_> = answer.decode();
        assert_eq!(response.responses.first().map(|r| r.error_code), Some(0));
    }
    assert_eq!(shown("segment.bytes"), Some(("1700000".to_owned(), 2)));
    assert_eq!(shown("cleanup.policy"), Some(("delete".to_owned(), 5)));
    assert_eq!(shown("retention.ms"), Some(("5".to_owned(), 1)));
}

#[test]
fn what_settings_can_belong_to() {
    let broker = TestBroker::start(&[]);
    broker.create_topic("b", 1);
    broker.create_topic("a", 1);
    let changes: [Asked; 2] = [
        (32, "g", &[("consumer.session.timeout.ms", SET, Some("46000"))]),
        (16, "m", &[("interval.ms", SET, Some("1000"))]),
    ];
    assert_eq!(alter(&broker, false, &changes), [(ErrorCode::NONE, None), (ErrorCode::NONE, None)]);
    let list = |version: i16, kinds: &[i8]| -> Result<Vec<(i8, String)>, ErrorCode> {
        let request = m::ListConfigResourcesRequest { resource_types: kinds.to_vec() };
        let answer = broker.ask(ApiKey::ListConfigResources, version, &request);
        let response: m::ListConfigResourcesResponse<'_> = answer.decode();
        match response.error_code {
            0 => {
                let resources = response.config_resources.iter();
                Ok(resources.map(|r| (r.resource_type, r.resource_name.to_string())).collect())
            }
            code => Err(ErrorCode(code)),
        }
    };
    let named =
        |pairs: &[(i8, &str)]| Ok(pairs.iter().map(|(kind, name)| (*kind, (*name).to_owned())).collect());
    let all = [(32, "g"), (16, "m"), (8, "1"), (4, "1"), (2, "a"), (2, "b")];
    assert_eq!(list(1, &[]), named(&all));
    assert_eq!(list(1, &[2, 32]), named(&[(32, "g"), (2, "a"), (2, "b")]));
    assert_eq!(list(0, &[]), named(&[(16, "m")]));
    assert_eq!(list(1, &[2, 3]), Err(ErrorCode::UNSUPPORTED_VERSION));
}
