//! What the broker keeps on each core, and how the cores reach each other and the controller.
//!
//! A [`Core`] lives on one core and is never shared: connections, partitions, budget and caches are its own. The image
//! of the cluster arrives here as an `Arc` and is swapped as a whole. Core 0 also hosts the controller.

use crate::api::fetch::session::Sessions;
use crate::api::fetch::share::Shares;
use crate::api::init_producer_id::ProducerIds;
use crate::cleaner_offsets::CleanerOffsets;
use crate::compaction::Compacting;
use crate::config::{BrokerConfig, LiveConfig};
use crate::controller::{self, Controller};
use crate::groups::Groups;
use crate::limits::Limits;
use crate::log_dirs::{LogDir, OfflineDir};
use crate::log_starts::LogStarts;
use crate::net::Connections;
use crate::openings::Openings;
use crate::publish::Published;
use crate::stats::Stats;
use ottla_io::counters::add;
use ottla_io::local::{Event, Permit, Semaphore};
use ottla_io::{ShardId, timeout};
use ottla_log::Resources;
use ottla_metadata::decide::Decision;
use ottla_metadata::id::Seed;
use ottla_metadata::{Image, Uuid};
use ottla_shard::budget::Budget;
use ottla_shard::mesh::{Call, Gone, Mesh};
use ottla_shard::{Partitions, TopicSettings, placement};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Who this broker is: settled before the first connection.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) node_id: i32,
    pub(crate) broker_epoch: i64,
    /// Those that could be used at the start, in the order of `log.dirs`: see [`Core::online_dirs`].
    pub(crate) log_dirs: Vec<LogDir>,
}

/// One core's share of the broker.
pub struct Core {
    pub(crate) mesh: Mesh<Core>,
    pub(crate) config: Arc<BrokerConfig>,
    pub(crate) limits: Limits,
    /// What of the broker's own settings can change.
    pub(crate) live: RefCell<LiveConfig>,
    pub(crate) budget: Budget,
    pub(crate) connections: Connections,
    pub(crate) partitions: Partitions,
    pub(crate) resources: Rc<Resources>,
    pub(crate) sessions: Sessions,
    /// Of fetch sessions, on whichever core they are.
    pub(crate) shares: Shares,
    pub(crate) groups: Groups,
    pub(crate) producer_ids: ProducerIds,
    pub(crate) stats: Stats,
    /// Milliseconds since 1970.
    pub(crate) began_unix_ms: i64,
    /// The broker stops: nothing new is taken, and whoever waits for data gets what is there.
    pub(crate) stopping: Event,
    is_stopping: Cell<bool>,
    /// The shard's main future may end.
    pub(crate) ended: Event,
    identity: OnceCell<Arc<Identity>>,
    image: RefCell<Arc<Image>>,
    pub(crate) settings: RefCell<HashMap<Uuid, Rc<TopicSettings>>>,
    /// Core 0's alone.
    pub(crate) controller: RefCell<Option<Controller>>,
    pub(crate) published: Published,
    pub(crate) openings: Openings,
    /// Core 0's alone.
    pub(crate) log_starts: LogStarts,
    /// Core 0's alone.
    pub(crate) cleaner_offsets: CleanerOffsets,
    pub(crate) compacting: Compacting,
    /// Core 0's alone: who writes the recovery points and high watermarks holds its only unit.
    pub(crate) checkpoint_files: Semaphore,
    /// Data directories that failed, at the start or since: see [`crate::log_dirs`].
    pub(crate) offline_dirs: RefCell<Vec<OfflineDir>>,
    /// Core 0's alone: why the process has to end.
    broken: RefCell<Option<String>>,
    broke: Event,
    /// Data directories that have no more room than the reserve: see [`crate::disk_space`].
    pub(crate) short_dirs: RefCell<Vec<PathBuf>>,
    accept_warned: Cell<Option<ottla_io::Instant>>,
}

/// Waiting for memory this long means that somebody holds it without moving.
const BUDGET_PATIENCE: Duration = Duration::from_secs(1);

impl Core {
    pub(crate) fn new(mesh: Mesh<Core>, config: Arc<BrokerConfig>) -> Rc<Core> {
        let shards = mesh.shard_count();
        let limits = Limits::of(&config, shards);
        let image = Arc::new(Image::new(""));
        Rc::new(Core {
            live: RefCell::new(LiveConfig::of(&config, &image)),
            budget: Budget::new(limits.memory_bytes),
            resources: Resources::new(limits.log_resources()),
            sessions: Sessions::new(limits.fetch_sessions_max, mesh.shard().0.into(), shards),
            shares: Shares::default(),
            producer_ids: ProducerIds::default(),
            stats: Stats::default(),
            groups: Groups::default(),
            began_unix_ms: ottla_io::unix_millis(),
            connections: Connections::default(),
            partitions: Partitions::default(),
            stopping: Event::new(),
            is_stopping: Cell::new(false),
            identity: OnceCell::new(),
            ended: Event::new(),
            image: RefCell::new(image),
            limits,
            settings: RefCell::default(),
            controller: RefCell::default(),
            published: Published::default(),
            openings: Openings::default(),
            log_starts: LogStarts::default(),
            cleaner_offsets: CleanerOffsets::default(),
            compacting: Compacting::default(),
            checkpoint_files: Semaphore::new(1),
            short_dirs: RefCell::default(),
            offline_dirs: RefCell::default(),
            broken: RefCell::default(),
            broke: Event::new(),
            accept_warned: Cell::new(None),
            mesh,
            config,
        })
    }

