//! One blocking connection to one broker: frames, correlation and the versions that both sides speak.

use super::error::Error;
use super::request::Request;
use ottla_protocol::messages::api_versions_request::ApiVersionsRequest;
use ottla_protocol::messages::request_header::RequestHeader;
use ottla_protocol::messages::response_header::ResponseHeader;
use ottla_protocol::{ApiKey, Decoder, Encoder, ErrorCode, Message};
use std::io::{self, IoSlice, Read, Write};
use std::marker::PhantomData;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// No answer is longer: a fetch asks for at most half of this, and one larger batch fits beside it.
const FRAME_BYTES_MAX: i32 = 256 * 1024 * 1024;
const CLIENT_ID: &str = "ottla-cli";

pub struct Connection {
    pub address: String,
    stream: TcpStream,
    /// API key, lowest and highest version of the broker.
    versions: Vec<(i16, i16, i16)>,
    next_correlation: i32,
    /// How long an answer may take, without the waiting that the request itself asks for.
    timeout: Duration,
}

/// A request that is on its way.
#[must_use]
pub struct Pending<R> {
    correlation: i32,
    version: i16,
    request: PhantomData<R>,
}

/// The bytes of an answer; [`Answer::get`] decodes them in place.
pub struct Answer<R> {
    pub version: i16,
    address: String,
    frame: Vec<u8>,
    body_at: usize,
    request: PhantomData<R>,
}

impl<R: Request> Answer<R> {
    /// # Errors
    /// The bytes are no such answer.
    pub fn get(&self) -> Result<R::Response<'_>, Error> {
        let mut decoder = Decoder::trusting(self.frame.get(self.body_at..).unwrap_or_default());
        <R::Response<'_> as Message<'_>>::decode(&mut decoder, self.version).map_err(|source| Error::Answer {
            address: self.address.clone(),
            api: R::KEY,
            source,
        })
    }
}

impl Connection {
    /// Connects, trying each of the host's addresses, and asks which versions the broker speaks.
    pub fn open(address: &str, timeout: Duration) -> Result<Connection, Error> {
        let address = with_port(address)?;
        let unreachable = |source| Error::Unreachable { address: address.clone(), source };
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for socket in address.to_socket_addrs().map_err(unreachable)? {
            match TcpStream::connect_timeout(&socket, timeout.max(Duration::from_millis(1))) {
                Ok(stream) => return Connection::greet(stream, address, timeout),
                Err(error) => last = error,
            }
        }
        Err(unreachable(last))
    }

    fn greet(stream: TcpStream, address: String, timeout: Duration) -> Result<Connection, Error> {
        let options = stream.set_nodelay(true).and_then(|()| stream.set_write_timeout(Some(timeout)));
        options.map_err(|source| Error::Connection { address: address.clone(), source })?;
        // Until the answer, all that is known is that the broker has ApiVersions.
        let highest = *ApiKey::ApiVersions.valid_versions().end();
        let own = (ApiKey::ApiVersions as i16, 0, highest);
        let mut connection =
            Connection { address, stream, versions: vec![own], next_correlation: 0, timeout };
        let request = ApiVersionsRequest {
            client_software_name: "ottla".into(),
            client_software_version: env!("CARGO_PKG_VERSION").into(),
        };
        let mut answer = connection.call(&request)?;
        if answer.first_code() == ErrorCode::UNSUPPORTED_VERSION {
            // An older broker answers a version that it does not know as version 0 (KIP-511).
            connection.versions = vec![(ApiKey::ApiVersions as i16, 0, 0)];
            answer = connection.call(&ApiVersionsRequest::default())?;
        }
        let body = answer.get().map_err(|error| Error::NotKafka {
            address: connection.address.clone(),
            reason: error.to_string(),
        })?;
        if body.error_code != 0 {
            return Err(Error::refused(
                format!("{}: ApiVersions", connection.address),
                body.error_code,
                None,
            ));
        }
        let versions = body.api_keys.iter().map(|api| (api.api_key, api.min_version, api.max_version));
        connection.versions = versions.collect();
        Ok(connection)
    }

