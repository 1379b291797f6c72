//! What was found: printed as it is found, as text or as JSON, an object a line, and counted for the exit code.

use crate::cli::table::{counted, size};
use crate::cli::{Exit, Failure};
use ottla_log::Offset;
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Findings of one file that are printed; a file of something else would have one for each of its entries.
const FINDINGS_SHOWN_MAX: usize = 20;
const BETWEEN_SHOWINGS: Duration = Duration::from_millis(200);

/// Where in a file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct At {
    pub(super) byte: Option<u64>,
    pub(super) offset: Option<Offset>,
}

impl At {
    pub(super) fn byte(byte: u64) -> At {
        At { byte: Some(byte), offset: None }
    }
    pub(super) fn both(byte: u64, offset: Offset) -> At {
        At { byte: Some(byte), offset: Some(offset) }
    }
    pub(super) fn offset(offset: Offset) -> At {
        At { byte: None, offset: Some(offset) }
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Weight {
    /// Exit code 1.
    Damage,
    /// Worth knowing, and no damage.
    Note,
    /// Exit code 2.
    Unreadable,
}

#[derive(Serialize)]
struct Finding<'a> {
    r#type: Weight,
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    byte: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<Offset>,
    reason: &'a str,
    /// What a broker does about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    broker: Option<&'a str>,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Totals {
    pub(super) partitions: u64,
    pub(super) files: u64,
    pub(super) bytes: u64,
    pub(super) batches: u64,
    pub(super) records: u64,
}

pub(super) struct Report<'a> {
    out: Box<dyn Write + 'a>,
    is_json: bool,
    pub(super) totals: Totals,
    damaged: u64,
    notes: u64,
    unreadable: u64,
    /// Of the file that the last finding was of.
    file: String,
    file_findings: usize,
    shown: Option<Instant>,
}

impl Report<'static> {
    /// To standard output.
    pub(super) fn to_stdout(is_json: bool) -> Report<'static> {
        let out: BufWriter<StdoutLock<'static>> = BufWriter::with_capacity(64 << 10, io::stdout().lock());
        let mut report = Report::new(Box::new(out), is_json);
        report.shown = io::stderr().is_terminal().then(Instant::now);
        report
    }
}

impl<'a> Report<'a> {
    pub(super) fn new(out: Box<dyn Write + 'a>, is_json: bool) -> Report<'a> {
        Report {
            out,
            is_json,
            totals: Totals::default(),
            damaged: 0,
            notes: 0,
            unreadable: 0,
            file: String::new(),
            file_findings: 0,
            shown: None,
        }
    }

    pub(super) fn is_json(&self) -> bool {
        self.is_json
    }

    /// Prints a JSON object as a line, or text.
    pub(super) fn line(
        &mut self,
        json: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.is_json {
            serde_json::to_writer(&mut self.out, json)?;
        } else {
            self.out.write_all(text().as_bytes())?;
        }
        self.out.write_all(b"\n")?;
        Ok(())
    }

    pub(super) fn damage(
        &mut self,
        file: &Path,
        at: At,
        reason: impl Display,
        broker: impl Display,
    ) -> Result<(), Failure> {
        self.damaged += 1;
        self.finding(Weight::Damage, file, at, &reason.to_string(), Some(&broker.to_string()))
    }

    pub(super) fn note(&mut self, file: &Path, at: At, reason: impl Display) -> Result<(), Failure> {
        self.notes += 1;
        self.finding(Weight::Note, file, at, &reason.to_string(), None)
    }

    /// What could not be looked at.
    pub(super) fn unreadable(&mut self, file: &Path, why: impl Display) -> Result<(), Failure> {
        self.unreadable += 1;
        self.finding(Weight::Unreadable, file, At::default(), &why.to_string(), None)
    }

    fn finding(
        &mut self,
        weight: Weight,
        file: &Path,
        at: At,
        reason: &str,
        broker: Option<&str>,
    ) -> Result<(), Failure> {
        let file = file.to_string_lossy();
        if self.file != file {
            self.file = file.to_string();
            self.file_findings = 0;
        }
        self.file_findings += 1;
        if self.file_findings > FINDINGS_SHOWN_MAX {
            return Ok(());
        }
        self.clear_progress();
        let is_last = self.file_findings == FINDINGS_SHOWN_MAX;
        let more = if is_last { "; this file's further findings are not shown" } else { "" };
        let reason = format!("{reason}{more}");
        let finding = Finding {
            r#type: weight,
            file: &file,
            byte: at.byte,
            offset: at.offset,
            reason: &reason,
            broker,
        };
        self.line(&finding, || {
            let word = match weight {
                Weight::Damage => "DAMAGED",
                Weight::Note => "note",
                Weight::Unreadable => "UNREADABLE",
            };
            let mut place = String::new();
            if let Some(byte) = at.byte {
                place.push_str(&format!(" byte {byte}"));
            }
            if let Some(offset) = at.offset {
                place.push_str(&format!(" offset {offset}"));
            }
            let mut text = format!("{word} {file}{place}: {reason}");
            if let Some(broker) = broker {
                text.push_str(&format!("\n    {broker}"));
            }
            text
        })
    }

    /// On a terminal, now and then: how far it is.
    pub(super) fn progress(&mut self, file: &Path, position: u64) {
        if self.shown.is_some_and(|shown| shown.elapsed() >= BETWEEN_SHOWINGS) {
            self.shown = Some(Instant::now());
            let done = size(self.totals.bytes + position);
            // Whoever looks at it may have gone.
            let _ = write!(
                io::stderr(),
                "\r\x1b[K{}, {done}: {}",
                counted(self.totals.files, "file"),
                file.display()
            );
        }
    }

    fn clear_progress(&self) {
        if self.shown.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }

    /// Prints what was looked at, and says how it ended.
    pub(super) fn finish(mut self, summary: bool) -> Result<Exit, Failure> {
        self.clear_progress();
        if summary {
            let totals = self.totals;
            let line = Summary {
                r#type: "summary",
                totals,
                damages: self.damaged,
                notes: self.notes,
                unreadable: self.unreadable,
            };
            let (damaged, unreadable) = (self.damaged, self.unreadable);
            self.line(&line, || {
                let verdict = match (damaged, unreadable) {
                    (0, 0) => "sound".to_owned(),
                    (0, unreadable) => format!("{} could not be read", counted(unreadable, "file")),
                    (damaged, _) => format!("damaged: {}", counted(damaged, "finding")),
                };
                format!(
                    "{verdict}: {} in {}, {} with {}",
                    size(totals.bytes),
                    counted(totals.files, "file"),
                    if totals.batches == 1 {
                        "1 batch".to_owned()
                    } else {
                        format!("{} batches", totals.batches)
                    },
                    counted(totals.records, "record")
                )
            })?;
        }
        self.out.flush()?;
        Ok(match (self.damaged, self.unreadable) {
            (0, 0) => Exit::Ok,
            (0, _) => Exit::Usage,
            _ => Exit::Failed,
        })
    }
}

#[derive(Serialize)]
struct Summary {
    r#type: &'static str,
    #[serde(flatten)]
    totals: Totals,
    damages: u64,
    notes: u64,
    unreadable: u64,
}
