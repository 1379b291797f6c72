//! Fetch sessions (KIP-227): what a client asked for once and does not repeat.
//!
//! | request id, epoch | meaning |
//! | --- | --- |
//! | 0, -1 | no session |
//! | 0, 0 | make one, with all partitions of this request |
//! | N, 0 | end N and make another one |
//! | N, -1 | end N |
//! | N, E > 0 | what changed since epoch E - 1 |
//!
//! A core keeps the sessions of its own connections. The id says which core made it, so that a client that comes back
//! by another one gets FETCH_SESSION_ID_NOT_FOUND, never somebody else's session.

use super::read;
use super::standing::{PARTITIONS_MAX, PARTITIONS_MIN, Standing};
use crate::core::Core;
use ottla_io::{Instant, ShardId};
use ottla_metadata::Uuid;
use ottla_protocol::ErrorCode;
use ottla_shard::Isolation;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;

const INITIAL_EPOCH: i32 = 0;
const FINAL_EPOCH: i32 = -1;
/// Kafka's `min.incremental.fetch.session.eviction.ms`: one unused for this long makes room for another.
const EVICTION: Duration = Duration::from_secs(120);

/// A partition as the client names it. By id from version 13 on, by name before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PartitionKey {
    pub(crate) topic: Rc<str>,
    pub(crate) topic_id: Uuid,
    pub(crate) index: i32,
}

/// What is asked of one partition.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) key: PartitionKey,
    pub(crate) fetch_offset: i64,
    pub(crate) bytes_max: i32,
    pub(crate) current_leader_epoch: i32,
    pub(crate) last_fetched_epoch: i32,
}

/// A partition of a session: what is asked, and what the client was last told.
#[derive(Debug)]
struct Cached {
    wanted: Wanted,
    told_high_watermark: i64,
    told_log_start: i64,
    /// The core that watches it for the session's standing.
    owner: Option<ShardId>,
}

/// A session's partitions, in the order in which they are served; those that got data go to the end. A session may
/// have thousands, so that none is searched for.
#[derive(Debug, Default)]
struct Line {
    places: HashMap<PartitionKey, u64>,
    by_place: BTreeMap<u64, Cached>,
    next_place: u64,
    /// What the session's standing has not heard of; `None` while there is none.
    unheard: Option<Unheard>,
}

/// See [`Line::unheard`].
#[derive(Debug, Default)]
struct Unheard {
    wanted: Vec<u64>,
    gone: Vec<(u64, ShardId)>,
}

impl Line {
    /// At its old place, or at the end.
    fn put(&mut self, wanted: Wanted) {
        let Some(place) = self.places.get(&wanted.key).copied() else {
            return self.push(Cached::new(wanted));
        };
        if let Some(cached) = self.by_place.get_mut(&place) {
            cached.wanted = wanted;
            if let Some(unheard) = &mut self.unheard {
                unheard.wanted.push(place);
            }
        }
    }

    fn push(&mut self, cached: Cached) {
        self.places.insert(cached.wanted.key.clone(), self.next_place);
        self.by_place.insert(self.next_place, cached);
        if let Some(unheard) = &mut self.unheard {
            unheard.wanted.push(self.next_place);
        }
        self.next_place += 1;
    }

    fn get_mut(&mut self, key: &PartitionKey) -> Option<&mut Cached> {
        self.places.get(key).and_then(|place| self.by_place.get_mut(place))
    }

    fn remove(&mut self, key: &PartitionKey) -> Option<Cached> {
        let place = self.places.remove(key)?;
        let mut cached = self.by_place.remove(&place)?;
        let owner = cached.owner.take();
        if let (Some(unheard), Some(owner)) = (&mut self.unheard, owner) {
            unheard.gone.push((place, owner));
        }
        Some(cached)
    }

    fn wanted(&self) -> impl Iterator<Item = &Wanted> {
        self.by_place.values().map(|cached| &cached.wanted)
    }
}

struct Session {
    partitions: Line,
    uses_ids: bool,
    epoch: i32,
    used: Instant,
    /// A fetch that is under way has it.
    standing: Option<Standing>,
    /// The image by which something of it is not known here: it is read whole until there is another.
    unfit: Option<u64>,
}

impl Session {
    fn drop_standing(&mut self) {
        self.standing = None;
        self.partitions.unheard = None;
    }
}

/// The sessions of one core.
pub(crate) struct Sessions {
    by_id: RefCell<HashMap<i32, Session>>,
    count_max: usize,
    shard: i32,
    shard_count: i32,
    /// Partitions of all standings of this core.
    pub(super) watched: Rc<Cell<usize>>,
    next_share: Cell<u64>,
}

