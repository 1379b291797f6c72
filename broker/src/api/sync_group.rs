//! SyncGroup (key 14), v0-5. Classic groups only.
//!
//! v3: static members (KIP-345). v5: protocol type and name, without which nothing is answered (KIP-559).
//! A follower's answer comes when the leader has assigned.

use super::{Outcome, Request, count_errors};
use crate::core::Core;
use crate::groups;
use ottla_coordinator::Reply;
use ottla_io::local::Permit;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::{SyncGroupRequest, SyncGroupResponse};
use std::rc::Rc;

/// `memory` of the frame is given back while the leader is waited for.
pub(crate) async fn serve(core: &Rc<Core>, request: Request, memory: &mut Permit) -> Outcome {
    let context = request.context.clone();
    let asked = match request.decode::<SyncGroupRequest<'_>>(core) {
        Ok(body) => begin(core, &request, &body).await,
        Err(reason) => return Outcome::Close(reason),
    };
    drop(request);
    memory.release(memory.units());
    let reply = match asked {
        Ok(asked) => asked.reply(core).await,
        Err(code) => Err(code),
    };
    let response = match reply {
        Ok(Reply::Sync(response)) => response,
        Ok(Reply::Join(_)) => refused(ErrorCode::UNKNOWN_SERVER_ERROR),
        Err(code) => refused(code),
    };
    count_errors(core, &context, &response);
    context.outcome(&response)
}

async fn begin(
    core: &Rc<Core>,
    request: &Request,
    body: &SyncGroupRequest<'_>,
) -> Result<groups::Asked, ErrorCode> {
    if request.context.version >= 5 && (body.protocol_type.is_none() || body.protocol_name.is_none()) {
        return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    }
    let forwarded = request.forward();
    let begun = groups::begin(core, &body.group_id, move |core, coordinator, waiter| {
        let (body, _memory): (SyncGroupRequest<'_>, _) = forwarded.decode(core)?;
        coordinator.turn(core, |shard, turn, out| shard.sync(turn, &body, waiter, out))
    });
    begun.await
}

fn refused(code: ErrorCode) -> SyncGroupResponse<'static> {
    SyncGroupResponse { error_code: code.0, ..SyncGroupResponse::default() }
}
