//! Which answer belongs to which request, and the highest version of each that the load speaks.

use ottla_protocol::messages::*;
use ottla_protocol::{ApiKey, EncodeError, Encoder, Message};

pub trait Request {
    const KEY: ApiKey;
    /// Later versions of Produce and Fetch name topics by id, which a load over topics that come and go has no use for.
    const VERSION_MAX: i16;
    type Response<'a>: Message<'a>;
    /// # Errors
    /// A field is set that `version` does not have.
    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError>;
}

macro_rules! requests {
    ($($key:ident $version_max:literal: $request:ty => $response:ty;)*) => {
        $(impl Request for $request {
            const KEY: ApiKey = ApiKey::$key;
            const VERSION_MAX: i16 = $version_max;
            type Response<'a> = $response;
            fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
                Message::encode(self, encoder, version)
            }
        })*
    };
}

requests! {
    ApiVersions 3: ApiVersionsRequest<'_> => ApiVersionsResponse<'a>;
    Metadata 12: MetadataRequest<'_> => MetadataResponse<'a>;
    Produce 12: ProduceRequest<'_> => ProduceResponse<'a>;
    Fetch 12: FetchRequest<'_> => FetchResponse<'a>;
    ListOffsets 7: ListOffsetsRequest<'_> => ListOffsetsResponse<'a>;
    InitProducerId 4: InitProducerIdRequest<'_> => InitProducerIdResponse;
    CreateTopics 7: CreateTopicsRequest<'_> => CreateTopicsResponse<'a>;
    DeleteTopics 6: DeleteTopicsRequest<'_> => DeleteTopicsResponse<'a>;
    DescribeConfigs 4: DescribeConfigsRequest<'_> => DescribeConfigsResponse<'a>;
    FindCoordinator 4: FindCoordinatorRequest<'_> => FindCoordinatorResponse<'a>;
    JoinGroup 9: JoinGroupRequest<'_> => JoinGroupResponse<'a>;
    SyncGroup 5: SyncGroupRequest<'_> => SyncGroupResponse<'a>;
    Heartbeat 4: HeartbeatRequest<'_> => HeartbeatResponse;
    LeaveGroup 5: LeaveGroupRequest<'_> => LeaveGroupResponse<'a>;
    OffsetCommit 9: OffsetCommitRequest<'_> => OffsetCommitResponse<'a>;
    OffsetFetch 9: OffsetFetchRequest<'_> => OffsetFetchResponse<'a>;
}
