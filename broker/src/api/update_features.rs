//! UpdateFeatures (key 57), v0-2: the levels of features for the whole cluster (KIP-584).
//!
//! v1: kinds of updates and dry runs. v2: no results of single features. All or nothing, as in Kafka's v2, and in the words of its
//! controller. A level that is in force is no change; another one of `metadata.version` is refused, because the records of
//! metadata are this broker's own and have no older form.

use super::Context;
use crate::core::Core;
use ottla_metadata::Image;
use ottla_metadata::decide::features::SUPPORTED;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::UpdateFeaturesRequest;
use ottla_protocol::messages::update_features_response::{UpdatableFeatureResult, UpdateFeaturesResponse};
use std::borrow::Cow;
use std::rc::Rc;

/// Kinds of updates: up, and down with and without losing what the lower level does not know.
const UPGRADE: i8 = 1;
const KINDS: std::ops::RangeInclusive<i8> = 1..=3;

pub(crate) async fn handle(
    core: &Rc<Core>,
    context: &Context,
    request: UpdateFeaturesRequest<'_>,
) -> UpdateFeaturesResponse<'static> {
    let image = core.image();
    let refused = request.feature_updates.iter().find_map(|update| {
        let kind = match (context.version, update.allow_downgrade) {
            (0, true) => 2,
            (0, false) => UPGRADE,
            _ => update.upgrade_type,
        };
        let why = judge(&image, core.node_id(), &update.feature, update.max_version_level, kind).err()?;
        let level = update.max_version_level;
        Some(format!("Invalid update version {level} for feature {}. {why}", update.feature))
    });
    match refused {
        Some(why) => UpdateFeaturesResponse {
            error_code: ErrorCode::INVALID_UPDATE_VERSION.0,
            error_message: Some(Cow::Owned(format!(
                "The update failed for all features since the following feature had an error: {why}"
            ))),
            ..UpdateFeaturesResponse::default()
        },
        None => UpdateFeaturesResponse {
            error_message: None,
            results: match context.version {
                0 | 1 => request.feature_updates.iter().map(|update| done(&update.feature)).collect(),
                _ => Vec::new(),
            },
            ..UpdateFeaturesResponse::default()
        },
    }
}

fn done(feature: &str) -> UpdatableFeatureResult<'static> {
    UpdatableFeatureResult {
        feature: Cow::Owned(feature.to_owned()),
        error_message: None,
        ..Default::default()
    }
}

/// `Ok`: the level is in force. Otherwise why not, as a sentence.
fn judge(image: &Image, node_id: i32, name: &str, level: i16, kind: i8) -> Result<(), String> {
    let in_force = image.feature(name);
    if !KINDS.contains(&kind) {
        return Err("The controller does not support the given upgrade type.".into());
    }
    if kind != UPGRADE && in_force.is_none() {
        return Err(format!("Feature {name} not found."));
    }
    if level < 0 {
        return Err("A feature version cannot be less than 0.".into());
    }
    let Some(feature) = SUPPORTED.iter().find(|feature| feature.name == name) else {
        return Err(format!("Local controller {node_id} does not support this feature."));
    };
    if !(feature.min_level..=feature.max_level).contains(&level) {
        return Err(format!(
            "Local controller {node_id} only supports versions {}-{}",
            feature.min_level, feature.max_level
        ));
    }
    match in_force {
        Some(now) if now == level => Ok(()),
        Some(now) if level < now && kind == UPGRADE => Err(format!(
            "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade. It is {now}."
        )),
        _ => Err("This broker's metadata has no form of that level.".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_metadata::Delta;
    use ottla_metadata::decide::features::bootstrap;

    #[test]
    fn only_the_level_in_force_is_taken() {
        let mut delta = Delta::new(Image::new("c").into());
        for record in bootstrap(&Image::new("c")) {
            delta.replay(&record).expect("a level");
        }
        let (image, _) = delta.finish(1);
        let judge = |name: &str, level, kind| judge(&image, 1, name, level, kind);
        assert_eq!(judge("metadata.version", 30, 1), Ok(()));
        assert_eq!(judge("metadata.version", 30, 2), Ok(()));
        for (level, kind, why) in [
            (29, 1, "Can't downgrade"),
            (29, 2, "no form of that level"),
            (31, 1, "only supports versions 7-30"),
            (6, 3, "only supports versions 7-30"),
            (-1, 1, "cannot be less than 0"),
            (30, 0, "upgrade type"),
        ] {
            let said = judge("metadata.version", level, kind).expect_err("it is refused");
            assert!(said.contains(why), "{level}, {kind}: {said}");
        }
        assert!(
            judge("group.version", 1, 1).expect_err("not served").contains("does not support this feature")
        );
    }
}
