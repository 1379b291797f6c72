//! Kafka's wire format: messages, primitives, record batches, compression and error codes.
//!
//! PURE: no I/O, no clock. Messages are generated from `protocol/definitions` (see `protocol/generator`). Decoding borrows from the
//! frame, never panics and never allocates from a length that the wire claims; encoding shares record bytes instead of copying them.

pub mod compression;
mod error_code;
mod generated;
pub mod records;
mod records_field;
mod uuid;
mod wire;

pub use compression::Compression;
pub use error_code::ErrorCode;
pub use generated::api_key::ApiKey;
pub use records_field::Records;
pub use uuid::{ParseUuidError, Seed, Uuid};
pub use wire::{ARRAY_ELEMENTS_MAX, DecodeError, Decoder, EncodeError, Encoder, Message, RoundTripError};

/// Requests, responses and headers; the structs inside them are in a module for each message.
pub mod messages {
    pub use crate::generated::*;
}

impl ApiKey {
    /// The version of the header before a request of `version`.
    pub fn request_header_version(self, version: i16) -> i16 {
        if self.is_flexible(version) { 2 } else { 1 }
    }

    /// The version of the header before a response of `version`. ApiVersions is always answered with the old one, because the client does
    /// not know yet what the broker speaks (KIP-511).
    pub fn response_header_version(self, version: i16) -> i16 {
        i16::from(self != ApiKey::ApiVersions && self.is_flexible(version))
    }

    pub fn is_flexible(self, version: i16) -> bool {
        self.flexible_from().is_some_and(|first| version >= first)
    }
}

#[doc(hidden)]
pub use generated::{encode_default, round_trip};
