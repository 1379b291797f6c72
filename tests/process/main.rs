//! How the process behaves towards whoever runs it: idle, at its end, and when something that it needs is missing.
//!
//! `process [--only TEXT]...`: see `run` beside this file.

use ottla_protocol::messages::*;
use ottla_protocol::{ErrorCode, Records};
use ottla_tests::batch::Batch;
use ottla_tests::broker::{Broker, Kind, Setup};
use ottla_tests::client::Connection;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

type Check = fn(&Path) -> Result<String, String>;

const CHECKS: [(&str, Check); 17] = [
    ("idle, it takes no CPU", idle),
    ("idle with connections and topics, it takes no CPU", idle_with_company),
    ("SIGTERM ends it with 0 within a second", sigterm),
    ("SIGTERM with connections open", sigterm_with_connections),
    ("SIGTERM while it starts", sigterm_early),
    ("SIGINT ends it with 0", sigint),
    ("a second broker on the same data is refused", second),
    ("a port that is taken", port_taken),
    ("a data directory that is a file", data_is_a_file),
    ("a data directory that is read-only", read_only),
    ("a full disk", full_disk),
    ("a setting with a bad value", bad_value),
    ("a setting that nobody knows", unknown_setting),
    ("another cluster's data", wrong_cluster),
    ("another node's data", wrong_node),
    ("a low RLIMIT_MEMLOCK and RLIMIT_NOFILE", low_limits),
    ("from the start to the first acknowledged record", first_record),
];

