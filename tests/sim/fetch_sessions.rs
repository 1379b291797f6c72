//! Fetch sessions of many partitions over random histories: each incremental answer is what a fetch of everything, by a request
//! without a session, says at that moment, less what the client was told before. No news is missed, and none is made up.
//!
//! Sessions on connections to two cores; appends, transactions, deleted records, topics that go and come again, changed settings,
//! wishes that change, limits that leave something out, and fetches that are parked while something happens.

use crate::link::Link;
use crate::seeds::for_each_seed;
use ottla::Core;
use ottla::config::{BrokerConfig, Input};
use ottla::server::{Startup, shard_main};
use ottla_io::sim::{Config, Latency, World};
use ottla_io::{ShardContext, sleep};
use ottla_protocol::messages::*;
use ottla_protocol::records::BatchBuilder;
use ottla_protocol::{Records, Uuid};
use ottla_shard::mesh::Message;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const PORT: u16 = 9092;
const VERSION: i16 = 16;
const TOPICS: [&str; 3] = ["one", "two", "three"];
const PARTITIONS: i32 = 14;
const STEPS: u32 = 120;
const SESSIONS: usize = 3;

/// What is asked of a partition.
#[derive(Clone, Copy, Debug)]
struct Want {
    topic: Uuid,
    index: i32,
    offset: i64,
    bytes_max: i32,
    leader_epoch: i32,
}

/// What an answer says of one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    topic: Uuid,
    index: i32,
    error: i16,
    high_watermark: i64,
    last_stable_offset: i64,
    log_start: i64,
    records: Digest,
    aborted: Option<Vec<(i64, i64)>>,
}

/// Records by their length and hash, so that a failure can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Digest(usize, u64);

impl Digest {
    fn of(records: &[u8]) -> Digest {
        let mut hasher = std::hash::DefaultHasher::new();
        records.hash(&mut hasher);
        Digest(records.len(), hasher.finish())
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Limits of one request.
#[derive(Clone, Copy, Debug)]
struct Limits {
    bytes_min: i32,
    bytes_max: i32,
    wait_ms: i32,
    isolation: i8,
}

/// A session as its client knows it.
struct Session {
    link: Link,
    id: i32,
    epoch: i32,
    isolation: i8,
    /// In the order in which the broker serves them, with the high watermark and log start that were told last.
    line: Vec<(Want, i64, i64)>,
}

/// How much of what the test is about has happened.
#[derive(Default)]
struct Seen {
    large: Cell<u32>,
    left_out: Cell<u32>,
    news: Cell<u32>,
    woken: Cell<u32>,
    is_over: Cell<bool>,
}

struct Partition {
    topic: usize,
    index: i32,
    sequence: i32,
    in_transaction: bool,
    /// Of its log.
    end: i64,
}

struct Load {
    rng: SmallRng,
    link: Link,
    ids: Vec<Uuid>,
    partitions: Vec<Partition>,
    seen: Rc<Seen>,
}

fn request(wants: &[Want], limits: Limits) -> FetchRequest<'static> {
    use fetch_request::{FetchPartition, FetchTopic};
    let mut topics: Vec<FetchTopic<'static>> = Vec::new();
    for want in wants {
        let partition = FetchPartition {
            partition: want.index,
            fetch_offset: want.offset,
            partition_max_bytes: want.bytes_max,
            current_leader_epoch: want.leader_epoch,
            ..Default::default()
        };
        match topics.last_mut().filter(|topic| topic.topic_id == want.topic) {
            Some(topic) => topic.partitions.push(partition),
            None => topics.push(FetchTopic {
                topic_id: want.topic,
                partitions: vec![partition],
                ..Default::default()
            }),
        }
    }
    FetchRequest {
        max_wait_ms: limits.wait_ms,
        min_bytes: limits.bytes_min,
        max_bytes: limits.bytes_max,
        isolation_level: limits.isolation,
        session_epoch: -1,
        topics,
        ..Default::default()
    }
}

fn told(body: &FetchResponse<'_>) -> Vec<Told> {
    assert_eq!(body.error_code, 0);
    let parts =
        body.responses.iter().flat_map(|topic| topic.partitions.iter().map(|part| (topic.topic_id, part)));
    parts
        .map(|(topic, part)| Told {
            topic,
            index: part.partition_index,
            error: part.error_code,
            high_watermark: part.high_watermark,
            last_stable_offset: part.last_stable_offset,
            log_start: part.log_start_offset,
            records: Digest::of(&part.records.as_ref().map(Records::to_vec).unwrap_or_default()),
            aborted: part
                .aborted_transactions
                .as_ref()
                .map(|all| all.iter().map(|one| (one.producer_id, one.first_offset)).collect()),
        })
        .collect()
}

/// Everything, by a request that belongs to no session.
async fn fetch_all(link: &mut Link, wants: &[Want], limits: Limits) -> Vec<Told> {
    let limits = Limits { wait_ms: 0, ..limits };
    let answer = link.call(VERSION, &request(wants, limits)).await.expect("an answer");
    told(&answer.read().expect("a body"))
}

fn answers_at_once(all: &[Told], limits: Limits) -> bool {
    let bytes: usize = all.iter().map(|one| one.records.0).sum();
    bytes >= limits.bytes_min.min(limits.bytes_max) as usize || all.iter().any(|one| one.error != 0)
}

impl Session {
    fn wants(&self) -> Vec<Want> {
        self.line.iter().map(|(want, ..)| *want).collect()
    }

