//! Transactions in the real process, read by Kafka's own consumer and tools: see `run` beside this file.
//!
//! Producers write to several partitions and their markers are sent by hand, since nobody coordinates. Apache Kafka is sent the
//! same. Ottla is killed and started again on the way.

use ottla_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use ottla_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use ottla_protocol::messages::write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};
use ottla_protocol::messages::*;
use ottla_protocol::{Records, Uuid};
use ottla_tests::batch::{Batch, Record, TRANSACTIONAL};
use ottla_tests::broker::{Broker, Kind, Setup, kafka_script, wait_until};
use ottla_tests::client::Connection;
use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

type Outcome<T> = Result<T, Box<dyn Error>>;

const TOPIC: &str = "transactions";
const PARTITIONS: i32 = 2;
const PRODUCERS: i64 = 3;
const ROUNDS: i32 = 40;
/// Some 3.6 MB a partition.
const PADDING: usize = 30_000;

/// The smallest segments, so that transactions reach across them and indexes are read from files.
const CONFIGS: [(&str, &str); 2] = [("segment.bytes", "1048576"), ("segment.ms", "9223372036854775807")];
const SETTINGS: [(&str, &str); 2] =
    [("transaction.partition.verification.enable", "false"), ("node.id", "1")];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("FAIL transactions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<()> {
    let (ours, theirs) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let committed = write_and_read(Kind::Ottla, ours.path())?;
    println!(
        "ok Kafka's consumer sees the {committed} committed records of Ottla, in order, before and after a kill"
    );
    let same = write_and_read(Kind::Kafka, theirs.path())?;
    if same != committed {
        return Err(format!("Apache Kafka has {same} committed records, Ottla {committed}").into());
    }
    let count = compare_indexes(ours.path(), theirs.path())?;
    println!("ok the {count} entries of Ottla's transaction indexes are Apache Kafka's, byte for byte");
    let dump = Path::new(env!("CARGO_MANIFEST_DIR")).join("crash/dump");
    let data = Setup::new(Kind::Ottla, ours.path(), &[])?.data();
    if !Command::new(dump).arg(data).status()?.success() {
        return Err("kafka-dump-log complains".into());
    }
    Ok(())
}

/// Writes transactions to a broker of `kind` that keeps its data below `dir`; returns how many committed records its readers saw.
fn write_and_read(kind: Kind, dir: &Path) -> Outcome<usize> {
    let mut settings = SETTINGS.to_vec();
    if kind == Kind::Kafka {
        settings.pop();
    }
    let setup = Setup::new(kind, dir, &settings)?;
    let mut broker = setup.start()?;
    let mut connection = Connection::open(broker.address())?;
    create(&mut connection)?;
    let mut expected = vec![Vec::new(); PARTITIONS as usize];
    let mut sequences = [0; PRODUCERS as usize];
    for round in 0..ROUNDS {
        if kind == Kind::Ottla && round == ROUNDS / 2 {
            // Some are open now, and go on.
            broker.kill();
            broker = setup.start()?;
            connection = Connection::open(broker.address())?;
        }
        turn(&mut connection, round, &mut sequences, &mut expected)?;
    }
    consume(&broker, &expected)?;
    if kind == Kind::Ottla {
        broker.kill();
        broker = setup.start()?;
        consume(&broker, &expected)?;
    }
    if broker.stop(Duration::from_secs(30)).is_none() {
        return Err(format!("{} does not stop", kind.name()).into());
    }
    if kind == Kind::Ottla {
        broker = setup.start()?;
        consume(&broker, &expected)?;
        broker.stop(Duration::from_secs(30)).ok_or("ottla does not stop")?;
    }
    Ok(expected.iter().map(Vec::len).sum())
}

fn create(connection: &mut Connection) -> Outcome<()> {
    let configs =
        CONFIGS.map(|(name, value)| CreatableTopicConfig { name: name.into(), value: Some(value.into()) });
    let topic = CreatableTopic {
        name: TOPIC.into(),
        num_partitions: PARTITIONS,
        replication_factor: 1,
        configs: configs.to_vec(),
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 10_000, ..Default::default() };
    let answer = connection.call(7, &request)?;
    let created = answer.body()?.topics.first().map(|topic| topic.error_code);
    if created != Some(0) {
        return Err(format!("the topic is not created: {created:?}").into());
    }
    Ok(())
}

/// One turn of every producer: each writes to its partitions, and ends its transaction every so many rounds.
fn turn(
    connection: &mut Connection,
    round: i32,
    sequences: &mut [i32],
    expected: &mut [Vec<String>],
) -> Outcome<()> {
    for (at, sequence) in (0..).zip(sequences.iter_mut()) {
        let id = 7000 + at;
        let length = 2 + at as i32;
        // Which transaction of the producer it is; every third one is aborted, and the last ones all end.
        let number = round / length;
        let commits = number % 3 != 1;
        for partition in 0..PARTITIONS {
            let value = format!("producer {id}, transaction {number}, round {round}, partition {partition}");
            if let Some(expected) = expected.get_mut(partition as usize).filter(|_| commits) {
                expected.push(value.clone());
            }
            produce(connection, id, *sequence, partition, &value)?;
        }
        *sequence += 1;
        if round % length == length - 1 || round == ROUNDS - 1 {
            end(connection, id, commits)?;
        }
    }
    Ok(())
}

