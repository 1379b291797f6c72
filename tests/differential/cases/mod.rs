//! The requests, a module for each family of APIs. A section may rely on nothing but its own topics.

mod admin;
mod clusters;
mod configs;
mod fetch;
mod groups;
mod offsets;
mod produce;
mod producers;
mod sessions;
mod settings;
mod topics;
mod transactions;
mod versions;

use crate::trial::Trial;
use ottla_protocol::messages::*;

/// A section's name and what asks its questions.
pub type Section = (&'static str, fn(&mut Trial));

pub const SECTIONS: [Section; 17] = [
    ("versions", versions::ask),
    ("create-topics", topics::create),
    ("delete-topics", topics::delete),
    ("create-partitions", topics::partitions),
    ("metadata", clusters::metadata),
    ("cluster", clusters::ask),
    ("describe-configs", configs::describe),
    ("alter-configs", configs::alter),
    ("settings", settings::ask),
    ("produce", produce::ask),
    ("producers", producers::ask),
    ("offsets", offsets::ask),
    ("fetch", fetch::ask),
    ("sessions", sessions::ask),
    ("groups", groups::ask),
    ("admin", admin::ask),
    ("transactions", transactions::ask),
];

/// The cluster's id differs between brokers.
pub fn learn_cluster(trial: &mut Trial) {
    let answer = trial.call(8, &MetadataRequest { topics: Some(Vec::new()), ..Default::default() });
    if let Some(answer) = answer
        && let Ok(body) = answer.body()
        && let Some(id) = body.cluster_id
    {
        trial.call_it(&id, "cluster id");
    }
}