    /// What of `all` this client does not know.
    fn news(&self, all: &[Told]) -> Vec<Told> {
        let pairs = self.line.iter().zip(all);
        pairs
            .filter(|((want, high_watermark, log_start), one)| {
                assert_eq!((want.topic, want.index), (one.topic, one.index));
                !one.records.is_empty()
                    || one.error != 0
                    || one.high_watermark != *high_watermark
                    || one.log_start != *log_start
            })
            .map(|(_, one)| one.clone())
            .collect()
    }

    /// Notes an answer: who got data goes to the end.
    fn hear(&mut self, answer: &[Told]) {
        for one in answer {
            let is_of = |(want, ..): &(Want, i64, i64)| (want.topic, want.index) == (one.topic, one.index);
            let at = self.line.iter().position(is_of).expect("a partition of the session");
            self.line[at].1 = if one.error != 0 { -1 } else { one.high_watermark };
            self.line[at].2 = one.log_start;
            if !one.records.is_empty() {
                let moved = self.line.remove(at);
                self.line.push(moved);
            }
        }
    }
}

impl Load {
    fn limits(&mut self, isolation: i8) -> Limits {
        Limits {
            bytes_min: if self.rng.random_bool(0.8) { 1 } else { 1500 },
            bytes_max: if self.rng.random_bool(0.7) { 1 << 20 } else { self.rng.random_range(1..4000) },
            wait_ms: 0,
            isolation,
        }
    }

    fn want(&mut self) -> Want {
        let topic = self.rng.random_range(0..TOPICS.len());
        Want {
            topic: self.ids[topic],
            index: self.rng.random_range(0..PARTITIONS),
            offset: 0,
            bytes_max: if self.rng.random_bool(0.8) { 1 << 20 } else { 300 },
            leader_epoch: -1,
        }
    }

    /// The end of a partition's log, as far as its topic is still there.
    fn end(&self, want: &Want) -> i64 {
        let is_of = |one: &&Partition| (self.ids[one.topic], one.index) == (want.topic, want.index);
        self.partitions.iter().find(is_of).map_or(0, |partition| partition.end)
    }

    async fn make_topic(&mut self, topic: usize) {
        let request = CreateTopicsRequest {
            topics: vec![create_topics_request::CreatableTopic {
                name: TOPICS[topic].into(),
                num_partitions: PARTITIONS,
                replication_factor: 1,
                ..Default::default()
            }],
            timeout_ms: 10_000,
            ..Default::default()
        };
        let answer = self.link.call(7, &request).await.expect("an answer");
        let body = answer.read().expect("a body");
        assert_eq!(body.topics[0].error_code, 0);
        self.ids[topic] = body.topics[0].topic_id;
        self.partitions.retain(|partition| partition.topic != topic);
        self.partitions.extend((0..PARTITIONS).map(|index| Partition {
            topic,
            index,
            sequence: 0,
            in_transaction: false,
            end: 0,
        }));
    }

    async fn delete_topic(&mut self, topic: usize) {
        let request = DeleteTopicsRequest {
            topics: vec![delete_topics_request::DeleteTopicState {
                name: Some(TOPICS[topic].into()),
                ..Default::default()
            }],
            timeout_ms: 10_000,
            ..Default::default()
        };
        let answer = self.link.call(6, &request).await.expect("an answer");
        assert_eq!(answer.read().expect("a body").responses[0].error_code, 0);
    }

