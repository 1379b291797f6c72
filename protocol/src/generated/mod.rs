// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

#![allow(unused_variables, unreachable_pub, clippy::all)]

pub mod add_offsets_to_txn_request;
pub mod add_offsets_to_txn_response;
pub mod add_partitions_to_txn_request;
pub mod add_partitions_to_txn_response;
pub mod add_raft_voter_request;
pub mod add_raft_voter_response;
pub mod allocate_producer_ids_request;
pub mod allocate_producer_ids_response;
pub mod alter_client_quotas_request;
pub mod alter_client_quotas_response;
pub mod alter_configs_request;
pub mod alter_configs_response;
pub mod alter_partition_reassignments_request;
pub mod alter_partition_reassignments_response;
pub mod alter_partition_request;
pub mod alter_partition_response;
pub mod alter_replica_log_dirs_request;
pub mod alter_replica_log_dirs_response;
pub mod alter_share_group_offsets_request;
pub mod alter_share_group_offsets_response;
pub mod alter_user_scram_credentials_request;
pub mod alter_user_scram_credentials_response;
pub mod api_key;
pub mod api_versions_request;
pub mod api_versions_response;
pub mod assign_replicas_to_dirs_request;
pub mod assign_replicas_to_dirs_response;
pub mod begin_quorum_epoch_request;
pub mod begin_quorum_epoch_response;
pub mod broker_heartbeat_request;
pub mod broker_heartbeat_response;
pub mod broker_registration_request;
pub mod broker_registration_response;
pub mod consumer_group_current_member_assignment_key;
pub mod consumer_group_current_member_assignment_value;
pub mod consumer_group_describe_request;
pub mod consumer_group_describe_response;
pub mod consumer_group_heartbeat_request;
pub mod consumer_group_heartbeat_response;
pub mod consumer_group_member_metadata_key;
pub mod consumer_group_member_metadata_value;
pub mod consumer_group_metadata_key;
pub mod consumer_group_metadata_value;
pub mod consumer_group_partition_metadata_key;
pub mod consumer_group_partition_metadata_value;
pub mod consumer_group_regular_expression_key;
pub mod consumer_group_regular_expression_value;
pub mod consumer_group_target_assignment_member_key;
pub mod consumer_group_target_assignment_member_value;
pub mod consumer_group_target_assignment_metadata_key;
pub mod consumer_group_target_assignment_metadata_value;
pub mod controller_registration_request;
pub mod controller_registration_response;
pub mod create_acls_request;
pub mod create_acls_response;
pub mod create_delegation_token_request;
pub mod create_delegation_token_response;
pub mod create_partitions_request;
pub mod create_partitions_response;
pub mod create_topics_request;
pub mod create_topics_response;
pub mod delete_acls_request;
pub mod delete_acls_response;
pub mod delete_groups_request;
pub mod delete_groups_response;
pub mod delete_records_request;
pub mod delete_records_response;
pub mod delete_share_group_offsets_request;
pub mod delete_share_group_offsets_response;
pub mod delete_share_group_state_request;
pub mod delete_share_group_state_response;
pub mod delete_topics_request;
pub mod delete_topics_response;
pub mod describe_acls_request;
pub mod describe_acls_response;
pub mod describe_client_quotas_request;
pub mod describe_client_quotas_response;
pub mod describe_cluster_request;
pub mod describe_cluster_response;
pub mod describe_configs_request;
pub mod describe_configs_response;
pub mod describe_delegation_token_request;
pub mod describe_delegation_token_response;
pub mod describe_groups_request;
pub mod describe_groups_response;
pub mod describe_log_dirs_request;
pub mod describe_log_dirs_response;
pub mod describe_producers_request;
pub mod describe_producers_response;
pub mod describe_quorum_request;
pub mod describe_quorum_response;
pub mod describe_share_group_offsets_request;
pub mod describe_share_group_offsets_response;
pub mod describe_topic_partitions_request;
pub mod describe_topic_partitions_response;
pub mod describe_transactions_request;
pub mod describe_transactions_response;
pub mod describe_user_scram_credentials_request;
pub mod describe_user_scram_credentials_response;
pub mod elect_leaders_request;
pub mod elect_leaders_response;
pub mod end_quorum_epoch_request;
pub mod end_quorum_epoch_response;
pub mod end_txn_request;
pub mod end_txn_response;
pub mod envelope_request;
pub mod envelope_response;
pub mod expire_delegation_token_request;
pub mod expire_delegation_token_response;
pub mod fetch_request;
pub mod fetch_response;
pub mod fetch_snapshot_request;
pub mod fetch_snapshot_response;
pub mod find_coordinator_request;
pub mod find_coordinator_response;
pub mod get_telemetry_subscriptions_request;
pub mod get_telemetry_subscriptions_response;
pub mod group_metadata_key;
pub mod group_metadata_value;
pub mod heartbeat_request;
pub mod heartbeat_response;
pub mod incremental_alter_configs_request;
pub mod incremental_alter_configs_response;
pub mod init_producer_id_request;
pub mod init_producer_id_response;
pub mod initialize_share_group_state_request;
pub mod initialize_share_group_state_response;
pub mod join_group_request;
pub mod join_group_response;
pub mod leave_group_request;
pub mod leave_group_response;
pub mod legacy_offset_commit_key;
pub mod legacy_offset_commit_value;
pub mod list_config_resources_request;
pub mod list_config_resources_response;
pub mod list_groups_request;
pub mod list_groups_response;
pub mod list_offsets_request;
pub mod list_offsets_response;
pub mod list_partition_reassignments_request;
pub mod list_partition_reassignments_response;
pub mod list_transactions_request;
pub mod list_transactions_response;
pub mod metadata_request;
pub mod metadata_response;
pub mod offset_commit_key;
pub mod offset_commit_request;
pub mod offset_commit_response;
pub mod offset_commit_value;
pub mod offset_delete_request;
pub mod offset_delete_response;
pub mod offset_fetch_request;
pub mod offset_fetch_response;
pub mod offset_for_leader_epoch_request;
pub mod offset_for_leader_epoch_response;
pub mod produce_request;
pub mod produce_response;
pub mod push_telemetry_request;
pub mod push_telemetry_response;
pub mod read_share_group_state_request;
pub mod read_share_group_state_response;
pub mod read_share_group_state_summary_request;
pub mod read_share_group_state_summary_response;
pub mod remove_raft_voter_request;
pub mod remove_raft_voter_response;
pub mod renew_delegation_token_request;
pub mod renew_delegation_token_response;
pub mod request_header;
pub mod response_header;
pub mod sasl_authenticate_request;
pub mod sasl_authenticate_response;
pub mod sasl_handshake_request;
pub mod sasl_handshake_response;
pub mod share_acknowledge_request;
pub mod share_acknowledge_response;
pub mod share_fetch_request;
pub mod share_fetch_response;
pub mod share_group_describe_request;
pub mod share_group_describe_response;
pub mod share_group_heartbeat_request;
pub mod share_group_heartbeat_response;
pub mod streams_group_describe_request;
pub mod streams_group_describe_response;
pub mod streams_group_heartbeat_request;
pub mod streams_group_heartbeat_response;
pub mod sync_group_request;
pub mod sync_group_response;
pub mod txn_offset_commit_request;
pub mod txn_offset_commit_response;
pub mod unregister_broker_request;
pub mod unregister_broker_response;
pub mod update_features_request;
pub mod update_features_response;
pub mod update_raft_voter_request;
pub mod update_raft_voter_response;
pub mod vote_request;
pub mod vote_response;
pub mod write_share_group_state_request;
pub mod write_share_group_state_response;
pub mod write_txn_markers_request;
pub mod write_txn_markers_response;

