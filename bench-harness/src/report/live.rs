//! A run while it runs. On a terminal a few lines of standard error are drawn again each second; elsewhere a line comes every few
//! seconds, so that a log of it stays short.

use super::title;
use super::units::{bytes, count, duration, number, significant, span};
use crate::outcome::{Counts, Second, SecondStage, Stage};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, Write as _};

/// Off a terminal: seconds between two lines.
const LINE_EVERY_S: f64 = 5.0;
/// Seconds that the small plot of p99 looks back.
const RECENT: usize = 40;

/// A live view of one run; it costs one drawing a second.
pub struct Live {
    bar: Option<ProgressBar>,
    title: String,
    /// Length of the measured part in seconds, when it has one.
    total_s: Option<f64>,
    next_line_at_s: f64,
    recent_p99_ns: VecDeque<u64>,
}

impl Live {
    /// `total_s` is the length of the measured part, none for a run that ends by itself or on Ctrl-C.
    pub fn new(title: &str, total_s: Option<f64>) -> Live {
        let target = ProgressDrawTarget::stderr();
        let bar = (!target.is_hidden()).then(|| {
            let bar = ProgressBar::with_draw_target(total_s.map(|total_s| (total_s * 1000.0) as u64), target);
            let template = if total_s.is_some() { "{prefix} {bar:30} {msg}" } else { "{prefix} {msg}" };
            // The templates are constants of this file; a test draws both.
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
            }
            bar.set_prefix(title.to_owned());
            bar
        });
        Live {
            bar,
            title: title.to_owned(),
            total_s,
            next_line_at_s: 0.0,
            recent_p99_ns: VecDeque::with_capacity(RECENT),
        }
    }

    /// Shows a second that has just ended.
    pub fn second(&mut self, second: &Second, totals: &Counts) {
        if let Some((_, seen)) = shown_stage(second) {
            if self.recent_p99_ns.len() == RECENT {
                self.recent_p99_ns.pop_front();
            }
            self.recent_p99_ns.push_back(seen.p99_ns);
        }
        match &self.bar {
            Some(bar) => {
                bar.set_message(lines(second, totals, self.total_s, &self.recent_p99_ns));
                bar.set_position((second.at_s * 1000.0) as u64);
            }
            None if second.at_s >= self.next_line_at_s => {
                self.next_line_at_s = second.at_s + LINE_EVERY_S;
                // Progress is for whoever watches; a run goes on when nobody can.
                let _ = writeln!(io::stderr(), "{}: {}", self.title, line(second, totals, self.total_s));
            }
            None => {}
        }
    }

    /// Something to say between two drawings: a phase, or a warning.
    pub fn say(&self, message: &str) {
        match &self.bar {
            Some(bar) => bar.println(format!("{}: {message}", self.title)),
            None => {
                let _ = writeln!(io::stderr(), "{}: {message}", self.title);
            }
        }
    }

    /// Takes the view from the terminal, so that the report has it to itself.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn progress(second: &Second, total_s: Option<f64>) -> String {
    match total_s {
        Some(total_s) => format!("{} of {}", span(second.at_s.round()), span(total_s)),
        None => span(second.at_s.round()),
    }
}

/// Rates of one second. A load that only reads has nothing acknowledged, and the other way round.
fn rates(second: &Second) -> String {
    let mut text = String::new();
    if second.records_acknowledged > 0 || second.records_fetched == 0 {
        let _ = write!(
            text,
            "acknowledged {}/s, {}/s",
            number(second.records_acknowledged as f64),
            bytes(second.bytes_acknowledged as f64)
        );
    }
    if second.records_fetched > 0 {
        let separator = if text.is_empty() { "" } else { "; " };
        let _ = write!(
            text,
            "{separator}fetched {}/s, {}/s",
            number(second.records_fetched as f64),
            bytes(second.bytes_fetched as f64)
        );
    }
    if let Some(cpu_s) = second.broker_cpu_s {
        let _ = write!(text, "; broker {} cores", significant(cpu_s));
    }
    text
}

fn errors(totals: &Counts) -> String {
    match totals.errors.values().sum::<u64>() {
        0 => String::new(),
        errors => format!("; {} ERRORS", count(errors)),
    }
}

/// The stage nearest to a user among those that this second saw.
fn shown_stage(second: &Second) -> Option<(Stage, &SecondStage)> {
    [Stage::Fetched, Stage::Acknowledged, Stage::Ack]
        .into_iter()
        .filter_map(|stage| second.stages.get(&stage).map(|seen| (stage, seen)))
        .find(|(_, seen)| seen.count > 0)
}

