//! Transactions in a partition, under crashes, cut tails, rolls and retention, read as Kafka's consumers read them.
//!
//! Several producers write, commit and abort at once, with a writer of plain batches between them. What a coordinator would know
//! is kept outside of the node, so that the next life ends what a crash left open: undecided transactions are aborted in a new
//! epoch, decided ones get their marker again. A reader of committed records then sees exactly those of the committed
//! transactions, in order, from any offset and in pieces of any size; and the transaction index says what the batches say.
//!
//! A compacted partition may lose records that a later committed one of the same key has superseded, and no others: never one whose only
//! successor was aborted.

use crate::lives::{self, DATA, End, TOPIC, TOPIC_ID, store, stored};
use crate::seeds::{failures, for_each_seed};
use ottla_io::runtime::stop_requested;
use ottla_io::sim::{Config, NodeId, World};
use ottla_io::{Class, ShardContext};
use ottla_log::batch::BatchHeader;
use ottla_log::checkpoint::offsets::{CLEANER, LOG_START, RECOVERY_POINT};
use ottla_log::compact::{Lags, Pace};
use ottla_log::transactions::marker_of;
use ottla_log::{Log, LogConfig, Offset, Opening, ResourceLimits, Resources, Retention, data_directory};
use ottla_protocol::records::{BatchBuilder, Marker, MarkerKind, RecordsReader, batches};
use ottla_shard::produce::Checked;
use ottla_shard::{
    Acks, AppendOrigin, CompactionMeans, CompactionSettings, Isolation, Partition, PartitionSpec,
    TopicSettings,
};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

const PRODUCERS: usize = 4;

/// A batch that was sent; its records are `value` and a number.
#[derive(Clone, Debug)]
struct Sent {
    value: u64,
    records: i32,
    /// Once it is acknowledged.
    base: Option<Offset>,
}

#[derive(Clone, Debug, Default)]
struct Transaction {
    sent: Vec<Sent>,
    /// Commit or abort, and the epoch of the marker.
    decision: Option<(MarkerKind, i16)>,
    /// Once it is acknowledged.
    marker: Option<Offset>,
}

#[derive(Default)]
struct Producer {
    epoch: i16,
    sequence: i32,
    open: Option<Transaction>,
    /// In the order of their markers.
    ended: Vec<Transaction>,
}

impl Producer {
    fn id(at: usize) -> i64 {
        1000 + at as i64
    }

    fn fence(&mut self) {
        self.epoch += 1;
        self.sequence = 0;
    }

    /// The log ends at `end` now.
    fn truncate(&mut self, end: Offset) {
        let kept = self.ended.partition_point(|ended| ended.marker.is_some_and(|marker| marker < end));
        // What came after the first that lost its marker is gone altogether.
        let mut torn = self.ended.drain(kept..).collect::<VecDeque<_>>().pop_front().or(self.open.take());
        self.fence();
        if let Some(transaction) = &mut torn {
            transaction.marker = None;
            let sent = transaction.sent.len();
            // What was not acknowledged may be there all the same.
            transaction.sent.retain(|sent| sent.base.is_none_or(|base| base < end));
            if transaction.sent.len() < sent {
                transaction.decision = Some((MarkerKind::Abort, self.epoch));
            }
        }
        self.open = torn.filter(|transaction| !transaction.sent.is_empty());
    }
}

#[derive(Default)]
struct Model {
    producers: Vec<Producer>,
    plain: Vec<Sent>,
    /// No recovery may end below it.
    acknowledged: Offset,
    /// The log start lies at or above it.
    start: Offset,
    made: u64,
    /// A pass may have reached so far.
    compacted: Offset,
    /// And it went by markers below this high watermark.
    decided: Offset,
}

