//! What one core's reactor has done: plain counts, always on, each an add to a cell of the core that it is about.
//!
//! The simulator counts the same, so that what a request costs can be held to a bound on any machine. Its ring has one
//! entry for each operation, two for an open with O_DIRECT as the ring has, and one enter for each poll that submitted
//! or brought something; work takes no CPU time there.

use crate::driver::{Driver, Op};
use crate::file::Durability;
use crate::reactor::{current, try_current};
use std::cell::Cell;

/// Defines a value of counts and the cells that they are counted in: `counts! { /// … pub struct Counts, Cells { … } }`.
///
/// Two values can be subtracted and added field by field; each field is told with its name and its sentence.
#[macro_export]
macro_rules! counts {
    (
        $(#[$meta:meta])* $visibility:vis struct $counts:ident, $cells:ident {
            $($(#[doc = $doc:literal])+ $name:ident,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        $visibility struct $counts {
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        impl $counts {
            /// Each with its name and the sentence that says what it counts, in the order of the fields.
            pub fn each(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
                [$((stringify!($name), concat!($($doc),+).trim_ascii(), self.$name)),+].into_iter()
            }
        }

        impl std::ops::Sub for $counts {
            type Output = $counts;
            fn sub(self, earlier: $counts) -> $counts {
                $counts { $($name: self.$name.wrapping_sub(earlier.$name),)+ }
            }
        }

        impl std::ops::Add for $counts {
            type Output = $counts;
            fn add(self, other: $counts) -> $counts {
                $counts { $($name: self.$name.wrapping_add(other.$name),)+ }
            }
        }

        /// Where one core counts them.
        #[derive(Debug, Default)]
        $visibility struct $cells {
            $(pub $name: std::cell::Cell<u64>,)+
        }

        impl $cells {
            pub fn read(&self) -> $counts {
                $counts { $($name: self.$name.get(),)+ }
            }
        }
    };
}

crate::counts! {
    /// Counts of one core since its reactor began. They only grow.
    pub struct Counters, Tally {
    /// Operations that tasks asked for.
    ops,
    /// Entries put into the ring's submission queue.
    ring_entries,
    /// Calls of io_uring_enter.
    ring_enters,
    /// Operations that ended.
    completions,
    /// Jobs given to the helper pool.
    helper_jobs,
    /// Times that this core roused another one that slept.
    wakes_sent,
    /// Times that this core slept and another thread roused it.
    wakes_received,
    /// Messages sent to other cores.
    messages_sent,
    /// Times that a task ran until it waited or ended.
    task_runs,
    /// Task runs that took longer than a slice of 500 microseconds.
    long_task_runs,
    /// Receives that ended.
    receives,
    /// Sends that ended, splices among them.
    sends,
    /// Reads of files that ended.
    reads,
    /// Writes to files that ended.
    writes,
    /// Those of them that ended on stable storage.
    durable_writes,
    /// Flushes of files and directories that ended.
    flushes,
    /// Bytes received from sockets.
    bytes_received,
    /// Bytes sent to sockets.
    bytes_sent,
    /// Bytes read from files.
    bytes_read,
    /// Bytes written to files, those of whole blocks around the data among them.
    bytes_written,
    /// Bytes copied from memory to memory on a request's way.
    bytes_copied,
    /// I/O buffers and tail regions taken.
    buffers_taken,
    /// I/O buffers and tail regions given back.
    buffers_returned,
    /// Bytes of the buffers taken. What is in use is this less those returned, summed over all cores.
    buffer_bytes_taken,
    /// Bytes of the buffers given back.
    buffer_bytes_returned,
    /// Buffers that the pool did not have and the allocator made.
    buffers_allocated,
    /// Nanoseconds in which the core had nothing to do but wait in the kernel, which may have worked for it there.
    waiting_nanos,
    /// Nanoseconds of CPU time of the core's thread, in the kernel too.
    cpu_nanos,
}
}

/// What this core has counted so far. Reads the thread's CPU clock, which is a system call: not for a request's path.
pub fn counters() -> Counters {
    current(|reactor| {
        let cpu_nanos = reactor.driver.borrow().cpu_nanos();
        Counters { cpu_nanos, ..reactor.tally.read() }
    })
}

/// Whoever copies bytes of records or requests says how many. Counts nothing outside a reactor. The buffers of this
/// crate count their own copies.
#[inline]
pub fn count_copied(bytes: usize) {
    try_current(|reactor| add(&reactor.tally.bytes_copied, bytes as u64));
}

/// Counts `more`.
#[inline]
pub fn add(count: &Cell<u64>, more: u64) {
    count.set(count.get().wrapping_add(more));
}

impl Tally {
    /// Counts an op that has ended.
    pub(crate) fn ended(&self, op: &Op, result: i32) {
        add(&self.completions, 1);
        let Ok(moved) = u64::try_from(result) else { return };
        let (count, bytes) = match op {
            Op::Recv { .. } => (&self.receives, &self.bytes_received),
            Op::Send { .. } | Op::Splice { .. } => (&self.sends, &self.bytes_sent),
            Op::Read { .. } => (&self.reads, &self.bytes_read),
            Op::Write { durability, .. } => {
                if *durability == Durability::Durable {
                    add(&self.durable_writes, 1);
                }
                (&self.writes, &self.bytes_written)
            }
            Op::SyncData { .. } | Op::SyncAll { .. } => return add(&self.flushes, 1),
            _ => return,
        };
        add(count, 1);
        add(bytes, moved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Differences and sums are taken field by field, and every field is told with its sentence.
    #[test]
    fn arithmetic_and_names() {
        let before = Counters { ops: 2, cpu_nanos: 7, ..Counters::default() };
        let after = Counters { ops: 5, bytes_sent: 9, cpu_nanos: 7, ..Counters::default() };
        let between = after - before;
        assert_eq!(between, Counters { ops: 3, bytes_sent: 9, ..Counters::default() });
        assert_eq!(before + between, after);
        let told: Vec<_> = after.each().filter(|(_, _, count)| *count > 0).collect();
        assert_eq!(
            told.iter().map(|(name, ..)| *name).collect::<Vec<_>>(),
            ["ops", "bytes_sent", "cpu_nanos"]
        );
        assert_eq!(told[0].1, "Operations that tasks asked for.");
    }
}
