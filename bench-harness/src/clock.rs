//! The clock of a run: nanoseconds since 1970 that never step back.
//!
//! Stamps travel inside records from one process to another, perhaps on another machine, so they count from 1970. From one reading of the
//! wall clock on, time advances by the machine's monotonic clock, so that an adjustment of the wall clock during the run moves nothing.
//! Processes of one machine share that reading: a latency between them is then exact. Two machines differ by as much as their clocks do.

use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970.
pub type Nanos = i64;

pub const MICROSECOND: Nanos = 1_000;
pub const MILLISECOND: Nanos = 1_000_000;
pub const SECOND: Nanos = 1_000_000_000;

/// Copied to every worker of a process, and told to other processes of the same machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The wall clock over the monotonic one when the clock was started.
    pub offset_ns: Nanos,
}

impl Clock {
    pub fn start() -> Clock {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall_ns = Nanos::try_from(since_1970.as_nanos()).unwrap_or(0);
        Clock { offset_ns: wall_ns - monotonic_ns() }
    }

    pub fn now(&self) -> Nanos {
        monotonic_ns() + self.offset_ns
    }

    /// How long until `at`; zero when it has passed.
    pub fn until(&self, at: Nanos) -> Duration {
        Duration::from_nanos(u64::try_from(at - self.now()).unwrap_or(0))
    }
}

fn monotonic_ns() -> Nanos {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * SECOND + now.tv_nsec
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
