//! The clock of the reactor: virtual in the simulator.

use std::future::Future;
use std::time::Duration;

/// Monotonic nanoseconds since an arbitrary start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(pub u64);

impl std::ops::Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Instant {
    /// Zero when `earlier` is later.
    pub fn duration_since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

pub fn now() -> Instant {
    todo!()
}
/// Milliseconds since 1970, for record timestamps.
pub fn unix_millis() -> i64 {
    todo!()
}
pub async fn sleep(duration: Duration) {
    let _ = duration;
    todo!()
}
pub async fn sleep_until(deadline: Instant) {
    let _ = deadline;
    todo!()
}

#[derive(Debug, thiserror::Error)]
#[error("timed out")]
pub struct Elapsed;

/// Drops `future` when it has not ended after `duration`.
pub async fn timeout<T>(duration: Duration, future: impl Future<Output = T>) -> Result<T, Elapsed> {
    let _ = (duration, future);
    todo!()
}