    async fn produce(&mut self, at: usize, is_transactional: bool) {
        use produce_request::{PartitionProduceData, TopicProduceData};
        let value = vec![b'v'; self.rng.random_range(1..1200)];
        let count = self.rng.random_range(1..3);
        let partition = &mut self.partitions[at];
        let mut builder = BatchBuilder::new();
        if is_transactional {
            builder = builder.producer(4000, 0, partition.sequence).transactional();
            partition.sequence += count;
            partition.in_transaction = true;
        }
        for _ in 0..count {
            builder.push(ottla_io::unix_millis(), None, Some(&value), &[]);
        }
        let batch = builder.build().expect("a batch");
        let request = ProduceRequest {
            transactional_id: is_transactional.then(|| "t".into()),
            acks: -1,
            timeout_ms: 10_000,
            topic_data: vec![TopicProduceData {
                name: TOPICS[partition.topic].into(),
                partition_data: vec![PartitionProduceData {
                    index: partition.index,
                    records: Some(Records::Slice(&batch)),
                }],
                ..Default::default()
            }],
        };
        let answer = self.link.call(9, &request).await.expect("an answer");
        let body = answer.read().expect("a body");
        let appended = &body.responses[0].partition_responses[0];
        assert_eq!(appended.error_code, 0);
        partition.end = appended.base_offset + i64::from(count);
    }

    async fn end_transaction(&mut self, at: usize, is_commit: bool) {
        use write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};
        let partition = &mut self.partitions[at];
        if !std::mem::take(&mut partition.in_transaction) {
            return;
        }
        let request = WriteTxnMarkersRequest {
            markers: vec![WritableTxnMarker {
                producer_id: 4000,
                producer_epoch: 0,
                transaction_result: is_commit,
                topics: vec![WritableTxnMarkerTopic {
                    name: TOPICS[partition.topic].into(),
                    partition_indexes: vec![partition.index],
                }],
                ..Default::default()
            }],
        };
        let answer = self.link.call(1, &request).await.expect("an answer");
        let body = answer.read().expect("a body");
        assert_eq!(body.markers[0].topics[0].partitions[0].error_code, 0);
        partition.end += 1;
    }

    async fn delete_records(&mut self, at: usize) {
        let partition = &self.partitions[at];
        let request = DeleteRecordsRequest {
            topics: vec![delete_records_request::DeleteRecordsTopic {
                name: TOPICS[partition.topic].into(),
                partitions: vec![delete_records_request::DeleteRecordsPartition {
                    partition_index: partition.index,
                    offset: -1,
                }],
            }],
            timeout_ms: 10_000,
        };
        let answer = self.link.call(2, &request).await.expect("an answer");
        assert_eq!(answer.read().expect("a body").topics[0].partitions[0].error_code, 0);
    }

