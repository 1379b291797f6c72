//! The memory that one core's connections may hold: counted before it is taken.
//!
//! | part | share | who waits there |
//! | --- | --- | --- |
//! | small requests | 1/8 | frames up to [`SMALL_REQUEST_BYTES`]: no number of large ones holds them up |
//! | large requests | 3/8 | before a body is read, and again as it grows with what arrives |
//! | responses | 1/2 | before their records are read |
//!
//! A permit is given back when the response has left. Full means wait, in line.

use ottla_io::local::{Permit, Semaphore};

/// A frame up to this size is small.
pub const SMALL_REQUEST_BYTES: usize = 64 << 10;

/// One per core; clones share it.
#[derive(Clone)]
pub struct Budget {
    small: Part,
    large: Part,
    responses: Part,
}

#[derive(Clone)]
struct Part {
    free: Semaphore,
    bytes: usize,
}

impl Part {
    fn new(bytes: usize) -> Part {
        let bytes = bytes.max(1);
        Part { free: Semaphore::new(bytes), bytes }
    }

    fn in_use(&self) -> usize {
        self.bytes - self.free.available()
    }
}

impl Budget {
    /// `bytes` for all parts together.
    pub fn new(bytes: usize) -> Budget {
        Budget {
            small: Part::new(bytes / 8),
            large: Part::new(bytes / 8 * 3),
            responses: Part::new(bytes / 2),
        }
    }

    fn part(&self, frame_bytes: usize) -> &Part {
        if frame_bytes <= SMALL_REQUEST_BYTES { &self.small } else { &self.large }
    }

    /// For `bytes` of a frame of `frame_bytes`. What is more than the whole part is capped to it.
    pub async fn admit_request(&self, frame_bytes: usize, bytes: usize) -> Permit {
        self.part(frame_bytes).free.acquire(bytes).await
    }

    /// As [`Budget::admit_request`], without waiting.
    pub fn try_admit_request(&self, frame_bytes: usize, bytes: usize) -> Option<Permit> {
        self.part(frame_bytes).free.try_acquire(bytes)
    }

    /// How much a frame of `frame_bytes` can be admitted for in all: one that is larger than its part is served, alone.
    pub fn request_bytes_max(&self, frame_bytes: usize) -> usize {
        self.part(frame_bytes).bytes
    }

    /// For a response of up to `bytes`; give back with [`Permit::release`] what it turns out not to need.
    pub async fn admit_response(&self, bytes: usize) -> Permit {
        self.responses.free.acquire(bytes).await
    }

    /// Requests and responses that wait for memory.
    pub fn waiting(&self) -> usize {
        self.small.free.waiting() + self.large.free.waiting() + self.responses.free.waiting()
    }

    /// Bytes in use by requests and by responses.
    pub fn in_use(&self) -> (usize, usize) {
        (self.small.in_use() + self.large.in_use(), self.responses.in_use())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many large requests wait, a small one is admitted.
    #[test]
    fn large_requests_do_not_hold_up_small_ones() {
        let budget = Budget::new(8 << 20);
        let mut held = Vec::new();
        while let Some(permit) = budget.try_admit_request(100 << 20, 1 << 20) {
            held.push(permit);
        }
        assert_eq!(held.len(), 3);
        assert!(budget.try_admit_request(200, 200).is_some());
        assert_eq!(budget.in_use(), (3 << 20, 0));
        assert_eq!(budget.request_bytes_max(100 << 20), 3 << 20);
    }
}
