//! Writes `protocol/src/generated` from `protocol/definitions`.
//!
//! `cargo run -p ottla-protocol-generator` writes; with `--check` it only compares, and fails when the committed code is not current.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    let protocol = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    match ottla_protocol_generator::generate(&protocol, check) {
        Ok(stale) if stale.is_empty() => ExitCode::SUCCESS,
        Ok(stale) => {
            for path in stale {
                eprintln!("stale: {}", path.display());
            }
            eprintln!("run: cargo run -p ottla-protocol-generator");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
