//! Asks a broker for its report: one GET of /stats a look.

use crate::cli::{Exit, Failure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// Where exporters of OpenTelemetry's metrics for Prometheus listen, so that nothing of Kafka's is in the way.
pub const DEFAULT: &str = "127.0.0.1:9464";

/// A report of a thousand cores takes less.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

pub type Counts = BTreeMap<String, u64>;

/// What `/stats` says; what another version of Ottla does not tell is 0.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Report {
    pub version: String,
    pub node_id: i32,
    pub cluster_id: String,
    pub process: Counts,
    pub gauges: Counts,
    pub cores: Vec<Core>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Core {
    pub shard: u16,
    pub at_ns: u64,
    pub io: Counts,
    pub log: Counts,
    pub net: Counts,
    pub gauges: Counts,
    pub requests: Counts,
    pub errors: Vec<ErrorCount>,
    pub stages: Vec<Times>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ErrorCount {
    pub api: String,
    pub error: String,
    pub count: u64,
}

/// A bucket's largest value in nanoseconds, and how many are in it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Times {
    pub kind: String,
    pub stage: String,
    pub sum_ns: u64,
    pub buckets: Vec<(u64, u64)>,
}

pub struct Source {
    place: String,
    patience: Duration,
}

impl Source {
    /// An answer may take as long as a look, and a while.
    pub fn new(place: &str, interval: Duration) -> Source {
        Source { place: place.to_owned(), patience: interval.max(Duration::from_secs(5)) }
    }

    pub fn look(&self) -> Result<Report, Failure> {
        let answer = self.ask().map_err(|error| {
            let text = format!("no metrics at {}: {error}", self.place);
            Failure::new(Exit::Unreachable, text).with_advice(
                "A broker serves them when it is started with --metrics HOST:PORT, or with ottla.metrics.listener in its\n\
                 server.properties. Name the same place with --broker-metrics.",
            )
        })?;
        report_in(&answer).ok_or_else(|| {
            let what = String::from_utf8_lossy(&answer);
            let line = what.lines().next().unwrap_or_default();
            Failure::failed(format!(
                "what answers at {} is not a broker's metrics: {:?}",
                self.place,
                line.chars().take(80).collect::<String>()
            ))
        })
    }

    fn ask(&self) -> io::Result<Vec<u8>> {
        let mut failed = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in self.place.to_socket_addrs()? {
            let mut stream = match TcpStream::connect_timeout(&address, self.patience) {
                Ok(stream) => stream,
                Err(error) => {
                    failed = error;
                    continue;
                }
            };
            stream.set_read_timeout(Some(self.patience))?;
            stream.set_write_timeout(Some(self.patience))?;
            write!(stream, "GET /stats HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.place)?;
            let mut answer = Vec::new();
            match stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer) {
                // What it does not understand a server may reset, before or after it says so.
                Err(error) if answer.is_empty() && error.kind() != io::ErrorKind::ConnectionReset => {
                    return Err(error);
                }
                _ => return Ok(answer),
            }
        }
        Err(failed)
    }
}

/// The report in an answer of HTTP, if that is what it is.
fn report_in(answer: &[u8]) -> Option<Report> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, body) = (answer.get(..end)?, answer.get(end + 4..)?);
    let line = head.split(|byte| *byte == b'\r').next()?;
    if !line.starts_with(b"HTTP/1.") || line.get(8..13)? != b" 200 " {
        return None;
    }
    let report: Report = serde_json::from_slice(body).ok()?;
    (!report.cores.is_empty()).then_some(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_report_is_taken_for_one() {
        let body =
            r#"{"node_id":3,"cores":[{"shard":0,"stages":[{"kind":"fetch","buckets":[[7,1]]}]}],"more":1}"#;
        let answer = |line: &str, body: &str| format!("{line}\r\nx: y\r\n\r\n{body}").into_bytes();
        let report = report_in(&answer("HTTP/1.1 200 OK", body)).unwrap();
        assert_eq!((report.node_id, report.cores[0].stages[0].buckets[0]), (3, (7, 1)));
        for wrong in [
            answer("HTTP/1.1 404 Not Found", body),
            answer("HTTP/1.1 200 OK", "<html>"),
            answer("HTTP/1.1 200 OK", "{}"),
            answer("200", body),
            b"\x15\x03\x01".to_vec(),
            Vec::new(),
        ] {
            assert!(report_in(&wrong).is_none(), "{:?}", String::from_utf8_lossy(&wrong));
        }
    }
}
