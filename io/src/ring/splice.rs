//! Splices: from a file to a pipe, and from there to a socket, without blocking on either.

use super::ops::{Scratch, Step};
use super::{InFlight, Ring, fd, owned_fd, sys};
use crate::driver::Op;
use io_uring::opcode;
use std::os::fd::{AsRawFd, OwnedFd};

/// A pipe is asked to hold this much, which is what unprivileged processes may ask for.
const PIPE_BYTES: usize = 1 << 20;

/// Empty pipes kept; more splices at a time are rare.
const PIPES_KEPT: usize = 8;

/// With more pipes than this in use, a splice whose socket is full gives its pipe up and fills another later, so that
/// slow peers hold up nobody: a pipe is two descriptors and 1 MiB of somebody's page cache.
const PIPES_HELD_MAX: usize = 64;

/// A splice goes from the file to a pipe, and from there to the socket in one or more steps.
///
/// ```text
///   Filling ──► Draining ──► (empty: ended)
///      ▲          │  ▲
///      │   socket full, pipe kept: Waiting
///      └── socket full, pipe given up: Waiting
/// ```
#[derive(Default)]
pub(super) struct Splice {
    stage: Stage,
    /// `None` while it waits without one.
    pipe: Option<Pipe>,
    in_pipe: u32,
    moved: u32,
}

#[derive(Clone, Copy, Default)]
enum Stage {
    #[default]
    Filling,
    Draining,
    Waiting,
}

pub(super) struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    bytes: u32,
}

impl Ring {
    /// The first step, and the one after a pipe was given up.
    pub(super) fn fill_pipe(&mut self, in_flight: &mut InFlight) -> Step {
        let (Op::Splice { file, offset, len, .. }, Scratch::Splice(splice)) =
            (&in_flight.op, &mut in_flight.scratch)
        else {
            unreachable!("called for splices")
        };
        if !self.supported.splice {
            return Step::Ended(-libc::EOPNOTSUPP);
        }
        let pipe = match self.pipes.pop().map_or_else(Pipe::new, Ok) {
            Ok(pipe) => pipe,
            Err(error) => return Step::Ended(-error.raw_os_error().unwrap_or(libc::EIO)),
        };
        self.pipes_in_use += 1;
        let len = (*len).min(pipe.bytes as usize) as u32;
        let into = owned_fd(&pipe.write);
        splice.stage = Stage::Filling;
        splice.pipe = Some(pipe);
        Step::Entry(opcode::Splice::new(fd(file), *offset as i64, into, -1, len).build())
    }

    /// The step after one that ended with `result`.
    pub(super) fn splice_on(&mut self, in_flight: &mut InFlight, result: i32) -> Step {
        let (Op::Splice { socket, .. }, Scratch::Splice(splice)) = (&in_flight.op, &mut in_flight.scratch)
        else {
            unreachable!("called for splices")
        };
        let moved = splice.moved as i32;
        let ended = |error: i32| Step::Ended(if moved > 0 { moved } else { error });
        match splice.stage {
            Stage::Filling if result <= 0 => return Step::Ended(result),
            Stage::Filling => splice.in_pipe = result as u32,
            Stage::Draining if result == -libc::EAGAIN => {
                splice.stage = Stage::Waiting;
                if self.pipes_in_use > PIPES_HELD_MAX {
                    splice.pipe = None;
                    splice.in_pipe = 0;
                    self.pipes_in_use -= 1;
                    if moved > 0 {
                        return Step::Ended(moved);
                    }
                }
                return Step::Entry(opcode::PollAdd::new(fd(socket), libc::POLLOUT as u32).build());
            }
            Stage::Draining if result <= 0 => return ended(if result == 0 { -libc::EPIPE } else { result }),
            Stage::Draining => {
                splice.moved += result as u32;
                splice.in_pipe -= result as u32;
                if splice.in_pipe == 0 {
                    return Step::Ended(splice.moved as i32);
                }
            }
            Stage::Waiting if result < 0 => return ended(result),
            Stage::Waiting => {}
        }
        if in_flight.cancelled {
            return ended(-libc::ECANCELED);
        }
        let Some(pipe) = &splice.pipe else { return self.fill_pipe(in_flight) };
        splice.stage = Stage::Draining;
        let from = owned_fd(&pipe.read);
        Step::Entry(opcode::Splice::new(from, -1, fd(socket), -1, splice.in_pipe).build())
    }

    /// Keeps the pipe of a splice that has ended, if it is empty.
    pub(super) fn put_pipe(&mut self, splice: Splice) {
        if let Some(pipe) = splice.pipe {
            self.pipes_in_use -= 1;
            // What is left in a pipe goes with it.
            if splice.in_pipe == 0 && self.pipes.len() < PIPES_KEPT {
                self.pipes.push(pipe);
            }
        }
    }
}

impl Pipe {
    fn new() -> std::io::Result<Pipe> {
        let (read, write) = sys::pipe()?;
        let bytes = sys::grow_pipe(write.as_raw_fd(), PIPE_BYTES);
        Ok(Pipe { read, write, bytes })
    }
}