/// How one request is answered.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) session_id: i32,
    /// Only what has something new is answered.
    pub(crate) incremental: bool,
    /// The session is large, and `wanted` left out: see [`Sessions::stand`].
    pub(crate) is_large: bool,
}

impl Sessions {
    pub(crate) fn count(&self) -> usize {
        self.by_id.borrow().len()
    }

    pub(crate) fn new(count_max: usize, shard: usize, shard_count: usize) -> Sessions {
        let small = |value: usize| i32::try_from(value).unwrap_or(i32::MAX);
        Sessions {
            by_id: RefCell::default(),
            count_max,
            shard: small(shard),
            shard_count: small(shard_count).max(1),
            watched: Rc::default(),
            next_share: Cell::new(0),
        }
    }

    /// What the request asks for, with what the session remembers.
    /// # Errors
    /// Top-level: FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH, FETCH_SESSION_TOPIC_ID_ERROR.
    pub(crate) fn plan(
        &self,
        id: i32,
        epoch: i32,
        uses_ids: bool,
        wanted: Vec<Wanted>,
        forgotten: &[PartitionKey],
        now: Instant,
    ) -> Result<Plan, ErrorCode> {
        let mut by_id = self.by_id.borrow_mut();
        if epoch == INITIAL_EPOCH || epoch == FINAL_EPOCH {
            by_id.remove(&id);
            let session_id = if epoch == FINAL_EPOCH {
                0
            } else {
                drop(by_id);
                self.make(&wanted, uses_ids, now)
            };
            return Ok(Plan { wanted, session_id, incremental: false, is_large: false });
        }
        let session = by_id.get_mut(&id).ok_or(ErrorCode::FETCH_SESSION_ID_NOT_FOUND)?;
        if session.epoch != epoch {
            return Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH);
        }
        if session.uses_ids != uses_ids {
            return Err(ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR);
        }
        for wanted in wanted {
            session.partitions.put(wanted);
        }
        for key in forgotten {
            session.partitions.remove(key);
            session.unfit = None;
        }
        session.used = now;
        session.epoch = session.epoch.checked_add(1).unwrap_or(1);
        if session.partitions.places.len() >= PARTITIONS_MIN {
            return Ok(Plan { wanted: Vec::new(), session_id: id, incremental: true, is_large: true });
        }
        session.drop_standing();
        let wanted = session.partitions.wanted().cloned().collect::<Vec<_>>();
        if wanted.is_empty() {
            by_id.remove(&id);
            return Ok(Plan { wanted, session_id: 0, incremental: false, is_large: false });
        }
        Ok(Plan { wanted, session_id: id, incremental: true, is_large: false })
    }

    /// All that a session asks for.
    pub(super) fn wanted(&self, id: i32) -> Vec<Wanted> {
        let by_id = self.by_id.borrow();
        by_id.get(&id).map(|session| session.partitions.wanted().cloned().collect()).unwrap_or_default()
    }

    /// The session's standing with everything in it that has changed, or a new one. `None` when something of the session
    /// cannot be watched.
    pub(super) fn stand(&self, core: &Rc<Core>, id: i32, isolation: Isolation) -> Option<Standing> {
        let image = core.image();
        let mut by_id = self.by_id.borrow_mut();
        let session = by_id.get(&id)?;
        if session.unfit == Some(image.offset()) {
            return None;
        }
        let is_new = session.standing.is_none();
        if is_new && !self.make_room(&mut by_id, id) {
            return None;
        }
        let session = by_id.get_mut(&id)?;
        let line = &mut session.partitions;
        let unheard = line.unheard.take();
        let find = |wanted: &Wanted| {
            let asked = read::resolve_one(core, &image, session.uses_ids, wanted, -1);
            asked.refused.is_none().then_some(asked)
        };
        let known = session.standing.take().filter(|standing| standing.fits(core, isolation));
        let known = known.zip(unheard).and_then(|(mut standing, mut unheard)| {
            for (place, owner) in unheard.gone {
                standing.end(place, owner);
            }
            unheard.wanted.sort_unstable();
            unheard.wanted.dedup();
            for place in unheard.wanted {
                let Some(cached) = line.by_place.get_mut(&place) else { continue };
                let asked = find(&cached.wanted)?;
                match cached.owner.replace(asked.owner) {
                    Some(_) => standing.change(place, asked),
                    None if standing.begin(core, place, asked) => {}
                    None => return None,
                }
            }
            standing.leave_idle(core);
            Some(standing)
        });
        let mut standing = match known {
            Some(standing) => standing,
            None => {
                let found: Option<Vec<_>> =
                    line.by_place.values().map(|cached| find(&cached.wanted)).collect();
                let Some(found) = found else {
                    session.unfit = Some(image.offset());
                    return None;
                };
                let mut standing = Standing::new(core, isolation);
                for ((place, cached), asked) in line.by_place.iter_mut().zip(found) {
                    cached.owner = Some(asked.owner);
                    if !standing.begin(core, *place, asked) {
                        return None;
                    }
                }
                standing
            }
        };
        line.unheard = Some(Unheard::default());
        standing.epoch = session.epoch;
        Some(standing)
    }

    /// Whether there is room for a standing of session `id`; those of sessions that are not used make it.
    fn make_room(&self, by_id: &mut HashMap<i32, Session>, id: i32) -> bool {
        let wanted = by_id.get(&id).map_or(0, |session| session.partitions.by_place.len());
        let has_room = || self.watched.get() + wanted <= PARTITIONS_MAX;
        if !has_room() {
            let now = ottla_io::now();
            let unused = |session: &&mut Session| now.duration_since(session.used) >= EVICTION;
            by_id.values_mut().filter(unused).for_each(Session::drop_standing);
        }
        has_room()
    }

    /// The session is read whole for now.
    pub(super) fn drop_standing(&self, id: i32) {
        if let Some(session) = self.by_id.borrow_mut().get_mut(&id) {
            session.drop_standing();
        }
    }

    /// The fetch that had it is answered. Another one that began meanwhile has made its own.
    pub(super) fn put_back(&self, id: i32, standing: Standing) {
        let mut by_id = self.by_id.borrow_mut();
        match by_id.get_mut(&id) {
            Some(session) if session.epoch == standing.epoch => session.standing = Some(standing),
            _ => {
                drop(by_id);
                drop(standing);
            }
        }
    }

    /// A number that no other share of this core has.
    pub(super) fn next_share(&self) -> u64 {
        self.next_share.replace(self.next_share.get() + 1)
    }

    /// Which partition is at each place; `None` where none is any more.
    pub(super) fn keys(&self, id: i32, places: impl Iterator<Item = u64>) -> Vec<Option<PartitionKey>> {
        let by_id = self.by_id.borrow();
        let line = by_id.get(&id).map(|session| &session.partitions);
        places.map(|place| Some(line?.by_place.get(&place)?.wanted.key.clone())).collect()
    }

    /// The most bytes that are wanted of each.
    pub(super) fn limits(&self, id: i32, places: impl Iterator<Item = u64>) -> Vec<i32> {
        let by_id = self.by_id.borrow();
        let line = by_id.get(&id).map(|session| &session.partitions);
        let limit = |place| Some(line?.by_place.get(&place)?.wanted.bytes_max);
        places.map(|place| limit(place).unwrap_or(0)).collect()
    }

    /// 0 when there is no room: the client goes on without a session.
    fn make(&self, wanted: &[Wanted], uses_ids: bool, now: Instant) -> i32 {
        let mut by_id = self.by_id.borrow_mut();
        if by_id.len() >= self.count_max {
            let oldest = by_id.iter().min_by_key(|(_, session)| session.used).map(|(id, s)| (*id, s.used));
            match oldest {
                Some((id, used)) if now.duration_since(used) >= EVICTION => by_id.remove(&id),
                _ => return 0,
            };
        }
        let id = loop {
            // Positive, and of this core by its remainder.
            let drawn = (ottla_io::task::random_u64() >> 33) as i32;
            let id = drawn / self.shard_count * self.shard_count;
            match id.checked_add(self.shard) {
                Some(id) if id > 0 && !by_id.contains_key(&id) => break id,
                _ => {}
            }
        };
        let mut partitions = Line::default();
        wanted.iter().cloned().for_each(|wanted| partitions.put(wanted));
        by_id.insert(id, Session { partitions, uses_ids, epoch: 1, used: now, standing: None, unfit: None });
        id
    }

    /// Notes what the client is about to be told; true when it is something new, which a full answer always is.
    pub(crate) fn tells(
        &self,
        session_id: i32,
        key: &PartitionKey,
        high_watermark: i64,
        log_start: i64,
        has_records: bool,
        has_error: bool,
    ) -> bool {
        let mut by_id = self.by_id.borrow_mut();
        let Some(session) = by_id.get_mut(&session_id) else { return true };
        let Some(cached) = session.partitions.get_mut(key) else { return true };
        let is_new = has_records
            || has_error
            || cached.told_high_watermark != high_watermark
            || cached.told_log_start != log_start;
        // After an error the next answer is news whatever it says.
        cached.told_high_watermark = if has_error { -1 } else { high_watermark };
        cached.told_log_start = log_start;
        if has_records && let Some(cached) = session.partitions.remove(key) {
            session.partitions.push(cached);
        }
        is_new
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.by_id.borrow().len()
    }
}

