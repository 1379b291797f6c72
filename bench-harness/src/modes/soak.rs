//! Hours of a verified load: a line each minute, and at the end how memory and latency drifted.

use crate::cost::Meter;
use crate::load::Observer;
use crate::load::plan::Times;
use crate::outcome::{Counts, Second, Stage};
use crate::report::units::{bytes, duration, number};
use std::io::Write as _;

/// One minute, or so many seconds as a line is for.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub until_s: f64,
    pub acknowledged_per_s: f64,
    /// Records that were acknowledged and not yet fetched by every group, since the beginning.
    pub behind_records: u64,
    pub p50_ns: u64,
    pub p99_ns: u64,
    pub max_ns: u64,
    pub errors: u64,
    pub resident_bytes: Option<u64>,
    pub broker_cores: Option<f64>,
}

/// Prints the lines and keeps them.
pub struct Soak {
    every_s: f64,
    groups: u64,
    meter: Option<Meter>,
    last_cpu_s: Option<f64>,
    open: Vec<Second>,
    pub lines: Vec<Line>,
    fetched: u64,
    acknowledged: u64,
}

impl Soak {
    pub fn new(every_s: f64, groups: usize, meter: Option<Meter>) -> Soak {
        Soak {
            every_s,
            groups: groups as u64,
            meter,
            last_cpu_s: None,
            open: Vec::new(),
            lines: Vec::new(),
            fetched: 0,
            acknowledged: 0,
        }
    }

    fn close(&mut self, until_s: f64) {
        let seconds = std::mem::take(&mut self.open);
        let sum = |of: fn(&Second) -> u64| seconds.iter().map(of).sum::<u64>();
        let sample = self.meter.as_mut().and_then(|meter| meter.sample().ok());
        let cpu_s = sample.as_ref().map(|sample| sample.cpu_s());
        let broker_cores = match (self.last_cpu_s, cpu_s) {
            (Some(before), Some(now)) => Some((now - before) / seconds.len().max(1) as f64),
            _ => None,
        };
        self.last_cpu_s = cpu_s;
        let stages = seconds.iter().filter_map(|second| {
            second.stages.get(&Stage::Fetched).or_else(|| second.stages.get(&Stage::Acknowledged))
        });
        let stages: Vec<_> = stages.collect();
        let mut medians: Vec<u64> = stages.iter().map(|stage| stage.p50_ns).collect();
        medians.sort_unstable();
        let line = Line {
            until_s,
            acknowledged_per_s: sum(|second| second.records_acknowledged) as f64
                / seconds.len().max(1) as f64,
            // A record may be fetched before its acknowledgement is read.
            behind_records: (self.acknowledged * self.groups).saturating_sub(self.fetched),
            p50_ns: medians.get(medians.len() / 2).copied().unwrap_or(0),
            p99_ns: stages.iter().map(|stage| stage.p99_ns).max().unwrap_or(0),
            max_ns: stages.iter().map(|stage| stage.max_ns).max().unwrap_or(0),
            errors: sum(|second| second.errors),
            resident_bytes: sample.map(|sample| sample.resident_bytes),
            broker_cores,
        };
        // A soak goes on when nobody reads along.
        let _ = writeln!(std::io::stderr(), "{}", show(&line));
        self.lines.push(line);
    }
}

impl Observer for Soak {
    fn began(&mut self, _times: &Times, topics: &[String]) {
        let first = topics.first().map_or("", String::as_str);
        self.say(&format!("soak: topic {first}, a line every {} s", self.every_s));
    }

    fn second(&mut self, second: &Second, totals: &Counts) {
        (self.acknowledged, self.fetched) = (totals.records_acknowledged, totals.records_fetched);
        self.open.push(second.clone());
        if self.open.len() as f64 >= self.every_s {
            self.close(second.at_s);
        }
    }

    fn say(&mut self, message: &str) {
        // As above.
        let _ = writeln!(std::io::stderr(), "{message}");
    }
}

