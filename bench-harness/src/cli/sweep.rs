//! `sweep`: the highest rate that a broker sustains.

use super::load::{LoadArgs, Watcher};
use super::{Exit, Failure};
use crate::error::Error;
use crate::load;
use crate::modes::sweep::{Goal, Point, Search, point};
use crate::outcome::Outcome;
use crate::report;
use crate::report::units::{duration, number};
use crate::workload::{PacingKind, ScheduleKind};
use clap::Args;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;
use std::sync::atomic::Ordering;

pub const EXAMPLES: &str = "\
Examples:
  ottla-bench sweep --p999-ms 10                        the highest rate whose p99.9, intended to fetched, stays below 10 ms
  ottla-bench sweep small.toml --p999-ms 5 --from 10000 --point-duration 20 --out results/sweep
  ottla-bench sweep --quantile 0.99 --bound-ms 2 --size 100

It doubles the rate until one fails, then closes in. A rate fails when records that were due were not sent in time, the generator was
late, or the percentile is over its bound. The report with --out is of the highest rate that held.";

#[derive(Args, Debug)]
pub struct SweepArgs {
    /// Bound of the 99.9th percentile
    #[arg(long, value_name = "MS", default_value = "10", conflicts_with_all = ["quantile", "bound_ms"])]
    pub p999_ms: f64,
    /// Another quantile, for example 0.99
    #[arg(long, value_name = "QUANTILE", requires = "bound_ms")]
    pub quantile: Option<f64>,
    /// Its bound
    #[arg(long, value_name = "MS", requires = "quantile")]
    pub bound_ms: Option<f64>,
    /// The first rate
    #[arg(long, value_name = "RECORDS/S", default_value = "1000")]
    pub from: f64,
    /// No higher than this
    #[arg(long, value_name = "RECORDS/S", default_value = "100000000")]
    pub to: f64,
    /// It ends when the last rate that held and the first that failed are so close
    #[arg(long, value_name = "SHARE", default_value = "0.05")]
    pub precision: f64,
    /// A rate has failed when it failed so often
    #[arg(long, value_name = "COUNT", default_value = "2")]
    pub tries: usize,
    /// Seconds to measure at each rate
    #[arg(long, value_name = "SECONDS", default_value = "10")]
    pub point_duration: f64,
    #[command(flatten)]
    pub load: LoadArgs,
}

#[derive(Serialize)]
struct Swept<'a> {
    goal: &'a Goal,
    highest_records_per_s: Option<f64>,
    points: &'a [Point],
}

pub fn run(args: &SweepArgs) -> Result<Exit, Failure> {
    let mut workload = args.load.workload()?;
    workload.duration_s = args.point_duration;
    workload.warmup_s = workload.warmup_s.min(args.point_duration / 2.0);
    workload.pacing.kind = PacingKind::Open;
    if workload.pacing.schedule == ScheduleKind::Stepped {
        workload.pacing.schedule = ScheduleKind::Fixed;
    }
    let goal = goal(args)?;
    let options = args.load.options()?;
    let mut search = Search::new(goal.clone());
    let mut points = Vec::new();
    let mut best: Option<Outcome> = None;
    while let Some(rate) = search.rate() {
        workload.pacing.rate = rate;
        workload.check()?;
        let title = format!("{} at {}/s", workload.name, number(rate));
        let mut watcher = Watcher::new(&title, workload.duration_s, args.load.how.quiet);
        let outcome = load::run(&workload, &options, &mut watcher);
        watcher.finish();
        let outcome = outcome?;
        if options.interrupted.load(Ordering::Relaxed) {
            break;
        }
        let point = point(&goal, rate, &outcome);
        eprintln!("{}", line(&point, &goal));
        search.saw(point.holds);
        if point.holds && best.as_ref().is_none_or(|best| rate_of(best) <= rate) {
            best = Some(outcome);
        }
        points.push(point);
    }
    print!("{}", table(&points, &goal));
    match search.highest() {
        Some(rate) if search.is_open() => println!("\nEvery rate up to {}/s held.", number(rate)),
        Some(rate) => println!("\nHighest rate that held: {} records/s.", number(rate)),
        None => println!("\nNo rate held."),
    }
    if let Some(directory) = &args.load.how.out {
        if let Some(best) = &best {
            report::write(best, &report::Options { directory: Some(directory.clone()), quiet: true })?;
        }
        let swept = Swept { goal: &goal, highest_records_per_s: search.highest(), points: &points };
        super::write_json(&directory.join("sweep.json"), &swept)?;
    }
    Ok(match search.highest() {
        _ if options.interrupted.load(Ordering::Relaxed) => Exit::Interrupted,
        Some(_) => Exit::Ok,
        None => Exit::Failed,
    })
}

fn goal(args: &SweepArgs) -> Result<Goal, Failure> {
    let (quantile, bound_ms) = match (args.quantile, args.bound_ms) {
        (Some(quantile), Some(bound_ms)) => (quantile, bound_ms),
        _ => (0.999, args.p999_ms),
    };
    let makes_sense = (0.0..1.0).contains(&quantile)
        && bound_ms > 0.0
        && args.from > 0.0
        && args.to >= args.from
        && args.precision > 0.0;
    if !makes_sense {
        return Err(Error::input(
            "sweep",
            "quantile must be from 0 to 1, bounds, rates and precision above 0, and --to not below --from",
        )
        .into());
    }
    Ok(Goal {
        from: args.from,
        to: args.to,
        factor: 2.0,
        precision: args.precision,
        tries: args.tries,
        quantile,
        bound_ns: (bound_ms * 1e6) as u64,
    })
}

fn rate_of(outcome: &Outcome) -> f64 {
    match outcome.pacing {
        crate::outcome::Pacing::Open { records_per_s, .. } => records_per_s,
        _ => 0.0,
    }
}

fn latency(ns: u64) -> String {
    if ns == u64::MAX { "none".to_owned() } else { duration(ns) }
}

fn line(point: &Point, goal: &Goal) -> String {
    let verdict =
        if point.holds { "holds".to_owned() } else { format!("fails: {}", point.reasons.join("; ")) };
    format!(
        "{}/s: p{} {}, {verdict}",
        number(point.records_per_s),
        100.0 * goal.quantile,
        latency(point.latency_ns)
    )
}

fn table(points: &[Point], goal: &Goal) -> String {
    let mut sorted: Vec<&Point> = points.iter().collect();
    sorted.sort_by(|one, other| one.records_per_s.total_cmp(&other.records_per_s));
    let mut table = Table::new();
    table.load_style(NOTHING);
    let percentile = format!("p{}", 100.0 * goal.quantile);
    table.set_header(["records/s", "acknowledged/s", "p50", percentile.as_str(), ""]);
    for point in sorted {
        table.add_row([
            number(point.records_per_s),
            number(point.acknowledged_per_s),
            duration(point.p50_ns),
            latency(point.latency_ns),
            if point.holds { "holds".to_owned() } else { "fails".to_owned() },
        ]);
    }
    for column in 0..4 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{table}\n")
}
