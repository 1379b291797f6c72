//! Which answer belongs to which request, for the APIs that the commands use.

use ottla_protocol::messages::*;
use ottla_protocol::{ApiKey, Message};

/// A request whose answer is known by its type.
pub trait Request {
    const KEY: ApiKey;
    /// The highest version that the commands ask for.
    const VERSION_MAX: i16 = i16::MAX;
    type Response<'a>: Message<'a>;
    /// The message itself has a lifetime, the trait has none: this forwards to the encoder.
    ///
    /// # Errors
    /// A field is set that `version` does not have.
    fn encode(
        &self,
        encoder: &mut ottla_protocol::Encoder,
        version: i16,
    ) -> Result<(), ottla_protocol::EncodeError>;
}

macro_rules! requests {
    ($($key:ident: $request:ty => $response:ty $(, up to $version_max:literal)?;)*) => {
        $(impl Request for $request {
            const KEY: ApiKey = ApiKey::$key;
            $(const VERSION_MAX: i16 = $version_max;)?
            type Response<'a> = $response;
            fn encode(
                &self,
                encoder: &mut ottla_protocol::Encoder,
                version: i16,
            ) -> Result<(), ottla_protocol::EncodeError> {
                Message::encode(self, encoder, version)
            }
        })*
    };
}

requests! {
    ApiVersions: api_versions_request::ApiVersionsRequest<'_> => api_versions_response::ApiVersionsResponse<'a>;
    Metadata: metadata_request::MetadataRequest<'_> => metadata_response::MetadataResponse<'a>;
    Produce: produce_request::ProduceRequest<'_> => produce_response::ProduceResponse<'a>;
    Fetch: fetch_request::FetchRequest<'_> => fetch_response::FetchResponse<'a>;
    ListOffsets: list_offsets_request::ListOffsetsRequest<'_> => list_offsets_response::ListOffsetsResponse<'a>;
    InitProducerId: init_producer_id_request::InitProducerIdRequest<'_> => init_producer_id_response::InitProducerIdResponse;
    CreateTopics: create_topics_request::CreateTopicsRequest<'_> => create_topics_response::CreateTopicsResponse<'a>;
    DeleteTopics: delete_topics_request::DeleteTopicsRequest<'_> => delete_topics_response::DeleteTopicsResponse<'a>;
    CreatePartitions: create_partitions_request::CreatePartitionsRequest<'_> => create_partitions_response::CreatePartitionsResponse<'a>;
    DescribeConfigs: describe_configs_request::DescribeConfigsRequest<'_> => describe_configs_response::DescribeConfigsResponse<'a>;
    FindCoordinator: find_coordinator_request::FindCoordinatorRequest<'_> => find_coordinator_response::FindCoordinatorResponse<'a>;
    ListGroups: list_groups_request::ListGroupsRequest<'_> => list_groups_response::ListGroupsResponse<'a>;
    DescribeGroups: describe_groups_request::DescribeGroupsRequest<'_> => describe_groups_response::DescribeGroupsResponse<'a>;
    ConsumerGroupDescribe: consumer_group_describe_request::ConsumerGroupDescribeRequest<'_> => consumer_group_describe_response::ConsumerGroupDescribeResponse<'a>;
    DeleteGroups: delete_groups_request::DeleteGroupsRequest<'_> => delete_groups_response::DeleteGroupsResponse<'a>;
    // From version 10 on topics have ids in place of names.
    OffsetFetch: offset_fetch_request::OffsetFetchRequest<'_> => offset_fetch_response::OffsetFetchResponse<'a>, up to 9;
    OffsetCommit: offset_commit_request::OffsetCommitRequest<'_> => offset_commit_response::OffsetCommitResponse<'a>, up to 9;
    OffsetDelete: offset_delete_request::OffsetDeleteRequest<'_> => offset_delete_response::OffsetDeleteResponse<'a>;
    IncrementalAlterConfigs: incremental_alter_configs_request::IncrementalAlterConfigsRequest<'_> => incremental_alter_configs_response::IncrementalAlterConfigsResponse<'a>;
}
