//! One run of one workload: from a bootstrap address to an [`Outcome`].
//!
//! The calling thread starts the workers, takes their intervals, looks at the broker's costs each second and sums up; it sends no load.

use super::plan::{Plan, Share, Shared, Times, Trace};
use super::prepare::{self, IO_MEMORY_BYTES, Prepared, RING_DEPTH};
use super::summary::Summary;
use super::verdict;
use super::worker::{self, End, Report, Seat, What};
use crate::clock::{Clock, MICROSECOND, MILLISECOND, Nanos, SECOND, nanos, seconds};
use crate::cost::{Meter, Sample, Source};
use crate::error::{Error, Result};
use crate::outcome::{Counts, GeneratorCost, Outcome, Pacing, SCHEMA, Second, WorkloadSummary};
use crate::workload::keys::Keys;
use crate::workload::payload::Payloads;
use crate::workload::{GroupProtocol, PacingKind, Workload, file};
use crate::{cost, durability, host};
use glommio::{ExecutorJoinHandle, LocalExecutorBuilder, Placement};
use std::net::ToSocketAddrs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

/// Between the last worker's readiness and the first record.
const LEAD_NS: Nanos = 100 * MILLISECOND;
const LOOK_WAIT: Duration = Duration::from_millis(20);

/// How to run, beside what.
#[derive(Clone, Debug)]
pub struct Options {
    pub bootstrap: Vec<String>,
    pub workers: usize,
    /// Cores that workers are bound to, one each; none: wherever the kernel puts them.
    pub cpus: Vec<usize>,
    /// How long an idle worker looks for work before it sleeps.
    pub spin: Duration,
    /// Count and compare every record.
    pub verify: bool,
    pub timeout: Duration,
    /// Topics stay after the run.
    pub keep_topics: bool,
    /// Where the broker's costs come from; none: the process that listens on the first address, if it is here.
    pub cost: Option<Source>,
    /// A page of the broker's own counters.
    pub counters_url: Option<String>,
    pub broker_name: Option<String>,
    pub data_dir: Option<PathBuf>,
    pub share: Share,
    /// Topics that another process of the same load made, and its name for the run.
    pub joined: Option<(Vec<String>, String)>,
    /// That of another process of this machine; none: one of its own.
    pub clock: Option<Clock>,
    pub trace: Option<Trace>,
    pub payloads: Option<Payloads>,
    /// Set by Ctrl-C.
    pub interrupted: Arc<AtomicBool>,
    pub command: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            bootstrap: vec!["127.0.0.1:9092".to_owned()],
            workers: 1,
            cpus: Vec::new(),
            spin: Duration::ZERO,
            verify: false,
            timeout: Duration::from_secs(30),
            keep_topics: false,
            cost: None,
            counters_url: None,
            broker_name: None,
            data_dir: None,
            share: Share::default(),
            joined: None,
            clock: None,
            trace: None,
            payloads: None,
            interrupted: Arc::default(),
            command: std::env::args().collect(),
        }
    }
}

/// Is told what happens while a run runs.
pub trait Observer {
    /// The topics are there; the workers begin to connect.
    /// # Errors
    /// Ends the run.
    fn prepared(&mut self, _topics: &[String], _run_id: &str) -> Result<()> {
        Ok(())
    }
    /// Every worker is connected; returns when the load is to begin, which may be later than proposed.
    /// # Errors
    /// Ends the run.
    fn ready(&mut self, proposed: Nanos) -> Result<Nanos> {
        Ok(proposed)
    }
    fn began(&mut self, _times: &Times, _topics: &[String]) {}
    fn second(&mut self, _second: &Second, _totals: &Counts) {}
    fn say(&mut self, _message: &str) {}
}

/// Watches nothing.
pub struct Quiet;

impl Observer for Quiet {}

/// Runs `workload`, which was checked, and sums up.
/// # Errors
/// What kept it from beginning. What goes wrong during the run is in the outcome.
pub fn run(workload: &Workload, options: &Options, observer: &mut dyn Observer) -> Result<Outcome> {
    let clock = Clock::start();
    // Topics of runs that begin in different microseconds differ.
    let (run_id, prepared) = match &options.joined {
        Some((topics, run_id)) => {
            let prepared =
                prepare::join(workload, topics.clone(), run_id, &options.bootstrap, options.timeout);
            (run_id.clone(), prepared?)
        }
        None => {
            let run_id = format!("{:x}", clock.now() / MICROSECOND);
            let prepared = prepare::prepare(workload, &options.bootstrap, &run_id, options.timeout)?;
            (run_id, prepared)
        }
    };
    let made_topics = workload.topics.existing.is_none() && options.joined.is_none();
    let outcome = observer
        .prepared(&prepared.topics, &run_id)
        .and_then(|()| loaded(workload, options, clock, run_id, &prepared, observer));
    if made_topics && !options.keep_topics {
        let removed = prepare::remove(prepared.topics.clone(), &options.bootstrap, options.timeout);
        if let Err(error) = removed {
            observer.say(&format!("the topics of this run are still there: {error}"));
        }
    }
    outcome
}

