//! What one produce and one fetch count, exactly, and what slow readers hold up, in the simulator.

use crate::config::{BrokerConfig, Input};
use crate::core::Core;
use crate::metrics::{CONNECTIONS_MAX, PATIENCE};
use crate::server::{Startup, shard_main};
use ottla_io::net::TcpStream;
use ottla_io::sim::{Config, World};
use ottla_io::{Buffer, ShardContext};
use ottla_protocol::messages as m;
use ottla_protocol::records::BatchBuilder;
use ottla_protocol::{ApiKey, Decoder, Encoder, Message, Records};
use ottla_shard::mesh::Message as MeshMessage;
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const PORT: u16 = 9092;
const METRICS_PORT: u16 = 9464;
const LONG: Duration = Duration::from_secs(600);

/// Runs `main` on a node of its own, against a broker of `shards`.
fn against_a_broker<T, Fut>(shards: usize, config: Config, main: impl Fn(IpAddr) -> Fut) -> T
where
    T: 'static,
    Fut: Future<Output = T> + 'static,
{
    let mut world = World::new(4, config);
    let (broker, client) = (world.add_node("broker"), world.add_node("client"));
    let address = world.address(broker);
    let overrides = [
        ("log.dirs", "/data".to_owned()),
        ("listeners", format!("PLAINTEXT://broker:{PORT}")),
        ("ottla.metrics.listener", format!("{address}:{METRICS_PORT}")),
        ("ottla.shards", shards.to_string()),
        ("log.retention.ms", "-1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    let input = Input { file: None, overrides: &overrides, host_name: "broker" };
    let ready = Arc::new(AtomicBool::new(false));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let is_ready = ready.clone();
    let startup = Arc::new(Startup {
        config: BrokerConfig::load(input).expect("settings").config,
        addresses: vec![SocketAddr::from(([0, 0, 0, 0], PORT))],
        on_ready: Box::new(move |_| is_ready.store(true, Ordering::SeqCst)),
        stop: stopped,
    });
    world.start(broker, shards, move |context: ShardContext<MeshMessage<Core>>| {
        let startup = startup.clone();
        async move { shard_main(context, startup).await.expect("it runs") }
    });
    assert!(world.run_until(LONG, |_| ready.load(Ordering::SeqCst)), "the broker gets ready");
    let run = world.start(client, 1, |_: ShardContext<()>| main(address));
    assert!(world.run_until(LONG, |_| run.is_finished()), "the client ends");
    drop(stop);
    run.take_results().expect("it ended").pop().expect("one shard")
}

/// A client of one connection.
struct Client {
    stream: TcpStream,
    address: IpAddr,
}

impl Client {
    async fn connect(address: IpAddr) -> Client {
        let stream = TcpStream::connect((address, PORT).into()).await.expect("it listens");
        Client { stream, address }
    }

    async fn receive(&self, bytes: usize) -> Vec<u8> {
        let mut buffer = Buffer::with_capacity(bytes);
        while buffer.len() < bytes {
            let missing = bytes - buffer.len();
            let (received, back) = self.stream.recv_up_to(buffer, missing).await;
            buffer = back;
            assert!(received.expect("an answer") > 0, "the broker ends the connection");
        }
        buffer.to_vec()
    }

    /// The answer to a request, its header taken off.
    async fn ask<'m>(&self, key: ApiKey, version: i16, request: &impl Message<'m>) -> Vec<u8> {
        let header = m::RequestHeader {
            request_api_key: key as i16,
            request_api_version: version,
            correlation_id: 7,
            client_id: None,
        };
        let mut encoder = Encoder::new();
        header.encode(&mut encoder, key.request_header_version(version)).expect("a header");
        request.encode(&mut encoder, version).expect("a request of this version");
        let body = encoder.into_vec();
        let length = i32::try_from(body.len()).expect("a length").to_be_bytes();
        self.stream.send(vec![length.to_vec().into(), body.into()]).await.expect("it takes requests");
        let length = self.receive(4).await;
        let length = i32::from_be_bytes(length.try_into().expect("four bytes"));
        let answer = self.receive(usize::try_from(length).expect("a length")).await;
        let mut decoder = Decoder::new(&answer);
        m::ResponseHeader::decode(&mut decoder, key.response_header_version(version)).expect("a header");
        decoder.remaining().to_vec()
    }

    async fn create_topic(&self, num_partitions: i32) {
        let topic = m::create_topics_request::CreatableTopic {
            name: "t".into(),
            num_partitions,
            replication_factor: 1,
            ..Default::default()
        };
        let request = m::CreateTopicsRequest { topics: vec![topic], ..Default::default() };
        let answer = self.ask(ApiKey::CreateTopics, 5, &request).await;
        let response = m::CreateTopicsResponse::decode(&mut Decoder::new(&answer), 5).expect("a response");
        assert_eq!(response.topics[0].error_code, 0);
    }

    /// `batch` to each of the first `partitions` partitions, in one request.
    async fn produce(&self, batch: &[u8], partitions: i32) {
        let records =
            |index| m::produce_request::PartitionProduceData { index, records: Some(Records::Slice(batch)) };
        let request = m::ProduceRequest {
            acks: -1,
            timeout_ms: 1000,
            topic_data: vec![m::produce_request::TopicProduceData {
                name: "t".into(),
                partition_data: (0..partitions).map(records).collect(),
                ..Default::default()
            }],
            ..Default::default()
        };
        let answer = self.ask(ApiKey::Produce, 9, &request).await;
        let response = m::ProduceResponse::decode(&mut Decoder::new(&answer), 9).expect("a response");
        let parts = &response.responses[0].partition_responses;
        assert!(parts.iter().all(|part| part.error_code == 0), "{response:?}");
    }

    /// The code and the bytes of partition 0 of `topic` from `fetch_offset` on.
    async fn fetch(&self, topic: &str, fetch_offset: i64, max_wait_ms: i32) -> (i16, usize) {
        let request = m::FetchRequest {
            max_wait_ms,
            min_bytes: 1,
            max_bytes: 1 << 20,
            topics: vec![m::fetch_request::FetchTopic {
                topic: topic.into(),
                partitions: vec![m::fetch_request::FetchPartition {
                    fetch_offset,
                    partition_max_bytes: 1 << 20,
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let answer = self.ask(ApiKey::Fetch, 11, &request).await;
        let response = m::FetchResponse::decode(&mut Decoder::new(&answer), 11).expect("a response");
        let part = &response.responses[0].partitions[0];
        (part.error_code, part.records.as_ref().map_or(0, Records::len))
    }

    async fn stats(&self) -> Stats {
        let stream = ask_for_stats(self.address).await;
        let mut answer = Vec::new();
        loop {
            let (received, buffer) = stream.recv(Buffer::with_capacity(1 << 16)).await;
            if received.expect("an answer") == 0 {
                break;
            }
            answer.extend_from_slice(&buffer);
        }
        let answer = String::from_utf8(answer).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
        Stats(serde_json::from_str(body).expect("JSON"))
    }
}

/// A connection on which the report was asked for.
async fn ask_for_stats(address: IpAddr) -> TcpStream {
    let stream = TcpStream::connect((address, METRICS_PORT).into()).await.expect("it listens");
    let request = b"GET /stats HTTP/1.1\r\n\r\n".to_vec();
    stream.send(vec![request.into()]).await.expect("it takes a request");
    stream
}

/// A report; counts are those of all cores together.
struct Stats(Value);

impl Stats {
    fn cores(&self) -> &[Value] {
        self.0["cores"].as_array().expect("cores")
    }

    fn count(&self, part: &str, name: &str) -> u64 {
        self.cores().iter().map(|core| core[part][name].as_u64().expect("a count")).sum()
    }

    /// How often the stage ended, and what it took.
    fn stage(&self, kind: &str, stage: &str) -> (u64, u64) {
        let all = self.cores().iter().flat_map(|core| core["stages"].as_array().expect("stages"));
        let mine = all.filter(|times| times["kind"] == kind && times["stage"] == stage);
        mine.fold((0, 0), |(count, nanos), times| {
            let buckets = times["buckets"].as_array().expect("buckets");
            let ended: u64 = buckets.iter().map(|bucket| bucket[1].as_u64().expect("a count")).sum();
            (count + ended, nanos + times["sum_ns"].as_u64().expect("a sum"))
        })
    }

    /// What has ended since `before`, by stage.
    fn ended(&self, before: &Stats, kind: &str) -> Vec<(&'static str, u64)> {
        let counts = crate::stats::Stage::ALL.map(|stage| {
            let name = stage.name();
            (name, self.stage(kind, name).0 - before.stage(kind, name).0)
        });
        counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

fn batch(records: i64) -> Vec<u8> {
    let mut builder = BatchBuilder::new();
    for index in 0..records {
        builder.push(1_700_000_000_000 + index, None, Some(b"value"), &[]);
    }
    builder.build().expect("a batch")
}

#[test]
fn one_produce_and_one_fetch() {
    let (reports, batch_bytes) = against_a_broker(1, Config::default(), |address| async move {
        let client = Client::connect(address).await;
        client.create_topic(1).await;
        // The first one makes the file.
        let batch = batch(2);
        client.produce(&batch, 1).await;
        let mut reports = vec![client.stats().await];
        client.produce(&batch, 1).await;
        reports.push(client.stats().await);
        assert_eq!(client.fetch("t", 0, 0).await, (0, 2 * batch.len()));
        reports.push(client.stats().await);
        // Parks, finds nothing, and says so; then asks for what is not there.
        assert_eq!(client.fetch("t", 4, 50).await, (0, 0));
        assert_eq!(client.fetch("unknown", 0, 0).await, (3, 0));
        reports.push(client.stats().await);
        (reports, batch.len() as u64)
    });
    let [before, produced, fetched, parked] = &reports[..] else { panic!("four reports") };

    let stages = ["admitted", "parsed", "appended", "written", "durable", "released", "sent", "total"];
    assert_eq!(produced.ended(before, "produce"), stages.map(|stage| (stage, 1)));
    let took = |stage: &str| produced.stage("produce", stage).1 - before.stage("produce", stage).1;
    let parts: u64 = stages[..7].iter().map(|stage| took(stage)).sum();
    assert_eq!(parts, took("total"), "the stages of one batch are all of its time");
    assert!(took("durable") > took("parsed"), "the simulated disk takes longer than the simulated core");
    let more = |part: &str, name: &str| produced.count(part, name) - before.count(part, name);
    assert_eq!(more("log", "appended_batches"), 1);
    assert_eq!(more("log", "appended_records"), 2);
    assert_eq!(more("log", "appended_bytes"), batch_bytes);
    assert_eq!(more("log", "writes"), 1);
    assert_eq!(more("io", "durable_writes"), 1);
    assert_eq!(more("io", "messages_sent"), 0);
    assert_eq!(produced.0["cores"][0]["requests"]["Produce"], 2);

    let stages = ["admitted", "parsed", "read", "released", "sent", "total"];
    assert_eq!(fetched.ended(produced, "fetch"), stages.map(|stage| (stage, 1)));
    let took = |stage: &str| fetched.stage("fetch", stage).1 - produced.stage("fetch", stage).1;
    assert_eq!(stages[..5].iter().map(|stage| took(stage)).sum::<u64>(), took("total"));
    let more = |part: &str, name: &str| fetched.count(part, name) - produced.count(part, name);
    assert_eq!(more("net", "fetched_bytes"), 2 * batch_bytes);
    assert_eq!((more("log", "cached_reads"), more("log", "cold_reads")), (1, 0));
    assert_eq!(more("io", "durable_writes"), 0);

    assert_eq!(parked.count("net", "fetches_parked") - fetched.count("net", "fetches_parked"), 1);
    let (count, nanos) = parked.stage("fetch", "parked");
    assert_eq!(count, 1);
    assert!((50_000_000..60_000_000).contains(&nanos), "{nanos}");
    assert_eq!(parked.count("gauges", "parked_fetches"), 0);
    let errors = parked.0["cores"][0]["errors"].to_string();
    assert!(errors.contains("UNKNOWN_TOPIC_OR_PARTITION"), "{errors}");
}

/// With two cores, the one that the connection is not on gets its part by a crossing, once for all its partitions.
#[test]
fn a_produce_to_two_cores_crosses_once() {
    let [before, after] = against_a_broker(2, Config::default(), |address| async move {
        let client = Client::connect(address).await;
        client.create_topic(8).await;
        let batch = batch(1);
        client.produce(&batch, 8).await;
        let before = client.stats().await;
        client.produce(&batch, 8).await;
        [before, client.stats().await]
    });
    let ended = after.ended(&before, "produce");
    let count = |stage: &str| ended.iter().find(|(name, _)| *name == stage).map_or(0, |(_, count)| *count);
    assert_eq!((count("crossed"), count("appended"), count("durable"), count("total")), (1, 2, 2, 1));
    assert_eq!(after.count("log", "appended_batches") - before.count("log", "appended_batches"), 8);
    assert_eq!(after.count("gauges", "partitions_led"), 8);
}

/// As many clients as there are places ask and never read, or never ask: the next one is served when their time is up.
#[test]
fn clients_that_never_read_are_let_go() {
    let mut config = Config::default();
    // No answer fits.
    config.net.buffer_bytes = 512..=512;
    let waited = against_a_broker(1, config, |address| async move {
        let client = Client::connect(address).await;
        let mut slow = Vec::new();
        for number in 0..CONNECTIONS_MAX {
            slow.push(match number % 2 {
                0 => ask_for_stats(address).await,
                _ => TcpStream::connect((address, METRICS_PORT).into()).await.expect("it listens"),
            });
        }
        let began = ottla_io::now();
        client.stats().await;
        ottla_io::now().duration_since(began)
    });
    let (least, most) = (PATIENCE - Duration::from_secs(1), PATIENCE + Duration::from_secs(1));
    assert!((least..most).contains(&waited), "{waited:?}");
}
