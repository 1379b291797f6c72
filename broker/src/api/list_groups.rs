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
use std::collections::BTreeSet;
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
    let (states, kinds) = (Filter::new(&body.states_filter), Filter::new(&body.types_filter));
    let (mut groups, mut is_loading) = (Vec::new(), false);
    for (listed, loading) in join_all(calls).await.into_iter().flatten() {
        let wanted = listed.into_iter().filter(|group| states.takes(group.state) && kinds.takes(group.kind));
        groups.extend(wanted.map(shown));
        is_loading |= loading;
    }
    let code = if is_loading { ErrorCode::COORDINATOR_LOAD_IN_PROGRESS } else { ErrorCode::NONE };
    if is_loading {
        groups.clear();
    }
    ListGroupsResponse { error_code: code.0, groups, ..ListGroupsResponse::default() }
}

/// What is asked for, in small letters; nothing stands for everything. A set, since a request may name a million.
struct Filter(BTreeSet<String>);

impl Filter {
    fn new(wanted: &[Cow<'_, str>]) -> Filter {
        Filter(wanted.iter().map(|wanted| wanted.to_ascii_lowercase()).collect())
    }

    fn takes(&self, own: &str) -> bool {
        self.0.is_empty() || self.0.contains(&own.to_ascii_lowercase())
    }
}

fn shown(group: Listed) -> ListedGroup<'static> {
    ListedGroup {
        group_id: Cow::Owned(group.group_id),
        protocol_type: Cow::Owned(group.protocol_type),
        group_state: Cow::Borrowed(group.state),
        group_type: Cow::Borrowed(group.kind),
    }
}
