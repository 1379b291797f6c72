//! One figure: a subject, what is counted of it, and how much.

use std::fmt;

/// Where a figure comes from: what can be measured without the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Group {
    /// The simulated broker; takes seconds.
    Counts,
    /// Callgrind, by gungraun; takes minutes.
    Instructions,
    /// The real process and its binary.
    Process,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $kind:ident: $name:literal, $up_percent:literal, $slack:literal;)+) => {
        /// What is counted. Less is better, of all of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[doc = $doc])* $kind,)+
        }

        impl Kind {
            pub const ALL: &'static [Kind] = &[$(Kind::$kind),+];

            /// As in the file of bounds.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name),+ }
            }

            /// How far a figure may rise, in percent of its bound, unless its line says otherwise.
            pub fn up_percent(self) -> f64 {
                match self { $(Kind::$kind => $up_percent),+ }
            }

            /// How far it may rise beside, in its own unit: what moves when the order of two events does.
            pub fn slack(self) -> f64 {
                match self { $(Kind::$kind => $slack),+ }
            }
        }
    };
}

kinds! {
    /// Of the broker's code; in the simulator without the driver of the ring.
    Instructions: "instructions", 1.0, 20.0;
    /// Calls of the allocator that gave memory.
    Allocations: "allocations", 0.5, 0.05;
    AllocatedBytes: "allocated_bytes", 1.0, 64.0;
    /// Entries of the submission queue.
    RingEntries: "ring_entries", 0.5, 0.05;
    /// Calls of io_uring_enter.
    RingEnters: "ring_enters", 2.0, 0.05;
    /// From memory to memory, on the way of a request.
    BytesCopied: "bytes_copied", 0.5, 8.0;
    /// Other cores that were roused.
    Wakes: "wakes", 2.0, 0.02;
    DurableWrites: "durable_writes", 1.0, 0.02;
    /// Times that a task ran.
    TaskRuns: "task_runs", 2.0, 0.1;
    /// Of the real process, io_uring_enter among them.
    SystemCalls: "system_calls", 3.0, 0.05;
    /// Machine code of the binary.
    CodeBytes: "code_bytes", 1.0, 0.0;
    /// What of the binary is loaded.
    LoadedBytes: "loaded_bytes", 1.0, 0.0;
    /// Of the process, as the kernel counts it.
    ResidentBytes: "resident_bytes", 4.0, 0.0;
    /// Of it, what no file backs.
    AnonymousBytes: "anonymous_bytes", 4.0, 0.0;
}

impl Kind {
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A measured value. Those of requests are means for one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// A scenario, a part, or `process`.
    pub subject: String,
    pub kind: Kind,
    pub value: f64,
}

/// What begins the names of the process's subjects.
pub const PROCESS: &str = "process";

impl Figure {
    pub fn new(subject: impl Into<String>, kind: Kind, value: f64) -> Figure {
        Figure { subject: subject.into(), kind, value }
    }
}

/// Where a figure of that name comes from.
pub fn group_of(subject: &str, kind: Kind) -> Group {
    match kind {
        _ if subject.starts_with(PROCESS) => Group::Process,
        Kind::Instructions => Group::Instructions,
        _ => Group::Counts,
    }
}
