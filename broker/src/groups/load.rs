//! Loads a coordinator: every record of its partition, from the log start to the log end, is replayed in order.

use super::coordinator::Coordinator;
use super::{Groups, Hosted, settings};
use crate::core::Core;
use ottla_coordinator::Shard;
use ottla_io::{Class, now, sleep, spawn, yield_now};
use ottla_protocol::records::{EXPANDED_BYTES_MAX, RecordsReader, batches};
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
        return Groups::activate(core, Rc::new(Coordinator::new(partition, shard)));
    }
    let key = (partition.topic_id(), partition.index());
    core.groups.hosted.borrow_mut().insert(key, Hosted::Loading);
    let core = core.clone();
    spawn(Class::Control, async move {
        let began = now();
        let result = load(&core, &partition).await;
        // Deleted meanwhile.
        let is_wanted = matches!(core.groups.hosted.borrow().get(&key), Some(Hosted::Loading));
        match result {
            Ok(shard) if is_wanted => {
                let groups = shard.groups().count();
                Groups::activate(&core, Rc::new(Coordinator::new(partition.clone(), shard)));
                let ms = now().duration_since(began).as_millis();
                tracing::debug!(partition = partition.index(), groups, "groups are loaded after {ms} ms");
            }
            Ok(_) => {}
            Err(code) => {
                if is_wanted {
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
    let end = partition.log_end_offset();
    while offset < end {
        let read = partition.read(offset, READ_BYTES, Isolation::LogEnd, true).await?;
        if read.slices.is_empty() {
            break;
        }
        offset = read.slices.next_offset;
        replay(&mut shard, &read.slices.parts.concat(), partition).await?;
    }
    // Nothing is told that could still be lost.
    while partition.high_watermark() < end {
        sleep(DURABLE_POLL).await;
        core.partitions.get(partition.topic_id(), partition.index())?;
    }
    Ok(shard)
}

async fn replay(shard: &mut Shard, bytes: &[u8], partition: &Partition) -> Result<(), ErrorCode> {
    let index = partition.index();
    for batch in batches(bytes) {
        let (header, batch) = batch.map_err(|_| ErrorCode::CORRUPT_MESSAGE)?;
        if header.is_control() {
            continue;
        }
        let mut records =
            RecordsReader::new(&header, batch, EXPANDED_BYTES_MAX).map_err(|_| ErrorCode::CORRUPT_MESSAGE)?;
        let mut count = 0_u32;
        while let Some(record) = records.next().map_err(|_| ErrorCode::CORRUPT_MESSAGE)? {
            if let Err(fault) = shard.replay(record.key, record.value) {
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
