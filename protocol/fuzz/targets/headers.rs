//! Request and response headers, as the first bytes of a frame.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_protocol::messages::{RequestHeader, ResponseHeader};
use ottla_protocol::{Decoder, Encoder, Message};

/// The header at the start of `bytes` as it is written; `None` when there is none.
fn written<'a, M: Message<'a>>(bytes: &'a [u8], version: i16) -> Option<Vec<u8>> {
    let header = M::decode(&mut Decoder::new(bytes), version).ok()?;
    let mut encoder = Encoder::new();
    header.encode(&mut encoder, version).expect("what was read is written");
    Some(encoder.into_vec())
}

fuzz_target!(|bytes: &[u8]| {
    for version in 0..=2 {
        if let Some(request) = written::<RequestHeader<'_>>(bytes, version) {
            assert_eq!(written::<RequestHeader<'_>>(&request, version).as_ref(), Some(&request));
        }
        if let Some(response) = written::<ResponseHeader>(bytes, version) {
            assert_eq!(written::<ResponseHeader>(&response, version).as_ref(), Some(&response));
        }
    }
});
