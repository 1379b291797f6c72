//! The record bytes inside a message: borrowed from a frame, or shared parts on their way out.

use bytes::Bytes;
use smallvec::SmallVec;

#[derive(Clone, Debug)]
pub enum Records<'a> {
    /// As decoded: a range of the frame.
    Slice(&'a [u8]),
    /// As built: sent without a copy.
    Parts(SmallVec<[Bytes; 2]>),
}

impl Records<'_> {
    pub fn len(&self) -> usize {
        match self {
            Records::Slice(bytes) => bytes.len(),
            Records::Parts(parts) => parts.iter().map(Bytes::len).sum(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All bytes as one copy.
    pub fn to_vec(&self) -> Vec<u8> {
        match self {
            Records::Slice(bytes) => bytes.to_vec(),
            Records::Parts(parts) => parts.iter().flatten().copied().collect(),
        }
    }
}

impl Default for Records<'_> {
    fn default() -> Self {
        Records::Slice(&[])
    }
}

impl PartialEq for Records<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Records::Slice(one), Records::Slice(other)) => one == other,
            _ => self.to_vec() == other.to_vec(),
        }
    }
}
