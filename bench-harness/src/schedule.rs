//! PURE. When each record is meant to be sent, whatever the broker does.
//!
//! A schedule knows every record's intended time from its number alone (fixed, stepped) or from its seed (Poisson). Nobody keeps a queue of
//! due records: what was not sent yet is simply what the schedule has not been asked for, so a stalled broker costs no memory here.

use crate::clock::{Nanos, SECOND, nanos};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// A rate that holds for a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub records_per_s: f64,
    pub length_ns: Nanos,
}

/// Yields intended times up to an end, in order.
#[derive(Clone, Debug)]
pub struct Schedule {
    kind: Kind,
    next: Option<Nanos>,
    end: Nanos,
}

#[derive(Clone, Debug)]
enum Kind {
    /// Record `index` of the step is due at `began + index / rate`: no error accumulates.
    Steps { steps: Vec<Step>, at: usize, began: Nanos, index: u64, phase: f64, repeat: bool },
    /// Independent arrivals: the gaps are exponential.
    Poisson { records_per_s: f64, random: SmallRng, exact: f64 },
    /// Times that a trace recorded.
    Listed { times: std::vec::IntoIter<Nanos> },
}

impl Schedule {
    /// `phase` in [0, 1) moves the first record by so much of a gap, so that producers of one rate don't all send at once.
    pub fn fixed(records_per_s: f64, phase: f64, start: Nanos, end: Nanos) -> Schedule {
        Schedule::stepped(vec![Step { records_per_s, length_ns: Nanos::MAX }], phase, start, end)
    }

    /// The last step's rate holds until the end.
    pub fn stepped(mut steps: Vec<Step>, phase: f64, start: Nanos, end: Nanos) -> Schedule {
        if let Some(last) = steps.last_mut() {
            last.length_ns = Nanos::MAX;
        }
        Schedule::of_steps(steps, phase, start, end, false)
    }

    /// Steps that begin anew when they are over.
    pub fn repeated(steps: Vec<Step>, phase: f64, start: Nanos, end: Nanos) -> Schedule {
        let repeat = steps.iter().any(|step| step.length_ns > 0);
        Schedule::of_steps(steps, phase, start, end, repeat)
    }

    fn of_steps(steps: Vec<Step>, phase: f64, start: Nanos, end: Nanos, repeat: bool) -> Schedule {
        let kind = Kind::Steps { steps, at: 0, began: start, index: 0, phase, repeat };
        Schedule { kind, next: None, end }.primed()
    }

    pub fn poisson(records_per_s: f64, seed: u64, start: Nanos, end: Nanos) -> Schedule {
        let kind =
            Kind::Poisson { records_per_s, random: SmallRng::seed_from_u64(seed), exact: start as f64 };
        Schedule { kind, next: None, end }.primed()
    }

    /// `times` are in order.
    pub fn listed(times: Vec<Nanos>, end: Nanos) -> Schedule {
        Schedule { kind: Kind::Listed { times: times.into_iter() }, next: None, end }.primed()
    }

    fn primed(mut self) -> Schedule {
        self.advance();
        self
    }

    /// The next record's intended time; none when the schedule is over.
    pub fn peek(&self) -> Option<Nanos> {
        self.next
    }

    /// Takes the next record's intended time.
    pub fn take(&mut self) -> Option<Nanos> {
        let taken = self.next;
        if taken.is_some() {
            self.advance();
        }
        taken
    }

    /// A time before which the record `ahead` places behind the next one is not due; none when the schedule is over. For random arrivals
    /// it is a time before which that is unlikely.
    pub fn not_before(&self, ahead: usize) -> Option<Nanos> {
        let next = self.next?;
        Some(match &self.kind {
            Kind::Steps { steps, at, began, index, phase, .. } => match steps.get(*at) {
                // `index` counts the next one already.
                Some(step) if step.records_per_s > 0.0 => {
                    let number = (index.saturating_sub(1) + ahead as u64) as f64 + phase;
                    let offset = (number * SECOND as f64 / step.records_per_s).min(step.length_ns as f64);
                    began.saturating_add(offset as Nanos).max(next)
                }
                _ => next,
            },
            // Twice as many as the mean come seldom, and for a few anything is likely.
            Kind::Poisson { records_per_s, .. } if ahead >= 16 => {
                next + (ahead as f64 * 0.5 * SECOND as f64 / records_per_s) as Nanos
            }
            Kind::Poisson { .. } => next,
            Kind::Listed { times } => match ahead.checked_sub(1) {
                Some(behind) => times.as_slice().get(behind).copied().unwrap_or(self.end),
                None => next,
            },
        })
    }

