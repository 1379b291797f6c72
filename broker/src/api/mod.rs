//! Kafka's APIs, a file each. Here: which are served, how a request gets to its file, and how the answer leaves.
//!
//! A handler is `handle(core, context, request) -> response`, on the core that the connection is on. It reads the
//! core's image, asks the controller to decide ([`Core::decide`]), or calls the cores that own partitions
//! ([`Core::call`]). What can go wrong is a code in the response: a handler has no other way to fail. Produce and Fetch
//! have shapes of their own, since their answers wait.

mod acls;
mod alter_configs;
mod alter_partition_reassignments;
mod alter_replica_log_dirs;
pub(crate) mod api_versions;
mod auto_creation;
mod create_partitions;
mod create_topics;
mod delete_groups;
mod delete_records;
mod delete_topics;
mod describe_cluster;
mod describe_configs;
mod describe_groups;
mod describe_log_dirs;
mod describe_producers;
mod describe_quorum;
mod describe_topic_partitions;
mod elect_leaders;
mod error;
pub(crate) mod fetch;
mod find_coordinator;
mod heartbeat;
mod incremental_alter_configs;
pub(crate) mod init_producer_id;
mod join_group;
mod leave_group;
mod list_config_resources;
mod list_groups;
mod list_offsets;
mod list_partition_reassignments;
mod metadata;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod operations;
mod owners;
mod produce;
mod repeats;
mod sync_group;
mod unregister_broker;
mod update_features;
mod write_txn_markers;

pub(crate) use error::code_of;

use crate::core::Core;
use crate::stats::Kind;
use bytes::Bytes;
use ottla_io::Instant;
use ottla_io::local::Permit;
use ottla_protocol::messages as m;
use ottla_protocol::{ApiKey, DecodeError, Decoder, Encoder, ErrorCode, Message};
use std::cell::RefCell;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;

/// What this broker serves, with the versions of Apache Kafka 4.3. Nothing else is advertised.
///
/// Produce is advertised from 0 although its versions 0 to 2 are refused: librdkafka takes a higher minimum for a
/// broker without compression (KAFKA-18659).
pub(crate) const SERVED: &[(ApiKey, i16, i16)] = &[
    (ApiKey::Produce, 0, 13),
    (ApiKey::Fetch, 4, 18),
    (ApiKey::ListOffsets, 1, 11),
    (ApiKey::Metadata, 0, 13),
    (ApiKey::OffsetCommit, 2, 10),
    (ApiKey::OffsetFetch, 1, 10),
    (ApiKey::FindCoordinator, 0, 6),
    (ApiKey::JoinGroup, 0, 9),
    (ApiKey::Heartbeat, 0, 4),
    (ApiKey::LeaveGroup, 0, 5),
    (ApiKey::SyncGroup, 0, 5),
    (ApiKey::DescribeGroups, 0, 6),
    (ApiKey::ListGroups, 0, 5),
    (ApiKey::ApiVersions, 0, 4),
    (ApiKey::CreateTopics, 2, 7),
    (ApiKey::DeleteTopics, 1, 6),
    (ApiKey::DeleteRecords, 0, 2),
    (ApiKey::InitProducerId, 0, 5),
    (ApiKey::OffsetForLeaderEpoch, 2, 4),
    (ApiKey::WriteTxnMarkers, 1, 2),
    (ApiKey::DescribeAcls, 1, 3),
    (ApiKey::CreateAcls, 1, 3),
    (ApiKey::DeleteAcls, 1, 3),
    (ApiKey::DescribeConfigs, 1, 4),
    (ApiKey::AlterConfigs, 0, 2),
    (ApiKey::AlterReplicaLogDirs, 1, 2),
    (ApiKey::DescribeLogDirs, 1, 5),
    (ApiKey::CreatePartitions, 0, 3),
    (ApiKey::DeleteGroups, 0, 2),
    (ApiKey::ElectLeaders, 0, 2),
    (ApiKey::IncrementalAlterConfigs, 0, 1),
    (ApiKey::AlterPartitionReassignments, 0, 1),
    (ApiKey::ListPartitionReassignments, 0, 0),
    (ApiKey::DescribeQuorum, 0, 2),
    (ApiKey::UpdateFeatures, 0, 2),
    (ApiKey::OffsetDelete, 0, 0),
    (ApiKey::UnregisterBroker, 0, 0),
    (ApiKey::ListConfigResources, 0, 1),
    (ApiKey::DescribeCluster, 0, 2),
    (ApiKey::DescribeProducers, 0, 0),
    (ApiKey::DescribeTopicPartitions, 0, 0),
];

