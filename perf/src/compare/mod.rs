//! Comparisons behind two decisions of ARCHITECTURE.md: a reactor of our own, and how sealed segments are read.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`load`] | the client's side, plain blocking threads, the same for everyone |
//! | [`own`], [`glommio`], [`tokio`] | the same work on each runtime |
//! | [`runtimes`], [`reads`] | the disciplines, and who takes part |

pub mod glommio;
pub mod load;
pub mod own;
pub mod reads;
pub mod runtimes;
pub mod tokio;

use std::io;
use std::time::Duration;

/// The core that serves; a second one, if there is one, is everyone else's.
pub const SERVING_CORE: usize = 0;
pub const OTHER_CORE: usize = 1;

/// Requests and answers over loopback. Neither is looked into: bytes are counted.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    pub connections: usize,
    /// Requests under way on each connection.
    pub in_flight: usize,
    pub request_bytes: usize,
    pub answer_bytes: usize,
    pub lasts: Duration,
}

/// What a receive takes at most.
pub const RECEIVE_BYTES: usize = 128 << 10;

/// How a server counts the requests of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counting {
    partial_bytes: usize,
}

impl Counting {
    /// Bytes to answer after a receive of `count`.
    pub fn answer_bytes(&mut self, exchange: &Exchange, count: usize) -> usize {
        self.partial_bytes += count;
        let whole = self.partial_bytes / exchange.request_bytes;
        self.partial_bytes %= exchange.request_bytes;
        whole * exchange.answer_bytes
    }
}

/// Writes of 4 KiB, one after the other, each durable before the next, over a file that was written before.
#[derive(Clone, Debug)]
pub struct Writes {
    pub path: std::path::PathBuf,
    pub count: usize,
}

pub const WRITE_BYTES: usize = 4096;

impl Writes {
    pub fn offset(&self, number: usize) -> u64 {
        (number * WRITE_BYTES) as u64
    }

    /// The file with all its blocks written and on the disk.
    /// # Errors
    /// It cannot be written.
    pub fn prepare(&self) -> io::Result<()> {
        let file = std::fs::File::create(&self.path)?;
        let block = vec![0; WRITE_BYTES];
        for number in 0..self.count {
            std::os::unix::fs::FileExt::write_all_at(&file, &block, self.offset(number))?;
        }
        file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests that arrive in pieces are answered when they are whole, each once.
    #[test]
    fn pieces_of_requests_are_counted() {
        let exchange = Exchange {
            connections: 1,
            in_flight: 1,
            request_bytes: 100,
            answer_bytes: 8,
            lasts: Duration::ZERO,
        };
        let mut counting = Counting::default();
        let answers = [99, 1, 250, 50].map(|count| counting.answer_bytes(&exchange, count));
        assert_eq!(answers, [0, 8, 16, 8]);
    }
}
