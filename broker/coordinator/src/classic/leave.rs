//! LeaveGroup: members that go, and static ones that an administrator takes out by their instance ids.

use super::Scope;
use crate::timers::GroupTimer;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::leave_group_request::MemberIdentity;
use ottla_protocol::messages::leave_group_response::MemberResponse;
use std::borrow::Cow;

impl Scope<'_> {
    pub(crate) fn leave(&mut self, members: &[MemberIdentity<'_>]) -> Vec<MemberResponse<'static>> {
        let mut removed = false;
        let responses = members
            .iter()
            .map(|member| {
                let code = match self.leave_one(member) {
                    Ok(()) => {
                        removed = true;
                        ErrorCode::NONE
                    }
                    Err(code) => code,
                };
                left(member, code)
            })
            .collect();
        // All of them make one rebalance.
        if removed {
            self.after_removal();
        }
        responses
    }

    fn leave_one(&mut self, member: &MemberIdentity<'_>) -> Result<(), ErrorCode> {
        let (member_id, instance_id) = (&*member.member_id, member.group_instance_id.as_deref());
        if member_id.is_empty() {
            let found =
                instance_id.and_then(|instance_id| self.group.static_members.get(instance_id).cloned());
            let found = found.ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
            self.remove_member(&found);
            return Ok(());
        }
        if self.group.pending_join.remove(member_id) {
            self.cancel_timer(GroupTimer::Session(member_id.into()));
            return Ok(());
        }
        self.group.validate_member(member_id, instance_id)?;
        self.remove_member(member_id);
        Ok(())
    }
}

/// What a request of `member` is answered with.
pub(crate) fn left(member: &MemberIdentity<'_>, code: ErrorCode) -> MemberResponse<'static> {
    MemberResponse {
        member_id: Cow::Owned(member.member_id.clone().into_owned()),
        group_instance_id: member.group_instance_id.as_ref().map(|id| Cow::Owned(id.clone().into_owned())),
        error_code: code.0,
    }
}
