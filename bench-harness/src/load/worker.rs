//! One core's part of a run: an executor with its share of the producers and consumers.

use super::churn;
use super::consumer::{Consumer, Purpose};
use super::interval::{Interval, Recorder};
use super::ledger::{Acknowledged, Seen};
use super::membership::{self, Membership};
use super::plan::{Part, Plan, Times};
use super::producer::{self, Producer, Undone};
use super::session::Positions;
use crate::client::within;
use crate::clock::{MILLISECOND, Nanos, SECOND};
use crate::workload::GroupProtocol;
use glommio::timer::sleep;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

/// Between two looks at what another thread may have said; only before and after the load.
const LOOK_WAIT: Duration = Duration::from_millis(2);
/// For a member to leave its group.
const LEAVE_WAIT: Duration = Duration::from_secs(2);
/// How often a worker looks whether it is punctual.
const PUNCTUALITY_NS: Nanos = 5 * MILLISECOND;

pub struct Report {
    pub worker: usize,
    pub what: What,
}

pub enum What {
    /// Connected to everything.
    Ready,
    /// An interval ended.
    Interval(Box<Interval>),
    /// This worker's producers are done.
    Produced,
    End(Box<End>),
    /// It could not begin.
    Failed(String),
}

#[derive(Default)]
pub struct End {
    pub undone: Undone,
    pub acknowledged: Acknowledged,
    /// By group.
    pub seen: Vec<(usize, Seen)>,
    pub faults: Vec<String>,
}

/// The place of one worker among all of this process.
#[derive(Clone, Copy, Debug)]
pub struct Seat {
    pub index: usize,
    pub count: usize,
}

impl Seat {
    /// Producers and consumers are dealt out one by one: first to processes, then to their workers.
    fn has(&self, part: Part, index: usize) -> bool {
        part.has(index) && index / part.count.max(1) % self.count == self.index
    }
}

/// Runs until the plan's stop; everything that it saw goes to `reports`.
pub async fn work(plan: Arc<Plan>, seat: Seat, reports: Sender<Report>) {
    let tell = |what: What| {
        // The main thread goes away only after this one.
        let _ = reports.send(Report { worker: seat.index, what });
    };
    let late_ns = (plan.workload.pacing.late_ms * MILLISECOND as f64) as Nanos;
    let recorder = Rc::new(RefCell::new(Recorder::new(Nanos::MAX..Nanos::MAX, late_ns)));
    let producers = producers(&plan, seat, &recorder);
    let consumers = consumers(&plan, seat, &recorder);

    let began = Instant::now();
    // A group settles within a session.
    let patience = match plan.group_protocol {
        GroupProtocol::Classic => {
            plan.timeout + Duration::from_millis(plan.workload.consumers.session_timeout_ms)
        }
        GroupProtocol::Assigned => plan.timeout,
    };
    loop {
        let waits_for = not_ready(&plan, &producers, &consumers);
        match waits_for {
            None => break,
            Some(_) if plan.shared.is_stopped() => return,
            Some(who) if began.elapsed() > patience => return tell(What::Failed(who)),
            Some(_) => sleep(LOOK_WAIT).await,
        }
    }
    tell(What::Ready);
    let times = loop {
        match plan.shared.times() {
            Some(times) => break times.clone(),
            None if plan.shared.is_stopped() => return,
            None => sleep(LOOK_WAIT).await,
        }
    };
    *recorder.borrow_mut() = Recorder::new(times.measured.clone(), late_ns);
    glommio::spawn_local(tick(Arc::clone(&plan), Rc::clone(&recorder), times.clone(), seat, reports.clone()))
        .detach();
    glommio::spawn_local(look(Arc::clone(&plan), Rc::clone(&recorder), times.clone())).detach();
    if let Some(part) = plan.share.produces
        && plan.workload.churn.connections_per_s > 0.0
    {
        let share = 1.0 / (seat.count * part.count.max(1)) as f64;
        glommio::spawn_local(churn::run(Arc::clone(&plan), Rc::clone(&recorder), share, times.clone()))
            .detach();
    }

    let running: Vec<_> = producers
        .iter()
        .map(|producer| glommio::spawn_local(producer::run(Rc::clone(producer), times.clone())))
        .collect();
    let mut end = End::default();
    for task in running {
        let undone = task.await;
        end.undone.unsent += undone.unsent;
        end.undone.unanswered += undone.unanswered;
        end.undone.given_up += undone.given_up;
    }
    tell(What::Produced);
    while !plan.shared.is_stopped() {
        sleep(LOOK_WAIT).await;
    }
    for producer in &producers {
        let mut producer = producer.borrow_mut();
        end.acknowledged.extend(std::mem::take(&mut producer.acknowledged));
        end.faults.extend(producer.fault.take());
    }
    for consuming in &consumers {
        if let Some(membership) = &consuming.membership {
            // One that does not come to it is forgotten by the coordinator later.
            within(LEAVE_WAIT, membership.left()).await;
        }
        if let Purpose::Follow { group } = consuming.purpose {
            end.seen.push((group, std::mem::take(&mut consuming.consumer.borrow_mut().seen)));
        }
    }
    let last = recorder.borrow_mut().roll(None);
    tell(What::Interval(Box::new(last)));
    tell(What::End(Box::new(end)));
}

