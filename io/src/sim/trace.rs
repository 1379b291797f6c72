//! What happened, as a hash that two runs of one seed must share, and as text on request.

use super::state::ReactorId;
use crate::driver::{Op, StatTarget, Token};
use crate::time::Instant;
use std::fmt::Write;

pub(super) struct Trace {
    hash: u64,
    prints: bool,
}

impl Trace {
    pub(super) fn new(prints: bool) -> Trace {
        Trace { hash: 0xcbf2_9ce4_8422_2325, prints }
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn add(&mut self, value: u64) {
        self.hash = (self.hash.rotate_left(5) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn add_bytes(&mut self, bytes: &[u8]) {
        let (chunks, rest) = bytes.as_chunks::<8>();
        for chunk in chunks {
            self.add(u64::from_le_bytes(*chunk));
        }
        for byte in rest {
            self.add(u64::from(*byte));
        }
        self.add(bytes.len() as u64);
    }

    pub(super) fn submitted(&mut self, now: Instant, id: ReactorId, token: Token, op: &Op) {
        self.add(now.0);
        self.add(((id.node as u64) << 32) | id.shard as u64);
        self.add(u64::from(token.index));
        self.add_op(op);
        if self.prints {
            eprintln!("{:>12} {}.{} {:>4} {}", now.0 / 1000, id.node, id.shard, token.index, text(op));
        }
    }

    pub(super) fn completed(&mut self, now: Instant, id: ReactorId, token: Token, result: i32, op: &Op) {
        self.add(now.0);
        self.add(u64::from(token.index));
        self.add(result as u64);
        if let Op::Read { buffer: _, offset, .. } = op {
            self.add(*offset);
        }
        if self.prints {
            let (node, shard) = (id.node, id.shard);
            eprintln!("{:>12} {node}.{shard} {:>4}   = {result}", now.0 / 1000, token.index);
        }
    }

    pub(super) fn note(&mut self, now: Instant, text: &str) {
        self.add(now.0);
        self.add_bytes(text.as_bytes());
        if self.prints {
            eprintln!("{:>12} {text}", now.0 / 1000);
        }
    }

    fn add_op(&mut self, op: &Op) {
        match op {
            Op::Write { parts, first, offset, .. } => {
                self.add(*offset);
                parts.iter().skip(*first).for_each(|part| self.add_bytes(part));
            }
            Op::Send { parts, first, .. } => {
                parts.iter().skip(*first).for_each(|part| self.add_bytes(part));
            }
            Op::Read { len, offset, .. } => {
                self.add(*offset);
                self.add(*len as u64);
            }
            Op::Recv { .. } | Op::Close { .. } | Op::Blocking { .. } => {}
            _ => self.add_bytes(text(op).as_bytes()),
        }
    }
}

fn text(op: &Op) -> String {
    let mut text = String::new();
    let bytes = |parts: &[bytes::Bytes], first: usize| -> usize {
        parts.iter().skip(first).map(|part| part.len()).sum()
    };
    let written = match op {
        Op::Open { path, flags } => write!(text, "open {} {flags:?}", path.display()),
        Op::Close { raw } => write!(text, "close {raw}"),
        Op::Read { file, len, offset, .. } => write!(text, "read {} {offset}+{len}", file.raw()),
        Op::Write { file, parts, first, offset, durability } => {
            write!(text, "write {} {offset}+{} {durability:?}", file.raw(), bytes(parts, *first))
        }
        Op::SyncData { file } => write!(text, "fdatasync {}", file.raw()),
        Op::SyncAll { file } => write!(text, "fsync {}", file.raw()),
        Op::Allocate { file, offset, len } => write!(text, "allocate {} {offset}+{len}", file.raw()),
        Op::SetLen { file, len } => write!(text, "truncate {} {len}", file.raw()),
        Op::Stat { target: StatTarget::Path(path), .. } => write!(text, "stat {}", path.display()),
        Op::Stat { target: StatTarget::File(file), .. } => write!(text, "stat {}", file.raw()),
        Op::Rename { from, to } => write!(text, "rename {} {}", from.display(), to.display()),
        Op::Unlink { path } => write!(text, "unlink {}", path.display()),
        Op::Mkdir { path } => write!(text, "mkdir {}", path.display()),
        Op::ReadDir { path, .. } => write!(text, "list {}", path.display()),
        Op::RemoveDirAll { path } => write!(text, "remove {}", path.display()),
        Op::Space { path, .. } => write!(text, "space {}", path.display()),
        Op::Lock { path } => write!(text, "lock {}", path.display()),
        Op::Accept { listener, .. } => write!(text, "accept {}", listener.raw()),
        Op::Connect { address } => write!(text, "connect {address}"),
        Op::Recv { socket, .. } => write!(text, "receive {}", socket.raw()),
        Op::Send { socket, parts, first } => write!(text, "send {} {}", socket.raw(), bytes(parts, *first)),
        Op::Splice { file, offset, socket, len } => {
            write!(text, "splice {} {offset}+{len} to {}", file.raw(), socket.raw())
        }
        Op::Blocking { .. } => write!(text, "work"),
        Op::Stop => write!(text, "await stop"),
    };
    debug_assert!(written.is_ok(), "a string takes everything");
    text
}
