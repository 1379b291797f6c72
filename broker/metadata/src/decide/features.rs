//! Features of the cluster: which levels there are, and which a new cluster has.

use crate::image::Image;
use crate::record::{FeatureLevelRecord, Record};

/// A feature with its lowest and highest level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    pub name: &'static str,
    pub min_level: i16,
    pub max_level: i16,
}

/// Kafka 4.3's, as far as this broker keeps what they promise. Others follow when what they stand for is served:
/// clients act on `group.version` and `transaction.version`.
pub const SUPPORTED: [Feature; 1] = [Feature { name: "metadata.version", min_level: 7, max_level: 30 }];

/// What a cluster without levels starts with: the highest, as `kafka-storage format` chooses them.
pub fn bootstrap(image: &Image) -> Vec<Record> {
    let missing = SUPPORTED.iter().filter(|feature| image.feature(feature.name).is_none());
    missing
        .map(|feature| {
            Record::FeatureLevel(FeatureLevelRecord {
                name: feature.name.to_owned(),
                feature_level: feature.max_level,
            })
        })
        .collect()
}