impl Model {
    fn value(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    fn committed(&self, with_marker: bool) -> impl Iterator<Item = &Sent> {
        let ends = move |transaction: &&Transaction| {
            let is_commit = transaction.decision.is_some_and(|(kind, _)| kind == MarkerKind::Commit);
            is_commit && (transaction.marker.is_some() || !with_marker)
        };
        let transactions =
            self.producers.iter().flat_map(|producer| producer.ended.iter().chain(&producer.open));
        transactions.filter(ends).flat_map(|transaction| &transaction.sent)
    }

    /// The records that a reader has to see in `[from, to)`, by offset.
    fn required(&self, from: Offset, to: Offset) -> BTreeMap<Offset, String> {
        // By key, the last that may have superseded others below what was compacted.
        let mut latest: HashMap<String, Offset> = HashMap::new();
        for sent in self.committed(false).chain(&self.plain) {
            for number in 0..sent.records {
                // Of what was not acknowledged nobody knows where it lies.
                let offset = sent.base.map_or(Offset::MAX, |base| base + i64::from(number));
                if sent.base.is_none() || offset < self.compacted {
                    let last = latest.entry(key(sent.value, number)).or_default();
                    *last = offset.max(*last);
                }
            }
        }
        let sent = self.committed(true).chain(&self.plain);
        let records = sent.filter_map(|sent| Some((sent.base?, sent))).flat_map(|(base, sent)| {
            (0..sent.records).map(move |number| (base + i64::from(number), (sent.value, number)))
        });
        let stays = |offset: Offset, (value, number)| {
            offset >= self.compacted || latest.get(&key(value, number)).is_none_or(|last| *last <= offset)
        };
        records
            .filter(|(offset, record)| (from..to).contains(offset) && stays(*offset, *record))
            .map(|(offset, (value, number))| (offset, text(value, number)))
            .collect()
    }

    /// The values that it may see.
    fn allowed(&self) -> HashSet<u64> {
        self.committed(false).chain(&self.plain).map(|sent| sent.value).collect()
    }
}

fn text(value: u64, number: i32) -> String {
    format!("{value}/{number}")
}

/// Few enough that most records are superseded in a moment.
fn key(value: u64, number: i32) -> String {
    format!("key {}", (value + number as u64) % 13)
}

/// What all lives of the node share.
struct Plan {
    seed: u64,
    life: Cell<u64>,
    model: RefCell<Model>,
    settings: TopicSettings,
    limits: ResourceLimits,
    /// 2: each transaction ends in an epoch of its own.
    transaction_version: i8,
    passes: Cell<u32>,
}

impl Plan {
    fn new(seed: u64, compacts: bool) -> Plan {
        let mut rng = SmallRng::seed_from_u64(seed ^ 0x7c);
        let log = LogConfig {
            segment_bytes: rng.random_range(3..30) << 10,
            segment_index_bytes: if rng.random_bool(0.2) { 80 } else { 10 << 20 },
            index_interval_bytes: rng.random_range(1..4000),
            file_delete_delay_ms: [0, 50][rng.random_range(0..2)],
            compact: compacts,
            ..LogConfig::default()
        };
        let settings = TopicSettings {
            topic: TOPIC.into(),
            log: Rc::new(log),
            retention: Retention { ms: None, bytes: Some(rng.random_range(10_000..100_000)) },
            producer_id_expiration_ms: if rng.random_bool(0.5) { 30 } else { i64::MAX },
            compact: compacts,
            compaction: CompactionSettings {
                min_cleanable_dirty_ratio: 0.0,
                lags: Lags { min_ms: 0, max_ms: i64::MAX },
                // Markers of transactions of which nothing is left go after it.
                delete_retention_ms: [0, 20, 1 << 40][rng.random_range(0..3)],
            },
            ..TopicSettings::default()
        };
        let limits = ResourceLimits {
            batch_cache_bytes: rng.random_range(1..10) * (64 << 10),
            index_cache_bytes: 500,
            idle_ms: 50,
            ..ResourceLimits::default()
        };
        let producers = (0..PRODUCERS).map(|_| Producer::default()).collect();
        let model = RefCell::new(Model { producers, ..Model::default() });
        let transaction_version = if rng.random_bool(0.5) { 2 } else { 1 };
        let (life, passes) = (Cell::new(0), Cell::new(0));
        Plan { seed, life, model, settings, limits, transaction_version, passes }
    }