pub use add_offsets_to_txn_request::AddOffsetsToTxnRequest;
pub use add_offsets_to_txn_response::AddOffsetsToTxnResponse;
pub use add_partitions_to_txn_request::AddPartitionsToTxnRequest;
pub use add_partitions_to_txn_response::AddPartitionsToTxnResponse;
pub use add_raft_voter_request::AddRaftVoterRequest;
pub use add_raft_voter_response::AddRaftVoterResponse;
pub use allocate_producer_ids_request::AllocateProducerIdsRequest;
pub use allocate_producer_ids_response::AllocateProducerIdsResponse;
pub use alter_client_quotas_request::AlterClientQuotasRequest;
pub use alter_client_quotas_response::AlterClientQuotasResponse;
pub use alter_configs_request::AlterConfigsRequest;
pub use alter_configs_response::AlterConfigsResponse;
pub use alter_partition_reassignments_request::AlterPartitionReassignmentsRequest;
pub use alter_partition_reassignments_response::AlterPartitionReassignmentsResponse;
pub use alter_partition_request::AlterPartitionRequest;
pub use alter_partition_response::AlterPartitionResponse;
pub use alter_replica_log_dirs_request::AlterReplicaLogDirsRequest;
pub use alter_replica_log_dirs_response::AlterReplicaLogDirsResponse;
pub use alter_share_group_offsets_request::AlterShareGroupOffsetsRequest;
pub use alter_share_group_offsets_response::AlterShareGroupOffsetsResponse;
pub use alter_user_scram_credentials_request::AlterUserScramCredentialsRequest;
pub use alter_user_scram_credentials_response::AlterUserScramCredentialsResponse;
pub use api_versions_request::ApiVersionsRequest;
pub use api_versions_response::ApiVersionsResponse;
pub use assign_replicas_to_dirs_request::AssignReplicasToDirsRequest;
pub use assign_replicas_to_dirs_response::AssignReplicasToDirsResponse;
pub use begin_quorum_epoch_request::BeginQuorumEpochRequest;
pub use begin_quorum_epoch_response::BeginQuorumEpochResponse;
pub use broker_heartbeat_request::BrokerHeartbeatRequest;
pub use broker_heartbeat_response::BrokerHeartbeatResponse;
pub use broker_registration_request::BrokerRegistrationRequest;
pub use broker_registration_response::BrokerRegistrationResponse;
pub use consumer_group_current_member_assignment_key::ConsumerGroupCurrentMemberAssignmentKey;
pub use consumer_group_current_member_assignment_value::ConsumerGroupCurrentMemberAssignmentValue;
pub use consumer_group_describe_request::ConsumerGroupDescribeRequest;
pub use consumer_group_describe_response::ConsumerGroupDescribeResponse;
pub use consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;
pub use consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;
pub use consumer_group_member_metadata_key::ConsumerGroupMemberMetadataKey;
pub use consumer_group_member_metadata_value::ConsumerGroupMemberMetadataValue;
pub use consumer_group_metadata_key::ConsumerGroupMetadataKey;
pub use consumer_group_metadata_value::ConsumerGroupMetadataValue;
pub use consumer_group_partition_metadata_key::ConsumerGroupPartitionMetadataKey;
pub use consumer_group_partition_metadata_value::ConsumerGroupPartitionMetadataValue;
pub use consumer_group_regular_expression_key::ConsumerGroupRegularExpressionKey;
pub use consumer_group_regular_expression_value::ConsumerGroupRegularExpressionValue;
pub use consumer_group_target_assignment_member_key::ConsumerGroupTargetAssignmentMemberKey;
pub use consumer_group_target_assignment_member_value::ConsumerGroupTargetAssignmentMemberValue;
pub use consumer_group_target_assignment_metadata_key::ConsumerGroupTargetAssignmentMetadataKey;
pub use consumer_group_target_assignment_metadata_value::ConsumerGroupTargetAssignmentMetadataValue;
pub use controller_registration_request::ControllerRegistrationRequest;
pub use controller_registration_response::ControllerRegistrationResponse;
pub use create_acls_request::CreateAclsRequest;
pub use create_acls_response::CreateAclsResponse;
pub use create_delegation_token_request::CreateDelegationTokenRequest;
pub use create_delegation_token_response::CreateDelegationTokenResponse;
pub use create_partitions_request::CreatePartitionsRequest;
pub use create_partitions_response::CreatePartitionsResponse;
pub use create_topics_request::CreateTopicsRequest;
pub use create_topics_response::CreateTopicsResponse;
pub use delete_acls_request::DeleteAclsRequest;
pub use delete_acls_response::DeleteAclsResponse;
pub use delete_groups_request::DeleteGroupsRequest;
pub use delete_groups_response::DeleteGroupsResponse;
pub use delete_records_request::DeleteRecordsRequest;
pub use delete_records_response::DeleteRecordsResponse;
pub use delete_share_group_offsets_request::DeleteShareGroupOffsetsRequest;
pub use delete_share_group_offsets_response::DeleteShareGroupOffsetsResponse;
pub use delete_share_group_state_request::DeleteShareGroupStateRequest;
pub use delete_share_group_state_response::DeleteShareGroupStateResponse;
pub use delete_topics_request::DeleteTopicsRequest;
pub use delete_topics_response::DeleteTopicsResponse;
pub use describe_acls_request::DescribeAclsRequest;
pub use describe_acls_response::DescribeAclsResponse;
pub use describe_client_quotas_request::DescribeClientQuotasRequest;
pub use describe_client_quotas_response::DescribeClientQuotasResponse;
pub use describe_cluster_request::DescribeClusterRequest;
pub use describe_cluster_response::DescribeClusterResponse;
pub use describe_configs_request::DescribeConfigsRequest;
pub use describe_configs_response::DescribeConfigsResponse;
pub use describe_delegation_token_request::DescribeDelegationTokenRequest;
pub use describe_delegation_token_response::DescribeDelegationTokenResponse;
pub use describe_groups_request::DescribeGroupsRequest;
pub use describe_groups_response::DescribeGroupsResponse;
pub use describe_log_dirs_request::DescribeLogDirsRequest;
pub use describe_log_dirs_response::DescribeLogDirsResponse;
pub use describe_producers_request::DescribeProducersRequest;
pub use describe_producers_response::DescribeProducersResponse;
pub use describe_quorum_request::DescribeQuorumRequest;
pub use describe_quorum_response::DescribeQuorumResponse;
pub use describe_share_group_offsets_request::DescribeShareGroupOffsetsRequest;
pub use describe_share_group_offsets_response::DescribeShareGroupOffsetsResponse;
pub use describe_topic_partitions_request::DescribeTopicPartitionsRequest;
pub use describe_topic_partitions_response::DescribeTopicPartitionsResponse;
pub use describe_transactions_request::DescribeTransactionsRequest;
pub use describe_transactions_response::DescribeTransactionsResponse;
pub use describe_user_scram_credentials_request::DescribeUserScramCredentialsRequest;
pub use describe_user_scram_credentials_response::DescribeUserScramCredentialsResponse;
pub use elect_leaders_request::ElectLeadersRequest;
pub use elect_leaders_response::ElectLeadersResponse;
pub use end_quorum_epoch_request::EndQuorumEpochRequest;
pub use end_quorum_epoch_response::EndQuorumEpochResponse;
pub use end_txn_request::EndTxnRequest;
pub use end_txn_response::EndTxnResponse;
pub use envelope_request::EnvelopeRequest;
pub use envelope_response::EnvelopeResponse;
pub use expire_delegation_token_request::ExpireDelegationTokenRequest;
pub use expire_delegation_token_response::ExpireDelegationTokenResponse;
pub use fetch_request::FetchRequest;
pub use fetch_response::FetchResponse;
pub use fetch_snapshot_request::FetchSnapshotRequest;
pub use fetch_snapshot_response::FetchSnapshotResponse;
pub use find_coordinator_request::FindCoordinatorRequest;
pub use find_coordinator_response::FindCoordinatorResponse;
pub use get_telemetry_subscriptions_request::GetTelemetrySubscriptionsRequest;
pub use get_telemetry_subscriptions_response::GetTelemetrySubscriptionsResponse;
pub use group_metadata_key::GroupMetadataKey;
pub use group_metadata_value::GroupMetadataValue;
pub use heartbeat_request::HeartbeatRequest;
pub use heartbeat_response::HeartbeatResponse;
pub use incremental_alter_configs_request::IncrementalAlterConfigsRequest;
pub use incremental_alter_configs_response::IncrementalAlterConfigsResponse;
pub use init_producer_id_request::InitProducerIdRequest;
pub use init_producer_id_response::InitProducerIdResponse;
pub use initialize_share_group_state_request::InitializeShareGroupStateRequest;
pub use initialize_share_group_state_response::InitializeShareGroupStateResponse;
pub use join_group_request::JoinGroupRequest;
pub use join_group_response::JoinGroupResponse;
pub use leave_group_request::LeaveGroupRequest;
pub use leave_group_response::LeaveGroupResponse;
pub use legacy_offset_commit_key::LegacyOffsetCommitKey;
pub use legacy_offset_commit_value::LegacyOffsetCommitValue;
pub use list_config_resources_request::ListConfigResourcesRequest;
pub use list_config_resources_response::ListConfigResourcesResponse;
pub use list_groups_request::ListGroupsRequest;
pub use list_groups_response::ListGroupsResponse;
pub use list_offsets_request::ListOffsetsRequest;
pub use list_offsets_response::ListOffsetsResponse;
pub use list_partition_reassignments_request::ListPartitionReassignmentsRequest;
pub use list_partition_reassignments_response::ListPartitionReassignmentsResponse;
pub use list_transactions_request::ListTransactionsRequest;
pub use list_transactions_response::ListTransactionsResponse;
pub use metadata_request::MetadataRequest;
pub use metadata_response::MetadataResponse;
pub use offset_commit_key::OffsetCommitKey;
pub use offset_commit_request::OffsetCommitRequest;
pub use offset_commit_response::OffsetCommitResponse;
pub use offset_commit_value::OffsetCommitValue;
pub use offset_delete_request::OffsetDeleteRequest;
pub use offset_delete_response::OffsetDeleteResponse;
pub use offset_fetch_request::OffsetFetchRequest;
pub use offset_fetch_response::OffsetFetchResponse;
pub use offset_for_leader_epoch_request::OffsetForLeaderEpochRequest;
pub use offset_for_leader_epoch_response::OffsetForLeaderEpochResponse;
pub use produce_request::ProduceRequest;
pub use produce_response::ProduceResponse;
pub use push_telemetry_request::PushTelemetryRequest;
pub use push_telemetry_response::PushTelemetryResponse;
pub use read_share_group_state_request::ReadShareGroupStateRequest;
pub use read_share_group_state_response::ReadShareGroupStateResponse;
pub use read_share_group_state_summary_request::ReadShareGroupStateSummaryRequest;
pub use read_share_group_state_summary_response::ReadShareGroupStateSummaryResponse;
pub use remove_raft_voter_request::RemoveRaftVoterRequest;
pub use remove_raft_voter_response::RemoveRaftVoterResponse;
pub use renew_delegation_token_request::RenewDelegationTokenRequest;
pub use renew_delegation_token_response::RenewDelegationTokenResponse;
pub use request_header::RequestHeader;
pub use response_header::ResponseHeader;
pub use sasl_authenticate_request::SaslAuthenticateRequest;
pub use sasl_authenticate_response::SaslAuthenticateResponse;
pub use sasl_handshake_request::SaslHandshakeRequest;
pub use sasl_handshake_response::SaslHandshakeResponse;
pub use share_acknowledge_request::ShareAcknowledgeRequest;
pub use share_acknowledge_response::ShareAcknowledgeResponse;
pub use share_fetch_request::ShareFetchRequest;
pub use share_fetch_response::ShareFetchResponse;
pub use share_group_describe_request::ShareGroupDescribeRequest;
pub use share_group_describe_response::ShareGroupDescribeResponse;
pub use share_group_heartbeat_request::ShareGroupHeartbeatRequest;
pub use share_group_heartbeat_response::ShareGroupHeartbeatResponse;
pub use streams_group_describe_request::StreamsGroupDescribeRequest;
pub use streams_group_describe_response::StreamsGroupDescribeResponse;
pub use streams_group_heartbeat_request::StreamsGroupHeartbeatRequest;
pub use streams_group_heartbeat_response::StreamsGroupHeartbeatResponse;
pub use sync_group_request::SyncGroupRequest;
pub use sync_group_response::SyncGroupResponse;
pub use txn_offset_commit_request::TxnOffsetCommitRequest;
pub use txn_offset_commit_response::TxnOffsetCommitResponse;
pub use unregister_broker_request::UnregisterBrokerRequest;
pub use unregister_broker_response::UnregisterBrokerResponse;
pub use update_features_request::UpdateFeaturesRequest;
pub use update_features_response::UpdateFeaturesResponse;
pub use update_raft_voter_request::UpdateRaftVoterRequest;
pub use update_raft_voter_response::UpdateRaftVoterResponse;
pub use vote_request::VoteRequest;
pub use vote_response::VoteResponse;
pub use write_share_group_state_request::WriteShareGroupStateRequest;
pub use write_share_group_state_response::WriteShareGroupStateResponse;
pub use write_txn_markers_request::WriteTxnMarkersRequest;
pub use write_txn_markers_response::WriteTxnMarkersResponse;

