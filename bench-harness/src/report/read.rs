//! Outcomes from files, as they were written by this version or another.

use super::{Error, name};
use crate::outcome::{Distribution, Outcome, SCHEMA, Stage};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use std::fs;
use std::io::Read as _;
use std::path::Path;

/// Far above what an outcome holds: a histogram of five digits over a day has some 600 kB.
const HISTOGRAM_TEXT_BYTES_MAX: usize = 1 << 20;
/// What such a text may inflate to: counts of a histogram of five digits, nine bytes each at most.
const HISTOGRAM_BYTES_MAX: u64 = 64 << 20;
/// Of the format's V2: cookie, length of what follows, and five fields more.
const HISTOGRAM_HEADER_BYTES: usize = 40;

/// Reads an outcome's JSON.
///
/// # Errors
/// A file that can't be read, that is none of ours, or whose schema is not this version's; each names the file.
pub fn read(path: &Path) -> Result<Outcome, Error> {
    let text = fs::read_to_string(path).map_err(|error| Error::file("read", path, error))?;
    parse(&text, path)
}

fn parse(text: &str, path: &Path) -> Result<Outcome, Error> {
    let not_ours = |error| Error::NotAnOutcome { path: path.to_owned(), error };
    // The schema first: a newer file may lack what this version asks for, and that is the better message.
    #[derive(serde::Deserialize)]
    struct Head {
        schema: u64,
    }
    let head: Head = serde_json::from_str(text).map_err(not_ours)?;
    if head.schema != u64::from(SCHEMA) {
        return Err(Error::Schema { path: path.to_owned(), found: head.schema, known: SCHEMA });
    }
    serde_json::from_str(text).map_err(not_ours)
}

/// The whole distribution of a stage.
///
/// # Errors
/// [`Error::Histogram`] when the text in `hdr` is not what its field says.
pub fn histogram(stage: Stage, distribution: &Distribution) -> Result<Histogram<u64>, Error> {
    let bad = |why: String| Error::Histogram { stage: name(stage), why };
    if distribution.hdr.len() > HISTOGRAM_TEXT_BYTES_MAX {
        return Err(bad(format!("{} bytes of text", distribution.hdr.len())));
    }
    let bytes = STANDARD.decode(distribution.hdr.trim()).map_err(|error| bad(error.to_string()))?;
    let plain = inflate(&bytes).map_err(bad)?;
    Deserializer::new().deserialize(&mut plain.as_slice()).map_err(|error| bad(error.to_string()))
}

/// The histogram behind the compressed format's cookie and length. Its own length is held against what is there, for the deserializer
/// allocates what it says.
fn inflate(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let deflated = bytes.get(8..).ok_or("it is too short")?;
    let mut plain = Vec::new();
    let read = ZlibDecoder::new(deflated).take(HISTOGRAM_BYTES_MAX).read_to_end(&mut plain);
    read.map_err(|error| error.to_string())?;
    let length = plain.get(4..8).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
    let length = length.and_then(|length| usize::try_from(length).ok()).ok_or("it is too short")?;
    if length > plain.len().saturating_sub(HISTOGRAM_HEADER_BYTES) {
        return Err(format!("it says that it has {length} bytes, and has fewer"));
    }
    Ok(plain)
}