    async fn change_settings(&mut self) {
        use incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
        let value = self.rng.random_range(1_000_000_000..2_000_000_000).to_string();
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type: 2,
                resource_name: TOPICS[self.rng.random_range(0..TOPICS.len())].into(),
                configs: vec![AlterableConfig {
                    name: "retention.ms".into(),
                    config_operation: 0,
                    value: Some(value.into()),
                }],
            }],
            validate_only: false,
        };
        let answer = self.link.call(1, &request).await.expect("an answer");
        assert_eq!(answer.read().expect("a body").responses[0].error_code, 0);
    }

    /// Something that a fetch may be parked for.
    async fn happen(&mut self) {
        let at = self.rng.random_range(0..self.partitions.len());
        match self.rng.random_range(0..10) {
            0..5 => self.produce(at, false).await,
            5 => self.delete_records(at).await,
            6 => self.produce(at, true).await,
            _ => {
                let open = self.partitions.iter().position(|partition| partition.in_transaction);
                let is_commit = self.rng.random_bool(0.5);
                self.end_transaction(open.unwrap_or(at), is_commit).await;
            }
        }
    }

    async fn happen_or_worse(&mut self) {
        match self.rng.random_range(0..40) {
            0 => {
                let topic = self.rng.random_range(0..TOPICS.len());
                self.delete_topic(topic).await;
                self.make_topic(topic).await;
            }
            1 => self.change_settings().await,
            _ => self.happen().await,
        }
    }

    async fn begin(&mut self, address: SocketAddr) -> Session {
        let link = Link::open(address).await.expect("a connection");
        let isolation = i8::from(self.rng.random_bool(0.5));
        let mut session = Session { link, id: 0, epoch: 0, isolation, line: Vec::new() };
        for _ in 0..self.rng.random_range(14..40) {
            let want = self.want();
            if session.line.iter().all(|(known, ..)| (known.topic, known.index) != (want.topic, want.index)) {
                session.line.push((want, -1, -1));
            }
        }
        let limits = self.limits(isolation);
        let request = FetchRequest { session_epoch: 0, ..request(&session.wants(), limits) };
        let all = fetch_all(&mut self.link, &session.wants(), limits).await;
        let answer = session.link.call(VERSION, &request).await.expect("an answer");
        let body = answer.read().expect("a body");
        assert_eq!(told(&body), all, "the first answer of a session is full");
        assert!(body.session_id > 0);
        (session.id, session.epoch) = (body.session_id, 1);
        session.hear(&all);
        session
    }

    /// Changes to what a session asks for, made in it and for the request.
    fn change(&mut self, session: &mut Session) -> (Vec<Want>, Vec<Want>) {
        let (mut changed, mut forgotten): (Vec<Want>, Vec<Want>) = Default::default();
        let wants = session.wants();
        let catches_up = self.rng.random_bool(0.4);
        for (place, mut want) in wants.into_iter().enumerate() {
            let is_known = self.ids.contains(&want.topic);
            if session.line.len() - forgotten.len() > 1
                && self.rng.random_bool(if is_known { 0.008 } else { 0.6 })
            {
                forgotten.push(want);
                continue;
            }
            // A consumer goes on where its data ended; some go elsewhere, and come back.
            let (_, high_watermark, _) = session.line[place];
            let end = self.end(&want);
            match self.rng.random_range(0..400) {
                _ if catches_up && want.offset == end && want.leader_epoch < 0 => continue,
                _ if catches_up => (want.offset, want.leader_epoch) = (end, -1),
                0..320 if (0..high_watermark).contains(&want.offset) => want.offset = high_watermark,
                320 => want.offset = self.rng.random_range(0..4),
                321 => want.offset = 1000,
                322..326 => want.bytes_max = self.rng.random_range(0..2000),
                326 if high_watermark >= 0 => want.leader_epoch = 3,
                326..400 if high_watermark < 0 || want.leader_epoch >= 0 => {
                    (want.offset, want.leader_epoch) = (end, -1);
                }
                _ => continue,
            }
            changed.push(want);
            session.line[place].0 = want;
        }
        while self.rng.random_bool(0.45) {
            let want = self.want();
            let is_of = |known: &Want| (known.topic, known.index) == (want.topic, want.index);
            if !session.wants().iter().any(is_of) {
                changed.push(want);
                session.line.push((want, -1, -1));
            }
        }
        session.line.retain(|(want, ..)| {
            !forgotten.iter().any(|gone| (gone.topic, gone.index) == (want.topic, want.index))
        });
        (changed, forgotten)
    }

    /// One incremental fetch, held against a full one before and, if it waited, after.
    async fn fetch(&mut self, session: &mut Session) {
        if self.rng.random_bool(0.03) {
            session.isolation = 1 - session.isolation;
        }
        let (changed, forgotten) = self.change(session);
        let mut limits = self.limits(session.isolation);
        let before = fetch_all(&mut self.link, &session.wants(), limits).await;
        let waits = !answers_at_once(&before, limits) && self.rng.random_bool(0.7);
        limits.wait_ms = if waits { 300 } else { 0 };
        let forgotten = forgotten.iter().map(|gone| fetch_request::ForgottenTopic {
            topic_id: gone.topic,
            partitions: vec![gone.index],
            ..Default::default()
        });
        let request = FetchRequest {
            session_id: session.id,
            session_epoch: session.epoch,
            forgotten_topics_data: forgotten.collect(),
            ..request(&changed, limits)
        };
        let began = ottla_io::now();
        let sent = session.link.send(VERSION, &request).await.expect("it is sent");
        if waits {
            // It is parked by then.
            sleep(Duration::from_millis(20)).await;
            for _ in 0..self.rng.random_range(0..3) {
                let before = fetch_all(&mut self.link, &session.wants(), limits).await;
                if answers_at_once(&before, limits) {
                    break;
                }
                self.happen().await;
            }
        }
        // On a slow disk the last of that may have come behind the answer: then the next one tells it.
        let is_late = waits && ottla_io::now().duration_since(began) > Duration::from_millis(250);
        let answer = session.link.answer::<FetchRequest<'_>>(VERSION, sent).await.expect("an answer");
        let took = ottla_io::now().duration_since(began);
        let after = fetch_all(&mut self.link, &session.wants(), limits).await;
        if !waits {
            assert_eq!(before, after, "nothing happens meanwhile");
        }
        let answered = told(&answer.read().expect("a body"));
        let expected = session.news(&after);
        assert!(
            is_late || answered == expected,
            "{answered:?} in place of {expected:?}, at {began:?} in {took:?}, changed {changed:?}, {limits:?}"
        );
        session.epoch += 1;
        session.hear(&answered);
        let count = |cell: &Cell<u32>, more: usize| cell.set(cell.get() + more as u32);
        count(&self.seen.large, usize::from(session.line.len() >= 16));
        count(&self.seen.left_out, after.len() - answered.len());
        count(&self.seen.news, answered.len());
        if waits
            && answers_at_once(&after, Limits { wait_ms: 0, ..limits })
            && took < Duration::from_millis(250)
        {
            count(&self.seen.woken, 1);
        }
    }

    async fn run(mut self, address: SocketAddr) {
        for topic in 0..TOPICS.len() {
            self.make_topic(topic).await;
        }
        let mut sessions = Vec::new();
        for _ in 0..SESSIONS {
            sessions.push(self.begin(address).await);
        }
        for _ in 0..STEPS {
            for _ in 0..self.rng.random_range(0..3) {
                self.happen_or_worse().await;
            }
            let at = self.rng.random_range(0..SESSIONS);
            if self.rng.random_bool(0.02) {
                sessions[at] = self.begin(address).await;
            }
            self.fetch(&mut sessions[at]).await;
        }
        self.seen.is_over.set(true);
        std::future::pending::<()>().await;
    }
}

