//! Fetch sessions (KIP-227): what incremental answers leave out, and epochs that don't fit.

use super::fetch::{partition, request};
use super::produce::put;
use crate::trial::Trial;
use fetch_request::ForgottenTopic;
use ottla_protocol::Uuid;
use ottla_protocol::messages::*;
use ottla_tests::batch::Batch;

/// Asks within a session; returns the id that the answer names.
fn step<'a>(
    trial: &mut Trial,
    what: &str,
    version: i16,
    (id, epoch): (i32, i32),
    mut request: FetchRequest<'a>,
    forgotten: &[(&'a str, &[i32])],
) -> i32 {
    (request.session_id, request.session_epoch) = (id, epoch);
    request.max_wait_ms = 30;
    request.forgotten_topics_data = forgotten
        .iter()
        .map(|(name, partitions)| ForgottenTopic {
            topic: if version <= 12 { (*name).into() } else { "".into() },
            topic_id: if version > 12 { trial.id(name) } else { Uuid::ZERO },
            partitions: partitions.to_vec(),
        })
        .collect();
    let answer = trial.ask(&format!("Fetch session: {what}"), version, &request);
    let given = answer.and_then(|answer| answer.body().ok().map(|body| body.session_id)).unwrap_or(-1);
    if let Some(case) = trial.cases.last_mut() {
        for line in &mut case.lines {
            if line.trim() == format!("session_id: {given}") && given > 0 {
                *line = line.replace(&given.to_string(), if given == id { "<the same>" } else { "<new>" });
            }
        }
    }
    given
}

pub fn ask(trial: &mut Trial) {
    for version in [7, 11, 12, 13, 16, 18] {
        let (a, b) = (format!("s{version}.a"), format!("s{version}.b"));
        let (a, b) = (a.as_str(), b.as_str());
        trial.topic(a, 2, &[]);
        trial.topic(b, 1, &[]);
        put(trial, a, 0, &Batch::numbered(3));
        put(trial, b, 0, &Batch::numbered(2));
        let none = || FetchRequest { min_bytes: 1, max_bytes: 1 << 24, ..Default::default() };
        let two =
            request(trial, version, &[(a, &[partition(0, 0), partition(1, 0)]), (b, &[partition(0, 0)])]);
        step(trial, "sessionless", version, (0, -1), two.clone(), &[]);
        let id = step(trial, "a full request opens it", version, (0, 0), two.clone(), &[]);
        step(trial, "nothing has changed, the same offsets", version, (id, 1), none(), &[]);
        let moved = request(trial, version, &[(a, &[partition(0, 3)]), (b, &[partition(0, 2)])]);
        step(trial, "the offsets move to the ends", version, (id, 2), moved, &[]);
        step(trial, "nothing is new", version, (id, 3), none(), &[]);
        put(trial, a, 1, &Batch::numbered(4));
        step(trial, "one partition has news", version, (id, 4), none(), &[]);
        let moved = request(trial, version, &[(a, &[partition(1, 4)])]);
        step(trial, "one topic is forgotten", version, (id, 5), moved, &[(b, &[0])]);
        put(trial, b, 0, &Batch::numbered(1));
        step(trial, "news of what is forgotten", version, (id, 6), none(), &[]);
        let again = request(trial, version, &[(b, &[partition(0, 2)])]);
        step(trial, "it is asked for again", version, (id, 7), again, &[]);
        let beyond = request(trial, version, &[(b, &[partition(0, 99)])]);
        step(trial, "an offset out of range", version, (id, 8), beyond, &[]);
        step(trial, "the error is said again", version, (id, 9), none(), &[]);
        let back = request(trial, version, &[(b, &[partition(0, 3)])]);
        step(trial, "the offset is in range again", version, (id, 10), back, &[]);
        let unknown = request(trial, version, &[(a, &[partition(9, 0)])]);
        step(trial, "an unknown partition joins", version, (id, 11), unknown, &[]);
        step(trial, "and is unknown still", version, (id, 12), none(), &[(a, &[9])]);
        step(trial, "an epoch too low", version, (id, 3), none(), &[]);
        step(trial, "an epoch too high", version, (id, 77), none(), &[]);
        step(trial, "the right epoch after that", version, (id, 13), none(), &[]);
        step(trial, "an unknown session", version, (id ^ 0x5555, 1), none(), &[]);
        step(trial, "a session without an id", version, (0, 1), none(), &[]);
        step(trial, "a negative session", version, (-7, 1), none(), &[]);
        let other = step(trial, "a full request in its name", version, (id, 0), two.clone(), &[]);
        step(trial, "the old one is gone", version, (id, 14), none(), &[]);
        step(trial, "the new one is there", version, (other, 1), none(), &[]);
        step(trial, "the last request", version, (other, -1), two.clone(), &[]);
        step(trial, "after the last", version, (other, 2), none(), &[]);
        step(trial, "closing what is not open", version, (other, -1), none(), &[]);
        step(trial, "an empty full request", version, (0, 0), none(), &[]);
    }
    // A version without ids meets a session with them.
    let two = request(trial, 13, &[("s13.a", &[partition(0, 0)])]);
    let id = step(trial, "with ids", 13, (0, 0), two, &[]);
    let two = request(trial, 12, &[("s13.a", &[partition(0, 0)])]);
    step(trial, "with names in a session with ids", 12, (id, 1), two, &[]);
    let two = request(trial, 12, &[("s13.a", &[partition(0, 0)])]);
    let id = step(trial, "with names", 12, (0, 0), two, &[]);
    let two = request(trial, 13, &[("s13.a", &[partition(0, 0)])]);
    step(trial, "with ids in a session with names", 13, (id, 1), two, &[]);
}
