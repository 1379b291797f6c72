//! The clock of a run: nanoseconds since 1970 that never step back.
//!
//! Stamps travel inside records from one process to another, perhaps on another machine, so they count from 1970. Within a process time
//! advances by the monotonic clock from one reading of the wall clock on, so that an adjustment of the wall clock during the run moves
//! nothing. Two machines differ by as much as their clocks do: the report of such a run says so.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970.
pub type Nanos = i64;

pub const MICROSECOND: Nanos = 1_000;
pub const MILLISECOND: Nanos = 1_000_000;
pub const SECOND: Nanos = 1_000_000_000;

/// Copied to every worker of a process, so that they share its base.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    base: Instant,
    base_ns: Nanos,
}

impl Clock {
    pub fn start() -> Clock {
        let base = Instant::now();
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock { base, base_ns: Nanos::try_from(since_1970.as_nanos()).unwrap_or(0) }
    }

    pub fn now(&self) -> Nanos {
        self.base_ns + Nanos::try_from(self.base.elapsed().as_nanos()).unwrap_or(Nanos::MAX / 2)
    }

    /// How long until `at`; zero when it has passed.
    pub fn until(&self, at: Nanos) -> Duration {
        Duration::from_nanos(u64::try_from(at - self.now()).unwrap_or(0))
    }
}

/// Nanoseconds of a count of seconds from a workload or the command line.
pub fn nanos(seconds: f64) -> Nanos {
    (seconds * SECOND as f64) as Nanos
}

pub fn seconds(nanos: Nanos) -> f64 {
    nanos as f64 / SECOND as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Time counts from 1970 and goes forward.
    #[test]
    fn it_counts_from_1970_and_forward() {
        let clock = Clock::start();
        let (first, second) = (clock.now(), clock.now());
        assert!(second >= first);
        // 2020-01-01.
        assert!(first > 1_577_836_800 * SECOND);
        assert_eq!(clock.until(first - SECOND), Duration::ZERO);
        assert!(clock.until(second + 60 * SECOND) > Duration::from_secs(50));
    }
}
