//! A recorded load: when each record of a topic came, how large it was, and with which key.
//!
//! The file is text, a JSON object a line. The first line describes the trace, each other one a record, in the order of their times:
//!
//! ```text
//! {"ottla_bench_trace":1,"topic":"orders","partitions":4,"records":3}
//! {"at_us":0,"partition":2,"key":"azE=","value_bytes":512}
//! {"at_us":1250,"partition":0,"key":null,"value":"SGVsbG8="}
//! {"at_us":1250,"partition":2,"key":"azI=","value_bytes":90}
//! ```
//!
//! | field | what |
//! | --- | --- |
//! | `at_us` | microseconds after the first record |
//! | `partition` | where it lay; records of a partition keep their order |
//! | `key` | base64, or null |
//! | `value_bytes` | the value's size; a replay makes bytes up. Without values a trace gives nothing away but its keys |
//! | `value` | instead of the size: the value itself, base64. All records of a trace have the one or the other |
//!
//! A broker's timestamps are milliseconds, so records of one millisecond come together in a trace that was recorded from a topic.

use crate::client::Cluster;
use crate::client::admin::{EARLIEST, LATEST};
use crate::clock::{MICROSECOND, Nanos};
use crate::error::{Error, Result};
use crate::load::plan::{Trace, Traced};
use crate::load::prepare;
use crate::workload::payload::Payloads;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ottla_protocol::messages::FetchRequest;
use ottla_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use ottla_protocol::records::{BatchHeader, EXPANDED_BYTES_MAX, RecordsReader, batches};
use ottla_protocol::{ErrorCode, Records};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

const FORMAT: u32 = 1;
const FETCH_BYTES: i32 = 8 << 20;

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    ottla_bench_trace: u32,
    topic: String,
    partitions: i32,
    records: usize,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at_us: i64,
    partition: i32,
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value_bytes: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

/// A record of a topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    pub timestamp_ms: i64,
    pub partition: i32,
    pub key: Option<Vec<u8>>,
    pub value: Vec<u8>,
}

/// A trace that can be replayed.
pub struct Replay {
    pub trace: Trace,
    pub payloads: Payloads,
    pub topic: String,
    pub partitions: i32,
    pub length_ns: Nanos,
}

/// What to record.
#[derive(Clone, Debug)]
pub struct Recording {
    pub topic: String,
    pub bootstrap: Vec<String>,
    pub timeout: Duration,
    /// At most so many records, from the earliest on.
    pub limit: usize,
}

/// Reads the topic from its earliest records to its present end.
pub fn record(recording: Recording) -> Result<(i32, Vec<Recorded>)> {
    prepare::alone(move || async move { read_topic(&recording).await })
}

async fn read_topic(recording: &Recording) -> Result<(i32, Vec<Recorded>)> {
    let topics = [recording.topic.clone()];
    let mut cluster = Cluster::connect(&recording.bootstrap, recording.timeout).await?;
    let leaders = cluster.wait_for_leaders(&topics, recording.timeout).await?;
    let earliest = cluster.list_offsets(&leaders, EARLIEST).await?;
    let latest = cluster.list_offsets(&leaders, LATEST).await?;
    let partitions = leaders.get(&recording.topic).cloned().unwrap_or_default();
    let mut records = Vec::new();
    // Each partition gives as many at most, so that the earliest of all are among them.
    for partition in &partitions {
        let key = (recording.topic.clone(), partition.index);
        let end = latest.get(&key).copied().unwrap_or(0);
        let mut position = earliest.get(&key).copied().unwrap_or(0);
        let mut count = 0;
        while position < end && count < recording.limit {
            let request = FetchRequest {
                replica_id: -1,
                max_wait_ms: 500,
                min_bytes: 1,
                max_bytes: FETCH_BYTES,
                session_epoch: -1,
                topics: vec![FetchTopic {
                    topic: recording.topic.as_str().into(),
                    partitions: vec![FetchPartition {
                        partition: partition.index,
                        current_leader_epoch: -1,
                        fetch_offset: position,
                        last_fetched_epoch: -1,
                        log_start_offset: -1,
                        partition_max_bytes: FETCH_BYTES,
                        ..Default::default()
                    }],
                    ..Default::default()
                }],
                ..Default::default()
            };
            let answer = cluster.node(partition.leader).await?.call(&request).await?;
            let before = position;
            for data in answer.responses.iter().flat_map(|topic| &topic.partitions) {
                if data.error_code != 0 {
                    let subject = format!("{}-{}", recording.topic, partition.index);
                    return Err(Error::refused(subject, data.error_code, None));
                }
                let Some(Records::Slice(bytes)) = &data.records else { continue };
                for (header, batch) in batches(bytes).map_while(std::result::Result::ok) {
                    if header.last_offset() < position {
                        continue;
                    }
                    count += take_batch(&header, batch, partition.index, position, &mut records)?;
                    position = header.next_offset();
                }
            }
            if position == before {
                let subject = format!("{}-{} at offset {position}", recording.topic, partition.index);
                return Err(Error::refused(subject, ErrorCode::CORRUPT_MESSAGE.0, Some("nothing more came")));
            }
        }
    }
    Ok((i32::try_from(partitions.len()).unwrap_or(i32::MAX), in_order(records, recording.limit)))
}

