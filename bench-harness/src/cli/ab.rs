//! `ab`: one broker or build against another.

use super::load::{LoadArgs, Watcher, with_port};
use super::{Exit, Failure};
use crate::error::Error;
use crate::modes::ab::{self, Leg, Ratio};
use crate::modes::side::{Running, Side, Started};
use crate::report::{self, html};
use clap::Args;
use serde::Serialize;
use std::path::Path;

pub const EXAMPLES: &str = "\
Examples:
  ottla-bench ab --a 127.0.0.1:9092 --b 127.0.0.1:19092 --rate 20000        two brokers that run
  ottla-bench ab --a 127.0.0.1:9092 --a-command './old start --data /data/a --listen 127.0.0.1:9092' \\
                 --b 127.0.0.1:9092 --b-command './new start --data /data/b --listen 127.0.0.1:9092' \\
                 --a-name old --b-name new --rounds 3 --out results/old-new

Runs go A B B A, so that what drifts weighs on both alike. Ratios are B over A, of the medians; their intervals come from a bootstrap.";

#[derive(Args, Debug)]
pub struct AbArgs {
    /// Address of A
    #[arg(long, value_name = "HOST:PORT")]
    pub a: String,
    /// Address of B
    #[arg(long, value_name = "HOST:PORT")]
    pub b: String,
    /// Starts A for each run; stays in the foreground and ends on SIGTERM
    #[arg(long, value_name = "COMMAND")]
    pub a_command: Option<String>,
    /// Starts B for each run
    #[arg(long, value_name = "COMMAND")]
    pub b_command: Option<String>,
    #[arg(long, value_name = "NAME", default_value = "A")]
    pub a_name: String,
    #[arg(long, value_name = "NAME", default_value = "B")]
    pub b_name: String,
    /// How often A B B A
    #[arg(long, value_name = "COUNT", default_value = "2")]
    pub rounds: usize,
    /// Ratios of all figures, by the names that gates use, instead of a few
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub load: LoadArgs,
}

pub fn run(args: &AbArgs) -> Result<Exit, Failure> {
    let workload = args.load.workload()?;
    let options = args.load.options()?;
    let side = |name: &str, address: &str, command: &Option<String>| -> Box<dyn Side> {
        let (name, bootstrap) = (name.to_owned(), vec![with_port(address)]);
        match command {
            Some(command) => Box::new(Started::new(name, command.clone(), bootstrap, options.timeout)),
            None => Box::new(Running { name, bootstrap }),
        }
    };
    let mut sides =
        [side(&args.a_name, &args.a, &args.a_command), side(&args.b_name, &args.b, &args.b_command)];
    let names = [args.a_name.clone(), args.b_name.clone()];
    let quiet = args.load.how.quiet;
    let watch = |name: &str, index: usize, count: usize| {
        Watcher::new(&format!("{name} ({index} of {count})"), workload.duration_s, quiet)
    };
    let legs = ab::run(&workload, &options, &mut sides, args.rounds.max(1), watch, |watcher, _| {
        watcher.finish();
        Ok(())
    })?;
    show(&legs, &names, args.all, args.load.how.out.as_deref())
}

/// Prints the comparison of `legs` and writes it into `out`: the table, each run's outcome, and one page of all runs.
pub fn show(legs: &[Leg], names: &[String], all: bool, out: Option<&Path>) -> Result<Exit, Failure> {
    let ratios = ab::ratios(legs, names.len(), all);
    let text = ab::text(legs, names, &ratios);
    print!("{text}");
    if let Some(out) = out {
        write(legs, names, &ratios, &text, out)?;
        println!("\nFiles: {}", out.join("report.html").display());
    }
    let is_valid = legs.iter().all(|leg| leg.outcome.invalid.is_empty());
    Ok(if is_valid { Exit::Ok } else { Exit::Invalid })
}

#[derive(Serialize)]
struct Compared<'a> {
    names: &'a [String],
    order: Vec<usize>,
    ratios: &'a [Ratio],
}

fn write(legs: &[Leg], names: &[String], ratios: &[Ratio], text: &str, out: &Path) -> Result<(), Failure> {
    let name = |leg: &Leg| names.get(leg.side).map_or("?", String::as_str);
    for (index, leg) in legs.iter().enumerate() {
        let folder = out.join(format!("{:02}-{}", index + 1, file_name(name(leg))));
        report::write(&leg.outcome, &report::Options { directory: Some(folder), quiet: true })?;
    }
    let labelled: Vec<html::Labelled<'_>> = legs
        .iter()
        .enumerate()
        .map(|(index, leg)| html::Labelled {
            label: format!("{} {}", index + 1, name(leg)),
            outcome: &leg.outcome,
        })
        .collect();
    let page = html::page(&labelled)?;
    let file = |name: &str, content: &str| {
        std::fs::write(out.join(name), content)
            .map_err(Error::io(format!("write {}", out.join(name).display())))
    };
    file("report.html", &page)?;
    file("report.txt", text)?;
    let order = legs.iter().map(|leg| leg.side).collect();
    super::write_json(&out.join("ab.json"), &Compared { names, order, ratios })
}

/// A name without what file systems and shells take for something else.
fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect()
}
