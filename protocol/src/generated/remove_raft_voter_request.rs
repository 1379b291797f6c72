// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoveRaftVoterRequest<'a> {
    pub cluster_id: Option<Cow<'a, str>>,
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
}

impl<'a> Default for RemoveRaftVoterRequest<'a> {
    fn default() -> Self {
        RemoveRaftVoterRequest {
            cluster_id: Some(Cow::Borrowed("")),
            voter_id: 0,
            voter_directory_id: Uuid::ZERO,
        }
    }
}

impl<'a> Message<'a> for RemoveRaftVoterRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let cluster_id = decoder.nullable_string(flexible)?;
        let voter_id = decoder.int32()?;
        let voter_directory_id = decoder.uuid()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(RemoveRaftVoterRequest { cluster_id, voter_id, voter_directory_id })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.nullable_string(flexible, self.cluster_id.as_deref())?;
        encoder.int32(self.voter_id);
        encoder.uuid(self.voter_directory_id);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