fn loaded(
    workload: &Workload,
    options: &Options,
    clock: Clock,
    run_id: String,
    prepared: &Prepared,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    let payloads = match &options.payloads {
        Some(payloads) => payloads.clone(),
        None => Payloads::new(&workload.records, workload.seed)?,
    };
    let plan = Arc::new(Plan {
        workload: workload.clone(),
        clock,
        verify: options.verify,
        bootstrap: options.bootstrap.clone(),
        topics: prepared.topics.clone(),
        leaders: prepared.leaders.clone(),
        nodes: prepared.nodes.clone(),
        latest: prepared.latest.clone(),
        earliest: prepared.earliest.clone(),
        group_protocol: match workload.consumers.protocol {
            GroupProtocol::Classic if prepared.has_coordinator => GroupProtocol::Classic,
            _ => GroupProtocol::Assigned,
        },
        run_id,
        payloads,
        keys: Keys::new(&workload.records),
        trace: options.trace.clone(),
        share: options.share,
        timeout: options.timeout,
        shared: Shared::default(),
    });
    let mut notes = prepared.notes.clone();
    if prepared.nodes.len() > 1 {
        notes.push(format!(
            "The cluster has {} brokers; costs are those of one, the load's figures those of all.",
            prepared.nodes.len()
        ));
    }
    let pid = local_pid(options, &mut notes);
    let mut meter = meter(options, pid, &mut notes)?;
    let (workers, reports) = start_workers(&plan, options)?;
    let mut watch = Watch {
        plan: &plan,
        options,
        reports,
        summary: Summary::new(workers.len()),
        ready: 0,
        produced: 0,
        ends: Vec::new(),
        broker_cpu_s: None,
        observer,
    };
    let watched = watch.all(prepared, &mut meter);
    // Whatever happened, no worker outlives its run.
    plan.shared.stop.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.join().map_err(prepare::of_join)?;
    }
    let watched = watched?;
    watch.take_rest();
    let Watch { summary, ends, .. } = watch;
    Ok(outcome(workload, options, &plan, prepared, summary, ends, watched, meter, pid, notes))
}

fn start_workers(
    plan: &Arc<Plan>,
    options: &Options,
) -> Result<(Vec<ExecutorJoinHandle<()>>, Receiver<Report>)> {
    let (sender, reports) = mpsc::channel();
    let stop = &plan.shared.stop;
    let mut workers = Vec::new();
    for index in 0..options.workers.max(1) {
        let placement = match options.cpus.get(index % options.cpus.len().max(1)) {
            Some(cpu) => Placement::Fixed(*cpu),
            None => Placement::Unbound,
        };
        let seat = Seat { index, count: options.workers.max(1) };
        let (plan, sender) = (Arc::clone(plan), sender.clone());
        let mut builder = LocalExecutorBuilder::new(placement)
            .name(&format!("load-{index}"))
            .io_memory(IO_MEMORY_BYTES)
            .ring_depth(RING_DEPTH);
        if !options.spin.is_zero() {
            builder = builder.spin_before_park(options.spin);
        }
        let spawned = builder.spawn(move || worker::work(plan, seat, sender));
        match spawned {
            Ok(worker) => workers.push(worker),
            Err(error) => {
                stop.store(true, Ordering::Relaxed);
                for worker in workers {
                    // It ended because it was told to; the error that counts is this one.
                    let _ = worker.join();
                }
                return Err(Error::Worker(error.to_string()));
            }
        }
    }
    Ok((workers, reports))
}

/// What the main thread saw of the run.
struct Watched {
    times: Times,
    interrupted: bool,
    first: Option<Sample>,
    last: Option<Sample>,
    /// Why the broker's costs could not be seen to the end.
    lost_costs: Option<String>,
}

struct Watch<'a> {
    plan: &'a Plan,
    options: &'a Options,
    reports: Receiver<Report>,
    summary: Summary,
    ready: usize,
    produced: usize,
    ends: Vec<End>,
    /// Of the second before the last look, for whoever watches; each second gets its own at the end.
    broker_cpu_s: Option<f64>,
    observer: &'a mut dyn Observer,
}

