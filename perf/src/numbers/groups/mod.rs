//! Groups, of both: commits, a rebalance, the load of a coordinator, memory.
//!
//! | module | what it holds |
//! | --- | --- |
//! | this one | what is measured |
//! | [`broker`] | who is measured |
//! | [`asks`] | requests and answers |

mod asks;
mod broker;

pub use broker::Maker;

use crate::gates::process::Connection;
use crate::machine::percentile;
use crate::rounds::{Contestant, Line, Values, run};
use asks::{Member, await_offset, commit, commit_once, committed, prepare};
use broker::Broker;
use std::io::{self, Error};
use std::iter::StepBy;
use std::ops::Range;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// Connections that commit, each for a group of its own, one commit in flight each.
const COMMITTERS: usize = 16;
/// Before anything counts: Kafka's compiler warms up.
const WARM_UP: Duration = Duration::from_secs(8);
/// Members that commit, join or are loaded have so many partitions each.
const PARTITIONS_OF_GROUP: i32 = 100;
/// Rebalances before those that count, and these.
const REBALANCES: (u32, u32) = (10, 20);
/// Who writes what is loaded.
const WRITERS: usize = 8;
/// A commit of each of so many groups, spread over the partitions of `__consumer_offsets`, tells that all are loaded.
const LOOKED_AT: usize = 500;
/// What a broker does after its start has settled.
const SETTLE: Duration = Duration::from_secs(3);
/// Nothing but groups is to be seen in the memory of a process.
const SMALL_CACHES: [(&str, &str); 2] =
    [("ottla.batch.cache.bytes", "4194304"), ("ottla.read.ahead.bytes", "4194304")];

/// A figure of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Figure {
    /// Commits of one partition's offset for each second of the broker's CPU
    Commits,
    /// From the first join to the last assignment of a group whose members all come at once
    Rebalance,
    /// From the start of a process to coordinators that have loaded everything
    Load,
    /// What a group of one member with offsets of 100 partitions takes
    Memory,
}

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub rounds: usize,
    /// Of a run of commits.
    pub seconds: u64,
    /// Of the group that rebalances.
    pub members: usize,
    /// That are loaded.
    pub offsets: usize,
    /// Whose memory is measured.
    pub groups: usize,
}

impl Figure {
    /// As the part of `perf/numbers` is called.
    pub fn part(self) -> &'static str {
        match self {
            Figure::Commits => "group-commits",
            Figure::Rebalance => "group-rebalance",
            Figure::Load => "group-load",
            Figure::Memory => "group-memory",
        }
    }

    fn contestants(self, ottla: &Path, port: u16) -> Vec<Maker<'_>> {
        let kafka = |is_flushed| Maker::Kafka { port, is_flushed };
        match self {
            Figure::Commits | Figure::Rebalance => vec![Maker::Ottla(ottla), kafka(false), kafka(true)],
            // What is on the disk already is not flushed again.
            Figure::Load | Figure::Memory => vec![Maker::Ottla(ottla), kafka(false)],
        }
    }

    /// Files go to `dir`; Kafka listens on `port` and its neighbour. Each measurement has a broker of its own.
    /// # Errors
    /// A broker does not start, or refuses something.
    pub fn measure(self, ottla: &Path, port: u16, size: Size, dir: &Path) -> io::Result<Vec<Line>> {
        let contestants = self.contestants(ottla, port).into_iter().map(|maker| {
            Contestant::new(maker.name(), move || match self {
                Figure::Commits => commits(maker, size, dir),
                Figure::Rebalance => rebalances(maker, size, dir),
                Figure::Load => load(maker, size, dir),
                Figure::Memory => memory(maker, size, dir),
            })
        });
        run(self.part(), size.rounds, contestants.collect())
    }
}

/// Does `work` with each number below `count`, on [`WRITERS`] connections at a time.
fn spread(
    broker: &Broker,
    count: usize,
    work: impl Fn(Connection, StepBy<Range<usize>>) -> io::Result<()> + Sync,
) -> io::Result<()> {
    thread::scope(|scope| {
        let work = &work;
        let threads = (0..WRITERS)
            .map(|writer| scope.spawn(move || work(broker.connect()?, (writer..count).step_by(WRITERS))));
        let threads: Vec<_> = threads.collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| Error::other("a writer panicked"))?)
    })
}

fn commits(maker: Maker<'_>, size: Size, dir: &Path) -> io::Result<Values> {
    let broker = maker.start(dir, &[], &[])?;
    prepare(&mut broker.connect()?, 1)?;
    let seconds = Duration::from_secs(size.seconds);
    let began = Instant::now();
    let (warm, end) = (began + WARM_UP, began + WARM_UP + seconds);
    let mut latencies_us: Vec<f64> = Vec::new();
    let (mut cpu_s, mut wall_s) = (0.0, 0.0);
    thread::scope(|scope| {
        let committers = (0..COMMITTERS).map(|number| {
            let connection = broker.connect();
            scope.spawn(move || {
                let (mut connection, group) = (connection?, format!("committer-{number}"));
                let mut latencies_us = Vec::new();
                commit_once(&mut connection, &commit(&group, 1, 0))?;
                for offset in 1.. {
                    let sent = Instant::now();
                    if sent >= end {
                        break;
                    }
                    let code = committed(&connection.call(&commit(&group, 1, offset))?);
                    if code != 0 {
                        return Err(Error::other(format!("a commit: {}", ottla_protocol::ErrorCode(code))));
                    }
                    if sent >= warm {
                        latencies_us.push(sent.elapsed().as_secs_f64() * 1e6);
                    }
                }
                Ok(latencies_us)
            })
        });
        let committers: Vec<_> = committers.collect();
        thread::sleep(warm.saturating_duration_since(Instant::now()));
        let (cpu_before, wall_before) = (broker.cpu_s()?, Instant::now());
        thread::sleep(end.saturating_duration_since(Instant::now()));
        (cpu_s, wall_s) = (broker.cpu_s()? - cpu_before, wall_before.elapsed().as_secs_f64());
        for committer in committers {
            latencies_us.extend(committer.join().map_err(|_| Error::other("a committer panicked"))??);
        }
        Ok::<(), Error>(())
    })?;
    let count = latencies_us.len() as f64;
    Ok(vec![
        ("commits_per_s", count / wall_s),
        ("commits_per_cpu_s", count / cpu_s),
        ("p50_us", percentile(&mut latencies_us, 0.5)),
        ("p99_us", percentile(&mut latencies_us, 0.99)),
    ])
}

