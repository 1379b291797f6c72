//! Heartbeat, and commits that count as one.

use super::{Scope, State};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::HeartbeatRequest;

impl Scope<'_> {
    pub(crate) fn heartbeat(&mut self, request: &HeartbeatRequest<'_>) -> ErrorCode {
        let group = &*self.group;
        if let Err(code) = group.validate_member(&request.member_id, request.group_instance_id.as_deref()) {
            return code;
        }
        if request.generation_id != group.generation {
            return ErrorCode::ILLEGAL_GENERATION;
        }
        let code = match group.state {
            State::Empty => return ErrorCode::UNKNOWN_MEMBER_ID,
            State::PreparingRebalance => ErrorCode::REBALANCE_IN_PROGRESS,
            State::CompletingRebalance | State::Stable => ErrorCode::NONE,
        };
        self.renew_session(&request.member_id);
        code
    }

    /// Whether a member may commit, or somebody outside the group. A member that may is alive.
    /// # Errors
    /// UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS.
    pub(crate) fn admit_commit(
        &mut self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> Result<(), ErrorCode> {
        let group = &*self.group;
        // A tool, or a consumer that does not use the group to share partitions.
        if generation < 0 && group.state == State::Empty {
            return Ok(());
        }
        group.validate_member(member_id, instance_id)?;
        if generation != group.generation {
            return Err(ErrorCode::ILLEGAL_GENERATION);
        }
        // While members are still joining, the owners of the last generation may finish.
        if group.state == State::CompletingRebalance {
            return Err(ErrorCode::REBALANCE_IN_PROGRESS);
        }
        self.renew_session(member_id);
        Ok(())
    }
}
