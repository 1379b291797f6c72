//! ListGroups (key 16), v0-5.
//!
//! v4: by state (KIP-518). v5: by type (KIP-848).

use super::Request;
use crate::core::Core;
use futures_util::future::join_all;
use ottla_coordinator::Shard;
use ottla_coordinator::requests::Listed;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::list_groups_response::ListedGroup;
use ottla_protocol::messages::{ListGroupsRequest, ListGroupsResponse};
use std::borrow::Cow;
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    _: &Request,
    body: ListGroupsRequest<'_>,
) -> ListGroupsResponse<'static> {
    let calls = core.mesh.shards().map(|shard| {
        core.call(shard, |core| async move {
            let coordinators = core.groups.active();
            let listed = coordinators.iter().flat_map(|coordinator| coordinator.look(Shard::list));
            (listed.collect::<Vec<Listed>>(), core.groups.is_loading())
        })
    });
    let (mut groups, mut is_loading) = (Vec::new(), false);
    for (listed, loading) in join_all(calls).await.into_iter().flatten() {
        groups.extend(listed.into_iter().filter(|group| is_wanted(&body, group)).map(shown));
        is_loading |= loading;
    }
    let code = if is_loading { ErrorCode::COORDINATOR_LOAD_IN_PROGRESS } else { ErrorCode::NONE };
    if is_loading {
        groups.clear();
    }
    ListGroupsResponse { error_code: code.0, groups, ..ListGroupsResponse::default() }
}

/// No filter lets everything through.
fn is_wanted(body: &ListGroupsRequest<'_>, group: &Listed) -> bool {
    let among = |filter: &[Cow<'_, str>], own: &str| {
        filter.is_empty() || filter.iter().any(|wanted| wanted.eq_ignore_ascii_case(own))
    };
    among(&body.states_filter, group.state) && among(&body.types_filter, group.kind)
}

fn shown(group: Listed) -> ListedGroup<'static> {
    ListedGroup {
        group_id: Cow::Owned(group.group_id),
        protocol_type: Cow::Owned(group.protocol_type),
        group_state: Cow::Borrowed(group.state),
        group_type: Cow::Borrowed(group.kind),
    }
}
