//! System calls of the real process for each request, counted from outside by strace.
//!
//! One shard, one connection, one request at a time, so that everything happens one after the other. A run of so many
//! requests and one of twice as many differ by the requests: what the start and the end take falls out. What is left
//! of chance is in the kernel's answers: whether a receive finds its bytes at once.
//!
//! Callgrind, which counts instructions and system calls together, does not do here: its threads take turns, and none
//! gets its turn while another one waits in io_uring_enter.

use super::figure::{Figure, Kind, PROCESS};
use super::process::{Connection, Process};
use crate::traffic::{
    Fetcher, Producer, Records, check_produced, create_topic, created_topic, init_producer_id,
};
use ottla_protocol::{Compression, Uuid};
use std::io::{self, Error};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const REQUESTS: u64 = 800;
const RECORDS: Records = Records { count: 1, value_bytes: 100, compression: Compression::None };
/// After the broker's end strace writes its table.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug)]
enum Work {
    Produce,
    Fetch,
}

/// For a produce and for a fetch of one record each.
/// # Errors
/// There is no strace, or it may not trace here.
pub fn measure(binary: &Path, envs: &[(&str, &str)]) -> io::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (name, work) in [("produce", Work::Produce), ("fetch", Work::Fetch)] {
        let once = run(binary, envs, work, REQUESTS)?;
        let twice = run(binary, envs, work, 2 * REQUESTS)?;
        let value = (twice as f64 - once as f64) / REQUESTS as f64;
        figures.push(Figure::new(format!("{PROCESS}-{name}"), Kind::SystemCalls, value));
    }
    Ok(figures)
}

/// System calls of a whole life with so many requests.
fn run(binary: &Path, envs: &[(&str, &str)], work: Work, requests: u64) -> io::Result<u64> {
    let dir = tempfile::tempdir()?;
    let out = dir.path().join("calls");
    // -D: the broker is our child and strace is not, so that a signal gets to the broker.
    let words = ["strace", "-D", "-f", "-q", "-c", "-o"].map(PathBuf::from);
    let mut command: Vec<&Path> = words.iter().map(PathBuf::as_path).collect();
    command.extend([out.as_path(), binary]);
    let process = Process::start(&command, 1, envs)?;
    let mut connection = process.connect()?;
    let topic = created_topic(&connection.call(&create_topic(1, &[]))?);
    match work {
        Work::Produce => produce(&mut connection, topic, requests)?,
        Work::Fetch => {
            // As many records for both, so that the difference is fetches alone.
            produce(&mut connection, topic, 2 * REQUESTS)?;
            let mut fetcher = Fetcher::new(topic, 1, true, 500);
            for _ in 0..requests {
                let request = fetcher.request();
                fetcher.check(&connection.call(&request)?);
            }
        }
    }
    drop(connection);
    process.stop()?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let text = std::fs::read_to_string(&out).unwrap_or_default();
        if let Some(total) = total(&text) {
            return Ok(total);
        }
        if Instant::now() > deadline {
            return Err(Error::other(format!("strace counted nothing: {text:?}")));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn produce(connection: &mut Connection, topic: Uuid, requests: u64) -> io::Result<()> {
    const THEN_MS: i64 = 1_700_000_000_000;
    let mut producer = Producer::new(&connection.call(&init_producer_id())?, topic, RECORDS, 1);
    for _ in 0..requests {
        check_produced(&connection.call(&producer.next(THEN_MS))?);
    }
    Ok(())
}

/// All calls of strace's table, whose last line sums them up: share, seconds, microseconds a call, calls, errors.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().rev().find(|line| line.trim_end().ends_with(" total"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The total is the table's last line, with errors or without; before it is there, there is none.
    #[test]
    fn the_total_is_found() {
        let head = "% time     seconds  usecs/call     calls    errors syscall\n\
                    ------ ----------- ----------- --------- --------- ------------------\n  \
                    0.00    0.000000           0        16           read\n";
        assert_eq!(total(head), None);
        assert_eq!(
            total(&format!("{head}100.00    0.000000           0       305         4 total\n")),
            Some(305)
        );
        assert_eq!(
            total(&format!("{head}100.00    0.000000           0       305           total\n")),
            Some(305)
        );
    }
}
