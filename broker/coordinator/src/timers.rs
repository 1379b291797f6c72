//! Deadlines as data: what is due, in the order of time. A shard has one for all of its groups, and so one next deadline.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What happens at a deadline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// Of a group, by its id.
    Group(Rc<str>, GroupTimer),
    /// Offsets that are kept no longer are looked for.
    ExpireOffsets,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupTimer {
    /// The member of this id was not heard of, or has not joined with the id that it was given.
    Session(Rc<str>),
    /// The join phase of a classic group ends.
    Join,
    /// The members of a classic group that have not synced since the join phase are gone.
    Sync,
}

/// Each timer is set once at most; setting it again moves it.
#[derive(Debug, Default)]
pub struct Timers {
    in_order: BTreeSet<(i64, Timer)>,
    deadlines: BTreeMap<Timer, i64>,
}

impl Timers {
    /// `at_ms` by the clock of [`Turn::now_ms`](crate::Turn::now_ms).
    pub fn set(&mut self, timer: Timer, at_ms: i64) {
        if let Some(before) = self.deadlines.insert(timer.clone(), at_ms) {
            if before == at_ms {
                return;
            }
            self.in_order.remove(&(before, timer.clone()));
        }
        self.in_order.insert((at_ms, timer));
    }

    pub fn cancel(&mut self, timer: &Timer) {
        if let Some(before) = self.deadlines.remove(timer) {
            self.in_order.remove(&(before, timer.clone()));
        }
    }

    pub fn next_deadline_ms(&self) -> Option<i64> {
        self.in_order.first().map(|(at_ms, _)| *at_ms)
    }

    /// The earliest timer whose time has come, taken out.
    pub fn pop_due(&mut self, now_ms: i64) -> Option<Timer> {
        let (at_ms, _) = self.in_order.first()?;
        if *at_ms > now_ms {
            return None;
        }
        let (_, timer) = self.in_order.pop_first()?;
        self.deadlines.remove(&timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_come_in_order_and_a_moved_one_comes_once() {
        let mut timers = Timers::default();
        let of = |member: &str| Timer::Group("g".into(), GroupTimer::Session(member.into()));
        for (member, at_ms) in [("a", 30), ("b", 10), ("c", 20), ("a", 5), ("b", 40)] {
            timers.set(of(member), at_ms);
        }
        timers.cancel(&of("c"));
        assert_eq!(timers.next_deadline_ms(), Some(5));
        assert_eq!(timers.pop_due(4), None);
        assert_eq!(timers.pop_due(100), Some(of("a")));
        assert_eq!(timers.pop_due(39), None);
        assert_eq!(timers.pop_due(40), Some(of("b")));
        assert_eq!((timers.pop_due(i64::MAX), timers.next_deadline_ms()), (None, None));
    }
}
