//! The report as text: what was measured and how comes first, so that no figure is read without it.

use super::title;
use super::units::{bytes, count, duration, duration_f, number, share, significant, span};
use crate::outcome::{BrokerCost, Distribution, Outcome, Pacing, Verification};
use comfy_table::{CellAlignment, Table, presets};
use std::fmt::Write as _;

/// Where the second column begins.
const INDENT: usize = 13;
/// How Kafka writes that a limit is never reached.
const NEVER: &str = "9223372036854775807";
/// Terminals of 110 columns show every line whole.
const WIDTH: usize = 110;

pub fn report(outcome: &Outcome) -> String {
    let mut text = String::new();
    head(&mut text, outcome);
    text.push('\n');
    field(&mut text, "Durability", &durability(outcome));
    text.push('\n');
    text.push_str(&latencies(outcome));
    text.push('\n');
    throughput(&mut text, outcome);
    if let Some(verification) = &outcome.verification {
        field(&mut text, "Verified", &verified(verification));
        for example in &verification.examples {
            field(&mut text, "", example);
        }
    }
    text.push('\n');
    broker(&mut text, outcome.broker.as_ref(), outcome);
    field(&mut text, "Load", &load(outcome));
    host(&mut text, outcome);
    // One line, however long: it is there to be copied.
    let _ = writeln!(text, "{:<INDENT$}{}", "Repeat", command(&outcome.command));
    text
}

fn head(text: &mut String, outcome: &Outcome) {
    if !outcome.invalid.is_empty() {
        let rule = "!".repeat(72);
        let _ = writeln!(text, "{rule}\nINVALID: the figures below can't be trusted.");
        for reason in &outcome.invalid {
            for line in textwrap::wrap(
                reason,
                textwrap::Options::new(WIDTH).initial_indent("  - ").subsequent_indent("    "),
            ) {
                let _ = writeln!(text, "{line}");
            }
        }
        let _ = writeln!(text, "{rule}\n");
    }
    field(text, "Workload", &outcome.workload.name);
    if let Some(question) = &outcome.workload.question {
        field(text, "", question);
    }
    field(text, "Pacing", &pacing(&outcome.pacing));
    field(text, "Measured", &format!("{}, from {}", span(outcome.measured_s), date(outcome.began_at_s)));
    for note in &outcome.notes {
        field(text, "Note", note);
    }
}

/// What the pacing is and what its percentiles are worth.
pub fn pacing(pacing: &Pacing) -> String {
    match pacing {
        Pacing::Open { schedule, records_per_s } => format!(
            "open loop, {} records/s, {schedule}: latencies count from the intended time of each record, whatever the broker does",
            number(*records_per_s)
        ),
        Pacing::Closed { in_flight } => format!(
            "CLOSED LOOP, {in_flight} in flight: a broker that stalls delays the sends that would have seen it, so these percentiles \
             hide pauses"
        ),
        Pacing::Flood => {
            "FLOOD, as fast as the broker takes it: the percentiles are those of a queue that is always full"
                .to_owned()
        }
    }
}

/// What was promised, what is in force, and the settings that say so.
pub fn durability(outcome: &Outcome) -> String {
    let durability = &outcome.durability;
    let asked = match durability.acks {
        -1 => "acks=all".to_owned(),
        acks => format!("acks={acks}"),
    };
    let mut sentence = format!("{asked}: {}", durability.in_force);
    if !durability.settings.is_empty() {
        let shown = |value: &str| if value == NEVER { "never".to_owned() } else { value.to_owned() };
        let settings: Vec<String> =
            durability.settings.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
        let _ = write!(sentence, " ({})", settings.join(", "));
    }
    sentence
}

