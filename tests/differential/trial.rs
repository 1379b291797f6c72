//! One broker under question: sends requests, notes each answer under a name, and replaces what differs from run to run.

use crate::text;
use ottla_protocol::messages::*;
use ottla_protocol::{ApiKey, Records, Uuid};
use ottla_tests::batch;
use ottla_tests::client::{Answer, Connection, Request, is_closed, with_length};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// An answer under its name.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub lines: Vec<String>,
}

pub struct Trial {
    pub address: SocketAddr,
    connection: Option<Connection>,
    ids: BTreeMap<String, Uuid>,
    /// What a line may hold and what stands for it: longer texts first.
    words: Vec<(String, String)>,
    pub cases: Vec<Case>,
    begun_ms: i64,
}

impl Trial {
    pub fn new(address: SocketAddr) -> Trial {
        Trial {
            address,
            connection: None,
            ids: BTreeMap::new(),
            words: Vec::new(),
            cases: Vec::new(),
            begun_ms: now_ms() - 1000,
        }
    }

    /// From now on `text` is shown as `<name>`.
    pub fn call_it(&mut self, text: &str, name: &str) {
        if text.is_empty() || self.words.iter().any(|(known, _)| known == text) {
            return;
        }
        self.words.push((text.to_string(), format!("<{name}>")));
        self.words.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
    }

    pub fn connection(&mut self) -> &mut Connection {
        let address = self.address;
        self.connection.get_or_insert_with(|| {
            let connection = Connection::open(address).unwrap_or_else(|error| panic!("{address}: {error}"));
            connection.stream.set_read_timeout(Some(Duration::from_secs(3))).expect("a timeout");
            connection
        })
    }

    /// A new connection, so that what follows doesn't depend on what was before.
    pub fn reconnect(&mut self) {
        self.connection = None;
    }

    /// Sends a request whose answer is of no interest to the comparison.
    pub fn call<R: Request>(&mut self, version: i16, request: &R) -> Option<Answer<R>> {
        let answer = self.connection().call(version, request).ok();
        if answer.is_none() {
            self.connection = None;
        }
        answer
    }

    /// Sends a request and notes the answer as `NAME vVERSION`.
    pub fn ask<R: Request>(&mut self, name: &str, version: i16, request: &R) -> Option<Answer<R>> {
        let result = self.connection().call(version, request);
        let name = format!("{name} v{version}");
        match result {
            Ok(answer) => {
                let lines = self.show(&answer);
                self.note(&name, lines);
                Some(answer)
            }
            Err(error) => {
                self.connection = None;
                self.note(&name, vec![failure(&error)]);
                None
            }
        }
    }

    /// As [`Trial::ask`], but of `fields` only that they are there.
    pub fn ask_moving<R: Request>(&mut self, name: &str, version: i16, request: &R, fields: &[&str]) {
        self.ask(name, version, request);
        let Some(case) = self.cases.last_mut() else { return };
        for line in &mut case.lines {
            if let Some((field, _)) = line.split_once(": ")
                && fields.contains(&field.trim_start())
            {
                *line = format!("{field}: <some>");
            }
        }
    }

    /// As [`Trial::ask`], without the machine's disk space.
    pub fn ask_sizes<R: Request>(&mut self, name: &str, version: i16, request: &R) {
        self.ask(name, version, request);
        let Some(case) = self.cases.last_mut() else { return };
        for line in &mut case.lines {
            if let Some((field, value)) = line.split_once("_bytes: ") {
                let known = value.parse::<i64>().is_ok_and(|bytes| bytes > 0);
                *line = format!("{field}_bytes: {}", if known { "<some>" } else { value });
            }
        }
    }

    /// Produce with acks=0 is not answered: notes that, or that the connection was closed, by a request that follows on the same one.
    pub fn ask_without_answer<R: Request>(&mut self, name: &str, version: i16, request: &R) {
        let connection = self.connection();
        let next = ApiVersionsRequest::default();
        let result = connection.send(version, request).and_then(|_| connection.call(0, &next));
        let line = match result {
            Ok(_) => "no answer, and the connection serves on".to_string(),
            Err(error) => {
                self.connection = None;
                failure(&error)
            }
        };
        self.note(&format!("{name} v{version}"), vec![line]);
    }