/// Arrays of a decoded body that take no more than this are not counted: as much as a connection's buffer has.
const UNCOUNTED_BYTES: usize = 4 << 10;

/// How a request is answered.
pub(crate) enum Outcome {
    Answer(Answer),
    /// No response belongs to it (acks=0).
    Nothing,
    /// The connection ends, after the answers before; the reason is logged.
    Close(String),
}

pub(crate) enum Answer {
    Ready(Response),
    /// The request has had its effect, the response is still to come; `None` closes the connection instead.
    Later(Pin<Box<dyn Future<Output = Option<Response>>>>),
}

/// A framed response.
#[derive(Default)]
pub(crate) struct Response {
    pub(crate) parts: Vec<Bytes>,
    /// The memory counted for it, until it is sent.
    pub(crate) permit: Option<Permit>,
    /// When its acks were met, or what it tells was known: from then on it waits for its turn to be sent.
    pub(crate) answered: Instant,
}

/// Where a request came from, and what it says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) key: ApiKey,
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
    /// Place of the listener in the broker's list.
    pub(crate) listener: usize,
    pub(crate) peer: IpAddr,
    /// When all of it was here.
    pub(crate) received: Instant,
}

/// A request whose header is read; its body is not.
pub(crate) struct Request {
    pub(crate) context: Context,
    /// The whole frame.
    pub(crate) frame: Bytes,
    body_at: usize,
    /// Memory that is counted for what the body was decoded into.
    decoded: RefCell<Option<Permit>>,
    /// An ApiVersions request of a version from the future: its body cannot be read (KIP-511).
    pub(crate) is_unknown_api_versions: bool,
}

impl Request {
    /// # Errors
    /// The reason to close the connection.
    pub(crate) fn parse(frame: Bytes, listener: usize, peer: IpAddr) -> Result<Request, String> {
        let mut decoder = Decoder::new(&frame);
        let (key, version, correlation_id) =
            fixed_fields(&mut decoder).map_err(|error| format!("its request header: {error}"))?;
        let refused = || format!("API key {key} version {version} is not served");
        let served = SERVED.iter().find(|(served, ..)| *served as i16 == key);
        let (key, min, max) = *served.ok_or_else(refused)?;
        let received = ottla_io::recently();
        let context = Context { key, version, correlation_id, listener, peer, received };
        let is_unknown_api_versions = !(min..=max).contains(&version) && key == ApiKey::ApiVersions;
        if !(min..=max).contains(&version) && !is_unknown_api_versions {
            return Err(refused());
        }
        let mut decoder = Decoder::new(&frame);
        m::request_header::RequestHeader::decode(&mut decoder, key.request_header_version(version))
            .map_err(|error| format!("its request header: {error}"))?;
        let body_at = frame.len() - decoder.remaining().len();
        Ok(Request { context, frame, body_at, decoded: RefCell::default(), is_unknown_api_versions })
    }

    /// True when the next request may begin before this one is answered.
    pub(crate) fn overlaps(&self) -> bool {
        self.context.key == ApiKey::Produce
    }

    /// For a core that answers in this one's place. Its memory stays counted here, until the answer is sent.
    pub(crate) fn forward(&self) -> Forwarded {
        Forwarded { context: self.context.clone(), frame: self.frame.clone(), body_at: self.body_at }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.context.key {
            ApiKey::Produce => Kind::Produce,
            ApiKey::Fetch => Kind::Fetch,
            _ => Kind::Other,
        }
    }

    /// What follows the message in its frame is left alone, as Kafka leaves it. Arrays that take memory to speak of are
    /// counted with the frame for as long as this request is there.
    /// # Errors
    /// The reason to close the connection: a body that is not what its header says, as with Kafka, or arrays that nothing
    /// is left for. To wait for it while the frame is held could make everybody wait for everybody.
    pub(crate) fn decode<'a, M: Message<'a>>(&'a self, core: &Core) -> Result<M, String> {
        let Context { key, version, .. } = self.context;
        let what = || format!("a {} request of version {version}", key.name());
        let unreadable = |error: DecodeError| format!("{} that cannot be read: {error}", what());
        let body = self.frame.get(self.body_at..).ok_or(DecodeError::Truncated).map_err(unreadable)?;
        let mut decoder = Decoder::new(body);
        let message = M::decode(&mut decoder, version).map_err(unreadable)?;
        let bytes = decoder.memory_used();
        if bytes > UNCOUNTED_BYTES {
            let permit = core.budget.try_admit_request(self.frame.len(), bytes).ok_or_else(|| {
                format!(
                    "{} whose arrays take {bytes} bytes, for which ottla.memory.bytes has no room",
                    what()
                )
            })?;
            *self.decoded.borrow_mut() = Some(permit);
        }
        Ok(message)
    }
}

