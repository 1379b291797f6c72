// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeDelegationTokenRequest<'a> {
    pub owners: Option<Vec<DescribeDelegationTokenOwner<'a>>>,
}

impl<'a> Default for DescribeDelegationTokenRequest<'a> {
    fn default() -> Self {
        DescribeDelegationTokenRequest { owners: Some(Vec::new()) }
    }
}

impl<'a> Message<'a> for DescribeDelegationTokenRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let owners = decoder
            .nullable_array(flexible, |decoder| DescribeDelegationTokenOwner::decode(decoder, version))?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeDelegationTokenRequest { owners })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        encoder.nullable_array(flexible, self.owners.as_deref(), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeDelegationTokenOwner<'a> {
    pub principal_type: Cow<'a, str>,
    pub principal_name: Cow<'a, str>,
}

impl<'a> Default for DescribeDelegationTokenOwner<'a> {
    fn default() -> Self {
        DescribeDelegationTokenOwner { principal_type: Cow::Borrowed(""), principal_name: Cow::Borrowed("") }
    }
}

impl<'a> Message<'a> for DescribeDelegationTokenOwner<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let principal_type =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "principal_type" })?;
        let principal_name =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "principal_name" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeDelegationTokenOwner { principal_type, principal_name })
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
