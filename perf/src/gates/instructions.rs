//! Instructions as gungraun leaves them: a `summary.json` for each benchmark below its directory.

use super::figure::{Figure, Kind};
use crate::ring::TIMES;
use crate::scenarios::{SCENARIOS, Scenario};
use serde_json::Value;
use std::io::{self, Error, ErrorKind};
use std::path::{Path, PathBuf};

/// The version of the summaries that this reads: that of gungraun 0.20.
const VERSION: &str = "7";

/// Those of all benchmarks below `dir`; of scenarios for each request, of parts for a call.
/// # Errors
/// There are none, or they are of another version.
pub fn read(dir: &Path) -> io::Result<Vec<Figure>> {
    let mut paths = Vec::new();
    find(dir, &mut paths)?;
    paths.sort();
    if paths.is_empty() {
        let text = format!("no summary.json below {}: run perf/gate, which makes them", dir.display());
        return Err(Error::new(ErrorKind::NotFound, text));
    }
    let figures: Result<Vec<Figure>, Error> = paths.iter().map(|path| figure(path)).collect();
    Ok(differences(figures?))
}

const ONCE: &str = "-once";
const TWICE: &str = "-twice";

/// A pair that does the same once and twice becomes what one of [`TIMES`] takes.
fn differences(figures: Vec<Figure>) -> Vec<Figure> {
    let value = |subject: String| {
        figures.iter().find(|figure| figure.subject == subject).map_or(f64::NAN, |figure| figure.value)
    };
    figures
        .iter()
        .filter(|figure| !figure.subject.ends_with(TWICE))
        .map(|figure| match figure.subject.strip_suffix(ONCE) {
            Some(subject) => {
                let difference = value(format!("{subject}{TWICE}")) - figure.value;
                Figure::new(subject, figure.kind, difference / TIMES as f64)
            }
            None => figure.clone(),
        })
        .collect()
}

fn find(dir: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)
        .map_err(|error| Error::new(error.kind(), format!("{}: {error}", dir.display())))?
    {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, paths)?;
        } else if path.file_name().is_some_and(|name| name == "summary.json") {
            paths.push(path);
        }
    }
    Ok(())
}

fn figure(path: &Path) -> io::Result<Figure> {
    let wrong = |what: &str| Error::new(ErrorKind::InvalidData, format!("{}: {what}", path.display()));
    let summary: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    if summary["version"].as_str() != Some(VERSION) {
        return Err(wrong(&format!("a summary of version {}; this reads {VERSION}", summary["version"])));
    }
    let text = |name: &str| summary[name].as_str().map(str::to_owned);
    let (function, id) = text("function_name").zip(text("id")).ok_or_else(|| wrong("no name"))?;
    let instructions = summary["profiles"]
        .as_array()
        .and_then(|profiles| {
            profiles
                .iter()
                .find_map(|profile| profile["data"]["total"]["metrics"]["Ir"]["values"]["new"].as_f64())
        })
        .ok_or_else(|| wrong("no instructions (Ir)"))?;
    Ok(named(&function, &id, instructions))
}

/// `function_name` and `id` are those of the benchmark.
fn named(function: &str, id: &str, instructions: f64) -> Figure {
    let id = id.replace('_', "-");
    let scenario = SCENARIOS.iter().find(|scenario| function == "scenario" && scenario.name == id);
    match scenario {
        Some(scenario) => {
            let requests = Scenario::requests_in_all(scenario) as f64;
            Figure::new(scenario.name, Kind::Instructions, instructions / requests)
        }
        None => {
            let subject = format!("{}-{id}", function.replace('_', "-"));
            Figure::new(subject, Kind::Instructions, instructions)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A scenario's instructions are those of one request, a part's those of its call.
    #[test]
    fn benchmarks_become_figures() {
        let scenario = Scenario::named("produce-small");
        let all = 1000.0 * scenario.requests_in_all() as f64;
        let expected = Figure::new("produce-small", Kind::Instructions, 1000.0);
        assert_eq!(named("scenario", "produce_small", all), expected);
        let expected = Figure::new("decode-fetch-one", Kind::Instructions, 77.0);
        assert_eq!(named("decode_fetch", "one", 77.0), expected);
    }
    /// What is done twice as often tells what doing it takes.
    #[test]
    fn pairs_become_their_difference() {
        let figure = |subject, value| Figure::new(subject, Kind::Instructions, value);
        let pair = vec![
            figure("ring-echo-once", 5_000_000.0),
            figure("ring-echo-twice", 9_000_000.0),
            figure("checksum-small", 100.0),
        ];
        let expected = [figure("ring-echo", 4_000_000.0 / TIMES as f64), figure("checksum-small", 100.0)];
        assert_eq!(differences(pair), expected);
    }
}