/// The first answers of a broker that has just started may say that it does not lead yet.
fn produce(connection: &mut Connection, id: i64, sequence: i32, partition: i32, value: &str) -> Outcome<()> {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let padded = format!("{value} {}", "-".repeat(PADDING));
    let batch = Batch {
        attributes: TRANSACTIONAL,
        base_timestamp: now,
        ..Batch::of([Record::new("key", &padded)]).from_producer(id, 0, sequence)
    };
    let bytes = batch.build();
    let request = ProduceRequest {
        transactional_id: Some(format!("by hand {id}").into()),
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![TopicProduceData {
            name: TOPIC.into(),
            topic_id: Uuid::ZERO,
            partition_data: vec![PartitionProduceData {
                index: partition,
                records: Some(Records::Slice(&bytes)),
            }],
        }],
    };
    let mut code = None;
    wait_until(Duration::from_secs(20), "a record is taken", || {
        let answer = connection.call(11, &request).ok();
        let body = answer.as_ref().and_then(|answer| answer.body().ok());
        code = body.and_then(|body| Some(body.responses.first()?.partition_responses.first()?.error_code));
        code.is_none_or(|code| !matches!(code, 3 | 5 | 6))
    })?;
    if code != Some(0) {
        return Err(format!("{value} is answered {code:?}").into());
    }
    Ok(())
}

fn end(connection: &mut Connection, id: i64, commits: bool) -> Outcome<()> {
    let marker = WritableTxnMarker {
        producer_id: id,
        producer_epoch: 0,
        transaction_result: commits,
        topics: vec![WritableTxnMarkerTopic {
            name: TOPIC.into(),
            partition_indexes: (0..PARTITIONS).collect(),
        }],
        ..Default::default()
    };
    let answer = connection.call(1, &WriteTxnMarkersRequest { markers: vec![marker] })?;
    let body = answer.body()?;
    let results = body.markers.iter().flat_map(|marker| &marker.topics).flat_map(|topic| &topic.partitions);
    let codes: Vec<i16> = results.map(|result| result.error_code).collect();
    if codes != vec![0; PARTITIONS as usize] {
        return Err(format!("the markers of producer {id} are answered {codes:?}").into());
    }
    Ok(())
}

/// Reads each partition with Kafka's own consumer and compares.
fn consume(broker: &Broker, expected: &[Vec<String>]) -> Outcome<()> {
    for (partition, expected) in expected.iter().enumerate() {
        let output = Command::new(kafka_script())
            .args(["kafka-console-consumer", "--bootstrap-server", &broker.address().to_string()])
            .args(["--topic", TOPIC, "--partition", &partition.to_string(), "--offset", "earliest"])
            .args(["--isolation-level", "read_committed", "--timeout-ms", "4000"])
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let found: Vec<&str> = text.lines().map(|line| line.trim_end_matches(['-', ' '])).collect();
        if found != *expected {
            let same = found.iter().zip(expected).take_while(|(a, b)| a == b).count();
            return Err(format!(
                "{}: partition {partition} gives {} records of {}, the first {same} as they should be; then {:?} instead of {:?}",
                broker.setup.kind.name(),
                found.len(),
                expected.len(),
                found.get(same),
                expected.get(same)
            )
            .into());
        }
    }
    Ok(())
}

/// How many entries the transaction indexes of both have, when they are the same in the same files.
fn compare_indexes(ours: &Path, theirs: &Path) -> Outcome<usize> {
    let (ours, theirs) =
        (Setup::new(Kind::Ottla, ours, &[])?.data(), Setup::new(Kind::Kafka, theirs, &[])?.data());
    let mut bytes = 0;
    for partition in 0..PARTITIONS {
        let name = format!("{TOPIC}-{partition}");
        let [own, kafkas] = [indexes(&ours.join(&name))?, indexes(&theirs.join(&name))?];
        if own != kafkas {
            return Err(
                format!("the transaction indexes of {name} differ: {own:?}, Kafka's {kafkas:?}").into()
            );
        }
        bytes += own.iter().map(|(_, content)| content.len()).sum::<usize>();
    }
    Ok(bytes / ottla_log::index::transaction::ENTRY_BYTES)
}

/// Names and contents of those that hold anything, by name.
fn indexes(dir: &Path) -> Outcome<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "txnindex") {
            let content = std::fs::read(&path)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.extend((!content.is_empty()).then_some((name, content)));
        }
    }
    found.sort();
    if found.len() < 2 {
        return Err(format!("{} has only {} transaction indexes", dir.display(), found.len()).into());
    }
    Ok(found)
}
