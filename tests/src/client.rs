//! A client over plain threads: frames on a socket, with the messages of `ottla_protocol`. It sends what it is told, sane or not.

use ottla_protocol::messages::*;
use ottla_protocol::{ApiKey, DecodeError, Decoder, EncodeError, Encoder, Message};
use std::fmt;
use std::io::{self, Error, ErrorKind, Read, Write};
use std::marker::PhantomData;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A request and the response that answers it.
pub trait Request: fmt::Debug {
    const KEY: ApiKey;
    type Response<'r>: Message<'r> + fmt::Debug;
    /// # Errors
    /// A field is set that `version` does not have.
    fn encode_body(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError>;
}

macro_rules! requests {
    ($($api:ident: $request:ty => $response:ty;)*) => {$(
        impl Request for $request {
            const KEY: ApiKey = ApiKey::$api;
            type Response<'r> = $response;
            fn encode_body(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
                self.encode(encoder, version)
            }
        }
    )*};
}

requests! {
    AddPartitionsToTxn: AddPartitionsToTxnRequest<'_> => AddPartitionsToTxnResponse<'r>;
    AlterConfigs: AlterConfigsRequest<'_> => AlterConfigsResponse<'r>;
    AlterPartitionReassignments: AlterPartitionReassignmentsRequest<'_> => AlterPartitionReassignmentsResponse<'r>;
    ApiVersions: ApiVersionsRequest<'_> => ApiVersionsResponse<'r>;
    CreateAcls: CreateAclsRequest<'_> => CreateAclsResponse<'r>;
    CreatePartitions: CreatePartitionsRequest<'_> => CreatePartitionsResponse<'r>;
    CreateTopics: CreateTopicsRequest<'_> => CreateTopicsResponse<'r>;
    DeleteAcls: DeleteAclsRequest<'_> => DeleteAclsResponse<'r>;
    DeleteGroups: DeleteGroupsRequest<'_> => DeleteGroupsResponse<'r>;
    DeleteRecords: DeleteRecordsRequest<'_> => DeleteRecordsResponse<'r>;
    DeleteTopics: DeleteTopicsRequest<'_> => DeleteTopicsResponse<'r>;
    DescribeAcls: DescribeAclsRequest<'_> => DescribeAclsResponse<'r>;
    DescribeCluster: DescribeClusterRequest => DescribeClusterResponse<'r>;
    DescribeConfigs: DescribeConfigsRequest<'_> => DescribeConfigsResponse<'r>;
    DescribeGroups: DescribeGroupsRequest<'_> => DescribeGroupsResponse<'r>;
    DescribeLogDirs: DescribeLogDirsRequest<'_> => DescribeLogDirsResponse<'r>;
    DescribeProducers: DescribeProducersRequest<'_> => DescribeProducersResponse<'r>;
    DescribeQuorum: DescribeQuorumRequest<'_> => DescribeQuorumResponse<'r>;
    DescribeTopicPartitions: DescribeTopicPartitionsRequest<'_> => DescribeTopicPartitionsResponse<'r>;
    ElectLeaders: ElectLeadersRequest<'_> => ElectLeadersResponse<'r>;
    EndTxn: EndTxnRequest<'_> => EndTxnResponse;
    Fetch: FetchRequest<'_> => FetchResponse<'r>;
    FindCoordinator: FindCoordinatorRequest<'_> => FindCoordinatorResponse<'r>;
    Heartbeat: HeartbeatRequest<'_> => HeartbeatResponse;
    IncrementalAlterConfigs: IncrementalAlterConfigsRequest<'_> => IncrementalAlterConfigsResponse<'r>;
    InitProducerId: InitProducerIdRequest<'_> => InitProducerIdResponse;
    ListConfigResources: ListConfigResourcesRequest => ListConfigResourcesResponse<'r>;
    ListPartitionReassignments: ListPartitionReassignmentsRequest<'_> => ListPartitionReassignmentsResponse<'r>;
    JoinGroup: JoinGroupRequest<'_> => JoinGroupResponse<'r>;
    LeaveGroup: LeaveGroupRequest<'_> => LeaveGroupResponse<'r>;
    ListGroups: ListGroupsRequest<'_> => ListGroupsResponse<'r>;
    ListOffsets: ListOffsetsRequest<'_> => ListOffsetsResponse<'r>;
    Metadata: MetadataRequest<'_> => MetadataResponse<'r>;
    OffsetCommit: OffsetCommitRequest<'_> => OffsetCommitResponse<'r>;
    OffsetDelete: OffsetDeleteRequest<'_> => OffsetDeleteResponse<'r>;
    OffsetFetch: OffsetFetchRequest<'_> => OffsetFetchResponse<'r>;
    OffsetForLeaderEpoch: OffsetForLeaderEpochRequest<'_> => OffsetForLeaderEpochResponse<'r>;
    Produce: ProduceRequest<'_> => ProduceResponse<'r>;
    UnregisterBroker: UnregisterBrokerRequest => UnregisterBrokerResponse<'r>;
    UpdateFeatures: UpdateFeaturesRequest<'_> => UpdateFeaturesResponse<'r>;
    WriteTxnMarkers: WriteTxnMarkersRequest<'_> => WriteTxnMarkersResponse<'r>;
    SyncGroup: SyncGroupRequest<'_> => SyncGroupResponse<'r>;
}

/// A response as it arrived, without its length.
pub struct Answer<R> {
    pub version: i16,
    pub bytes: Vec<u8>,
    request: PhantomData<R>,
}

impl<R: Request> Answer<R> {
    pub fn new(version: i16, bytes: Vec<u8>) -> Answer<R> {
        Answer { version, bytes, request: PhantomData }
    }