    /// Sends `bytes` as they are and notes what comes back through `show`, or that nothing does.
    pub fn ask_raw(&mut self, name: &str, frame: &[u8], show: impl Fn(&[u8]) -> Vec<String>) {
        let connection = self.connection();
        let result = connection.stream.write_all(&with_length(frame)).and_then(|()| connection.receive());
        let lines = match result {
            Ok(bytes) => show(&bytes).iter().map(|line| self.tidy(line)).collect(),
            Err(error) => {
                self.connection = None;
                vec![failure(&error)]
            }
        };
        self.note(name, lines);
    }

    pub fn note(&mut self, name: &str, lines: Vec<String>) {
        let times = self.cases.iter().filter(|case| case.name.split(" (time ").next() == Some(name)).count();
        let name = if times == 0 { name.to_string() } else { format!("{name} (time {})", times + 1) };
        self.cases.push(Case { name, lines });
    }

    /// The answer to a [`Trial::call`], as it is noted.
    pub fn shown<R: Request>(&mut self, answer: &Answer<R>) -> Vec<String> {
        self.show(answer)
    }

    fn show<R: Request>(&mut self, answer: &Answer<R>) -> Vec<String> {
        let ordered = matches!(R::KEY, ApiKey::Fetch | ApiKey::DescribeTopicPartitions);
        let lines = match answer.body() {
            Ok(body) if R::KEY != ApiKey::Fetch => text::lines(&body, ordered),
            // Fetched bytes are shown as batches, which the generated Debug form can't.
            Ok(_) => match Answer::<FetchRequest<'_>>::new(answer.version, answer.bytes.clone()).body() {
                Ok(body) => fetched(body),
                Err(error) => vec![format!("undecodable: {error}")],
            },
            Err(error) => vec![format!("undecodable: {error}: {:02x?}", answer.bytes)],
        };
        lines.iter().map(|line| self.tidy(line)).collect()
    }

    /// Replaces what differs from run to run.
    pub fn tidy(&self, line: &str) -> String {
        let mut line = line.to_string();
        let port = format!("port: {}", self.address.port());
        line = line.replace(&port, "port: <port>").replace(&self.address.to_string(), "<address>");
        for (text, name) in &self.words {
            line = line.replace(text, name);
        }
        for (topic, id) in &self.ids {
            line = line.replace(&id.to_string(), &format!("<id of {topic}>"));
        }
        if line.trim_start().starts_with("finalized_features_epoch: ") {
            let (name, value) = line.split_once(": ").unwrap_or_default();
            return if value.starts_with('-') { line } else { format!("{name}: <some>") };
        }
        // A time of this run, wherever it stands as a whole value.
        if let Some((name, value)) = line.rsplit_once(": ") {
            let value = value.parse::<i64>().unwrap_or(-1);
            if value >= self.begun_ms && value <= now_ms() + 60_000 {
                return format!("{name}: <now>");
            }
        }
        line
    }

    /// Creates a topic and waits until the broker serves all of its partitions.
    pub fn topic(&mut self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> Uuid {
        let configs = configs.iter().map(|(name, value)| create_topics_request::CreatableTopicConfig {
            name: Cow::Borrowed(*name),
            value: Some(Cow::Borrowed(*value)),
        });
        let request = CreateTopicsRequest {
            topics: vec![create_topics_request::CreatableTopic {
                name: name.into(),
                num_partitions: partitions,
                replication_factor: 1,
                configs: configs.collect(),
                ..Default::default()
            }],
            timeout_ms: 10_000,
            ..Default::default()
        };
        let answer = self.call(7, &request);
        let error = answer
            .as_ref()
            .and_then(|answer| answer.body().ok())
            .and_then(|body| body.topics.first().map(|topic| topic.error_code));
        if error != Some(0) {
            // The cases that need it show it: this one says why.
            self.note(&format!("topic {name}"), vec![format!("not created: {error:?}")]);
        }
        self.await_topic(name, partitions)
    }

    /// Waits until Metadata shows `partitions` leaders, and learns the topic's id.
    pub fn await_topic(&mut self, name: &str, partitions: i32) -> Uuid {
        let request = metadata_of(&[name]);
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            if let Some(answer) = self.call(12, &request)
                && let Ok(body) = answer.body()
                && let Some(topic) = body.topics.first()
                && topic.partitions.iter().filter(|partition| partition.leader_id >= 0).count()
                    == partitions as usize
            {
                let id = topic.topic_id;
                self.ids.insert(name.to_string(), id);
                if self.all_lead(name, partitions) {
                    return id;
                }
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.note(&format!("topic {name}"), vec![format!("does not get {partitions} leaders")]);
        Uuid::ONE
    }

    /// Kafka shows a leader a little before it serves as one.
    fn all_lead(&mut self, name: &str, partitions: i32) -> bool {
        use list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
        let request = ListOffsetsRequest {
            replica_id: -1,
            topics: vec![ListOffsetsTopic {
                name: name.into(),
                partitions: (0..partitions)
                    .map(|partition_index| ListOffsetsPartition {
                        partition_index,
                        timestamp: -1,
                        ..Default::default()
                    })
                    .collect(),
            }],
            ..Default::default()
        };
        let Some(answer) = self.call(5, &request) else { return false };
        let Ok(body) = answer.body() else { return false };
        body.topics.iter().flat_map(|topic| &topic.partitions).all(|partition| partition.error_code == 0)
    }

    /// Waits until Metadata knows no such topic.
    pub fn await_no_topic(&mut self, name: &str) {
        let request = metadata_of(&[name]);
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            if let Some(answer) = self.call(12, &request)
                && let Ok(body) = answer.body()
                && body.topics.first().is_some_and(|topic| topic.error_code == 3)
            {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.note(&format!("topic {name}"), vec!["is not deleted".to_string()]);
    }

    pub fn id(&self, topic: &str) -> Uuid {
        self.ids.get(topic).copied().unwrap_or(Uuid::ONE)
    }

    pub fn know_id(&mut self, topic: &str, id: Uuid) {
        self.ids.insert(topic.to_string(), id);
    }
}

pub fn metadata_of<'a>(topics: &[&'a str]) -> MetadataRequest<'a> {
    MetadataRequest {
        topics: Some(
            topics
                .iter()
                .map(|name| metadata_request::MetadataRequestTopic {
                    name: Some(Cow::Borrowed(*name)),
                    ..Default::default()
                })
                .collect(),
        ),
        allow_auto_topic_creation: false,
        ..Default::default()
    }
}

