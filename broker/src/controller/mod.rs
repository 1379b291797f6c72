//! The controller: a Raft group of one voter, by openraft, whose committed records make the cluster's image.
//!
//! Lives on shard 0 in class Control. Its log is one file of framed records (`ottla-metadata.log`) and one snapshot
//! (`ottla-metadata.snapshot`), both plain files in the metadata log directory: Kafka's tools read every directory
//! there as a partition and leave plain files alone.
//!
//! ```text
//! submit(decision) ─▶ queue ─▶ decide on the newest image ─▶ one entry per round ─▶ log file, durable
//!                                                                                     │ committed
//!            reply ◀─ Arc<Image> ◀──────────────────── apply ◀────────────────────────┘
//! ```
//! Only this folder names openraft, and it neither stores nor sends openraft's types: `frozen` does that.

mod channel;
mod frames;
mod frozen;
mod log_file;
mod log_store;
pub mod meta_properties;
mod network;
mod proposals;
mod runtime;
mod state_machine;
#[cfg(test)]
mod tests;
mod types;

pub use meta_properties::MetaProperties;
pub use state_machine::Subscription;

use log_store::LogStore;
use openraft::ServerState;
use openraft::async_runtime::WatchReceiver;
use openraft::impls::BasicNode;
use ottla_metadata::Image;
use ottla_metadata::decide::Decision;
use ottla_metadata::id::Seed;
use state_machine::StateMachine;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

type Raft = openraft::Raft<types::Types, StateMachine>;

/// Rounds that openraft may take until a single voter leads: no timer is among them, only its own disk writes.
const LEAD_WITHIN: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What is on disk cannot be used. The text names the file.
    #[error("cannot start the controller: {0}")]
    Unusable(String),
    /// The metadata log failed. Whether the decision was committed is not known.
    #[error("the controller has stopped: {0}")]
    Stopped(String),
    /// Another node leads.
    #[error("this node is not the active controller")]
    NotController,
    /// The records of a decision contradict the image: nothing was changed.
    #[error("the decision contradicts the metadata: {0}")]
    Contradiction(String),
}

#[derive(Clone, Debug)]
pub struct Config {
    /// The metadata log directory; it exists and holds `meta.properties`.
    pub dir: PathBuf,
    pub node_id: i32,
    pub cluster_id: String,
}

/// A reply and the image from which it is true.
#[derive(Clone, Debug)]
pub struct Committed<R> {
    pub reply: R,
    pub image: Arc<Image>,
}

/// A handle; clones share one controller.
#[derive(Clone)]
pub struct Controller {
    inner: Rc<Inner>,
}

struct Inner {
    raft: Raft,
    log: LogStore,
    state_machine: StateMachine,
    proposals: proposals::Proposals,
}

impl Controller {
    /// Recovers what is in `config.dir`, or begins a new metadata log there, and takes the lead. On return
    /// [`Controller::image`] has every change that was ever acknowledged.
    /// # Errors
    /// `Unusable` when acknowledged records are damaged or missing, or belong to another cluster or node.
    pub async fn start(config: Config) -> Result<Controller, Error> {
        let unusable = |text: String| Error::Unusable(text);
        let node_id = u64::try_from(config.node_id)
            .map_err(|_| unusable(format!("node.id {} is negative", config.node_id)))?;
        let state_machine = StateMachine::open(&config.dir, &config.cluster_id)
            .await
            .map_err(|e| unusable(format!("{e}. Restore the file from a backup")))?;
        if state_machine.has_snapshot() && !log_file::exists(&config.dir).await {
            return Err(unusable(format!(
                "{} is missing although a snapshot of it is there. Restore it from a backup",
                config.dir.join(log_file::FILE_NAME).display()
            )));
        }
        let log = LogStore::open(&config.dir, &config.cluster_id, node_id)
            .await
            .map_err(|e| unusable(e.to_string()))?;
        let membership =
            log.last_membership().unwrap_or_else(|| state_machine.membership().membership().clone());
        if membership.voter_ids().eq([node_id]) {
            log.commit_all_durable();
        }
        let raft = Raft::new(node_id, raft_config()?, network::Network, log.clone(), state_machine.clone())
            .await
            .map_err(|e| unusable(e.to_string()))?;
        lead(&raft, node_id).await?;
        let proposals = proposals::start(raft.clone(), log.clone(), state_machine.clone());
        Ok(Controller { inner: Rc::new(Inner { raft, log, state_machine, proposals }) })
    }

    /// Decides on the newest image, after the decisions that were submitted before, and returns when the records are
    /// committed and applied. `decision` must be quick: it runs on the controller's core.
    ///
    /// Waits for room when many decisions are queued. Dropping the future does not take the decision back.
    /// # Errors
    /// `Stopped`, `NotController`, `Contradiction`.
    pub async fn submit<R: 'static>(
        &self,
        decision: impl FnOnce(&Arc<Image>, &mut Seed) -> Decision<R> + 'static,
    ) -> Result<Committed<R>, Error> {
        self.inner.proposals.submit(decision).await
    }

    /// The newest committed image.
    pub fn image(&self) -> Arc<Image> {
        self.inner.state_machine.image()
    }

    /// The term that it is in.
    pub fn term(&self) -> u64 {
        self.inner.raft.metrics().borrow_watched().current_term
    }

    /// Every change from now on. One that is slow to take gets several changes as one.
    pub fn subscribe(&self) -> Subscription {
        self.inner.state_machine.subscribe()
    }

    /// Completes with the reason when the metadata log can no longer be written. The broker then has to stop.
    pub async fn failure(&self) -> String {
        self.inner.log.failure().await
    }

    /// Stops taking decisions and closes the log. Everything acknowledged is on disk before and after.
    pub async fn stop(&self) {
        self.inner.proposals.close();
        if let Err(error) = self.inner.raft.shutdown().await {
            tracing::warn!(%error, "the controller did not end in order");
        }
        self.inner.log.close();
        self.inner.state_machine.close();
    }
}

fn raft_config() -> Result<Arc<openraft::Config>, Error> {
    let config = openraft::Config {
        cluster_name: "ottla".into(),
        heartbeat_interval: 500,
        election_timeout_min: 1500,
        election_timeout_max: 3000,
        enable_pre_vote: Some(true),
        // A single voter needs no clock: it asks to be elected itself, and an idle controller never wakes.
        enable_tick: false,
        // `proposals` asks for snapshots by bytes; what is in one is not kept in the log too.
        snapshot_policy: openraft::SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: 0,
        ..openraft::Config::default()
    };
    Ok(Arc::new(config.validate().map_err(|e| Error::Unusable(e.to_string()))?))
}

/// Makes the one voter the leader, without waiting for a timer.
async fn lead(raft: &Raft, node_id: u64) -> Result<(), Error> {
    let unusable = |text: String| Error::Unusable(text);
    if !raft.is_initialized().await.map_err(|e| unusable(e.to_string()))? {
        let voters = BTreeMap::from([(node_id, BasicNode::new(""))]);
        raft.initialize(voters).await.map_err(|e| unusable(e.to_string()))?;
    }
    // One that led before it ended leads again at once, in the same term.
    if raft.current_leader().await != Some(node_id) {
        raft.trigger().elect(false).await.map_err(|e| unusable(e.to_string()))?;
    }
    let wait = raft.wait(Some(LEAD_WITHIN));
    wait.state(ServerState::Leader, "lead").await.map_err(|e| unusable(e.to_string()))?;
    Ok(())
}
