//! ApiVersions (key 18), v0-4.
//!
//! v3: flexible, client software, features. v4: features whose minimum is 0 may be named (KAFKA-17492).
//! A version that is not known is answered in the form of version 0 with UNSUPPORTED_VERSION (KIP-511).

use super::{Answer, Context, Outcome, SERVED};
use crate::core::Core;
use ottla_metadata::decide::features;
use ottla_protocol::messages::ApiVersionsRequest;
use ottla_protocol::messages::api_versions_response::{
    ApiVersion, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};
use ottla_protocol::{ApiKey, ErrorCode};
use std::borrow::Cow;
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    context: &Context,
    request: ApiVersionsRequest<'_>,
) -> ApiVersionsResponse<'static> {
    if context.version >= 3
        && !(is_software(&request.client_software_name) && is_software(&request.client_software_version))
    {
        return ApiVersionsResponse {
            error_code: ErrorCode::INVALID_REQUEST.0,
            ..ApiVersionsResponse::default()
        };
    }
    let supported =
        features::SUPPORTED.iter().filter(|feature| feature.min_level > 0 || context.version >= 4);
    let image = core.image();
    ApiVersionsResponse {
        api_keys: served(),
        supported_features: supported
            .map(|feature| SupportedFeatureKey {
                name: Cow::Borrowed(feature.name),
                min_version: feature.min_level,
                max_version: feature.max_level,
            })
            .collect(),
        finalized_features_epoch: i64::try_from(image.offset()).unwrap_or(i64::MAX),
        finalized_features: image
            .features()
            .map(|(name, level)| FinalizedFeatureKey {
                name: Cow::Owned(name.to_owned()),
                max_version_level: level,
                min_version_level: level,
            })
            .collect(),
        ..ApiVersionsResponse::default()
    }
}

/// The answer to a version from the future: it says which versions are served.
pub(crate) fn unsupported(context: &Context) -> Outcome {
    let response = ApiVersionsResponse {
        error_code: ErrorCode::UNSUPPORTED_VERSION.0,
        api_keys: served().into_iter().filter(|api| api.api_key == ApiKey::ApiVersions as i16).collect(),
        ..ApiVersionsResponse::default()
    };
    let oldest = Context { version: 0, ..context.clone() };
    match oldest.encode(&response) {
        Ok(response) => Outcome::Answer(Answer::Ready(response)),
        Err(reason) => Outcome::Close(reason),
    }
}

fn served() -> Vec<ApiVersion> {
    SERVED
        .iter()
        .map(|(key, min, max)| ApiVersion { api_key: *key as i16, min_version: *min, max_version: *max })
        .collect()
}

/// Kafka's pattern `[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?`.
fn is_software(text: &str) -> bool {
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_names_are_held_against_kafkas_pattern() {
        for good in ["a", "apache-kafka-java", "4.3.1", "a--b"] {
            assert!(is_software(good), "{good}");
        }
        for bad in ["", "-a", "a-", ".", "a b", "ä", "a_b"] {
            assert!(!is_software(bad), "{bad}");
        }
    }
}
