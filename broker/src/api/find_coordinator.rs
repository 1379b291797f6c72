//! FindCoordinator (key 10), v0-6.
//!
//! v1: transactions. v4: many keys. v6: share groups.
//! The first that asks for a group creates `__consumer_offsets`. Not served: coordinators of transactions and share
//! groups. Whoever asks for one learns that it is not available, which clients take for something to try again later.

use super::{Context, auto_creation, metadata};
use crate::core::Core;
use crate::groups;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::FindCoordinatorRequest;
use ottla_protocol::messages::find_coordinator_response::{Coordinator, FindCoordinatorResponse};
use std::borrow::Cow;
use std::rc::Rc;

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const SHARE: i8 = 2;

const NOT_SERVED: &str = "This broker does not coordinate transactions or share groups yet.";

/// A node, or a code and what is said of it.
type Found = Result<Node, (ErrorCode, &'static str)>;

struct Node {
    id: i32,
    host: String,
    port: i32,
}

pub(crate) async fn handle(
    core: &Rc<Core>,
    context: &Context,
    request: FindCoordinatorRequest<'_>,
) -> FindCoordinatorResponse<'static> {
    let has_keys = context.version < 4 || !request.coordinator_keys.is_empty();
    if request.key_type == GROUP && has_keys && core.image().topic_by_name(groups::TOPIC).is_none() {
        auto_creation::create_missing(core, std::iter::once(groups::TOPIC)).await;
    }
    // A request of version 0 is about a group: the field has 0 then.
    if context.version < 4 {
        return match find(core, context, request.key_type, &request.key) {
            Ok(Node { id, host, port }) => FindCoordinatorResponse {
                error_message: Some(Cow::Borrowed(ErrorCode::NONE.message())),
                node_id: id,
                host: Cow::Owned(host),
                port,
                ..FindCoordinatorResponse::default()
            },
            Err((code, message)) => FindCoordinatorResponse {
                error_code: code.0,
                error_message: Some(Cow::Borrowed(message)),
                node_id: -1,
                port: -1,
                ..FindCoordinatorResponse::default()
            },
        };
    }
    let coordinators = request.coordinator_keys.iter().map(|key| {
        let shown = Cow::Owned(key.clone().into_owned());
        match find(core, context, request.key_type, key) {
            Ok(Node { id, host, port }) => Coordinator {
                key: shown,
                node_id: id,
                host: Cow::Owned(host),
                port,
                ..Coordinator::default()
            },
            Err((code, message)) => Coordinator {
                key: shown,
                node_id: -1,
                port: -1,
                error_code: code.0,
                error_message: Some(Cow::Borrowed(message)),
                ..Coordinator::default()
            },
        }
    });
    FindCoordinatorResponse { coordinators: coordinators.collect(), ..FindCoordinatorResponse::default() }
}

fn find(core: &Core, context: &Context, key_type: i8, key: &str) -> Found {
    check(context.version, key_type, key)?;
    let image = core.image();
    let node = groups::coordinator_of(&image, key).and_then(|leader| {
        let broker = image.broker(leader)?;
        let (broker, host, port) = metadata::endpoint(core, context, broker)?;
        Some(Node { id: broker.id, host, port })
    });
    node.ok_or((ErrorCode::COORDINATOR_NOT_AVAILABLE, ErrorCode::COORDINATOR_NOT_AVAILABLE.message()))
}

/// Whether the key is that of a group.
fn check(version: i16, key_type: i8, key: &str) -> Result<(), (ErrorCode, &'static str)> {
    const MALFORMED: &str = "This most likely occurs because of a request being malformed by the client library or the \
         message was sent to an incompatible broker. See the broker logs for more details.";
    match key_type {
        GROUP => Ok(()),
        TRANSACTION => Err((ErrorCode::COORDINATOR_NOT_AVAILABLE, NOT_SERVED)),
        SHARE if version >= 6 && is_share_partition(key) => {
            Err((ErrorCode::COORDINATOR_NOT_AVAILABLE, NOT_SERVED))
        }
        // Kafka has no text for a share group's key among many.
        SHARE if version >= 4 => Err((ErrorCode::INVALID_REQUEST, "")),
        _ => Err((ErrorCode::INVALID_REQUEST, MALFORMED)),
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
        let code = |version, key_type, key| check(version, key_type, key).err().map(|(code, _)| code);
        let share = "my:group:sXm9wOxnQs2nJ3qt_Ll2WA:3";
        for version in 0..=6 {
            assert_eq!(code(version, GROUP, "g"), None);
            assert_eq!(code(version, -1, "g"), Some(ErrorCode::INVALID_REQUEST));
            assert_eq!(code(version, 3, "g"), Some(ErrorCode::INVALID_REQUEST));
            assert_eq!(code(version, SHARE, "g"), Some(ErrorCode::INVALID_REQUEST));
        }
        assert_eq!(code(1, TRANSACTION, "t"), Some(ErrorCode::COORDINATOR_NOT_AVAILABLE));
        assert_eq!(code(5, SHARE, share), Some(ErrorCode::INVALID_REQUEST));
        assert_eq!(code(6, SHARE, share), Some(ErrorCode::COORDINATOR_NOT_AVAILABLE));
        for bad in ["g:sXm9wOxnQs2nJ3qt_Ll2WA:-1", "g:sXm9:0", ":sXm9wOxnQs2nJ3qt_Ll2WA:0", "::", ""] {
            assert_eq!(code(6, SHARE, bad), Some(ErrorCode::INVALID_REQUEST), "{bad}");
        }
    }
}
