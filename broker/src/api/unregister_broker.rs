//! UnregisterBroker (key 64), v0: takes a broker off the cluster that will not come back (KIP-500).
//!
//! This node itself is refused: it serves, and its partitions would have no leader. Kafka lets it go, and the broker ends.

use super::{Context, code_of};
use crate::core::Core;
use ottla_metadata::decide::Decision;
use ottla_metadata::decide::brokers::unregister_broker;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::{UnregisterBrokerRequest, UnregisterBrokerResponse};
use std::borrow::Cow;
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    _: &Context,
    request: UnregisterBrokerRequest,
) -> UnregisterBrokerResponse<'static> {
    let broker_id = request.broker_id;
    let (error_code, why) = if broker_id == core.node_id() {
        let why = format!("Broker {broker_id} serves this request: stop it before it is unregistered");
        (ErrorCode::INVALID_REQUEST.0, Some(why))
    } else {
        let decided = core.decide(move |image, _| match unregister_broker(image, broker_id) {
            Ok(Decision { records, reply }) => Decision { records, reply: Ok(reply) },
            Err(error) => Decision { records: Vec::new(), reply: Err(error) },
        });
        match decided.await {
            Ok(Ok(())) => (ErrorCode::NONE.0, None),
            Ok(Err(error)) => (code_of(&error), Some(error.to_string())),
            Err(error) => (code_of(&error), Some(error.to_string())),
        }
    };
    UnregisterBrokerResponse { error_code, error_message: why.map(Cow::Owned), ..Default::default() }
}
