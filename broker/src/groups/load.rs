//! Loads a coordinator: every record of its partition, from the log start to the log end, is replayed in order.

use super::coordinator::Coordinator;
use super::{Groups, Hosted, settings};
use crate::core::Core;
use ottla_coordinator::Shard;
use ottla_io::{Class, now, sleep, spawn, yield_now};
use ottla_protocol::records::{EXPANDED_BYTES_MAX, Marker, MarkerKind, RecordsReader, batches};
use ottla_protocol::{ErrorCode, Seed};
use ottla_shard::{Isolation, Partition};
use std::rc::Rc;
use std::time::Duration;

/// Read at a time; the first batch is read whole even when it is larger.
const READ_BYTES: usize = 1 << 20;
/// A coordinator whose log refused something is loaded again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// What is in the log becomes durable in milliseconds.
const DURABLE_POLL: Duration = Duration::from_millis(2);

/// Begins to load the groups of `partition`. An empty one is there at once.
pub(super) fn begin(core: &Rc<Core>, partition: Rc<Partition>) {
    if partition.log_start_offset() == partition.log_end_offset() {
        let shard = new_shard(core);
        return Groups::begin_empty(core, Rc::new(Coordinator::new(partition, shard)));
    }
    let key = (partition.topic_id(), partition.index());
    core.groups.hosted.borrow_mut().insert(key, Hosted::Loading);
    let core = core.clone();
    spawn(Class::Control, async move {
        let began = now();
        let result = load(&core, &partition).await;
        // Deleted meanwhile.
        let is_wanted = || matches!(core.groups.hosted.borrow().get(&key), Some(Hosted::Loading));
        match result {
            Ok(shard) if is_wanted() => {
                let groups = shard.groups().count();
                Groups::begin(&core, Rc::new(Coordinator::new(partition.clone(), shard))).await;
                let ms = now().duration_since(began).as_millis();
                tracing::debug!(partition = partition.index(), groups, "groups are loaded after {ms} ms");
            }
            Ok(_) => {}
            Err(code) => {
                if is_wanted() {
                    core.groups.hosted.borrow_mut().remove(&key);
                }
                if !core.is_stopping() {
                    tracing::error!(partition = partition.index(), "groups cannot be loaded: {code}");
                }
            }
        }
    });
}

/// After a failure, if the log can be used.
pub(super) fn again(core: &Rc<Core>, partition: Rc<Partition>) {
    let key = (partition.topic_id(), partition.index());
    let is_usable = || core.partitions.get(key.0, key.1).is_ok() && !core.is_stopping();
    if !is_usable() {
        return;
    }
    core.groups.hosted.borrow_mut().insert(key, Hosted::Loading);
    let core = core.clone();
    spawn(Class::Control, async move {
        sleep(AGAIN_AFTER).await;
        if core.is_stopping() || core.partitions.get(key.0, key.1).is_err() {
            core.groups.hosted.borrow_mut().remove(&key);
            return;
        }
        begin(&core, partition);
    });
}

fn new_shard(core: &Core) -> Shard {
    Shard::new(settings(&core.config), Seed::new(ottla_io::task::random_u64()))
}

async fn load(core: &Core, partition: &Rc<Partition>) -> Result<Shard, ErrorCode> {
    let mut shard = new_shard(core);
    let mut offset = partition.log_start_offset();
    loop {
        let end = partition.log_end_offset();
        while offset < end {
            let read = partition.read(offset, READ_BYTES, Isolation::LogEnd, true).await?;
            if read.slices.is_empty() {
                break;
            }
            offset = read.slices.next_offset;
            replay(&mut shard, &read.slices.parts.concat(), partition.index()).await?;
        }
        // Nothing is told that could still be lost.
        while partition.high_watermark() < end {
            sleep(DURABLE_POLL).await;
            core.partitions.get(partition.topic_id(), partition.index())?;
        }
        // A marker may have come meanwhile.
        if partition.log_end_offset() == end {
            return Ok(shard);
        }
    }
}

