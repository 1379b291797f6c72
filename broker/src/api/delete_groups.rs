//! DeleteGroups (key 42), v0-2: groups without members, and their offsets.

use super::Request;
use crate::core::Core;
use crate::groups;
use futures_util::{StreamExt, stream};
use ottla_protocol::messages::delete_groups_response::DeletableGroupResult;
use ottla_protocol::messages::{DeleteGroupsRequest, DeleteGroupsResponse};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Groups of one request that are asked at a time.
const GROUPS_AT_ONCE: usize = 16;

pub(crate) async fn handle(
    core: &Rc<Core>,
    _: &Request,
    body: DeleteGroupsRequest<'_>,
) -> DeleteGroupsResponse<'static> {
    // One that is named twice is deleted once.
    let mut named = BTreeSet::new();
    let ids = body.groups_names.iter().filter(|id| named.insert(&***id));
    let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    let results = stream::iter(ids).map(|id| async move {
        let asked = id.clone();
        let deleted = groups::ask(core, &id, move |core, coordinator| async move {
            coordinator.turn(&core, |shard, turn, out| shard.delete_group(turn, &asked, out))??;
            coordinator.durable().await
        });
        let error_code = deleted.await.err().map_or(0, |code| code.0);
        DeletableGroupResult { group_id: Cow::Owned(id), error_code }
    });
    let results = results.buffered(GROUPS_AT_ONCE).collect().await;
    DeleteGroupsResponse { results, ..DeleteGroupsResponse::default() }
}
