//! What a broker's CPU pays for: records in large batches, small unbatched produces, hot fetches, one record end to end.
//!
//!     cargo run --release -p ottla-tests --example measure -- HOST:PORT PID [what] [seconds]
//!
//! `PID` is the broker's; its CPU time comes from /proc. `what` is `batches`, `small`, `fetch`, `latency`, or `all`.
//! Any Kafka broker will do. Topics `measure-*` must exist or be made on first use. Closed loop: it measures what the
//! broker spends, not how it behaves under a given load.

use ottla_protocol::messages as m;
use ottla_protocol::records::BatchBuilder;
use ottla_protocol::{ApiKey, Decoder, Encoder, Message, Records};
use std::borrow::Cow;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

struct Broker {
    address: String,
    pid: u32,
}

impl Broker {
    /// Seconds of CPU so far.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).expect("the broker's PID");
        let fields: Vec<&str> = stat[stat.rfind(')').unwrap_or(0)..].split_whitespace().collect();
        let ticks = |at: usize| fields[at].parse::<f64>().unwrap_or(0.0);
        (ticks(12) + ticks(13)) / 100.0
    }

    fn resident_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    }
}

struct Client {
    stream: TcpStream,
    correlation: i32,
}

impl Client {
    fn new(address: &str) -> Client {
        let stream = TcpStream::connect(address).expect("a broker");
        stream.set_nodelay(true).unwrap();
        Client { stream, correlation: 0 }
    }

    fn send(&mut self, frame: &[u8]) {
        self.stream.write_all(frame).unwrap();
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).unwrap();
        let mut body = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut body).unwrap();
        body
    }

    fn call<'m>(&mut self, key: ApiKey, version: i16, request: &impl Message<'m>) -> Vec<u8> {
        self.correlation += 1;
        let frame = frame(key, version, self.correlation, request);
        self.send(&frame);
        self.receive()
    }
}

fn frame<'m>(key: ApiKey, version: i16, correlation_id: i32, request: &impl Message<'m>) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.int32(0);
    let header = m::request_header::RequestHeader {
        request_api_key: key as i16,
        request_api_version: version,
        correlation_id,
        client_id: Some(Cow::Borrowed("measure")),
    };
    header.encode(&mut encoder, key.request_header_version(version)).unwrap();
    request.encode(&mut encoder, version).unwrap();
    let mut bytes = encoder.into_vec();
    let length = (bytes.len() - 4) as u32;
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

