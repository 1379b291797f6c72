//! JoinGroup (key 11), v0-9. Classic groups only.
//!
//! v1: rebalance_timeout_ms. v4: a first join gets MEMBER_ID_REQUIRED (KIP-394). v5: static members (KIP-345). v7: the
//! protocol's type in the answer. v8: a reason, which is not kept. v9: skip_assignment (KIP-814).
//! The answer comes when the join phase ends.

use super::{Outcome, Request, count_errors};
use crate::core::Core;
use crate::groups;
use ottla_coordinator::{Client, Reply};
use ottla_io::local::Permit;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::{JoinGroupRequest, JoinGroupResponse};
use std::borrow::Cow;
use std::rc::Rc;

/// `memory` of the frame is given back while the others are waited for: what the group keeps is counted as the group's.
pub(crate) async fn serve(core: &Rc<Core>, request: Request, memory: &mut Permit) -> Outcome {
    let context = request.context.clone();
    let (member_id, asked) = match request.decode::<JoinGroupRequest<'_>>(core) {
        Ok(body) => (body.member_id.clone().into_owned(), begin(core, &request, &body).await),
        Err(reason) => return Outcome::Close(reason),
    };
    drop(request);
    memory.release(memory.units());
    let reply = match asked {
        Ok(asked) => asked.reply(core).await,
        Err(code) => Err(code),
    };
    let mut response = match reply {
        Ok(Reply::Join(response)) => response,
        Ok(Reply::Sync(_)) => refused(member_id, ErrorCode::UNKNOWN_SERVER_ERROR),
        Err(code) => refused(member_id, code),
    };
    if context.version < 7 && response.protocol_name.is_none() {
        response.protocol_name = Some(Cow::Borrowed(""));
    }
    count_errors(core, &context, &response);
    context.outcome(&response)
}

async fn begin(
    core: &Rc<Core>,
    request: &Request,
    body: &JoinGroupRequest<'_>,
) -> Result<groups::Asked, ErrorCode> {
    let forwarded = request.forward();
    let begun = groups::begin(core, &body.group_id, move |core, coordinator, waiter| {
        let (body, _memory): (JoinGroupRequest<'_>, _) = forwarded.decode(core)?;
        let (id, host) = (forwarded.client_id(), forwarded.client_host());
        let client = Client { id: &id, host: &host };
        coordinator.turn(core, |shard, turn, out| {
            shard.join(turn, &body, forwarded.version(), client, waiter, out);
        })
    });
    begun.await
}

fn refused(member_id: String, code: ErrorCode) -> JoinGroupResponse<'static> {
    JoinGroupResponse {
        error_code: code.0,
        protocol_name: None,
        member_id: Cow::Owned(member_id),
        ..JoinGroupResponse::default()
    }
}
