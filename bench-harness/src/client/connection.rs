//! One connection to one broker. It lives on the executor that opened it.

use super::request::Request;
use super::{CLIENT_ID, within};
use crate::error::{Error, Result};
use futures_lite::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use glommio::GlommioError;
use glommio::net::TcpStream;
use ottla_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse, RequestHeader, ResponseHeader};
use ottla_protocol::{ApiKey, DecodeError, Decoder, Encoder, ErrorCode, Message};
use std::borrow::Cow;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::rc::Rc;
use std::time::Duration;

/// No answer is longer: a fetch asks for some tens of MiB, and one larger batch may come beside it.
pub const FRAME_BYTES_MAX: usize = 512 << 20;
/// A frame's buffer grows by steps of this size, with bytes that really came.
const FRAME_STEP_BYTES: usize = 4 << 20;

/// The versions of each API that a broker speaks.
#[derive(Clone, Debug)]
pub struct Versions(Rc<[(i16, i16, i16)]>);

impl Versions {
    /// The highest version of `R` that both sides speak.
    pub fn of<R: Request>(&self) -> Option<i16> {
        let (_, lowest, highest) = self.0.iter().find(|(key, ..)| *key == R::KEY as i16)?;
        let ours = R::KEY.valid_versions();
        let highest = (*highest).min(R::VERSION_MAX).min(*ours.end());
        (highest >= (*lowest).max(*ours.start())).then_some(highest)
    }
}

pub struct Sender {
    stream: WriteHalf<TcpStream>,
}

impl Sender {
    /// Returns when all of `frame` lies in the socket's buffer.
    pub async fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.stream.write_all(frame).await
    }

    /// Closes the connection for both halves: a read that waits ends.
    pub async fn close(&mut self) {
        // It is closed then, whatever this says.
        let _ = self.stream.close().await;
    }
}

pub struct Receiver {
    stream: ReadHalf<TcpStream>,
    /// Bytes that came with an earlier frame: `buffer[start..end]`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

/// Small answers come together: one read takes as many as there are.
const READ_BYTES: usize = 64 << 10;

impl Receiver {
    /// Reads one frame into `frame`, without its length.
    /// # Errors
    /// The connection ended, or a length that no answer has.
    pub async fn receive(&mut self, frame: &mut Vec<u8>) -> io::Result<()> {
        let mut length = [0; 4];
        self.fill(&mut length).await?;
        let length = usize::try_from(i32::from_be_bytes(length))
            .ok()
            .filter(|length| *length <= FRAME_BYTES_MAX)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a frame length that no answer has"))?;
        if frame.len() > length {
            frame.truncate(length);
        }
        let mut filled = 0;
        while filled < length {
            let until = length.min(filled + FRAME_STEP_BYTES);
            if frame.len() < until {
                frame.resize(until, 0);
            }
            if let Some(part) = frame.get_mut(filled..until) {
                self.fill(part).await?;
            }
            filled = until;
        }
        Ok(())
    }

    async fn fill(&mut self, out: &mut [u8]) -> io::Result<()> {
        let ready = self.buffer.get(self.start..self.end).unwrap_or_default();
        let taken = ready.len().min(out.len());
        let (head, rest) = out.split_at_mut(taken);
        head.copy_from_slice(ready.get(..taken).unwrap_or_default());
        self.start += taken;
        if rest.len() >= READ_BYTES {
            return self.stream.read_exact(rest).await;
        }
        let mut rest = rest;
        while !rest.is_empty() {
            let read = self.stream.read(&mut self.buffer).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let taken = read.min(rest.len());
            let (head, tail) = rest.split_at_mut(taken);
            head.copy_from_slice(self.buffer.get(..taken).unwrap_or_default());
            (self.start, self.end) = (taken, read);
            rest = tail;
        }
        Ok(())
    }
}

/// One request at a time; [`Connection::into_parts`] is for those who pipeline.
pub struct Connection {
    pub address: Rc<str>,
    pub versions: Versions,
    /// The finalized level of `metadata.version`, which says as which release of Kafka the broker behaves.
    pub metadata_version: Option<i16>,
    sender: Sender,
    receiver: Receiver,
    next_correlation: i32,
    timeout: Duration,
    frame: Vec<u8>,
}

impl Connection {
    /// Connects, trying each of the host's addresses, and asks which versions the broker speaks.
    pub async fn open(address: &str, timeout: Duration) -> Result<Connection> {
        let stream = connect(address, timeout).await?;
        let (read, write) = split(stream);
        let mut connection = Connection {
            address: address.into(),
            versions: Versions(Rc::new([(ApiKey::ApiVersions as i16, 0, ApiVersionsRequest::VERSION_MAX)])),
            metadata_version: None,
            sender: Sender { stream: write },
            receiver: Receiver { stream: read, buffer: vec![0; READ_BYTES], start: 0, end: 0 },
            next_correlation: 0,
            timeout,
            frame: Vec::new(),
        };
        connection.ask_versions().await?;
        Ok(connection)
    }

