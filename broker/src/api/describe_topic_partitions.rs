//! DescribeTopicPartitions (key 75), v0: topics in the order of their names, a page at a time (KIP-966).
//!
//! A page ends at the request's limit, at the broker's `max.request.partition.size.limit`, or at the last topic. Its
//! cursor names the partition that comes next. Without names it walks all topics.

use super::Context;
use super::metadata::offline_replicas;
use super::operations::{NOT_ASKED, TOPIC_OPERATIONS};
use crate::core::Core;
use ottla_metadata::decide::topic_name;
use ottla_metadata::image::is_internal_topic;
use ottla_metadata::{Image, Partition, Topic};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::DescribeTopicPartitionsRequest;
use ottla_protocol::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponse, DescribeTopicPartitionsResponsePartition,
    DescribeTopicPartitionsResponseTopic,
};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    _: &Context,
    request: DescribeTopicPartitionsRequest<'_>,
) -> DescribeTopicPartitionsResponse<'static> {
    let of_broker = core.config.topics.partitions_per_response_max;
    let limit = request.response_partition_limit.min(of_broker).max(1);
    describe(&core.image(), &request, usize::try_from(limit).unwrap_or(1))
}

fn describe(
    image: &Image,
    request: &DescribeTopicPartitionsRequest<'_>,
    limit: usize,
) -> DescribeTopicPartitionsResponse<'static> {
    let from = request.cursor.as_ref();
    let first = from.map_or("", |cursor| &cursor.topic_name);
    let named: BTreeSet<&str> =
        request.topics.iter().map(|topic| &*topic.name).filter(|name| *name >= first).collect();
    let is_off = from.is_some_and(|cursor| {
        let is_named = request.topics.is_empty() || named.contains(&*cursor.topic_name);
        cursor.partition_index < 0 || !is_named
    });
    if is_off {
        let refused = request.topics.iter().map(|topic| DescribeTopicPartitionsResponseTopic {
            topic_authorized_operations: NOT_ASKED,
            ..without_partitions(&topic.name, ErrorCode::INVALID_REQUEST)
        });
        return DescribeTopicPartitionsResponse {
            topics: refused.collect(),
            ..DescribeTopicPartitionsResponse::default()
        };
    }
    let start = |name: &str| match from {
        Some(cursor) if cursor.topic_name == name => usize::try_from(cursor.partition_index).unwrap_or(0),
        _ => 0,
    };
    let mut page = Page { image, left: limit, response: DescribeTopicPartitionsResponse::default() };
    if request.topics.is_empty() {
        let mut topics = image.topics_from(first);
        while let Some(topic) = topics.next()
            && page.add(&topic.name, Some(topic), start(&topic.name))
        {}
    } else {
        let mut names = named.into_iter();
        while let Some(name) = names.next()
            && page.add(name, image.topic_by_name(name).map(|topic| &**topic), start(name))
        {}
    }
    page.response
}

struct Page<'a> {
    image: &'a Image,
    /// Partitions that still fit.
    left: usize,
    response: DescribeTopicPartitionsResponse<'static>,
}

impl Page<'_> {
    /// False when the page has ended.
    fn add(&mut self, name: &str, topic: Option<&Topic>, start: usize) -> bool {
        if self.left == 0 {
            self.end(name, 0);
            return false;
        }
        let Some(topic) = topic else {
            let code = match topic_name::validate(name) {
                Ok(()) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                Err(_) => ErrorCode::INVALID_TOPIC_EXCEPTION,
            };
            self.response.topics.push(without_partitions(name, code));
            return true;
        };
        let partitions = topic.partitions();
        let end = start.saturating_add(self.left).min(partitions.len());
        let shown = partitions.get(start..end).unwrap_or_default();
        self.response.topics.push(DescribeTopicPartitionsResponseTopic {
            topic_id: topic.id,
            partitions: (start..).zip(shown).map(|(index, one)| partition(self.image, index, one)).collect(),
            ..without_partitions(name, ErrorCode::NONE)
        });
        self.left -= shown.len();
        if end < partitions.len() {
            self.end(name, end);
            return false;
        }
        true
    }

    fn end(&mut self, name: &str, index: usize) {
        self.response.next_cursor = Some(Cursor {
            topic_name: Cow::Owned(name.to_owned()),
            partition_index: i32::try_from(index).unwrap_or(i32::MAX),
        });
    }
}