/// A request on its way to another core.
pub(crate) struct Forwarded {
    context: Context,
    frame: Bytes,
    body_at: usize,
}

impl Forwarded {
    pub(crate) fn version(&self) -> i16 {
        self.context.version
    }

    /// The body, which the core of the connection has decoded before. What it takes here is counted on this core for as long as
    /// the second value is there, as by [`Request::decode`].
    /// # Errors
    /// UNKNOWN_SERVER_ERROR; COORDINATOR_NOT_AVAILABLE, on which clients ask again, when no memory is left for its arrays.
    pub(crate) fn decode<'a, M: Message<'a>>(
        &'a self,
        core: &Core,
    ) -> Result<(M, Option<Permit>), ErrorCode> {
        let body = self.frame.get(self.body_at..).unwrap_or_default();
        let mut decoder = Decoder::new(body);
        let message =
            M::decode(&mut decoder, self.context.version).map_err(|_| ErrorCode::UNKNOWN_SERVER_ERROR)?;
        let bytes = decoder.memory_used();
        if bytes <= UNCOUNTED_BYTES {
            return Ok((message, None));
        }
        let permit = core.budget.try_admit_request(self.frame.len(), bytes);
        let permit = permit.ok_or(ErrorCode::COORDINATOR_NOT_AVAILABLE)?;
        Ok((message, Some(permit)))
    }

    /// What the client calls itself.
    pub(crate) fn client_id(&self) -> String {
        let version = self.context.key.request_header_version(self.context.version);
        let header = m::request_header::RequestHeader::decode(&mut Decoder::new(&self.frame), version);
        header.ok().and_then(|header| header.client_id).map(|id| id.into_owned()).unwrap_or_default()
    }

    /// As Java shows an address.
    pub(crate) fn client_host(&self) -> String {
        format!("/{}", self.context.peer.to_canonical())
    }
}

fn fixed_fields(decoder: &mut Decoder<'_>) -> Result<(i16, i16, i32), DecodeError> {
    Ok((decoder.int16()?, decoder.int16()?, decoder.int32()?))
}

impl Context {
    /// The framed response, or the reason to close the connection.
    pub(crate) fn encode<'m>(&self, message: &impl Message<'m>) -> Result<Response, String> {
        let Context { key, version, correlation_id, .. } = *self;
        let failed = |what: String| {
            tracing::error!("the response to {} version {version} cannot be written: {what}", key.name());
            format!("its {} request cannot be answered", key.name())
        };
        let mut encoder = Encoder::with_capacity(256);
        // The length is known at the end.
        encoder.int32(0);
        encoder.int32(correlation_id);
        if key.response_header_version(version) >= 1 {
            encoder.unsigned_varint(0);
        }
        message.encode(&mut encoder, version).map_err(|error| failed(error.to_string()))?;
        let length = encoder.len() - 4;
        let length = i32::try_from(length).map_err(|_| failed(format!("{length} bytes")))?;
        let mut parts = encoder.into_parts();
        if let Some(first) = parts.first_mut() {
            let mut head = std::mem::take(first).try_into_mut().unwrap_or_else(|shared| shared[..].into());
            if let Some(place) = head.first_chunk_mut::<4>() {
                *place = length.to_be_bytes();
            }
            *first = head.freeze();
        }
        Ok(Response { parts, permit: None, answered: ottla_io::recently() })
    }

    pub(crate) fn outcome<'m>(&self, message: &impl Message<'m>) -> Outcome {
        match self.encode(message) {
            Ok(response) => Outcome::Answer(Answer::Ready(response)),
            Err(reason) => Outcome::Close(reason),
        }
    }
}

/// Counts what a response says went wrong.
pub(crate) fn count_errors<'m>(core: &Core, context: &Context, response: &impl Message<'m>) {
    response.error_codes(&mut |code| core.stats.requests.error(context.key, code));
}

