// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateRaftVoterRequest<'a> {
    pub cluster_id: Option<Cow<'a, str>>,
    pub current_leader_epoch: i32,
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
    pub listeners: Vec<Listener<'a>>,
    pub k_raft_version_feature: KRaftVersionFeature,
}

impl<'a> Default for UpdateRaftVoterRequest<'a> {
    fn default() -> Self {
        UpdateRaftVoterRequest {
            cluster_id: Some(Cow::Borrowed("")),
            current_leader_epoch: 0,
            voter_id: 0,
            voter_directory_id: Uuid::ZERO,
            listeners: Vec::new(),
            k_raft_version_feature: KRaftVersionFeature::default(),
        }
    }
}

impl<'a> Message<'a> for UpdateRaftVoterRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let cluster_id = decoder.nullable_string(flexible)?;
        let current_leader_epoch = decoder.int32()?;
        let voter_id = decoder.int32()?;
        let voter_directory_id = decoder.uuid()?;
        let listeners = decoder
            .nullable_array(flexible, |decoder| Listener::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "listeners" })?;
        let k_raft_version_feature = KRaftVersionFeature::decode(decoder, version)?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(UpdateRaftVoterRequest {
            cluster_id,
            current_leader_epoch,
            voter_id,
            voter_directory_id,
            listeners,
            k_raft_version_feature,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.nullable_string(flexible, self.cluster_id.as_deref())?;
        encoder.int32(self.current_leader_epoch);
        encoder.int32(self.voter_id);
        encoder.uuid(self.voter_directory_id);
        encoder
            .nullable_array(flexible, Some(&self.listeners), |encoder, item| item.encode(encoder, version))?;
        self.k_raft_version_feature.encode(encoder, version)?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Listener<'a> {
    pub name: Cow<'a, str>,
    pub host: Cow<'a, str>,
    pub port: u16,
}

impl<'a> Default for Listener<'a> {
    fn default() -> Self {
        Listener { name: Cow::Borrowed(""), host: Cow::Borrowed(""), port: 0 }
    }
}

impl<'a> Message<'a> for Listener<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let host = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "host" })?;
        let port = decoder.uint16()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Listener { name, host, port })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.nullable_string(flexible, Some(&self.host))?;
        encoder.uint16(self.port);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct KRaftVersionFeature {
    pub min_supported_version: i16,
    pub max_supported_version: i16,
}

impl Default for KRaftVersionFeature {
    fn default() -> Self {
        KRaftVersionFeature { min_supported_version: 0, max_supported_version: 0 }
    }
}

impl<'a> Message<'a> for KRaftVersionFeature {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let min_supported_version = decoder.int16()?;
        let max_supported_version = decoder.int16()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(KRaftVersionFeature { min_supported_version, max_supported_version })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int16(self.min_supported_version);
        encoder.int16(self.max_supported_version);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
