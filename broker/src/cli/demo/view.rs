//! What the demo shows while it runs: redrawn in place on a terminal, otherwise a line a second.

use super::super::table::{Table, count};
use super::load::Shared;
use hdrhistogram::Histogram;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Cells of the progress bar.
const BAR: usize = 30;

pub struct View {
    is_terminal: bool,
    duration: Duration,
    drawn_lines: usize,
    last: Sample,
    next: Instant,
}

/// Counts at a moment, for rates between two of them.
#[derive(Clone, Copy)]
struct Sample {
    at: Instant,
    acknowledged: u64,
    records: u64,
    bytes: u64,
}

/// `0.42 ms`: percentiles of latencies in microseconds.
pub struct Latency {
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub max_ms: f64,
}

impl Latency {
    pub fn of(us: &Histogram<u64>) -> Latency {
        let at = |quantile| us.value_at_quantile(quantile) as f64 / 1000.0;
        Latency { p50_ms: at(0.5), p99_ms: at(0.99), p999_ms: at(0.999), max_ms: us.max() as f64 / 1000.0 }
    }
}

impl View {
    /// Where the drawing goes: standard output, unless that is to stay clean for a program.
    pub fn new(duration: Duration, quiet: bool) -> View {
        let now = Instant::now();
        View {
            is_terminal: io::stdout().is_terminal() && !quiet,
            duration,
            drawn_lines: 0,
            last: Sample { at: now, acknowledged: 0, records: 0, bytes: 0 },
            next: now + Duration::from_millis(if io::stdout().is_terminal() { 100 } else { 1000 }),
        }
    }

    /// Draws when it is time to.
    pub fn tick(&mut self, shared: &Shared) -> io::Result<()> {
        let now = Instant::now();
        if now < self.next {
            return Ok(());
        }
        let period = Duration::from_millis(if self.is_terminal { 250 } else { 1000 });
        self.next = now + period;
        let seen = shared.seen();
        let sample = Sample {
            at: now,
            acknowledged: shared.acknowledged.load(Ordering::Relaxed),
            records: seen.records,
            bytes: seen.bytes,
        };
        let latency = Latency::of(&seen.latency_us);
        drop(seen);
        let elapsed = shared.start.elapsed();
        let mut out = io::stdout().lock();
        if self.is_terminal {
            self.draw(&mut out, &sample, &latency, elapsed)?;
        } else {
            self.line(&mut out, &sample, &latency, elapsed)?;
        }
        self.last = sample;
        out.flush()
    }

    fn line(
        &mut self,
        out: &mut impl Write,
        now: &Sample,
        latency: &Latency,
        elapsed: Duration,
    ) -> io::Result<()> {
        let last = self.last;
        writeln!(
            out,
            "{:>5.1} s: written {}/s, read {}/s, {:.1} MB/s; end to end p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms",
            elapsed.as_secs_f64(),
            count(rate(now.at - last.at, now.acknowledged - last.acknowledged)),
            count(rate(now.at - last.at, now.records - last.records)),
            rate(now.at - last.at, now.bytes - last.bytes) as f64 / 1e6,
            latency.p50_ms,
            latency.p99_ms,
            latency.p999_ms,
        )
    }

    fn draw(
        &mut self,
        out: &mut impl Write,
        now: &Sample,
        latency: &Latency,
        elapsed: Duration,
    ) -> io::Result<()> {
        let last = self.last;
        let done = (elapsed.as_secs_f64() / self.duration.as_secs_f64()).min(1.0);
        let full = (done * BAR as f64) as usize;
        let mut table = Table::new(&["", ">RECORDS", ">A SECOND", ">MB/S"]);
        let megabytes = rate(now.at - last.at, now.bytes - last.bytes) as f64 / 1e6;
        table.row([
            "written".into(),
            count(now.acknowledged),
            count(rate(now.at - last.at, now.acknowledged - last.acknowledged)),
            String::new(),
        ]);
        table.row([
            "read".into(),
            count(now.records),
            count(rate(now.at - last.at, now.records - last.records)),
            format!("{megabytes:.1}"),
        ]);
        let text = format!(
            "{}{} {:.1} s\n{table}end to end: p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, longest {:.2} ms\n",
            "█".repeat(full),
            "░".repeat(BAR - full),
            elapsed.as_secs_f64(),
            latency.p50_ms,
            latency.p99_ms,
            latency.p999_ms,
            latency.max_ms,
        );
        self.clear(out)?;
        self.drawn_lines = text.lines().count();
        out.write_all(text.as_bytes())
    }

    /// Takes away what was drawn, for the result to stand there.
    pub fn clear(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.drawn_lines > 0 {
            write!(out, "\r\x1b[{}A\x1b[J", self.drawn_lines)?;
            self.drawn_lines = 0;
            // No line ends here, and what comes next may go to standard error.
            out.flush()?;
        }
        Ok(())
    }
}

pub fn rate(time: Duration, number: u64) -> u64 {
    (number as f64 / time.as_secs_f64().max(1e-9)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        assert_eq!(rate(Duration::from_millis(500), 100), 200);
        assert_eq!(rate(Duration::ZERO, 0), 0);
    }

    #[test]
    fn percentiles_are_in_milliseconds() {
        let mut us = Histogram::new_with_bounds(1, 1_000_000, 3).unwrap();
        (1..=1000).for_each(|n| us.saturating_record(n * 10));
        let latency = Latency::of(&us);
        assert!((latency.p50_ms - 5.0).abs() < 0.01, "{}", latency.p50_ms);
        assert!((latency.p999_ms - 9.99).abs() < 0.02, "{}", latency.p999_ms);
        assert!((latency.max_ms - 10.0).abs() < 0.01, "{}", latency.max_ms);
    }
}
