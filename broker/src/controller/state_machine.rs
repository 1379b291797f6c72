//! openraft's state machine: the newest committed image, and its snapshot file.
//!
//! A snapshot is the image encoded behind a head that says up to which entry it goes:
//! `SnapshotHead envelope | Image envelope`, in one file that is replaced as a whole.

use super::frozen::SnapshotHead;
use super::types::{Applied, LogId, Snapshot, SnapshotMeta, StoredMembership, Types};
use futures_util::{Stream, TryStreamExt};
use openraft::EntryPayload;
use openraft::entry::RaftEntry;
use openraft::storage::{EntryResponder, RaftSnapshotBuilder, RaftStateMachine};
use ottla_io::local::Event as Signal;
use ottla_io::{file, task};
use ottla_metadata::envelope::{self, Kind};
use ottla_metadata::{Changes, Delta, Image, encoding};
use std::cell::{Cell, RefCell};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};
use std::sync::Arc;

/// A plain file, as the log is: see `log_file`.
pub(super) const FILE_NAME: &str = "ottla-metadata.snapshot";
const VERSION: u16 = 0;
/// Ten million partitions at some 200 bytes each would be 2 GB; the protocol's own limits end long before.
const FILE_BYTES_MAX: usize = 1 << 31;

#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} is damaged: {source}")]
    Damaged { path: PathBuf, source: envelope::Error },
    #[error("{path} belongs to cluster {cluster_id}")]
    Foreign { path: PathBuf, cluster_id: String },
}

/// Clones share one state.
#[derive(Clone)]
pub(super) struct StateMachine {
    shared: Rc<Shared>,
}

struct Shared {
    path: PathBuf,
    image: RefCell<Arc<Image>>,
    last_applied: Cell<Option<LogId>>,
    membership: RefCell<StoredMembership>,
    snapshot: RefCell<Option<(SnapshotMeta, Arc<Image>)>>,
    /// Bytes of the newest snapshot's file.
    snapshot_len: Cell<u64>,
    subscribers: RefCell<Vec<Weak<Pending>>>,
}

/// What one subscriber has not yet taken: changes that it was too slow for are one, so the queue's bound is one.
#[derive(Default)]
struct Pending {
    news: RefCell<Option<(Arc<Image>, Changes)>>,
    arrived: Signal,
    closed: Cell<bool>,
}

/// Each committed image, with what differs from the one that was taken before.
pub struct Subscription {
    pending: Rc<Pending>,
}

impl Subscription {
    /// Waits for a newer image. `None` when the controller has stopped.
    pub async fn next(&mut self) -> Option<(Arc<Image>, Changes)> {
        loop {
            let arrived = self.pending.arrived.wait();
            if let Some(news) = self.pending.news.borrow_mut().take() {
                return Some(news);
            }
            if self.pending.closed.get() {
                return None;
            }
            arrived.await;
        }
    }
}

impl StateMachine {
    /// Loads the snapshot in `dir`, if there is one.
    pub(super) async fn open(dir: &Path, cluster_id: &str) -> Result<StateMachine, OpenError> {
        let path = dir.join(FILE_NAME);
        let damaged = |source| OpenError::Damaged { path: path.clone(), source };
        let mut image = Arc::new(Image::new(cluster_id));
        let (mut membership, mut last_applied, mut snapshot) = (StoredMembership::default(), None, None);
        let mut snapshot_len = 0;
        match file::read(&path, FILE_BYTES_MAX).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(OpenError::Io { path, source }),
            Ok(bytes) => {
                let opened = envelope::open(&bytes, Kind::SnapshotHead, VERSION).map_err(damaged)?;
                let head = SnapshotHead::decode(opened.payload).map_err(damaged)?;
                image = Arc::new(encoding::decode_image(opened.rest).map_err(damaged)?);
                if image.cluster_id() != cluster_id {
                    let cluster_id = image.cluster_id().to_owned();
                    return Err(OpenError::Foreign { path, cluster_id });
                }
                last_applied = head.last.map(LogId::from);
                membership = head.voters().map_err(damaged)?;
                let meta = SnapshotMeta { last_log_id: last_applied, last_membership: membership.clone() };
                snapshot = Some((meta, image.clone()));
                snapshot_len = bytes.len() as u64;
            }
        }
        let shared = Shared {
            path,
            image: RefCell::new(image),
            last_applied: Cell::new(last_applied),
            membership: RefCell::new(membership),
            snapshot: RefCell::new(snapshot),
            snapshot_len: Cell::new(snapshot_len),
            subscribers: RefCell::default(),
        };
        Ok(StateMachine { shared: Rc::new(shared) })
    }

    pub(super) fn image(&self) -> Arc<Image> {
        self.shared.image.borrow().clone()
    }

    pub(super) fn membership(&self) -> StoredMembership {
        self.shared.membership.borrow().clone()
    }

    pub(super) fn has_snapshot(&self) -> bool {
        self.shared.snapshot.borrow().is_some()
    }

    pub(super) fn snapshot_len(&self) -> u64 {
        self.shared.snapshot_len.get()
    }

    pub(super) fn subscribe(&self) -> Subscription {
        let pending = Rc::new(Pending::default());
        self.shared.subscribers.borrow_mut().push(Rc::downgrade(&pending));
        Subscription { pending }
    }

    /// Ends all subscriptions.
    pub(super) fn close(&self) {
        for pending in self.shared.subscribers.borrow_mut().drain(..).filter_map(|weak| weak.upgrade()) {
            pending.closed.set(true);
            pending.arrived.notify_all();
        }
    }

    fn publish(&self, image: Arc<Image>, changes: Changes) {
        *self.shared.image.borrow_mut() = image.clone();
        self.shared.subscribers.borrow_mut().retain(|weak| {
            let Some(pending) = weak.upgrade() else { return false };
            let mut news = pending.news.borrow_mut();
            let merged = match news.take() {
                None => changes.clone(),
                Some((_, mut earlier)) => {
                    earlier.merge(changes.clone());
                    earlier
                }
            };
            *news = Some((image.clone(), merged));
            pending.arrived.notify_all();
            true
        });
    }
}

