//! A client's connection over `ottla_io`, for nodes of a simulated world.

use bytes::Bytes;
use ottla_io::net::TcpStream;
use ottla_io::{Buffer, timeout};
use ottla_tests::client::{Answer, Request, frame};
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::time::Duration;

/// A broker that says nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(40);

pub struct Link {
    stream: TcpStream,
    received: Vec<u8>,
    correlation_id: i32,
}

impl Link {
    pub async fn open(address: SocketAddr) -> Result<Link> {
        Ok(Link { stream: TcpStream::connect(address).await?, received: Vec::new(), correlation_id: 0 })
    }

    /// Sends a request and returns its correlation id; the answer is the caller's to take.
    pub async fn send<R: Request>(&mut self, version: i16, request: &R) -> Result<i32> {
        self.correlation_id += 1;
        let frame = frame(version, self.correlation_id, request);
        self.stream.send(vec![Bytes::from(frame)]).await?;
        Ok(self.correlation_id)
    }

    async fn receive(&mut self) -> Result<Vec<u8>> {
        loop {
            if let Some(length) = self.received.first_chunk::<4>() {
                let end = 4 + i32::from_be_bytes(*length) as usize;
                if self.received.len() >= end {
                    let frame = self.received[4..end].to_vec();
                    self.received.drain(..end);
                    return Ok(frame);
                }
            }
            let (result, buffer) = self.stream.recv(Buffer::with_capacity(64 << 10)).await;
            if result? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.received.extend_from_slice(&buffer);
        }
    }

    pub async fn answer<R: Request>(&mut self, version: i16, sent: i32) -> Result<Answer<R>> {
        let frame =
            timeout(PATIENCE, self.receive()).await.map_err(|_| Error::from(ErrorKind::TimedOut))??;
        let correlation_id = frame.first_chunk::<4>().map(|id| i32::from_be_bytes(*id));
        assert_eq!(correlation_id, Some(sent), "answers come in the order of requests");
        Ok(Answer::new(version, frame))
    }

    pub async fn call<R: Request>(&mut self, version: i16, request: &R) -> Result<Answer<R>> {
        let sent = self.send(version, request).await?;
        self.answer(version, sent).await
    }
}
