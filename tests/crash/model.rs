//! What must be true of the broker's records, from all that anyone was told: acknowledgements, fetches, earlier scans.
//!
//! One rule covers loss, change, doubling and offsets minted twice: once anybody has seen a batch at an offset, that batch is there
//! for ever, and nowhere else.

use ottla_protocol::Uuid;
use ottla_tests::batch::Seen;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};

/// A batch by its checksum, which covers all that the producer wrote, and its length. Contents are random, so it is the batch's own.
pub type Print = (u32, usize);

/// A topic that was made again under its name is another one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition {
    pub topic: String,
    pub id: Uuid,
    pub index: i32,
}

/// A batch that a producer sent: its place in the producer's order, and how many offsets it takes.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// The producer, one for each partition that it writes to.
    pub stream: u32,
    pub number: u32,
    pub count: i32,
}

#[derive(Default)]
pub struct History {
    sent: HashMap<Print, Sent>,
    /// Where batches are known to be, each with who said so.
    places: BTreeMap<i64, (Print, &'static str)>,
    offsets: HashMap<Print, i64>,
    /// Offsets below this were scanned.
    pub scanned_to: i64,
}

#[derive(Default)]
struct State {
    histories: HashMap<Partition, History>,
    producer_ids: HashSet<i64>,
    faults: Vec<String>,
    acknowledged: u64,
    seen: u64,
}

#[derive(Default)]
pub struct Model {
    state: Mutex<State>,
}

impl Model {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub fn fault(&self, text: String) {
        let mut state = self.state();
        if state.faults.len() < 50 {
            state.faults.push(text);
        }
    }

    pub fn faults(&self) -> Vec<String> {
        self.state().faults.clone()
    }

    /// Batches acknowledged, batches seen by consumers.
    pub fn counts(&self) -> (u64, u64) {
        let state = self.state();
        (state.acknowledged, state.seen)
    }

    /// A producer id that the broker handed out: never twice.
    pub fn producer_id(&self, id: i64) {
        if !self.state().producer_ids.insert(id) {
            self.fault(format!("producer id {id} was handed out twice"));
        }
    }

    /// Before a batch is sent, so that nobody can see it earlier.
    pub fn send(&self, partition: &Partition, print: Print, sent: Sent) {
        self.state().histories.entry(partition.clone()).or_default().sent.insert(print, sent);
    }

    pub fn acknowledge(&self, partition: &Partition, print: Print, offset: i64) {
        let mut state = self.state();
        state.acknowledged += 1;
        let history = state.histories.entry(partition.clone()).or_default();
        if let Err(fault) = history.place(print, offset, "its acknowledgement") {
            state.faults.push(format!("{partition:?}: {fault}"));
        }
    }