fn producers(plan: &Arc<Plan>, seat: Seat, recorder: &Rc<RefCell<Recorder>>) -> Vec<Rc<RefCell<Producer>>> {
    let Some(part) = plan.share.produces else { return Vec::new() };
    let mine = (0..plan.workload.producers.count).filter(|index| seat.has(part, *index));
    let producers: Vec<_> = mine.map(|index| Producer::new(index, plan, recorder)).collect();
    producers.iter().for_each(Producer::start);
    producers
}

/// A consumer and, if it is in a group, its place there.
struct Consuming {
    purpose: Purpose,
    consumer: Rc<RefCell<Consumer>>,
    membership: Option<Rc<Membership>>,
}

fn consumers(plan: &Arc<Plan>, seat: Seat, recorder: &Rc<RefCell<Recorder>>) -> Vec<Consuming> {
    let Some(part) = plan.share.consumes else { return Vec::new() };
    let settings = &plan.workload.consumers;
    let partitions: Vec<(usize, i32)> =
        plan.partitions().map(|(topic, partition)| (topic, partition.index)).collect();
    let mut consumers = Vec::new();
    let start = |purpose, partitions: &[(usize, i32)]| {
        let consumer = Consumer::new(plan, recorder, purpose);
        let membership = match purpose {
            Purpose::Follow { group } if plan.group_protocol == GroupProtocol::Classic => {
                let membership = Rc::<Membership>::default();
                let (plan, consumer) = (Arc::clone(plan), Rc::clone(&consumer));
                let task = membership::run(plan, consumer, group, Rc::clone(&membership));
                glommio::spawn_local(task).detach();
                Some(membership)
            }
            _ => {
                Consumer::assign(&consumer, partitions, &Positions::new());
                None
            }
        };
        Consuming { purpose, consumer, membership }
    };
    let mut index = 0;
    for group in 0..settings.groups {
        for member in 0..settings.count {
            if seat.has(part, index) {
                let share = dealt(&partitions, member, settings.count);
                consumers.push(start(Purpose::Follow { group }, share));
            }
            index += 1;
        }
    }
    for _ in 0..settings.catch_up {
        if seat.has(part, index) {
            consumers.push(start(Purpose::CatchUp, &partitions));
        }
        index += 1;
    }
    consumers
}

/// The part of `all` that the member `index` of `count` gets: neighbours stay together, as Kafka's range assignor keeps them.
pub fn dealt<T>(all: &[T], index: usize, count: usize) -> &[T] {
    let at = |index: usize| all.len() * index / count.max(1);
    all.get(at(index)..at(index + 1)).unwrap_or_default()
}

fn not_ready(plan: &Plan, producers: &[Rc<RefCell<Producer>>], consumers: &[Consuming]) -> Option<String> {
    for producer in producers {
        let producer = producer.borrow();
        if let Some(fault) = &producer.fault {
            return Some(fault.clone());
        }
        if !producer.is_ready() {
            return Some("a producer could not connect to every leader".to_owned());
        }
    }
    if consumers.iter().any(|consuming| !consuming.consumer.borrow().is_ready()) {
        return Some("a consumer could not connect to every leader".to_owned());
    }
    // A group has settled when its members have all partitions between them; with members elsewhere only they can know.
    let mut dealt: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for consuming in consumers {
        if let (Purpose::Follow { group }, Some(membership)) = (consuming.purpose, &consuming.membership) {
            let Some(partitions) = membership.partitions.get() else {
                return Some(format!("a consumer could not join group {group}"));
            };
            let (members, sum) = dealt.entry(group).or_default();
            *members += 1;
            *sum += partitions;
        }
    }
    let total = plan.partitions().count();
    let unsettled =
        dealt.iter().find(|(_, (members, sum))| *members == plan.workload.consumers.count && *sum != total);
    unsettled.map(|(group, _)| format!("group {group} did not settle"))
}

/// Hands out an interval each second.
async fn tick(
    plan: Arc<Plan>,
    recorder: Rc<RefCell<Recorder>>,
    times: Times,
    seat: Seat,
    reports: Sender<Report>,
) {
    let mut cpu = thread_cpu_ns();
    // The intervals' ends: the start of the measured part, each second of it, its end.
    let mut at = times.measured.start;
    let mut second = 0;
    loop {
        sleep(plan.clock.until(at)).await;
        let is_over = at >= times.measured.end;
        // After the measured part comes one interval more, which ends with the worker.
        let mut interval = recorder.borrow_mut().roll((!is_over).then_some(second));
        let now = thread_cpu_ns();
        interval.cpu_ns = now.saturating_sub(cpu);
        cpu = now;
        let sent = reports.send(Report { worker: seat.index, what: What::Interval(Box::new(interval)) });
        if sent.is_err() || is_over {
            return;
        }
        second += 1;
        at = (at + SECOND).min(times.measured.end);
    }
}

/// Looks every few milliseconds how late the executor comes to a timer.
async fn look(plan: Arc<Plan>, recorder: Rc<RefCell<Recorder>>, times: Times) {
    sleep(plan.clock.until(times.measured.start)).await;
    let mut at = plan.clock.now() + PUNCTUALITY_NS;
    while at < times.measured.end {
        sleep(plan.clock.until(at)).await;
        let now = plan.clock.now();
        recorder.borrow_mut().looked(now - at);
        // Looks that a long stall left out count too: whoever had come then would have waited so long.
        let missed = (now - at) / PUNCTUALITY_NS;
        for missed in 1..=missed {
            recorder.borrow_mut().looked(now - at - missed * PUNCTUALITY_NS);
        }
        at = now + PUNCTUALITY_NS;
    }
}

fn thread_cpu_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as u64 * SECOND as u64 + time.tv_nsec as u64
}
