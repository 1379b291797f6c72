//! Every record counted and compared: a broker with a known fault has to be found out, and one without any must not be blamed.

mod model;

use model::{Behaviour, Fault, Model, TOPIC};
use ottla_bench::load::{self, Options, Quiet};
use ottla_bench::outcome::{Outcome, Verification};
use ottla_bench::workload::{Size, Workload};

fn run(behaviour: Behaviour, change: impl FnOnce(&mut Workload)) -> Outcome {
    run_on(&Model::start(behaviour), change)
}

fn run_on(model: &Model, change: impl FnOnce(&mut Workload)) -> Outcome {
    let mut workload = Workload { duration_s: 0.5, warmup_s: 0.0, drain_s: 5.0, ..Workload::default() };
    workload.records.size = Size::Fixed(100);
    workload.topics.existing = Some(TOPIC.to_owned());
    workload.pacing.rate = 400.0;
    change(&mut workload);
    workload.check().unwrap();
    let options = Options { bootstrap: vec![model.address.clone()], verify: true, ..Options::default() };
    load::run(&workload, &options, &mut Quiet).unwrap()
}

fn verify(fault: Option<(usize, Fault)>) -> Verification {
    run(Behaviour { fault, ..Behaviour::default() }, |_| {}).verification.unwrap()
}

/// Nothing is wrong, and every record was looked at by every group.
#[test]
fn a_sound_broker_is_sound() {
    let outcome = run(Behaviour::default(), |workload| workload.consumers.groups = 3);
    let verification = outcome.verification.unwrap();
    let Verification { records_expected, records_seen, .. } = verification;
    assert_eq!((records_expected, records_seen), (600, 600));
    let faults = (verification.lost, verification.doubled, verification.reordered, verification.changed);
    assert_eq!(faults, (0, 0, 0, 0), "{:?}", verification.examples);
}

#[test]
fn lost_records_are_found() {
    let verification = verify(Some((7, Fault::Lose)));
    assert!(verification.lost > 0 && verification.lost < 100, "{verification:?}");
    assert_eq!((verification.doubled, verification.reordered, verification.changed), (0, 0, 0));
    assert_eq!(verification.records_expected - verification.lost, verification.records_seen);
    assert!(verification.examples[0].starts_with("lost: records"), "{:?}", verification.examples);
}

#[test]
fn doubled_records_are_found() {
    let verification = verify(Some((7, Fault::Double)));
    assert!(verification.doubled > 0, "{verification:?}");
    assert_eq!((verification.lost, verification.reordered, verification.changed), (0, 0, 0));
}

#[test]
fn reordered_records_are_found() {
    let verification = verify(Some((7, Fault::Reorder)));
    assert!(verification.reordered > 0, "{verification:?}");
    assert_eq!((verification.doubled, verification.changed), (0, 0));
}

#[test]
fn changed_records_are_found() {
    let verification = verify(Some((7, Fault::Change)));
    assert!(verification.changed > 0, "{verification:?}");
    // A record that is not what it was is not there.
    assert_eq!(verification.lost, verification.changed);
    assert_eq!((verification.doubled, verification.reordered), (0, 0));
}

/// After a lost answer the batch goes out again: nothing is lost, what came twice is said, and the error is counted.
#[test]
fn a_lost_answer_is_sent_again() {
    let outcome = run(Behaviour { cut_at: Some(20), ..Behaviour::default() }, |_| {});
    let verification = outcome.verification.unwrap();
    assert_eq!((verification.lost, verification.changed), (0, 0), "{verification:?}");
    assert!(verification.doubled > 0);
    assert!(outcome.counts.errors["connection"] >= 1, "{:?}", outcome.counts.errors);
    assert_eq!(outcome.stages[&ottla_bench::outcome::Stage::Acknowledged].count, 200);
}

/// Readers that catch up are counted apart, and lingering batches, keys and codecs lose nothing.
#[test]
fn batches_of_every_kind_come_back() {
    let outcome = run(Behaviour::default(), |workload| {
        workload.consumers.catch_up = 1;
        workload.records.keys = ottla_bench::workload::KeyKind::Zipf;
        workload.producers.codec = "lz4".to_owned();
        workload.producers.linger_ms = 20.0;
        workload.pacing.rate = 4000.0;
    });
    let verification = outcome.verification.unwrap();
    assert_eq!((verification.records_expected, verification.records_seen), (2000, 2000));
    assert_eq!((verification.lost, verification.doubled, verification.changed), (0, 0, 0));
    assert!(outcome.counts.records_caught_up > 0);
    // Lingering shows: batches have many records, and the first of each waited its time.
    assert!(outcome.counts.produce_requests < 400, "{}", outcome.counts.produce_requests);
    assert!(outcome.stages[&ottla_bench::outcome::Stage::Sent].max_ns > 15_000_000);
}

/// Connections come and go beside the load at their own rate, and disturb nothing.
#[test]
fn connections_come_and_go() {
    let connections_with = |per_s: f64| {
        let model = Model::start(Behaviour::default());
        let outcome = run_on(&model, |workload| workload.churn.connections_per_s = per_s);
        assert_eq!(outcome.verification.unwrap().lost, 0);
        assert!(outcome.counts.errors.is_empty(), "{:?}", outcome.counts.errors);
        model.connections()
    };
    // Half a second of them; a machine that is busy may not come to the last ones before the run is over.
    let (without, with) = (connections_with(0.0), connections_with(100.0));
    assert!((without + 25..=without + 50).contains(&with), "{without} and {with}");
}