fn main() -> ExitCode {
    let mut only = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next()) {
            ("--only", Some(text)) => only.push(text),
            _ => {
                eprintln!("process: '{argument}'? process [--only TEXT]...");
                return ExitCode::from(2);
            }
        }
    }
    let (mut passed, mut failed) = (0, 0);
    for (name, check) in CHECKS {
        if !only.is_empty() && !only.iter().any(|text| name.contains(text.as_str())) {
            continue;
        }
        let result = tempfile::tempdir().map_err(text).and_then(|dir| check(dir.path()));
        match result {
            Ok(said) => {
                passed += 1;
                println!("ok {name}{}{said}", if said.is_empty() { "" } else { ": " });
            }
            Err(fault) => {
                failed += 1;
                let mut lines = fault.lines();
                println!("FAIL {name}: {}", lines.next().unwrap_or_default());
                lines.for_each(|line| println!("    {line}"));
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn text(error: io::Error) -> String {
    error.to_string()
}

fn setup(dir: &Path, settings: &[(&str, &str)]) -> Result<Setup, String> {
    Setup::new(Kind::Ottla, dir, settings).map_err(text)
}

fn start(dir: &Path) -> Result<Broker, String> {
    setup(dir, &[])?.start().map_err(text)
}

/// CPU time over five seconds. The kernel counts hundredths of a second.
fn rests(broker: &Broker) -> Result<String, String> {
    std::thread::sleep(Duration::from_millis(1500));
    let before = broker.cpu_time();
    std::thread::sleep(Duration::from_secs(5));
    let used = broker.cpu_time().saturating_sub(before);
    let resident = broker.resident_bytes() as f64 / f64::from(1 << 20);
    if used > Duration::from_millis(50) {
        return Err(format!("{used:?} of CPU in 5 s"));
    }
    Ok(format!("{used:?} of CPU in 5 s, {resident:.1} MiB resident"))
}

fn idle(dir: &Path) -> Result<String, String> {
    rests(&start(dir)?)
}

fn idle_with_company(dir: &Path) -> Result<String, String> {
    let broker = start(dir)?;
    for number in 0..20 {
        produce(&broker, &format!("topic-{number}"))?;
    }
    let open =
        (0..100).map(|_| Connection::open(broker.address())).collect::<Result<Vec<_>, _>>().map_err(text)?;
    let result = rests(&broker);
    drop(open);
    result
}

fn clean_mark(broker: &Broker) -> PathBuf {
    broker.setup.data().join(".kafka_cleanshutdown")
}

fn ends_well(mut broker: Broker, within: Duration) -> Result<String, String> {
    let mark = clean_mark(&broker);
    if mark.exists() {
        return Err("the mark of a clean shutdown is there while it runs".to_string());
    }
    let (code, took) = broker.stop(Duration::from_secs(20)).ok_or("it doesn't end within 20 s")?;
    if code != 0 {
        return Err(format!("exit code {code}:\n{}", broker.setup.log()));
    }
    if took > within {
        return Err(format!("it took {took:.1?}:\n{}", broker.setup.log()));
    }
    if !mark.exists() {
        return Err("no .kafka_cleanshutdown is left".to_string());
    }
    Ok(format!("{took:.0?}"))
}

fn sigterm(dir: &Path) -> Result<String, String> {
    let broker = start(dir)?;
    produce(&broker, "topic")?;
    ends_well(broker, Duration::from_secs(1))
}

/// Clients that only hold their connections, and one whose fetch waits for records.
fn sigterm_with_connections(dir: &Path) -> Result<String, String> {
    let broker = start(dir)?;
    produce(&broker, "topic")?;
    let mut open = Vec::new();
    for _ in 0..50 {
        let mut connection = Connection::open(broker.address()).map_err(text)?;
        connection.call(0, &ApiVersionsRequest::default()).map_err(text)?;
        open.push(connection);
    }
    let waiting = FetchRequest {
        max_wait_ms: 60_000,
        min_bytes: 1,
        topics: vec![fetch_request::FetchTopic {
            topic: "topic".into(),
            partitions: vec![fetch_request::FetchPartition {
                fetch_offset: 1,
                partition_max_bytes: 1000,
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    open[0].send(11, &waiting).map_err(text)?;
    std::thread::sleep(Duration::from_millis(100));
    let ended = ends_well(broker, Duration::from_secs(1))?;
    drop(open);
    Ok(ended)
}

/// A process that is told to end at any moment of its start does.
fn sigterm_early(dir: &Path) -> Result<String, String> {
    for step in 0..12 {
        let setup = setup(dir, &[])?;
        let mut child = setup.command().map_err(text)?.spawn().map_err(text)?;
        std::thread::sleep(Duration::from_millis(step * 12));
        Command::new("kill").arg(child.id().to_string()).status().map_err(text)?;
        let deadline = Instant::now() + Duration::from_secs(10);
        let status = loop {
            match child.try_wait().map_err(text)? {
                Some(status) => break status,
                None if Instant::now() > deadline => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(format!("told to end after {} ms, it goes on", step * 12));
                }
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        // Before it listens for signals, the kernel ends it.
        use std::os::unix::process::ExitStatusExt;
        if status.code() != Some(0) && status.signal() != Some(15) {
            return Err(format!("told to end after {} ms: {status}\n{}", step * 12, setup.log()));
        }
    }
    start(dir)?;
    Ok(String::new())
}

fn sigint(dir: &Path) -> Result<String, String> {
    let setup = setup(dir, &[])?;
    let mut child = setup.command().map_err(text)?.spawn().map_err(text)?;
    let ready = || fs::read_to_string(setup.dir.join("ready")).is_ok_and(|said| said.contains("ready: "));
    ottla_tests::broker::wait_until(Duration::from_secs(20), "it serves", ready).map_err(text)?;
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().map_err(text)?;
    let status = child.wait().map_err(text)?;
    if status.success() { Ok(String::new()) } else { Err(format!("{status}\n{}", setup.log())) }
}

/// A start that must fail: not by a signal, within seconds, and with a message that has `words`.
fn refused(setup: &Setup, words: &[&str]) -> Result<String, String> {
    let mut child = setup.command().map_err(text)?.spawn().map_err(text)?;
    let deadline = Instant::now() + Duration::from_secs(15);
    let status = loop {
        match child.try_wait().map_err(text)? {
            Some(status) => break status,
            None if Instant::now() > deadline => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("it goes on:\n{}", setup.log()));
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let log = setup.log();
    let message = log.lines().last().unwrap_or_default().to_string();
    if status.code().is_none_or(|code| code == 0) || log.contains("panicked") {
        return Err(format!("{status}:\n{log}"));
    }
    if let Some(missing) = words.iter().find(|word| !message.contains(**word)) {
        return Err(format!("its last line doesn't say '{missing}': {message}"));
    }
    Ok(format!("exit code {}: {message}", status.code().unwrap_or(-1)))
}

fn second(dir: &Path) -> Result<String, String> {
    let broker = start(dir)?;
    let mut other = setup(&dir.join("other"), &[])?;
    // The same data, another port.
    other.settings.push(("log.dirs".to_string(), broker.setup.data().display().to_string()));
    let data = other.data();
    fs::create_dir_all(dir.join("other")).map_err(text)?;
    std::os::unix::fs::symlink(broker.setup.data(), &data).map_err(text)?;
    other.settings.clear();
    let said = refused(&other, &["in use", "data"])?;
    // And the first is none the worse for it.
    produce(&broker, "topic")?;
    Ok(said)
}

fn port_taken(dir: &Path) -> Result<String, String> {
    let setup = setup(dir, &[])?;
    let port = setup.port.to_string();
    let _listener = std::net::TcpListener::bind(setup.address()).map_err(text)?;
    refused(&setup, &[&port, "taken", "--listen"])
}

fn data_is_a_file(dir: &Path) -> Result<String, String> {
    let setup = setup(dir, &[])?;
    fs::write(setup.data(), b"").map_err(text)?;
    refused(&setup, &[&setup.data().display().to_string()])
}

/// A mount of a few megabytes; `None` where this machine allows none.
struct Mount(PathBuf);

impl Mount {
    fn new(at: PathBuf, options: &str) -> Option<Mount> {
        fs::create_dir_all(&at).ok()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(&at)
            .stderr(Stdio::null())
            .status()
            .ok()?;
        mounted.success().then_some(Mount(at))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn read_only(dir: &Path) -> Result<String, String> {
    let setup = setup(dir, &[])?;
    let Some(_mount) = Mount::new(setup.data(), "ro,size=8m") else {
        return Ok("left out: this machine lets nobody mount".to_string());
    };
    refused(&setup, &[&setup.data().display().to_string()])
}

fn full_disk(dir: &Path) -> Result<String, String> {
    let setup = setup(dir, &[])?;
    let Some(_mount) = Mount::new(setup.data(), "size=8m") else {
        return Ok("left out: this machine lets nobody mount".to_string());
    };
    let filled = (0..)
        .map(|size| 8 * 1024 * 1024 - size * 4096)
        .find(|bytes| fs::write(setup.data().join("filler"), vec![1; *bytes]).is_ok());
    if filled.is_none() {
        return Err("the disk can't be filled".to_string());
    }
    refused(&setup, &[&setup.data().display().to_string()])
}

fn bad_value(dir: &Path) -> Result<String, String> {
    refused(&setup(dir, &[("log.segment.bytes", "many")])?, &["log.segment.bytes", "many"])?;
    refused(&setup(dir, &[("num.partitions", "0")])?, &["num.partitions", "0"])
}

/// A misspelt name is named once, with the nearest match; what it doesn't know doesn't stop it.
fn unknown_setting(dir: &Path) -> Result<String, String> {
    let setup = setup(dir, &[("num.partitons", "3")])?;
    let _broker = setup.start().map_err(text)?;
    let log = setup.log();
    let line = log.lines().find(|line| line.contains("num.partitons")).unwrap_or_default();
    if line.contains("num.partitions") {
        Ok(String::new())
    } else {
        Err(format!("the log doesn't say what 'num.partitons' could be: {line}"))
    }
}

fn wrong_cluster(dir: &Path) -> Result<String, String> {
    drop(start(dir)?);
    let setup = setup(dir, &[])?;
    let path = setup.data().join("meta.properties");
    let content = fs::read_to_string(&path).map_err(text)?;
    let changed = content.lines().map(|line| {
        let is_id = line.starts_with("cluster.id=");
        if is_id { "cluster.id=AAAAAAAAAAAAAAAAAAAAAQ".to_string() } else { line.to_string() }
    });
    fs::write(&path, changed.collect::<Vec<_>>().join("\n") + "\n").map_err(text)?;
    refused(&setup, &["cluster"])
}

fn wrong_node(dir: &Path) -> Result<String, String> {
    drop(start(dir)?);
    refused(&setup(dir, &[("node.id", "77")])?, &["node", "77"])
}

/// It serves with what is allowed, and says once what would lift it.
fn low_limits(dir: &Path) -> Result<String, String> {
    let mut setup = setup(dir, &[])?;
    setup.wrapper = ["prlimit", "--memlock=65536:65536", "--nofile=128:128"].map(str::to_string).to_vec();
    let broker = setup.start().map_err(text)?;
    produce(&broker, "topic")?;
    let log = setup.log();
    if !log.contains("nofile") {
        return Err(format!("it doesn't say that 128 open files are few:\n{log}"));
    }
    // More connections than there are files: those that don't fit fail, the broker lives.
    let open = (0..200).filter_map(|_| Connection::open(broker.address()).ok()).collect::<Vec<_>>();
    let many = open.len();
    drop(open);
    ottla_tests::broker::wait_until(Duration::from_secs(10), "it serves after the flood", || {
        produce(&broker, "topic").is_ok()
    })
    .map_err(|error| format!("{error}:\n{}", setup.log()))?;
    Ok(format!("{many} connections tried with 128 files"))
}

fn first_record(dir: &Path) -> Result<String, String> {
    let mut times = Vec::new();
    for round in 0..5 {
        let setup = setup(&dir.join(round.to_string()), &[])?;
        let begun = Instant::now();
        let broker = setup.start().map_err(text)?;
        produce(&broker, "topic")?;
        times.push(begun.elapsed());
    }
    times.sort();
    Ok(format!("{:.0?}, the quickest of five {:.0?} (the build's profile counts)", times[2], times[0]))
}

/// One record with acks=all, by a producer that knows nothing: Metadata creates the topic.
fn produce(broker: &Broker, topic: &str) -> Result<(), String> {
    let mut connection = Connection::open(broker.address()).map_err(text)?;
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let request = MetadataRequest {
            topics: Some(vec![metadata_request::MetadataRequestTopic {
                name: Some(topic.into()),
                ..Default::default()
            }]),
            allow_auto_topic_creation: true,
            ..Default::default()
        };
        let answer = connection.call(9, &request).map_err(text)?;
        let body = answer.read().map_err(text)?;
        if body.topics.first().is_some_and(|topic| topic.error_code == 0 && !topic.partitions.is_empty()) {
            break;
        }
        if Instant::now() > deadline {
            return Err(format!("{topic} is not created: {body:?}"));
        }
    }
    let batch = Batch::numbered(1).build();
    let request = ProduceRequest {
        acks: -1,
        timeout_ms: 5000,
        topic_data: vec![produce_request::TopicProduceData {
            name: topic.into(),
            partition_data: vec![produce_request::PartitionProduceData {
                index: 0,
                records: Some(Records::Slice(&batch)),
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let answer = connection.call(9, &request).map_err(text)?;
    let body = answer.read().map_err(text)?;
    let error = body.responses.first().and_then(|topic| topic.partition_responses.first());
    match error.map(|partition| ErrorCode(partition.error_code)) {
        Some(ErrorCode::NONE) => Ok(()),
        other => Err(format!("produce to {topic}: {other:?}")),
    }
}