    /// # Panics
    /// Before the identity is settled: no request can come then.
    pub(crate) fn identity(&self) -> &Arc<Identity> {
        match self.identity.get() {
            Some(identity) => identity,
            None => unreachable!("the identity is settled before connections are taken"),
        }
    }

    /// `offline`: the directories that could not be used at the start.
    pub(crate) fn settle(&self, identity: Arc<Identity>, offline: Vec<OfflineDir>) {
        *self.offline_dirs.borrow_mut() = offline;
        // A second one would be the same.
        let _ = self.identity.set(identity);
    }

    pub(crate) fn node_id(&self) -> i32 {
        self.identity().node_id
    }

    /// The newest image that this core has followed.
    pub(crate) fn image(&self) -> Arc<Image> {
        self.image.borrow().clone()
    }

    pub(crate) fn set_image(&self, image: Arc<Image>) {
        *self.image.borrow_mut() = image;
    }

    /// The settings of a topic that the image has.
    pub(crate) fn topic_settings(&self, topic: Uuid) -> Option<Rc<TopicSettings>> {
        self.settings.borrow().get(&topic).cloned()
    }

    /// The core that owns a partition.
    pub(crate) fn owner(&self, topic: Uuid, partition: i32) -> ShardId {
        placement::owner(topic, partition, self.mesh.shard_count())
    }

    /// Runs `work` on core `to`: see [`Mesh::call`].
    pub(crate) fn call<R, F, Fut>(self: &Rc<Self>, to: ShardId, work: F) -> Call<Core, R, Fut>
    where
        R: Send + 'static,
        F: FnOnce(Rc<Core>) -> Fut + Send + 'static,
        Fut: Future<Output = R> + 'static,
    {
        self.mesh.call(to, self, work)
    }

    /// Lets the controller decide. Returns when the records are committed and every core has followed them, so that
    /// what was created can be used by the next request.
    /// # Errors
    /// As [`Controller::submit`].
    pub(crate) async fn decide<R: Send + 'static>(
        self: &Rc<Self>,
        decision: impl FnOnce(&Arc<Image>, &mut Seed) -> Decision<R> + Send + 'static,
    ) -> Result<R, controller::Error> {
        let call = self.call(ShardId(0), move |core| async move {
            let controller = core.controller.borrow().clone();
            let controller =
                controller.ok_or_else(|| controller::Error::Stopped("the broker stops".into()))?;
            let committed = controller.submit(decision).await?;
            core.published.wait(committed.image.offset()).await;
            Ok(committed.reply)
        });
        call.await.unwrap_or_else(|Gone| Err(controller::Error::Stopped("its core has stopped".into())))
    }

    /// On core 0: the process ends for this reason.
    pub(crate) fn cannot_go_on(&self, reason: String) {
        self.broken.borrow_mut().get_or_insert(reason);
        self.broke.notify_all();
    }

    /// On core 0: ends with the reason when the process cannot go on.
    pub(crate) async fn why_broken(&self) -> String {
        loop {
            let broke = self.broke.wait();
            if let Some(reason) = self.broken.borrow().clone() {
                return reason;
            }
            broke.await;
        }
    }

    pub(crate) fn stop(&self) {
        self.is_stopping.set(true);
        self.stopping.notify_all();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.get()
    }

    /// Memory for `bytes` of a request of `frame_bytes`, waited for in line. Those that hold memory and do not move have
    /// to go first.
    pub(crate) async fn admit_request(&self, frame_bytes: usize, bytes: usize) -> Permit {
        match self.budget.try_admit_request(frame_bytes, bytes) {
            Some(permit) => permit,
            None => {
                add(&self.stats.net.request_memory_waits, 1);
                self.shedding(self.budget.admit_request(frame_bytes, bytes)).await
            }
        }
    }

    /// Memory for a response of up to `bytes`, as [`Core::admit_request`].
    pub(crate) async fn admit_response(&self, bytes: usize) -> Permit {
        self.shedding(self.budget.admit_response(bytes)).await
    }

    /// A connection may hold a buffer ahead of its next request only while there is plenty.
    pub(crate) fn has_request_room(&self) -> bool {
        let (requests, _) = self.budget.in_use();
        requests < self.limits.memory_bytes / 8
    }

    async fn shedding(&self, admission: impl Future<Output = Permit>) -> Permit {
        let mut admission = std::pin::pin!(admission);
        loop {
            match timeout(BUDGET_PATIENCE, admission.as_mut()).await {
                Ok(permit) => return permit,
                Err(_) => {
                    let shed = self.connections.shed_stalled();
                    add(&self.stats.net.connections_shed, shed as u64);
                }
            }
        }
    }

    /// Says why no connection could be accepted, once a second at most.
    pub(crate) fn warn_accept(&self, error: &std::io::Error) {
        let now = ottla_io::now();
        let quiet =
            self.accept_warned.get().is_some_and(|at| now.duration_since(at) < Duration::from_secs(1));
        if !quiet {
            self.accept_warned.set(Some(now));
            tracing::warn!(
                "cannot accept a connection: {error}. If these are too many open files, raise `ulimit -n`"
            );
        }
    }
}
