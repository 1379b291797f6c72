//! What can go wrong between the command and a broker, in words for the person who typed it.

use ottla_protocol::{ApiKey, DecodeError, EncodeError, ErrorCode};
use std::io;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot reach a broker at {address}: {source}")]
    Unreachable { address: String, source: io::Error },
    #[error("'{address}' is no address: expected HOST:PORT, for example 127.0.0.1:9092")]
    Address { address: String },
    #[error("lost the connection to {address}: {source}")]
    Connection { address: String, source: io::Error },
    #[error("{address} did not answer {api} within {seconds} s")]
    Timeout { address: String, api: &'static str, seconds: u64 },
    #[error("{address} does not answer like a Kafka broker: {reason}")]
    NotKafka { address: String, reason: String },
    #[error("{address} does not serve {}", .api.name())]
    Unsupported { address: String, api: ApiKey },
    #[error("{address} answered {} with bytes that are no such answer: {source}", .api.name())]
    Answer { address: String, api: ApiKey, source: DecodeError },
    #[error("cannot ask {}: {source}", .api.name())]
    Ask { api: ApiKey, source: EncodeError },
    #[error("{subject}: {} ({code})", .message.as_deref().unwrap_or(text_for(*.code)))]
    Refused { subject: String, code: ErrorCode, message: Option<String> },
    #[error("{subject}: {reason}")]
    Records { subject: String, reason: String },
}

impl Error {
    /// The broker's own `message` is kept when there is one, because it names the value that it did not like.
    pub fn refused(subject: impl Into<String>, code: i16, message: Option<&str>) -> Error {
        let message =
            message.filter(|text| !text.is_empty()).map(|text| text.trim_end_matches('.').to_owned());
        Error::Refused { subject: subject.into(), code: ErrorCode(code), message }
    }

    pub fn code(&self) -> ErrorCode {
        match self {
            Error::Refused { code, .. } => *code,
            _ => ErrorCode::NONE,
        }
    }

    /// Whether the same request may succeed in a moment.
    pub fn is_retriable(&self) -> bool {
        match self {
            Error::Refused { code, .. } => code.is_retriable(),
            Error::Connection { .. } | Error::Timeout { .. } => true,
            _ => false,
        }
    }

    /// Whether the broker could not be talked to at all, as opposed to having said no.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Error::Unreachable { .. }
                | Error::Connection { .. }
                | Error::Timeout { .. }
                | Error::NotKafka { .. }
                | Error::Address { .. }
        )
    }

    /// What the person can do about it.
    pub fn advice(&self) -> Option<String> {
        match self {
            Error::Unreachable { address, .. } => Some(format!(
                "is a broker running there? Start one with: ottla start --listen {address}\n\
                 or name another one with --bootstrap HOST:PORT"
            )),
            Error::Timeout { .. } => Some("wait longer with --timeout SECONDS".to_owned()),
            Error::Unsupported { api: ApiKey::Metadata, .. } => {
                Some("is it a controller's port? A broker's is the one in `listeners`".to_owned())
            }
            Error::Refused { code, .. } => advice_for(*code).map(str::to_owned),
            _ => None,
        }
    }
}

/// Kafka's text, or a plainer one for what people meet most.
fn text_for(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => "there is no such topic or partition",
        code => code.message().trim_end_matches('.'),
    }
}

fn advice_for(code: ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => {
            "see what there is: ottla topic list, or make it: ottla topic create NAME"
        }
        ErrorCode::TOPIC_ALREADY_EXISTS => "to accept that it is there: --if-not-exists",
        ErrorCode::GROUP_ID_NOT_FOUND => "see which groups there are: ottla group list",
        ErrorCode::NON_EMPTY_GROUP | ErrorCode::UNKNOWN_MEMBER_ID => {
            "stop its members first: see ottla group describe NAME --members"
        }
        ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC => {
            "its members read that topic: stop them first, see ottla group describe NAME --members"
        }
        ErrorCode::OFFSET_OUT_OF_RANGE => "see the offsets there are: ottla topic describe NAME",
        ErrorCode::NOT_ENOUGH_REPLICAS => "too few replicas are in sync: see ottla topic describe NAME",
        ErrorCode::MESSAGE_TOO_LARGE => {
            "raise the topic's limit: ottla topic alter NAME --set max.message.bytes=BYTES"
        }
        ErrorCode::INVALID_REPLICATION_FACTOR => {
            "there are fewer brokers than replicas asked for: --replicas N"
        }
        _ => return None,
    })
}