fn show(line: &Line) -> String {
    let mut text = format!(
        "{:>8.0} s  {:>9}/s acknowledged  {:>7} behind  p50 {}  worst p99 {}  max {}  errors {}",
        line.until_s,
        number(line.acknowledged_per_s),
        line.behind_records,
        duration(line.p50_ns),
        duration(line.p99_ns),
        duration(line.max_ns),
        line.errors,
    );
    if let Some(resident) = line.resident_bytes {
        text.push_str(&format!("  memory {}", bytes(resident as f64)));
    }
    if let Some(cores) = line.broker_cores {
        text.push_str(&format!("  {cores:.2} cores"));
    }
    text
}

/// How the last quarter of the lines compares with the first, as sentences; none for fewer than four lines.
pub fn drift(lines: &[Line]) -> Vec<String> {
    let quarter = lines.len() / 4;
    let (Some(first), Some(last)) = (lines.get(..quarter), lines.get(lines.len() - quarter..)) else {
        return Vec::new();
    };
    let mean = |lines: &[Line], of: &dyn Fn(&Line) -> Option<f64>| {
        let values: Vec<f64> = lines.iter().filter_map(of).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    type Drifting<'a> = (&'a str, &'a dyn Fn(&Line) -> Option<f64>, fn(f64) -> String);
    let figures: [Drifting<'_>; 4] = [
        ("median latency", &|line| Some(line.p50_ns as f64), |ns| duration(ns as u64)),
        ("worst p99 of a second", &|line| Some(line.p99_ns as f64), |ns| duration(ns as u64)),
        ("the broker's memory", &|line| line.resident_bytes.map(|bytes| bytes as f64), bytes),
        ("the broker's cores", &|line| line.broker_cores, |cores| format!("{cores:.3}")),
    ];
    figures
        .into_iter()
        .filter_map(|(name, of, show)| {
            let (before, after) = (mean(first, of)?, mean(last, of)?);
            (before > 0.0).then(|| {
                format!(
                    "Drift of {name}: {} in the first quarter, {} in the last ({:+.1} %).",
                    show(before),
                    show(after),
                    100.0 * (after / before - 1.0)
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(until_s: f64, p50_ns: u64, resident: u64) -> Line {
        Line {
            until_s,
            acknowledged_per_s: 1.0,
            behind_records: 0,
            p50_ns,
            p99_ns: p50_ns * 2,
            max_ns: p50_ns * 3,
            errors: 0,
            resident_bytes: Some(resident),
            broker_cores: None,
        }
    }

    /// Growth is said with its size; too few lines say nothing.
    #[test]
    fn drift_is_said() {
        let lines: Vec<Line> =
            (0..8).map(|n| line(60.0 * n as f64, 1_000_000, 100_000_000 + n * 10_000_000)).collect();
        let said = drift(&lines);
        assert_eq!(said.len(), 3);
        assert!(said[0].ends_with("(+0.0 %)."), "{said:?}");
        assert!(said[2].contains("memory") && said[2].ends_with("(+57.1 %)."), "{said:?}");
        assert!(drift(&lines[..3]).is_empty());
    }

    /// A line stands for its seconds: the sum of what came, the worst of what was late.
    #[test]
    fn a_line_sums_its_seconds() {
        use crate::outcome::SecondStage;
        let mut soak = Soak::new(2.0, 2, None);
        for (at_s, p99_ns) in [(1.0, 500), (2.0, 900), (3.0, 100)] {
            let stage = SecondStage {
                count: 1,
                p50_ns: 10,
                p99_ns,
                p999_ns: p99_ns,
                max_ns: p99_ns,
                heat: Vec::new(),
            };
            let second = Second {
                at_s,
                records_sent: 10,
                records_acknowledged: 10,
                records_fetched: 20,
                bytes_acknowledged: 0,
                bytes_fetched: 0,
                errors: 1,
                broker_cpu_s: None,
                stages: [(Stage::Fetched, stage)].into(),
            };
            let totals = Counts {
                records_acknowledged: at_s as u64 * 10,
                records_fetched: at_s as u64 * 20 - 3,
                ..Counts::default()
            };
            soak.second(&second, &totals);
        }
        let [line] = soak.lines.as_slice() else { panic!("{:?}", soak.lines) };
        assert_eq!((line.until_s, line.acknowledged_per_s, line.behind_records), (2.0, 10.0, 3));
        assert_eq!((line.p50_ns, line.p99_ns, line.errors), (10, 900, 2));
    }
}
