//! What Kafka's own consumers write into a classic group's opaque metadata: the topics that they read.

use ottla_protocol::{DecodeError, Decoder};

/// The protocol type of Kafka's consumers; Connect and others have theirs.
pub const PROTOCOL_TYPE: &str = "consumer";

/// The topics of a subscription, of any version: all begin alike.
/// # Errors
/// Bytes that are no subscription.
pub fn topics(metadata: &[u8]) -> Result<Vec<String>, DecodeError> {
    let mut decoder = Decoder::new(metadata);
    let version = decoder.int16()?;
    if version < 0 {
        return Err(DecodeError::Version(version));
    }
    let topic = |decoder: &mut Decoder<'_>| {
        decoder.nullable_string(false)?.map(String::from).ok_or(DecodeError::Null { field: "topics" })
    };
    decoder.nullable_array(false, topic)?.ok_or(DecodeError::Null { field: "topics" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_read_and_anything_else_is_an_error() {
        let bytes = [&[0, 3, 0, 0, 0, 2, 0, 1, b'a', 0, 2, b'b', b'c'][..], &[255; 4], &[0; 9]].concat();
        assert_eq!(topics(&bytes), Ok(vec!["a".to_owned(), "bc".to_owned()]));
        for cut in 0..13 {
            assert!(topics(&bytes[..cut]).is_err(), "{cut}");
        }
        assert!(topics(&[255, 255, 0, 0, 0, 0]).is_err());
        assert!(topics(&[0, 0, 255, 255, 255, 255]).is_err());
    }
}