fn latencies(outcome: &Outcome) -> String {
    let mut table = table(&["latency", "count", "mean", "p50", "p90", "p99", "p99.9", "p99.99", "max"]);
    let mut thin = false;
    for (stage, distribution) in &outcome.stages {
        let percentile = |quantile: f64, ns: u64| match is_seen(distribution, quantile) {
            true => duration(ns),
            false => "–".to_owned(),
        };
        thin |= !is_seen(distribution, 0.9999);
        table.add_row([
            title(*stage).to_owned(),
            count(distribution.count),
            duration_f(distribution.mean_ns),
            percentile(0.5, distribution.p50_ns),
            percentile(0.9, distribution.p90_ns),
            percentile(0.99, distribution.p99_ns),
            percentile(0.999, distribution.p999_ns),
            percentile(0.9999, distribution.p9999_ns),
            duration(distribution.max_ns),
        ]);
    }
    let mut text = lines(&table);
    if thin {
        text.push_str("– : fewer than one record lies beyond that percentile\n");
    }
    text
}

/// Whether at least one of the records lies beyond the quantile; without one, the percentile is only the maximum.
pub fn is_seen(distribution: &Distribution, quantile: f64) -> bool {
    // Half a record's tolerance, for 1 - 0.9999 is a little less than 0.0001.
    distribution.count as f64 * (1.0 - quantile) >= 0.999_99
}

fn throughput(text: &mut String, outcome: &Outcome) {
    let counts = &outcome.counts;
    let seconds = outcome.measured_s.max(f64::MIN_POSITIVE);
    let rate = |records: u64| format!("{} records/s", number(records as f64 / seconds));
    let line = |records: u64, moved: u64| {
        format!(
            "{} = {}/s ({} records, {})",
            rate(records),
            bytes(moved as f64 / seconds),
            count(records),
            bytes(moved as f64)
        )
    };
    if counts.records_intended > 0 {
        field(
            text,
            "Intended",
            &format!("{} ({} records)", rate(counts.records_intended), count(counts.records_intended)),
        );
    }
    field(text, "Acknowledged", &line(counts.records_acknowledged, counts.bytes_acknowledged));
    field(text, "Fetched", &line(counts.records_fetched, counts.bytes_fetched));
    if counts.records_caught_up > 0 {
        field(text, "Caught up", &line(counts.records_caught_up, counts.bytes_caught_up));
    }
    let per_request = match counts.produce_requests {
        0 => String::new(),
        requests => format!(" of {} records", significant(counts.records_sent as f64 / requests as f64)),
    };
    field(
        text,
        "Requests",
        &format!(
            "{} produce{per_request}, {} fetch",
            count(counts.produce_requests),
            count(counts.fetch_requests)
        ),
    );
    let errors: Vec<String> =
        counts.errors.iter().map(|(name, seen)| format!("{name} × {}", count(*seen))).collect();
    let errors = if errors.is_empty() { "none".to_owned() } else { errors.join(", ") };
    field(text, "Errors", &errors);
}

pub fn verified(verification: &Verification) -> String {
    let Verification { records_expected, records_seen, lost, doubled, reordered, changed, .. } = verification;
    let verdict =
        if [lost, doubled, reordered, changed] == [&0; 4] { "every record as it was sent" } else { "FAULTS" };
    format!(
        "{verdict}: {} expected, {} seen, {} lost, {} doubled, {} reordered, {} changed",
        count(*records_expected),
        count(*records_seen),
        count(*lost),
        count(*doubled),
        count(*reordered),
        count(*changed)
    )
}

fn broker(text: &mut String, cost: Option<&BrokerCost>, outcome: &Outcome) {
    let Some(cost) = cost else {
        field(text, "Broker", "cost not measured: name its process, its cgroup or its metrics page");
        return;
    };
    field(text, "Broker CPU", &cpu(cost, outcome.measured_s));
    field(
        text,
        "Memory",
        &format!(
            "{} resident, {} at its peak",
            bytes(cost.resident_bytes as f64),
            bytes(cost.resident_bytes_peak as f64)
        ),
    );
    if let Some(disk) = disk(cost, outcome) {
        field(text, "Disk", &disk);
    }
    field(text, "Told by", &cost.source);
}

