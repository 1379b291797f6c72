//! Consumer groups: which there are, who is in them, what they have committed, and changes of that. Each question goes to the group's
//! coordinator, and again to the next one when that has moved or still loads.

use super::{Client, Error, Request, Retry, host_port};
use ottla_protocol::messages::consumer_group_describe_request::ConsumerGroupDescribeRequest;
use ottla_protocol::messages::delete_groups_request::DeleteGroupsRequest;
use ottla_protocol::messages::describe_groups_request::DescribeGroupsRequest;
use ottla_protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use ottla_protocol::messages::list_groups_request::ListGroupsRequest;
use ottla_protocol::messages::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use ottla_protocol::messages::offset_delete_request::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use ottla_protocol::messages::offset_fetch_request::{OffsetFetchRequest, OffsetFetchRequestGroup};
use ottla_protocol::{ApiKey, DecodeError, Decoder, ErrorCode};
use std::collections::BTreeMap;

/// A topic and the index of one of its partitions.
pub type TopicPartition = (String, i32);
/// What became of each partition that was asked for.
pub type PerPartition = Vec<(TopicPartition, Result<(), Error>)>;

/// From this version on OffsetFetch is asked for several groups, each with its answer.
const OFFSET_FETCH_GROUPS: i16 = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGroup {
    pub id: String,
    pub state: String,
    /// `classic`, `consumer` and others; empty where the broker is too old to say.
    pub kind: String,
    /// `consumer`, or what others call themselves; empty for one that only commits.
    pub protocol_type: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedGroup {
    pub id: String,
    pub state: String,
    pub kind: &'static str,
    /// How partitions are given out; empty while nobody is there.
    pub assignor: String,
    pub coordinator: i32,
    pub members: Vec<Member>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: String,
    pub instance_id: Option<String>,
    pub client_id: String,
    pub host: String,
    /// What it was given, in order; empty where it is not in the form of Kafka's consumers.
    pub partitions: Vec<TopicPartition>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    pub offset: i64,
    pub metadata: String,
}

impl Client {
    /// The groups of all brokers, by name.
    pub fn groups(&mut self) -> Result<Vec<ListedGroup>, Error> {
        self.metadata(Some(&[]))?;
        let brokers: Vec<i32> = self.brokers.keys().copied().collect();
        let mut groups = Vec::new();
        for broker in brokers {
            let answer = self.asked(
                &format!("the groups of broker {broker}"),
                |_| Ok(broker),
                &ListGroupsRequest::default(),
                |answer| Ok(answer.error_code),
            )?;
            groups.extend(answer.get()?.groups.iter().map(|group| ListedGroup {
                id: group.group_id.to_string(),
                state: group.group_state.to_string(),
                kind: group.group_type.to_lowercase(),
                protocol_type: group.protocol_type.to_string(),
            }));
        }
        groups.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(groups)
    }

    /// The broker that coordinates a group.
    fn coordinator(&mut self, group: &str) -> Result<i32, Error> {
        const GROUP: i8 = 0;
        let mut request = FindCoordinatorRequest { key_type: GROUP, ..FindCoordinatorRequest::default() };
        // From version 4 on it is asked for several.
        if self.version(ApiKey::FindCoordinator)? >= 4 {
            request.coordinator_keys = vec![group.into()];
        } else {
            request.key = group.into();
        }
        let answer = self.ask(&request)?;
        let found = answer.get()?;
        let (code, message, node, host, port) = match found.coordinators.first() {
            Some(one) => (one.error_code, one.error_message.as_deref(), one.node_id, &one.host, one.port),
            None => {
                (found.error_code, found.error_message.as_deref(), found.node_id, &found.host, found.port)
            }
        };
        if code != 0 {
            return Err(Error::refused(subject(group), code, message));
        }
        self.brokers.insert(node, host_port(host, port));
        Ok(node)
    }

    /// Asks the broker that `whom` names, and again while the answer's `code` is one that passes.
    fn asked<R: Request>(
        &mut self,
        subject: &str,
        whom: impl Fn(&mut Client) -> Result<i32, Error>,
        request: &R,
        code: impl Fn(&R::Response<'_>) -> Result<i16, Error>,
    ) -> Result<super::Answer<R>, Error> {
        let mut retry = Retry::new(self.timeout());
        loop {
            let attempt = whom(self).and_then(|node| {
                let answer = self.node(node)?.call(request);
                if answer.is_err() {
                    self.forget(node);
                }
                let answer = answer?;
                let code = code(&answer.get()?)?;
                if code == 0 { Ok(answer) } else { Err(Error::refused(subject, code, None)) }
            });
            match attempt {
                Err(error) if error.is_retriable() && retry.again() => {}
                other => return other,
            }
        }
    }

    fn ask_coordinator<R: Request>(
        &mut self,
        group: &str,
        request: &R,
        code: impl Fn(&R::Response<'_>) -> Result<i16, Error>,
    ) -> Result<super::Answer<R>, Error> {
        self.asked(&subject(group), |client| client.coordinator(group), request, code)
    }

    /// # Errors
    /// GROUP_ID_NOT_FOUND.
    pub fn describe_group(&mut self, group: &str) -> Result<DescribedGroup, Error> {
        // Brokers that do not know the protocol or have it switched off, and groups that are not of it, are asked the older question.
        match self.describe_consumer_group(group) {
            Err(Error::Unsupported { .. }) => {}
            Err(error)
                if matches!(error.code(), ErrorCode::GROUP_ID_NOT_FOUND | ErrorCode::UNSUPPORTED_VERSION) => {
            }
            other => return other,
        }
        let request =
            DescribeGroupsRequest { groups: vec![group.into()], ..DescribeGroupsRequest::default() };
        let answer = self.ask_coordinator(group, &request, |answer| {
            Ok(answer.groups.first().map_or(ErrorCode::UNKNOWN_SERVER_ERROR.0, |group| group.error_code))
        })?;
        let answer = answer.get()?;
        let coordinator = self.coordinator(group)?;
        let found = answer.groups.first().filter(|found| found.group_state != "Dead");
        let found =
            found.ok_or_else(|| Error::refused(subject(group), ErrorCode::GROUP_ID_NOT_FOUND.0, None))?;
        let members = found.members.iter().map(|member| Member {
            id: member.member_id.to_string(),
            instance_id: member.group_instance_id.as_deref().map(str::to_owned),
            client_id: member.client_id.to_string(),
            host: member.client_host.trim_start_matches('/').to_owned(),
            partitions: assigned(&member.member_assignment).unwrap_or_default(),
        });
        Ok(DescribedGroup {
            id: group.to_owned(),
            state: found.group_state.to_string(),
            kind: "classic",
            assignor: found.protocol_data.to_string(),
            coordinator,
            members: members.collect(),
        })
    }

    fn describe_consumer_group(&mut self, group: &str) -> Result<DescribedGroup, Error> {
        let request = ConsumerGroupDescribeRequest {
            group_ids: vec![group.into()],
            ..ConsumerGroupDescribeRequest::default()
        };
        let answer = self.ask_coordinator(group, &request, |answer| {
            Ok(answer.groups.first().map_or(ErrorCode::UNKNOWN_SERVER_ERROR.0, |group| group.error_code))
        })?;
        let answer = answer.get()?;
        let coordinator = self.coordinator(group)?;
        let found = answer.groups.first();
        let found =
            found.ok_or_else(|| Error::refused(subject(group), ErrorCode::GROUP_ID_NOT_FOUND.0, None))?;
        let members = found.members.iter().map(|member| {
            let topics = member.assignment.topic_partitions.iter();
            let partitions = topics.flat_map(|topic| {
                topic.partitions.iter().map(|index| (topic.topic_name.to_string(), *index))
            });
            let mut partitions: Vec<TopicPartition> = partitions.collect();
            partitions.sort();
            Member {
                id: member.member_id.to_string(),
                instance_id: member.instance_id.as_deref().map(str::to_owned),
                client_id: member.client_id.to_string(),
                host: member.client_host.trim_start_matches('/').to_owned(),
                partitions,
            }
        });
        Ok(DescribedGroup {
            id: group.to_owned(),
            state: found.group_state.to_string(),
            kind: "consumer",
            assignor: found.assignor_name.to_string(),
            coordinator,
            members: members.collect(),
        })
    }

    /// What a group has committed, of all topics. A group that is not there has nothing.
    pub fn committed(&mut self, group: &str) -> Result<BTreeMap<TopicPartition, Committed>, Error> {
        let mut request = OffsetFetchRequest::default();
        if self.version(ApiKey::OffsetFetch)? >= OFFSET_FETCH_GROUPS {
            request.groups =
                vec![OffsetFetchRequestGroup { group_id: group.into(), topics: None, ..Default::default() }];
        } else {
            (request.group_id, request.topics) = (group.into(), None);
        }
        let answer = self.ask_coordinator(group, &request, |answer| {
            Ok(answer.groups.first().map_or(answer.error_code, |group| group.error_code))
        })?;
        let answer = answer.get()?;
        let mut found = BTreeMap::new();
        let mut add = |topic: &str, index: i32, offset: i64, metadata: Option<&str>| {
            if offset >= 0 {
                let metadata = metadata.unwrap_or_default().to_owned();
                found.insert((topic.to_owned(), index), Committed { offset, metadata });
            }
        };
        for topic in answer.groups.iter().flat_map(|group| &group.topics) {
            for one in &topic.partitions {
                add(&topic.name, one.partition_index, one.committed_offset, one.metadata.as_deref());
            }
        }
        for topic in &answer.topics {
            for one in &topic.partitions {
                add(&topic.name, one.partition_index, one.committed_offset, one.metadata.as_deref());
            }
        }
        Ok(found)
    }

    /// Commits for a group that nobody is in, or that is not there yet.
    pub fn commit(
        &mut self,
        group: &str,
        offsets: &BTreeMap<TopicPartition, i64>,
    ) -> Result<PerPartition, Error> {
        let mut topics: Vec<OffsetCommitRequestTopic<'_>> = Vec::new();
        for ((topic, index), offset) in offsets {
            if topics.last().is_none_or(|last| last.name != *topic) {
                topics.push(OffsetCommitRequestTopic { name: topic.as_str().into(), ..Default::default() });
            }
            if let Some(last) = topics.last_mut() {
                last.partitions.push(OffsetCommitRequestPartition {
                    partition_index: *index,
                    committed_offset: *offset,
                    committed_leader_epoch: -1,
                    committed_metadata: Some("".into()),
                });
            }
        }
        let request = OffsetCommitRequest {
            group_id: group.into(),
            generation_id_or_member_epoch: -1,
            topics,
            ..OffsetCommitRequest::default()
        };
        let passes = |code: i16| {
            let code = ErrorCode(code);
            matches!(code, ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)
        };
        let answer = self.ask_coordinator(group, &request, |answer| {
            let mut partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
            Ok(partitions
                .find(|partition| passes(partition.error_code))
                .map_or(0, |partition| partition.error_code))
        })?;
        Ok(per_partition(answer.get()?.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|one| (&*topic.name, one.partition_index, one.error_code))
        })))
    }

    pub fn delete_group(&mut self, group: &str) -> Result<(), Error> {
        let request = DeleteGroupsRequest { groups_names: vec![group.into()] };
        self.ask_coordinator(group, &request, |answer| {
            Ok(answer.results.first().map_or(ErrorCode::UNKNOWN_SERVER_ERROR.0, |result| result.error_code))
        })?;
        Ok(())
    }

    /// Forgets what a group has committed for these partitions.
    pub fn delete_offsets(
        &mut self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<PerPartition, Error> {
        let mut topics: BTreeMap<&str, Vec<OffsetDeleteRequestPartition>> = BTreeMap::new();
        for (topic, index) in partitions {
            let partition = OffsetDeleteRequestPartition { partition_index: *index };
            topics.entry(topic).or_default().push(partition);
        }
        let topics = topics
            .into_iter()
            .map(|(name, partitions)| OffsetDeleteRequestTopic { name: name.into(), partitions })
            .collect();
        let request = OffsetDeleteRequest { group_id: group.into(), topics };
        let answer = self.ask_coordinator(group, &request, |answer| Ok(answer.error_code))?;
        Ok(per_partition(answer.get()?.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|one| (&*topic.name, one.partition_index, one.error_code))
        })))
    }
}

