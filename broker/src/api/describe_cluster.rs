//! DescribeCluster (key 60), v0-2.
//!
//! v1: brokers or controllers (KIP-919); here only brokers can be asked for. v2: fenced brokers too.

use super::Context;
use super::metadata::endpoint;
use super::operations::{CLUSTER_OPERATIONS, NOT_ASKED};
use crate::core::Core;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::DescribeClusterRequest;
use ottla_protocol::messages::describe_cluster_response::{DescribeClusterBroker, DescribeClusterResponse};
use std::borrow::Cow;
use std::rc::Rc;

const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

pub(crate) async fn handle(
    core: &Rc<Core>,
    context: &Context,
    request: DescribeClusterRequest,
) -> DescribeClusterResponse<'static> {
    if let Some((code, why)) = refusal(request.endpoint_type) {
        return DescribeClusterResponse {
            error_code: code.0,
            error_message: Some(Cow::Owned(why)),
            ..DescribeClusterResponse::default()
        };
    }
    let image = core.image();
    let brokers = image
        .brokers()
        .filter(|broker| request.include_fenced_brokers || !broker.fenced)
        .filter_map(|broker| endpoint(core, context, broker))
        .map(|(broker, host, port)| DescribeClusterBroker {
            broker_id: broker.id,
            host: Cow::Owned(host),
            port,
            rack: broker.rack.clone().map(Cow::Owned),
            is_fenced: broker.fenced,
        });
    DescribeClusterResponse {
        error_message: None,
        cluster_id: Cow::Owned(image.cluster_id().to_owned()),
        controller_id: core.node_id(),
        brokers: brokers.collect(),
        cluster_authorized_operations: if request.include_cluster_authorized_operations {
            CLUSTER_OPERATIONS
        } else {
            NOT_ASKED
        },
        ..DescribeClusterResponse::default()
    }
}

fn refusal(endpoint_type: i8) -> Option<(ErrorCode, String)> {
    match endpoint_type {
        BROKERS => None,
        CONTROLLERS => Some((
            ErrorCode::MISMATCHED_ENDPOINT_TYPE,
            "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER"
                .to_owned(),
        )),
        other => Some((ErrorCode::UNSUPPORTED_ENDPOINT_TYPE, format!("Unsupported endpoint type {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_brokers_can_be_asked_for() {
        let code = |endpoint_type| refusal(endpoint_type).map(|(code, _)| code);
        assert_eq!(code(1), None);
        assert_eq!(code(2), Some(ErrorCode::MISMATCHED_ENDPOINT_TYPE));
        for other in [i8::MIN, -1, 0, 3, i8::MAX] {
            assert_eq!(code(other), Some(ErrorCode::UNSUPPORTED_ENDPOINT_TYPE), "{other}");
        }
    }
}
