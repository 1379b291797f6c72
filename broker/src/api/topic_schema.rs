//! What the controller asks of the settings of topics before it keeps them: names and values, each by itself.

use crate::config::registry::{self, Scope};
use crate::config::{BrokerConfig, Effective, value};
use ottla_metadata::decide::ConfigSchema;
use ottla_metadata::{ConfigResource, Image, ResourceType};
use std::collections::BTreeMap;

pub(crate) struct TopicSchema<'a> {
    effective: Effective<'a>,
}

impl<'a> TopicSchema<'a> {
    pub(crate) fn of(config: &'a BrokerConfig, image: &Image) -> TopicSchema<'a> {
        TopicSchema { effective: Effective::of(config, image) }
    }
}

impl ConfigSchema for TopicSchema<'_> {
    fn is_list(&self, _: &ConfigResource, name: &str) -> bool {
        registry::find(Scope::Topic, name).is_some_and(registry::Setting::is_list)
    }

    fn default_value(&self, _: &ConfigResource, name: &str) -> Option<String> {
        let setting = registry::find(Scope::Topic, name)?;
        self.effective.topic(setting, None).map(|(value, _)| value.to_string())
    }

    fn validate(&self, resource: &ConfigResource, configs: &BTreeMap<String, String>) -> Result<(), String> {
        debug_assert_eq!(resource.kind, ResourceType::Topic);
        configs.iter().try_for_each(|(name, text)| {
            let setting =
                registry::find(Scope::Topic, name).ok_or(format!("Unknown topic config name: {name}"))?;
            value::check(setting, text).map(drop)
        })
    }
}
