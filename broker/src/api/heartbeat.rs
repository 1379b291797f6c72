//! Heartbeat (key 12), v0-4. Classic groups only.
//!
//! v3: static members (KIP-345).

use super::Request;
use crate::core::Core;
use crate::groups;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::{HeartbeatRequest, HeartbeatResponse};
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    request: &Request,
    body: HeartbeatRequest<'_>,
) -> HeartbeatResponse {
    let forwarded = request.forward();
    let answered = groups::ask(core, &body.group_id, move |core, coordinator| async move {
        let (body, _memory): (HeartbeatRequest<'_>, _) = forwarded.decode(&core)?;
        coordinator.turn(&core, |shard, turn, out| shard.heartbeat(turn, &body, out))
    });
    let code = match answered.await {
        // A member that is alive need not know of it.
        Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS) => ErrorCode::NONE,
        Ok(code) | Err(code) => code,
    };
    HeartbeatResponse { error_code: code.0, ..HeartbeatResponse::default() }
}
