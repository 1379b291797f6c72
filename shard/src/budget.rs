//! The memory that one core's connections may hold: counted before it is taken.
//!
//! Two parts, so that requests that wait for the disk never starve the readers, nor the other way round. A request is
//! admitted before its body is read, a response before its records are; each permit is given back when the response
//! has left. Full means wait, in line.

use ottla_io::local::{Permit, Semaphore};

/// One per core; clones share it.
#[derive(Clone)]
pub struct Budget {
    requests: Semaphore,
    responses: Semaphore,
    bytes: usize,
}

impl Budget {
    /// `bytes` for both parts together.
    pub fn new(bytes: usize) -> Budget {
        let half = (bytes / 2).max(1);
        Budget { requests: Semaphore::new(half), responses: Semaphore::new(half), bytes: half * 2 }
    }

    /// For a request of `bytes`. One that is larger than the whole part takes all of it: it is served, alone.
    pub async fn admit_request(&self, bytes: usize) -> Permit {
        self.requests.acquire(bytes).await
    }

    /// As [`Budget::admit_request`], without waiting.
    pub fn try_admit_request(&self, bytes: usize) -> Option<Permit> {
        self.requests.try_acquire(bytes)
    }

    /// For a response of up to `bytes`; give back with [`Permit::release`] what it turns out not to need.
    pub async fn admit_response(&self, bytes: usize) -> Permit {
        self.responses.acquire(bytes).await
    }

    /// Bytes in use by requests and by responses.
    pub fn in_use(&self) -> (usize, usize) {
        (self.bytes / 2 - self.requests.available(), self.bytes / 2 - self.responses.available())
    }
}
