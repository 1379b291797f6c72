//! PURE. A consumer's side of a fetch session (KIP-227): the first request names every partition, later ones those whose position moved.

use ottla_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Where a partition is read next, by topic index and partition.
pub type Positions = BTreeMap<(usize, i32), i64>;

#[derive(Debug, Default)]
pub struct Session {
    id: i32,
    epoch: i32,
    /// Positions that the broker knows.
    told: Positions,
}

/// What a request has to say.
pub struct Ask<'a> {
    pub session_id: i32,
    pub session_epoch: i32,
    pub topics: Vec<FetchTopic<'a>>,
    pub forgotten: Vec<ForgottenTopic<'a>>,
}

impl Session {
    /// The next request for `positions`. `topics` are names by index.
    pub fn ask<'a>(&mut self, positions: &Positions, partition_bytes: i32, topics: &'a [String]) -> Ask<'a> {
        let name = |topic: usize| Cow::Borrowed(topics.get(topic).map_or("", String::as_str));
        let mut named: Vec<FetchTopic<'a>> = Vec::new();
        let mut last = None;
        for (&(topic, partition), &offset) in positions {
            if self.told.get(&(topic, partition)) == Some(&offset) {
                continue;
            }
            if last != Some(topic) {
                last = Some(topic);
                named.push(FetchTopic { topic: name(topic), ..Default::default() });
            }
            if let Some(topic) = named.last_mut() {
                topic.partitions.push(FetchPartition {
                    partition,
                    current_leader_epoch: -1,
                    fetch_offset: offset,
                    last_fetched_epoch: -1,
                    log_start_offset: -1,
                    partition_max_bytes: partition_bytes,
                    ..Default::default()
                });
            }
        }
        let forgotten = self.told.keys().filter(|key| !positions.contains_key(key));
        let forgotten = forgotten.map(|(topic, partition)| ForgottenTopic {
            topic: name(*topic),
            partitions: vec![*partition],
            ..Default::default()
        });
        let ask = Ask {
            session_id: self.id,
            session_epoch: self.epoch,
            topics: named,
            forgotten: if self.id == 0 { Vec::new() } else { forgotten.collect() },
        };
        self.told.clone_from(positions);
        ask
    }

    /// The answer named the session; 0 when the broker keeps none.
    pub fn answered(&mut self, session_id: i32) {
        if session_id == 0 {
            return self.reset();
        }
        self.id = session_id;
        // Epochs go on at 1 after the largest one.
        self.epoch = if self.epoch == i32::MAX { 1 } else { self.epoch + 1 };
    }

    /// A partition's answer was an error: it is named again in the next request.
    pub fn again(&mut self, topic: usize, partition: i32) {
        self.told.remove(&(topic, partition));
    }

    /// Begins a new session.
    pub fn reset(&mut self) {
        *self = Session::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(ask: &Ask<'_>) -> Vec<(i32, i64)> {
        ask.topics
            .iter()
            .flat_map(|topic| &topic.partitions)
            .map(|partition| (partition.partition, partition.fetch_offset))
            .collect()
    }

    /// First everything, then what moved, and what went away is forgotten.
    #[test]
    fn only_what_moved_is_named() {
        let topics = ["a".to_owned()];
        let mut session = Session::default();
        let mut positions = Positions::from([((0, 0), 5), ((0, 1), 7)]);
        let ask = session.ask(&positions, 1, &topics);
        assert_eq!((ask.session_id, ask.session_epoch, named(&ask)), (0, 0, vec![(0, 5), (1, 7)]));
        session.answered(99);
        positions.insert((0, 1), 8);
        let ask = session.ask(&positions, 1, &topics);
        assert_eq!((ask.session_id, ask.session_epoch, named(&ask)), (99, 1, vec![(1, 8)]));
        session.answered(99);
        positions.remove(&(0, 0));
        session.again(0, 1);
        let ask = session.ask(&positions, 1, &topics);
        assert_eq!((ask.session_epoch, named(&ask)), (2, vec![(1, 8)]));
        assert_eq!(ask.forgotten.iter().map(|topic| topic.partitions.clone()).collect::<Vec<_>>(), [vec![0]]);
    }

    /// A broker without sessions is told everything each time.
    #[test]
    fn without_a_session_everything_is_named() {
        let topics = ["a".to_owned()];
        let mut session = Session::default();
        let positions = Positions::from([((0, 0), 5)]);
        for _ in 0..2 {
            assert_eq!(named(&session.ask(&positions, 1, &topics)), [(0, 5)]);
            session.answered(0);
        }
    }
}