    /// The highest version that both sides speak.
    pub fn version(&self, api: ApiKey) -> Result<i16, Error> {
        let ours = api.valid_versions();
        self.versions
            .iter()
            .find(|(key, ..)| *key == api as i16)
            .map(|(_, lowest, highest)| ((*lowest).max(*ours.start()), (*highest).min(*ours.end())))
            .filter(|(lowest, highest)| lowest <= highest)
            .map(|(_, highest)| highest)
            .ok_or_else(|| Error::Unsupported { address: self.address.clone(), api })
    }

    pub fn call<R: Request>(&mut self, request: &R) -> Result<Answer<R>, Error> {
        let pending = self.send(request)?;
        self.receive(pending, Duration::ZERO)
    }

    /// Writes a request; answers come in the order of the requests.
    pub fn send<R: Request>(&mut self, request: &R) -> Result<Pending<R>, Error> {
        let version = self.version(R::KEY)?.min(R::VERSION_MAX);
        let correlation = self.next_correlation;
        self.next_correlation = self.next_correlation.wrapping_add(1);
        let header = RequestHeader {
            request_api_key: R::KEY as i16,
            request_api_version: version,
            correlation_id: correlation,
            client_id: Some(CLIENT_ID.into()),
        };
        let ask = |source| Error::Ask { api: R::KEY, source };
        let mut encoder = Encoder::new();
        header.encode(&mut encoder, R::KEY.request_header_version(version)).map_err(ask)?;
        request.encode(&mut encoder, version).map_err(ask)?;
        let length = i32::try_from(encoder.len())
            .map_err(|_| Error::Ask { api: R::KEY, source: ottla_protocol::EncodeError::TooLong })?;
        let length = length.to_be_bytes();
        let parts = encoder.into_parts();
        let mut slices = vec![IoSlice::new(&length)];
        slices.extend(parts.iter().map(|part| IoSlice::new(part)));
        write_all(&mut self.stream, &mut slices).map_err(|source| self.failed(R::KEY, source))?;
        Ok(Pending { correlation, version, request: PhantomData })
    }

    /// Reads the answer. `wait` is how long the broker was asked to hold it back.
    pub fn receive<R: Request>(&mut self, pending: Pending<R>, wait: Duration) -> Result<Answer<R>, Error> {
        let deadline = Instant::now() + self.timeout + wait;
        let mut length = [0u8; 4];
        self.read_exact(&mut length, deadline).map_err(|source| self.failed(R::KEY, source))?;
        let length = i32::from_be_bytes(length);
        if !(4..=FRAME_BYTES_MAX).contains(&length) {
            let reason = match length.to_be_bytes() {
                [0x15, 3, ..] | [0x16, 3, ..] => "it speaks TLS, which this command does not".to_owned(),
                [b'H', b'T', b'T', b'P'] => "it speaks HTTP".to_owned(),
                _ => format!("a frame of {length} bytes"),
            };
            return Err(Error::NotKafka { address: self.address.clone(), reason });
        }
        let frame =
            self.read_frame(length as usize, deadline).map_err(|source| self.failed(R::KEY, source))?;
        let mut decoder = Decoder::new(&frame);
        let header = ResponseHeader::decode(&mut decoder, R::KEY.response_header_version(pending.version));
        let header =
            header.map_err(|source| Error::Answer { address: self.address.clone(), api: R::KEY, source })?;
        if header.correlation_id != pending.correlation {
            let reason = format!("answer {} to request {}", header.correlation_id, pending.correlation);
            return Err(Error::NotKafka { address: self.address.clone(), reason });
        }
        let body_at = frame.len() - decoder.remaining().len();
        Ok(Answer {
            version: pending.version,
            address: self.address.clone(),
            frame,
            body_at,
            request: PhantomData,
        })
    }