/// Takes a request to its API. `memory` is what is counted for its frame: one that waits long lets go of both.
pub(crate) async fn serve(core: &Rc<Core>, request: Request, memory: &mut Permit) -> Outcome {
    macro_rules! by {
        ($module:ident, $message:ident) => {
            by!($module, $message, &request.context)
        };
        // For those that another core answers, or may.
        ($module:ident, $message:ident, $from:expr) => {
            match request.decode::<m::$message>(core) {
                Ok(body) => {
                    let response = $module::handle(core, $from, body).await;
                    count_errors(core, &request.context, &response);
                    request.context.outcome(&response)
                }
                Err(reason) => Outcome::Close(reason),
            }
        };
    }
    match request.context.key {
        ApiKey::ApiVersions if request.is_unknown_api_versions => {
            core.stats.requests.error(ApiKey::ApiVersions, ErrorCode::UNSUPPORTED_VERSION.0);
            api_versions::unsupported(&request.context)
        }
        ApiKey::ApiVersions => by!(api_versions, ApiVersionsRequest),
        ApiKey::Produce => produce::begin(core, request).await,
        ApiKey::Fetch => fetch::serve(core, &request).await,
        ApiKey::ListOffsets => by!(list_offsets, ListOffsetsRequest),
        ApiKey::Metadata => by!(metadata, MetadataRequest),
        ApiKey::FindCoordinator => by!(find_coordinator, FindCoordinatorRequest),
        ApiKey::OffsetCommit => by!(offset_commit, OffsetCommitRequest, &request),
        ApiKey::OffsetFetch => by!(offset_fetch, OffsetFetchRequest, &request),
        ApiKey::OffsetDelete => by!(offset_delete, OffsetDeleteRequest, &request),
        ApiKey::JoinGroup => join_group::serve(core, request, memory).await,
        ApiKey::SyncGroup => sync_group::serve(core, request, memory).await,
        ApiKey::Heartbeat => by!(heartbeat, HeartbeatRequest, &request),
        ApiKey::LeaveGroup => by!(leave_group, LeaveGroupRequest, &request),
        ApiKey::DescribeGroups => by!(describe_groups, DescribeGroupsRequest, &request),
        ApiKey::ListGroups => list_groups::serve(core, &request).await,
        ApiKey::DeleteGroups => by!(delete_groups, DeleteGroupsRequest, &request),
        ApiKey::CreateTopics => by!(create_topics, CreateTopicsRequest),
        ApiKey::DeleteRecords => by!(delete_records, DeleteRecordsRequest),
        ApiKey::InitProducerId => by!(init_producer_id, InitProducerIdRequest),
        ApiKey::DescribeAcls => acls::describe(core, &request),
        ApiKey::CreateAcls => acls::create(core, &request),
        ApiKey::DeleteAcls => acls::delete(core, &request),
        ApiKey::DescribeConfigs => by!(describe_configs, DescribeConfigsRequest),
        ApiKey::AlterConfigs => by!(alter_configs, AlterConfigsRequest),
        ApiKey::IncrementalAlterConfigs => by!(incremental_alter_configs, IncrementalAlterConfigsRequest),
        ApiKey::ListConfigResources => by!(list_config_resources, ListConfigResourcesRequest),
        ApiKey::DeleteTopics => by!(delete_topics, DeleteTopicsRequest),
        ApiKey::CreatePartitions => by!(create_partitions, CreatePartitionsRequest),
        ApiKey::DescribeCluster => by!(describe_cluster, DescribeClusterRequest),
        ApiKey::DescribeTopicPartitions => by!(describe_topic_partitions, DescribeTopicPartitionsRequest),
        ApiKey::OffsetForLeaderEpoch => by!(offset_for_leader_epoch, OffsetForLeaderEpochRequest),
        ApiKey::AlterReplicaLogDirs => by!(alter_replica_log_dirs, AlterReplicaLogDirsRequest),
        ApiKey::DescribeLogDirs => by!(describe_log_dirs, DescribeLogDirsRequest),
        ApiKey::WriteTxnMarkers => by!(write_txn_markers, WriteTxnMarkersRequest),
        ApiKey::DescribeProducers => by!(describe_producers, DescribeProducersRequest),
        ApiKey::ElectLeaders => by!(elect_leaders, ElectLeadersRequest),
        ApiKey::AlterPartitionReassignments => {
            by!(alter_partition_reassignments, AlterPartitionReassignmentsRequest)
        }
        ApiKey::ListPartitionReassignments => {
            by!(list_partition_reassignments, ListPartitionReassignmentsRequest)
        }
        ApiKey::DescribeQuorum => by!(describe_quorum, DescribeQuorumRequest),
        ApiKey::UpdateFeatures => by!(update_features, UpdateFeaturesRequest),
        ApiKey::UnregisterBroker => by!(unregister_broker, UnregisterBrokerRequest),
        key => Outcome::Close(format!("{} is not served", key.name())),
    }
}

#[cfg(test)]
mod tests;
