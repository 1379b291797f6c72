//! Random histories of members that join, sync, commit, leave and fall silent, with restarts of the coordinator.

use super::{World, joins};
use crate::Waiter;
use crate::classic::State;
use ottla_protocol::{ErrorCode, Seed};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
struct Consumer {
    member_id: String,
    generation: i32,
    joining: Option<Waiter>,
    syncing: Option<(Waiter, Vec<u8>)>,
    /// Who the leader has to assign to.
    leads: Vec<String>,
    assignment: Option<Vec<u8>>,
}

impl Consumer {
    fn step(&mut self, world: &mut World, next: i64) {
        if let Some(waiter) = self.joining {
            let Some(response) = world.joined(waiter) else { return };
            self.joining = None;
            match ErrorCode(response.error_code) {
                ErrorCode::NONE => {
                    self.generation = response.generation_id;
                    self.leads = response.members.iter().map(|member| member.member_id.to_string()).collect();
                    self.sync(world);
                }
                ErrorCode::MEMBER_ID_REQUIRED => self.member_id = response.member_id.into_owned(),
                ErrorCode::UNKNOWN_MEMBER_ID => self.member_id.clear(),
                _ => {}
            }
            return;
        }
        if let Some((waiter, _)) = &self.syncing {
            let Some(response) = world.synced(*waiter) else { return };
            self.syncing = None;
            if response.error_code == 0 {
                self.assignment = Some(response.assignment.to_vec());
            }
            return;
        }
        if self.assignment.is_none() {
            self.joining = Some(world.join(&joins(&self.member_id)));
            return;
        }
        let code = match next % 3 {
            0 => world.commit(&self.member_id, self.generation, "t", next),
            _ => world.heartbeat(&self.member_id, self.generation),
        };
        if code != ErrorCode::NONE {
            self.assignment = None;
            if code == ErrorCode::UNKNOWN_MEMBER_ID {
                self.member_id.clear();
            }
        }
    }

    fn sync(&mut self, world: &mut World) {
        let generation = self.generation.to_string();
        let assigned: Vec<(&str, &[u8])> =
            self.leads.iter().map(|id| (id.as_str(), generation.as_bytes())).collect();
        let waiter = world.sync(&self.member_id, self.generation, &assigned);
        self.syncing = Some((waiter, generation.into_bytes()));
    }
}

fn check(world: &World, consumers: &[Consumer], committed: &mut BTreeMap<i32, i64>) {
    // Whoever believes to be in the group's generation has what that generation's leader gave it.
    for consumer in consumers {
        let Some(assignment) = &consumer.assignment else { continue };
        assert_eq!(assignment, consumer.generation.to_string().as_bytes());
    }
    let loaded = world.reloaded();
    let (ours, theirs) = (world.shard.offsets("g"), loaded.shard.offsets("g"));
    assert_eq!(ours.filter(|offsets| !offsets.is_empty()), theirs.filter(|offsets| !offsets.is_empty()));
    if let Some(group) = world.group() {
        assert_eq!(group.joining_count, group.members().filter(|member| member.joining.is_some()).count());
        let bytes: usize = group.members().map(crate::classic::Member::bytes).sum();
        assert_eq!(group.bytes, bytes);
        if group.state() == State::Stable {
            let stored = loaded.group().expect("a stable group is stored");
            assert_eq!(stored.generation(), group.generation());
            for (ours, theirs) in group.members().zip(stored.members()) {
                assert_eq!((&ours.id, &ours.assignment), (&theirs.id, &theirs.assignment));
            }
        }
        let last = committed.entry(0).or_insert(-1);
        assert!(group.generation() >= i32::try_from(*last).unwrap_or(-1), "generations rise");
        *last = i64::from(group.generation());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_history_keeps_what_it_promises(seed in any::<u64>()) {
        let mut seed = Seed::new(seed);
        let mut world = World::new();
        let mut consumers = vec![Consumer::default(); 1 + seed.below(5)];
        let mut generations = BTreeMap::new();
        for next in 0..400 {
            match seed.below(40) {
                0 => {
                    let index = seed.below(consumers.len());
                    if let Some(consumer) = consumers.get_mut(index) {
                        world.leave(&consumer.member_id, None);
                        *consumer = Consumer::default();
                    }
                }
                // A crash: what waits is answered by nobody, and the coordinator starts from its records.
                1 => {
                    world = world.reloaded();
                    generations.clear();
                    for consumer in &mut consumers {
                        (consumer.joining, consumer.syncing) = (None, None);
                        consumer.assignment = None;
                    }
                }
                2 => world.pass(seed.below(15_000) as i64),
                3..8 => world.pass(seed.below(2_000) as i64),
                _ => {
                    let index = seed.below(consumers.len());
                    if let Some(consumer) = consumers.get_mut(index) {
                        consumer.step(&mut world, next);
                    }
                }
            }
            check(&world, &consumers, &mut generations);
        }
    }
}