impl RaftStateMachine<Types> for StateMachine {
    type SnapshotData = Arc<Image>;
    type SnapshotBuilder = Builder;

    async fn applied_state(&mut self) -> io::Result<(Option<LogId>, StoredMembership)> {
        Ok((self.shared.last_applied.get(), self.membership()))
    }

    async fn apply<S>(&mut self, mut entries: S) -> io::Result<()>
    where
        S: Stream<Item = io::Result<EntryResponder<Types>>> + Unpin,
    {
        while let Some((entry, responder)) = entries.try_next().await? {
            let id = entry.log_id();
            match entry.payload {
                EntryPayload::Blank => {}
                EntryPayload::Membership(membership) => {
                    *self.shared.membership.borrow_mut() = StoredMembership::new(Some(id), membership);
                }
                EntryPayload::Normal(proposal) => {
                    let mut delta = Delta::new(self.image());
                    for record in proposal.records.iter() {
                        delta.replay(record).map_err(|e| {
                            io::Error::new(io::ErrorKind::InvalidData, format!("entry {id}: {e}"))
                        })?;
                    }
                    let (image, changes) = delta.finish(id.index);
                    self.publish(image, changes);
                }
            }
            self.shared.last_applied.set(Some(id));
            if let Some(responder) = responder {
                responder.send(Applied);
            }
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> Builder {
        Builder {
            shared: self.shared.clone(),
            meta: SnapshotMeta {
                last_log_id: self.shared.last_applied.get(),
                last_membership: self.membership(),
            },
            image: self.image(),
        }
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, image: Arc<Image>) -> io::Result<()> {
        self.shared.save(meta, &image).await?;
        let changes = Changes::between(&self.image(), &image);
        self.shared.last_applied.set(meta.last_log_id);
        *self.shared.membership.borrow_mut() = meta.last_membership.clone();
        self.publish(image, changes);
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<Snapshot>> {
        let snapshot = self.shared.snapshot.borrow();
        Ok(snapshot.as_ref().map(|(meta, image)| Snapshot { meta: meta.clone(), snapshot: image.clone() }))
    }
}

/// Writes the image as it was when the builder was made.
pub(super) struct Builder {
    shared: Rc<Shared>,
    meta: SnapshotMeta,
    image: Arc<Image>,
}

impl RaftSnapshotBuilder<Types> for Builder {
    type SnapshotData = Arc<Image>;

    async fn build_snapshot(&mut self) -> io::Result<Snapshot> {
        self.shared.save(&self.meta, &self.image).await?;
        Ok(Snapshot { meta: self.meta.clone(), snapshot: self.image.clone() })
    }
}

impl Shared {
    /// On return the snapshot's file is on stable storage.
    async fn save(&self, meta: &SnapshotMeta, image: &Arc<Image>) -> io::Result<()> {
        let head = SnapshotHead::new(meta.last_log_id.as_ref(), &meta.last_membership);
        let encoded = image.clone();
        // A large image takes longer to encode than a task's slice.
        let bytes = task::blocking(move || {
            let mut bytes = envelope::seal(Kind::SnapshotHead, VERSION, &head.encode());
            bytes.extend(encoding::encode_image(&encoded));
            bytes
        })
        .await;
        file::replace(&self.path, &bytes).await?;
        self.snapshot_len.set(bytes.len() as u64);
        *self.snapshot.borrow_mut() = Some((meta.clone(), image.clone()));
        Ok(())
    }
}
