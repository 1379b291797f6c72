//! Fetches of large sessions: what they cost follows what has changed, not what the session holds.
//!
//! ```text
//! request ─▶ session: changed wishes ─▶ owners: shares, read what is due ─▶ enough? ─▶ what is news
//!                ▲                            │ no        ▲
//!                └── the standing goes back   └─ parked ──┘ woken by what is armed
//! ```
//! While a fetch is under way it holds its session's [`Standing`]. When it ends without an answer, or another fetch of
//! the session began meanwhile, the standing is dropped with it, and the next fetch looks at everything again. So does
//! one with another image or another isolation. Partitions that are unknown here, shares that are lost and more
//! partitions than are watched at once lead to a plain fetch of all.

use super::read::{self, Asked, Demand, Read};
use super::session::{PartitionKey, Sessions};
use super::share::{Changes, Placed, ShareId, Told};
use super::{Gathered, WOKEN_BYTES};
use crate::core::Core;
use crate::stats::{Kind, Stage};
use futures_util::future::{Either, join_all, select, select_all};
use ottla_io::{Instant, ShardId, now, recently, time};
use ottla_shard::Isolation;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::pin::pin;
use std::rc::{Rc, Weak};

/// From so many partitions on a session has a standing: below, reading all of them costs less than knowing which.
pub(super) const PARTITIONS_MIN: usize = 16;
/// Partitions of all sessions of a core's connections together. At about 250 bytes each with their owners this is
/// 25 MB a core; a session beyond it is read whole each time.
pub(super) const PARTITIONS_MAX: usize = 100_000;

/// A session's shares at the owners. Dropping it ends them.
pub(crate) struct Standing {
    core: Weak<Core>,
    owners: Vec<Owner>,
    /// The image by which the partitions were found.
    image_offset: u64,
    isolation: Isolation,
    /// The session's, when this fetch began.
    pub(super) epoch: i32,
    counted: Counted,
}

struct Owner {
    shard: ShardId,
    id: ShareId,
    partitions: usize,
    /// For the next call.
    changes: Changes,
}

impl Standing {
    /// One with nothing in it.
    pub(super) fn new(core: &Rc<Core>, isolation: Isolation) -> Standing {
        Standing {
            core: Rc::downgrade(core),
            owners: Vec::new(),
            image_offset: core.image().offset(),
            isolation,
            epoch: 0,
            counted: Counted { all: core.sessions.watched.clone(), own: 0 },
        }
    }

    /// Whether what it knows still holds.
    pub(super) fn fits(&self, core: &Core, isolation: Isolation) -> bool {
        self.image_offset == core.image().offset() && self.isolation == isolation
    }

    /// Another partition. False when there is no room for it.
    pub(super) fn begin(&mut self, core: &Core, place: u64, asked: Asked) -> bool {
        let shard = asked.owner;
        let owner = match self.owners.iter_mut().position(|owner| owner.shard == shard) {
            Some(known) => self.owners.get_mut(known),
            None => {
                let id = (core.mesh.shard(), core.sessions.next_share());
                let changes = Changes { begins: Some(self.isolation), ..Changes::default() };
                self.owners.push(Owner { shard, id, partitions: 0, changes });
                self.owners.last_mut()
            }
        };
        let Some(owner) = owner else { return false };
        owner.partitions += 1;
        owner.changes.wanted.push((place, asked));
        self.counted.add()
    }

    /// Other wishes for a partition that is there.
    pub(super) fn change(&mut self, place: u64, asked: Asked) {
        if let Some(owner) = self.owners.iter_mut().find(|owner| owner.shard == asked.owner) {
            owner.changes.wanted.push((place, asked));
        }
    }

    pub(super) fn end(&mut self, place: u64, shard: ShardId) {
        if let Some(owner) = self.owners.iter_mut().find(|owner| owner.shard == shard) {
            owner.partitions -= 1;
            owner.changes.gone.push(place);
            self.counted.subtract();
        }
    }

