// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AddRaftVoterRequest<'a> {
    pub cluster_id: Option<Cow<'a, str>>,
    pub timeout_ms: i32,
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
    pub listeners: Vec<Listener<'a>>,
    /// From version 1.
    pub ack_when_committed: bool,
}

impl<'a> Default for AddRaftVoterRequest<'a> {
    fn default() -> Self {
        AddRaftVoterRequest {
            cluster_id: Some(Cow::Borrowed("")),
            timeout_ms: 0,
            voter_id: 0,
            voter_directory_id: Uuid::ZERO,
            listeners: Vec::new(),
            ack_when_committed: true,
        }
    }
}

impl<'a> Message<'a> for AddRaftVoterRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let cluster_id = decoder.nullable_string(flexible)?;
        let timeout_ms = decoder.int32()?;
        let voter_id = decoder.int32()?;
        let voter_directory_id = decoder.uuid()?;
        let listeners = decoder
            .nullable_array(flexible, |decoder| Listener::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "listeners" })?;
        let ack_when_committed = if version >= 1 { decoder.bool()? } else { true };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AddRaftVoterRequest {
            cluster_id,
            timeout_ms,
            voter_id,
            voter_directory_id,
            listeners,
            ack_when_committed,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.nullable_string(flexible, self.cluster_id.as_deref())?;
        encoder.int32(self.timeout_ms);
        encoder.int32(self.voter_id);
        encoder.uuid(self.voter_directory_id);
        encoder
            .nullable_array(flexible, Some(&self.listeners), |encoder, item| item.encode(encoder, version))?;
        if version >= 1 {
            encoder.bool(self.ack_when_committed);
        }
        if !(version >= 1) && !self.ack_when_committed {
            return Err(EncodeError::Unsupported { field: "ack_when_committed", version });
        }
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
