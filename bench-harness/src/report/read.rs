//! Outcomes from files, as they were written by this version or another.

use super::{Error, name};
use crate::outcome::{Distribution, Outcome, SCHEMA, Stage};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use std::fs;
use std::path::Path;

/// Far above what an outcome holds: a histogram of five digits over a day has some 600 kB.
const HISTOGRAM_TEXT_BYTES_MAX: usize = 16 << 20;

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
    Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(|error| bad(error.to_string()))
}
