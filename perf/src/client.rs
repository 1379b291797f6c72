//! A client for nodes of a simulated world: frames made ahead, answers looked at for errors alone. Nothing of it is
//! measured.

use bytes::Bytes;
use ottla_io::net::TcpStream;
use ottla_io::{Buffer, sleep};
use ottla_protocol::messages::{RequestHeader, ResponseHeader};
use ottla_protocol::{ApiKey, Decoder, Encoder, Message};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

/// A whole request frame, its length in front.
///
/// # Panics
/// A field is set that `version` does not have, or the frame is longer than a frame may be.
pub fn frame<'m>(key: ApiKey, version: i16, request: &impl Message<'m>) -> Bytes {
    let header = RequestHeader {
        request_api_key: key as i16,
        request_api_version: version,
        correlation_id: 1,
        client_id: Some("ottla-perf".into()),
    };
    let mut encoder = Encoder::new();
    encoder.int32(0);
    header.encode(&mut encoder, key.request_header_version(version)).expect("a header");
    request.encode(&mut encoder, version).expect("fields that the version has");
    let mut bytes = encoder.into_vec();
    let length = i32::try_from(bytes.len() - 4).expect("a frame's length");
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    bytes.into()
}

/// The message of an answer's frame.
///
/// # Panics
/// It is none of that version.
pub fn parse<'a, M: Message<'a>>(key: ApiKey, version: i16, answer: &'a [u8]) -> M {
    let mut decoder = Decoder::new(answer);
    ResponseHeader::decode(&mut decoder, key.response_header_version(version)).expect("a header");
    M::decode(&mut decoder, version).expect("an answer")
}

pub struct Link {
    stream: TcpStream,
    received: VecDeque<u8>,
}

impl Link {
    /// Waits until somebody listens there.
    pub async fn open(address: SocketAddr) -> Link {
        loop {
            match TcpStream::connect(address).await {
                Ok(stream) => return Link { stream, received: VecDeque::new() },
                Err(_) => sleep(Duration::from_millis(1)).await,
            }
        }
    }

    /// # Panics
    /// The broker closed the connection.
    pub async fn send(&self, frame: Bytes) {
        self.stream.send(vec![frame]).await.expect("a broker that listens");
    }

    /// The next answer, without its length.
    ///
    /// # Panics
    /// The broker closed the connection.
    pub async fn receive(&mut self) -> Vec<u8> {
        let mut buffer = Buffer::with_capacity(1 << 20);
        loop {
            if self.received.len() >= 4 {
                let length: Vec<u8> = self.received.iter().take(4).copied().collect();
                let length = u32::from_be_bytes(length.try_into().expect("four bytes")) as usize;
                if self.received.len() >= 4 + length {
                    return self.received.drain(..4 + length).skip(4).collect();
                }
            }
            buffer.clear();
            let (result, back) = self.stream.recv(buffer).await;
            buffer = back;
            let count = result.expect("a broker that answers");
            assert!(count > 0, "the broker closed the connection");
            self.received.extend(buffer.iter());
        }
    }

    pub async fn call(&mut self, frame: Bytes) -> Vec<u8> {
        self.send(frame).await;
        self.receive().await
    }
}