    /// Grows with the bytes that come, not with the length that was claimed.
    fn read_frame(&mut self, length: usize, deadline: Instant) -> io::Result<Vec<u8>> {
        let mut frame = Vec::with_capacity(length.min(1024 * 1024));
        while frame.len() < length {
            self.stream.set_read_timeout(Some(time_left(deadline)?))?;
            let read = (&mut self.stream).take((length - frame.len()).min(1024 * 1024) as u64);
            let before = frame.len();
            // Reads until a mebibyte is there; a timeout in between is an error, which ends the connection.
            let mut read = read;
            read.read_to_end(&mut frame)?;
            if frame.len() == before {
                return Err(closed());
            }
        }
        Ok(frame)
    }

    fn read_exact(&mut self, bytes: &mut [u8], deadline: Instant) -> io::Result<()> {
        self.stream.set_read_timeout(Some(time_left(deadline)?))?;
        match self.stream.read_exact(bytes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(closed()),
            other => other,
        }
    }

    fn failed(&self, api: ApiKey, source: io::Error) -> Error {
        let address = self.address.clone();
        match source.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                Error::Timeout { address, api: api.name(), seconds: self.timeout.as_secs() }
            }
            _ => Error::Connection { address, source },
        }
    }
}

impl<R> Answer<R> {
    /// The first two bytes of the body: in an answer to ApiVersions, whatever its version, the error code.
    fn first_code(&self) -> ErrorCode {
        let mut decoder = Decoder::trusting(self.frame.get(self.body_at..).unwrap_or_default());
        ErrorCode(decoder.int16().unwrap_or_default())
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "the broker closed it")
}

fn time_left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

fn write_all(stream: &mut TcpStream, mut slices: &mut [IoSlice<'_>]) -> io::Result<()> {
    while !slices.is_empty() {
        match stream.write_vectored(slices) {
            Ok(0) => return Err(closed()),
            Ok(written) => IoSlice::advance_slices(&mut slices, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// `HOST` means `HOST:9092`; an IPv6 address needs its brackets.
fn with_port(address: &str) -> Result<String, Error> {
    let address = address.trim();
    let wrong = || Error::Address { address: address.to_owned() };
    let (host, port) = match address.rsplit_once(':') {
        Some((host, _)) if host.contains(':') && !host.starts_with('[') => return Err(wrong()),
        Some((_, port)) if port.ends_with(']') => (address, "9092"),
        Some((host, port)) => (host, port),
        None => (address, "9092"),
    };
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err(wrong());
    }
    Ok(format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn an_address_may_leave_out_the_port() {
        assert_eq!(with_port("localhost").unwrap(), "localhost:9092");
        assert_eq!(with_port(" 10.0.0.1:19092").unwrap(), "10.0.0.1:19092");
        assert_eq!(with_port("[::1]").unwrap(), "[::1]:9092");
        assert_eq!(with_port("[::1]:31").unwrap(), "[::1]:31");
        for wrong in ["", ":9092", "a:b", "a:70000", "::1", "::1:9092"] {
            assert!(with_port(wrong).is_err(), "{wrong}");
        }
    }

    /// Whatever the other side says, the command ends with a sentence about it.
    #[test]
    fn answers_that_are_none_are_errors() {
        for (reply, expected) in [
            (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "HTTP"),
            (&[0x15, 3, 1, 0, 2, 2, 70][..], "TLS"),
            (&[0x7f, 0xff, 0xff, 0xff, 0, 0][..], "2147483647 bytes"),
            (&[0, 0, 0, 4, 0, 0, 0, 9][..], "answer 9"),
            (&[0, 0, 0, 4, 0, 0, 0, 0][..], "ends early"),
            (&[0, 0, 0, 200, 0, 0, 0, 0][..], "closed"),
            (&[][..], "closed"),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let peer = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0u8; 16];
                stream.read_exact(&mut request).unwrap();
                stream.write_all(reply).unwrap();
                stream.shutdown(std::net::Shutdown::Write).unwrap();
                let _ = stream.read_to_end(&mut Vec::new());
            });
            let error = Connection::open(&address, Duration::from_secs(5)).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
            drop(peer);
        }
    }

    #[test]
    fn a_silent_peer_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let error = Connection::open(&address, Duration::from_millis(50)).err().unwrap();
        assert!(matches!(error, Error::Timeout { .. }), "{error}");
    }
}
