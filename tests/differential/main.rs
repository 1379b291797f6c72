//! One list of requests, valid and not, to Ottla and to Apache Kafka; the answers compared field by field.
//!
//! `differential [--live | --record] [--only SECTION]...`: see `run` beside this file.

mod cases;
mod golden;
mod text;
mod trial;

use golden::Meant;
use ottla_tests::broker::{Kind, Setup};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use trial::{Case, Trial};

/// What both brokers are told. The records' timestamps are years old: without the first, Kafka's retention deletes them.
const SETTINGS: [(&str, &str); 2] = [("log.retention.ms", "-1"), ("num.partitions", "2")];

fn main() -> ExitCode {
    let (mut live, mut record, mut only) = (false, false, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--live" => live = true,
            "--record" => record = true,
            "--only" => only.extend(arguments.next()),
            other => {
                eprintln!("differential: '{other}'? differential [--live | --record] [--only SECTION]...");
                return ExitCode::from(2);
            }
        }
    }
    let known = cases::SECTIONS.map(|(name, _)| name);
    if let Some(wrong) = only.iter().find(|name| !known.contains(&name.as_str())) {
        eprintln!("differential: no section '{wrong}'; there are: {}", known.join(", "));
        return ExitCode::from(2);
    }
    match run(live, record, &only) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("FAIL differential: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(live: bool, record: bool, only: &[String]) -> io::Result<bool> {
    let here = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/differential"));
    let golden = here.join("golden");
    if record {
        let kafka = answers(Kind::Kafka, only)?;
        std::fs::create_dir_all(&golden)?;
        for (section, cases) in &kafka {
            golden::write(&golden.join(section), cases)?;
            println!("recorded {} answers of Apache Kafka: {section}", cases.len());
        }
        return Ok(true);
    }
    let kafka = if live { answers(Kind::Kafka, only)? } else { recorded(&golden, only)? };
    let ottla = answers(Kind::Ottla, only)?;
    let mut meant = golden::differences(&here.join("differences"))?;
    let (mut passed, mut failed) = (0, 0);
    for (section, expected) in &kafka {
        let actual = ottla.get(section).map(Vec::as_slice).unwrap_or_default();
        for (name, lines) in compare(expected, actual, &mut meant) {
            if lines.is_empty() {
                passed += 1;
                println!("ok {section} {name}");
            } else {
                failed += 1;
                println!("FAIL {section} {name}: - Apache Kafka, + Ottla, ~ a difference that is meant");
                lines.iter().for_each(|line| println!("    {line}"));
            }
        }
    }
    for rule in meant.iter().filter(|rule| !rule.used && only.is_empty()) {
        failed += 1;
        println!("FAIL differences: nothing differs so any more, take it out: {}", rule.text);
    }
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0 && passed > 0)
}

/// Each case with its diff, empty when it passes.
fn compare(expected: &[Case], actual: &[Case], meant: &mut [Meant]) -> Vec<(String, Vec<String>)> {
    let mut results = Vec::new();
    for case in expected {
        let lines = match actual.iter().find(|other| other.name == case.name) {
            Some(other) => golden::compare(case, other, meant),
            None => vec!["Ottla was not asked".to_string()],
        };
        results.push((case.name.clone(), lines));
    }
    for case in actual.iter().filter(|case| expected.iter().all(|other| other.name != case.name)) {
        let mut lines = vec!["Kafka's answer is not recorded".to_string()];
        lines.extend(case.lines.iter().cloned());
        results.push((case.name.clone(), lines));
    }
    results
}

fn chosen(only: &[String], section: &str) -> bool {
    only.is_empty() || only.iter().any(|name| name == section)
}

fn recorded(golden: &Path, only: &[String]) -> io::Result<BTreeMap<String, Vec<Case>>> {
    let sections = cases::SECTIONS.iter().filter(|(section, _)| chosen(only, section));
    sections.map(|(section, _)| Ok((section.to_string(), golden::read(&golden.join(section))?))).collect()
}

/// Starts a broker of `kind` on a directory of its own and asks it everything.
fn answers(kind: Kind, only: &[String]) -> io::Result<BTreeMap<String, Vec<Case>>> {
    let dir = tempfile::tempdir()?;
    let mut settings = SETTINGS.to_vec();
    if kind == Kind::Ottla {
        // As the script that starts Kafka does.
        settings.push(("node.id", "1"));
    }
    let setup = Setup::new(kind, dir.path(), &settings)?;
    let mut broker = setup.start()?;
    let mut all = BTreeMap::new();
    for (section, ask) in cases::SECTIONS.iter().filter(|(section, _)| chosen(only, section)) {
        let begun = std::time::Instant::now();
        let mut trial = Trial::new(setup.address());
        trial.call_it(&setup.data().display().to_string(), "log dir");
        cases::learn_cluster(&mut trial);
        ask(&mut trial);
        let (asked, seconds) = (trial.cases.len(), begun.elapsed().as_secs_f64());
        eprintln!("# {}: {asked} answers to {section} in {seconds:.1} s", kind.name());
        all.insert(section.to_string(), trial.cases);
        if !broker.is_alive() {
            let log = setup.log();
            let tail = log.lines().rev().take(20).collect::<Vec<_>>();
            let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
            return Err(io::Error::other(format!("{} died in section {section}:\n{tail}", kind.name())));
        }
    }
    if broker.stop(std::time::Duration::from_secs(30)).is_none() {
        return Err(io::Error::other(format!("{} does not stop", kind.name())));
    }
    Ok(all)
}
