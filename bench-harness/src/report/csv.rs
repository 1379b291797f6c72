//! A row a second of the measured part. Numbers are plain: a spreadsheet or a data frame reads them as they are.

use super::name;
use crate::outcome::{Outcome, Stage};
use std::fmt::Write as _;

const STAGES: [Stage; 4] = [Stage::Sent, Stage::Ack, Stage::Acknowledged, Stage::Fetched];

/// Columns of stages that the outcome never saw are left out; a second that saw nothing of a stage has empty cells there.
pub fn seconds(outcome: &Outcome) -> String {
    let stages: Vec<Stage> = STAGES.into_iter().filter(|stage| outcome.stages.contains_key(stage)).collect();
    let mut text = String::from(
        "at_s,records_sent,records_acknowledged,records_fetched,bytes_acknowledged,bytes_fetched,errors,broker_cpu_s",
    );
    for stage in &stages {
        let name = name(*stage);
        let _ = write!(text, ",{name}_count,{name}_p50_ns,{name}_p99_ns,{name}_p999_ns,{name}_max_ns");
    }
    text.push('\n');
    for second in &outcome.seconds {
        let _ = write!(
            text,
            "{},{},{},{},{},{},{},{}",
            second.at_s,
            second.records_sent,
            second.records_acknowledged,
            second.records_fetched,
            second.bytes_acknowledged,
            second.bytes_fetched,
            second.errors,
            second.broker_cpu_s.map(|cpu_s| cpu_s.to_string()).unwrap_or_default(),
        );
        for stage in &stages {
            match second.stages.get(stage).filter(|seen| seen.count > 0) {
                Some(seen) => {
                    let _ = write!(
                        text,
                        ",{},{},{},{},{}",
                        seen.count, seen.p50_ns, seen.p99_ns, seen.p999_ns, seen.max_ns
                    );
                }
                None => text.push_str(",0,,,,"),
            }
        }
        text.push('\n');
    }
    text
}
