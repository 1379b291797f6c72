//! Instructions and system calls of the real process for each request, counted by callgrind from outside.
//!
//! One shard, one connection, one request at a time, so that everything happens one after the other. A run of so many
//! requests and one of twice as many differ by the requests: what the start and the end take falls out. What is left
//! of chance is in the kernel's answers: whether a receive finds its bytes at once.

use super::figure::{Figure, Kind, PROCESS};
use super::process::{Connection, Process};
use crate::traffic::{
    Fetcher, Producer, Records, check_produced, create_topic, created_topic, init_producer_id,
};
use ottla_protocol::{Compression, Uuid};
use std::io::{self, Error};
use std::path::{Path, PathBuf};

const REQUESTS: u64 = 1500;
const RECORDS: Records = Records { count: 1, value_bytes: 100, compression: Compression::None };

/// What callgrind counted of a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Totals {
    instructions: u64,
    system_calls: u64,
}

#[derive(Clone, Copy, Debug)]
enum Work {
    Produce,
    Fetch,
}

/// For a produce and for a fetch of one record each.
/// # Errors
/// There is no valgrind, or the broker does not run under it.
pub fn measure(binary: &Path, envs: &[(&str, &str)]) -> io::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (name, work) in [("produce", Work::Produce), ("fetch", Work::Fetch)] {
        let once = run(binary, envs, work, REQUESTS)?;
        let twice = run(binary, envs, work, 2 * REQUESTS)?;
        let subject = format!("{PROCESS}-{name}");
        for (kind, once, twice) in [
            (Kind::Instructions, once.instructions, twice.instructions),
            (Kind::SystemCalls, once.system_calls, twice.system_calls),
        ] {
            let value = (twice as f64 - once as f64) / REQUESTS as f64;
            figures.push(Figure::new(subject.clone(), kind, value));
        }
    }
    Ok(figures)
}

fn run(binary: &Path, envs: &[(&str, &str)], work: Work, requests: u64) -> io::Result<Totals> {
    let dir = tempfile::tempdir()?;
    let out = dir.path().join("callgrind.out");
    let option = |text: String| PathBuf::from(text);
    let command = [
        PathBuf::from("valgrind"),
        option("--quiet".to_owned()),
        option("--tool=callgrind".to_owned()),
        option("--collect-systime=nsec".to_owned()),
        option(format!("--callgrind-out-file={}", out.display())),
        binary.to_owned(),
    ];
    let command: Vec<&Path> = command.iter().map(PathBuf::as_path).collect();
    let process = Process::start(&command, 1, envs)?;
    let mut connection = process.connect()?;
    let topic = created_topic(&connection.call(&create_topic(1, &[]))?);
    match work {
        Work::Produce => produce(&mut connection, topic, requests)?,
        Work::Fetch => {
            // As many records for both, so that the difference is fetches alone.
            produce(&mut connection, topic, 2 * REQUESTS)?;
            let mut fetcher = Fetcher::new(topic, 0, true, 500);
            for _ in 0..requests {
                fetcher.check(&connection.call(&fetcher.next())?);
            }
        }
    }
    drop(connection);
    process.stop()?;
    totals(&std::fs::read_to_string(&out)?)
        .ok_or_else(|| Error::other("callgrind wrote no totals of instructions and system calls"))
}

fn produce(connection: &mut Connection, topic: Uuid, requests: u64) -> io::Result<()> {
    const THEN_MS: i64 = 1_700_000_000_000;
    let mut producer = Producer::new(&connection.call(&init_producer_id())?, topic, RECORDS, 1);
    for _ in 0..requests {
        check_produced(&connection.call(&producer.next(THEN_MS))?);
    }
    Ok(())
}

/// Those of a callgrind file: `events:` names the columns of `totals:` (callgrind's file format).
fn totals(text: &str) -> Option<Totals> {
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let events: Vec<&str> = line("events:")?.split_whitespace().collect();
    let totals: Vec<&str> = line("totals:").or_else(|| line("summary:"))?.split_whitespace().collect();
    let of = |event: &str| {
        let at = events.iter().position(|name| *name == event)?;
        totals.get(at)?.parse().ok()
    };
    Some(Totals { instructions: of("Ir")?, system_calls: of("sysCount")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The columns are found by their names, and a file without them has no totals.
    #[test]
    fn totals_are_found_by_their_columns() {
        let text = "version: 1\nevents: Ir sysCount sysTime\nfn=main\n1 2 3 4\ntotals: 123456 78 9000\n";
        assert_eq!(totals(text), Some(Totals { instructions: 123_456, system_calls: 78 }));
        assert_eq!(totals("events: Ir\ntotals: 5\n"), None);
    }
}
