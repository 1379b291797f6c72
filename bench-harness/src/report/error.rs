use std::io;
use std::path::{Path, PathBuf};

/// Why a report could not be made, or an old one not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot {what} {}: {error}", path.display())]
    File { what: &'static str, path: PathBuf, error: io::Error },
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    #[error("the outcome cannot be written as JSON: {0}")]
    Encode(serde_json::Error),
    #[error("{} is no outcome of ottla-bench: {error}", path.display())]
    NotAnOutcome { path: PathBuf, error: serde_json::Error },
    #[error("{} is of schema {found}; this version of ottla-bench reads schema {known}", path.display())]
    Schema { path: PathBuf, found: u64, known: u32 },
    #[error("the histogram of stage {stage} is not in HdrHistogram's format: {why}")]
    Histogram { stage: &'static str, why: String },
    #[error("the plot of {what} failed: {why}")]
    Plot { what: &'static str, why: String },
}

impl Error {
    pub(crate) fn file(what: &'static str, path: &Path, error: io::Error) -> Error {
        Error::File { what, path: path.to_owned(), error }
    }
}
