//! One run of `ottla-bench` against a broker that was started for it.

use super::{Build, Figures, Run};
use crate::gates::process::Process;
use ottla_bench::outcome::{Outcome, Stage};
use std::io::{self, Error};
use std::path::Path;
use std::process::Command;

/// `ottla-bench` says so of a run whose figures cannot be trusted; its report says why.
const INVALID: i32 = 4;

/// Runs `workload` for `seconds`, or as long as it says itself. Files go to `dir`.
/// # Errors
/// The broker does not start, or the load breaks off.
pub fn run(
    build: &Build,
    bench: &Path,
    workload: &Path,
    seconds: Option<f64>,
    dir: &Path,
) -> io::Result<Run> {
    let shards = std::thread::available_parallelism().map_or(1, usize::from);
    let process = Process::start_in(&[&build.binary], shards, &[], dir)?;
    let out = tempfile::tempdir_in(dir)?;
    let mut command = Command::new(bench);
    command.arg("run").arg(workload).arg("--quiet").arg("--out").arg(out.path());
    command.arg("--broker").arg(process.address().to_string());
    command.arg("--cost").arg(format!("pid:{}", process.id()));
    if let Some(seconds) = seconds {
        command.arg("--duration").arg(seconds.to_string());
        command.arg("--warmup").arg((seconds / 4.0).to_string());
    }
    let output = command.output()?;
    if !output.status.success() && output.status.code() != Some(INVALID) {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Error::other(format!("{}: {}: {said}", workload.display(), output.status)));
    }
    process.stop()?;
    let outcome: Outcome = serde_json::from_slice(&std::fs::read(out.path().join("outcome.json"))?)?;
    Ok(Run { figures: figures(&outcome), invalid: outcome.invalid })
}

/// What a report says of one run, by names with their units last.
pub fn figures(outcome: &Outcome) -> Figures {
    let counts = &outcome.counts;
    let per_second = |count: u64| count as f64 / outcome.measured_s.max(f64::MIN_POSITIVE);
    let mut figures = Figures::new();
    let mut put = |name: &str, value: f64| figures.insert(name.to_owned(), value);
    put("acknowledged_records_per_s", per_second(counts.records_acknowledged));
    put("acknowledged_mb_per_s", per_second(counts.bytes_acknowledged) / 1e6);
    if counts.records_fetched > 0 {
        put("fetched_records_per_s", per_second(counts.records_fetched));
        put("fetched_mb_per_s", per_second(counts.bytes_fetched) / 1e6);
    }
    if counts.bytes_caught_up > 0 {
        put("caught_up_mb_per_s", per_second(counts.bytes_caught_up) / 1e6);
    }
    let stages = [
        (Stage::Sent, "sent"),
        (Stage::Ack, "ack"),
        (Stage::Acknowledged, "acknowledged"),
        (Stage::Fetched, "fetched"),
    ];
    for (stage, name) in stages {
        let Some(times) = outcome.stages.get(&stage).filter(|times| times.count > 0) else { continue };
        for (part, nanos) in [("p50", times.p50_ns), ("p99", times.p99_ns), ("p999", times.p999_ns)] {
            put(&format!("{name}_{part}_ms"), nanos as f64 / 1e6);
        }
    }
    if let Some(cost) = &outcome.broker {
        if let Some(value) = cost.cpu_s_per_gb {
            put("broker_cpu_s_per_gb", value);
        }
        if let Some(value) = cost.cpu_s_per_million_requests {
            put("broker_cpu_us_per_request", value);
        }
        put("broker_cpu_s_per_s", cost.cpu_s / outcome.measured_s.max(f64::MIN_POSITIVE));
        put("broker_resident_mb", cost.resident_bytes as f64 / 1e6);
    }
    figures
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Every scenario is a workload that `ottla-bench` takes, called as its file and with its question.
    #[test]
    fn scenarios_are_workloads() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let mut count = 0;
        for entry in std::fs::read_dir(dir).expect("the scenarios") {
            let path = entry.expect("an entry").path();
            let workload = ottla_bench::workload::file::read(&path, None)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(path.file_stem().and_then(|name| name.to_str()), Some(workload.name.as_str()));
            assert!(workload.question.is_some_and(|question| question.ends_with('?')), "{}", path.display());
            count += 1;
        }
        assert!(count >= 13, "{count} scenarios");
    }
}
