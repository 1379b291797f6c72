//! Several processes, on one machine or many, that make one load: one leads, the others join it.
//!
//! They speak lines of JSON over TCP:
//!
//! ```text
//!   joins                          leads
//!   Hello: its role    ─────────▶
//!                      ◀─────────  Work: workload, topics, which producers and consumers
//!   Ready              ─────────▶  … from everyone
//!                      ◀─────────  Start: when, in nanoseconds since 1970
//!   Done: its outcome  ─────────▶  merged with the others'
//! ```
//!
//! Processes of one machine share one clock. Between machines the start is a time and a latency the difference of two clocks: they need
//! clocks that agree (NTP or PTP), which the report repeats.

use crate::clock::{Clock, Nanos, SECOND};
use crate::error::{Error, Result};
use crate::load::plan::{Part, Share, Times};
use crate::load::{self, Observer, Options};
use crate::outcome::{Counts, Outcome, Second};
use crate::workload::{Workload, file};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

/// From the word to the start: every process has heard it by then.
const START_AFTER_NS: Nanos = SECOND / 2;
/// An outcome of hours is some tens of MB.
const LINE_BYTES_MAX: u64 = 1 << 30;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    Both,
    Produce,
    Consume,
}

#[derive(Serialize, Deserialize)]
struct Hello {
    role: Role,
    version: String,
    host: String,
}

#[derive(Serialize, Deserialize)]
struct Work {
    workload: String,
    topics: Vec<String>,
    run_id: String,
    share: Share,
    bootstrap: Vec<String>,
    /// The lead's machine and clock, for processes of the same machine.
    host: String,
    clock_offset_ns: Nanos,
}

#[derive(Serialize, Deserialize)]
struct Ready {
    ready: bool,
}

#[derive(Serialize, Deserialize)]
struct Start {
    start_ns: Nanos,
}

struct Peer {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    hello: Hello,
}

fn lost(source: std::io::Error) -> Error {
    Error::Io { what: "talk to another process of this load".to_owned(), source }
}

fn say(writer: &mut TcpStream, what: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(what).map_err(|error| lost(error.into()))?;
    line.push(b'\n');
    writer.write_all(&line).map_err(lost)
}

fn hear<T: DeserializeOwned>(reader: &mut BufReader<TcpStream>) -> Result<T> {
    let mut line = String::new();
    let mut limited = std::io::Read::take(reader, LINE_BYTES_MAX);
    let read = limited.read_line(&mut line).map_err(lost)?;
    if read == 0 {
        return Err(lost(std::io::ErrorKind::UnexpectedEof.into()));
    }
    serde_json::from_str(&line).map_err(|error| lost(error.into()))
}

/// Which producers and consumers each of the processes has, by their roles.
fn shares(roles: &[Role]) -> Result<Vec<Share>> {
    let count = |without: Role| roles.iter().filter(|role| **role != without).count();
    let (producing, consuming) = (count(Role::Consume), count(Role::Produce));
    if producing == 0 {
        return Err(Error::input("the processes of this load", "none of them produces; change a --role"));
    }
    let (mut produces, mut consumes) = (0, 0);
    let mut next = |role: &Role| {
        let part = |without: Role, index: &mut usize, count: usize| {
            (*role != without).then(|| {
                *index += 1;
                Part { index: *index - 1, count }
            })
        };
        Share {
            produces: part(Role::Consume, &mut produces, producing),
            consumes: part(Role::Produce, &mut consumes, consuming),
        }
    };
    Ok(roles.iter().map(&mut next).collect())
}

/// Waits at `address` until `processes - 1` others joined, makes the load with them, and returns all outcomes, its own first.
/// # Errors
/// A process that went away, or whatever keeps the run from beginning here.
pub fn lead(
    workload: &Workload,
    options: &Options,
    address: &str,
    processes: usize,
    role: Role,
    observer: &mut dyn Observer,
) -> Result<Vec<Outcome>> {
    let listener = TcpListener::bind(address).map_err(Error::io(format!("listen on {address}")))?;
    observer.say(&format!(
        "waiting for {} more: ottla-bench run --join {}",
        processes.saturating_sub(1),
        listener.local_addr().map_or_else(|_| address.to_owned(), |local| local.to_string())
    ));
    let mut peers = Vec::new();
    while peers.len() + 1 < processes {
        let (writer, from) = listener.accept().map_err(lost)?;
        writer.set_nodelay(true).map_err(lost)?;
        let mut reader = BufReader::new(writer.try_clone().map_err(lost)?);
        let hello: Hello = hear(&mut reader)?;
        if hello.version != env!("CARGO_PKG_VERSION") {
            observer.say(&format!(
                "{from} is version {}, this is {}",
                hello.version,
                env!("CARGO_PKG_VERSION")
            ));
        }
        peers.push(Peer { reader, writer, hello });
    }
    let roles: Vec<Role> = std::iter::once(role).chain(peers.iter().map(|peer| peer.hello.role)).collect();
    let shares = shares(&roles)?;
    let clock = options.clock.unwrap_or_else(Clock::start);
    let share = shares.first().copied().unwrap_or_default();
    let options = Options { share, clock: Some(clock), ..options.clone() };
    let bootstrap = &options.bootstrap;
    let mut leading = Leading { workload, bootstrap, clock, peers: &mut peers, shares: &shares, observer };
    let mut outcomes = vec![load::run(workload, &options, &mut leading)?];
    for peer in &mut peers {
        outcomes.push(hear(&mut peer.reader)?);
    }
    let own_host = host();
    if peers.iter().any(|peer| peer.hello.host != own_host)
        && let Some(first) = outcomes.first_mut()
    {
        first.notes.push(
            "Processes of several machines: latencies between them are off by as much as their clocks are."
                .to_owned(),
        );
    }
    Ok(outcomes)
}

