//! `ottla consume`: prints a topic's records from chosen offsets on.

mod format;

use super::client::consumer::Consumer;
use super::client::offsets::{EARLIEST, Isolation, LATEST};
use super::client::{Client, Error, Topic};
use super::{Connect, Exit, Failure, time};
use clap::Args;
pub(super) use format::{Bytes, HeaderList};
use format::{Field, Format};
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::str::FromStr;
use std::time::Duration;

#[derive(Args)]
#[command(after_help = HELP)]
pub struct ConsumeArgs {
    /// The topic
    topic: String,
    /// Only these partitions [default: all]
    #[arg(short, long = "partition", value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(i32).range(0..))]
    partitions: Vec<i32>,
    /// Where to begin: earliest, latest, an offset, or -N for the last N of each partition
    #[arg(short, long, default_value = "earliest", allow_hyphen_values = true)]
    offset: Start,
    /// Begin with the first record of this time or later: milliseconds, a date, or a span before now such as -10m
    #[arg(short = 't', long, value_name = "TIME", value_parser = time::parse, allow_hyphen_values = true, conflicts_with = "offset")]
    from_timestamp: Option<i64>,
    /// End after this many records
    #[arg(short = 'n', long, value_name = "RECORDS", value_parser = clap::value_parser!(u64).range(1..))]
    max_messages: Option<u64>,
    /// Wait for new records instead of ending at the last one
    #[arg(short, long)]
    follow: bool,
    /// Leave out records of transactions that were aborted or are still open
    #[arg(long)]
    read_committed: bool,
    /// What to show before each value
    #[arg(short, long, value_enum, value_name = "FIELD", value_delimiter = ',', conflicts_with_all = ["json", "format"])]
    show: Vec<Field>,
    /// A format of your own; nothing is added to it, so end it with \n
    #[arg(long, value_name = "TEXT", conflicts_with = "json")]
    format: Option<String>,
    /// What stands for a key or value that is null
    #[arg(long, value_name = "TEXT", default_value = "(null)", conflicts_with = "json")]
    null: String,
    /// Print a JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: Connect,
}

const HELP: &str = "\
Examples:
  ottla consume orders                              every record there is, its value a line
  ottla consume orders --follow --offset latest     what comes from now on
  ottla consume orders --show all -n 10             with partition, offset, time, headers and key
  ottla consume orders -p 0,2 --offset -5           the last five of two partitions
  ottla consume orders --from-timestamp -1h --json | jq .value
  ottla consume orders --format '%p:%o %k=%v\\n'

In --format: %t topic, %p partition, %o offset, %T timestamp in milliseconds, %D date, %k key, %v value,
%K and %V their sizes (-1 for null), %h headers, %% a percent sign; \\n \\t \\r \\0 \\\\.
In --json, bytes that are no text are in key_base64 and value_base64; produce --json reads the same lines.
It joins no consumer group and commits no offsets.";

/// Where to begin in each partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Earliest,
    Latest,
    At(i64),
    /// So many before the end.
    Last(i64),
}

impl FromStr for Start {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Start, Self::Err> {
        let wrong = "expected earliest, latest, an offset, or -N for the last N";
        let number = |digits: &str| digits.parse::<i64>().ok().filter(|number| *number >= 0).ok_or(wrong);
        match text {
            "earliest" | "beginning" => Ok(Start::Earliest),
            "latest" | "end" => Ok(Start::Latest),
            _ => match text.strip_prefix('-') {
                Some(digits) => number(digits).map(Start::Last),
                None => number(text).map(Start::At),
            },
        }
    }
}

