//! The demo's records, made so that each can be checked, and the book that checks them.

use super::super::client::consumer::Fetched;
use super::super::client::producer::NewRecord;
use std::collections::BTreeMap;
use std::io::Write;

/// Faults that are kept as text; the rest is counted.
const FAULTS_SHOWN: usize = 5;
/// Keys go round, so that every partition gets some.
const KEYS: u64 = 1000;

/// Makes the record with the number `n`, which is due `due_us` after the start.
#[derive(Clone, Copy, Debug)]
pub struct Maker {
    /// The value's size, or what number and time need if that is more.
    pub value_bytes: usize,
    /// Milliseconds since 1970 at the start.
    pub start_ms: i64,
}

impl Maker {
    pub fn record(&self, n: u64, due_us: u64) -> NewRecord {
        let mut value = Vec::with_capacity(self.value_bytes + 32);
        // Writing to a Vec does not fail.
        let _ = write!(value, "{{\"n\":{n},\"due_us\":{due_us},\"text\":\"");
        let mut state = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ due_us;
        while value.len() + 2 < self.value_bytes {
            // SplitMix64: letters that differ from record to record, so that a mix-up of bytes shows.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut bits = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits ^= bits >> 27;
            for byte in bits.to_le_bytes() {
                if value.len() + 2 < self.value_bytes {
                    value.push(b'a' + byte % 26);
                }
            }
        }
        value.extend_from_slice(b"\"}");
        NewRecord {
            key: Some(format!("key-{}", n % KEYS).into_bytes()),
            value: Some(value),
            headers: Vec::new(),
            timestamp_ms: self.start_ms + (due_us / 1000) as i64,
        }
    }
}

/// The number and the due time of a value that [`Maker`] made.
fn parse(value: &[u8]) -> Option<(u64, u64)> {
    let text = std::str::from_utf8(value).ok()?;
    let (n, rest) = text.strip_prefix("{\"n\":")?.split_once(",\"due_us\":")?;
    let (due_us, _) = rest.split_once(',')?;
    Some((n.parse().ok()?, due_us.parse().ok()?))
}

/// What came back, held against what must: each record once, with its bytes, in order within its partition, no offset left out.
pub struct Ledger {
    maker: Maker,
    /// A bit for each number.
    seen: Vec<u64>,
    pub records: u64,
    pub bytes: u64,
    places: BTreeMap<i32, Place>,
    pub faults: u64,
    pub fault_texts: Vec<String>,
}

struct Place {
    next_offset: i64,
    last_n: Option<u64>,
}

impl Ledger {
    /// `starts` are the offsets at which each partition's records begin.
    pub fn new(maker: Maker, starts: &BTreeMap<i32, i64>) -> Ledger {
        let place = |(partition, next_offset): (&i32, &i64)| {
            (*partition, Place { next_offset: *next_offset, last_n: None })
        };
        Ledger {
            maker,
            seen: Vec::new(),
            records: 0,
            bytes: 0,
            places: starts.iter().map(place).collect(),
            faults: 0,
            fault_texts: Vec::new(),
        }
    }

    /// Enters a record; returns when it was due, in microseconds after the start, unless it is none of ours.
    pub fn enter(&mut self, fetched: &Fetched<'_>) -> Option<u64> {
        let (key, value) = (fetched.record.key, fetched.record.value.unwrap_or_default());
        self.records += 1;
        self.bytes += (key.map_or(0, <[u8]>::len) + value.len()) as u64;
        let at = || format!("partition {} offset {}", fetched.partition, fetched.offset);
        let Some((n, due_us)) = parse(value) else {
            self.fault(format!("{}: not a record of this demo", at()));
            return None;
        };
        let expected = self.maker.record(n, due_us);
        if expected.key.as_deref() != key || expected.value.as_deref() != Some(value) {
            self.fault(format!("{}: record {n} has other bytes than were sent", at()));
        }
        if expected.timestamp_ms != fetched.timestamp_ms {
            self.fault(format!("{}: record {n} has another timestamp than was sent", at()));
        }
        if self.mark(n) {
            self.fault(format!("{}: record {n} came twice", at()));
        }
        let place = self.places.entry(fetched.partition).or_insert(Place { next_offset: 0, last_n: None });
        let (next_offset, last_n) = (place.next_offset, place.last_n);
        place.next_offset = fetched.offset + 1;
        place.last_n = Some(n);
        if fetched.offset != next_offset {
            self.fault(format!("{}: the offset before was {}", at(), next_offset - 1));
        }
        if let Some(last) = last_n.filter(|last| *last > n) {
            self.fault(format!("{}: record {n} came after {last}", at()));
        }
        Some(due_us)
    }

