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

use ottla_io::Instant;
use ottla_metadata::Uuid;
use ottla_protocol::ErrorCode;
use std::cell::RefCell;
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
}

/// A session's partitions, in the order in which they are served; those that got data go to the end. A session may
/// have thousands, so that none is searched for.
#[derive(Debug, Default)]
struct Line {
    places: HashMap<PartitionKey, u64>,
    by_place: BTreeMap<u64, Cached>,
    next_place: u64,
}

impl Line {
    /// At its old place, or at the end.
    fn put(&mut self, wanted: Wanted) {
        match self.places.get(&wanted.key).and_then(|place| self.by_place.get_mut(place)) {
            Some(cached) => cached.wanted = wanted,
            None => self.push(Cached::new(wanted)),
        }
    }

    fn push(&mut self, cached: Cached) {
        self.places.insert(cached.wanted.key.clone(), self.next_place);
        self.by_place.insert(self.next_place, cached);
        self.next_place += 1;
    }

    fn get_mut(&mut self, key: &PartitionKey) -> Option<&mut Cached> {
        self.places.get(key).and_then(|place| self.by_place.get_mut(place))
    }

    fn remove(&mut self, key: &PartitionKey) -> Option<Cached> {
        self.places.remove(key).and_then(|place| self.by_place.remove(&place))
    }

    fn wanted(&self) -> impl Iterator<Item = &Wanted> {
        self.by_place.values().map(|cached| &cached.wanted)
    }
}

#[derive(Debug)]
struct Session {
    partitions: Line,
    uses_ids: bool,
    epoch: i32,
    used: Instant,
}

/// The sessions of one core.
pub(crate) struct Sessions {
    by_id: RefCell<HashMap<i32, Session>>,
    count_max: usize,
    shard: i32,
    shard_count: i32,
}

/// How one request is answered.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) session_id: i32,
    /// Only what has something new is answered.
    pub(crate) incremental: bool,
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
            return Ok(Plan { wanted, session_id, incremental: false });
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
        }
        session.used = now;
        session.epoch = session.epoch.checked_add(1).unwrap_or(1);
        let wanted = session.partitions.wanted().cloned().collect::<Vec<_>>();
        if wanted.is_empty() {
            by_id.remove(&id);
            return Ok(Plan { wanted, session_id: 0, incremental: false });
        }
        Ok(Plan { wanted, session_id: id, incremental: true })
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
        by_id.insert(id, Session { partitions, uses_ids, epoch: 1, used: now });
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
        Cached { wanted, told_high_watermark: -1, told_log_start: -1 }
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