/// Replays the batches of partition `index`. What was committed in a transaction counts when its commit marker comes, as by Kafka.
async fn replay(shard: &mut Shard, bytes: &[u8], index: i32) -> Result<(), ErrorCode> {
    for batch in batches(bytes) {
        let (header, batch) = batch.map_err(|_| ErrorCode::CORRUPT_MESSAGE)?;
        let mut records =
            RecordsReader::new(&header, batch, EXPANDED_BYTES_MAX).map_err(|_| ErrorCode::CORRUPT_MESSAGE)?;
        let mut count = 0_u32;
        while let Some(record) = records.next().map_err(|_| ErrorCode::CORRUPT_MESSAGE)? {
            if header.is_control() {
                if let Some(marker) = Marker::parse(&record) {
                    shard.end_transaction(header.producer_id, marker.kind == MarkerKind::Commit);
                }
                continue;
            }
            let replayed = if header.is_transactional() {
                shard.replay_transactional(header.producer_id, record.key, record.value)
            } else {
                shard.replay(record.key, record.value)
            };
            if let Err(fault) = replayed {
                tracing::warn!(partition = index, batch = header.base_offset, "a record is skipped: {fault}");
            }
            count += 1;
            if count.is_multiple_of(256) {
                yield_now().await;
            }
        }
        yield_now().await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_coordinator::{Record, Settings, record};
    use ottla_protocol::messages::{OffsetCommitKey, OffsetCommitValue};
    use ottla_protocol::records::BatchBuilder;
    use std::pin::pin;
    use std::task::{Context, Waker};

    fn commit(partition: i32, offset: i64) -> Record {
        let key = OffsetCommitKey { group: "g".into(), topic: "t".into(), partition };
        let value = OffsetCommitValue { offset, ..OffsetCommitValue::default() };
        record::record(&key, record::OFFSET_COMMIT_VERSION, &value).expect("a record")
    }

    fn batch(builder: BatchBuilder, commits: &[(i32, i64)]) -> Vec<u8> {
        let mut builder = builder;
        for (partition, offset) in commits {
            let Record { key, value } = commit(*partition, *offset);
            builder.push(0, Some(&key), value.as_deref(), &[]);
        }
        builder.build().expect("a batch")
    }

    fn transaction(producer_id: i64, commits: &[(i32, i64)]) -> Vec<u8> {
        batch(BatchBuilder::new().producer(producer_id, 0, 0).transactional(), commits)
    }

    fn marker(producer_id: i64, kind: MarkerKind) -> Vec<u8> {
        Marker { kind, coordinator_epoch: 0 }.batch(producer_id, 0, 0)
    }

    fn load(shard: &mut Shard, bytes: &[u8]) {
        let mut replayed = pin!(replay(shard, bytes, 0));
        while replayed.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {}
    }

    fn offsets(shard: &Shard) -> Vec<Option<i64>> {
        let offsets = shard.offsets("g").expect("a group");
        (0..6).map(|index| offsets.get("t", index).map(|committed| committed.offset)).collect()
    }

    /// Those of partition 0 abort, 1 commits, 2 is open, 3 is overtaken, 4 is of two transactions, the first of which ends last.
    #[test]
    fn what_a_transaction_committed_counts_from_its_commit_on() {
        let bytes = [
            batch(BatchBuilder::new(), &[(0, 10), (3, 10)]),
            transaction(1, &[(0, 20)]),
            transaction(2, &[(1, 21), (3, 23), (4, 24)]),
            transaction(3, &[(2, 32), (5, 35)]),
            transaction(4, &[(4, 44)]),
            marker(1, MarkerKind::Abort),
            batch(BatchBuilder::new(), &[(3, 11)]),
            marker(4, MarkerKind::Commit),
            marker(2, MarkerKind::Commit),
        ];
        let mut shard = Shard::new(Settings::default(), Seed::new(1));
        load(&mut shard, &bytes.concat());
        assert_eq!(offsets(&shard), [Some(10), Some(21), None, Some(11), Some(44), None]);
        let unstable = |shard: &Shard| -> Vec<bool> {
            let offsets = shard.offsets("g").expect("a group");
            (0..6).map(|index| offsets.is_unstable("t", index)).collect()
        };
        assert_eq!(unstable(&shard), [false, false, true, false, false, true]);
        // The group's offsets are deleted, what is pending included; what comes with the marker is what was committed since.
        let key = OffsetCommitKey { group: "g".into(), topic: "t".into(), partition: 5 };
        shard.replay(Some(&record::tombstone(&key).expect("a record").key), None).expect("a tombstone");
        load(&mut shard, &marker(3, MarkerKind::Commit));
        assert_eq!(offsets(&shard), [Some(10), Some(21), Some(32), Some(11), Some(44), None]);
        assert_eq!(unstable(&shard), [false; 6]);
    }

    /// A group that has nothing else is not forgotten, and takes no memory when it is over.
    #[test]
    fn a_transaction_alone_keeps_a_group() {
        let mut shard = Shard::new(Settings::default(), Seed::new(1));
        load(&mut shard, &transaction(7, &[(0, 1), (0, 2)]));
        assert_eq!(shard.groups().count(), 1);
        assert!(shard.bytes() > 0);
        load(&mut shard, &marker(7, MarkerKind::Abort));
        assert_eq!((shard.groups().count(), shard.bytes()), (0, 0));
    }
}