pub fn run(args: &ConsumeArgs) -> Result<Exit, Failure> {
    let format = match &args.format {
        Some(text) => Format::Own {
            parts: format::parse(text).map_err(|reason| Failure::usage(format!("--format: {reason}")))?,
            null: args.null.clone(),
        },
        None if args.json => Format::Json,
        None => Format::Columns { fields: args.show.clone(), null: args.null.clone() },
    };
    let isolation = if args.read_committed { Isolation::ReadCommitted } else { Isolation::ReadUncommitted };
    let mut client = args.connect.client()?;
    let topic = client.topic(&args.topic)?;
    let partitions = chosen(&topic, &args.partitions)?;
    let starts = starts(&mut client, &topic, &partitions, args, isolation)?;
    let ends = client.offsets(&topic, &partitions, LATEST, isolation)?;
    let mut consumer = Consumer::new(client, topic, isolation, Duration::from_millis(500));
    for (partition, start) in starts {
        let end = if args.follow { None } else { ends.get(&partition).copied() };
        consumer.assign(partition, start, end);
    }
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let (mut left, mut written, mut failed) = (args.max_messages, 0u64, None);
    while !consumer.is_done() && left != Some(0) && failed.is_none() {
        let polled = consumer.poll(&mut |fetched| {
            if let Err(error) = format.write(&mut out, &args.topic, fetched) {
                failed = Some(error);
                return ControlFlow::Break(());
            }
            written += 1;
            left = left.map(|left| left - 1);
            if left == Some(0) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        // What was read is shown even when the next read fails.
        out.flush()?;
        polled?;
    }
    if let Some(error) = failed {
        return Err(error.into());
    }
    if written == 0 {
        eprintln!("no records there in topic '{}'; wait for new ones with --follow", args.topic);
    }
    Ok(Exit::Ok)
}

/// The partitions that were asked for, all of them if none was.
fn chosen(topic: &Topic, asked: &[i32]) -> Result<Vec<i32>, Failure> {
    let there: Vec<i32> = topic.partitions.iter().map(|partition| partition.index).collect();
    if let Some(missing) = asked.iter().find(|index| !there.contains(index)) {
        let last = there.last().copied().unwrap_or(0);
        return Err(Failure::failed(format!(
            "topic '{}' has no partition {missing}: they are numbered from 0 to {last}",
            topic.name
        )));
    }
    Ok(if asked.is_empty() { there } else { asked.to_vec() })
}

fn starts(
    client: &mut Client,
    topic: &Topic,
    partitions: &[i32],
    args: &ConsumeArgs,
    isolation: Isolation,
) -> Result<BTreeMap<i32, i64>, Failure> {
    let mut offsets = |at| client.offsets(topic, partitions, at, isolation);
    let start = match args.from_timestamp {
        Some(time) => {
            let (found, latest) = (offsets(time)?, offsets(LATEST)?);
            // After the last record there is only the end.
            let start = |(partition, at): (i32, i64)| match at {
                -1 => (partition, latest.get(&partition).copied().unwrap_or(0)),
                at => (partition, at),
            };
            return Ok(found.into_iter().map(start).collect());
        }
        None => args.offset,
    };
    Ok(match start {
        Start::Earliest => offsets(EARLIEST)?,
        Start::Latest => offsets(LATEST)?,
        Start::Last(count) => {
            let earliest = offsets(EARLIEST)?;
            let back = |(partition, end): (i32, i64)| {
                (partition, end.saturating_sub(count).max(earliest.get(&partition).copied().unwrap_or(0)))
            };
            offsets(LATEST)?.into_iter().map(back).collect()
        }
        Start::At(offset) => {
            let (earliest, latest) = (offsets(EARLIEST)?, offsets(LATEST)?);
            for (partition, first) in &earliest {
                let end = latest.get(partition).copied().unwrap_or(*first);
                if !(*first..=end).contains(&offset) {
                    return Err(Failure::from(Error::refused(
                        format!("topic '{}' partition {partition}", topic.name),
                        ottla_protocol::ErrorCode::OFFSET_OUT_OF_RANGE.0,
                        Some(&format!("offset {offset} is not there: its offsets go from {first} to {end}")),
                    )));
                }
            }
            partitions.iter().map(|partition| (*partition, offset)).collect()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_to_begin() {
        for (text, start) in [
            ("earliest", Start::Earliest),
            ("end", Start::Latest),
            ("0", Start::At(0)),
            ("17", Start::At(17)),
            ("-5", Start::Last(5)),
        ] {
            assert_eq!(text.parse(), Ok(start));
        }
        for wrong in ["", "-", "--5", "x", "1.5", "99999999999999999999"] {
            assert!(wrong.parse::<Start>().is_err(), "{wrong}");
        }
    }
}