fn take_batch(
    header: &BatchHeader,
    batch: &[u8],
    partition: i32,
    from: i64,
    records: &mut Vec<Recorded>,
) -> Result<usize> {
    if header.is_control() {
        return Ok(0);
    }
    let damaged = |error: ottla_protocol::records::RecordsError| {
        Error::input(format!("partition {partition}, offset {}", header.base_offset), error.to_string())
    };
    let mut reader = RecordsReader::new(header, batch, EXPANDED_BYTES_MAX).map_err(damaged)?;
    let mut count = 0;
    while let Some(record) = reader.next().map_err(damaged)? {
        if header.base_offset + i64::from(record.offset_delta) < from {
            continue;
        }
        count += 1;
        records.push(Recorded {
            timestamp_ms: header.record_timestamp(&record),
            partition,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.unwrap_or_default().to_vec(),
        });
    }
    Ok(count)
}

/// By time, the earliest `limit`. Within a partition the order of offsets holds, whatever timestamps say.
fn in_order(mut records: Vec<Recorded>, limit: usize) -> Vec<Recorded> {
    let mut latest: BTreeMap<i32, i64> = BTreeMap::new();
    for record in &mut records {
        let latest = latest.entry(record.partition).or_insert(record.timestamp_ms);
        *latest = (*latest).max(record.timestamp_ms);
        record.timestamp_ms = *latest;
    }
    // Stable: records of one partition and time stay as they are.
    records.sort_by_key(|record| record.timestamp_ms);
    records.truncate(limit);
    records
}

/// Writes a trace; `with_values` keeps the values themselves.
/// # Errors
/// The file can't be written.
pub fn write(
    path: &Path,
    topic: &str,
    partitions: i32,
    records: &[Recorded],
    with_values: bool,
) -> Result<()> {
    let cannot = || format!("write {}", path.display());
    let file = std::fs::File::create(path).map_err(Error::io(cannot()))?;
    let mut out = BufWriter::new(file);
    let mut line = |value: &dyn Fn(&mut BufWriter<std::fs::File>) -> serde_json::Result<()>| {
        value(&mut out).map_err(std::io::Error::from).and_then(|()| out.write_all(b"\n"))
    };
    let head =
        Head { ottla_bench_trace: FORMAT, topic: topic.to_owned(), partitions, records: records.len() };
    line(&|out| serde_json::to_writer(out, &head)).map_err(Error::io(cannot()))?;
    let first = records.first().map_or(0, |record| record.timestamp_ms);
    for record in records {
        let written = Line {
            at_us: (record.timestamp_ms - first) * 1000,
            partition: record.partition,
            key: record.key.as_ref().map(|key| STANDARD.encode(key)),
            value_bytes: (!with_values).then_some(record.value.len()),
            value: with_values.then(|| STANDARD.encode(&record.value)),
        };
        line(&|out| serde_json::to_writer(out, &written)).map_err(Error::io(cannot()))?;
    }
    out.flush().map_err(Error::io(cannot()))
}

/// Reads a trace to replay it `speed` times as fast as it was.
/// # Errors
/// `Input` with the line.
pub fn read(path: &Path, speed: f64, entropy: f64, seed: u64) -> Result<Replay> {
    let file = std::fs::File::open(path).map_err(Error::io(format!("read {}", path.display())))?;
    parse(&path.display().to_string(), BufReader::new(file), speed, entropy, seed)
}

