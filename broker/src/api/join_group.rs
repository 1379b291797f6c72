//! JoinGroup (key 11), v0-9. Classic groups only.
//!
//! v1: rebalance_timeout_ms. v4: a first join gets MEMBER_ID_REQUIRED (KIP-394). v5: static members (KIP-345). v7: the
//! protocol's type in the answer. v8: a reason, which is not kept. v9: skip_assignment (KIP-814).
//! The answer comes when the join phase ends.

use super::Request;
use crate::core::Core;
use crate::groups;
use ottla_coordinator::{Client, Reply};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::{JoinGroupRequest, JoinGroupResponse};
use std::borrow::Cow;
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    request: &Request,
    body: JoinGroupRequest<'_>,
) -> JoinGroupResponse<'static> {
    let forwarded = request.forward();
    let joined = groups::ask(core, &body.group_id, move |core, coordinator| async move {
        let (waiter, parked) = coordinator.park();
        {
            let body: JoinGroupRequest<'_> = forwarded.decode()?;
            let (id, host) = (forwarded.client_id(), forwarded.client_host());
            let client = Client { id: &id, host: &host };
            coordinator.turn(&core, |shard, turn, out| {
                shard.join(turn, &body, forwarded.version(), client, waiter, out);
            })?;
        }
        match parked.answer(&core).await? {
            Reply::Join(response) => Ok(response),
            Reply::Sync(_) => Err(ErrorCode::UNKNOWN_SERVER_ERROR),
        }
    });
    let mut response = joined.await.unwrap_or_else(|code| JoinGroupResponse {
        error_code: code.0,
        protocol_name: None,
        member_id: Cow::Owned(body.member_id.clone().into_owned()),
        ..JoinGroupResponse::default()
    });
    if request.context.version < 7 && response.protocol_name.is_none() {
        response.protocol_name = Some(Cow::Borrowed(""));
    }
    response
}