fn percentiles(second: &Second) -> Option<String> {
    let (stage, seen) = shown_stage(second)?;
    Some(format!(
        "{}: p50 {}, p99 {}, p99.9 {}, max {}",
        title(stage),
        duration(seen.p50_ns),
        duration(seen.p99_ns),
        duration(seen.p999_ns),
        duration(seen.max_ns)
    ))
}

fn line(second: &Second, totals: &Counts, total_s: Option<f64>) -> String {
    let mut text = format!("{}: {}{}", progress(second, total_s), rates(second), errors(totals));
    if let Some(percentiles) = percentiles(second) {
        let _ = write!(text, "; {percentiles}");
    }
    text
}

fn lines(second: &Second, totals: &Counts, total_s: Option<f64>, recent_p99_ns: &VecDeque<u64>) -> String {
    let mut text = format!("{}\n  {}{}", progress(second, total_s), rates(second), errors(totals));
    if let Some(percentiles) = percentiles(second) {
        let _ = write!(text, "\n  {percentiles}\n  p99 {}", spark(recent_p99_ns));
    }
    text
}

/// A bar for each value, as high as its logarithm between the least and the greatest.
fn spark(values: &VecDeque<u64>) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let logarithm = |value: &u64| (*value.max(&1) as f64).ln();
    let least = values.iter().map(logarithm).fold(f64::INFINITY, f64::min);
    let greatest = values.iter().map(logarithm).fold(f64::NEG_INFINITY, f64::max);
    let range = (greatest - least).max(f64::MIN_POSITIVE);
    let bar = |value: &u64| {
        let height = ((logarithm(value) - least) / range * (BARS.len() - 1) as f64).round() as usize;
        BARS.get(height).copied().unwrap_or('█')
    };
    let mut text: String = values.iter().map(bar).collect();
    if let (Some(least), Some(greatest)) = (values.iter().min(), values.iter().max()) {
        let _ = write!(text, " {} to {}", duration(*least), duration(*greatest));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn second(at_s: f64, p99_ns: u64) -> Second {
        let seen =
            SecondStage { count: 10, p50_ns: 300_000, p99_ns, p999_ns: p99_ns, max_ns: p99_ns, heat: vec![] };
        Second {
            at_s,
            records_sent: 1_000,
            records_acknowledged: 1_000,
            records_fetched: 0,
            bytes_acknowledged: 1_000_000,
            bytes_fetched: 0,
            errors: 0,
            broker_cpu_s: Some(0.25),
            stages: BTreeMap::from([(Stage::Acknowledged, seen)]),
        }
    }

    /// One line holds progress, rates, errors and percentiles.
    #[test]
    fn a_line_without_a_terminal() {
        let mut totals = Counts::default();
        totals.errors.insert("NOT_ENOUGH_REPLICAS".to_owned(), 3);
        assert_eq!(
            line(&second(5.0, 2_000_000), &totals, Some(30.0)),
            "5 s of 30 s: acknowledged 1,000/s, 1.00 MB/s; broker 0.250 cores; 3 ERRORS; \
             intended → acknowledged: p50 300 µs, p99 2.00 ms, p99.9 2.00 ms, max 2.00 ms"
        );
    }

    /// The small plot rises with its values, and equal ones are level.
    #[test]
    fn the_plot_of_recent_seconds() {
        assert!(spark(&VecDeque::from([1_000, 10_000, 100_000])).starts_with("▁▅█ 1.00 µs to 100 µs"));
        assert!(spark(&VecDeque::from([5, 5])).starts_with("▁▁"));
        assert_eq!(spark(&VecDeque::new()), "");
    }

    /// Drawn into memory, both templates show what the message says and leave nothing behind.
    #[test]
    fn on_a_terminal() {
        for total_s in [Some(30.0), None] {
            let terminal = indicatif::InMemoryTerm::new(10, 120);
            let mut live = Live::new("smoke", total_s);
            let bar = ProgressBar::with_draw_target(
                Some(30_000),
                ProgressDrawTarget::term_like(Box::new(terminal.clone())),
            );
            bar.set_style(ProgressStyle::with_template("{prefix} {bar:30} {msg}").unwrap());
            bar.set_prefix("smoke");
            live.bar = Some(bar);
            live.second(&second(6.0, 1_000_000), &Counts::default());
            live.bar.as_ref().unwrap().tick();
            let drawn = terminal.contents();
            assert!(drawn.contains("acknowledged 1,000/s"), "{drawn}");
            assert!(drawn.contains("p99.9 1.00 ms"), "{drawn}");
            live.finish();
            assert_eq!(terminal.contents(), "");
        }
    }
}
