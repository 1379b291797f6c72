//! Random batches against a model that remembers everything and counts without wrapping.

use super::*;

/// A batch that was appended; sequences counted on beyond `i32::MAX`.
#[derive(Clone, Debug)]
struct Appended {
    epoch: i16,
    first: u64,
    records: u64,
    offset: Offset,
}

#[derive(Clone, Debug, Default)]
struct Model {
    /// By producer, the oldest first; a restart leaves the last only.
    appended: HashMap<i64, Vec<Appended>>,
}

impl Model {
    fn of_epoch(&self, id: i64, epoch: i16) -> Vec<&Appended> {
        self.appended.get(&id).into_iter().flatten().filter(|batch| batch.epoch == epoch).collect()
    }

    fn expect(&self, id: i64, epoch: i16, first: u64, records: u64) -> Expect {
        let Some(last) = self.appended.get(&id).and_then(|batches| batches.last()) else { return Append };
        if epoch < last.epoch {
            return OldEpoch;
        }
        let batches = self.of_epoch(id, epoch);
        let known = batches.iter().rev().take(BATCHES_KEPT);
        if let Some(same) = known.into_iter().find(|b| wrap(b.first) == wrap(first) && b.records == records) {
            return Duplicate(same.offset);
        }
        let next = if epoch > last.epoch { 0 } else { wrap(last.first + last.records) };
        if wrap(first) == next { Append } else { Gap }
    }
}

fn wrap(sequence: u64) -> i32 {
    (sequence % (1 << 31)) as i32
}

/// Which sequence to send, from where the producer is.
#[derive(Clone, Debug)]
enum Pick {
    Next,
    Again(usize),
    Skip(u64),
    NewEpoch { sequence: u64 },
    OldEpoch,
    Restart,
}

fn pick() -> impl Strategy<Value = Pick> {
    prop_oneof![
        8 => Just(Pick::Next),
        4 => (0_usize..7).prop_map(Pick::Again),
        2 => (1_u64..5).prop_map(Pick::Skip),
        1 => (0_u64..2).prop_map(|sequence| Pick::NewEpoch { sequence }),
        1 => Just(Pick::OldEpoch),
        1 => Just(Pick::Restart),
    ]
}

proptest! {
    #[test]
    fn verdicts_are_those_of_the_model(
        start in prop_oneof![Just(0_u64), (1 << 31) - 9..(1_u64 << 31)],
        steps in prop::collection::vec((1_i64..4, 1_u64..5, pick()), 1..120),
    ) {
        let (mut producers, mut model, mut end) = (Producers::default(), Model::default(), 0);
        for (id, records, pick) in steps {
            let last = model.appended.get(&id).and_then(|batches| batches.last()).cloned();
            let (epoch, next) = last.as_ref().map_or((5, start), |last| (last.epoch, last.first + last.records));
            let (epoch, first, records) = match pick {
                Pick::Next => (epoch, next, records),
                Pick::Skip(count) => (epoch, next + count, records),
                Pick::NewEpoch { sequence } => (epoch + 1, sequence, records),
                Pick::OldEpoch => (epoch - 1, next, records),
                Pick::Again(back) => match model.of_epoch(id, epoch).iter().rev().nth(back) {
                    Some(batch) => (epoch, batch.first, batch.records),
                    None => continue,
                },
                Pick::Restart => {
                    let restored = Producers::from_snapshot(&producers.to_snapshot()).unwrap();
                    prop_assert_eq!(restored.to_snapshot(), producers.to_snapshot());
                    producers = restored;
                    for batches in model.appended.values_mut() {
                        batches.drain(..batches.len() - 1);
                    }
                    continue;
                }
            };
            let header = header((id, epoch, wrap(first)), records as i32, end);
            let found = match producers.check(&header, false) {
                Ok(Verdict::Append) => Append,
                Ok(Verdict::Duplicate { base_offset, .. }) => Duplicate(base_offset),
                Err(ProducerFault::OutOfOrderSequence { .. }) => Gap,
                Err(ProducerFault::InvalidEpoch { .. }) => OldEpoch,
                Err(other) => panic!("{other}"),
            };
            prop_assert_eq!(&found, &model.expect(id, epoch, first, records));
            if found == Append {
                producers.record(&header, None);
                // Sequences of a new epoch start again.
                let appended = Appended { epoch, first, records, offset: end };
                model.appended.entry(id).or_default().push(appended);
                end = header.last_offset() + 1;
            }
        }
    }
}