/// Decodes a request or response whole and encodes it again: for tests and fuzzing.
pub fn round_trip(
    key: api_key::ApiKey,
    response: bool,
    version: i16,
    bytes: &[u8],
) -> Result<Vec<u8>, crate::wire::RoundTripError> {
    use api_key::ApiKey;
    match (key, response) {
        (ApiKey::AddOffsetsToTxn, false) => crate::wire::round_trip::<AddOffsetsToTxnRequest>(bytes, version),
        (ApiKey::AddOffsetsToTxn, true) => crate::wire::round_trip::<AddOffsetsToTxnResponse>(bytes, version),
        (ApiKey::AddPartitionsToTxn, false) => {
            crate::wire::round_trip::<AddPartitionsToTxnRequest>(bytes, version)
        }
        (ApiKey::AddPartitionsToTxn, true) => {
            crate::wire::round_trip::<AddPartitionsToTxnResponse>(bytes, version)
        }
        (ApiKey::AddRaftVoter, false) => crate::wire::round_trip::<AddRaftVoterRequest>(bytes, version),
        (ApiKey::AddRaftVoter, true) => crate::wire::round_trip::<AddRaftVoterResponse>(bytes, version),
        (ApiKey::AllocateProducerIds, false) => {
            crate::wire::round_trip::<AllocateProducerIdsRequest>(bytes, version)
        }
        (ApiKey::AllocateProducerIds, true) => {
            crate::wire::round_trip::<AllocateProducerIdsResponse>(bytes, version)
        }
        (ApiKey::AlterClientQuotas, false) => {
            crate::wire::round_trip::<AlterClientQuotasRequest>(bytes, version)
        }
        (ApiKey::AlterClientQuotas, true) => {
            crate::wire::round_trip::<AlterClientQuotasResponse>(bytes, version)
        }
        (ApiKey::AlterConfigs, false) => crate::wire::round_trip::<AlterConfigsRequest>(bytes, version),
        (ApiKey::AlterConfigs, true) => crate::wire::round_trip::<AlterConfigsResponse>(bytes, version),
        (ApiKey::AlterPartition, false) => crate::wire::round_trip::<AlterPartitionRequest>(bytes, version),
        (ApiKey::AlterPartition, true) => crate::wire::round_trip::<AlterPartitionResponse>(bytes, version),
        (ApiKey::AlterPartitionReassignments, false) => {
            crate::wire::round_trip::<AlterPartitionReassignmentsRequest>(bytes, version)
        }
        (ApiKey::AlterPartitionReassignments, true) => {
            crate::wire::round_trip::<AlterPartitionReassignmentsResponse>(bytes, version)
        }
        (ApiKey::AlterReplicaLogDirs, false) => {
            crate::wire::round_trip::<AlterReplicaLogDirsRequest>(bytes, version)
        }
        (ApiKey::AlterReplicaLogDirs, true) => {
            crate::wire::round_trip::<AlterReplicaLogDirsResponse>(bytes, version)
        }
        (ApiKey::AlterShareGroupOffsets, false) => {
            crate::wire::round_trip::<AlterShareGroupOffsetsRequest>(bytes, version)
        }
        (ApiKey::AlterShareGroupOffsets, true) => {
            crate::wire::round_trip::<AlterShareGroupOffsetsResponse>(bytes, version)
        }
        (ApiKey::AlterUserScramCredentials, false) => {
            crate::wire::round_trip::<AlterUserScramCredentialsRequest>(bytes, version)
        }
        (ApiKey::AlterUserScramCredentials, true) => {
            crate::wire::round_trip::<AlterUserScramCredentialsResponse>(bytes, version)
        }
        (ApiKey::ApiVersions, false) => crate::wire::round_trip::<ApiVersionsRequest>(bytes, version),
        (ApiKey::ApiVersions, true) => crate::wire::round_trip::<ApiVersionsResponse>(bytes, version),
        (ApiKey::AssignReplicasToDirs, false) => {
            crate::wire::round_trip::<AssignReplicasToDirsRequest>(bytes, version)
        }
        (ApiKey::AssignReplicasToDirs, true) => {
            crate::wire::round_trip::<AssignReplicasToDirsResponse>(bytes, version)
        }
        (ApiKey::BeginQuorumEpoch, false) => {
            crate::wire::round_trip::<BeginQuorumEpochRequest>(bytes, version)
        }
        (ApiKey::BeginQuorumEpoch, true) => {
            crate::wire::round_trip::<BeginQuorumEpochResponse>(bytes, version)
        }
        (ApiKey::BrokerHeartbeat, false) => crate::wire::round_trip::<BrokerHeartbeatRequest>(bytes, version),
        (ApiKey::BrokerHeartbeat, true) => crate::wire::round_trip::<BrokerHeartbeatResponse>(bytes, version),
        (ApiKey::BrokerRegistration, false) => {
            crate::wire::round_trip::<BrokerRegistrationRequest>(bytes, version)
        }
        (ApiKey::BrokerRegistration, true) => {
            crate::wire::round_trip::<BrokerRegistrationResponse>(bytes, version)
        }
        (ApiKey::ConsumerGroupDescribe, false) => {
            crate::wire::round_trip::<ConsumerGroupDescribeRequest>(bytes, version)
        }
        (ApiKey::ConsumerGroupDescribe, true) => {
            crate::wire::round_trip::<ConsumerGroupDescribeResponse>(bytes, version)
        }
        (ApiKey::ConsumerGroupHeartbeat, false) => {
            crate::wire::round_trip::<ConsumerGroupHeartbeatRequest>(bytes, version)
        }
        (ApiKey::ConsumerGroupHeartbeat, true) => {
            crate::wire::round_trip::<ConsumerGroupHeartbeatResponse>(bytes, version)
        }
        (ApiKey::ControllerRegistration, false) => {
            crate::wire::round_trip::<ControllerRegistrationRequest>(bytes, version)
        }
        (ApiKey::ControllerRegistration, true) => {
            crate::wire::round_trip::<ControllerRegistrationResponse>(bytes, version)
        }
        (ApiKey::CreateAcls, false) => crate::wire::round_trip::<CreateAclsRequest>(bytes, version),
        (ApiKey::CreateAcls, true) => crate::wire::round_trip::<CreateAclsResponse>(bytes, version),
        (ApiKey::CreateDelegationToken, false) => {
            crate::wire::round_trip::<CreateDelegationTokenRequest>(bytes, version)
        }
        (ApiKey::CreateDelegationToken, true) => {
            crate::wire::round_trip::<CreateDelegationTokenResponse>(bytes, version)
        }
        (ApiKey::CreatePartitions, false) => {
            crate::wire::round_trip::<CreatePartitionsRequest>(bytes, version)
        }
        (ApiKey::CreatePartitions, true) => {
            crate::wire::round_trip::<CreatePartitionsResponse>(bytes, version)
        }
        (ApiKey::CreateTopics, false) => crate::wire::round_trip::<CreateTopicsRequest>(bytes, version),
        (ApiKey::CreateTopics, true) => crate::wire::round_trip::<CreateTopicsResponse>(bytes, version),
        (ApiKey::DeleteAcls, false) => crate::wire::round_trip::<DeleteAclsRequest>(bytes, version),
        (ApiKey::DeleteAcls, true) => crate::wire::round_trip::<DeleteAclsResponse>(bytes, version),
        (ApiKey::DeleteGroups, false) => crate::wire::round_trip::<DeleteGroupsRequest>(bytes, version),
        (ApiKey::DeleteGroups, true) => crate::wire::round_trip::<DeleteGroupsResponse>(bytes, version),
        (ApiKey::DeleteRecords, false) => crate::wire::round_trip::<DeleteRecordsRequest>(bytes, version),
        (ApiKey::DeleteRecords, true) => crate::wire::round_trip::<DeleteRecordsResponse>(bytes, version),
        (ApiKey::DeleteShareGroupOffsets, false) => {
            crate::wire::round_trip::<DeleteShareGroupOffsetsRequest>(bytes, version)
        }
        (ApiKey::DeleteShareGroupOffsets, true) => {
            crate::wire::round_trip::<DeleteShareGroupOffsetsResponse>(bytes, version)
        }
        (ApiKey::DeleteShareGroupState, false) => {
            crate::wire::round_trip::<DeleteShareGroupStateRequest>(bytes, version)
        }
        (ApiKey::DeleteShareGroupState, true) => {
            crate::wire::round_trip::<DeleteShareGroupStateResponse>(bytes, version)
        }
        (ApiKey::DeleteTopics, false) => crate::wire::round_trip::<DeleteTopicsRequest>(bytes, version),
        (ApiKey::DeleteTopics, true) => crate::wire::round_trip::<DeleteTopicsResponse>(bytes, version),
        (ApiKey::DescribeAcls, false) => crate::wire::round_trip::<DescribeAclsRequest>(bytes, version),
        (ApiKey::DescribeAcls, true) => crate::wire::round_trip::<DescribeAclsResponse>(bytes, version),
        (ApiKey::DescribeClientQuotas, false) => {
            crate::wire::round_trip::<DescribeClientQuotasRequest>(bytes, version)
        }
        (ApiKey::DescribeClientQuotas, true) => {
            crate::wire::round_trip::<DescribeClientQuotasResponse>(bytes, version)
        }
        (ApiKey::DescribeCluster, false) => crate::wire::round_trip::<DescribeClusterRequest>(bytes, version),
        (ApiKey::DescribeCluster, true) => crate::wire::round_trip::<DescribeClusterResponse>(bytes, version),
        (ApiKey::DescribeConfigs, false) => crate::wire::round_trip::<DescribeConfigsRequest>(bytes, version),
        (ApiKey::DescribeConfigs, true) => crate::wire::round_trip::<DescribeConfigsResponse>(bytes, version),
        (ApiKey::DescribeDelegationToken, false) => {
            crate::wire::round_trip::<DescribeDelegationTokenRequest>(bytes, version)
        }
        (ApiKey::DescribeDelegationToken, true) => {
            crate::wire::round_trip::<DescribeDelegationTokenResponse>(bytes, version)
        }
        (ApiKey::DescribeGroups, false) => crate::wire::round_trip::<DescribeGroupsRequest>(bytes, version),
        (ApiKey::DescribeGroups, true) => crate::wire::round_trip::<DescribeGroupsResponse>(bytes, version),
        (ApiKey::DescribeLogDirs, false) => crate::wire::round_trip::<DescribeLogDirsRequest>(bytes, version),
        (ApiKey::DescribeLogDirs, true) => crate::wire::round_trip::<DescribeLogDirsResponse>(bytes, version),
        (ApiKey::DescribeProducers, false) => {
            crate::wire::round_trip::<DescribeProducersRequest>(bytes, version)
        }
        (ApiKey::DescribeProducers, true) => {
            crate::wire::round_trip::<DescribeProducersResponse>(bytes, version)
        }
        (ApiKey::DescribeQuorum, false) => crate::wire::round_trip::<DescribeQuorumRequest>(bytes, version),
        (ApiKey::DescribeQuorum, true) => crate::wire::round_trip::<DescribeQuorumResponse>(bytes, version),
        (ApiKey::DescribeShareGroupOffsets, false) => {
            crate::wire::round_trip::<DescribeShareGroupOffsetsRequest>(bytes, version)
        }
        (ApiKey::DescribeShareGroupOffsets, true) => {
            crate::wire::round_trip::<DescribeShareGroupOffsetsResponse>(bytes, version)
        }
        (ApiKey::DescribeTopicPartitions, false) => {
            crate::wire::round_trip::<DescribeTopicPartitionsRequest>(bytes, version)
        }
        (ApiKey::DescribeTopicPartitions, true) => {
            crate::wire::round_trip::<DescribeTopicPartitionsResponse>(bytes, version)
        }
        (ApiKey::DescribeTransactions, false) => {
            crate::wire::round_trip::<DescribeTransactionsRequest>(bytes, version)
        }
        (ApiKey::DescribeTransactions, true) => {
            crate::wire::round_trip::<DescribeTransactionsResponse>(bytes, version)
        }
        (ApiKey::DescribeUserScramCredentials, false) => {
            crate::wire::round_trip::<DescribeUserScramCredentialsRequest>(bytes, version)
        }
        (ApiKey::DescribeUserScramCredentials, true) => {
            crate::wire::round_trip::<DescribeUserScramCredentialsResponse>(bytes, version)
        }
        (ApiKey::ElectLeaders, false) => crate::wire::round_trip::<ElectLeadersRequest>(bytes, version),
        (ApiKey::ElectLeaders, true) => crate::wire::round_trip::<ElectLeadersResponse>(bytes, version),
        (ApiKey::EndQuorumEpoch, false) => crate::wire::round_trip::<EndQuorumEpochRequest>(bytes, version),
        (ApiKey::EndQuorumEpoch, true) => crate::wire::round_trip::<EndQuorumEpochResponse>(bytes, version),
        (ApiKey::EndTxn, false) => crate::wire::round_trip::<EndTxnRequest>(bytes, version),
        (ApiKey::EndTxn, true) => crate::wire::round_trip::<EndTxnResponse>(bytes, version),
        (ApiKey::Envelope, false) => crate::wire::round_trip::<EnvelopeRequest>(bytes, version),
        (ApiKey::Envelope, true) => crate::wire::round_trip::<EnvelopeResponse>(bytes, version),
        (ApiKey::ExpireDelegationToken, false) => {
            crate::wire::round_trip::<ExpireDelegationTokenRequest>(bytes, version)
        }
        (ApiKey::ExpireDelegationToken, true) => {
            crate::wire::round_trip::<ExpireDelegationTokenResponse>(bytes, version)
        }
        (ApiKey::Fetch, false) => crate::wire::round_trip::<FetchRequest>(bytes, version),
        (ApiKey::Fetch, true) => crate::wire::round_trip::<FetchResponse>(bytes, version),
        (ApiKey::FetchSnapshot, false) => crate::wire::round_trip::<FetchSnapshotRequest>(bytes, version),
        (ApiKey::FetchSnapshot, true) => crate::wire::round_trip::<FetchSnapshotResponse>(bytes, version),
        (ApiKey::FindCoordinator, false) => crate::wire::round_trip::<FindCoordinatorRequest>(bytes, version),
        (ApiKey::FindCoordinator, true) => crate::wire::round_trip::<FindCoordinatorResponse>(bytes, version),
        (ApiKey::GetTelemetrySubscriptions, false) => {
            crate::wire::round_trip::<GetTelemetrySubscriptionsRequest>(bytes, version)
        }
        (ApiKey::GetTelemetrySubscriptions, true) => {
            crate::wire::round_trip::<GetTelemetrySubscriptionsResponse>(bytes, version)
        }
        (ApiKey::Heartbeat, false) => crate::wire::round_trip::<HeartbeatRequest>(bytes, version),
        (ApiKey::Heartbeat, true) => crate::wire::round_trip::<HeartbeatResponse>(bytes, version),
        (ApiKey::IncrementalAlterConfigs, false) => {
            crate::wire::round_trip::<IncrementalAlterConfigsRequest>(bytes, version)
        }
        (ApiKey::IncrementalAlterConfigs, true) => {
            crate::wire::round_trip::<IncrementalAlterConfigsResponse>(bytes, version)
        }
        (ApiKey::InitProducerId, false) => crate::wire::round_trip::<InitProducerIdRequest>(bytes, version),
        (ApiKey::InitProducerId, true) => crate::wire::round_trip::<InitProducerIdResponse>(bytes, version),
        (ApiKey::InitializeShareGroupState, false) => {
            crate::wire::round_trip::<InitializeShareGroupStateRequest>(bytes, version)
        }
        (ApiKey::InitializeShareGroupState, true) => {
            crate::wire::round_trip::<InitializeShareGroupStateResponse>(bytes, version)
        }
        (ApiKey::JoinGroup, false) => crate::wire::round_trip::<JoinGroupRequest>(bytes, version),
        (ApiKey::JoinGroup, true) => crate::wire::round_trip::<JoinGroupResponse>(bytes, version),
        (ApiKey::LeaveGroup, false) => crate::wire::round_trip::<LeaveGroupRequest>(bytes, version),
        (ApiKey::LeaveGroup, true) => crate::wire::round_trip::<LeaveGroupResponse>(bytes, version),
        (ApiKey::ListConfigResources, false) => {
            crate::wire::round_trip::<ListConfigResourcesRequest>(bytes, version)
        }
        (ApiKey::ListConfigResources, true) => {
            crate::wire::round_trip::<ListConfigResourcesResponse>(bytes, version)
        }
        (ApiKey::ListGroups, false) => crate::wire::round_trip::<ListGroupsRequest>(bytes, version),
        (ApiKey::ListGroups, true) => crate::wire::round_trip::<ListGroupsResponse>(bytes, version),
        (ApiKey::ListOffsets, false) => crate::wire::round_trip::<ListOffsetsRequest>(bytes, version),
        (ApiKey::ListOffsets, true) => crate::wire::round_trip::<ListOffsetsResponse>(bytes, version),
        (ApiKey::ListPartitionReassignments, false) => {
            crate::wire::round_trip::<ListPartitionReassignmentsRequest>(bytes, version)
        }
        (ApiKey::ListPartitionReassignments, true) => {
            crate::wire::round_trip::<ListPartitionReassignmentsResponse>(bytes, version)
        }
        (ApiKey::ListTransactions, false) => {
            crate::wire::round_trip::<ListTransactionsRequest>(bytes, version)
        }
        (ApiKey::ListTransactions, true) => {
            crate::wire::round_trip::<ListTransactionsResponse>(bytes, version)
        }
        (ApiKey::Metadata, false) => crate::wire::round_trip::<MetadataRequest>(bytes, version),
        (ApiKey::Metadata, true) => crate::wire::round_trip::<MetadataResponse>(bytes, version),
        (ApiKey::OffsetCommit, false) => crate::wire::round_trip::<OffsetCommitRequest>(bytes, version),
        (ApiKey::OffsetCommit, true) => crate::wire::round_trip::<OffsetCommitResponse>(bytes, version),
        (ApiKey::OffsetDelete, false) => crate::wire::round_trip::<OffsetDeleteRequest>(bytes, version),
        (ApiKey::OffsetDelete, true) => crate::wire::round_trip::<OffsetDeleteResponse>(bytes, version),
        (ApiKey::OffsetFetch, false) => crate::wire::round_trip::<OffsetFetchRequest>(bytes, version),
        (ApiKey::OffsetFetch, true) => crate::wire::round_trip::<OffsetFetchResponse>(bytes, version),
        (ApiKey::OffsetForLeaderEpoch, false) => {
            crate::wire::round_trip::<OffsetForLeaderEpochRequest>(bytes, version)
        }
        (ApiKey::OffsetForLeaderEpoch, true) => {
            crate::wire::round_trip::<OffsetForLeaderEpochResponse>(bytes, version)
        }
        (ApiKey::Produce, false) => crate::wire::round_trip::<ProduceRequest>(bytes, version),
        (ApiKey::Produce, true) => crate::wire::round_trip::<ProduceResponse>(bytes, version),
        (ApiKey::PushTelemetry, false) => crate::wire::round_trip::<PushTelemetryRequest>(bytes, version),
        (ApiKey::PushTelemetry, true) => crate::wire::round_trip::<PushTelemetryResponse>(bytes, version),
        (ApiKey::ReadShareGroupState, false) => {
            crate::wire::round_trip::<ReadShareGroupStateRequest>(bytes, version)
        }
        (ApiKey::ReadShareGroupState, true) => {
            crate::wire::round_trip::<ReadShareGroupStateResponse>(bytes, version)
        }
        (ApiKey::ReadShareGroupStateSummary, false) => {
            crate::wire::round_trip::<ReadShareGroupStateSummaryRequest>(bytes, version)
        }
        (ApiKey::ReadShareGroupStateSummary, true) => {
            crate::wire::round_trip::<ReadShareGroupStateSummaryResponse>(bytes, version)
        }
        (ApiKey::RemoveRaftVoter, false) => crate::wire::round_trip::<RemoveRaftVoterRequest>(bytes, version),
        (ApiKey::RemoveRaftVoter, true) => crate::wire::round_trip::<RemoveRaftVoterResponse>(bytes, version),
        (ApiKey::RenewDelegationToken, false) => {
            crate::wire::round_trip::<RenewDelegationTokenRequest>(bytes, version)
        }
        (ApiKey::RenewDelegationToken, true) => {
            crate::wire::round_trip::<RenewDelegationTokenResponse>(bytes, version)
        }
        (ApiKey::SaslAuthenticate, false) => {
            crate::wire::round_trip::<SaslAuthenticateRequest>(bytes, version)
        }
        (ApiKey::SaslAuthenticate, true) => {
            crate::wire::round_trip::<SaslAuthenticateResponse>(bytes, version)
        }
        (ApiKey::SaslHandshake, false) => crate::wire::round_trip::<SaslHandshakeRequest>(bytes, version),
        (ApiKey::SaslHandshake, true) => crate::wire::round_trip::<SaslHandshakeResponse>(bytes, version),
        (ApiKey::ShareAcknowledge, false) => {
            crate::wire::round_trip::<ShareAcknowledgeRequest>(bytes, version)
        }
        (ApiKey::ShareAcknowledge, true) => {
            crate::wire::round_trip::<ShareAcknowledgeResponse>(bytes, version)
        }
        (ApiKey::ShareFetch, false) => crate::wire::round_trip::<ShareFetchRequest>(bytes, version),
        (ApiKey::ShareFetch, true) => crate::wire::round_trip::<ShareFetchResponse>(bytes, version),
        (ApiKey::ShareGroupDescribe, false) => {
            crate::wire::round_trip::<ShareGroupDescribeRequest>(bytes, version)
        }
        (ApiKey::ShareGroupDescribe, true) => {
            crate::wire::round_trip::<ShareGroupDescribeResponse>(bytes, version)
        }
        (ApiKey::ShareGroupHeartbeat, false) => {
            crate::wire::round_trip::<ShareGroupHeartbeatRequest>(bytes, version)
        }
        (ApiKey::ShareGroupHeartbeat, true) => {
            crate::wire::round_trip::<ShareGroupHeartbeatResponse>(bytes, version)
        }
        (ApiKey::StreamsGroupDescribe, false) => {
            crate::wire::round_trip::<StreamsGroupDescribeRequest>(bytes, version)
        }
        (ApiKey::StreamsGroupDescribe, true) => {
            crate::wire::round_trip::<StreamsGroupDescribeResponse>(bytes, version)
        }
        (ApiKey::StreamsGroupHeartbeat, false) => {
            crate::wire::round_trip::<StreamsGroupHeartbeatRequest>(bytes, version)
        }
        (ApiKey::StreamsGroupHeartbeat, true) => {
            crate::wire::round_trip::<StreamsGroupHeartbeatResponse>(bytes, version)
        }
        (ApiKey::SyncGroup, false) => crate::wire::round_trip::<SyncGroupRequest>(bytes, version),
        (ApiKey::SyncGroup, true) => crate::wire::round_trip::<SyncGroupResponse>(bytes, version),
        (ApiKey::TxnOffsetCommit, false) => crate::wire::round_trip::<TxnOffsetCommitRequest>(bytes, version),
        (ApiKey::TxnOffsetCommit, true) => crate::wire::round_trip::<TxnOffsetCommitResponse>(bytes, version),
        (ApiKey::UnregisterBroker, false) => {
            crate::wire::round_trip::<UnregisterBrokerRequest>(bytes, version)
        }
        (ApiKey::UnregisterBroker, true) => {
            crate::wire::round_trip::<UnregisterBrokerResponse>(bytes, version)
        }
        (ApiKey::UpdateFeatures, false) => crate::wire::round_trip::<UpdateFeaturesRequest>(bytes, version),
        (ApiKey::UpdateFeatures, true) => crate::wire::round_trip::<UpdateFeaturesResponse>(bytes, version),
        (ApiKey::UpdateRaftVoter, false) => crate::wire::round_trip::<UpdateRaftVoterRequest>(bytes, version),
        (ApiKey::UpdateRaftVoter, true) => crate::wire::round_trip::<UpdateRaftVoterResponse>(bytes, version),
        (ApiKey::Vote, false) => crate::wire::round_trip::<VoteRequest>(bytes, version),
        (ApiKey::Vote, true) => crate::wire::round_trip::<VoteResponse>(bytes, version),
        (ApiKey::WriteShareGroupState, false) => {
            crate::wire::round_trip::<WriteShareGroupStateRequest>(bytes, version)
        }
        (ApiKey::WriteShareGroupState, true) => {
            crate::wire::round_trip::<WriteShareGroupStateResponse>(bytes, version)
        }
        (ApiKey::WriteTxnMarkers, false) => crate::wire::round_trip::<WriteTxnMarkersRequest>(bytes, version),
        (ApiKey::WriteTxnMarkers, true) => crate::wire::round_trip::<WriteTxnMarkersResponse>(bytes, version),
    }
}

