//! SyncGroup (key 14), v0-5. Classic groups only.
//!
//! v3: static members (KIP-345). v5: protocol type and name, without which nothing is answered (KIP-559).
//! A follower's answer comes when the leader has assigned.

use super::Request;
use crate::core::Core;
use crate::groups;
use ottla_coordinator::Reply;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::{SyncGroupRequest, SyncGroupResponse};
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    request: &Request,
    body: SyncGroupRequest<'_>,
) -> SyncGroupResponse<'static> {
    if request.context.version >= 5 && (body.protocol_type.is_none() || body.protocol_name.is_none()) {
        let error_code = ErrorCode::INCONSISTENT_GROUP_PROTOCOL.0;
        return SyncGroupResponse { error_code, ..SyncGroupResponse::default() };
    }
    let forwarded = request.forward();
    let synced = groups::ask(core, &body.group_id, move |core, coordinator| async move {
        let (waiter, parked) = coordinator.park();
        {
            let body: SyncGroupRequest<'_> = forwarded.decode()?;
            coordinator.turn(&core, |shard, turn, out| shard.sync(turn, &body, waiter, out))?;
        }
        match parked.answer(&core).await? {
            Reply::Sync(response) => Ok(response),
            Reply::Join(_) => Err(ErrorCode::UNKNOWN_SERVER_ERROR),
        }
    });
    synced
        .await
        .unwrap_or_else(|code| SyncGroupResponse { error_code: code.0, ..SyncGroupResponse::default() })
}
