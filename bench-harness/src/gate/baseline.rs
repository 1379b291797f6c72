//! The file of bounds: what was seen, and how far each figure may move from it.
//!
//! ```toml
//! workload = "durable produce"
//!
//! [figure."broker.cpu_s_per_gb"]
//! value = 0.81          # what was seen; `gate --write` sets it
//! max_ratio = 1.15      # broken above 1.15 times the value
//! why = "records are copied once more than needed: see #12"
//!
//! [figure."latency.fetched.p999_ns"]
//! value = 6100000.0
//! max_ratio = 2.0
//! advisory = true       # warns, never breaks
//!
//! [figure."faults.lost"]
//! max = 0               # whatever was seen
//! ```

use crate::outcome::Stage;
use crate::report;
use crate::report::figures::{Better, Figure};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml_edit::{DocumentMut, Item, Table, value};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The name of the workload that the values are of.
    pub workload: Option<String>,
    #[serde(rename = "figure", default)]
    pub figures: BTreeMap<String, Bound>,
}

/// What one figure may be. Ratios are of `value`; `max` and `min` are of the figure itself.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bound {
    pub value: f64,
    pub max_ratio: Option<f64>,
    pub min_ratio: Option<f64>,
    pub max: Option<f64>,
    pub min: Option<f64>,
    /// Only warns.
    pub advisory: bool,
    /// Said when the bound is broken.
    pub why: Option<String>,
}

impl Bound {
    /// The highest that it may be: the tighter of the two that say so.
    pub fn most(&self) -> Option<f64> {
        let by_ratio = self.max_ratio.map(|ratio| self.value * ratio);
        [by_ratio, self.max].into_iter().flatten().reduce(f64::min)
    }

    pub fn least(&self) -> Option<f64> {
        let by_ratio = self.min_ratio.map(|ratio| self.value * ratio);
        [by_ratio, self.min].into_iter().flatten().reduce(f64::max)
    }

    fn bounds_nothing(&self) -> bool {
        self.most().is_none() && self.least().is_none()
    }
}

impl Baseline {
    /// # Errors
    /// What is wrong with the text, with its line; a figure without a bound, or no figure at all, is wrong too.
    pub fn parse(text: &str) -> Result<Baseline, String> {
        let baseline: Baseline =
            toml_edit::de::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        if baseline.figures.is_empty() {
            return Err("it bounds no figure; write one with --write".to_owned());
        }
        for (name, bound) in &baseline.figures {
            let numbers = [Some(bound.value), bound.max_ratio, bound.min_ratio, bound.max, bound.min];
            if numbers.into_iter().flatten().any(|number| !number.is_finite()) {
                return Err(format!("{name} has a number that is none"));
            }
            if bound.bounds_nothing() {
                return Err(format!("{name} has no bound: say max_ratio, min_ratio, max or min"));
            }
        }
        Ok(baseline)
    }
}

/// The text with the values that were seen. Figures, bounds and comments of an old text stay; a new one gets those that most users want:
/// hard bounds on what is steady, warnings for the latencies of `stage`.
pub fn update(
    old: Option<&str>,
    workload: &str,
    stage: Option<Stage>,
    seen: &[Figure],
) -> Result<String, String> {
    let Some(old) = old else { return Ok(fresh(workload, stage, seen)) };
    let baseline = Baseline::parse(old)?;
    let mut document: DocumentMut = old.parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
    let figures = document.get_mut("figure").and_then(Item::as_table_like_mut);
    let Some(figures) = figures else { return Err("its figures are no table".to_owned()) };
    for name in baseline.figures.keys() {
        let now = seen.iter().find(|figure| figure.name == *name);
        if let (Some(figure), Some(entry)) = (now, figures.get_mut(name).and_then(Item::as_table_like_mut)) {
            // What stood behind the old value on its line stays there.
            let decor = entry.get("value").and_then(Item::as_value).map(|value| value.decor().clone());
            entry.insert("value", value(rounded(figure.value)));
            if let (Some(decor), Some(new)) = (decor, entry.get_mut("value").and_then(Item::as_value_mut)) {
                *new.decor_mut() = decor;
            }
        }
    }
    Ok(document.to_string())
}

const HEAD: &str = "\
# Bounds for `ottla-bench gate`: `value` is what was seen when this was written, and each figure may move from it as far as its ratio
# says. A raised bound is a line to be reviewed. `advisory` figures only warn: they need a quiet machine.
";

fn fresh(workload: &str, stage: Option<Stage>, seen: &[Figure]) -> String {
    let mut document = DocumentMut::new();
    document.insert("workload", value(workload));
    document.decor_mut().set_prefix(HEAD);
    let mut figures = Table::new();
    figures.set_implicit(true);
    let stage = stage.map(report::name).unwrap_or_default();
    for figure in seen {
        let Some((key, limit)) = default_bound(figure, stage) else { continue };
        let mut entry = Table::new();
        entry.insert("value", value(rounded(figure.value)));
        entry.insert(key, value(limit));
        if !figure.is_steady {
            entry.insert("advisory", value(true));
        }
        figures.insert(&figure.name, Item::Table(entry));
    }
    document.insert("figure", Item::Table(figures));
    document.to_string()
}

/// None for figures that most users have no use for, and for counters: there are too many to bound unasked.
fn default_bound(figure: &Figure, stage: &str) -> Option<(&'static str, f64)> {
    let (group, rest) = figure.name.split_once('.')?;
    let latency_of_stage =
        rest.split_once('.').filter(|(of, _)| *of == stage).map(|(_, percentile)| percentile);
    Some(match (group, rest, latency_of_stage) {
        // How full batches are varies with the machine's other work, and costs per byte or request with it.
        ("broker", "cpu_s_per_gb" | "cpu_s_per_million_requests", _) => ("max_ratio", 1.25),
        ("broker", "resident_bytes_peak", _) => ("max_ratio", 1.25),
        ("broker", "disk_written_per_byte", _) => ("max_ratio", 1.25),
        ("requests", _, _) => ("max_ratio", 1.5),
        ("faults", _, _) => ("max", figure.value),
        ("latency", _, Some("p50_ns" | "p99_ns" | "p999_ns")) => ("max_ratio", 2.0),
        ("rate", "acknowledged_records_per_s" | "fetched_records_per_s", _)
            if figure.better == Better::Higher =>
        {
            ("min_ratio", 0.9)
        }
        _ => return None,
    })
}

/// Six significant digits: more would be noise in the file's history.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10f64.powi(5 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}