    /// Owners share the bytes of an answer: those without partitions go.
    pub(super) fn leave_idle(&mut self, core: &Rc<Core>) {
        self.owners.retain(|owner| {
            if owner.partitions == 0 {
                end_share(core, owner);
            }
            owner.partitions > 0
        });
    }

    /// Reads until there is enough, something went wrong, or the time is up. By place. `None` when a share is lost.
    pub(super) async fn gather(
        &mut self,
        core: &Rc<Core>,
        id: i32,
        demand: &Demand,
        deadline: Instant,
        received: Instant,
    ) -> Option<Gathered<Vec<(u64, Read)>>> {
        let stages = &core.stats.stages;
        let mut parsed = None;
        // What was quiet may be news all the same, and is not read again.
        let mut quiet = BTreeMap::new();
        loop {
            let mut permit = core.admit_response(demand.bytes_max).await;
            let asked_at = now();
            if parsed.replace(asked_at).is_none() {
                stages.record(Kind::Fetch, Stage::Parsed, received, asked_at);
            }
            let (mut reads, at) = self.read_all(core, demand, asked_at).await?;
            if self.owners.len() > 1 {
                let limits = core.sessions.limits(id, reads.iter().map(|placed| placed.place));
                read::trim(reads.iter_mut().map(|placed| &mut placed.read).zip(limits), demand.bytes_max);
            }
            let bytes: usize = reads.iter().map(|placed| placed.read.bytes()).sum();
            let is_over = now() >= deadline || core.is_stopping();
            if is_over
                || bytes >= demand.bytes_min
                || reads.iter().any(|placed| placed.read.answers_at_once())
            {
                if permit.units() > bytes {
                    permit.release(permit.units() - bytes);
                }
                return Some(Gathered { reads: merge(quiet, reads), permit: Some(permit), at });
            }
            drop(permit);
            keep_quiet(&mut quiet, reads);
            let missing = demand.bytes_min - bytes;
            let (parked, parked_from) = (core.stats.park(), recently());
            let woken = {
                let (late, stopping) = (pin!(time::sleep_until(deadline)), pin!(core.stopping.wait()));
                let ended = select(late, stopping);
                let woken = pin!(self.wait_all(core, missing, demand));
                match select(woken, ended).await {
                    Either::Left((woken, _)) => woken,
                    Either::Right(_) => None,
                }
            };
            drop(parked);
            stages.record(Kind::Fetch, Stage::Parked, parked_from, recently());
            let Some(told) = woken else { continue };
            if let Some(owner) = self.owners.first_mut() {
                owner.changes.received = told.number;
            }
            if told.suffices {
                return Some(Gathered {
                    reads: merge(quiet, told.reads),
                    permit: None,
                    at: Some(told.ended),
                });
            }
            keep_quiet(&mut quiet, told.reads);
        }
    }

    /// One call per owner. In the order of places; also when the last of them had read.
    async fn read_all(
        &mut self,
        core: &Rc<Core>,
        demand: &Demand,
        asked_at: Instant,
    ) -> Option<(Vec<Placed>, Option<Instant>)> {
        let share = demand.shared_by(self.owners.len());
        let here = core.mesh.shard();
        let calls = self.owners.iter_mut().map(|owner| {
            let received = owner.changes.received;
            let changes = std::mem::replace(&mut owner.changes, Changes { received, ..Changes::default() });
            let id = owner.id;
            core.call(owner.shard, move |core| {
                // At once, so that the end of a share cannot come before its making.
                let found = core.shares.change(id, changes);
                async move {
                    let mut begun = asked_at;
                    if core.mesh.shard() != here {
                        begun = now();
                        core.stats.stages.record(Kind::Fetch, Stage::Crossed, asked_at, begun);
                    }
                    let told = found?.read(&core, &share).await;
                    core.stats.stages.record(Kind::Fetch, Stage::Read, begun, told.ended);
                    Some(told)
                }
            })
        });
        let calls: Vec<_> = calls.collect();
        let mut reads = Vec::new();
        let mut last = None;
        for (owner, result) in self.owners.iter_mut().zip(join_all(calls).await) {
            let told = result.ok().flatten()?;
            owner.changes.received = told.number;
            last = last.max(Some(told.ended));
            reads.extend(told.reads);
        }
        if self.owners.len() > 1 {
            reads.sort_by_key(|placed| placed.place);
        }
        Some((reads, last))
    }