/// The CPU's seconds, cores, and the two ratios.
pub fn cpu(cost: &BrokerCost, measured_s: f64) -> String {
    let mut sentence = format!("{} s", significant(cost.cpu_s));
    // A source that does not tell the two apart leaves both at zero.
    if cost.cpu_user_s + cost.cpu_system_s > 0.0 {
        let _ = write!(
            sentence,
            " (user {}, system {})",
            significant(cost.cpu_user_s),
            significant(cost.cpu_system_s)
        );
    }
    let _ = write!(sentence, " = {} cores", significant(cost.cpu_s / measured_s.max(f64::MIN_POSITIVE)));
    if let Some(per_gb) = cost.cpu_s_per_gb {
        let _ = write!(sentence, ", {} s/GB", number(per_gb));
    }
    if let Some(per_million) = cost.cpu_s_per_million_requests {
        let _ = write!(sentence, ", {} s per million requests", number(per_million));
    }
    sentence
}

fn disk(cost: &BrokerCost, outcome: &Outcome) -> Option<String> {
    let written = cost.disk_written_bytes?;
    let mut sentence = format!("{} written", bytes(written as f64));
    if outcome.counts.bytes_acknowledged > 0 {
        let ratio = written as f64 / outcome.counts.bytes_acknowledged as f64;
        let _ = write!(sentence, " ({} × what was acknowledged)", significant(ratio));
    }
    if let Some(read) = cost.disk_read_bytes {
        let _ = write!(sentence, ", {} read", bytes(read as f64));
    }
    Some(sentence)
}

/// Whether the load itself could have been what was measured.
pub fn load(outcome: &Outcome) -> String {
    let load = &outcome.generator;
    let (workers, busiest) =
        if load.workers == 1 { ("worker", "which ran") } else { ("workers", "the busiest") };
    format!(
        "{} CPU, {} {workers}, {busiest} at {} of its core",
        span(load.cpu_s),
        load.workers,
        share(load.busiest_worker)
    )
}

/// What a reader must know of the machine, a row each; empty ones are left out.
pub fn host_rows(outcome: &Outcome) -> Vec<(&'static str, String)> {
    let host = &outcome.host;
    let mut machine = format!(
        "{}, {} cores, {} of memory, kernel {}, clock {}",
        host.cpu,
        host.cores,
        bytes(host.memory_bytes as f64),
        host.kernel,
        host.clock_source
    );
    if let Some(virtualization) = &host.virtualization {
        let _ = write!(machine, ", virtualized: {virtualization}");
    }
    let is_here = host.device.is_some()
        || outcome
            .broker
            .as_ref()
            .is_some_and(|cost| cost.source.starts_with("/proc/") || cost.source.starts_with("cgroup "));
    if !is_here {
        machine.push_str("; of the load, for the broker is elsewhere or does not say where");
    }
    let mut rows = vec![("Machine", machine)];
    let parts = [
        host.device.clone(),
        host.file_system.clone(),
        host.mount_options.as_ref().map(|options| format!("mounted {options}")),
        host.write_cache.as_ref().map(|cache| format!("write cache: {cache}")),
    ];
    let data: Vec<String> = parts.into_iter().flatten().collect();
    rows.push(("Data on", if data.is_empty() { "not known".to_owned() } else { data.join(", ") }));
    rows.push(("Versions", format!("{}; {}", host.broker, host.tool)));
    rows
}

fn host(text: &mut String, outcome: &Outcome) {
    for (label, row) in host_rows(outcome) {
        field(text, label, &row);
    }
}

/// The words as a shell takes them.
pub fn command(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
    quoted.join(" ")
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// `2026-11-25 03:06:00 UTC`.
pub fn date(since_1970_s: f64) -> String {
    match jiff::Timestamp::from_second(since_1970_s as i64) {
        Ok(at) => at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => format!("{since_1970_s} s since 1970"),
    }
}

/// A label and its text, wrapped under itself.
fn field(text: &mut String, label: &str, content: &str) {
    let first = format!("{label:<INDENT$}");
    let rest = " ".repeat(INDENT);
    let options =
        textwrap::Options::new(WIDTH).initial_indent(&first).subsequent_indent(&rest).break_words(false);
    for line in textwrap::wrap(content, options) {
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

/// A table whose first column stands to the left and whose others stand to the right.
pub(crate) fn table(columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(columns);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if index > 0 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// The lines of a table, without blanks at their ends.
pub(crate) fn lines(table: &Table) -> String {
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}