    fn rng(&self, salt: u64) -> SmallRng {
        SmallRng::seed_from_u64(self.seed ^ ((self.life.get() * 100 + salt) << 32))
    }
}

/// One life of the node.
async fn live(plan: Rc<Plan>) {
    lives::make_data_directory().await;
    let clean_shutdown = data_directory::take_clean_shutdown(DATA.as_ref()).await.unwrap().is_some();
    let spec = PartitionSpec {
        topic: TOPIC.into(),
        topic_id: TOPIC_ID,
        index: 0,
        data_directory: DATA.into(),
        node_id: 1,
        assignment: ottla_replica::Assignment {
            leader_epoch: 0,
            partition_epoch: 0,
            replicas: vec![1],
            in_sync_replicas: vec![1],
        },
        settings: Rc::new(plan.settings.clone()),
        resources: Resources::new(plan.limits.clone()),
        clean_shutdown,
        recovery_point: stored(RECOVERY_POINT).await,
        log_start_offset: stored(LOG_START).await,
        high_watermark: None,
        cleaned_to: stored(CLEANER).await,
    };
    let partition = Partition::open(spec).await.unwrap_or_else(|error| panic!("it does not open: {error}"));
    let (start, end) = (partition.log_start_offset(), partition.log_end_offset());
    {
        let mut model = plan.model.borrow_mut();
        let acknowledged = model.acknowledged;
        assert!(end >= acknowledged, "it ends at {end}, below the acknowledged {acknowledged}");
        model.acknowledged = end;
        assert!(start >= model.start, "it starts at {start}, below {}", model.start);
        model.start = start;
    }
    the_index_agrees(&partition).await;
    for at in 0..PRODUCERS {
        resolve(&plan, &partition, at).await;
    }
    let mut rng = plan.rng(90);
    readers_agree(&plan, &partition, &mut rng).await;
    let stopping = Rc::new(Cell::new(false));
    let mut tasks = Vec::new();
    for at in 0..=PRODUCERS {
        let (plan, partition, stopping) = (plan.clone(), partition.clone(), stopping.clone());
        tasks.push(ottla_io::spawn(Class::Foreground, async move {
            let mut rng = plan.rng(at as u64);
            while !stopping.get() {
                if at < PRODUCERS {
                    transact(&plan, &partition, at, &mut rng, &stopping).await;
                } else {
                    write_plainly(&plan, &partition, &mut rng).await;
                }
                ottla_io::sleep(Duration::from_micros(rng.random_range(1..4000))).await;
            }
        }));
    }
    let (looking, watching) = (stopping.clone(), plan.clone());
    let watched = partition.clone();
    tasks.push(ottla_io::spawn(Class::Foreground, async move {
        while !looking.get() {
            look_after(&watching, &watched, &mut rng).await;
        }
    }));
    if plan.settings.compact {
        let (plan, partition, stopping) = (plan.clone(), partition.clone(), stopping.clone());
        tasks.push(ottla_io::spawn(Class::Background, async move {
            let mut rng = plan.rng(91);
            while !stopping.get() {
                compact(&plan, &partition, &mut rng, &stopping).await;
                ottla_io::sleep(Duration::from_micros(rng.random_range(1..20_000))).await;
            }
        }));
    }
    stop_requested().await;
    stopping.set(true);
    for task in tasks {
        task.await.unwrap();
    }
    let end = partition.close().await.unwrap();
    store(RECOVERY_POINT, end).await;
    data_directory::leave_clean_shutdown(DATA.as_ref(), 1).await.unwrap();
}

async fn append(partition: &Rc<Partition>, bytes: Vec<u8>, origin: AppendOrigin) -> Offset {
    let header = BatchHeader::parse(&bytes).unwrap();
    let checked = Checked { batch: bytes.into(), header, log_append_time: None };
    let appended = partition.append(checked, Acks::All, origin).await;
    appended.unwrap_or_else(|refusal| panic!("refused: {refusal:?} {header:?}")).base_offset
}

/// A batch of a few records, some of them long.
fn fill(mut builder: BatchBuilder, sent: &Sent, rng: &mut SmallRng) -> Vec<u8> {
    let padding = if rng.random_bool(0.8) { rng.random_range(0..200) } else { rng.random_range(0..2500) };
    for number in 0..sent.records {
        let value = format!("{}|{}", text(sent.value, number), "-".repeat(padding / sent.records as usize));
        let key = key(sent.value, number);
        builder.push(ottla_io::unix_millis(), Some(key.as_bytes()), Some(value.as_bytes()), &[]);
    }
    builder.build().unwrap()
}

async fn write_plainly(plan: &Plan, partition: &Rc<Partition>, rng: &mut SmallRng) {
    let place = {
        let mut model = plan.model.borrow_mut();
        let sent = Sent { value: model.value(), records: rng.random_range(1..4), base: None };
        model.plain.push(sent);
        model.plain.len() - 1
    };
    let sent = plan.model.borrow().plain[place].clone();
    let base = append(partition, fill(BatchBuilder::new(), &sent, rng), AppendOrigin::Client).await;
    let mut model = plan.model.borrow_mut();
    model.plain[place].base = Some(base);
    model.acknowledged = model.acknowledged.max(base + i64::from(sent.records));
}

/// A transaction from its first batch to its marker; one that is stopped stays open.
async fn transact(
    plan: &Plan,
    partition: &Rc<Partition>,
    at: usize,
    rng: &mut SmallRng,
    stopping: &Cell<bool>,
) {
    plan.model.borrow_mut().producers[at].open = Some(Transaction::default());
    for _ in 0..rng.random_range(1..5) {
        let (builder, sent) = {
            let mut model = plan.model.borrow_mut();
            let sent = Sent { value: model.value(), records: rng.random_range(1..4), base: None };
            let producer = &mut model.producers[at];
            let builder = BatchBuilder::new()
                .producer(Producer::id(at), producer.epoch, producer.sequence)
                .transactional();
            producer.sequence += sent.records;
            if let Some(open) = &mut producer.open {
                open.sent.push(sent.clone());
            }
            (builder, sent)
        };
        let batch = fill(builder, &sent, rng);
        let base = append(partition, batch.clone(), AppendOrigin::ClientInTransaction).await;
        if rng.random_bool(0.1) {
            // The answer was lost, and it is sent again.
            assert_eq!(append(partition, batch, AppendOrigin::ClientInTransaction).await, base);
        }
        {
            let mut model = plan.model.borrow_mut();
            model.acknowledged = model.acknowledged.max(base + i64::from(sent.records));
            if let Some(last) = model.producers[at].open.as_mut().and_then(|open| open.sent.last_mut()) {
                last.base = Some(base);
            }
        }
        let lso = partition.last_stable_offset();
        let held = base.max(partition.log_start_offset());
        assert!(lso <= held, "the last stable offset {lso} lies beyond an open transaction's {base}");
        if stopping.get() {
            return;
        }
        ottla_io::sleep(Duration::from_micros(rng.random_range(0..3000))).await;
    }
    let kind = if rng.random_bool(0.5) { MarkerKind::Commit } else { MarkerKind::Abort };
    {
        let mut model = plan.model.borrow_mut();
        let producer = &mut model.producers[at];
        let epoch = producer.epoch + i16::from(plan.transaction_version >= 2);
        if let Some(open) = &mut producer.open {
            open.decision = Some((kind, epoch));
        }
    }
    end(plan, partition, at).await;
}

/// Appends the marker that was decided on.
async fn end(plan: &Plan, partition: &Rc<Partition>, at: usize) {
    let decision = plan.model.borrow().producers[at].open.as_ref().and_then(|open| open.decision);
    let Some((kind, epoch)) = decision else { return };
    let batch = Marker { kind, coordinator_epoch: 0 }.batch(Producer::id(at), epoch, ottla_io::unix_millis());
    let origin = AppendOrigin::Marker { transaction_version: plan.transaction_version };
    let offset = append(partition, batch, origin).await;
    let mut model = plan.model.borrow_mut();
    model.acknowledged = model.acknowledged.max(offset + 1);
    let producer = &mut model.producers[at];
    if let Some(mut ended) = producer.open.take() {
        ended.marker = Some(offset);
        producer.ended.push(ended);
    }
    if epoch > producer.epoch {
        (producer.epoch, producer.sequence) = (epoch, 0);
    }
}

/// Ends what the last life left open.
async fn resolve(plan: &Plan, partition: &Rc<Partition>, at: usize) {
    {
        let mut model = plan.model.borrow_mut();
        let producer = &mut model.producers[at];
        if let Some(open) = &mut producer.open
            && open.decision.is_none()
        {
            open.decision = Some((MarkerKind::Abort, producer.epoch + 1));
        }
    }
    end(plan, partition, at).await;
    // A marker that came again may be all that the log knows of a producer that it had forgotten, and then no sequence
    // follows, as with Kafka; a client that comes back has a new epoch anyway.
    plan.model.borrow_mut().producers[at].fence();
}

/// Reads, checkpoints, deletes from the front, forgets producers.
async fn look_after(plan: &Plan, partition: &Rc<Partition>, rng: &mut SmallRng) {
    match rng.random_range(0..100) {
        0..30 => readers_agree(plan, partition, rng).await,
        30..40 => the_index_agrees(partition).await,
        40..55 => store(RECOVERY_POINT, partition.checkpoint().await.unwrap()).await,
        55..60 => drop(partition.retain().await.unwrap()),
        60..63 => {
            let (start, end) = (partition.log_start_offset(), partition.high_watermark());
            let start = partition.delete_records(rng.random_range(start..=end)).await.unwrap();
            store(LOG_START, start).await;
            plan.model.borrow_mut().start = start;
        }
        63..67 => {
            let open =
                || partition.producers().iter().filter(|info| info.current_txn_start_offset >= 0).count();
            let before = open();
            partition.expire_producers();
            assert_eq!(open(), before, "a producer with an open transaction was forgotten");
        }
        67..70 => ottla_io::sleep(Duration::from_millis(120)).await,
        _ => ottla_io::sleep(Duration::from_micros(rng.random_range(0..5000))).await,
    }
}

/// A pass over what is dirty, as the broker does it.
async fn compact(plan: &Plan, partition: &Rc<Partition>, rng: &mut SmallRng, stopping: &Cell<bool>) {
    let Some(dirt) = partition.dirt().await.unwrap() else { return };
    if partition.cleaned_to().is_none() {
        store(CLEANER, dirt.first_dirty).await;
    }
    {
        let mut model = plan.model.borrow_mut();
        model.compacted = model.compacted.max(dirt.upper);
        model.decided = model.decided.max(partition.high_watermark());
    }
    let means = CompactionMeans {
        // Now and then for a few keys only.
        map_bytes_max: if rng.random_bool(0.2) { 0 } else { 1 << 20 },
        map_load_factor: 0.9,
        buffer_bytes: rng.random_range(1..30) << 10,
        pace: &Pace::default(),
    };
    if let Some(done) = partition.compact(dirt, &means, || !stopping.get()).await.unwrap() {
        plan.passes.set(plan.passes.get() + 1);
        store(CLEANER, done.end).await;
    }
}

/// A reader of committed records, from an offset of chance to the last stable offset.
async fn readers_agree(plan: &Plan, partition: &Rc<Partition>, rng: &mut SmallRng) {
    let (start, to) = (partition.log_start_offset(), partition.last_stable_offset());
    assert!(to <= partition.high_watermark());
    let from = if rng.random_bool(0.5) { start } else { rng.random_range(start..=to.max(start)) };
    let required = plan.model.borrow().required(from, to);
    let mut found = BTreeMap::new();
    let mut offset = from;
    while offset < to {
        let bytes_max = rng.random_range(1..8000);
        let read = partition.read(offset, bytes_max, Isolation::ReadCommitted, true).await.unwrap();
        let aborted = read.aborted_transactions.unwrap();
        let bytes = read.slices.parts.concat();
        assert!(!bytes.is_empty(), "nothing at {offset}, below {to}");
        consume(&bytes, aborted, &mut |at, key| {
            if (offset..to).contains(&at) {
                assert_eq!(found.insert(at, key), None);
            }
        });
        offset = read.slices.next_offset;
    }
    let model = plan.model.borrow();
    // A pass may have taken some since then.
    let still_required = model.required(from, to);
    for (offset, record) in required.iter().filter(|(offset, _)| still_required.contains_key(offset)) {
        assert_eq!(
            found.get(offset),
            Some(record),
            "a committed record is missing at {offset} of [{from}, {to})"
        );
    }
    let allowed = model.allowed();
    for (offset, record) in &found {
        let value = record.split('/').next().and_then(|value| value.parse().ok()).unwrap();
        assert!(allowed.contains(&value), "{record} at {offset} of [{from}, {to}) was never committed");
    }
}

/// What a consumer makes of an answer: aborted transactions by their first offset, until their marker comes by.
fn consume(bytes: &[u8], mut aborted: Vec<(i64, Offset)>, take: &mut dyn FnMut(Offset, String)) {
    aborted.sort_unstable_by_key(|(_, first_offset)| *first_offset);
    let mut ahead = VecDeque::from(aborted);
    let mut skipping = HashSet::new();
    for batch in batches(bytes) {
        let (header, batch) = batch.unwrap();
        while let Some((id, _)) = ahead.pop_front_if(|(_, first)| *first <= header.last_offset()) {
            skipping.insert(id);
        }
        if header.is_control() {
            if marker_of(&header, batch).is_some_and(|marker| marker.kind == MarkerKind::Abort) {
                skipping.remove(&header.producer_id);
            }
            continue;
        }
        if header.is_transactional() && skipping.contains(&header.producer_id) {
            continue;
        }
        let mut reader = RecordsReader::new(&header, batch, 1 << 20).unwrap();
        while let Some(record) = reader.next().unwrap() {
            let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
            let text = value.split('|').next().unwrap_or_default().to_owned();
            take(header.base_offset + i64::from(record.offset_delta), text);
        }
    }
}

/// The transaction index lists what the batches from the log start on say, in the order of the markers.
async fn the_index_agrees(partition: &Rc<Partition>) {
    let log = partition.log();
    let (start, end) = (log.log_start_offset(), log.durable_end());
    let mut open: BTreeMap<i64, Offset> = BTreeMap::new();
    let mut expected = Vec::new();
    let mut offset = start;
    while offset < end {
        let slices = log.read(offset, 50_000, end, true).await.unwrap();
        for batch in batches(&slices.parts.concat()) {
            let (header, batch) = batch.unwrap();
            if !header.is_transactional() {
                continue;
            }
            if !header.is_control() {
                open.entry(header.producer_id).or_insert(header.base_offset);
            } else if let Some(first) = open.remove(&header.producer_id)
                && marker_of(&header, batch).is_some_and(|marker| marker.kind == MarkerKind::Abort)
            {
                expected.push((header.producer_id, first, header.last_offset()));
            }
        }
        offset = slices.next_offset;
    }
    let listed = log.aborted_within(start, end).await.unwrap();
    if partition.settings().compact {
        // Compaction takes batches before their markers, and the first ones first.
        for (id, first, last) in expected {
            let entry =
                listed.iter().find(|aborted| (aborted.producer_id, aborted.last_offset) == (id, last));
            assert!(
                entry.is_some_and(|aborted| aborted.first_offset <= first),
                "{id} from {first} to {last}, which is there, is not listed: {entry:?}"
            );
        }
        return;
    }
    // Of those that began below the log start the batches say less.
    let whole = listed.iter().filter(|aborted| aborted.first_offset >= start && aborted.last_offset < end);
    let whole: Vec<_> =
        whole.map(|aborted| (aborted.producer_id, aborted.first_offset, aborted.last_offset)).collect();
    expected.retain(|(id, _, last)| {
        !listed.iter().any(|aborted| {
            (aborted.producer_id, aborted.last_offset) == (*id, *last) && aborted.first_offset < start
        })
    });
    assert_eq!(whole, expected, "in [{start}, {end})");
}

/// A life in which the log's end is cut off, as a follower does it that has led before.
async fn cut(plan: Rc<Plan>) {
    data_directory::take_clean_shutdown(DATA.as_ref()).await.unwrap();
    let recovery_point = stored(RECOVERY_POINT).await;
    let opening = Opening {
        recovery_point,
        log_start_offset: stored(LOG_START).await,
        cleaned_to: stored(CLEANER).await,
        ..lives::opening(0, (*plan.settings.log).clone(), Resources::new(plan.limits.clone()))
    };
    let (log, _) = Log::open(opening).await.unwrap();
    let (start, end) = (log.log_start_offset(), log.log_end_offset());
    // A follower never cuts below a high watermark.
    let decided = plan.model.borrow().decided.min(end);
    let offset = plan.rng(95).random_range(start.max(end - 60).max(decided)..=end);
    store(RECOVERY_POINT, recovery_point.unwrap_or(0).min(start)).await;
    let end = log.truncate_to(offset).await.unwrap();
    log.close(None).await.unwrap();
    let mut model = plan.model.borrow_mut();
    model.acknowledged = model.acknowledged.min(end);
    model.producers.iter_mut().for_each(|producer| producer.truncate(end));
    model.plain.retain(|sent| sent.base.is_none_or(|base| base < end));
}

fn simulate(seed: u64, config: Config, compacts: bool) -> Rc<Plan> {
    let mut rng = SmallRng::seed_from_u64(seed ^ 0x7a5);
    let mut world = World::new(seed, config);
    let node = world.add_node("node");
    let plan = Rc::new(Plan::new(seed, compacts));
    for life in 0..6 {
        plan.life.set(life);
        let end = End::of_chance(&mut rng, 800);
        live_and_end(&mut world, node, &plan, end);
        if plan.model.borrow().acknowledged > 0 && rng.random_bool(0.3) {
            let plan = plan.clone();
            world.start(node, 1, move |_: ShardContext<()>| cut(plan.clone()));
            assert!(world.run_to_end(node, Duration::from_secs(60)), "the log is not cut");
        }
    }
    plan.life.set(6);
    live_and_end(&mut world, node, &plan, End::InOrder(Duration::from_millis(50)));
    plan
}

fn live_and_end(world: &mut World, node: NodeId, plan: &Rc<Plan>, end: End) {
    let plan = plan.clone();
    world.start(node, 1, move |_: ShardContext<()>| live(plan.clone()));
    end.come(world, node);
}

/// Readers of committed records see what was committed, and nothing else.
#[test]
fn readers_see_what_was_committed() {
    let ended = Cell::new([0; 2]);
    for_each_seed("readers_see_what_was_committed", 60, |seed| {
        let plan = simulate(seed, Config::default(), false);
        let model = plan.model.borrow();
        let mut counts = ended.get();
        for transaction in model.producers.iter().flat_map(|producer| &producer.ended) {
            let is_commit = transaction.decision.is_some_and(|(kind, _)| kind == MarkerKind::Commit);
            counts[usize::from(is_commit)] += 1;
        }
        ended.set(counts);
    });
    let [aborted, committed] = ended.get();
    assert!(aborted > 0 && committed > 0, "{aborted} were aborted and {committed} committed");
}

/// The same of a partition that is compacted under them.
#[test]
fn readers_see_the_last_committed_value_of_each_key() {
    let passes = Cell::new(0);
    for_each_seed("readers_see_the_last_committed_value_of_each_key", 20, |seed| {
        let plan = simulate(seed, Config::default(), true);
        passes.set(passes.get() + plan.passes.get());
    });
    assert!(passes.get() > 0, "no pass came to its end");
}

/// A disk whose durable writes are not is found out.
#[test]
fn lost_markers_are_noticed() {
    let found = failures(0..30, |seed| {
        let mut config = Config::default();
        config.disk.lies.durable_writes = true;
        simulate(seed, config, false);
    });
    assert!(found > 0, "no seed notices that durable writes are volatile");
}
