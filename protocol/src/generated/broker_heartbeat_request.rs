// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};

/// Versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerHeartbeatRequest {
    pub broker_id: i32,
    pub broker_epoch: i64,
    pub current_metadata_offset: i64,
    pub want_fence: bool,
    pub want_shut_down: bool,
    /// From version 1.
    pub offline_log_dirs: Vec<Uuid>,
    /// From version 2.
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}

impl Default for BrokerHeartbeatRequest {
    fn default() -> Self {
        BrokerHeartbeatRequest {
            broker_id: 0,
            broker_epoch: -1,
            current_metadata_offset: 0,
            want_fence: false,
            want_shut_down: false,
            offline_log_dirs: Vec::new(),
            cordoned_log_dirs: None,
        }
    }
}

impl<'a> Message<'a> for BrokerHeartbeatRequest {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let broker_id = decoder.int32()?;
        let broker_epoch = decoder.int64()?;
        let current_metadata_offset = decoder.int64()?;
        let want_fence = decoder.bool()?;
        let want_shut_down = decoder.bool()?;
        let mut offline_log_dirs = Vec::new();
        let mut cordoned_log_dirs = None;
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 if version >= 1 => {
                        offline_log_dirs = decoder
                            .nullable_array(flexible, |decoder| decoder.uuid())?
                            .ok_or(DecodeError::Null { field: "offline_log_dirs" })?
                    }
                    1 if version >= 2 => {
                        cordoned_log_dirs = decoder.nullable_array(flexible, |decoder| decoder.uuid())?
                    }
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(BrokerHeartbeatRequest {
            broker_id,
            broker_epoch,
            current_metadata_offset,
            want_fence,
            want_shut_down,
            offline_log_dirs,
            cordoned_log_dirs,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.broker_id);
        encoder.int64(self.broker_epoch);
        encoder.int64(self.current_metadata_offset);
        encoder.bool(self.want_fence);
        encoder.bool(self.want_shut_down);
        if !(version >= 1) && !self.offline_log_dirs.is_empty() {
            return Err(EncodeError::Unsupported { field: "offline_log_dirs", version });
        }
        if !(version >= 2) && self.cordoned_log_dirs.is_some() {
            return Err(EncodeError::Unsupported { field: "cordoned_log_dirs", version });
        }
        if flexible {
            let tagged_0 = (version >= 1) && !self.offline_log_dirs.is_empty();
            let tagged_1 = (version >= 2) && self.cordoned_log_dirs.is_some();
            encoder.unsigned_varint(u32::from(tagged_0) + u32::from(tagged_1));
            if tagged_0 {
                encoder.tagged_field(0, |encoder| {
                    encoder.nullable_array(flexible, Some(&self.offline_log_dirs), |encoder, item| {
                        encoder.uuid(*item);
                        Ok(())
                    })?;
                    Ok(())
                })?;
            }
            if tagged_1 {
                encoder.tagged_field(1, |encoder| {
                    encoder.nullable_array(
                        flexible,
                        self.cordoned_log_dirs.as_deref(),
                        |encoder, item| {
                            encoder.uuid(*item);
                            Ok(())
                        },
                    )?;
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}