struct Leading<'a> {
    workload: &'a Workload,
    bootstrap: &'a [String],
    clock: Clock,
    peers: &'a mut Vec<Peer>,
    shares: &'a [Share],
    observer: &'a mut dyn Observer,
}

impl Observer for Leading<'_> {
    fn prepared(&mut self, topics: &[String], run_id: &str) -> Result<()> {
        for (peer, share) in self.peers.iter_mut().zip(self.shares.iter().skip(1)) {
            let work = Work {
                workload: file::to_text(self.workload),
                topics: topics.to_vec(),
                run_id: run_id.to_owned(),
                share: *share,
                bootstrap: self.bootstrap.to_vec(),
                host: host(),
                clock_offset_ns: self.clock.offset_ns,
            };
            say(&mut peer.writer, &work)?;
        }
        Ok(())
    }

    fn ready(&mut self, proposed: Nanos) -> Result<Nanos> {
        for peer in self.peers.iter_mut() {
            let _: Ready = hear(&mut peer.reader)?;
        }
        // `proposed` was before the wait for the others.
        let start_ns = proposed.max(self.clock.now()) + START_AFTER_NS;
        for peer in self.peers.iter_mut() {
            say(&mut peer.writer, &Start { start_ns })?;
        }
        Ok(start_ns)
    }

    fn began(&mut self, times: &Times, topics: &[String]) {
        self.observer.began(times, topics);
    }

    fn second(&mut self, second: &Second, totals: &Counts) {
        self.observer.second(second, totals);
    }

    fn say(&mut self, message: &str) {
        self.observer.say(message);
    }
}

/// Joins the load that is led at `address`; returns this process's own outcome, which the lead has too.
/// # Errors
/// The lead is not there or went away, or whatever keeps the run from beginning here.
pub fn join(options: &Options, address: &str, role: Role, observer: &mut dyn Observer) -> Result<Outcome> {
    let mut writer = TcpStream::connect(address)
        .map_err(|source| Error::Unreachable { address: address.to_owned(), source })?;
    writer.set_nodelay(true).map_err(lost)?;
    let mut reader = BufReader::new(writer.try_clone().map_err(lost)?);
    say(&mut writer, &Hello { role, version: env!("CARGO_PKG_VERSION").to_owned(), host: host() })?;
    observer.say("joined; waiting for the others");
    let work: Work = hear(&mut reader)?;
    let workload = file::parse("the lead's workload", &work.workload)?;
    workload.check()?;
    let options = Options {
        bootstrap: work.bootstrap,
        share: work.share,
        joined: Some((work.topics, work.run_id)),
        clock: (work.host == host()).then_some(Clock { offset_ns: work.clock_offset_ns }),
        ..options.clone()
    };
    let mut joining = Joining { reader, writer, observer };
    let outcome = load::run(&workload, &options, &mut joining)?;
    say(&mut joining.writer, &outcome)?;
    Ok(outcome)
}

struct Joining<'a> {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    observer: &'a mut dyn Observer,
}

impl Observer for Joining<'_> {
    fn ready(&mut self, _proposed: Nanos) -> Result<Nanos> {
        say(&mut self.writer, &Ready { ready: true })?;
        let start: Start = hear(&mut self.reader)?;
        Ok(start.start_ns)
    }

    fn began(&mut self, times: &Times, topics: &[String]) {
        self.observer.began(times, topics);
    }

    fn second(&mut self, second: &Second, totals: &Counts) {
        self.observer.second(second, totals);
    }

    fn say(&mut self, message: &str) {
        self.observer.say(message);
    }
}

/// Tells machines apart; a reboot makes another one of it, which does no harm.
fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every producer and every consumer is in one process, whatever the roles are.
    #[test]
    fn everyone_is_in_one_process() {
        for roles in [
            vec![Role::Both],
            vec![Role::Both, Role::Both, Role::Both],
            vec![Role::Produce, Role::Consume, Role::Both, Role::Consume],
        ] {
            let shares = shares(&roles).unwrap();
            for index in 0..20 {
                let producing =
                    shares.iter().filter(|share| share.produces.is_some_and(|part| part.has(index)));
                let consuming =
                    shares.iter().filter(|share| share.consumes.is_some_and(|part| part.has(index)));
                assert_eq!(producing.count(), 1, "{roles:?}");
                let somebody_reads = roles.iter().any(|role| *role != Role::Produce);
                assert_eq!(consuming.count(), usize::from(somebody_reads), "{roles:?}");
            }
        }
        assert!(shares(&[Role::Consume]).is_err());
        assert!(shares(&[Role::Both]).unwrap()[0].is_whole());
    }
}
