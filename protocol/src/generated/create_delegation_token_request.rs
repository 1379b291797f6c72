// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateDelegationTokenRequest<'a> {
    /// From version 3.
    pub owner_principal_type: Option<Cow<'a, str>>,
    /// From version 3.
    pub owner_principal_name: Option<Cow<'a, str>>,
    pub renewers: Vec<CreatableRenewers<'a>>,
    pub max_lifetime_ms: i64,
}

impl<'a> Default for CreateDelegationTokenRequest<'a> {
    fn default() -> Self {
        CreateDelegationTokenRequest {
            owner_principal_type: Some(Cow::Borrowed("")),
            owner_principal_name: Some(Cow::Borrowed("")),
            renewers: Vec::new(),
            max_lifetime_ms: 0,
        }
    }
}

impl<'a> Message<'a> for CreateDelegationTokenRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let owner_principal_type =
            if version >= 3 { decoder.nullable_string(flexible)? } else { Some(Cow::Borrowed("")) };
        let owner_principal_name =
            if version >= 3 { decoder.nullable_string(flexible)? } else { Some(Cow::Borrowed("")) };
        let renewers = decoder
            .nullable_array(flexible, |decoder| CreatableRenewers::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "renewers" })?;
        let max_lifetime_ms = decoder.int64()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(CreateDelegationTokenRequest {
            owner_principal_type,
            owner_principal_name,
            renewers,
            max_lifetime_ms,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        if version >= 3 {
            encoder.nullable_string(flexible, self.owner_principal_type.as_deref())?;
        }
        if !(version >= 3) && self.owner_principal_type != Some(Cow::Borrowed("")) {
            return Err(EncodeError::Unsupported { field: "owner_principal_type", version });
        }
        if version >= 3 {
            encoder.nullable_string(flexible, self.owner_principal_name.as_deref())?;
        }
        if !(version >= 3) && self.owner_principal_name != Some(Cow::Borrowed("")) {
            return Err(EncodeError::Unsupported { field: "owner_principal_name", version });
        }
        encoder
            .nullable_array(flexible, Some(&self.renewers), |encoder, item| item.encode(encoder, version))?;
        encoder.int64(self.max_lifetime_ms);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreatableRenewers<'a> {
    pub principal_type: Cow<'a, str>,
    pub principal_name: Cow<'a, str>,
}

impl<'a> Default for CreatableRenewers<'a> {
    fn default() -> Self {
        CreatableRenewers { principal_type: Cow::Borrowed(""), principal_name: Cow::Borrowed("") }
    }
}

impl<'a> Message<'a> for CreatableRenewers<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let principal_type =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "principal_type" })?;
        let principal_name =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "principal_name" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(CreatableRenewers { principal_type, principal_name })
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