fn simulate(seed: u64) -> Rc<Seen> {
    let mut config = Config { panics_surface: true, ..Config::default() };
    // In every other history many reads come from a disk that is slow enough for the time of a parked fetch to pass meanwhile.
    let is_cold = seed % 2 == 1;
    if is_cold {
        config.disk.read = Latency::micros(20, 200).or_slow(0.5, Duration::from_secs(1));
    }
    let mut world = World::new(seed, config);
    let (node, clients) = (world.add_node("broker"), world.add_node("clients"));
    let settings = [
        ("log.dirs", "/var/ottla/data".to_owned()),
        ("listeners", format!("PLAINTEXT://broker:{PORT}")),
        ("ottla.shards", "2".to_owned()),
        ("transaction.partition.verification.enable", "false".to_owned()),
        ("ottla.batch.cache.bytes", if is_cold { 1 << 20 } else { 8 << 20 }.to_string()),
    ];
    let overrides = settings.map(|(name, value)| (name.to_owned(), value));
    let input = Input { file: None, overrides: &overrides, host_name: "broker" };
    let config = BrokerConfig::load(input).expect("settings").config;
    let (_, stop) = tokio::sync::watch::channel(false);
    let startup = Arc::new(Startup {
        config,
        addresses: vec![SocketAddr::from(([0, 0, 0, 0], PORT))],
        on_ready: Box::new(|_| {}),
        stop,
    });
    world.start(node, 2, move |context: ShardContext<Message<Core>>| {
        let startup = startup.clone();
        async move {
            if let Err(failure) = shard_main(context, startup).await {
                panic!("the broker ends: {failure}");
            }
        }
    });
    let address = SocketAddr::new(world.address(node), PORT);
    let seen = Rc::new(Seen::default());
    let of_load = seen.clone();
    world.start(clients, 1, move |_: ShardContext<()>| {
        let seen = of_load.clone();
        async move {
            let link = loop {
                match Link::open(address).await {
                    Ok(link) => break link,
                    Err(_) => sleep(Duration::from_millis(20)).await,
                }
            };
            let rng = SmallRng::seed_from_u64(seed ^ 0xfe7c);
            let load = Load { rng, link, ids: vec![Uuid::ZERO; TOPICS.len()], partitions: Vec::new(), seen };
            load.run(address).await;
        }
    });
    assert!(world.run_until(Duration::from_secs(600), |_| seen.is_over.get()), "the clients get no answers");
    seen
}

#[test]
fn a_session_tells_what_is_new_and_nothing_else() {
    let (histories, all) = (Cell::new(0), Seen::default());
    for_each_seed("a_session_tells_what_is_new_and_nothing_else", 6, |seed| {
        let seen = simulate(seed);
        histories.set(histories.get() + 1);
        for (sum, one) in [
            (&all.large, &seen.large),
            (&all.news, &seen.news),
            (&all.left_out, &seen.left_out),
            (&all.woken, &seen.woken),
        ] {
            sum.set(sum.get() + one.get());
        }
    });
    // Most fetches are of large sessions, most of what these hold is left out, and some fetches are woken.
    let (steps, all) =
        (histories.get() * STEPS, [&all.large, &all.news, &all.left_out, &all.woken].map(Cell::get));
    let [large, news, left_out, woken] = all;
    assert!(
        large > steps / 2 && news > steps && left_out > 5 * news && woken >= histories.get(),
        "of {steps} fetches: {all:?}"
    );
}
