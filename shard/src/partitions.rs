//! The partitions that one core hosts.

use crate::partition::Partition;
use ottla_log::{Error, Health};
use ottla_protocol::{ErrorCode, Uuid};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Where a hosted partition is on its way.
///
/// ```text
/// (absent) ─► Opening ─► Online ─► (absent)
///                └─────► Offline ─► Opening …
/// ```
#[derive(Clone)]
pub enum Hosted {
    Opening,
    Online(Rc<Partition>),
    /// The log could not be opened. One that fails later stays `Online`, with a log whose health says why.
    Offline(Error),
}

/// Partitions by their state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    pub opening: usize,
    pub online: usize,
    /// Those whose log could not be opened, failed, or is closed.
    pub offline: usize,
}

/// One per core.
#[derive(Default)]
pub struct Partitions(RefCell<HashMap<(Uuid, i32), Hosted>>);

impl Partitions {
    pub fn new() -> Partitions {
        Partitions::default()
    }

    /// The partition, ready to be used.
    /// # Errors
    /// NOT_LEADER_OR_FOLLOWER while it is not hosted here or being opened, which makes clients look again (whether
    /// the topic exists is the image's to say, before); KAFKA_STORAGE_ERROR when its log is offline.
    pub fn get(&self, topic_id: Uuid, partition: i32) -> Result<Rc<Partition>, ErrorCode> {
        match self.0.borrow().get(&(topic_id, partition)) {
            Some(Hosted::Online(hosted)) => match hosted.log().health() {
                Health::Offline(Error::Closed { .. }) => Err(ErrorCode::NOT_LEADER_OR_FOLLOWER),
                Health::Offline(_) => Err(ErrorCode::KAFKA_STORAGE_ERROR),
                Health::Online => Ok(hosted.clone()),
            },
            Some(Hosted::Offline(_)) => Err(ErrorCode::KAFKA_STORAGE_ERROR),
            Some(Hosted::Opening) | None => Err(ErrorCode::NOT_LEADER_OR_FOLLOWER),
        }
    }

    /// Where it is on its way; `None` when it is not hosted here.
    pub fn state(&self, topic_id: Uuid, partition: i32) -> Option<Hosted> {
        self.0.borrow().get(&(topic_id, partition)).cloned()
    }

    /// Notes where it is now; returns where it was.
    pub fn set(&self, topic_id: Uuid, partition: i32, hosted: Hosted) -> Option<Hosted> {
        let before = self.0.borrow_mut().insert((topic_id, partition), hosted);
        tell_watchers(before.as_ref());
        before
    }

    /// It is not hosted here any more.
    pub fn remove(&self, topic_id: Uuid, partition: i32) -> Option<Hosted> {
        let before = self.0.borrow_mut().remove(&(topic_id, partition));
        tell_watchers(before.as_ref());
        before
    }

    /// All of them, in the order of their keys, so that what is done with each comes in the same order in every run of
    /// one seed; copied, so that the caller may wait between them.
    pub fn all(&self) -> Vec<((Uuid, i32), Hosted)> {
        let mut all: Vec<_> = self.0.borrow().iter().map(|(key, hosted)| (*key, hosted.clone())).collect();
        all.sort_by_key(|(key, _)| *key);
        all
    }

    /// How many are in which state.
    pub fn census(&self) -> Census {
        let mut census = Census::default();
        for hosted in self.0.borrow().values() {
            match hosted {
                Hosted::Opening => census.opening += 1,
                Hosted::Online(partition) if partition.log().is_online() => census.online += 1,
                Hosted::Online(_) | Hosted::Offline(_) => census.offline += 1,
            }
        }
        census
    }

    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Whoever waits at the partition that was here has to look again.
fn tell_watchers(before: Option<&Hosted>) {
    if let Some(Hosted::Online(partition)) = before {
        partition.watchers().end_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partition::tests::{directory, on_shard, open};

    /// Each state has its code, and a closed partition sends its clients on.
    #[test]
    fn a_partition_is_found_only_while_it_can_be_used() {
        let data = directory();
        let path = data.path().to_owned();
        on_shard(move || {
            let path = path.clone();
            async move {
                let partitions = Partitions::new();
                let id = Uuid([7; 16]);
                let code = |index| partitions.get(id, index).map(|_| ()).unwrap_err();
                assert_eq!(code(3), ErrorCode::NOT_LEADER_OR_FOLLOWER);
                partitions.set(id, 3, Hosted::Opening);
                assert_eq!(code(3), ErrorCode::NOT_LEADER_OR_FOLLOWER);
                let reason = Error::Offline { dir: path.clone(), reason: "a test".to_owned() };
                partitions.set(id, 3, Hosted::Offline(reason));
                assert_eq!(code(3), ErrorCode::KAFKA_STORAGE_ERROR);
                let partition = open(&path).await;
                partitions.set(id, 3, Hosted::Online(partition.clone()));
                assert!(Rc::ptr_eq(&partitions.get(id, 3).unwrap(), &partition));
                assert_eq!(code(4), ErrorCode::NOT_LEADER_OR_FOLLOWER);
                partitions.set(id, 5, Hosted::Opening);
                assert_eq!(partitions.census(), Census { opening: 1, online: 1, offline: 0 });
                partitions.remove(id, 5);
                partition.close().await.unwrap();
                assert_eq!(code(3), ErrorCode::NOT_LEADER_OR_FOLLOWER);
                assert_eq!(partitions.census(), Census { opening: 0, online: 0, offline: 1 });
                partitions.remove(id, 3);
                assert!(partitions.is_empty());
            }
        });
    }
}
