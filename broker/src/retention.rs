//! Deletes what topics keep no longer: each core looks after its own partitions, one at a time, in the background class.
//!
//! Every `log.retention.check.interval.ms`, for the first time 30 seconds after the start, as Kafka does. A log start that moved
//! is in the checkpoint of log starts within a minute; a crash before that brings nothing back, since whole files are gone.

use crate::core::Core;
use ottla_io::{Class, sleep, spawn};
use ottla_shard::Hosted;
use std::rc::Rc;
use std::time::Duration;

/// Kafka's `LogManager.InitialTaskDelayMs`.
const FIRST_AFTER: Duration = Duration::from_secs(30);

/// Begins on this core.
pub(crate) fn start(core: &Rc<Core>) {
    let core = core.clone();
    let interval = core.config.retention_check_interval;
    spawn(Class::Background, async move {
        sleep(FIRST_AFTER.min(interval)).await;
        while !core.is_stopping() {
            check(&core).await;
            sleep(interval).await;
        }
    });
}

async fn check(core: &Core) {
    for (_, hosted) in core.partitions.all() {
        let Hosted::Online(partition) = hosted else { continue };
        if core.is_stopping() {
            return;
        }
        let (topic, index) = (partition.topic(), partition.index());
        match partition.retain().await {
            Ok(Some((from, to))) => tracing::info!(%topic, index, from, to, "deleted by retention"),
            Ok(None) => {}
            Err(error) => tracing::error!(%topic, index, "retention: {error}"),
        }
        ottla_io::yield_now().await;
    }
}
