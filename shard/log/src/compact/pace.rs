//! How fast cleaning may read and write: `log.cleaner.io.max.bytes.per.second`, of one core's share.

use ottla_io::{Instant, now, sleep};
use std::cell::Cell;
use std::time::Duration;

/// What is ahead of the allowed rate by less than this is not waited for: a timer costs more.
const WAIT_MIN: Duration = Duration::from_millis(1);
/// What was not used is lost after this, so that no burst follows a pause.
const SAVED_MAX: Duration = Duration::from_millis(100);

/// One per core. Cleaning says what it has moved and waits until it may go on.
pub struct Pace {
    bytes_per_second: Cell<f64>,
    /// When what was moved so far would have been moved at the allowed rate.
    due: Cell<Option<Instant>>,
}

impl Default for Pace {
    /// Without a limit.
    fn default() -> Pace {
        Pace { bytes_per_second: Cell::new(f64::MAX), due: Cell::new(None) }
    }
}

impl Pace {
    pub fn set_bytes_per_second(&self, bytes_per_second: f64) {
        self.bytes_per_second.set(bytes_per_second.max(1.0));
    }

    /// Ends when so many bytes more have their time, and another task had its turn if this one's slice is over.
    pub(crate) async fn moved(&self, bytes: usize) {
        let takes = Duration::try_from_secs_f64(bytes as f64 / self.bytes_per_second.get());
        let takes = takes.unwrap_or(Duration::from_secs(3600));
        let now = now();
        let due = match self.due.get() {
            Some(due) if due + SAVED_MAX > now => due + takes,
            _ => now + takes,
        };
        self.due.set(Some(due));
        let ahead = due.duration_since(now);
        if ahead >= WAIT_MIN {
            sleep(ahead).await;
        } else if ottla_io::task::slice_is_over() {
            ottla_io::yield_now().await;
        }
    }
}