/// All members join again at the same time, on a connection each, and go on when they are answered: what remains is the coordinator.
fn rebalances(maker: Maker<'_>, size: Size, dir: &Path) -> io::Result<Values> {
    let broker = maker.start(dir, &[("group.initial.rebalance.delay.ms", "1000")], &[])?;
    prepare(&mut broker.connect()?, 1)?;
    let members = (0..size.members).map(|_| Member::new(broker.connect()?, "rebalances"));
    let mut members = members.collect::<io::Result<Vec<Member>>>()?;
    let mut rebalance = |round| {
        let began = Instant::now();
        members.iter_mut().try_for_each(|member| member.send_join(round))?;
        members.iter_mut().try_for_each(Member::receive_join)?;
        members.iter_mut().try_for_each(Member::send_sync)?;
        members.iter_mut().try_for_each(Member::receive_sync)?;
        Ok::<f64, Error>(began.elapsed().as_secs_f64() * 1e3)
    };
    let (warm, counted) = REBALANCES;
    for round in 0..warm {
        rebalance(round)?;
    }
    let cpu_before = broker.cpu_s()?;
    let mut times_ms = (warm..warm + counted).map(rebalance).collect::<io::Result<Vec<f64>>>()?;
    let cpu_s = broker.cpu_s()? - cpu_before;
    Ok(vec![
        ("rebalance_ms", percentile(&mut times_ms, 0.5)),
        ("rebalance_ms_max", percentile(&mut times_ms, 1.0)),
        ("broker_cpu_ms_per_rebalance", cpu_s * 1e3 / f64::from(counted)),
    ])
}

fn group(number: usize) -> String {
    format!("group-{number:06}")
}

/// Waits until coordinators tell what groups, spread over all of them, have committed.
fn await_loaded(broker: &Broker, groups: usize) -> io::Result<()> {
    let mut connection = broker.connect()?;
    let step = groups.div_ceil(LOOKED_AT).max(1);
    (0..groups).step_by(step).try_for_each(|number| await_offset(&mut connection, &group(number)))
}

fn load(maker: Maker<'_>, size: Size, dir: &Path) -> io::Result<Values> {
    let groups = size.offsets.div_ceil(PARTITIONS_OF_GROUP as usize);
    let broker = maker.start(dir, &[], &[])?;
    prepare(&mut broker.connect()?, PARTITIONS_OF_GROUP)?;
    spread(&broker, groups, |mut connection, mut numbers| {
        numbers.try_for_each(|number| {
            commit_once(&mut connection, &commit(&group(number), PARTITIONS_OF_GROUP, number as i64))
        })
    })?;
    let (broker, ready) = broker.restart(&[], &[])?;
    let began = Instant::now();
    await_loaded(&broker, groups)?;
    let loaded = ready + began.elapsed();
    Ok(vec![
        ("offsets", (groups * PARTITIONS_OF_GROUP as usize) as f64),
        ("ready_ms", ready.as_secs_f64() * 1e3),
        ("loaded_ms", loaded.as_secs_f64() * 1e3),
        ("cpu_s", broker.cpu_s()?),
    ])
}

/// By what a broker holds after a restart, with the groups and without them.
fn memory(maker: Maker<'_>, size: Size, dir: &Path) -> io::Result<Values> {
    let settings = [("group.initial.rebalance.delay.ms", "0")];
    let broker = maker.start(dir, &settings, &SMALL_CACHES)?;
    prepare(&mut broker.connect()?, PARTITIONS_OF_GROUP)?;
    let (broker, _) = broker.restart(&settings, &SMALL_CACHES)?;
    thread::sleep(SETTLE);
    let without = broker.data_bytes()?;
    spread(&broker, size.groups, |mut connection, numbers| {
        for number in numbers {
            let id = group(number);
            let mut member = Member::new(connection, &id)?;
            member.enter_alone()?;
            let commit = member.commit(PARTITIONS_OF_GROUP, 1);
            connection = member.into_connection();
            commit_once(&mut connection, &commit)?;
        }
        Ok(())
    })?;
    let (broker, _) = broker.restart(&settings, &SMALL_CACHES)?;
    await_loaded(&broker, size.groups)?;
    thread::sleep(SETTLE);
    let with = broker.data_bytes()?;
    Ok(vec![
        ("group_kb", (with - without) / 1e3 / size.groups as f64),
        ("without_mb", without / 1e6),
        ("with_mb", with / 1e6),
    ])
}
