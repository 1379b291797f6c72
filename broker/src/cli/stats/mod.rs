//! `ottla stats`: what a broker does and which stage of its requests takes the time, on which core, as it happens.

mod source;
mod view;

use super::{Exit, Failure, parse_seconds};
use clap::Args;
use source::Source;
use std::io::{self, IsTerminal, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};
use view::View;

#[derive(Args)]
#[command(after_help = HELP)]
pub struct StatsArgs {
    /// Where the broker serves its metrics: what it was started with as --metrics or ottla.metrics.listener
    #[arg(short = 'm', long, value_name = "HOST:PORT", env = "OTTLA_METRICS", default_value = source::DEFAULT)]
    broker_metrics: String,
    /// How long each look takes: rates and percentiles are of that time
    #[arg(short, long, value_name = "SECONDS", default_value = "1", value_parser = parse_seconds)]
    interval: Duration,
    /// Look once, then end
    #[arg(long)]
    once: bool,
    /// Show each core's stages too
    #[arg(long)]
    by_core: bool,
    /// Print a JSON object a line
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Examples:
  ottla start --metrics 127.0.0.1:9464         a broker that can be looked at
  ottla stats                                  in place on a terminal, each second, until Ctrl-C
  ottla stats --once --interval 10             ten seconds, once
  ottla stats --json | jq -c '.stages[] | select(.kind == \"produce\") | [.stage, .p99_us, .share]'
  curl -s 127.0.0.1:9464/metrics               the same for Prometheus

Stages of a request, each from the end of the one before it:
  admitted  memory is counted for it, and all of it is here
  parsed    it is read and checked, and on its way to its partitions
  crossed   another core has begun with its part
  appended  its records are in the tails of their logs
  written   the write that makes them durable has begun
  durable   its acks are met
  read      the records of a fetch are read
  parked    a fetch has waited for records
  handled   what neither produces nor fetches has its answer
  released  its response is the next of its connection
  sent      the kernel has taken the response
  total     all of it

SHARE is a stage's part of all the time of requests of its kind; SLOWEST the core with the
largest p99. Of each core: BUSY is the CPU time of its thread, WRITES durable writes, ENTERS
calls of io_uring_enter, WAKES how often another core roused it from its sleep, COLD reads
from segment files, LONG tasks that held it for more than half a millisecond, PARKED fetches
that wait for records, MEMORY what requests and responses hold.";

/// What a view on a terminal begins with: home, and each line clears the rest of itself.
const HOME: &str = "\x1b[H";
const CLEAR_LINE: &str = "\x1b[K\n";
const CLEAR_BELOW: &str = "\x1b[J";
const CLEAR_ALL: &str = "\x1b[2J";

pub fn run(args: &StatsArgs) -> Result<Exit, Failure> {
    let source = Source::new(&args.broker_metrics, args.interval);
    let mut before = source.look()?;
    let in_place = io::stdout().is_terminal() && !args.once && !args.json;
    if in_place {
        print!("{CLEAR_ALL}");
    }
    let mut next = Instant::now();
    loop {
        // By the clock, so that looking and drawing do not make the steps longer.
        next += args.interval;
        sleep(next.saturating_duration_since(Instant::now()));
        let now = source.look()?;
        let view = View::between(&before, &now);
        before = now;
        let mut out = io::stdout().lock();
        if args.json {
            serde_json::to_writer(&mut out, &view)?;
            writeln!(out)?;
        } else {
            let text = view.text(args.by_core);
            if in_place {
                write!(out, "{HOME}{}{CLEAR_BELOW}", text.replace('\n', CLEAR_LINE))?;
            } else {
                writeln!(out, "{text}")?;
            }
        }
        out.flush()?;
        if args.once {
            return Ok(Exit::Ok);
        }
    }
}