    /// How many records are left, without taking them.
    pub fn remaining(&self) -> u64 {
        let mut rest = self.clone();
        let mut count = 0;
        while rest.take().is_some() {
            count += 1;
            // Hours at a high rate are not walked record by record.
            if let Kind::Steps { steps, at, began, index, phase, .. } = &mut rest.kind
                && let Some(step) = steps.get(*at)
            {
                let last = step.last_before(*began, *phase, rest.end);
                // The next record has the number before `index`: go on at the step's last one.
                let skipped = last.map_or(0, |last| last.saturating_sub(index.saturating_sub(1)));
                if skipped > 0 {
                    count += skipped;
                    *index += skipped - 1;
                    rest.advance();
                }
            }
        }
        count
    }

    fn advance(&mut self) {
        let end = self.end;
        self.next = self.kind.next(end).filter(|at| *at < end);
    }
}

impl Kind {
    fn next(&mut self, end: Nanos) -> Option<Nanos> {
        match self {
            Kind::Steps { steps, at, began, index, phase, repeat } => loop {
                let step = match steps.get(*at) {
                    Some(step) => *step,
                    None if *repeat && *began < end => {
                        *at = 0;
                        continue;
                    }
                    None => return None,
                };
                let offset =
                    if step.records_per_s > 0.0 { step.offset(*index, *phase) } else { f64::INFINITY };
                if offset < step.length_ns as f64 {
                    *index += 1;
                    return Some(began.saturating_add(offset as Nanos));
                }
                *began = began.saturating_add(step.length_ns);
                *at += 1;
                *index = 0;
            },
            Kind::Poisson { records_per_s, random, exact } => {
                if *records_per_s <= 0.0 {
                    return None;
                }
                // In (0, 1]: its logarithm is finite.
                let uniform = 1.0 - random.random::<f64>();
                *exact += -uniform.ln() * SECOND as f64 / *records_per_s;
                Some(*exact as Nanos)
            }
            Kind::Listed { times } => times.next(),
        }
    }
}

impl Step {
    /// When record `index` of a step is due, after its beginning.
    fn offset(&self, index: u64, phase: f64) -> f64 {
        (index as f64 + phase) * SECOND as f64 / self.records_per_s
    }

    /// The number of the last record that is due within the step and before `end`.
    fn last_before(&self, began: Nanos, phase: f64, end: Nanos) -> Option<u64> {
        if self.records_per_s <= 0.0 {
            return None;
        }
        let is_in = |index: u64| {
            let offset = self.offset(index, phase);
            offset < self.length_ns as f64 && began.saturating_add(offset as Nanos) < end
        };
        let length_ns = self.length_ns.min(end.saturating_sub(began)) as f64;
        let mut last = (length_ns * self.records_per_s / SECOND as f64 - phase).max(0.0) as u64;
        // Rounding leaves the guess at most a little off.
        while is_in(last + 1) {
            last += 1;
        }
        while last > 0 && !is_in(last) {
            last -= 1;
        }
        is_in(last).then_some(last)
    }