    /// Says at the end which of the `total` records never came.
    pub fn close(&mut self, total: u64) {
        let missing =
            |n: &u64| self.seen.get((n / 64) as usize).is_none_or(|word| word & (1 << (n % 64)) == 0);
        let missing: Vec<u64> = (0..total).filter(missing).collect();
        if let Some(first) = missing.first() {
            let text =
                format!("{} of {total} records never came, the first of them record {first}", missing.len());
            self.fault(text);
        }
    }

    /// Whether `n` was marked before.
    fn mark(&mut self, n: u64) -> bool {
        let word = (n / 64) as usize;
        // A number from a damaged record must not take memory: there are never so many records.
        if word > (1 << 28) {
            return false;
        }
        if self.seen.len() <= word {
            self.seen.resize(word + 1, 0);
        }
        let Some(bits) = self.seen.get_mut(word) else { return false };
        let bit = 1 << (n % 64);
        let before = *bits & bit != 0;
        *bits |= bit;
        before
    }

    fn fault(&mut self, text: String) {
        self.faults += 1;
        if self.fault_texts.len() < FAULTS_SHOWN {
            self.fault_texts.push(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_protocol::records::{BatchBuilder, RecordsReader, batches};

    const MAKER: Maker = Maker { value_bytes: 100, start_ms: 1_700_000_000_000 };

    /// Enters record `n` at `offset` of partition 0, changed by `change`.
    fn enter(ledger: &mut Ledger, n: u64, offset: i64, change: impl Fn(&mut NewRecord)) -> Option<u64> {
        let mut record = MAKER.record(n, n * 10);
        change(&mut record);
        let mut builder = BatchBuilder::new();
        builder.push(record.timestamp_ms, record.key.as_deref(), record.value.as_deref(), &[]);
        let bytes = builder.build().unwrap();
        let (header, batch) = batches(&bytes).next().unwrap().unwrap();
        let mut reader = RecordsReader::new(&header, batch, 1 << 20).unwrap();
        ledger.enter(&Fetched {
            partition: 0,
            offset,
            timestamp_ms: header.base_timestamp,
            is_log_append_time: false,
            record: reader.next().unwrap().unwrap(),
        })
    }

    fn ledger() -> Ledger {
        Ledger::new(MAKER, &BTreeMap::from([(0, 5)]))
    }

    #[test]
    fn a_true_copy_has_no_faults() {
        let mut ledger = ledger();
        for n in 0..200 {
            assert_eq!(enter(&mut ledger, n, n as i64 + 5, |_| {}), Some(n * 10));
        }
        ledger.close(200);
        assert_eq!((ledger.faults, ledger.records), (0, 200), "{:?}", ledger.fault_texts);
        assert_eq!(MAKER.record(7, 70).value.unwrap().len(), 100);
    }

    /// Each way to lose, change, double or reorder a record is found.
    #[test]
    fn every_fault_is_found() {
        let flip = |record: &mut NewRecord| record.value.as_mut().unwrap()[60] ^= 1;
        for (expected, n, offset, change) in [
            ("came twice", 0, 6, &(|_: &mut NewRecord| {}) as &dyn Fn(&mut NewRecord)),
            ("the offset before was 5", 1, 7, &|_| {}),
            ("other bytes", 1, 6, &flip),
            ("other bytes", 1, 6, &|record| record.key = None),
            ("another timestamp", 1, 6, &|record| record.timestamp_ms += 1),
            ("not a record of this demo", 1, 6, &|record| record.value = None),
        ] {
            let mut ledger = ledger();
            enter(&mut ledger, 0, 5, |_| {});
            assert_eq!(ledger.faults, 0);
            enter(&mut ledger, n, offset, change);
            assert!(ledger.fault_texts[0].contains(expected), "{:?}", ledger.fault_texts);
        }
        let mut reordered = ledger();
        enter(&mut reordered, 1, 5, |_| {});
        enter(&mut reordered, 0, 6, |_| {});
        assert!(reordered.fault_texts[0].contains("came after 1"), "{:?}", reordered.fault_texts);
        let mut lost = ledger();
        enter(&mut lost, 0, 5, |_| {});
        enter(&mut lost, 2, 6, |_| {});
        lost.close(4);
        assert!(lost.fault_texts[0].contains("2 of 4 records never came, the first of them record 1"));
    }
}
