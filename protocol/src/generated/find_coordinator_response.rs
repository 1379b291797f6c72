// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 6, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct FindCoordinatorResponse<'a> {
    /// From version 1.
    pub throttle_time_ms: i32,
    /// Versions 0 to 3.
    pub error_code: i16,
    /// Versions 1 to 3.
    pub error_message: Option<Cow<'a, str>>,
    /// Versions 0 to 3.
    pub node_id: i32,
    /// Versions 0 to 3.
    pub host: Cow<'a, str>,
    /// Versions 0 to 3.
    pub port: i32,
    /// From version 4.
    pub coordinators: Vec<Coordinator<'a>>,
}

impl<'a> Default for FindCoordinatorResponse<'a> {
    fn default() -> Self {
        FindCoordinatorResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
            node_id: 0,
            host: Cow::Borrowed(""),
            port: 0,
            coordinators: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for FindCoordinatorResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=6).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let throttle_time_ms = if version >= 1 { decoder.int32()? } else { 0 };
        let error_code = if version <= 3 { decoder.int16()? } else { 0 };
        let error_message = if (1..=3).contains(&version) {
            decoder.nullable_string(flexible)?
        } else {
            Some(Cow::Borrowed(""))
        };
        let node_id = if version <= 3 { decoder.int32()? } else { 0 };
        let host = if version <= 3 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "host" })?
        } else {
            Cow::Borrowed("")
        };
        let port = if version <= 3 { decoder.int32()? } else { 0 };
        let coordinators = if version >= 4 {
            decoder
                .nullable_array(flexible, |decoder| Coordinator::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "coordinators" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(FindCoordinatorResponse {
            throttle_time_ms,
            error_code,
            error_message,
            node_id,
            host,
            port,
            coordinators,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        if version >= 1 {
            encoder.int32(self.throttle_time_ms);
        }
        if version <= 3 {
            encoder.int16(self.error_code);
        }
        if !(version <= 3) && self.error_code != 0 {
            return Err(EncodeError::Unsupported { field: "error_code", version });
        }
        if (1..=3).contains(&version) {
            encoder.nullable_string(flexible, self.error_message.as_deref())?;
        }
        if version <= 3 {
            encoder.int32(self.node_id);
        }
        if !(version <= 3) && self.node_id != 0 {
            return Err(EncodeError::Unsupported { field: "node_id", version });
        }
        if version <= 3 {
            encoder.nullable_string(flexible, Some(&self.host))?;
        }
        if !(version <= 3) && !self.host.is_empty() {
            return Err(EncodeError::Unsupported { field: "host", version });
        }
        if version <= 3 {
            encoder.int32(self.port);
        }
        if !(version <= 3) && self.port != 0 {
            return Err(EncodeError::Unsupported { field: "port", version });
        }
        if version >= 4 {
            encoder.nullable_array(flexible, Some(&self.coordinators), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version >= 4) && !self.coordinators.is_empty() {
            return Err(EncodeError::Unsupported { field: "coordinators", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
        for item in &self.coordinators {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Coordinator<'a> {
    /// From version 4.
    pub key: Cow<'a, str>,
    /// From version 4.
    pub node_id: i32,
    /// From version 4.
    pub host: Cow<'a, str>,
    /// From version 4.
    pub port: i32,
    /// From version 4.
    pub error_code: i16,
    /// From version 4.
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> Default for Coordinator<'a> {
    fn default() -> Self {
        Coordinator {
            key: Cow::Borrowed(""),
            node_id: 0,
            host: Cow::Borrowed(""),
            port: 0,
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Message<'a> for Coordinator<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let key = if version >= 4 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "key" })?
        } else {
            Cow::Borrowed("")
        };
        let node_id = if version >= 4 { decoder.int32()? } else { 0 };
        let host = if version >= 4 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "host" })?
        } else {
            Cow::Borrowed("")
        };
        let port = if version >= 4 { decoder.int32()? } else { 0 };
        let error_code = if version >= 4 { decoder.int16()? } else { 0 };
        let error_message =
            if version >= 4 { decoder.nullable_string(flexible)? } else { Some(Cow::Borrowed("")) };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Coordinator { key, node_id, host, port, error_code, error_message })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        if version >= 4 {
            encoder.nullable_string(flexible, Some(&self.key))?;
        }
        if !(version >= 4) && !self.key.is_empty() {
            return Err(EncodeError::Unsupported { field: "key", version });
        }
        if version >= 4 {
            encoder.int32(self.node_id);
        }
        if !(version >= 4) && self.node_id != 0 {
            return Err(EncodeError::Unsupported { field: "node_id", version });
        }
        if version >= 4 {
            encoder.nullable_string(flexible, Some(&self.host))?;
        }
        if !(version >= 4) && !self.host.is_empty() {
            return Err(EncodeError::Unsupported { field: "host", version });
        }
        if version >= 4 {
            encoder.int32(self.port);
        }
        if !(version >= 4) && self.port != 0 {
            return Err(EncodeError::Unsupported { field: "port", version });
        }
        if version >= 4 {
            encoder.int16(self.error_code);
        }
        if !(version >= 4) && self.error_code != 0 {
            return Err(EncodeError::Unsupported { field: "error_code", version });
        }
        if version >= 4 {
            encoder.nullable_string(flexible, self.error_message.as_deref())?;
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
