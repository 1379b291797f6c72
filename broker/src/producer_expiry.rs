//! Forgets producers that have been silent for `producer.id.expiration.ms`: each core looks after its own partitions, every
//! `producer.id.expiration.check.interval.ms`. One timer a core, not one a partition; who has an open transaction stays.

use crate::core::Core;
use ottla_io::{Class, sleep, spawn};
use ottla_shard::Hosted;
use std::rc::Rc;

/// Begins on this core.
pub(crate) fn start(core: &Rc<Core>) {
    let core = core.clone();
    let interval = core.config.producer_expiration_check_interval;
    spawn(Class::Background, async move {
        loop {
            sleep(interval).await;
            if core.is_stopping() {
                return;
            }
            for (_, hosted) in core.partitions.all() {
                if let Hosted::Online(partition) = hosted {
                    partition.expire_producers();
                    ottla_io::yield_now().await;
                }
            }
        }
    });
}