fn produce(topic: &str, partition: i32, batch: &[u8]) -> Vec<u8> {
    let request = m::ProduceRequest {
        acks: -1,
        timeout_ms: 30_000,
        topic_data: vec![m::produce_request::TopicProduceData {
            name: Cow::Borrowed(topic),
            partition_data: vec![m::produce_request::PartitionProduceData {
                index: partition,
                records: Some(Records::Slice(batch)),
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    frame(ApiKey::Produce, 9, 1, &request)
}

fn check_produced(body: &[u8]) {
    let mut decoder = Decoder::new(&body[5..]);
    let response = m::ProduceResponse::decode(&mut decoder, 9).unwrap();
    let code = response.responses[0].partition_responses[0].error_code;
    assert_eq!(code, 0, "produce answered {code}");
}

fn batch(records: usize, value_bytes: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::new();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    let mut seed = 1_u32;
    for _ in 0..records {
        let value: Vec<u8> = (0..value_bytes)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 24) as u8
            })
            .collect();
        builder.push(now, None, Some(&value), &[]);
    }
    builder.build().unwrap()
}

/// Keeps `window` produces in flight on each of `connections`; returns requests and seconds.
fn load(
    broker: &Broker,
    topic: &str,
    partitions: i32,
    connections: usize,
    window: usize,
    batch: &[u8],
    run: Duration,
) -> u64 {
    thread::scope(|scope| {
        let workers: Vec<_> = (0..connections)
            .map(|n| {
                let frame = produce(topic, n as i32 % partitions, batch);
                scope.spawn(move || {
                    let mut client = Client::new(&broker.address);
                    let end = Instant::now() + run;
                    let mut count = 0;
                    for _ in 0..window {
                        client.send(&frame);
                    }
                    while Instant::now() < end {
                        check_produced(&client.receive());
                        count += 1;
                        client.send(&frame);
                    }
                    for _ in 0..window {
                        check_produced(&client.receive());
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}

fn make_topic(broker: &Broker, topic: &str, partitions: i32) {
    let mut client = Client::new(&broker.address);
    let request = m::CreateTopicsRequest {
        topics: vec![m::create_topics_request::CreatableTopic {
            name: Cow::Borrowed(topic),
            num_partitions: partitions,
            replication_factor: 1,
            ..Default::default()
        }],
        timeout_ms: 10_000,
        ..Default::default()
    };
    client.call(ApiKey::CreateTopics, 5, &request);
    // Kafka's leaders take a moment.
    thread::sleep(Duration::from_millis(500));
}

fn batches(broker: &Broker, run: Duration) {
    make_topic(broker, "measure-batches", 2);
    let batch = batch(64, 1000);
    load(broker, "measure-batches", 2, 2, 5, &batch, run / 4);
    let (cpu, began) = (broker.cpu(), Instant::now());
    let count = load(broker, "measure-batches", 2, 2, 5, &batch, run);
    let (cpu, seconds) = (broker.cpu() - cpu, began.elapsed().as_secs_f64());
    let gb = count as f64 * batch.len() as f64 / 1e9;
    println!(
        "batches: {gb:.2} GB in {seconds:.1} s ({:.0} MB/s), {:.3} CPU s/GB",
        gb * 1000.0 / seconds,
        cpu / gb
    );
}

fn small(broker: &Broker, run: Duration) {
    make_topic(broker, "measure-small", 4);
    let batch = batch(1, 100);
    for (connections, window) in [(1, 1), (16, 1), (16, 16), (64, 1)] {
        load(broker, "measure-small", 4, connections, window, &batch, run / 4);
        let (cpu, began) = (broker.cpu(), Instant::now());
        let count = load(broker, "measure-small", 4, connections, window, &batch, run);
        let (cpu, seconds) = (broker.cpu() - cpu, began.elapsed().as_secs_f64());
        println!(
            "small: {connections} connections, {window} in flight on each: {:.0}/s, {:.0} per CPU second ({:.1} µs)",
            count as f64 / seconds,
            count as f64 / cpu,
            cpu * 1e6 / count as f64
        );
    }
}

fn fetch_request(topic: &str, partition: i32, offset: i64) -> Vec<u8> {
    let request = m::FetchRequest {
        max_wait_ms: 500,
        min_bytes: 1,
        max_bytes: 50 << 20,
        session_epoch: -1,
        topics: vec![m::fetch_request::FetchTopic {
            topic: Cow::Borrowed(topic),
            partitions: vec![m::fetch_request::FetchPartition {
                partition,
                fetch_offset: offset,
                partition_max_bytes: 1 << 20,
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    frame(ApiKey::Fetch, 11, 1, &request)
}

/// The bytes and the next offset of a response to [`fetch_request`].
fn fetched(body: &[u8], offset: i64) -> (usize, i64) {
    let mut decoder = Decoder::new(&body[4..]);
    let response = m::FetchResponse::decode(&mut decoder, 11).unwrap();
    let partition = &response.responses[0].partitions[0];
    assert_eq!(partition.error_code, 0, "fetch answered {}", partition.error_code);
    let records = partition.records.as_ref().map(Records::to_vec).unwrap_or_default();
    let mut next = offset;
    for (header, _) in ottla_protocol::records::batches(&records).flatten() {
        next = header.next_offset();
    }
    (records.len(), next)
}

/// Reads the same 32 MB again and again, which both brokers have in memory.
fn fetch(broker: &Broker, run: Duration) {
    make_topic(broker, "measure-fetch", 1);
    let batch = batch(64, 1000);
    let mut client = Client::new(&broker.address);
    let frame = produce("measure-fetch", 0, &batch);
    for _ in 0..500 {
        client.send(&frame);
        check_produced(&client.receive());
    }
    let mut pass = |until: Option<Instant>| {
        let mut bytes = 0;
        loop {
            let mut offset = 0;
            while offset < 32_000 {
                client.send(&fetch_request("measure-fetch", 0, offset));
                let body = client.receive();
                let (count, next) = fetched(&body, offset);
                bytes += count;
                offset = next;
            }
            if until.is_none_or(|end| Instant::now() >= end) {
                return bytes;
            }
        }
    };
    pass(None);
    let (cpu, began) = (broker.cpu(), Instant::now());
    let bytes = pass(Some(began + run));
    let (cpu, seconds) = (broker.cpu() - cpu, began.elapsed().as_secs_f64());
    let gb = bytes as f64 / 1e9;
    println!(
        "fetch: {gb:.2} GB in {seconds:.1} s ({:.0} MB/s), {:.3} CPU s/GB",
        gb * 1000.0 / seconds,
        cpu / gb
    );
}

/// One record at a time, from its produce to its arrival at a consumer that waits for it.
fn latency(broker: &Broker, run: Duration) {
    make_topic(broker, "measure-latency", 1);
    let batch = batch(1, 100);
    let mut producer = Client::new(&broker.address);
    let mut consumer = Client::new(&broker.address);
    let frame = produce("measure-latency", 0, &batch);
    producer.send(&frame);
    check_produced(&producer.receive());
    let mut offset = 0;
    loop {
        consumer.send(&fetch_request("measure-latency", 0, offset));
        let (bytes, next) = fetched(&consumer.receive(), offset);
        offset = next;
        if bytes < 1 << 20 {
            break;
        }
    }
    let mut times = Vec::new();
    let end = Instant::now() + run;
    while Instant::now() < end {
        consumer.send(&fetch_request("measure-latency", 0, offset));
        // The fetch is parked by the time the record comes.
        thread::sleep(Duration::from_micros(500));
        let began = Instant::now();
        producer.send(&frame);
        let (_, next) = fetched(&consumer.receive(), offset);
        times.push(began.elapsed().as_secs_f64() * 1000.0);
        assert_eq!(next, offset + 1);
        offset = next;
        check_produced(&producer.receive());
    }
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    println!(
        "latency: {} records, mean {:.3} ms, p50 {:.3}, p99 {:.3}, p99.9 {:.3}",
        times.len(),
        times.iter().sum::<f64>() / times.len() as f64,
        at(0.5),
        at(0.99),
        at(0.999)
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, pid, rest @ ..] = arguments.as_slice() else {
        eprintln!("measure HOST:PORT PID [batches|small|fetch|latency|all] [seconds]");
        std::process::exit(2);
    };
    let broker = Broker { address: address.clone(), pid: pid.parse().expect("a PID") };
    let what = rest.first().map_or("all", String::as_str);
    let seconds = rest.get(1).and_then(|text| text.parse().ok()).unwrap_or(4.0);
    let run = Duration::from_secs_f64(seconds);
    println!("resident: {:.1} MB before", broker.resident_mb());
    for (name, measure) in [
        ("latency", latency as fn(&Broker, Duration)),
        ("small", small),
        ("batches", batches),
        ("fetch", fetch),
    ] {
        if what == "all" || what == name {
            measure(&broker, run);
        }
    }
    println!("resident: {:.1} MB after", broker.resident_mb());
}
