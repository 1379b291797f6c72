//! Records and images as bytes.
//!
//! Each version's structs are frozen once released (`v0.rs`); a change of what is kept is a new version with structs of
//! its own, and conversion from the old ones. `broker/metadata/golden/` holds bytes of every version that must go on
//! decoding.

mod v0;

use crate::envelope::{self, Error, Kind};
use crate::image::Image;
use crate::record::Record;
use rkyv::util::AlignedVec;

/// The newest version of both, and what is written.
const VERSION: u16 = 0;

/// Appends the envelope of `records` to `out`.
pub fn encode_records(records: &[Record], out: &mut Vec<u8>) {
    let frozen = v0::Records { records: records.iter().map(v0::Record::from).collect() };
    let payload =
        rkyv::to_bytes::<rkyv::rancor::Error>(&frozen).expect("memory is the only limit of encoding");
    envelope::seal_into(out, Kind::Records, VERSION, |out| out.extend_from_slice(&payload));
}

/// Reads what [`encode_records`] wrote; returns the bytes that follow too.
/// # Errors
/// Any bytes give records or an error.
pub fn decode_records(bytes: &[u8]) -> Result<(Vec<Record>, &[u8]), Error> {
    let opened = envelope::open(bytes, Kind::Records, VERSION)?;
    let frozen: v0::Records = rkyv::from_bytes::<_, rkyv::rancor::Error>(&aligned(opened.payload))
        .map_err(|e| Error::Payload(e.to_string()))?;
    let records = frozen.records.into_iter().map(Record::try_from).collect::<Result<_, _>>()?;
    Ok((records, opened.rest))
}

/// The envelope of a whole image.
pub fn encode_image(image: &Image) -> Vec<u8> {
    let frozen = v0::Image::from(image);
    let payload =
        rkyv::to_bytes::<rkyv::rancor::Error>(&frozen).expect("memory is the only limit of encoding");
    envelope::seal(Kind::Image, VERSION, &payload)
}

/// Reads what [`encode_image`] wrote.
/// # Errors
/// Any bytes give an image or an error; an image whose parts contradict each other is an error too.
pub fn decode_image(bytes: &[u8]) -> Result<Image, Error> {
    let opened = envelope::open(bytes, Kind::Image, VERSION)?;
    if !opened.rest.is_empty() {
        return Err(Error::Payload(format!("{} bytes follow the image", opened.rest.len())));
    }
    let frozen: v0::Image = rkyv::from_bytes::<_, rkyv::rancor::Error>(&aligned(opened.payload))
        .map_err(|e| Error::Payload(e.to_string()))?;
    Image::try_from(frozen)
}

/// `rkyv` reads in place only from aligned memory.
fn aligned(payload: &[u8]) -> AlignedVec {
    let mut copy = AlignedVec::with_capacity(payload.len());
    copy.extend_from_slice(payload);
    copy
}

#[cfg(test)]
mod tests;