fn without_partitions(name: &str, code: ErrorCode) -> DescribeTopicPartitionsResponseTopic<'static> {
    DescribeTopicPartitionsResponseTopic {
        error_code: code.0,
        name: Some(Cow::Owned(name.to_owned())),
        is_internal: is_internal_topic(name),
        topic_authorized_operations: TOPIC_OPERATIONS,
        ..DescribeTopicPartitionsResponseTopic::default()
    }
}

fn partition(image: &Image, index: usize, state: &Partition) -> DescribeTopicPartitionsResponsePartition {
    let is_up = |id: &i32| image.broker(*id).is_some_and(|broker| !broker.fenced);
    let has_leader = is_up(&state.leader);
    DescribeTopicPartitionsResponsePartition {
        error_code: if has_leader { 0 } else { ErrorCode::LEADER_NOT_AVAILABLE.0 },
        partition_index: i32::try_from(index).unwrap_or(i32::MAX),
        leader_id: if has_leader { state.leader } else { -1 },
        leader_epoch: state.leader_epoch,
        replica_nodes: state.replicas.clone(),
        isr_nodes: state.isr.clone(),
        eligible_leader_replicas: Some(Vec::new()),
        last_known_elr: Some(Vec::new()),
        offline_replicas: offline_replicas(image, state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestBroker;
    use ottla_protocol::ApiKey;
    use ottla_protocol::messages::describe_topic_partitions_request::{self as asked, TopicRequest};

    /// Topics with their partitions, `!` and the code of those that are refused, and after `>` what comes next.
    fn page(
        broker: &TestBroker,
        names: &[&'static str],
        limit: i32,
        from: Option<(&'static str, i32)>,
    ) -> String {
        let request = DescribeTopicPartitionsRequest {
            topics: names.iter().map(|name| TopicRequest { name: (*name).into() }).collect(),
            response_partition_limit: limit,
            cursor: from
                .map(|(name, index)| asked::Cursor { topic_name: name.into(), partition_index: index }),
        };
        let answer = broker.ask(ApiKey::DescribeTopicPartitions, 0, &request);
        let response: DescribeTopicPartitionsResponse<'_> = answer.decode();
        let mut shown: Vec<String> = Vec::new();
        for topic in &response.topics {
            let name = topic.name.as_deref().unwrap_or("null");
            let indexes: Vec<String> =
                topic.partitions.iter().map(|p| p.partition_index.to_string()).collect();
            shown.push(match topic.error_code {
                0 => format!("{name}[{}]", indexes.join(",")),
                code => format!("{name}!{code}"),
            });
        }
        if let Some(next) = &response.next_cursor {
            shown.push(format!(">{}[{}]", next.topic_name, next.partition_index));
        }
        shown.join(" ")
    }

    /// As Apache Kafka 4.3.1 pages through the same topics.
    #[test]
    fn pages_follow_each_other_without_a_gap() {
        let broker = TestBroker::start(&[("max.request.partition.size.limit", "5")]);
        for (name, partitions) in [("a", 3), ("b", 2), ("c", 1)] {
            broker.create_topic(name, partitions);
        }
        type From = Option<(&'static str, i32)>;
        let table: [(&[&'static str], i32, From, &str); 14] = [
            (&["c", "a", "a"], 9, None, "a[0,1,2] c[0]"),
            (&["a", "unknown"], 9, None, "a[0,1,2] unknown!3"),
            (&["no such", "c"], 9, None, "c[0] no such!17"),
            (&[], 2, None, "a[0,1] >a[2]"),
            (&[], 2, Some(("a", 2)), "a[2] b[0] >b[1]"),
            (&[], 3, None, "a[0,1,2] >b[0]"),
            (&[], 9, None, "a[0,1,2] b[0,1] >c[0]"),
            (&[], 9, Some(("aa", 7)), "b[0,1] c[0]"),
            (&["b"], 0, None, "b[0] >b[1]"),
            (&["b"], i32::MIN, None, "b[0] >b[1]"),
            (&["a", "b"], 9, Some(("a", 3)), "a[] b[0,1]"),
            (&["a", "c"], 9, Some(("b", 0)), "a!42 c!42"),
            (&["a"], 9, Some(("a", -1)), "a!42"),
            (&["a"], 9, Some(("a", i32::MAX)), "a[]"),
        ];
        for (names, limit, from, expected) in table {
            assert_eq!(page(&broker, names, limit, from), expected, "{names:?} {limit} {from:?}");
        }
    }
}