    /// Parks at every owner until one of them has news. An only owner reads at once what may answer the request.
    async fn wait_all(&self, core: &Rc<Core>, missing: usize, demand: &Demand) -> Option<Told> {
        let is_alone = self.owners.len() == 1;
        let share = demand.at_most(WOKEN_BYTES);
        let bytes_missing = missing.div_ceil(self.owners.len().max(1));
        let calls = self.owners.iter().map(|owner| {
            let changes = Changes { received: owner.changes.received, ..Changes::default() };
            let id = owner.id;
            core.call(owner.shard, move |core| {
                let found = core.shares.change(id, changes);
                async move {
                    let found = found?;
                    found.park(&core, bytes_missing).await;
                    if !is_alone {
                        return None;
                    }
                    // The wake began this run.
                    let begun = recently();
                    let mut told = found.read(&core, &share).await;
                    core.stats.stages.record(Kind::Fetch, Stage::Read, begun, told.ended);
                    let bytes: usize = told.reads.iter().map(|placed| placed.read.bytes()).sum();
                    // What filled the share may go on: the counted read takes all of it.
                    told.suffices = bytes >= share.bytes_min && bytes < WOKEN_BYTES / 2
                        || told.reads.iter().any(|placed| placed.read.answers_at_once());
                    if !told.suffices {
                        told.reads.retain(|placed| placed.is_quiet);
                    }
                    Some(told)
                }
            })
        });
        let (first, _, _) = select_all(calls).await;
        first.ok().flatten()
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        // A process that stops takes its shares along.
        let Some(core) = self.core.upgrade().filter(|core| !core.is_stopping()) else { return };
        for owner in &self.owners {
            end_share(&core, owner);
        }
    }
}

/// A share that never began needs no end.
fn end_share(core: &Rc<Core>, owner: &Owner) {
    if owner.changes.begins.is_none() {
        let id = owner.id;
        // It runs although nobody waits for it.
        drop(core.call(owner.shard, move |core| {
            core.shares.end(id);
            std::future::ready(())
        }));
    }
}

/// Of a place that was read twice, the later read stands.
fn merge(quiet: BTreeMap<u64, Read>, reads: Vec<Placed>) -> Vec<(u64, Read)> {
    let reads = reads.into_iter().map(|placed| (placed.place, placed.read));
    if quiet.is_empty() {
        return reads.collect();
    }
    let mut all = quiet;
    all.extend(reads);
    all.into_iter().collect()
}

fn keep_quiet(quiet: &mut BTreeMap<u64, Read>, reads: Vec<Placed>) {
    for placed in reads {
        if placed.is_quiet {
            quiet.insert(placed.place, placed.read);
        } else {
            // It is read again.
            quiet.remove(&placed.place);
        }
    }
}

/// What a standing takes of [`PARTITIONS_MAX`].
struct Counted {
    all: Rc<Cell<usize>>,
    own: usize,
}

impl Counted {
    fn add(&mut self) -> bool {
        self.own += 1;
        self.all.set(self.all.get() + 1);
        self.all.get() <= PARTITIONS_MAX
    }

    fn subtract(&mut self) {
        self.own -= 1;
        self.all.set(self.all.get() - 1);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.all.set(self.all.get() - self.own);
    }
}

/// The keys of what was read, and whether all of it is still in the session.
pub(super) fn keyed(sessions: &Sessions, id: i32, reads: Vec<(u64, Read)>) -> Vec<(PartitionKey, Read)> {
    let keys = sessions.keys(id, reads.iter().map(|(place, _)| *place));
    keys.into_iter().zip(reads).filter_map(|(key, (_, read))| Some((key?, read))).collect()
}