    pub fn see(&self, partition: &Partition, batches: &[Seen<'_>]) {
        let mut state = self.state();
        state.seen += batches.len() as u64;
        let history = state.histories.entry(partition.clone()).or_default();
        let faults = batches
            .iter()
            .filter_map(|batch| history.look(batch, "a consumer").err())
            .map(|fault| format!("{partition:?}: {fault}"))
            .collect::<Vec<_>>();
        state.faults.extend(faults);
    }

    pub fn scanned_to(&self, partition: &Partition) -> i64 {
        self.state().histories.get(partition).map_or(0, |history| history.scanned_to)
    }

    pub fn forget(&self, partition: &Partition) {
        self.state().histories.remove(partition);
    }

    /// Everything from `start` to `end`, the log's end, in one piece.
    pub fn scan(&self, partition: &Partition, start: i64, end: i64, batches: &[Seen<'_>]) {
        let mut state = self.state();
        let history = state.histories.entry(partition.clone()).or_default();
        if let Err(fault) = history.scan(start, end, batches) {
            state.faults.push(format!("{partition:?}: {fault}"));
        }
    }
}

impl History {
    fn place(&mut self, print: Print, offset: i64, who: &'static str) -> Result<(), String> {
        let Some(sent) = self.sent.get(&print) else {
            return Err(format!("{who}: at {offset} is a batch that nobody sent"));
        };
        if let Some(before) = self.offsets.get(&print).filter(|before| **before != offset) {
            return Err(format!("{who}: {sent:?} is at {offset}, and was at {before}"));
        }
        let (before, by) = self.places.entry(offset).or_insert((print, who));
        if *before != print {
            let other = self.sent.get(before);
            return Err(format!("{who}: at {offset} is {sent:?}, where {by} had {other:?}"));
        }
        self.offsets.insert(print, offset);
        Ok(())
    }

    fn look(&mut self, batch: &Seen<'_>, who: &'static str) -> Result<(), String> {
        if !batch.crc_fits {
            return Err(format!("{who}: the batch at {} doesn't fit its CRC", batch.base_offset));
        }
        let print = (batch.crc, batch.bytes.len());
        self.place(print, batch.base_offset, who)?;
        let count = self.sent.get(&print).map_or(0, |sent| sent.count);
        if batch.count != count || batch.last_offset_delta != count - 1 {
            return Err(format!("{who}: the batch at {} says {} records", batch.base_offset, batch.count));
        }
        Ok(())
    }

    fn scan(&mut self, start: i64, end: i64, batches: &[Seen<'_>]) -> Result<(), String> {
        let mut next = batches.first().map_or(start, |batch| batch.base_offset);
        if next > start {
            return Err(format!("the first batch from {start} is at {next}"));
        }
        let first = next;
        let mut last_numbers = HashMap::new();
        let mut last_epoch = -1;
        for batch in batches {
            if batch.base_offset != next {
                return Err(format!("after {next} comes a batch at {}", batch.base_offset));
            }
            self.look(batch, "a scan")?;
            next = batch.base_offset + i64::from(batch.last_offset_delta) + 1;
            if batch.leader_epoch < last_epoch {
                return Err(format!(
                    "epoch {} after {last_epoch} at {}",
                    batch.leader_epoch, batch.base_offset
                ));
            }
            last_epoch = batch.leader_epoch;
            if let Some(sent) = self.sent.get(&(batch.crc, batch.bytes.len())) {
                let before = last_numbers.insert(sent.stream, sent.number);
                if before.is_some_and(|before| before >= sent.number) {
                    return Err(format!("{sent:?} at {} after number {before:?}", batch.base_offset));
                }
            }
        }
        if next != end {
            return Err(format!("the log ends at {end}, but its records at {next}"));
        }
        let found = batches.iter().map(|batch| batch.base_offset).collect::<HashSet<_>>();
        if let Some((offset, (print, who))) = self.places.range(first..).find(|(at, _)| !found.contains(at)) {
            let sent = self.sent.get(print);
            return Err(format!("lost: {sent:?} at {offset}, known from {who}; the log ends at {end}"));
        }
        self.scanned_to = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_tests::batch::{Batch, read};

    fn partition() -> Partition {
        Partition { topic: "t".into(), id: Uuid::ONE, index: 0 }
    }

    fn sent(model: &Model, number: u32, offset: i64) -> Vec<u8> {
        let batch = Batch { base_offset: offset, ..Batch::numbered(2).from_producer(7, 0, number as i32) };
        let bytes = batch.build();
        let print = (read(&bytes).unwrap().0[0].crc, bytes.len());
        model.send(&partition(), print, Sent { stream: 1, number, count: 2 });
        bytes
    }

    fn scan(model: &Model, start: i64, end: i64, batches: &[&[u8]]) -> Vec<String> {
        let bytes = batches.concat();
        let (batches, _) = read(&bytes).unwrap();
        model.scan(&partition(), start, end, &batches);
        model.faults()
    }

    #[test]
    fn what_was_sent_in_order_is_well() {
        let model = Model::default();
        let (one, two) = (sent(&model, 0, 0), sent(&model, 1, 2));
        model.acknowledge(&partition(), (read(&one).unwrap().0[0].crc, one.len()), 0);
        assert_eq!(scan(&model, 0, 4, &[&one, &two]), Vec::<String>::new());
    }

    /// Each kind of damage that a crash could do is a fault: loss, order, doubles, strangers, change, another offset.
    #[test]
    fn damage_is_a_fault() {
        let lost = Model::default();
        let (one, two) = (sent(&lost, 0, 0), sent(&lost, 1, 2));
        lost.see(&partition(), &read(&two).unwrap().0);
        assert!(scan(&lost, 0, 2, &[&one])[0].contains("lost"));

        let disordered = Model::default();
        let (one, two) = (sent(&disordered, 1, 0), sent(&disordered, 0, 2));
        assert!(scan(&disordered, 0, 4, &[&one, &two])[0].contains("after number"));

        let doubled = Model::default();
        let one = sent(&doubled, 0, 0);
        let again = sent(&doubled, 0, 2);
        assert!(scan(&doubled, 0, 4, &[&one, &again])[0].contains("was at 0"));

        let stranger = Model::default();
        let other = sent(&Model::default(), 3, 0);
        assert!(scan(&stranger, 0, 2, &[&other])[0].contains("nobody sent"));

        let changed = Model::default();
        let mut one = sent(&changed, 0, 0);
        *one.last_mut().unwrap() ^= 1;
        assert!(scan(&changed, 0, 2, &[&one])[0].contains("CRC"));

        let minted_twice = Model::default();
        let (one, two) = (sent(&minted_twice, 0, 0), sent(&minted_twice, 1, 0));
        minted_twice.see(&partition(), &read(&one).unwrap().0);
        assert!(scan(&minted_twice, 0, 2, &[&two])[0].contains("where a consumer had"));

        let gap = Model::default();
        let (one, two) = (sent(&gap, 0, 0), sent(&gap, 1, 3));
        assert!(scan(&gap, 0, 5, &[&one, &two])[0].contains("comes a batch at 3"));

        let torn = Model::default();
        let one = sent(&torn, 0, 0);
        assert!(scan(&torn, 0, 4, &[&one])[0].contains("its records at 2"));
    }
}