/// A request or response of defaults: for tests.
pub fn encode_default(
    key: api_key::ApiKey,
    response: bool,
    version: i16,
) -> Result<Vec<u8>, crate::wire::EncodeError> {
    use api_key::ApiKey;
    match (key, response) {
        (ApiKey::AddOffsetsToTxn, false) => crate::wire::encode_default::<AddOffsetsToTxnRequest>(version),
        (ApiKey::AddOffsetsToTxn, true) => crate::wire::encode_default::<AddOffsetsToTxnResponse>(version),
        (ApiKey::AddPartitionsToTxn, false) => {
            crate::wire::encode_default::<AddPartitionsToTxnRequest>(version)
        }
        (ApiKey::AddPartitionsToTxn, true) => {
            crate::wire::encode_default::<AddPartitionsToTxnResponse>(version)
        }
        (ApiKey::AddRaftVoter, false) => crate::wire::encode_default::<AddRaftVoterRequest>(version),
        (ApiKey::AddRaftVoter, true) => crate::wire::encode_default::<AddRaftVoterResponse>(version),
        (ApiKey::AllocateProducerIds, false) => {
            crate::wire::encode_default::<AllocateProducerIdsRequest>(version)
        }
        (ApiKey::AllocateProducerIds, true) => {
            crate::wire::encode_default::<AllocateProducerIdsResponse>(version)
        }
        (ApiKey::AlterClientQuotas, false) => {
            crate::wire::encode_default::<AlterClientQuotasRequest>(version)
        }
        (ApiKey::AlterClientQuotas, true) => {
            crate::wire::encode_default::<AlterClientQuotasResponse>(version)
        }
        (ApiKey::AlterConfigs, false) => crate::wire::encode_default::<AlterConfigsRequest>(version),
        (ApiKey::AlterConfigs, true) => crate::wire::encode_default::<AlterConfigsResponse>(version),
        (ApiKey::AlterPartition, false) => crate::wire::encode_default::<AlterPartitionRequest>(version),
        (ApiKey::AlterPartition, true) => crate::wire::encode_default::<AlterPartitionResponse>(version),
        (ApiKey::AlterPartitionReassignments, false) => {
            crate::wire::encode_default::<AlterPartitionReassignmentsRequest>(version)
        }
        (ApiKey::AlterPartitionReassignments, true) => {
            crate::wire::encode_default::<AlterPartitionReassignmentsResponse>(version)
        }
        (ApiKey::AlterReplicaLogDirs, false) => {
            crate::wire::encode_default::<AlterReplicaLogDirsRequest>(version)
        }
        (ApiKey::AlterReplicaLogDirs, true) => {
            crate::wire::encode_default::<AlterReplicaLogDirsResponse>(version)
        }
        (ApiKey::AlterShareGroupOffsets, false) => {
            crate::wire::encode_default::<AlterShareGroupOffsetsRequest>(version)
        }
        (ApiKey::AlterShareGroupOffsets, true) => {
            crate::wire::encode_default::<AlterShareGroupOffsetsResponse>(version)
        }
        (ApiKey::AlterUserScramCredentials, false) => {
            crate::wire::encode_default::<AlterUserScramCredentialsRequest>(version)
        }
        (ApiKey::AlterUserScramCredentials, true) => {
            crate::wire::encode_default::<AlterUserScramCredentialsResponse>(version)
        }
        (ApiKey::ApiVersions, false) => crate::wire::encode_default::<ApiVersionsRequest>(version),
        (ApiKey::ApiVersions, true) => crate::wire::encode_default::<ApiVersionsResponse>(version),
        (ApiKey::AssignReplicasToDirs, false) => {
            crate::wire::encode_default::<AssignReplicasToDirsRequest>(version)
        }
        (ApiKey::AssignReplicasToDirs, true) => {
            crate::wire::encode_default::<AssignReplicasToDirsResponse>(version)
        }
        (ApiKey::BeginQuorumEpoch, false) => crate::wire::encode_default::<BeginQuorumEpochRequest>(version),
        (ApiKey::BeginQuorumEpoch, true) => crate::wire::encode_default::<BeginQuorumEpochResponse>(version),
        (ApiKey::BrokerHeartbeat, false) => crate::wire::encode_default::<BrokerHeartbeatRequest>(version),
        (ApiKey::BrokerHeartbeat, true) => crate::wire::encode_default::<BrokerHeartbeatResponse>(version),
        (ApiKey::BrokerRegistration, false) => {
            crate::wire::encode_default::<BrokerRegistrationRequest>(version)
        }
        (ApiKey::BrokerRegistration, true) => {
            crate::wire::encode_default::<BrokerRegistrationResponse>(version)
        }
        (ApiKey::ConsumerGroupDescribe, false) => {
            crate::wire::encode_default::<ConsumerGroupDescribeRequest>(version)
        }
        (ApiKey::ConsumerGroupDescribe, true) => {
            crate::wire::encode_default::<ConsumerGroupDescribeResponse>(version)
        }
        (ApiKey::ConsumerGroupHeartbeat, false) => {
            crate::wire::encode_default::<ConsumerGroupHeartbeatRequest>(version)
        }
        (ApiKey::ConsumerGroupHeartbeat, true) => {
            crate::wire::encode_default::<ConsumerGroupHeartbeatResponse>(version)
        }
        (ApiKey::ControllerRegistration, false) => {
            crate::wire::encode_default::<ControllerRegistrationRequest>(version)
        }
        (ApiKey::ControllerRegistration, true) => {
            crate::wire::encode_default::<ControllerRegistrationResponse>(version)
        }
        (ApiKey::CreateAcls, false) => crate::wire::encode_default::<CreateAclsRequest>(version),
        (ApiKey::CreateAcls, true) => crate::wire::encode_default::<CreateAclsResponse>(version),
        (ApiKey::CreateDelegationToken, false) => {
            crate::wire::encode_default::<CreateDelegationTokenRequest>(version)
        }
        (ApiKey::CreateDelegationToken, true) => {
            crate::wire::encode_default::<CreateDelegationTokenResponse>(version)
        }
        (ApiKey::CreatePartitions, false) => crate::wire::encode_default::<CreatePartitionsRequest>(version),
        (ApiKey::CreatePartitions, true) => crate::wire::encode_default::<CreatePartitionsResponse>(version),
        (ApiKey::CreateTopics, false) => crate::wire::encode_default::<CreateTopicsRequest>(version),
        (ApiKey::CreateTopics, true) => crate::wire::encode_default::<CreateTopicsResponse>(version),
        (ApiKey::DeleteAcls, false) => crate::wire::encode_default::<DeleteAclsRequest>(version),
        (ApiKey::DeleteAcls, true) => crate::wire::encode_default::<DeleteAclsResponse>(version),
        (ApiKey::DeleteGroups, false) => crate::wire::encode_default::<DeleteGroupsRequest>(version),
        (ApiKey::DeleteGroups, true) => crate::wire::encode_default::<DeleteGroupsResponse>(version),
        (ApiKey::DeleteRecords, false) => crate::wire::encode_default::<DeleteRecordsRequest>(version),
        (ApiKey::DeleteRecords, true) => crate::wire::encode_default::<DeleteRecordsResponse>(version),
        (ApiKey::DeleteShareGroupOffsets, false) => {
            crate::wire::encode_default::<DeleteShareGroupOffsetsRequest>(version)
        }
        (ApiKey::DeleteShareGroupOffsets, true) => {
            crate::wire::encode_default::<DeleteShareGroupOffsetsResponse>(version)
        }
        (ApiKey::DeleteShareGroupState, false) => {
            crate::wire::encode_default::<DeleteShareGroupStateRequest>(version)
        }
        (ApiKey::DeleteShareGroupState, true) => {
            crate::wire::encode_default::<DeleteShareGroupStateResponse>(version)
        }
        (ApiKey::DeleteTopics, false) => crate::wire::encode_default::<DeleteTopicsRequest>(version),
        (ApiKey::DeleteTopics, true) => crate::wire::encode_default::<DeleteTopicsResponse>(version),
        (ApiKey::DescribeAcls, false) => crate::wire::encode_default::<DescribeAclsRequest>(version),
        (ApiKey::DescribeAcls, true) => crate::wire::encode_default::<DescribeAclsResponse>(version),
        (ApiKey::DescribeClientQuotas, false) => {
            crate::wire::encode_default::<DescribeClientQuotasRequest>(version)
        }
        (ApiKey::DescribeClientQuotas, true) => {
            crate::wire::encode_default::<DescribeClientQuotasResponse>(version)
        }
        (ApiKey::DescribeCluster, false) => crate::wire::encode_default::<DescribeClusterRequest>(version),
        (ApiKey::DescribeCluster, true) => crate::wire::encode_default::<DescribeClusterResponse>(version),
        (ApiKey::DescribeConfigs, false) => crate::wire::encode_default::<DescribeConfigsRequest>(version),
        (ApiKey::DescribeConfigs, true) => crate::wire::encode_default::<DescribeConfigsResponse>(version),
        (ApiKey::DescribeDelegationToken, false) => {
            crate::wire::encode_default::<DescribeDelegationTokenRequest>(version)
        }
        (ApiKey::DescribeDelegationToken, true) => {
            crate::wire::encode_default::<DescribeDelegationTokenResponse>(version)
        }
        (ApiKey::DescribeGroups, false) => crate::wire::encode_default::<DescribeGroupsRequest>(version),
        (ApiKey::DescribeGroups, true) => crate::wire::encode_default::<DescribeGroupsResponse>(version),
        (ApiKey::DescribeLogDirs, false) => crate::wire::encode_default::<DescribeLogDirsRequest>(version),
        (ApiKey::DescribeLogDirs, true) => crate::wire::encode_default::<DescribeLogDirsResponse>(version),
        (ApiKey::DescribeProducers, false) => {
            crate::wire::encode_default::<DescribeProducersRequest>(version)
        }
        (ApiKey::DescribeProducers, true) => {
            crate::wire::encode_default::<DescribeProducersResponse>(version)
        }
        (ApiKey::DescribeQuorum, false) => crate::wire::encode_default::<DescribeQuorumRequest>(version),
        (ApiKey::DescribeQuorum, true) => crate::wire::encode_default::<DescribeQuorumResponse>(version),
        (ApiKey::DescribeShareGroupOffsets, false) => {
            crate::wire::encode_default::<DescribeShareGroupOffsetsRequest>(version)
        }
        (ApiKey::DescribeShareGroupOffsets, true) => {
            crate::wire::encode_default::<DescribeShareGroupOffsetsResponse>(version)
        }
        (ApiKey::DescribeTopicPartitions, false) => {
            crate::wire::encode_default::<DescribeTopicPartitionsRequest>(version)
        }
        (ApiKey::DescribeTopicPartitions, true) => {
            crate::wire::encode_default::<DescribeTopicPartitionsResponse>(version)
        }
        (ApiKey::DescribeTransactions, false) => {
            crate::wire::encode_default::<DescribeTransactionsRequest>(version)
        }
        (ApiKey::DescribeTransactions, true) => {
            crate::wire::encode_default::<DescribeTransactionsResponse>(version)
        }
        (ApiKey::DescribeUserScramCredentials, false) => {
            crate::wire::encode_default::<DescribeUserScramCredentialsRequest>(version)
        }
        (ApiKey::DescribeUserScramCredentials, true) => {
            crate::wire::encode_default::<DescribeUserScramCredentialsResponse>(version)
        }
        (ApiKey::ElectLeaders, false) => crate::wire::encode_default::<ElectLeadersRequest>(version),
        (ApiKey::ElectLeaders, true) => crate::wire::encode_default::<ElectLeadersResponse>(version),
        (ApiKey::EndQuorumEpoch, false) => crate::wire::encode_default::<EndQuorumEpochRequest>(version),
        (ApiKey::EndQuorumEpoch, true) => crate::wire::encode_default::<EndQuorumEpochResponse>(version),
        (ApiKey::EndTxn, false) => crate::wire::encode_default::<EndTxnRequest>(version),
        (ApiKey::EndTxn, true) => crate::wire::encode_default::<EndTxnResponse>(version),
        (ApiKey::Envelope, false) => crate::wire::encode_default::<EnvelopeRequest>(version),
        (ApiKey::Envelope, true) => crate::wire::encode_default::<EnvelopeResponse>(version),
        (ApiKey::ExpireDelegationToken, false) => {
            crate::wire::encode_default::<ExpireDelegationTokenRequest>(version)
        }
        (ApiKey::ExpireDelegationToken, true) => {
            crate::wire::encode_default::<ExpireDelegationTokenResponse>(version)
        }
        (ApiKey::Fetch, false) => crate::wire::encode_default::<FetchRequest>(version),
        (ApiKey::Fetch, true) => crate::wire::encode_default::<FetchResponse>(version),
        (ApiKey::FetchSnapshot, false) => crate::wire::encode_default::<FetchSnapshotRequest>(version),
        (ApiKey::FetchSnapshot, true) => crate::wire::encode_default::<FetchSnapshotResponse>(version),
        (ApiKey::FindCoordinator, false) => crate::wire::encode_default::<FindCoordinatorRequest>(version),
        (ApiKey::FindCoordinator, true) => crate::wire::encode_default::<FindCoordinatorResponse>(version),
        (ApiKey::GetTelemetrySubscriptions, false) => {
            crate::wire::encode_default::<GetTelemetrySubscriptionsRequest>(version)
        }
        (ApiKey::GetTelemetrySubscriptions, true) => {
            crate::wire::encode_default::<GetTelemetrySubscriptionsResponse>(version)
        }
        (ApiKey::Heartbeat, false) => crate::wire::encode_default::<HeartbeatRequest>(version),
        (ApiKey::Heartbeat, true) => crate::wire::encode_default::<HeartbeatResponse>(version),
        (ApiKey::IncrementalAlterConfigs, false) => {
            crate::wire::encode_default::<IncrementalAlterConfigsRequest>(version)
        }
        (ApiKey::IncrementalAlterConfigs, true) => {
            crate::wire::encode_default::<IncrementalAlterConfigsResponse>(version)
        }
        (ApiKey::InitProducerId, false) => crate::wire::encode_default::<InitProducerIdRequest>(version),
        (ApiKey::InitProducerId, true) => crate::wire::encode_default::<InitProducerIdResponse>(version),
        (ApiKey::InitializeShareGroupState, false) => {
            crate::wire::encode_default::<InitializeShareGroupStateRequest>(version)
        }
        (ApiKey::InitializeShareGroupState, true) => {
            crate::wire::encode_default::<InitializeShareGroupStateResponse>(version)
        }
        (ApiKey::JoinGroup, false) => crate::wire::encode_default::<JoinGroupRequest>(version),
        (ApiKey::JoinGroup, true) => crate::wire::encode_default::<JoinGroupResponse>(version),
        (ApiKey::LeaveGroup, false) => crate::wire::encode_default::<LeaveGroupRequest>(version),
        (ApiKey::LeaveGroup, true) => crate::wire::encode_default::<LeaveGroupResponse>(version),
        (ApiKey::ListConfigResources, false) => {
            crate::wire::encode_default::<ListConfigResourcesRequest>(version)
        }
        (ApiKey::ListConfigResources, true) => {
            crate::wire::encode_default::<ListConfigResourcesResponse>(version)
        }
        (ApiKey::ListGroups, false) => crate::wire::encode_default::<ListGroupsRequest>(version),
        (ApiKey::ListGroups, true) => crate::wire::encode_default::<ListGroupsResponse>(version),
        (ApiKey::ListOffsets, false) => crate::wire::encode_default::<ListOffsetsRequest>(version),
        (ApiKey::ListOffsets, true) => crate::wire::encode_default::<ListOffsetsResponse>(version),
        (ApiKey::ListPartitionReassignments, false) => {
            crate::wire::encode_default::<ListPartitionReassignmentsRequest>(version)
        }
        (ApiKey::ListPartitionReassignments, true) => {
            crate::wire::encode_default::<ListPartitionReassignmentsResponse>(version)
        }
        (ApiKey::ListTransactions, false) => crate::wire::encode_default::<ListTransactionsRequest>(version),
        (ApiKey::ListTransactions, true) => crate::wire::encode_default::<ListTransactionsResponse>(version),
        (ApiKey::Metadata, false) => crate::wire::encode_default::<MetadataRequest>(version),
        (ApiKey::Metadata, true) => crate::wire::encode_default::<MetadataResponse>(version),
        (ApiKey::OffsetCommit, false) => crate::wire::encode_default::<OffsetCommitRequest>(version),
        (ApiKey::OffsetCommit, true) => crate::wire::encode_default::<OffsetCommitResponse>(version),
        (ApiKey::OffsetDelete, false) => crate::wire::encode_default::<OffsetDeleteRequest>(version),
        (ApiKey::OffsetDelete, true) => crate::wire::encode_default::<OffsetDeleteResponse>(version),
        (ApiKey::OffsetFetch, false) => crate::wire::encode_default::<OffsetFetchRequest>(version),
        (ApiKey::OffsetFetch, true) => crate::wire::encode_default::<OffsetFetchResponse>(version),
        (ApiKey::OffsetForLeaderEpoch, false) => {
            crate::wire::encode_default::<OffsetForLeaderEpochRequest>(version)
        }
        (ApiKey::OffsetForLeaderEpoch, true) => {
            crate::wire::encode_default::<OffsetForLeaderEpochResponse>(version)
        }
        (ApiKey::Produce, false) => crate::wire::encode_default::<ProduceRequest>(version),
        (ApiKey::Produce, true) => crate::wire::encode_default::<ProduceResponse>(version),
        (ApiKey::PushTelemetry, false) => crate::wire::encode_default::<PushTelemetryRequest>(version),
        (ApiKey::PushTelemetry, true) => crate::wire::encode_default::<PushTelemetryResponse>(version),
        (ApiKey::ReadShareGroupState, false) => {
            crate::wire::encode_default::<ReadShareGroupStateRequest>(version)
        }
        (ApiKey::ReadShareGroupState, true) => {
            crate::wire::encode_default::<ReadShareGroupStateResponse>(version)
        }
        (ApiKey::ReadShareGroupStateSummary, false) => {
            crate::wire::encode_default::<ReadShareGroupStateSummaryRequest>(version)
        }
        (ApiKey::ReadShareGroupStateSummary, true) => {
            crate::wire::encode_default::<ReadShareGroupStateSummaryResponse>(version)
        }
        (ApiKey::RemoveRaftVoter, false) => crate::wire::encode_default::<RemoveRaftVoterRequest>(version),
        (ApiKey::RemoveRaftVoter, true) => crate::wire::encode_default::<RemoveRaftVoterResponse>(version),
        (ApiKey::RenewDelegationToken, false) => {
            crate::wire::encode_default::<RenewDelegationTokenRequest>(version)
        }
        (ApiKey::RenewDelegationToken, true) => {
            crate::wire::encode_default::<RenewDelegationTokenResponse>(version)
        }
        (ApiKey::SaslAuthenticate, false) => crate::wire::encode_default::<SaslAuthenticateRequest>(version),
        (ApiKey::SaslAuthenticate, true) => crate::wire::encode_default::<SaslAuthenticateResponse>(version),
        (ApiKey::SaslHandshake, false) => crate::wire::encode_default::<SaslHandshakeRequest>(version),
        (ApiKey::SaslHandshake, true) => crate::wire::encode_default::<SaslHandshakeResponse>(version),
        (ApiKey::ShareAcknowledge, false) => crate::wire::encode_default::<ShareAcknowledgeRequest>(version),
        (ApiKey::ShareAcknowledge, true) => crate::wire::encode_default::<ShareAcknowledgeResponse>(version),
        (ApiKey::ShareFetch, false) => crate::wire::encode_default::<ShareFetchRequest>(version),
        (ApiKey::ShareFetch, true) => crate::wire::encode_default::<ShareFetchResponse>(version),
        (ApiKey::ShareGroupDescribe, false) => {
            crate::wire::encode_default::<ShareGroupDescribeRequest>(version)
        }
        (ApiKey::ShareGroupDescribe, true) => {
            crate::wire::encode_default::<ShareGroupDescribeResponse>(version)
        }
        (ApiKey::ShareGroupHeartbeat, false) => {
            crate::wire::encode_default::<ShareGroupHeartbeatRequest>(version)
        }
        (ApiKey::ShareGroupHeartbeat, true) => {
            crate::wire::encode_default::<ShareGroupHeartbeatResponse>(version)
        }
        (ApiKey::StreamsGroupDescribe, false) => {
            crate::wire::encode_default::<StreamsGroupDescribeRequest>(version)
        }
        (ApiKey::StreamsGroupDescribe, true) => {
            crate::wire::encode_default::<StreamsGroupDescribeResponse>(version)
        }
        (ApiKey::StreamsGroupHeartbeat, false) => {
            crate::wire::encode_default::<StreamsGroupHeartbeatRequest>(version)
        }
        (ApiKey::StreamsGroupHeartbeat, true) => {
            crate::wire::encode_default::<StreamsGroupHeartbeatResponse>(version)
        }
        (ApiKey::SyncGroup, false) => crate::wire::encode_default::<SyncGroupRequest>(version),
        (ApiKey::SyncGroup, true) => crate::wire::encode_default::<SyncGroupResponse>(version),
        (ApiKey::TxnOffsetCommit, false) => crate::wire::encode_default::<TxnOffsetCommitRequest>(version),
        (ApiKey::TxnOffsetCommit, true) => crate::wire::encode_default::<TxnOffsetCommitResponse>(version),
        (ApiKey::UnregisterBroker, false) => crate::wire::encode_default::<UnregisterBrokerRequest>(version),
        (ApiKey::UnregisterBroker, true) => crate::wire::encode_default::<UnregisterBrokerResponse>(version),
        (ApiKey::UpdateFeatures, false) => crate::wire::encode_default::<UpdateFeaturesRequest>(version),
        (ApiKey::UpdateFeatures, true) => crate::wire::encode_default::<UpdateFeaturesResponse>(version),
        (ApiKey::UpdateRaftVoter, false) => crate::wire::encode_default::<UpdateRaftVoterRequest>(version),
        (ApiKey::UpdateRaftVoter, true) => crate::wire::encode_default::<UpdateRaftVoterResponse>(version),
        (ApiKey::Vote, false) => crate::wire::encode_default::<VoteRequest>(version),
        (ApiKey::Vote, true) => crate::wire::encode_default::<VoteResponse>(version),
        (ApiKey::WriteShareGroupState, false) => {
            crate::wire::encode_default::<WriteShareGroupStateRequest>(version)
        }
        (ApiKey::WriteShareGroupState, true) => {
            crate::wire::encode_default::<WriteShareGroupStateResponse>(version)
        }
        (ApiKey::WriteTxnMarkers, false) => crate::wire::encode_default::<WriteTxnMarkersRequest>(version),
        (ApiKey::WriteTxnMarkers, true) => crate::wire::encode_default::<WriteTxnMarkersResponse>(version),
    }
}