    /// # Errors
    /// The bytes are not a whole response of the version that was asked for.
    pub fn body(&self) -> Result<R::Response<'_>, DecodeError> {
        let mut decoder = Decoder::trusting(&self.bytes);
        ResponseHeader::decode(&mut decoder, R::KEY.response_header_version(self.version))?;
        let body = <R::Response<'_> as Message<'_>>::decode(&mut decoder, self.version)?;
        decoder.finish()?;
        Ok(body)
    }

    /// # Errors
    /// As [`Answer::body`], for callers that speak `io`.
    pub fn read(&self) -> io::Result<R::Response<'_>> {
        self.body().map_err(|error| Error::new(ErrorKind::InvalidData, format!("{:?}: {error}", R::KEY)))
    }
}

/// A whole request frame, its length in front.
///
/// # Panics
/// The test asks for a field that the version does not have.
pub fn frame<R: Request>(version: i16, correlation_id: i32, request: &R) -> Vec<u8> {
    let mut encoder = Encoder::new();
    let header = RequestHeader {
        request_api_key: R::KEY as i16,
        request_api_version: version,
        correlation_id,
        client_id: Some("ottla-tests".into()),
    };
    header.encode(&mut encoder, R::KEY.request_header_version(version)).expect("a header");
    if let Err(error) = request.encode_body(&mut encoder, version) {
        panic!("{:?} v{version}: {error}: {request:?}", R::KEY);
    }
    with_length(&encoder.into_vec())
}

pub fn with_length(frame: &[u8]) -> Vec<u8> {
    let mut bytes = i32::try_from(frame.len()).expect("a frame").to_be_bytes().to_vec();
    bytes.extend_from_slice(frame);
    bytes
}

pub struct Connection {
    pub stream: TcpStream,
    correlation_id: i32,
}

impl Connection {
    /// # Errors
    /// Nothing listens there.
    pub fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.set_write_timeout(Some(Duration::from_secs(30)))?;
        Ok(Connection { stream, correlation_id: 0 })
    }

    /// Sends a request and returns its correlation id; the answer is the caller's to take.
    /// # Errors
    /// The connection is closed.
    pub fn send<R: Request>(&mut self, version: i16, request: &R) -> io::Result<i32> {
        self.correlation_id += 1;
        self.stream.write_all(&frame(version, self.correlation_id, request))?;
        Ok(self.correlation_id)
    }

    /// The next frame that the broker sends, without its length.
    /// # Errors
    /// `UnexpectedEof` or `ConnectionReset` when the broker closed, `WouldBlock` or `TimedOut` when it says nothing.
    pub fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = usize::try_from(i32::from_be_bytes(length))
            .map_err(|_| Error::new(ErrorKind::InvalidData, "a negative length"))?;
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Sends a request and waits for its answer, which must carry its correlation id.
    /// # Errors
    /// As [`Connection::receive`]; `InvalidData` when the answer is to another request.
    pub fn call<R: Request>(&mut self, version: i16, request: &R) -> io::Result<Answer<R>> {
        let sent = self.send(version, request)?;
        self.answer(version, sent)
    }

    /// # Errors
    /// As [`Connection::call`].
    pub fn answer<R: Request>(&mut self, version: i16, sent: i32) -> io::Result<Answer<R>> {
        let bytes = self.receive()?;
        let correlation_id = bytes.first_chunk::<4>().map(|id| i32::from_be_bytes(*id));
        if correlation_id != Some(sent) {
            let text = format!("sent {sent}, answered {correlation_id:?}");
            return Err(Error::new(ErrorKind::InvalidData, text));
        }
        Ok(Answer::new(version, bytes))
    }
}

/// Whether an error says that the other side closed the connection.
pub fn is_closed(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::BrokenPipe
            | ErrorKind::ConnectionAborted
    )
}
