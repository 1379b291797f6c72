//! How bytes that only Ottla reads lie on disk: `rkyv` inside an envelope that names what they are and checks them.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0–3 | magic `OTMD` |
//! | 4–5 | kind, little-endian |
//! | 6–7 | version of the kind's layout, little-endian |
//! | 8–11 | length of the payload, little-endian |
//! | 12–15 | CRC-32C of bytes 0–11 and the payload, little-endian |
//! | 16– | payload |
//!
//! `rkyv` by itself notices neither a flipped bit nor swapped fields, hence the checksum; it runs first, and the
//! validated decode after it, so that no bytes whatever make the process fail.

/// Length of what precedes the payload.
pub const HEADER_BYTES: usize = 16;
pub const MAGIC: [u8; 4] = *b"OTMD";

/// What an envelope holds. Numbers are never used again for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Kind {
    /// Records that are committed together: one entry of the metadata log.
    Records = 1,
    /// A whole image.
    Image = 2,
    /// One frame of the controller's log file.
    LogFrame = 3,
    /// The head of a snapshot file.
    SnapshotHead = 4,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Fewer bytes than the envelope says: the rest was never written, or cut off.
    #[error("cut short: {have} of {need} bytes are there")]
    CutShort { have: usize, need: usize },
    #[error("these bytes are not Ottla's: they start with {0:02x?}")]
    Magic([u8; 4]),
    #[error("expected kind {expected:?}, found kind {found}")]
    Kind { expected: Kind, found: u16 },
    #[error("{kind:?} has version {version}, which a newer Ottla wrote; this one reads up to {newest}")]
    Version { kind: Kind, version: u16, newest: u16 },
    #[error("the checksum does not fit: {expected:08x} was written, {found:08x} is what the bytes give")]
    Checksum { expected: u32, found: u32 },
    #[error("the checksum fits but the payload does not decode: {0}")]
    Payload(String),
}

/// Wraps `payload`.
pub fn seal(kind: Kind, version: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + payload.len());
    seal_into(&mut bytes, kind, version, |out| out.extend_from_slice(payload));
    bytes
}

/// Appends an envelope to `out` around what `payload` appends. Panics when that is 4 GiB or more.
pub fn seal_into(out: &mut Vec<u8>, kind: Kind, version: u16, payload: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&(kind as u16).to_le_bytes());
    out.extend_from_slice(&version.to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    payload(out);
    let len = u32::try_from(out.len() - start - HEADER_BYTES).expect("an envelope holds less than 4 GiB");
    out[start + 8..start + 12].copy_from_slice(&len.to_le_bytes());
    let checksum = checksum(&out[start..start + 12], &out[start + HEADER_BYTES..]);
    out[start + 12..start + 16].copy_from_slice(&checksum.to_le_bytes());
}

/// A checked envelope at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened<'a> {
    pub version: u16,
    pub payload: &'a [u8],
    /// What follows the envelope.
    pub rest: &'a [u8],
}

/// Checks the envelope at the start of `bytes`. `newest` is the highest version of `kind` that the caller reads.
pub fn open(bytes: &[u8], kind: Kind, newest: u16) -> Result<Opened<'_>, Error> {
    let cut = |need| Error::CutShort { have: bytes.len(), need };
    let (header, after) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or_else(|| cut(HEADER_BYTES))?;
    let [m0, m1, m2, m3, k0, k1, v0, v1, l0, l1, l2, l3, c0, c1, c2, c3] = *header;
    if [m0, m1, m2, m3] != MAGIC {
        return Err(Error::Magic([m0, m1, m2, m3]));
    }
    let len = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
    let (payload, rest) = after.split_at_checked(len).ok_or_else(|| cut(HEADER_BYTES.saturating_add(len)))?;
    let expected = u32::from_le_bytes([c0, c1, c2, c3]);
    let found = checksum(&header[..12], payload);
    if expected != found {
        return Err(Error::Checksum { expected, found });
    }
    let found = u16::from_le_bytes([k0, k1]);
    if found != kind as u16 {
        return Err(Error::Kind { expected: kind, found });
    }
    let version = u16::from_le_bytes([v0, v1]);
    if version > newest {
        return Err(Error::Version { kind, version, newest });
    }
    Ok(Opened { version, payload, rest })
}

fn checksum(head: &[u8], payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(head), payload)
}
