//! Whatever comes to the port, the pages are served, and what they say can be read.

use crate::testing::TestBroker;
use ottla_protocol::messages as m;
use ottla_protocol::records::BatchBuilder;
use ottla_protocol::{ApiKey, Records};
use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

/// A broker whose metrics are at the address.
fn broker() -> (TestBroker, SocketAddr) {
    broker_with(&[])
}

fn broker_with(settings: &[(&str, &str)]) -> (TestBroker, SocketAddr) {
    let free = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = free.local_addr().expect("its address");
    drop(free);
    let listener = address.to_string();
    let settings = [&[("ottla.metrics.listener", &*listener)], settings].concat();
    (TestBroker::start(&settings), address)
}

/// Everything that comes back for `bytes`, until the broker ends the connection.
fn ask(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    stream.write_all(bytes).expect("it takes a request");
    let mut answer = Vec::new();
    // What was sent and not read by the other side resets the connection, behind the answer.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).expect("text")
}

/// The head and the body of the answer to a GET.
fn get(address: SocketAddr, path: &str) -> (String, String) {
    let answer = ask(address, format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let length = format!("content-length: {}\r\n", body.len());
    assert!(head.contains(&length), "{head}");
    (head.to_owned(), body.to_owned())
}

/// Samples by name and labels, of a page in Prometheus' text format 0.0.4; every rule of it that can be broken is checked.
fn samples(page: &str) -> HashMap<String, f64> {
    let (mut types, mut helps) = (HashMap::new(), HashSet::new());
    let mut samples = HashMap::new();
    let mut last_bucket: Option<(String, f64)> = None;
    assert!(page.ends_with('\n'));
    for line in page.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').expect("a text");
            assert!(helps.insert(name.to_owned()) && !text.is_empty(), "{line}");
            continue;
        }
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a type");
            assert!(matches!(kind, "counter" | "gauge" | "histogram") && helps.contains(name), "{line}");
            assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect("a value");
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{line}");
        let labels = labels.strip_suffix('}').unwrap_or_else(|| panic!("{line}"));
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (key, quoted) = label.split_once('=').unwrap_or_else(|| panic!("{line}"));
            assert!(key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{line}");
            assert!(quoted.len() >= 2 && quoted.starts_with('"') && quoted.ends_with('"'), "{line}");
        }
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        match family.filter(|family| types.get(*family).is_some_and(|kind| kind == "histogram")) {
            Some(_) if name.ends_with("_bucket") => {
                let of = labels.split(",le=").next().unwrap_or_default().to_owned();
                if let Some((before, count)) = &last_bucket {
                    assert!(*before != of || *count <= value, "buckets add up: {line}");
                }
                last_bucket = Some((of, value));
            }
            Some(_) => {}
            None => {
                let kind = types.get(name).unwrap_or_else(|| panic!("no type: {line}"));
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                assert!(kind != "counter" || value >= 0.0, "{line}");
            }
        }
        assert!(samples.insert(series.to_owned(), value).is_none(), "twice: {line}");
    }
    for (series, count) in samples.iter().filter(|(series, _)| series.contains("le=\"+Inf\"")) {
        let total = series.replace("_bucket", "_count").replace(",le=\"+Inf\"", "");
        assert_eq!(samples.get(&total), Some(count), "{series}");
    }
    samples
}

#[test]
fn the_page_is_what_prometheus_reads() {
    let (broker, address) = broker();
    broker.create_topic("t", 4);
    for _ in 0..3 {
        broker.ask(ApiKey::Metadata, 9, &m::MetadataRequest::default());
    }
    let unknown = m::FindCoordinatorRequest { key_type: 3, ..Default::default() };
    broker.ask(ApiKey::FindCoordinator, 3, &unknown);
    let (head, page) = get(address, "/metrics");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{head}");
    let samples = samples(&page);
    let value = |series: &str| *samples.get(series).unwrap_or_else(|| panic!("no {series} in\n{page}"));
    assert_eq!(value("ottla_requests_total{api=\"Metadata\"}"), 3.0);
    assert_eq!(value("ottla_requests_total{api=\"CreateTopics\"}"), 1.0);
    assert!(
        samples.keys().any(|series| series.starts_with("ottla_request_errors_total{api=\"FindCoordinator\""))
    );
    assert_eq!(value("ottla_partitions"), 4.0);
    let led = |shard: u8| value(&format!("ottla_partitions_led{{shard=\"{shard}\"}}"));
    assert_eq!(led(0) + led(1), 4.0);
    assert_eq!(value("ottla_request_stage_seconds_count{kind=\"other\",stage=\"handled\"}"), 5.0);
    assert!(value("process_cpu_seconds_total") > 0.0);
    assert!(value("process_resident_memory_bytes") > 1e6);
    assert!(value("process_start_time_seconds") > 1.7e9);
    assert!(value("ottla_io_cpu_seconds_total{shard=\"0\"}") > 0.0);
    assert!(value("ottla_io_durable_writes_total{shard=\"0\"}") > 0.0, "the metadata log's");
    assert!(value("ottla_controller_commit_index") > 0.0);
    // A bound on the series: topics do not add any.
    broker.create_topic("u", 30);
    assert!(self::samples(&get(address, "/metrics").1).len() <= samples.len() + 30);
}