impl Watch<'_> {
    fn all(&mut self, prepared: &Prepared, meter: &mut Option<Meter>) -> Result<Watched> {
        let workers = self.summary.cpu_ns.len();
        while self.ready < workers {
            self.next(LOOK_WAIT)?;
            if self.is_interrupted() {
                return Err(Error::Interrupted);
            }
        }
        let workload = &self.plan.workload;
        let start = self.observer.ready(self.plan.clock.now() + LEAD_NS)?;
        let measured = start + nanos(workload.warmup_s);
        let end = measured + workload.duration();
        let times = Times { start, measured: measured..end, drained: end + nanos(workload.drain_s) };
        self.plan.shared.begin(times.clone());
        self.observer.began(&times, &self.plan.topics);
        self.watch(prepared, meter, times)
    }

    /// From the first record to the last.
    fn watch(&mut self, prepared: &Prepared, meter: &mut Option<Meter>, times: Times) -> Result<Watched> {
        let workers = self.summary.cpu_ns.len();
        let (mut first, mut last): (Option<Sample>, Option<Sample>) = (None, None);
        let mut cpu_s: Vec<f64> = Vec::new();
        let mut target = None;
        let mut interrupted = false;
        let mut lost_costs = None;
        loop {
            self.next(LOOK_WAIT)?;
            let now = self.plan.clock.now();
            // The broker's costs at the start and at each second's end.
            let due = times.measured.start + cpu_s.len() as Nanos * SECOND;
            if now >= due.min(times.measured.end)
                && due < times.measured.end + SECOND
                && let Some(sampled) = meter.as_mut().map(Meter::sample)
            {
                match sampled {
                    Ok(sample) => {
                        cpu_s.push(sample.cpu_s());
                        if let [.., before, after] = cpu_s.as_slice() {
                            self.broker_cpu_s = Some((after - before).max(0.0));
                        }
                        if first.is_none() {
                            first = Some(sample);
                        } else {
                            last = Some(sample);
                        }
                    }
                    // The broker ended, and perhaps began anew: its costs are not known as a whole.
                    Err(error) => {
                        lost_costs = Some(error.to_string());
                        *meter = None;
                        self.broker_cpu_s = None;
                    }
                }
            }
            if self.is_interrupted() && !interrupted {
                interrupted = true;
                break;
            }
            let is_over = now >= times.measured.end && self.produced == workers;
            if is_over && target.is_none() && now < times.drained {
                // A broker that does not answer is not waited for longer than its records.
                let patience = self.options.timeout.min(self.plan.clock.until(times.drained));
                target = Some(prepare::produced(prepared, &self.options.bootstrap, patience));
            }
            let is_read = match &target {
                Some(Ok(produced)) => self.is_read_to(*produced),
                Some(Err(_)) | None => false,
            };
            if is_over && (is_read || now >= times.drained) {
                break;
            }
        }
        self.plan.shared.stop.store(true, Ordering::Relaxed);
        while self.ends.len() < workers {
            self.next(LOOK_WAIT)?;
        }
        for (second, pair) in self.summary.seconds.iter_mut().zip(cpu_s.windows(2)) {
            if let [before, after] = pair {
                second.broker_cpu_s = Some((after - before).max(0.0));
            }
        }
        Ok(Watched { times, interrupted, first, last, lost_costs })
    }

    fn is_read_to(&self, produced: i64) -> bool {
        let share = self.plan.share;
        // Among several processes nobody knows what the others read: each reads until its time is over.
        if !share.is_whole() {
            return share.consumes.is_none();
        }
        let groups = self.plan.workload.consumers.groups as i64;
        self.plan.shared.advanced.load(Ordering::Relaxed) >= produced * groups
    }

    fn is_interrupted(&self) -> bool {
        self.options.interrupted.load(Ordering::Relaxed)
    }

    fn next(&mut self, wait: Duration) -> Result<()> {
        match self.reports.recv_timeout(wait) {
            Ok(report) => self.take(report),
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => Err(Error::WorkerEnded("all of them did".to_owned())),
        }
    }

    fn take(&mut self, report: Report) -> Result<()> {
        match report.what {
            What::Ready => self.ready += 1,
            What::Produced => self.produced += 1,
            What::End(end) => self.ends.push(*end),
            What::Failed(why) => {
                return Err(Error::input("the load could not begin", why));
            }
            What::Interval(interval) => {
                if let Some(second) = self.summary.add(report.worker, &interval) {
                    let mut second = second.clone();
                    second.broker_cpu_s = self.broker_cpu_s;
                    self.observer.second(&second, self.summary.counts());
                }
            }
        }
        Ok(())
    }

    /// What came after the ends.
    fn take_rest(&mut self) {
        while let Ok(report) = self.reports.try_recv() {
            // A failure after the end changes nothing.
            let _ = self.take(report);
        }
    }
}

/// A second look at the broker's costs, for whoever watches a run; none where they are not known.
pub fn meter_of(options: &Options) -> Option<Meter> {
    let mut notes = Vec::new();
    let pid = local_pid(options, &mut notes);
    meter(options, pid, &mut notes).ok().flatten()
}

