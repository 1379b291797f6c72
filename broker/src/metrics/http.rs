//! As much of HTTP/1.1 as a reader of metrics needs (RFC 9112): GET, no body, one request a connection. Pure.

use bytes::Bytes;

/// A request's line and headers take no more; scrapers send some 300 bytes.
pub(super) const HEAD_BYTES_MAX: usize = 8 << 10;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The path, without its query.
    Get(String),
    Refused(Status),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    BadRequest,
    NotFound,
    /// Something else than GET.
    MethodNotAllowed,
    TooLarge,
    /// A version of HTTP that this is not.
    Version,
}

impl Status {
    fn line(self) -> &'static str {
        match self {
            Status::Ok => "200 OK",
            Status::BadRequest => "400 Bad Request",
            Status::NotFound => "404 Not Found",
            Status::MethodNotAllowed => "405 Method Not Allowed\r\nallow: GET",
            Status::TooLarge => "431 Request Header Fields Too Large",
            Status::Version => "505 HTTP Version Not Supported",
        }
    }
}

/// What the bytes so far ask for; `None` until the head is whole. A first line that can be nothing good is refused at once.
pub(super) fn parse(bytes: &[u8]) -> Option<Asked> {
    let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") else {
        // Whoever speaks something else, such as TLS or Kafka's protocol, shows it early.
        let line = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        return (!is_text(line)).then_some(Asked::Refused(Status::BadRequest));
    };
    let (line, rest) = bytes.split_at(end);
    match first_line(line) {
        Ok(path) => {
            let is_whole = rest.windows(4).any(|four| four == b"\r\n\r\n");
            is_whole.then_some(Asked::Get(path))
        }
        Err(status) => Some(Asked::Refused(status)),
    }
}

fn is_text(line: &[u8]) -> bool {
    line.iter().all(|byte| (b' '..=b'~').contains(byte))
}

fn first_line(line: &[u8]) -> Result<String, Status> {
    if !is_text(line) {
        return Err(Status::BadRequest);
    }
    let line = std::str::from_utf8(line).map_err(|_| Status::BadRequest)?;
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Status::BadRequest);
    };
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if method.is_empty() || !method.bytes().all(is_token) || !target.starts_with('/') {
        return Err(Status::BadRequest);
    }
    match version {
        "HTTP/1.1" | "HTTP/1.0" => {}
        other if other.starts_with("HTTP/") => return Err(Status::Version),
        _ => return Err(Status::BadRequest),
    }
    if method != "GET" {
        return Err(Status::MethodNotAllowed);
    }
    let path = target.split(['?', '#']).next().unwrap_or(target);
    Ok(path.to_owned())
}

/// The whole answer; the connection ends after it.
pub(super) fn answer(status: Status, content_type: &str, body: Bytes) -> Vec<Bytes> {
    let head = format!(
        "HTTP/1.1 {}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         connection: close\r\n\r\n",
        status.line(),
        body.len()
    );
    vec![head.into(), body]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_asked_for() {
        let get = |path: &str| Some(Asked::Get(path.to_owned()));
        let refused = |status| Some(Asked::Refused(status));
        let cases: [(&[u8], Option<Asked>); 16] = [
            (b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n", get("/metrics")),
            (b"GET /metrics HTTP/1.0\r\n\r\n", get("/metrics")),
            (b"GET /stats?now=1 HTTP/1.1\r\nhost: x\r\n\r\nmore", get("/stats")),
            (b"", None),
            (b"GET /metr", None),
            (b"GET /metrics HTTP/1.1\r", None),
            (b"GET /metrics HTTP/1.1\r\nhost: x\r\n", None),
            (b"HEAD /metrics HTTP/1.1\r\n", refused(Status::MethodNotAllowed)),
            (b"POST /metrics HTTP/1.1\r\ncontent-length: 9\r\n\r\n", refused(Status::MethodNotAllowed)),
            (b"GET /metrics HTTP/2.0\r\n", refused(Status::Version)),
            (b"GET metrics HTTP/1.1\r\n", refused(Status::BadRequest)),
            (b"GET /metrics\r\n", refused(Status::BadRequest)),
            (b"GET  /metrics HTTP/1.1\r\n", refused(Status::BadRequest)),
            (b"\r\n", refused(Status::BadRequest)),
            (b"\x16\x03\x01\x02\x00", refused(Status::BadRequest)),
            (b"\x00\x00\x00\x20\x00\x12", refused(Status::BadRequest)),
        ];
        for (bytes, expected) in cases {
            assert_eq!(parse(bytes), expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    proptest! {
        /// No bytes end it, and more bytes never change what a whole head or a refusal said.
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0..200_usize) {
            let whole = parse(&bytes);
            if let Some(early) = parse(&bytes[..cut.min(bytes.len())]) {
                prop_assert_eq!(whole, Some(early));
            }
        }
    }
}
