//! DescribeGroups (key 15), v0-6. Classic groups.
//!
//! v3: authorized operations. v4: static members. v6: a group that is not there is GROUP_ID_NOT_FOUND, not Dead.

use super::Request;
use super::operations::{GROUP_OPERATIONS, NOT_ASKED};
use super::repeats::Repeats;
use crate::core::Core;
use crate::groups;
use futures_util::{StreamExt, stream};
use ottla_protocol::messages::describe_groups_response::DescribedGroup;
use ottla_protocol::messages::{DescribeGroupsRequest, DescribeGroupsResponse};
use std::borrow::Cow;
use std::rc::Rc;

/// Groups of one request that are asked at a time.
const GROUPS_AT_ONCE: usize = 16;

pub(crate) async fn handle(
    core: &Rc<Core>,
    request: &Request,
    body: DescribeGroupsRequest<'_>,
) -> DescribeGroupsResponse<'static> {
    let version = request.context.version;
    let operations = if body.include_authorized_operations { GROUP_OPERATIONS } else { NOT_ASKED };
    let mut repeats = Repeats::new();
    let ids = body.groups.iter().filter(|id| repeats.allow(&***id));
    let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    let groups = stream::iter(ids).map(|id| async move {
        let asked = id.clone();
        let described = groups::ask(core, &id, move |_, coordinator| async move {
            Ok(coordinator.look(|shard| shard.describe(&asked, version)))
        });
        match described.await {
            Ok(described) if described.error_code == 0 => {
                DescribedGroup { authorized_operations: operations, ..described }
            }
            Ok(unknown) => unknown,
            Err(code) => {
                DescribedGroup { error_code: code.0, group_id: Cow::Owned(id), ..DescribedGroup::default() }
            }
        }
    });
    let groups = groups.buffered(GROUPS_AT_ONCE).collect().await;
    DescribeGroupsResponse { groups, ..DescribeGroupsResponse::default() }
}
