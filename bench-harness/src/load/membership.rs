//! Keeps one consumer a member of its group: joins, beats, commits, and joins again when the group changes.

use super::consumer::Consumer;
use super::plan::Plan;
use super::session::Positions;
use super::signal::Signal;
use crate::client::Cluster;
use crate::client::group::{Member, Subscription};
use crate::clock::{MILLISECOND, Nanos};
use crate::error::{Error, Result};
use glommio::timer::sleep;
use ottla_protocol::ErrorCode;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const RETRY_WAIT: Duration = Duration::from_millis(200);
/// As `heartbeat.interval.ms` of Kafka's own consumers.
const HEARTBEAT_NS: Nanos = 3_000 * MILLISECOND;
/// A member looks so often whether the run is over.
const LOOK_NS: Nanos = 50 * MILLISECOND;

/// One consumer's place in its group.
#[derive(Default)]
pub struct Membership {
    /// How many partitions it has, once it joined.
    pub partitions: Cell<Option<usize>>,
    left: Signal,
}

impl Membership {
    /// Waits until the member has left.
    pub async fn left(&self) {
        self.left.wait().await;
    }
}

/// The name of a group of this run.
pub fn name(plan: &Plan, group: usize) -> String {
    format!("{}-{}-{group}", plan.workload.topics.prefix, plan.run_id)
}

/// Is a member until the run stops.
pub async fn run(plan: Arc<Plan>, consumer: Rc<RefCell<Consumer>>, group: usize, membership: Rc<Membership>) {
    let partitions: Vec<(usize, i32)> =
        plan.partitions().map(|(topic, partition)| (topic, partition.index)).collect();
    while !plan.shared.is_stopped() {
        let subscription = Subscription { topics: &plan.topics, partitions: &partitions };
        let ended = be_member(&plan, &consumer, group, &membership, &subscription).await;
        if let Err(error) = ended {
            consumer.borrow_mut().error(match &error {
                Error::Refused { code, .. } => code.name(),
                _ => "connection",
            });
            sleep(RETRY_WAIT).await;
        }
    }
    membership.left.notify();
}

/// Joins and stays until the run stops; a lost coordinator is an error.
async fn be_member(
    plan: &Plan,
    consumer: &Rc<RefCell<Consumer>>,
    group: usize,
    membership: &Membership,
    subscription: &Subscription<'_>,
) -> Result<()> {
    let settings = &plan.workload.consumers;
    let session = Duration::from_millis(settings.session_timeout_ms);
    let mut cluster = Cluster::connect(&plan.bootstrap, plan.timeout).await?;
    let mut member = Member::connect(&mut cluster, &name(plan, group), session).await?;
    drop(cluster);
    let commit_ns = settings.commit_interval_ms as Nanos * MILLISECOND;
    loop {
        let mine = match member.join(subscription).await {
            Ok(mine) => mine,
            Err(error) if asks_to_join(&error) => {
                if plan.shared.is_stopped() {
                    return Ok(());
                }
                sleep(RETRY_WAIT).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        let committed =
            if mine.is_empty() { Positions::new() } else { member.committed(&mine, &plan.topics).await? };
        Consumer::assign(consumer, &mine, &committed);
        membership.partitions.set(Some(mine.len()));
        let now = plan.clock.now();
        let (mut beat_at, mut commit_at) = (now + HEARTBEAT_NS, now + commit_ns);
        let ended = loop {
            sleep(plan.clock.until(beat_at.min(commit_at).min(plan.clock.now() + LOOK_NS))).await;
            let now = plan.clock.now();
            if plan.shared.is_stopped() {
                // The group goes with the run: whatever these say, it is over.
                let _ = commit(&mut member, consumer, plan).await;
                let _ = member.leave().await;
                return Ok(());
            }
            if now >= commit_at {
                commit_at = now + commit_ns;
                if let Err(error) = commit(&mut member, consumer, plan).await {
                    break error;
                }
            }
            if now >= beat_at {
                beat_at = now + HEARTBEAT_NS;
                if let Err(error) = member.heartbeat().await {
                    break error;
                }
            }
        };
        if !asks_to_join(&ended) {
            return Err(ended);
        }
        // Whoever gets these partitions reads on from here. Too late, it reads some again.
        let _ = commit(&mut member, consumer, plan).await;
    }
}

async fn commit(member: &mut Member, consumer: &RefCell<Consumer>, plan: &Plan) -> Result<()> {
    let positions = consumer.borrow().positions();
    if positions.is_empty() { Ok(()) } else { member.commit(&positions, &plan.topics).await }
}

/// Whether the group changed, or forgot this member.
fn asks_to_join(error: &Error) -> bool {
    matches!(
        error,
        Error::Refused {
            code: ErrorCode::REBALANCE_IN_PROGRESS
                | ErrorCode::ILLEGAL_GENERATION
                | ErrorCode::UNKNOWN_MEMBER_ID
                | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
            ..
        }
    )
}
