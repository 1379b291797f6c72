//! Bad input, from the network and on the disk, against the live process: it lives on, takes no more memory than it may, and serves
//! others as if nothing was.
//!
//! `abuse [--seed N] [--only TEXT]...`: see `run` beside this file.

mod disk;
mod ground;
mod network;

use ground::Ground;
use ottla_tests::broker::{Kind, Setup};
use std::io;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

fn main() -> ExitCode {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
    let (mut seed, mut only, mut kind) = (now % 1_000_000_007, Vec::new(), Kind::Ottla);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next()) {
            ("--seed", Some(value)) if value.parse::<u64>().is_ok() => seed = value.parse().unwrap_or(seed),
            ("--only", Some(value)) => only.push(value),
            ("--target", Some(value)) if value == "kafka" => kind = Kind::Kafka,
            ("--target", Some(value)) if value == "ottla" => {}
            (_, value) => {
                eprintln!(
                    "abuse: {argument} {value:?}? abuse [--seed N] [--only TEXT]... [--target ottla|kafka]"
                );
                return ExitCode::from(2);
            }
        }
    }
    println!("# seed {seed}, to repeat: tests/abuse/run --seed {seed}");
    let mut results = Results { passed: 0, failed: 0 };
    if let Err(error) = run(kind, seed, &only, &mut results) {
        results.report("abuse", Err(error.to_string()));
    }
    println!("{} passed, {} failed", results.passed, results.failed);
    if results.failed == 0 && results.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Results {
    passed: u32,
    failed: u32,
}

impl Results {
    fn report(&mut self, name: &str, result: Result<String, String>) {
        match result {
            Ok(text) => {
                self.passed += 1;
                println!("ok {name}: {text}");
            }
            Err(text) => {
                self.failed += 1;
                let mut lines = text.lines();
                println!("FAIL {name}: {}", lines.next().unwrap_or_default());
                // A log is long: its end says most.
                let rest = lines.collect::<Vec<_>>();
                rest.iter().skip(rest.len().saturating_sub(12)).for_each(|line| println!("    {line}"));
            }
        }
    }
}

fn run(kind: Kind, seed: u64, only: &[String], results: &mut Results) -> io::Result<()> {
    let chosen = |name: &str| only.is_empty() || only.iter().any(|text| name.contains(text.as_str()));
    let dir = tempfile::tempdir()?;
    let checks = network::CHECKS.iter().filter(|(name, _)| chosen(name)).collect::<Vec<_>>();
    let mut ground = None;
    for (index, (name, check)) in checks.into_iter().enumerate() {
        if ground.is_none() {
            // After a failure the next check gets a broker of its own.
            let settings = [("auto.create.topics.enable", "false"), ("log.retention.ms", "-1")];
            ground = Some(Ground::new(Setup::new(kind, &dir.path().join(index.to_string()), &settings)?)?);
        }
        let Some(here) = &ground else { break };
        let begun = Instant::now();
        let result = check(here, seed.wrapping_add(index as u64)).and_then(|()| here.is_well());
        let result = result.map(|()| {
            let (slowest, resident) = (here.neighbour.slowest(), here.resident_bytes() >> 20);
            let seconds = begun.elapsed().as_secs_f64();
            format!("{seconds:.1} s, {resident} MiB resident, the neighbour's slowest round {slowest:.1?}")
        });
        if result.is_err() {
            ground = None;
        }
        results.report(name, result);
    }
    drop(ground);
    if kind == Kind::Ottla && chosen("disk") {
        let mut disk = disk::Disk::new(&dir.path().join("disk"), seed)?;
        disk.run(|name, result| results.report(&format!("disk: {name}"), result))?;
    }
    if results.failed > 0 {
        println!("# the directories are kept: {}", dir.keep().display());
    }
    Ok(())
}
