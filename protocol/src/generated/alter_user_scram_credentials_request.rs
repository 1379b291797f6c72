// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterUserScramCredentialsRequest<'a> {
    pub deletions: Vec<ScramCredentialDeletion<'a>>,
    pub upsertions: Vec<ScramCredentialUpsertion<'a>>,
}

impl<'a> Default for AlterUserScramCredentialsRequest<'a> {
    fn default() -> Self {
        AlterUserScramCredentialsRequest { deletions: Vec::new(), upsertions: Vec::new() }
    }
}

impl<'a> Message<'a> for AlterUserScramCredentialsRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let deletions = decoder
            .nullable_array(flexible, |decoder| ScramCredentialDeletion::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "deletions" })?;
        let upsertions = decoder
            .nullable_array(flexible, |decoder| ScramCredentialUpsertion::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "upsertions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AlterUserScramCredentialsRequest { deletions, upsertions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder
            .nullable_array(flexible, Some(&self.deletions), |encoder, item| item.encode(encoder, version))?;
        encoder.nullable_array(flexible, Some(&self.upsertions), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ScramCredentialDeletion<'a> {
    pub name: Cow<'a, str>,
    pub mechanism: i8,
}

impl<'a> Default for ScramCredentialDeletion<'a> {
    fn default() -> Self {
        ScramCredentialDeletion { name: Cow::Borrowed(""), mechanism: 0 }
    }
}

impl<'a> Message<'a> for ScramCredentialDeletion<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let mechanism = decoder.int8()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ScramCredentialDeletion { name, mechanism })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.int8(self.mechanism);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ScramCredentialUpsertion<'a> {
    pub name: Cow<'a, str>,
    pub mechanism: i8,
    pub iterations: i32,
    pub salt: Cow<'a, [u8]>,
    pub salted_password: Cow<'a, [u8]>,
}

impl<'a> Default for ScramCredentialUpsertion<'a> {
    fn default() -> Self {
        ScramCredentialUpsertion {
            name: Cow::Borrowed(""),
            mechanism: 0,
            iterations: 0,
            salt: Cow::Borrowed(&[]),
            salted_password: Cow::Borrowed(&[]),
        }
    }
}

impl<'a> Message<'a> for ScramCredentialUpsertion<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let mechanism = decoder.int8()?;
        let iterations = decoder.int32()?;
        let salt = decoder.nullable_bytes(flexible)?.ok_or(DecodeError::Null { field: "salt" })?;
        let salted_password =
            decoder.nullable_bytes(flexible)?.ok_or(DecodeError::Null { field: "salted_password" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ScramCredentialUpsertion { name, mechanism, iterations, salt, salted_password })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.int8(self.mechanism);
        encoder.int32(self.iterations);
        encoder.nullable_bytes(flexible, Some(&self.salt))?;
        encoder.nullable_bytes(flexible, Some(&self.salted_password))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
