//! DescribeAcls (key 29), CreateAcls (key 30), DeleteAcls (key 31), v1-3 (KIP-140): there is no authorizer, and each says so by
//! SECURITY_DISABLED, by which MirrorMaker 2 knows that there are no rules to copy.
//!
//! v2: flexible. v3: user resources (KIP-373). A resource, pattern, operation or permission of code 0 stands for one that the
//! client did not know itself: Kafka cannot read such a request and closes the connection.

use super::{Outcome, Request, count_errors};
use crate::core::Core;
use ottla_protocol::messages::create_acls_response::AclCreationResult;
use ottla_protocol::messages::delete_acls_response::DeleteAclsFilterResult;
use ottla_protocol::messages::{
    CreateAclsRequest, CreateAclsResponse, DeleteAclsRequest, DeleteAclsResponse, DescribeAclsRequest,
    DescribeAclsResponse,
};
use ottla_protocol::{ErrorCode, Message};
use std::borrow::Cow;

const DISABLED: i16 = ErrorCode::SECURITY_DISABLED.0;
const UNKNOWN: i8 = 0;

pub(crate) fn describe(core: &Core, request: &Request) -> Outcome {
    answer(core, request, |body: DescribeAclsRequest<'_>| {
        let codes =
            [body.resource_type_filter, body.pattern_type_filter, body.operation, body.permission_type];
        (!codes.contains(&UNKNOWN)).then(|| DescribeAclsResponse {
            error_code: DISABLED,
            error_message: Some(Cow::Borrowed("No Authorizer is configured on the broker")),
            ..DescribeAclsResponse::default()
        })
    })
}

pub(crate) fn create(core: &Core, request: &Request) -> Outcome {
    answer(core, request, |body: CreateAclsRequest<'_>| {
        let are_known = body.creations.iter().all(|creation| {
            let kind = [creation.resource_type, creation.resource_pattern_type];
            !kind.contains(&UNKNOWN) && ![creation.operation, creation.permission_type].contains(&UNKNOWN)
        });
        let result = || AclCreationResult { error_code: DISABLED, error_message: why() };
        are_known.then(|| CreateAclsResponse {
            results: body.creations.iter().map(|_| result()).collect(),
            ..CreateAclsResponse::default()
        })
    })
}

pub(crate) fn delete(core: &Core, request: &Request) -> Outcome {
    answer(core, request, |body: DeleteAclsRequest<'_>| {
        let are_known = body.filters.iter().all(|filter| {
            let kind = [filter.resource_type_filter, filter.pattern_type_filter];
            !kind.contains(&UNKNOWN) && ![filter.operation, filter.permission_type].contains(&UNKNOWN)
        });
        let result =
            || DeleteAclsFilterResult { error_code: DISABLED, error_message: why(), ..Default::default() };
        are_known.then(|| DeleteAclsResponse {
            filter_results: body.filters.iter().map(|_| result()).collect(),
            ..DeleteAclsResponse::default()
        })
    })
}

fn why() -> Option<Cow<'static, str>> {
    Some(Cow::Borrowed("No Authorizer is configured."))
}

/// Closes the connection where `refuse` finds a code that cannot be read.
fn answer<'a, M: Message<'a>, R: Message<'static>>(
    core: &Core,
    request: &'a Request,
    refuse: impl FnOnce(M) -> Option<R>,
) -> Outcome {
    let body = match request.decode::<M>(core) {
        Ok(body) => body,
        Err(reason) => return Outcome::Close(reason),
    };
    let Some(response) = refuse(body) else {
        return Outcome::Close(format!("{} has unknown elements", request.context.key.name()));
    };
    count_errors(core, &request.context, &response);
    request.context.outcome(&response)
}
