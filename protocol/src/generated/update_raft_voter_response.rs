// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateRaftVoterResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub current_leader: CurrentLeader<'a>,
}

impl<'a> Default for UpdateRaftVoterResponse<'a> {
    fn default() -> Self {
        UpdateRaftVoterResponse {
            throttle_time_ms: 0,
            error_code: 0,
            current_leader: CurrentLeader::default(),
        }
    }
}

impl<'a> Message<'a> for UpdateRaftVoterResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let throttle_time_ms = decoder.int32()?;
        let error_code = decoder.int16()?;
        let mut current_leader = CurrentLeader::default();
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 => current_leader = CurrentLeader::decode(decoder, version)?,
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(UpdateRaftVoterResponse { throttle_time_ms, error_code, current_leader })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.throttle_time_ms);
        encoder.int16(self.error_code);
        if flexible {
            let tagged_0 = self.current_leader != CurrentLeader::default();
            encoder.unsigned_varint(u32::from(tagged_0));
            if tagged_0 {
                encoder.tagged_field(0, |encoder| {
                    self.current_leader.encode(encoder, version)?;
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct CurrentLeader<'a> {
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub host: Cow<'a, str>,
    pub port: i32,
}

impl<'a> Default for CurrentLeader<'a> {
    fn default() -> Self {
        CurrentLeader { leader_id: -1, leader_epoch: -1, host: Cow::Borrowed(""), port: 0 }
    }
}

impl<'a> Message<'a> for CurrentLeader<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let leader_id = decoder.int32()?;
        let leader_epoch = decoder.int32()?;
        let host = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "host" })?;
        let port = decoder.int32()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(CurrentLeader { leader_id, leader_epoch, host, port })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.leader_id);
        encoder.int32(self.leader_epoch);
        encoder.nullable_string(flexible, Some(&self.host))?;
        encoder.int32(self.port);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
