//! What `exchange/run` needs of a client that the command line does not give: sequences of its own choice, transactions, deletes.
//!
//! ```text
//! exchange sequence BOOTSTRAP TOPIC PID EPOCH SEQUENCE COUNT   one batch of an idempotent producer; PID -1 asks for one
//! exchange transactions BOOTSTRAP TOPIC                        one that is aborted, one that is committed
//! exchange delete BOOTSTRAP TOPIC PARTITION OFFSET             DeleteRecords
//! exchange flip FILE BYTE                                      turns a bit of a file over
//! ```

use ottla_protocol::Records;
use ottla_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use ottla_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use ottla_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use ottla_protocol::messages::*;
use ottla_tests::batch::{Batch, TRANSACTIONAL};
use ottla_tests::client::Connection;
use std::error::Error;
use std::net::ToSocketAddrs;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Coordinators of a broker that has just started load for a while.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["sequence", bootstrap, topic, pid, epoch, first, count] => {
            sequence(bootstrap, topic, [pid, epoch, first, count])
        }
        ["transactions", bootstrap, topic] => transactions(bootstrap, topic),
        ["delete", bootstrap, topic, partition, offset] => delete(bootstrap, topic, partition, offset),
        ["flip", file, byte] => flip(file, byte),
        _ => Err("usage: exchange sequence|transactions|delete|flip ...: see main.rs".into()),
    };
    if let Err(error) = done {
        eprintln!("exchange: {error}");
        std::process::exit(1);
    }
}

fn open(bootstrap: &str) -> Outcome<Connection> {
    let address = bootstrap.to_socket_addrs()?.next().ok_or("no address")?;
    Ok(Connection::open(address)?)
}

/// The code and base offset of one produced batch.
fn produce(
    connection: &mut Connection,
    transactional_id: Option<&str>,
    topic: &str,
    batch: &Batch,
) -> Outcome<(i16, i64)> {
    // Of an old timestamp a broker would believe that the producer had expired.
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let bytes = Batch { base_timestamp: i64::try_from(now)?, ..batch.clone() }.build();
    let request = ProduceRequest {
        transactional_id: transactional_id.map(Into::into),
        acks: -1,
        timeout_ms: 30_000,
        topic_data: vec![TopicProduceData {
            name: topic.into(),
            partition_data: vec![PartitionProduceData { index: 0, records: Some(Records::Slice(&bytes)) }],
            ..Default::default()
        }],
    };
    let answer = connection.call(9, &request)?;
    let body = answer.read()?;
    let partition = body.responses.first().and_then(|topic| topic.partition_responses.first());
    let partition = partition.ok_or("an empty answer")?;
    Ok((partition.error_code, partition.base_offset))
}

/// An id, as soon as there is one to be had.
fn producer_id(connection: &mut Connection, transactional_id: Option<&str>) -> Outcome<(i64, i16)> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let request = InitProducerIdRequest {
            transactional_id: transactional_id.map(Into::into),
            transaction_timeout_ms: 60_000,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let answer = connection.call(4, &request)?;
        let body = answer.read()?;
        if body.error_code == 0 {
            return Ok((body.producer_id, body.producer_epoch));
        }
        if Instant::now() > deadline {
            return Err(format!("InitProducerId is answered with {}", body.error_code).into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn sequence(bootstrap: &str, topic: &str, [pid, epoch, sequence, count]: [&str; 4]) -> Outcome<()> {
    let mut connection = open(bootstrap)?;
    let (mut pid, mut epoch): (i64, i16) = (pid.parse()?, epoch.parse()?);
    if pid < 0 {
        (pid, epoch) = producer_id(&mut connection, None)?;
    }
    let sequence = sequence.parse()?;
    let batch = Batch::numbered(count.parse()?).from_producer(pid, epoch, sequence);
    let (code, offset) = produce(&mut connection, None, topic, &batch)?;
    println!("{pid} {epoch} {code} {offset}");
    Ok(())
}

fn transactions(bootstrap: &str, topic: &str) -> Outcome<()> {
    const ID: &str = "exchange";
    let mut connection = open(bootstrap)?;
    let deadline = Instant::now() + PATIENCE;
    // Asking is what makes the topic of the coordinator.
    loop {
        let request = FindCoordinatorRequest { key: ID.into(), key_type: 1, ..Default::default() };
        let answer = connection.call(2, &request)?;
        let code = answer.read()?.error_code;
        if code == 0 {
            break;
        }
        if Instant::now() > deadline {
            return Err(format!("FindCoordinator is answered with {code}").into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let (pid, epoch) = producer_id(&mut connection, Some(ID))?;
    let mut sequence = 0;
    for committed in [false, true] {
        retry(deadline, || {
            let request = AddPartitionsToTxnRequest {
                v3_and_below_transactional_id: ID.into(),
                v3_and_below_producer_id: pid,
                v3_and_below_producer_epoch: epoch,
                v3_and_below_topics: vec![AddPartitionsToTxnTopic {
                    name: topic.into(),
                    partitions: vec![0],
                }],
                ..Default::default()
            };
            let answer = connection.call(3, &request)?;
            let body = answer.read()?;
            let topic = body.results_by_topic_v3_and_below.first().ok_or("an empty answer")?;
            let partition = topic.results_by_partition.first().ok_or("an empty answer")?;
            Ok(partition.partition_error_code)
        })?;
        for _ in 0..2 {
            let mut batch = Batch::numbered(3).from_producer(pid, epoch, sequence);
            batch.attributes = TRANSACTIONAL;
            sequence += 3;
            let (code, _) = produce(&mut connection, Some(ID), topic, &batch)?;
            if code != 0 {
                return Err(format!("Produce is answered with {code}").into());
            }
        }
        retry(deadline, || {
            let request = EndTxnRequest {
                transactional_id: ID.into(),
                producer_id: pid,
                producer_epoch: epoch,
                committed,
            };
            Ok(connection.call(3, &request)?.read()?.error_code)
        })?;
    }
    Ok(())
}

/// Asks again while the coordinator still works on what was asked before.
fn retry(deadline: Instant, mut ask: impl FnMut() -> Outcome<i16>) -> Outcome<()> {
    loop {
        match ask()? {
            0 => return Ok(()),
            code if Instant::now() > deadline => return Err(format!("answered with {code}").into()),
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

fn delete(bootstrap: &str, topic: &str, partition: &str, offset: &str) -> Outcome<()> {
    let mut connection = open(bootstrap)?;
    let partition = DeleteRecordsPartition { partition_index: partition.parse()?, offset: offset.parse()? };
    let topic = DeleteRecordsTopic { name: topic.into(), partitions: vec![partition] };
    let request = DeleteRecordsRequest { topics: vec![topic], timeout_ms: 30_000 };
    let answer = connection.call(2, &request)?;
    let body = answer.read()?;
    let code = body.topics.first().and_then(|topic| topic.partitions.first()).map(|done| done.error_code);
    if code == Some(0) { Ok(()) } else { Err(format!("DeleteRecords is answered with {code:?}").into()) }
}

fn flip(file: &str, byte: &str) -> Outcome<()> {
    let mut bytes = std::fs::read(file)?;
    let byte: usize = byte.parse()?;
    *bytes.get_mut(byte).ok_or("the file is shorter")? ^= 0x10;
    Ok(std::fs::write(file, bytes)?)
}
