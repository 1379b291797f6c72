//! FindCoordinator (key 10), v0-6.
//!
//! v1: transactions. v4: many keys. v6: share groups.
//! Not served: coordinators. Whoever asks for one learns that it is not available, which clients take for something
//! to try again later.

use super::Context;
use crate::core::Core;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::FindCoordinatorRequest;
use ottla_protocol::messages::find_coordinator_response::{Coordinator, FindCoordinatorResponse};
use std::borrow::Cow;
use std::rc::Rc;

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const SHARE: i8 = 2;

const NOT_SERVED: &str = "This broker does not coordinate groups or transactions yet.";

pub(crate) async fn handle(
    _: &Rc<Core>,
    context: &Context,
    request: FindCoordinatorRequest<'_>,
) -> FindCoordinatorResponse<'static> {
    // A request of version 0 is about a group: the field has 0 then.
    let answer = |key: &str| find(context.version, request.key_type, key);
    if context.version < 4 {
        let (code, message) = answer(&request.key);
        return FindCoordinatorResponse {
            error_code: code.0,
            error_message: Some(Cow::Borrowed(message)),
            node_id: -1,
            port: -1,
            ..FindCoordinatorResponse::default()
        };
    }
    let coordinators = request.coordinator_keys.iter().map(|key| {
        let (code, message) = answer(key);
        Coordinator {
            key: Cow::Owned(key.clone().into_owned()),
            node_id: -1,
            port: -1,
            error_code: code.0,
            error_message: Some(Cow::Borrowed(message)),
            ..Coordinator::default()
        }
    });
    FindCoordinatorResponse { coordinators: coordinators.collect(), ..FindCoordinatorResponse::default() }
}

fn find(version: i16, key_type: i8, key: &str) -> (ErrorCode, &'static str) {
    const MALFORMED: &str = "This most likely occurs because of a request being malformed by the client library or the \
         message was sent to an incompatible broker. See the broker logs for more details.";
    match key_type {
        GROUP | TRANSACTION => (ErrorCode::COORDINATOR_NOT_AVAILABLE, NOT_SERVED),
        SHARE if version >= 6 && is_share_partition(key) => {
            (ErrorCode::COORDINATOR_NOT_AVAILABLE, NOT_SERVED)
        }
        // Kafka has no text for a share group's key among many.
        SHARE if version >= 4 => (ErrorCode::INVALID_REQUEST, ""),
        _ => (ErrorCode::INVALID_REQUEST, MALFORMED),
    }
}

/// `GROUP:TOPIC_ID:PARTITION`, where the group may hold colons itself.
fn is_share_partition(key: &str) -> bool {
    let mut parts = key.rsplitn(3, ':');
    let (partition, topic, group) = (parts.next(), parts.next(), parts.next());
    partition.is_some_and(|partition| partition.parse::<i32>().is_ok_and(|index| index >= 0))
        && topic.is_some_and(|topic| topic.parse::<ottla_metadata::Uuid>().is_ok())
        && group.is_some_and(|group| !group.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_key_decides() {
        let code = |version, key_type, key| find(version, key_type, key).0;
        let share = "my:group:sXm9wOxnQs2nJ3qt_Ll2WA:3";
        for version in 0..=6 {
            assert_eq!(code(version, GROUP, "g"), ErrorCode::COORDINATOR_NOT_AVAILABLE);
            assert_eq!(code(version, -1, "g"), ErrorCode::INVALID_REQUEST);
            assert_eq!(code(version, 3, "g"), ErrorCode::INVALID_REQUEST);
            assert_eq!(code(version, SHARE, "g"), ErrorCode::INVALID_REQUEST);
        }
        assert_eq!(code(1, TRANSACTION, "t"), ErrorCode::COORDINATOR_NOT_AVAILABLE);
        assert_eq!(code(5, SHARE, share), ErrorCode::INVALID_REQUEST);
        assert_eq!(code(6, SHARE, share), ErrorCode::COORDINATOR_NOT_AVAILABLE);
        for bad in ["g:sXm9wOxnQs2nJ3qt_Ll2WA:-1", "g:sXm9:0", ":sXm9wOxnQs2nJ3qt_Ll2WA:0", "::", ""] {
            assert_eq!(code(6, SHARE, bad), ErrorCode::INVALID_REQUEST, "{bad}");
        }
    }
}
