//! Frames of the controller's log file: how one is written, and how a file of them is read after a crash.
//!
//! ```text
//! | envelope (kind LogFrame) | its position | durable end | event | next frame …  0 0 0 0
//!                              8 bytes        8 bytes       rkyv
//! ```
//! *Durable end* is where the file's acknowledged part ended when the frame's write was issued: one write is under
//! way at a time, so all before it was on stable storage. That tells a torn tail, which a crash may leave and which
//! nobody was told of, from damage to what was acknowledged:
//! a broken frame is the end of the file unless a sound frame after it has a durable end beyond it.

use super::frozen::Event;
use ottla_metadata::envelope::{self, Error as EnvelopeError, Kind};

const VERSION: u16 = 0;
const POSITIONS_BYTES: usize = 16;

/// Appends a frame for `event` that will lie at `position` of the file.
pub(super) fn encode(out: &mut Vec<u8>, position: u64, durable_end: u64, event: &Event) {
    envelope::seal_into(out, Kind::LogFrame, VERSION, |out| {
        out.extend_from_slice(&position.to_le_bytes());
        out.extend_from_slice(&durable_end.to_le_bytes());
        out.extend_from_slice(&event.encode());
    });
}

/// Why a log file cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Damage {
    #[error(
        "the frame at byte {position} is damaged ({why}) although what lies there was acknowledged before the frame at \
         byte {proof} was written"
    )]
    Acknowledged { position: usize, proof: usize, why: EnvelopeError },
    #[error("the frame at byte {position} cannot be read: {why}")]
    Unreadable { position: usize, why: EnvelopeError },
}

#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) events: Vec<Event>,
    /// Where the next frame goes.
    pub(super) end: usize,
    /// What a torn write left behind `end`, if it is not all zeros.
    pub(super) has_torn_tail: bool,
}

/// Reads the frames of a whole file.
pub(super) fn scan(bytes: &[u8]) -> Result<Scanned, Damage> {
    let mut events = Vec::new();
    let mut position = 0;
    let why = loop {
        match open_at(bytes, position) {
            Ok(frame) => {
                let event = Event::decode(frame.event).map_err(|why| Damage::Unreadable { position, why })?;
                events.push(event);
                position += frame.len;
            }
            // Written whole, by a version that this one does not know.
            Err(why @ (EnvelopeError::Version { .. } | EnvelopeError::Kind { .. })) => {
                return Err(Damage::Unreadable { position, why });
            }
            Err(why) => break why,
        }
    };
    let tail = bytes.get(position..).unwrap_or_default();
    let has_torn_tail = tail.iter().any(|byte| *byte != 0);
    if has_torn_tail {
        let mut at = position + 1;
        while let Some(step) = bytes.get(at..).and_then(find_magic) {
            at += step;
            if let Ok(frame) = open_at(bytes, at)
                && frame.durable_end > position as u64
            {
                return Err(Damage::Acknowledged { position, proof: at, why });
            }
            at += 1;
        }
    }
    Ok(Scanned { events, end: position, has_torn_tail })
}

struct Frame<'a> {
    durable_end: u64,
    event: &'a [u8],
    len: usize,
}

/// The frame at `position`; one that was written for another position is none.
fn open_at(bytes: &[u8], position: usize) -> Result<Frame<'_>, EnvelopeError> {
    let from = bytes.get(position..).unwrap_or_default();
    let opened = envelope::open(from, Kind::LogFrame, VERSION)?;
    let short = || EnvelopeError::CutShort { have: opened.payload.len(), need: POSITIONS_BYTES };
    let (written_at, rest) = opened.payload.split_first_chunk::<8>().ok_or_else(short)?;
    let (durable_end, event) = rest.split_first_chunk::<8>().ok_or_else(short)?;
    let written_at = u64::from_le_bytes(*written_at);
    if written_at != position as u64 {
        return Err(EnvelopeError::Payload(format!("it was written for byte {written_at}")));
    }
    let len = from.len() - opened.rest.len();
    Ok(Frame { durable_end: u64::from_le_bytes(*durable_end), event, len })
}

fn find_magic(bytes: &[u8]) -> Option<usize> {
    bytes.windows(envelope::MAGIC.len()).position(|window| window == envelope::MAGIC)
}

#[cfg(test)]
mod tests {
    use super::super::frozen::{Id, Payload};
    use super::*;

    /// A file of three writes: frame 0; frames 1 and 2 together; frame 3.
    fn file() -> (Vec<u8>, Vec<usize>) {
        let mut bytes = Vec::new();
        let mut starts = Vec::new();
        let mut durable_end = 0;
        for (index, write_ends) in [(0, true), (1, false), (2, true), (3, true)] {
            starts.push(bytes.len());
            let id = Id { term: 1, index };
            let position = bytes.len() as u64;
            encode(&mut bytes, position, durable_end, &Event::Entry { id, payload: Payload::Blank });
            if write_ends {
                durable_end = bytes.len() as u64;
            }
        }
        starts.push(bytes.len());
        bytes.resize(bytes.len() + 512, 0);
        (bytes, starts)
    }

    #[test]
    fn a_sound_file_is_read_whole() {
        let (bytes, starts) = file();
        let scanned = scan(&bytes).unwrap();
        assert_eq!(scanned.events.len(), 4);
        assert_eq!(scanned.end, starts[4]);
        assert!(!scanned.has_torn_tail);
    }

    /// Each single flipped bit of an acknowledged frame is refused; of the last write it ends the file.
    #[test]
    fn any_flipped_bit_is_noticed() {
        let (bytes, starts) = file();
        for byte in 0..starts[4] {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[byte] ^= 1 << bit;
                match scan(&flipped) {
                    Err(Damage::Acknowledged { position, .. }) => {
                        assert!(byte < starts[3]);
                        assert!(starts.contains(&position));
                    }
                    Err(Damage::Unreadable { .. }) => panic!("the checksum covers what the version is in"),
                    Ok(scanned) => {
                        assert!(byte >= starts[3], "byte {byte} bit {bit}");
                        assert_eq!(scanned.end, starts[3]);
                        assert!(scanned.has_torn_tail);
                    }
                }
            }
        }
    }

    /// A write of two frames of which only the second reached the disk was never acknowledged.
    #[test]
    fn a_hole_in_the_last_write_is_a_torn_tail() {
        let (mut bytes, starts) = file();
        bytes[starts[3]..].fill(0);
        bytes[starts[1]..starts[2]].fill(0);
        let scanned = scan(&bytes).unwrap();
        assert_eq!(scanned.end, starts[1]);
        assert!(scanned.has_torn_tail);
    }

    #[test]
    fn a_cut_anywhere_is_a_torn_tail() {
        let (bytes, starts) = file();
        for len in 0..starts[4] {
            let scanned = scan(&bytes[..len]).unwrap();
            assert!(starts.contains(&scanned.end) && scanned.end <= len);
        }
    }
}