fn failure(error: &std::io::Error) -> String {
    if is_closed(error) {
        "the connection is closed".to_string()
    } else if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) {
        "no answer within 3 s".to_string()
    } else {
        error.to_string()
    }
}

/// A Fetch response with its records as batches.
fn fetched(mut body: FetchResponse<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    for (topic_index, topic) in body.responses.iter_mut().enumerate() {
        for partition in &mut topic.partitions {
            let at = format!("records of topic {topic_index}, partition {}", partition.partition_index);
            match partition.records.take() {
                None => notes.push(format!("{at}: null")),
                Some(records) => notes.extend(batches(&at, &records)),
            }
        }
    }
    let mut lines = text::lines(&body, true);
    lines.retain(|line| line.trim() != "records: None");
    lines.extend(notes);
    lines
}

fn batches(at: &str, records: &Records<'_>) -> Vec<String> {
    let bytes = records.to_vec();
    let mut lines = vec![format!("{at}: {} bytes", bytes.len())];
    match batch::read(&bytes) {
        Err(error) => lines.push(format!("  {error}")),
        Ok((batches, rest)) => {
            for batch in batches {
                lines.push(format!(
                    "  batch at {} epoch {} magic {} attributes {:#x} last offset delta {} count {}",
                    batch.base_offset,
                    batch.leader_epoch,
                    batch.magic,
                    batch.attributes,
                    batch.last_offset_delta,
                    batch.count
                ));
                lines.push(format!("    base_timestamp: {}", batch.base_timestamp));
                lines.push(format!("    max_timestamp: {}", batch.max_timestamp));
                lines.push(format!(
                    "    producer: {} epoch {} sequence {}",
                    batch.producer_id, batch.producer_epoch, batch.base_sequence
                ));
                lines.push(format!("    crc fits: {}", batch.crc_fits));
                let payload = &batch.bytes[batch::HEADER_BYTES..];
                lines.push(format!(
                    "    {} bytes of records: {:08x}",
                    payload.len(),
                    crc32c::crc32c(payload)
                ));
            }
            if rest > 0 {
                lines.push(format!("  and {rest} bytes of an unfinished batch"));
            }
        }
    }
    lines
}

pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