impl Cached {
    fn new(wanted: Wanted) -> Cached {
        Cached { wanted, told_high_watermark: -1, told_log_start: -1, owner: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(index: i32) -> PartitionKey {
        PartitionKey { topic: "t".into(), topic_id: Uuid::ZERO, index }
    }

    fn wanted(index: i32, fetch_offset: i64) -> Wanted {
        Wanted {
            key: key(index),
            fetch_offset,
            bytes_max: 100,
            current_leader_epoch: -1,
            last_fetched_epoch: -1,
        }
    }

    /// On a reactor, because ids are drawn there.
    fn on_reactor(test: impl Fn() + Clone + Send + 'static) {
        let config = ottla_io::runtime::Config { shards: 1, pin: false, ..Default::default() };
        ottla_io::runtime::run(&config, move |_: ottla_io::ShardContext<()>| {
            let test = test.clone();
            async move { test() }
        })
        .unwrap();
    }

    #[test]
    fn an_incremental_fetch_repeats_what_the_session_knows() {
        on_reactor(|| {
            let sessions = Sessions::new(10, 1, 4);
            let now = Instant(0);
            let first = sessions.plan(0, 0, false, vec![wanted(0, 5), wanted(1, 7)], &[], now).unwrap();
            assert!(!first.incremental);
            assert_eq!(first.session_id % 4, 1);
            let id = first.session_id;
            let next = sessions.plan(id, 1, false, vec![wanted(1, 9)], &[key(0)], now).unwrap();
            assert!(next.incremental);
            assert_eq!(
                next.wanted.iter().map(|w| (w.key.index, w.fetch_offset)).collect::<Vec<_>>(),
                [(1, 9)]
            );
            assert_eq!(
                sessions.plan(id, 1, false, vec![], &[], now).unwrap_err(),
                ErrorCode::INVALID_FETCH_SESSION_EPOCH
            );
            assert_eq!(
                sessions.plan(id, 2, true, vec![], &[], now).unwrap_err(),
                ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR
            );
            assert_eq!(
                sessions.plan(id + 4, 2, false, vec![], &[], now).unwrap_err(),
                ErrorCode::FETCH_SESSION_ID_NOT_FOUND
            );
            let last = sessions.plan(id, -1, false, vec![wanted(3, 0)], &[], now).unwrap();
            assert_eq!((last.session_id, last.wanted.len()), (0, 1));
            assert_eq!(sessions.len(), 0);
        });
    }

    #[test]
    fn only_news_is_told_and_data_moves_a_partition_to_the_end() {
        on_reactor(|| {
            let sessions = Sessions::new(10, 0, 1);
            let plan = sessions.plan(0, 0, false, vec![wanted(0, 0), wanted(1, 0)], &[], Instant(0)).unwrap();
            let id = plan.session_id;
            assert!(sessions.tells(id, &key(0), 4, 0, true, false));
            assert!(sessions.tells(id, &key(1), 4, 0, false, false));
            assert!(!sessions.tells(id, &key(1), 4, 0, false, false));
            assert!(sessions.tells(id, &key(1), 5, 0, false, false));
            assert!(sessions.tells(id, &key(1), -1, -1, false, true));
            assert!(sessions.tells(id, &key(1), 5, 0, false, false));
            let next = sessions.plan(id, 1, false, vec![], &[], Instant(0)).unwrap();
            assert_eq!(next.wanted.iter().map(|w| w.key.index).collect::<Vec<_>>(), [1, 0]);
        });
    }

    #[test]
    fn a_full_cache_makes_no_session_until_one_is_old() {
        on_reactor(|| {
            let sessions = Sessions::new(1, 0, 1);
            let first = sessions.plan(0, 0, false, vec![wanted(0, 0)], &[], Instant(0)).unwrap();
            assert_ne!(first.session_id, 0);
            let second = sessions.plan(0, 0, false, vec![wanted(0, 0)], &[], Instant(1)).unwrap();
            assert_eq!(second.session_id, 0);
            let later = Instant(0) + EVICTION;
            let third = sessions.plan(0, 0, false, vec![wanted(0, 0)], &[], later).unwrap();
            assert_ne!(third.session_id, 0);
            assert_eq!(sessions.len(), 1);
        });
    }
}
