//! ListGroups (key 16), v0-5.
//!
//! v4: by state (KIP-518). v5: by type (KIP-848).
//! A core looks at some groups at a time. What the answer takes is counted before it is made, by a first look: a hundred thousand
//! groups are some ten megabytes, for each who asks.

use super::{Answer, Outcome, Request, count_errors};
use crate::core::Core;
use crate::groups;
use futures_util::future::join_all;
use ottla_coordinator::requests::Listed;
use ottla_io::yield_now;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::list_groups_response::ListedGroup;
use ottla_protocol::messages::{ListGroupsRequest, ListGroupsResponse};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

/// Groups that a core looks at before others have their turn.
const LOOKED_AT_PER_TURN: usize = 1_024;
/// What a group takes in the answer beside its texts, twice: as a message, and written.
const GROUP_BYTES: usize = 2 * 96;

pub(crate) async fn serve(core: &Rc<Core>, request: &Request) -> Outcome {
    let filters = match request.decode::<ListGroupsRequest<'_>>(core) {
        Ok(body) => Arc::new(Filters::new(&body)),
        Err(reason) => return Outcome::Close(reason),
    };
    let counted = of_all(core, &filters, 0_usize, |bytes, listed| *bytes += bytes_of(listed));
    let bytes: usize = counted.await.into_iter().map(|(bytes, _)| bytes).sum();
    let permit = core.admit_response(bytes).await;
    let listed = of_all(core, &filters, Vec::new(), |groups, listed| groups.push(shown(listed)));
    let (mut groups, mut is_loading) = (Vec::new(), false);
    for (of_core, loading) in listed.await {
        groups.extend(of_core);
        is_loading |= loading;
    }
    let code = if is_loading { ErrorCode::COORDINATOR_LOAD_IN_PROGRESS } else { ErrorCode::NONE };
    if is_loading {
        groups.clear();
    }
    let response = ListGroupsResponse { error_code: code.0, groups, ..ListGroupsResponse::default() };
    count_errors(core, &request.context, &response);
    match request.context.encode(&response) {
        Ok(mut response) => {
            response.permit = Some(permit);
            Outcome::Answer(Answer::Ready(response))
        }
        Err(reason) => Outcome::Close(reason),
    }
}

/// What `add` makes of the wanted groups of each core, and whether some are still loaded there.
async fn of_all<T: Clone + Send + 'static>(
    core: &Rc<Core>,
    filters: &Arc<Filters>,
    none: T,
    add: fn(&mut T, &Listed),
) -> Vec<(T, bool)> {
    let calls = core.mesh.shards().map(|shard| {
        let (filters, mut result) = (filters.clone(), none.clone());
        core.call(shard, move |core| async move {
            for coordinator in core.groups.active() {
                let mut after = None;
                while let Some(last) = look(&coordinator, after.as_ref(), |listed| {
                    if filters.take(listed) {
                        add(&mut result, listed);
                    }
                }) {
                    after = Some(last);
                    yield_now().await;
                }
            }
            (result, core.groups.is_loading())
        })
    });
    join_all(calls).await.into_iter().flatten().collect()
}

/// Looks at some groups behind `after`; the last of them, unless there are no more.
fn look(
    coordinator: &groups::Coordinator,
    after: Option<&Rc<str>>,
    mut each: impl FnMut(&Listed),
) -> Option<Rc<str>> {
    coordinator.look(|shard| {
        let mut last = None;
        for listed in shard.list(after).take(LOOKED_AT_PER_TURN) {
            each(&listed);
            last = Some(listed.group_id);
        }
        last
    })
}

/// What is asked for.
struct Filters {
    states: Filter,
    kinds: Filter,
}

impl Filters {
    fn new(body: &ListGroupsRequest<'_>) -> Filters {
        Filters { states: Filter::new(&body.states_filter), kinds: Filter::new(&body.types_filter) }
    }

    fn take(&self, group: &Listed) -> bool {
        self.states.takes(group.state) && self.kinds.takes(group.kind)
    }
}

/// Names in small letters; nothing stands for everything. A set, since a request may name a million.
struct Filter(BTreeSet<String>);

impl Filter {
    fn new(wanted: &[Cow<'_, str>]) -> Filter {
        Filter(wanted.iter().map(|wanted| wanted.to_ascii_lowercase()).collect())
    }

    fn takes(&self, own: &str) -> bool {
        self.0.is_empty() || self.0.contains(&own.to_ascii_lowercase())
    }
}

fn bytes_of(group: &Listed) -> usize {
    GROUP_BYTES + 2 * (group.group_id.len() + group.protocol_type.len())
}

fn shown(group: &Listed) -> ListedGroup<'static> {
    ListedGroup {
        group_id: Cow::Owned(group.group_id.to_string()),
        protocol_type: Cow::Owned(group.protocol_type.clone()),
        group_state: Cow::Borrowed(group.state),
        group_type: Cow::Borrowed(group.kind),
    }
}
