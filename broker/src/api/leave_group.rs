//! LeaveGroup (key 13), v0-5. Classic groups only.
//!
//! v3: several members, and static ones by their instance ids alone (KIP-345). v5: a reason, which is not kept.

use super::Request;
use crate::core::Core;
use crate::groups;
use ottla_protocol::messages::leave_group_request::MemberIdentity;
use ottla_protocol::messages::leave_group_response::MemberResponse;
use ottla_protocol::messages::{LeaveGroupRequest, LeaveGroupResponse};
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    request: &Request,
    body: LeaveGroupRequest<'_>,
) -> LeaveGroupResponse<'static> {
    let version = request.context.version;
    let forwarded = request.forward();
    let left = groups::ask(core, &body.group_id, move |core, coordinator| async move {
        let left = {
            let (body, _memory): (LeaveGroupRequest<'_>, _) = forwarded.decode(&core)?;
            let one = [MemberIdentity { member_id: body.member_id.clone(), ..MemberIdentity::default() }];
            let members = if forwarded.version() < 3 { &one[..] } else { &body.members };
            coordinator.turn(&core, |shard, turn, out| shard.leave(turn, &body.group_id, members, out))??
        };
        coordinator.durable().await?;
        Ok(left)
    });
    match left.await {
        Err(code) => LeaveGroupResponse { error_code: code.0, ..LeaveGroupResponse::default() },
        // Before v3 there is one member, and its code is the answer's.
        Ok(members) if version < 3 => {
            let of_member = |member: &MemberResponse<'_>| member.error_code;
            let error_code = members.first().map_or(0, of_member);
            LeaveGroupResponse { error_code, ..LeaveGroupResponse::default() }
        }
        Ok(members) => LeaveGroupResponse { members, ..LeaveGroupResponse::default() },
    }
}
