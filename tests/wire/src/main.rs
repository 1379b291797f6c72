//! Compares Ottla's wire format with what Apache Kafka's own classes write and read. `tests/wire/run` calls it.
//!
//! | command | what it compares |
//! | --- | --- |
//! | `definitions DIR` | our definitions with Kafka's JSON schemas |
//! | `messages FILE` | messages that Kafka wrote: read, and written to the same bytes |
//! | `batches FILE` | batches that Kafka wrote: read alike, also after recompression |
//! | `write-batches FILE SEED` | writes batches for Kafka to read |

mod batches;
mod definitions;
mod messages;

#[path = "../../../protocol/tests/golden_files/describe.rs"]
mod describe;

use std::process::ExitCode;

/// How many comparisons came out right; each that did not was printed.
#[derive(Debug, Default)]
struct Counts {
    passed: usize,
    failed: usize,
}

impl Counts {
    fn note(&mut self, right: bool, what: impl FnOnce() -> String) {
        if right {
            self.passed += 1;
            return;
        }
        self.failed += 1;
        // The first few say what is wrong; a wrong encoder fails thousands.
        if self.failed <= 20 {
            eprintln!("FAILED {}", what());
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (title, counts) = match words.as_slice() {
        ["definitions", folder] => {
            ("definitions against Kafka's schemas", definitions::compare(folder.as_ref()))
        }
        ["messages", file] => {
            ("messages of Kafka's, read and written alike", messages::compare(file.as_ref()))
        }
        ["batches", file] => ("batches of Kafka's", batches::compare(file.as_ref())),
        ["write-batches", file, seed] => {
            return match batches::write(file.as_ref(), seed) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => failed(&error),
            };
        }
        _ => return failed("definitions DIR | messages FILE | batches FILE | write-batches FILE SEED"),
    };
    match counts {
        Ok(counts) => {
            println!("{} passed, {} failed: {title}", counts.passed, counts.failed);
            if counts.failed == 0 && counts.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &str) -> ExitCode {
    eprintln!("{error}");
    ExitCode::FAILURE
}
