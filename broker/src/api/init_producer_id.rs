//! InitProducerId (key 22), v0-5, without a transactional id.
//!
//! v3: the id and epoch that the producer has. Without a transactional id they change nothing: it gets a new id.
//! Not served: transactional producers, who are told that there is no coordinator (yet).
//!
//! The ids of a core come from blocks that the controller has committed to this broker, so that none is given twice,
//! whatever crashes.

use super::Context;
use crate::core::Core;
use ottla_io::local::Event;
use ottla_metadata::decide::Decision;
use ottla_metadata::decide::producer_ids::{self, ProducerIdsBlock};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};
use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    _: &Context,
    request: InitProducerIdRequest<'_>,
) -> InitProducerIdResponse {
    let given = match check(&request) {
        Ok(()) => core.producer_ids.next(core).await,
        Err(code) => Err(code),
    };
    match given {
        Ok(producer_id) => {
            InitProducerIdResponse { producer_id, producer_epoch: 0, ..InitProducerIdResponse::default() }
        }
        Err(code) => InitProducerIdResponse {
            error_code: code.0,
            producer_id: -1,
            producer_epoch: -1,
            ..InitProducerIdResponse::default()
        },
    }
}

fn check(request: &InitProducerIdRequest<'_>) -> Result<(), ErrorCode> {
    if (request.producer_id == -1) != (request.producer_epoch == -1) {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    match request.transactional_id.as_deref() {
        None => Ok(()),
        Some("") => Err(ErrorCode::INVALID_REQUEST),
        Some(_) => Err(ErrorCode::COORDINATOR_NOT_AVAILABLE),
    }
}

/// One core's pool.
#[derive(Default)]
pub(crate) struct ProducerIds {
    left: Cell<Range<i64>>,
    /// Somebody asks the controller for a block: the others wait for that one.
    is_asking: Cell<bool>,
    asked: Event,
}

impl ProducerIds {
    /// An id that nobody else ever gets.
    /// # Errors
    /// COORDINATOR_LOAD_IN_PROGRESS, after which clients try again: the controller gives no block now.
    pub(crate) async fn next(&self, core: &Rc<Core>) -> Result<i64, ErrorCode> {
        loop {
            if let Some(id) = self.take() {
                return Ok(id);
            }
            let asked = self.asked.wait();
            if self.is_asking.get() {
                asked.await;
                continue;
            }
            let _asking = Asking::begin(self);
            let block = allocate(core).await.map_err(|reason| {
                tracing::warn!("no producer ids: {reason}");
                ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            })?;
            let first = block.first_producer_id;
            self.left.set(first..first.saturating_add(i64::from(block.len)));
        }
    }

    fn take(&self) -> Option<i64> {
        let mut left = self.left.take();
        let id = left.next();
        self.left.set(left);
        id
    }
}

/// Ends with the question, also when the asker's connection goes away halfway.
struct Asking<'a>(&'a ProducerIds);

impl<'a> Asking<'a> {
    fn begin(ids: &'a ProducerIds) -> Asking<'a> {
        ids.is_asking.set(true);
        Asking(ids)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.is_asking.set(false);
        self.0.asked.notify_all();
    }
}

async fn allocate(core: &Rc<Core>) -> Result<ProducerIdsBlock, String> {
    let identity = core.identity().clone();
    let decided = core.decide(move |image, _| {
        let block = producer_ids::allocate(image, identity.node_id, identity.broker_epoch);
        Decision::from_result(block)
    });
    match decided.await {
        Ok(block) => block.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_producer_may_ask_is_refused() {
        for (transactional_id, producer_id, producer_epoch, expected) in [
            (None, -1, -1, Ok(())),
            (None, 5, 3, Ok(())),
            (None, 5, -1, Err(ErrorCode::INVALID_REQUEST)),
            (None, -1, 3, Err(ErrorCode::INVALID_REQUEST)),
            (Some(""), -1, -1, Err(ErrorCode::INVALID_REQUEST)),
            (Some("t"), -1, 3, Err(ErrorCode::INVALID_REQUEST)),
            (Some("t"), -1, -1, Err(ErrorCode::COORDINATOR_NOT_AVAILABLE)),
        ] {
            let request = InitProducerIdRequest {
                transactional_id: transactional_id.map(Into::into),
                producer_id,
                producer_epoch,
                ..InitProducerIdRequest::default()
            };
            assert_eq!(check(&request), expected, "{request:?}");
        }
    }

    #[test]
    fn a_block_is_given_out_once_from_its_first_to_its_last_id() {
        let ids = ProducerIds::default();
        assert_eq!(ids.take(), None);
        ids.left.set(7..9);
        assert_eq!([ids.take(), ids.take(), ids.take()], [Some(7), Some(8), None]);
    }
}