    pub fn new(records_per_s: f64, seconds: f64) -> Step {
        Step { records_per_s, length_ns: nanos(seconds) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut schedule: Schedule) -> Vec<Nanos> {
        std::iter::from_fn(|| schedule.take()).collect()
    }

    /// A rate yields as many records as it says, evenly, and the phase moves all of them.
    #[test]
    fn a_fixed_rate_is_even() {
        let times = all(Schedule::fixed(1000.0, 0.0, 5 * SECOND, 7 * SECOND));
        assert_eq!(times.len(), 2000);
        assert_eq!((times.first(), times.get(1)), (Some(&(5 * SECOND)), Some(&(5 * SECOND + 1_000_000))));
        let moved = Schedule::fixed(1000.0, 0.5, 5 * SECOND, 7 * SECOND);
        assert_eq!(moved.peek(), Some(5 * SECOND + 500_000));
        assert_eq!(moved.remaining(), 2000);
    }

    /// Each step has its own rate, a rate of 0 is a pause, and the last one goes on.
    #[test]
    fn steps_follow_each_other() {
        let steps = vec![Step::new(10.0, 1.0), Step::new(0.0, 1.0), Step::new(100.0, 1.0)];
        let times = all(Schedule::stepped(steps.clone(), 0.0, 0, 4 * SECOND));
        let within = |from: Nanos, to: Nanos| {
            times.iter().filter(|at| (from * SECOND..to * SECOND).contains(*at)).count()
        };
        assert_eq!((within(0, 1), within(1, 2), within(2, 3), within(3, 4)), (10, 0, 100, 100));
        let repeated = all(Schedule::repeated(steps, 0.0, 0, 4 * SECOND));
        assert_eq!(repeated.len(), 120);
        assert!(all(Schedule::repeated(vec![Step::new(0.0, 1.0)], 0.0, 0, 4 * SECOND)).is_empty());
    }

    /// Poisson arrivals have the mean that was asked for, are in order, and are the same for the same seed.
    #[test]
    fn poisson_has_its_mean() {
        let times = all(Schedule::poisson(1000.0, 7, 0, 20 * SECOND));
        assert!((19_000..21_000).contains(&times.len()), "{}", times.len());
        assert!(times.is_sorted());
        assert_eq!(times, all(Schedule::poisson(1000.0, 7, 0, 20 * SECOND)));
        assert_ne!(times, all(Schedule::poisson(1000.0, 8, 0, 20 * SECOND)));
    }

    /// What is said of the records to come holds, on each kind of schedule.
    #[test]
    fn nothing_is_due_earlier_than_said() {
        let steps = vec![Step::new(100.0, 0.5), Step::new(0.0, 0.2), Step::new(2000.0, 1.0)];
        for mut schedule in [
            Schedule::fixed(1000.0, 0.3, 5, 2 * SECOND),
            Schedule::stepped(steps.clone(), 0.0, 5, 2 * SECOND),
            Schedule::repeated(steps, 0.5, 5, 4 * SECOND),
            Schedule::listed((0..500).map(|n| n * n * 1000).collect(), SECOND),
        ] {
            while schedule.peek().is_some() {
                let mut rest = schedule.clone();
                for ahead in 0..40 {
                    let said = schedule.not_before(ahead).unwrap();
                    let Some(due) = rest.take() else { break };
                    assert!(said <= due, "{ahead} ahead of {:?}: {said} {due}", schedule.peek());
                }
                schedule.take();
            }
            assert_eq!(schedule.not_before(3), None);
        }
        let even = Schedule::fixed(1000.0, 0.0, 0, SECOND);
        assert_eq!(even.not_before(100), Some(100_000_000));
        let random = Schedule::poisson(1000.0, 3, 0, SECOND);
        assert!(random.not_before(100) > random.peek());
    }

    /// Counting in steps comes to what walking comes to.
    #[test]
    fn counting_is_walking() {
        let steps = vec![Step::new(333.0, 0.7), Step::new(0.0, 0.2), Step::new(1999.9, 0.31)];
        for schedule in [
            Schedule::fixed(1000.0, 0.3, 5, 2 * SECOND + 7),
            Schedule::fixed(0.7, 0.9, 5, 20 * SECOND),
            Schedule::stepped(steps.clone(), 0.1, 5, 3 * SECOND),
            Schedule::repeated(steps, 0.5, 5, 4 * SECOND + 1),
            Schedule::poisson(500.0, 1, 0, SECOND),
        ] {
            let mut walked = schedule.clone();
            let mut left = all(schedule.clone()).len() as u64;
            for _ in 0..50 {
                assert_eq!(walked.remaining(), left);
                if walked.take().is_none() {
                    break;
                }
                left -= 1;
            }
        }
        // Ten hours at ten million a second: there is no time to walk that.
        assert_eq!(Schedule::fixed(1e7, 0.0, 0, 36_000 * SECOND).remaining(), 360_000_000_000);
    }

    /// A trace's times end at the end of the run.
    #[test]
    fn listed_times_end_at_the_end() {
        assert_eq!(all(Schedule::listed(vec![1, 2, 3], 3)), [1, 2]);
        assert_eq!(Schedule::listed(Vec::new(), 3).peek(), None);
    }
}