pub fn subject(group: &str) -> String {
    format!("group '{group}'")
}

fn per_partition<'a>(answers: impl Iterator<Item = (&'a str, i32, i16)>) -> PerPartition {
    let one = |(topic, index, code): (&str, i32, i16)| {
        let result = match code {
            0 => Ok(()),
            code => Err(Error::refused(format!("topic '{topic}' partition {index}"), code, None)),
        };
        ((topic.to_owned(), index), result)
    };
    answers.map(one).collect()
}

/// The partitions that a member of a classic group was given, as Kafka's consumers write them: a version, then topics with partitions.
fn assigned(assignment: &[u8]) -> Result<Vec<TopicPartition>, DecodeError> {
    if assignment.is_empty() {
        return Ok(Vec::new());
    }
    let mut decoder = Decoder::new(assignment);
    decoder.int16()?;
    let missing = |field| DecodeError::Null { field };
    let topics = decoder.nullable_array(false, |decoder| {
        let topic = decoder.nullable_string(false)?.ok_or(missing("topic"))?.into_owned();
        let partitions = decoder.nullable_array(false, Decoder::int32)?.ok_or(missing("partitions"))?;
        Ok((topic, partitions))
    })?;
    let topics = topics.ok_or(missing("topics"))?;
    let mut all: Vec<TopicPartition> = topics
        .into_iter()
        .flat_map(|(topic, partitions)| partitions.into_iter().map(move |index| (topic.clone(), index)))
        .collect();
    all.sort();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_member_was_given_is_read_and_anything_else_is_an_error() {
        let bytes =
            [&[0, 1, 0, 0, 0, 1, 0, 2, b't', b'x', 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1][..], &[255; 4]]
                .concat();
        assert_eq!(assigned(&bytes), Ok(vec![("tx".to_owned(), 1), ("tx".to_owned(), 3)]));
        assert_eq!(assigned(&[]), Ok(Vec::new()));
        for cut in 1..22 {
            assert!(assigned(&bytes[..cut]).is_err(), "{cut}");
        }
    }
}