    async fn ask_versions(&mut self) -> Result<()> {
        let request = ApiVersionsRequest {
            client_software_name: CLIENT_ID.into(),
            client_software_version: env!("CARGO_PKG_VERSION").into(),
        };
        let mut version = ApiVersionsRequest::VERSION_MAX;
        self.exchange(&request, version).await?;
        // A broker that does not know the version answers version 0 with UNSUPPORTED_VERSION (KIP-511), behind a correlation id.
        let code = self.frame.get(4..).and_then(|body| body.first_chunk::<2>());
        if code.is_some_and(|code| i16::from_be_bytes(*code) == ErrorCode::UNSUPPORTED_VERSION.0) {
            version = 0;
            self.exchange(&ApiVersionsRequest::default(), version).await?;
        }
        let address = Rc::clone(&self.address);
        let body: ApiVersionsResponse<'_> = self.answer::<ApiVersionsRequest<'_>>(version)?;
        if body.error_code != 0 {
            return Err(Error::refused(format!("{address}: ApiVersions"), body.error_code, None));
        }
        let versions = body.api_keys.iter().map(|api| (api.api_key, api.min_version, api.max_version));
        let versions = Versions(versions.collect());
        let metadata = body.finalized_features.iter().find(|feature| feature.name == "metadata.version");
        let metadata = metadata.map(|feature| feature.max_version_level);
        (self.versions, self.metadata_version) = (versions, metadata);
        Ok(())
    }

    /// The highest version of `R` that both sides speak.
    /// # Errors
    /// `Unsupported`.
    pub fn version<R: Request>(&self) -> Result<i16> {
        self.versions
            .of::<R>()
            .ok_or_else(|| Error::Unsupported { address: self.address.to_string(), api: R::KEY })
    }

    /// Sends `request` and returns its answer, which lives until the next call.
    pub async fn call<R: Request>(&mut self, request: &R) -> Result<R::Response<'_>> {
        let version = self.version::<R>()?;
        self.exchange(request, version).await?;
        self.answer::<R>(version)
    }

    /// Sends `request` and leaves the answer's bytes in `frame`.
    async fn exchange<R: Request>(&mut self, request: &R, version: i16) -> Result<()> {
        let api = R::KEY.name();
        let address = || self.address.to_string();
        self.next_correlation = self.next_correlation.wrapping_add(1);
        let request = frame(request, version, self.next_correlation).map_err(|source| Error::Ask {
            address: address(),
            api,
            source,
        })?;
        let (sender, receiver, frame) = (&mut self.sender, &mut self.receiver, &mut self.frame);
        let exchange = async {
            sender.send(&request).await?;
            receiver.receive(frame).await
        };
        within(self.timeout, exchange)
            .await
            .ok_or_else(|| Error::Timeout { address: address(), api, seconds: self.timeout.as_secs() })?
            .map_err(|source| Error::Connection { address: address(), source })
    }

    fn answer<R: Request>(&self, version: i16) -> Result<R::Response<'_>> {
        let (_, response) = decode::<R>(&self.frame, version).map_err(|source| Error::Answer {
            address: self.address.to_string(),
            api: R::KEY.name(),
            source,
        })?;
        Ok(response)
    }

    pub fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    pub fn into_parts(self) -> (Sender, Receiver, Versions) {
        (self.sender, self.receiver, self.versions)
    }
}

async fn connect(address: &str, timeout: Duration) -> Result<TcpStream> {
    let unreachable = |source| Error::Unreachable { address: address.to_owned(), source };
    let (host, port) = address
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)))
        .filter(|(host, _)| !host.is_empty())
        .ok_or_else(|| Error::Address(address.to_owned()))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    // A name is looked up on the worker's thread: before the load, or once on a reconnection.
    let addresses: Vec<SocketAddr> = (host, port).to_socket_addrs().map_err(unreachable)?.collect();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for socket in addresses {
        match within(timeout, TcpStream::connect(socket)).await {
            Some(Ok(stream)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    return Err(unreachable(of_glommio(error)));
                }
                return Ok(stream);
            }
            Some(Err(error)) => last = of_glommio(error),
            None => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(unreachable(last))
}

fn of_glommio(error: GlommioError<()>) -> io::Error {
    match error {
        GlommioError::IoError(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

/// A whole request with its length and header.
/// # Errors
/// A field is set that `version` does not have.
pub fn frame<R: Request>(
    request: &R,
    version: i16,
    correlation_id: i32,
) -> Result<Vec<u8>, ottla_protocol::EncodeError> {
    let mut encoder = Encoder::new();
    encoder.int32(0);
    let header = RequestHeader {
        request_api_key: R::KEY as i16,
        request_api_version: version,
        correlation_id,
        client_id: Some(Cow::Borrowed(CLIENT_ID)),
    };
    header.encode(&mut encoder, R::KEY.request_header_version(version))?;
    request.encode(&mut encoder, version)?;
    let mut bytes = encoder.into_vec();
    let length = bytes.len().saturating_sub(4) as u32;
    if let Some(prefix) = bytes.first_chunk_mut::<4>() {
        *prefix = length.to_be_bytes();
    }
    Ok(bytes)
}

/// The correlation id and the answer in a frame.
/// # Errors
/// The bytes are no such answer.
pub fn decode<R: Request>(frame: &[u8], version: i16) -> Result<(i32, R::Response<'_>), DecodeError> {
    let mut decoder = Decoder::new(frame);
    let header = ResponseHeader::decode(&mut decoder, R::KEY.response_header_version(version))?;
    Ok((header.correlation_id, R::Response::decode(&mut decoder, version)?))
}
