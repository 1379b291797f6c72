// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeDelegationTokenResponse<'a> {
    pub error_code: i16,
    pub tokens: Vec<DescribedDelegationToken<'a>>,
    pub throttle_time_ms: i32,
}

impl<'a> Default for DescribeDelegationTokenResponse<'a> {
    fn default() -> Self {
        DescribeDelegationTokenResponse { error_code: 0, tokens: Vec::new(), throttle_time_ms: 0 }
    }
}

impl<'a> Message<'a> for DescribeDelegationTokenResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let error_code = decoder.int16()?;
        let tokens = decoder
            .nullable_array(flexible, |decoder| DescribedDelegationToken::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "tokens" })?;
        let throttle_time_ms = decoder.int32()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeDelegationTokenResponse { error_code, tokens, throttle_time_ms })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        encoder.int16(self.error_code);
        encoder
            .nullable_array(flexible, Some(&self.tokens), |encoder, item| item.encode(encoder, version))?;
        encoder.int32(self.throttle_time_ms);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribedDelegationToken<'a> {
    pub principal_type: Cow<'a, str>,
    pub principal_name: Cow<'a, str>,
    /// From version 3.
    pub token_requester_principal_type: Cow<'a, str>,
    /// From version 3.
    pub token_requester_principal_name: Cow<'a, str>,
    pub issue_timestamp: i64,
    pub expiry_timestamp: i64,
    pub max_timestamp: i64,
    pub token_id: Cow<'a, str>,
    pub hmac: Cow<'a, [u8]>,
    pub renewers: Vec<DescribedDelegationTokenRenewer<'a>>,
}

impl<'a> Default for DescribedDelegationToken<'a> {
    fn default() -> Self {
        DescribedDelegationToken {
            principal_type: Cow::Borrowed(""),
            principal_name: Cow::Borrowed(""),
            token_requester_principal_type: Cow::Borrowed(""),
            token_requester_principal_name: Cow::Borrowed(""),
            issue_timestamp: 0,
            expiry_timestamp: 0,
            max_timestamp: 0,
            token_id: Cow::Borrowed(""),
            hmac: Cow::Borrowed(&[]),
            renewers: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for DescribedDelegationToken<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let principal_type =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "principal_type" })?;
        let principal_name =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "principal_name" })?;
        let token_requester_principal_type = if version >= 3 {
            decoder
                .nullable_string(flexible)?
                .ok_or(DecodeError::Null { field: "token_requester_principal_type" })?
        } else {
            Cow::Borrowed("")
        };
        let token_requester_principal_name = if version >= 3 {
            decoder
                .nullable_string(flexible)?
                .ok_or(DecodeError::Null { field: "token_requester_principal_name" })?
        } else {
            Cow::Borrowed("")
        };
        let issue_timestamp = decoder.int64()?;
        let expiry_timestamp = decoder.int64()?;
        let max_timestamp = decoder.int64()?;
        let token_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "token_id" })?;
        let hmac = decoder.nullable_bytes(flexible)?.ok_or(DecodeError::Null { field: "hmac" })?;
        let renewers = decoder
            .nullable_array(flexible, |decoder| DescribedDelegationTokenRenewer::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "renewers" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribedDelegationToken {
            principal_type,
            principal_name,
            token_requester_principal_type,
            token_requester_principal_name,
            issue_timestamp,
            expiry_timestamp,
            max_timestamp,
            token_id,
            hmac,
            renewers,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        encoder.nullable_string(flexible, Some(&self.principal_type))?;
        encoder.nullable_string(flexible, Some(&self.principal_name))?;
        if version >= 3 {
            encoder.nullable_string(flexible, Some(&self.token_requester_principal_type))?;
        }
        if !(version >= 3) && !self.token_requester_principal_type.is_empty() {
            return Err(EncodeError::Unsupported { field: "token_requester_principal_type", version });
        }
        if version >= 3 {
            encoder.nullable_string(flexible, Some(&self.token_requester_principal_name))?;
        }
        if !(version >= 3) && !self.token_requester_principal_name.is_empty() {
            return Err(EncodeError::Unsupported { field: "token_requester_principal_name", version });
        }
        encoder.int64(self.issue_timestamp);
        encoder.int64(self.expiry_timestamp);
        encoder.int64(self.max_timestamp);
        encoder.nullable_string(flexible, Some(&self.token_id))?;
        encoder.nullable_bytes(flexible, Some(&self.hmac))?;
        encoder
            .nullable_array(flexible, Some(&self.renewers), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribedDelegationTokenRenewer<'a> {
    pub principal_type: Cow<'a, str>,
    pub principal_name: Cow<'a, str>,
}

impl<'a> Default for DescribedDelegationTokenRenewer<'a> {
    fn default() -> Self {
        DescribedDelegationTokenRenewer {
            principal_type: Cow::Borrowed(""),
            principal_name: Cow::Borrowed(""),
        }
    }
}

impl<'a> Message<'a> for DescribedDelegationTokenRenewer<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let principal_type =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "principal_type" })?;
        let principal_name =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "principal_name" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribedDelegationTokenRenewer { principal_type, principal_name })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        encoder.nullable_string(flexible, Some(&self.principal_type))?;
        encoder.nullable_string(flexible, Some(&self.principal_name))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
