// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupMemberMetadataValue<'a> {
    pub instance_id: Option<Cow<'a, str>>,
    pub rack_id: Option<Cow<'a, str>>,
    pub client_id: Cow<'a, str>,
    pub client_host: Cow<'a, str>,
    pub subscribed_topic_names: Vec<Cow<'a, str>>,
    pub subscribed_topic_regex: Option<Cow<'a, str>>,
    pub rebalance_timeout_ms: i32,
    pub server_assignor: Option<Cow<'a, str>>,
    pub classic_member_metadata: Option<ClassicMemberMetadata<'a>>,
}

impl<'a> Default for ConsumerGroupMemberMetadataValue<'a> {
    fn default() -> Self {
        ConsumerGroupMemberMetadataValue {
            instance_id: Some(Cow::Borrowed("")),
            rack_id: Some(Cow::Borrowed("")),
            client_id: Cow::Borrowed(""),
            client_host: Cow::Borrowed(""),
            subscribed_topic_names: Vec::new(),
            subscribed_topic_regex: Some(Cow::Borrowed("")),
            rebalance_timeout_ms: -1,
            server_assignor: Some(Cow::Borrowed("")),
            classic_member_metadata: None,
        }
    }
}

impl<'a> Message<'a> for ConsumerGroupMemberMetadataValue<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let instance_id = decoder.nullable_string(flexible)?;
        let rack_id = decoder.nullable_string(flexible)?;
        let client_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "client_id" })?;
        let client_host =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "client_host" })?;
        let subscribed_topic_names = decoder
            .nullable_array(flexible, |decoder| {
                decoder
                    .nullable_string(flexible)?
                    .ok_or(DecodeError::Null { field: "subscribed_topic_names" })
            })?
            .ok_or(DecodeError::Null { field: "subscribed_topic_names" })?;
        let subscribed_topic_regex = decoder.nullable_string(flexible)?;
        let rebalance_timeout_ms = decoder.int32()?;
        let server_assignor = decoder.nullable_string(flexible)?;
        let mut classic_member_metadata = None;
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 => {
                        classic_member_metadata = if decoder.int8()? < 0 {
                            None
                        } else {
                            Some(ClassicMemberMetadata::decode(decoder, version)?)
                        }
                    }
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(ConsumerGroupMemberMetadataValue {
            instance_id,
            rack_id,
            client_id,
            client_host,
            subscribed_topic_names,
            subscribed_topic_regex,
            rebalance_timeout_ms,
            server_assignor,
            classic_member_metadata,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.nullable_string(flexible, self.instance_id.as_deref())?;
        encoder.nullable_string(flexible, self.rack_id.as_deref())?;
        encoder.nullable_string(flexible, Some(&self.client_id))?;
        encoder.nullable_string(flexible, Some(&self.client_host))?;
        encoder.nullable_array(flexible, Some(&self.subscribed_topic_names), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
        })?;
        encoder.nullable_string(flexible, self.subscribed_topic_regex.as_deref())?;
        encoder.int32(self.rebalance_timeout_ms);
        encoder.nullable_string(flexible, self.server_assignor.as_deref())?;
        if flexible {
            let tagged_0 = self.classic_member_metadata.is_some();
            encoder.unsigned_varint(u32::from(tagged_0));
            if tagged_0 {
                encoder.tagged_field(0, |encoder| {
                    match &self.classic_member_metadata {
                        Some(value) => {
                            encoder.int8(1);
                            value.encode(encoder, version)?;
                        }
                        None => encoder.int8(-1),
                    }
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ClassicMemberMetadata<'a> {
    pub session_timeout_ms: i32,
    pub supported_protocols: Vec<ClassicProtocol<'a>>,
}

impl<'a> Default for ClassicMemberMetadata<'a> {
    fn default() -> Self {
        ClassicMemberMetadata { session_timeout_ms: 0, supported_protocols: Vec::new() }
    }
}

impl<'a> Message<'a> for ClassicMemberMetadata<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let session_timeout_ms = decoder.int32()?;
        let supported_protocols = decoder
            .nullable_array(flexible, |decoder| ClassicProtocol::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "supported_protocols" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ClassicMemberMetadata { session_timeout_ms, supported_protocols })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.session_timeout_ms);
        encoder.nullable_array(flexible, Some(&self.supported_protocols), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ClassicProtocol<'a> {
    pub name: Cow<'a, str>,
    pub metadata: Cow<'a, [u8]>,
}

impl<'a> Default for ClassicProtocol<'a> {
    fn default() -> Self {
        ClassicProtocol { name: Cow::Borrowed(""), metadata: Cow::Borrowed(&[]) }
    }
}

impl<'a> Message<'a> for ClassicProtocol<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let metadata = decoder.nullable_bytes(flexible)?.ok_or(DecodeError::Null { field: "metadata" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ClassicProtocol { name, metadata })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.nullable_bytes(flexible, Some(&self.metadata))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
