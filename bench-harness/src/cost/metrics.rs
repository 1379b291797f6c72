//! A broker's own page in Prometheus's text format.
//!
//! Two names are asked for, those that every client library of Prometheus gives a process: `process_cpu_seconds_total` and
//! `process_resident_memory_bytes`. All other counters (`…_total`) are kept as they are, labels summed.

use super::{Error, Sample};
use std::collections::BTreeMap;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(2);
/// A page of 100,000 series has some 10 MB.
const PAGE_BYTES_MAX: u64 = 32 << 20;

pub fn read(url: &str) -> Result<Sample, Error> {
    let failed = |error: ureq::Error| Error::Metrics { url: url.to_owned(), why: error.to_string() };
    let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).build().into();
    let mut response = agent.get(url).call().map_err(failed)?;
    let page = response.body_mut().with_config().limit(PAGE_BYTES_MAX).read_to_string().map_err(failed)?;
    parse(&page).ok_or_else(|| Error::Metrics {
        url: url.to_owned(),
        why: "it has no process_cpu_seconds_total or no process_resident_memory_bytes".to_owned(),
    })
}

/// None when one of the two names is missing.
pub fn parse(page: &str) -> Option<Sample> {
    let mut values: BTreeMap<&str, f64> = BTreeMap::new();
    for (name, value) in page.lines().filter_map(line) {
        *values.entry(name).or_default() += value;
    }
    Some(Sample {
        cpu_other_s: *values.get("process_cpu_seconds_total")?,
        resident_bytes: *values.get("process_resident_memory_bytes")? as u64,
        counters: values
            .into_iter()
            .filter(|(name, _)| name.ends_with("_total") && !name.starts_with("process_"))
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        ..Sample::default()
    })
}

/// Of `NAME{LABELS} VALUE [TIMESTAMP]`; none for comments and what is no number.
fn line(line: &str) -> Option<(&str, f64)> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let (name, rest) = match line.find('{') {
        Some(open) => {
            let (name, labels) = line.split_at_checked(open)?;
            (name, after_labels(labels)?)
        }
        None => line.split_once(char::is_whitespace)?,
    };
    let value: f64 = rest.split_whitespace().next()?.parse().ok()?;
    value.is_finite().then_some((name.trim(), value))
}

/// What follows the closing brace; one inside a quoted label is none.
fn after_labels(labels: &str) -> Option<&str> {
    let (mut quoted, mut escaped) = (false, false);
    for (index, c) in labels.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '}' if !quoted => return labels.get(index + 1..),
            _ => {}
        }
    }
    None
}