fn parse(name: &str, lines: impl BufRead, speed: f64, entropy: f64, seed: u64) -> Result<Replay> {
    let at = |number: usize| format!("{name}, line {}", number + 1);
    let mut lines = lines.lines().enumerate();
    let first = match lines.next() {
        Some((_, line)) => line.map_err(Error::io(format!("read {name}")))?,
        None => return Err(Error::input(name, "it is empty")),
    };
    let head: Head = serde_json::from_str(&first)
        .map_err(|error| Error::input(at(0), format!("it is no trace of ottla-bench: {error}")))?;
    if head.ottla_bench_trace != FORMAT {
        return Err(Error::input(name, format!("format {} is not known here", head.ottla_bench_trace)));
    }
    let (mut traced, mut keys, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut pool, mut values) = (Vec::new(), Vec::new());
    for (number, line) in lines {
        let line = line.map_err(Error::io(format!("read {name}")))?;
        let line: Line =
            serde_json::from_str(&line).map_err(|error| Error::input(at(number), error.to_string()))?;
        let decode = |text: &str| {
            STANDARD.decode(text).map_err(|error| Error::input(at(number), format!("base64: {error}")))
        };
        let after_ns = (line.at_us.max(0) as f64 * MICROSECOND as f64 / speed) as Nanos;
        if traced.last().is_some_and(|last: &Traced| last.after_ns > after_ns) {
            return Err(Error::input(at(number), "at_us is before the line above"));
        }
        if !(0..head.partitions).contains(&line.partition) {
            return Err(Error::input(
                at(number),
                format!("partition {} of {}", line.partition, head.partitions),
            ));
        }
        traced.push(Traced { after_ns, partition: line.partition });
        keys.push(line.key.as_deref().map(decode).transpose()?);
        match (line.value, line.value_bytes) {
            (Some(value), None) => {
                let value = decode(&value)?;
                values.push(pool.len()..pool.len() + value.len());
                pool.extend_from_slice(&value);
            }
            (None, Some(bytes)) if bytes <= crate::workload::payload::VALUE_BYTES_MAX => sizes.push(bytes),
            _ => return Err(Error::input(at(number), "either value or value_bytes, of a possible size")),
        }
    }
    if traced.is_empty() || (!sizes.is_empty() && !values.is_empty()) {
        return Err(Error::input(name, "it has no records, or values of some records only"));
    }
    let length_ns = traced.last().map_or(0, |last| last.after_ns) + 1;
    let payloads = if sizes.is_empty() {
        Payloads::listed(&values, pool)
    } else {
        Payloads::of_sizes(&sizes, entropy, seed)
    };
    let trace = Trace { records: traced.into(), keys: keys.into() };
    Ok(Replay { trace, payloads, topic: head.topic, partitions: head.partitions, length_ns })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(timestamp_ms: i64, partition: i32, value: &[u8]) -> Recorded {
        let key = (partition > 0).then(|| format!("k{partition}").into_bytes());
        Recorded { timestamp_ms, partition, key, value: value.to_vec() }
    }

    /// What was written is what is replayed, with and without values.
    #[test]
    fn a_trace_comes_back() {
        let records = [recorded(1000, 0, b"one"), recorded(1002, 2, b""), recorded(1010, 1, b"three")];
        let folder = tempfile::tempdir().unwrap();
        for with_values in [true, false] {
            let path = folder.path().join("trace.jsonl");
            write(&path, "orders", 3, &records, with_values).unwrap();
            let replay = read(&path, 2.0, 1.0, 1).unwrap();
            assert_eq!((replay.topic.as_str(), replay.partitions), ("orders", 3));
            let times: Vec<Nanos> = replay.trace.records.iter().map(|record| record.after_ns).collect();
            assert_eq!(times, [0, 1_000_000, 5_000_000]);
            assert_eq!(replay.length_ns, 5_000_001);
            assert_eq!(replay.trace.keys.as_ref(), [None, Some(b"k2".to_vec()), Some(b"k1".to_vec())]);
            assert_eq!((replay.payloads.are_real, replay.payloads.smallest_bytes()), (with_values, 0));
            assert!((replay.payloads.mean_bytes() - 8.0 / 3.0).abs() < 1e-9);
        }
    }

    /// Timestamps that went back do not move a record before the one it followed.
    #[test]
    fn order_within_a_partition_holds() {
        let records =
            vec![recorded(10, 0, b"a"), recorded(5, 0, b"b"), recorded(7, 1, b"c"), recorded(12, 0, b"d")];
        let ordered = in_order(records, 3);
        let values: Vec<&[u8]> = ordered.iter().map(|record| record.value.as_slice()).collect();
        assert_eq!(values, [b"c", b"a", b"b"]);
        assert!(ordered.is_sorted_by_key(|record| record.timestamp_ms));
    }

    /// A damaged trace is refused with its line.
    #[test]
    fn damaged_traces_name_their_line() {
        let head = r#"{"ottla_bench_trace":1,"topic":"t","partitions":2,"records":1}"#;
        for (line, reason) in [
            (r#"{"at_us":0,"partition":2,"key":null,"value_bytes":1}"#, "partition 2 of 2"),
            (r#"{"at_us":0,"partition":0,"key":"?","value_bytes":1}"#, "base64"),
            (r#"{"at_us":0,"partition":0,"key":null}"#, "either value or value_bytes"),
            (r#"{"at_us":0,"partition":0,"key":null,"value_bytes":99999999999}"#, "possible size"),
            ("no JSON", "line 2"),
        ] {
            let text = format!("{head}\n{line}\n");
            let error = parse("t.jsonl", text.as_bytes(), 1.0, 1.0, 1).err().unwrap().to_string();
            assert!(error.contains("line 2") && error.contains(reason), "{error}");
        }
        let later = r#"{"at_us":5,"partition":0,"key":null,"value_bytes":1}"#;
        let earlier = r#"{"at_us":4,"partition":0,"key":null,"value_bytes":1}"#;
        let error = parse("t", format!("{head}\n{later}\n{earlier}").as_bytes(), 1.0, 1.0, 1).err().unwrap();
        assert!(error.to_string().contains("line 3"), "{error}");
        assert!(parse("t", b"{}".as_slice(), 1.0, 1.0, 1).is_err());
        assert!(parse("t", head.as_bytes(), 1.0, 1.0, 1).is_err());
    }
}
