//! Producer ids, given to brokers in blocks (KIP-730).

use super::{Decision, Error};
use crate::image::Image;
use crate::record::{ProducerIdsRecord, Record};

/// Kafka's block: a broker asks once per this many idempotent producers.
pub const BLOCK_LEN: i32 = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerIdsBlock {
    pub first_producer_id: i64,
    pub len: i32,
}

/// A block that nobody else gets, ever: what a crash leaves unused is lost.
/// # Errors
/// `BrokerIdNotRegistered`, `StaleBrokerEpoch`; `UnknownServer` when the ids are used up.
pub fn allocate(
    image: &Image,
    broker_id: i32,
    broker_epoch: i64,
) -> Result<Decision<ProducerIdsBlock>, Error> {
    let broker = image.broker(broker_id).ok_or_else(|| {
        Error::BrokerIdNotRegistered(format!("Broker ID {broker_id} is not currently registered"))
    })?;
    if broker.epoch != broker_epoch {
        return Err(Error::StaleBrokerEpoch(format!(
            "Expected broker epoch {}, but got broker epoch {broker_epoch}",
            broker.epoch
        )));
    }
    let first_producer_id = image.next_producer_id();
    let next_producer_id = first_producer_id.checked_add(i64::from(BLOCK_LEN)).ok_or_else(|| {
        Error::UnknownServer(
            "Exhausted all producerIds as the next block's end producerId has exceeded long type limit"
                .into(),
        )
    })?;
    let record = ProducerIdsRecord { broker_id, broker_epoch, next_producer_id };
    let block = ProducerIdsBlock { first_producer_id, len: BLOCK_LEN };
    Ok(Decision { records: vec![Record::ProducerIds(record)], reply: block })
}