/// The broker's process, when it is on this machine.
fn local_pid(options: &Options, notes: &mut Vec<String>) -> Option<u32> {
    if let Some(Source::Process(pid)) = options.cost {
        return Some(pid);
    }
    let address = options.bootstrap.first()?.to_socket_addrs().ok()?.next()?;
    match cost::listener(address) {
        Ok(pid) => pid,
        Err(error) => {
            if options.cost.is_none() {
                notes.push(format!("The broker's costs are not known: {error}"));
            }
            None
        }
    }
}

fn meter(options: &Options, pid: Option<u32>, notes: &mut Vec<String>) -> Result<Option<Meter>> {
    let wrong = |error: cost::Error| Error::input("the broker's costs", error.to_string());
    let meter = match (&options.cost, pid) {
        (Some(source), _) => Some(Meter::new(source.clone()).map_err(wrong)?),
        (None, Some(pid)) => match Meter::new(Source::Process(pid)) {
            Ok(meter) => Some(meter),
            Err(error) => {
                notes.push(format!("The broker's costs are not known: {error}"));
                None
            }
        },
        (None, None) => None,
    };
    match (meter, &options.counters_url) {
        (Some(meter), Some(url)) => meter.with_counters(url.clone()).map(Some).map_err(wrong),
        (meter, _) => Ok(meter),
    }
}

#[expect(clippy::too_many_arguments, reason = "the one place where everything about a run comes together")]
fn outcome(
    workload: &Workload,
    options: &Options,
    plan: &Plan,
    prepared: &Prepared,
    summary: Summary,
    ends: Vec<End>,
    watched: Watched,
    meter: Option<Meter>,
    pid: Option<u32>,
    mut notes: Vec<String>,
) -> Outcome {
    let times = &watched.times;
    let measured_s = if watched.interrupted {
        let until = plan.clock.now().clamp(times.measured.start, times.measured.end);
        seconds(until - times.measured.start)
    } else {
        workload.duration_s
    };
    let mut counts = summary.counts().clone();
    let pacing = match (workload.pacing_summary(), &plan.trace) {
        (Pacing::Open { records_per_s, .. }, Some(_)) => {
            Pacing::Open { schedule: "as recorded".to_owned(), records_per_s }
        }
        (pacing, _) => pacing,
    };
    if workload.pacing.kind == PacingKind::Open
        && let Some(part) = plan.share.produces
    {
        counts.records_intended = verdict::intended(plan, part, times);
    }
    let busiest = summary.cpu_ns.iter().copied().max().unwrap_or(0) as f64 / SECOND as f64;
    let generator = GeneratorCost {
        cpu_s: summary.cpu_ns.iter().sum::<u64>() as f64 / SECOND as f64,
        workers: u32::try_from(summary.cpu_ns.len()).unwrap_or(u32::MAX),
        busiest_worker: if measured_s > 0.0 { (busiest / measured_s).min(1.0) } else { 0.0 },
    };
    let mut invalid = Vec::new();
    if watched.interrupted {
        invalid.push(format!("interrupted after {measured_s:.1} s of {} s", workload.duration_s));
    }
    verdict::judge(&mut invalid, workload, &summary, &ends, watched.interrupted);
    if matches!(pacing, Pacing::Flood | Pacing::Closed { .. }) && generator.busiest_worker > 0.95 {
        notes.push(format!(
            "The busiest worker used {:.0}% of its core: the generator was the limit, not the broker. Use more --workers.",
            100.0 * generator.busiest_worker
        ));
    }
    let broker_values = durability::values(&prepared.broker_settings);
    let data_dir =
        options.data_dir.clone().or_else(|| pid.and_then(|pid| host::data_dir(&broker_values, pid)));
    let broker_name =
        host::broker_name(options.broker_name.as_deref(), &broker_values, prepared.metadata_version);
    let acks = workload.producers.acks.wire();
    let verification = options.verify.then(|| verdict::verification(plan, ends));
    if let Some(error) = &watched.lost_costs {
        notes.push(format!("The broker's costs are left out, they could not be seen to the end: {error}"));
    }
    let broker = match (&meter, &watched.first, &watched.last) {
        (Some(meter), Some(first), Some(last)) => Some(meter.between(first, last, &counts)),
        _ => None,
    };
    Outcome {
        schema: SCHEMA,
        command: options.command.clone(),
        began_at_s: seconds(times.measured.start),
        workload: WorkloadSummary {
            name: workload.name.clone(),
            question: workload.question.clone(),
            text: file::to_text(workload),
        },
        pacing,
        invalid,
        notes,
        measured_s,
        counts,
        stages: summary.stages(),
        seconds: summary.seconds,
        broker,
        generator,
        durability: durability::judge(acks, &prepared.broker_settings, &prepared.topic_settings),
        host: host::describe(data_dir.as_deref(), broker_name),
        verification,
    }
}
