//! Requests as they come from a socket: a length of four bytes, then so many bytes.
//!
//! | the next frame is | its bytes are read |
//! | --- | --- |
//! | small | with others into the connection's receive buffer, of which it is a shared range |
//! | as large as the last one, up to [`EXPECTED_BYTES_MAX`] | by one receive into a buffer of its size |
//! | larger | after its length was admitted, into memory that grows with what really arrives |
//!
//! A length from the wire never decides how much memory is taken: see [`FIRST_BODY_BYTES`].

use super::connections::Connection;
use crate::core::Core;
use bytes::Bytes;
use ottla_io::local::Permit;
use ottla_io::{Buffer, Instant, net::TcpStream};
use std::rc::Rc;

/// An idle connection holds this much.
const SMALL_BUFFER_BYTES: usize = 4 << 10;
/// A connection that fills its buffer gets a larger one, up to this.
const BUFFER_BYTES_MAX: usize = 64 << 10;
/// A frame from this size on makes the next receive expect another one like it.
const EXPECTED_BYTES_MIN: usize = 16 << 10;
/// Frames that are expected are waited for with a buffer in hand; larger ones are not.
const EXPECTED_BYTES_MAX: usize = 128 << 10;
/// A body gets memory of at most this size before any of it has arrived, then twice what has arrived.
const FIRST_BODY_BYTES: usize = 1 << 20;
const LENGTH_BYTES: usize = 4;

/// A request's bytes without their length, and the memory that is counted for them.
pub(crate) struct Frame {
    pub(crate) bytes: Bytes,
    pub(crate) permit: Permit,
    /// When its length was known.
    pub(crate) began: Instant,
}

/// Why no frame came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("it closed the connection")]
    Closed,
    #[error("it closed the connection inside a request")]
    ClosedInside,
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("a request of {0} bytes; socket.request.max.bytes is {1}")]
    Length(i32, usize),
}

/// Cuts a connection's bytes into frames.
pub(crate) struct FrameReader {
    stream: TcpStream,
    connection: Rc<Connection>,
    core: Rc<Core>,
    /// What was received and not yet handed out.
    received: Bytes,
    /// How large the last receive buffer was, and whether it was filled.
    buffer_bytes: usize,
    last_frame_bytes: usize,
    frame_bytes_max: usize,
}

impl FrameReader {
    pub(crate) fn new(core: Rc<Core>, stream: TcpStream, connection: Rc<Connection>) -> FrameReader {
        let frame_bytes_max = core.limits.request_bytes_max;
        FrameReader {
            stream,
            connection,
            core,
            received: Bytes::new(),
            buffer_bytes: SMALL_BUFFER_BYTES,
            last_frame_bytes: 0,
            frame_bytes_max,
        }
    }

    fn length(&self) -> Option<i32> {
        self.received.first_chunk::<LENGTH_BYTES>().map(|bytes| i32::from_be_bytes(*bytes))
    }

    /// The next frame. Dropping the future may lose bytes: the connection is then of no more use.
    pub(crate) async fn next(&mut self) -> Result<Frame, FrameError> {
        loop {
            if let Some(length) = self.length() {
                let began = ottla_io::recently();
                let bytes = self.checked(length)?;
                let whole = LENGTH_BYTES + bytes;
                let first = whole.min(FIRST_BODY_BYTES.max(self.received.len()));
                let mut permit = self.core.admit_request(whole, first).await;
                if self.received.len() < whole {
                    self.receive_body(whole, &mut permit).await?;
                }
                let _ = self.received.split_to(LENGTH_BYTES);
                self.last_frame_bytes = bytes;
                return Ok(Frame { bytes: self.received.split_to(bytes), permit, began });
            }
            self.receive_more().await?;
        }
    }

    fn checked(&self, length: i32) -> Result<usize, FrameError> {
        match usize::try_from(length) {
            Ok(bytes) if bytes <= self.frame_bytes_max => Ok(bytes),
            _ => Err(FrameError::Length(length, self.frame_bytes_max)),
        }
    }

    /// Receives what comes next, of which the length is not known.
    async fn receive_more(&mut self) -> Result<(), FrameError> {
        let expected = self.last_frame_bytes + LENGTH_BYTES;
        let expects = (EXPECTED_BYTES_MIN..=EXPECTED_BYTES_MAX).contains(&expected);
        let mut buffer;
        let limit;
        if expects && self.received.is_empty() && self.core.has_request_room() {
            buffer = Buffer::with_capacity(expected);
            limit = expected;
        } else {
            buffer = Buffer::with_capacity(self.buffer_bytes);
            limit = buffer.capacity();
        }
        buffer.extend_from_slice(&self.received);
        let held = buffer.len();
        let (result, mut buffer) = self.stream.recv_up_to(buffer, limit - held).await;
        let count = result?;
        self.connection.active();
        if count == 0 {
            return Err(if held == 0 { FrameError::Closed } else { FrameError::ClosedInside });
        }
        if buffer.len() == limit && !expects {
            self.buffer_bytes = (self.buffer_bytes * 2).min(BUFFER_BYTES_MAX);
        } else if count * 4 <= self.buffer_bytes {
            self.buffer_bytes = (self.buffer_bytes / 2).max(SMALL_BUFFER_BYTES);
        }
        // Small requests would each hold a whole large buffer while they wait for the disk.
        if buffer.len() * 4 <= buffer.capacity() && buffer.capacity() > SMALL_BUFFER_BYTES {
            let mut fitting = Buffer::with_capacity(buffer.len());
            fitting.extend_from_slice(&buffer);
            buffer = fitting;
        }
        self.received = buffer.freeze();
        Ok(())
    }

    /// Receives the rest of a frame of `whole` bytes, and no more than that. `permit` grows with the memory.
    async fn receive_body(&mut self, whole: usize, permit: &mut Permit) -> Result<(), FrameError> {
        let mut buffer = Buffer::with_capacity(whole.min(FIRST_BODY_BYTES.max(self.received.len())));
        buffer.extend_from_slice(&self.received);
        self.received = Bytes::new();
        self.connection.stalls_from_now();
        while buffer.len() < whole {
            if buffer.len() == buffer.capacity() {
                let capacity = whole.min(2 * buffer.len());
                let countable = self.core.budget.request_bytes_max(whole) - permit.units();
                let more = (capacity - buffer.len()).min(countable);
                if more > 0 {
                    permit.merge(self.core.admit_request(whole, more).await);
                }
                let mut larger = Buffer::with_capacity(capacity);
                larger.extend_from_slice(&buffer);
                buffer = larger;
            }
            let limit = whole.min(buffer.capacity()) - buffer.len();
            let (result, back) = self.stream.recv_up_to(buffer, limit).await;
            buffer = back;
            if result? == 0 {
                return Err(FrameError::ClosedInside);
            }
            self.connection.active();
            self.connection.stalls_from_now();
        }
        self.connection.moves_again();
        self.received = buffer.freeze();
        Ok(())
    }
}
