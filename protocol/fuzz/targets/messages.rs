//! Every request and response: bytes are refused, or read as a message that comes back from its own encoding.
//!
//! Input: key (16 bits), response (1 byte, odd), version (8 bits), body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_protocol::{ApiKey, RoundTripError};

fuzz_target!(|input: &[u8]| {
    let [key_high, key_low, response, version, bytes @ ..] = input else { return };
    let Some(key) = ApiKey::from_i16(i16::from_be_bytes([*key_high, *key_low])) else { return };
    let (response, version) = (response & 1 == 1, i16::from(*version));
    match ottla_protocol::round_trip(key, response, version, bytes) {
        Ok(written) => {
            assert!(written.len() <= bytes.len() + 64, "{} bytes of {}", written.len(), bytes.len());
            let again = ottla_protocol::round_trip(key, response, version, &written);
            assert_eq!(again.as_deref(), Ok(written.as_slice()));
        }
        Err(RoundTripError::Decode(_)) => {}
        Err(RoundTripError::Encode(error)) => panic!("read, but not written: {error}"),
    }
});