/// Whatever series tuning.md names is there.
#[test]
fn the_series_of_the_documents_exist() {
    let (_broker, address) = broker();
    let page = get(address, "/metrics").1;
    let document = include_str!("../../../../tuning.md");
    let names: HashSet<&str> = document
        .split(|c: char| !(c.is_ascii_lowercase() || c == '_'))
        .filter(|word| word.starts_with("ottla_"))
        .collect();
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        assert!(page.contains(&format!("# TYPE {name} ")), "{name} is not in\n{page}");
    }
}

#[test]
fn stats_are_json() {
    let (_broker, address) = broker();
    let (head, body) = get(address, "/stats");
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    let stats: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(stats["cores"].as_array().map(Vec::len), Some(2), "{body}");
    assert!(stats["cores"][1]["io"]["task_runs"].as_u64().is_some_and(|runs| runs > 0), "{body}");
}

#[test]
fn bad_input_is_refused_and_the_next_one_served() {
    let (_broker, address) = broker();
    let long = format!("GET /metrics HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(20_000));
    let cases: [(&[u8], &str); 7] = [
        (b"GET /nothing HTTP/1.1\r\n\r\n", "404"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", "405"),
        (b"BREW\r\n\r\n", "400"),
        (b"\x16\x03\x01\x00\x00", "400"),
        (b"\x00\x00\x00\x10\x00\x03\x00\x00", "400"),
        (b"GET / HTTP/3.0\r\n\r\n", "505"),
        (long.as_bytes(), "431"),
    ];
    for (bytes, status) in cases {
        let answer = ask(address, bytes);
        let line = format!("HTTP/1.1 {status} ");
        // A kernel that resets the connection may take the answer to what was too long along.
        let is_lost = status == "431" && answer.is_empty();
        assert!(is_lost || answer.starts_with(&line), "{answer:?} for {:?}", String::from_utf8_lossy(bytes));
    }
    // One that ends inside its request is no harm either.
    let mut broken = TcpStream::connect(address).expect("it listens");
    broken.write_all(b"GET /met").expect("it takes bytes");
    broken.shutdown(Shutdown::Write).expect("an end");
    let mut nothing = Vec::new();
    broken.read_to_end(&mut nothing).expect("an end");
    assert!(nothing.is_empty());
    assert!(get(address, "/metrics").0.starts_with("HTTP/1.1 200 OK"));
}

/// Returns when `ottla_logs_uncleanable`, of all cores together, is `count`.
fn wait_for_uncleanable(address: SocketAddr, count: f64) {
    let began = Instant::now();
    loop {
        let samples = samples(&get(address, "/metrics").1);
        let found = samples.iter().filter(|(name, _)| name.starts_with("ottla_logs_uncleanable"));
        let found: f64 = found.map(|(_, value)| value).sum();
        if found == count {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{found} logs are uncleanable, not {count}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A damaged log that compaction leaves alone counts as long as it is there, and no longer.
#[test]
fn a_deleted_log_is_not_uncleanable() {
    let settings = [
        ("log.cleanup.policy", "compact"),
        ("log.segment.bytes", "1048576"),
        ("log.cleaner.backoff.ms", "20"),
        ("log.cleaner.min.cleanable.ratio", "0.9"),
    ];
    let (broker, address) = broker_with(&settings);
    broker.create_topic("t", 1);
    let produce = || {
        let mut builder = BatchBuilder::new();
        builder.push(1, Some(b"k"), Some(&[b'v'; 700_000]), &[]);
        let batch = builder.build().expect("a batch");
        let partition =
            m::produce_request::PartitionProduceData { index: 0, records: Some(Records::Slice(&batch)) };
        let topic = m::produce_request::TopicProduceData {
            name: "t".into(),
            partition_data: vec![partition],
            ..Default::default()
        };
        let request =
            m::ProduceRequest { acks: -1, timeout_ms: 10_000, topic_data: vec![topic], ..Default::default() };
        let answer = broker.ask(ApiKey::Produce, 9, &request);
        let response: m::ProduceResponse<'_> = answer.decode();
        let said = response.responses.first().and_then(|topic| topic.partition_responses.first());
        assert_eq!(said.map(|partition| partition.error_code), Some(0));
    };
    produce();
    // Nothing of the active segment is looked at yet.
    let segment = broker.data().join("t-0/00000000000000000000.log");
    let file = std::fs::OpenOptions::new().write(true).open(segment).expect("a segment");
    file.write_at(b"damage", 1000).expect("it can be damaged");
    produce();
    wait_for_uncleanable(address, 1.0);
    let topics =
        vec![m::delete_topics_request::DeleteTopicState { name: Some("t".into()), ..Default::default() }];
    let request = m::DeleteTopicsRequest { topics, timeout_ms: 10_000, ..Default::default() };
    let answer = broker.ask(ApiKey::DeleteTopics, 6, &request);
    let response: m::DeleteTopicsResponse<'_> = answer.decode();
    assert_eq!(response.responses.first().map(|topic| topic.error_code), Some(0));
    wait_for_uncleanable(address, 0.0);
}
