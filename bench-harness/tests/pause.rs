//! The harness measured: against a broker that stops for a known time, an open loop has to show the stop and a closed loop hides it.
//!
//! Bounds rest on the stop alone, so a busy machine makes latencies longer without turning a test red.

mod model;

use model::{Behaviour, Model, TOPIC};
use ottla_bench::load::{self, Options, Quiet};
use ottla_bench::outcome::{Outcome, Stage};
use ottla_bench::workload::{PacingKind, Size, Workload};
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(400);

fn measure(change: impl FnOnce(&mut Workload)) -> Outcome {
    measure_pause(PAUSE, change)
}

fn measure_pause(pause: Duration, change: impl FnOnce(&mut Workload)) -> Outcome {
    let model =
        Model::start(Behaviour { pause: Some((Duration::from_millis(800), pause)), ..Behaviour::default() });
    let mut workload = Workload { duration_s: 2.0, warmup_s: 0.0, ..Workload::default() };
    workload.records.size = Size::Fixed(100);
    workload.topics.existing = Some(TOPIC.to_owned());
    workload.pacing.rate = 500.0;
    change(&mut workload);
    workload.check().unwrap();
    let options = Options { bootstrap: vec![model.address], ..Options::default() };
    let outcome = load::run(&workload, &options, &mut Quiet).unwrap();
    assert!(outcome.counts.errors.is_empty(), "{:?}", outcome.counts.errors);
    outcome
}

fn pause_ns() -> u64 {
    PAUSE.as_nanos() as u64
}

/// The records that were due while the broker stood still waited for it, and an open loop counts their waiting: a fifth of all.
#[test]
fn an_open_loop_shows_the_pause() {
    let outcome = measure(|_| {});
    let of = |stage| &outcome.stages[&stage];
    for stage in [Stage::Acknowledged, Stage::Fetched] {
        assert_eq!(of(stage).count, 1000, "{stage:?}");
        assert!(of(stage).p999_ns > pause_ns() * 9 / 10, "{stage:?}: {:?}", of(stage));
        // Records came evenly: one in ten waited half of the pause or longer.
        assert!(of(stage).p90_ns > pause_ns() * 4 / 10, "{stage:?}: {:?}", of(stage));
    }
    assert_eq!(outcome.counts.records_intended, 1000);
    let broker_was_slow =
        |reason: &String| reason.contains("did not keep up") || reason.contains("not acknowledged");
    assert!(!outcome.invalid.iter().any(broker_was_slow), "{:?}", outcome.invalid);
}

/// With one request in flight the generator stood still together with the broker, and one record of many saw it.
#[test]
fn a_closed_loop_hides_the_pause() {
    let outcome = measure(|workload| {
        workload.pacing.kind = PacingKind::Closed;
        workload.pacing.in_flight = 1;
        workload.producers.batch_records = 1;
    });
    let acknowledged = &outcome.stages[&Stage::Acknowledged];
    assert!(acknowledged.max_ns > pause_ns() * 9 / 10, "{acknowledged:?}");
    assert!(acknowledged.p999_ns < pause_ns() / 2, "{acknowledged:?}");
}

/// Random arrivals and arrivals in bursts show it as well.
#[test]
fn other_schedules_show_the_pause() {
    use ottla_bench::workload::{ScheduleKind, Step};
    let poisson = measure(|workload| workload.pacing.schedule = ScheduleKind::Poisson);
    assert!(poisson.stages[&Stage::Acknowledged].p90_ns > pause_ns() * 3 / 10);
    let stepped = measure(|workload| {
        workload.pacing.schedule = ScheduleKind::Stepped;
        workload.pacing.steps = vec![Step { rate: 100.0, seconds: 0.5 }, Step { rate: 1000.0, seconds: 1.5 }];
    });
    assert_eq!(stepped.counts.records_intended, 1550);
    assert!(stepped.stages[&Stage::Acknowledged].p90_ns > pause_ns() * 3 / 10);
}

/// What a broker took too long for is no percentile's business, so the run says that it is invalid.
#[test]
fn records_that_never_left_make_a_run_invalid() {
    let outcome = measure_pause(Duration::from_secs(30), |workload| workload.drain_s = 0.3);
    assert!(outcome.invalid.iter().any(|reason| reason.contains("did not keep up")), "{:?}", outcome.invalid);
    assert!(
        outcome.invalid.iter().any(|reason| reason.contains("not acknowledged")),
        "{:?}",
        outcome.invalid
    );
    // A full window is the broker's time, not the generator's.
    let blamed = |reason: &String| reason.contains("it sent") && reason.contains("100.00%");
    assert!(!outcome.invalid.iter().any(blamed), "{:?}", outcome.invalid);
}

/// No generator is punctual to the nanosecond: one that is asked to be has to say that it was late.
#[test]
fn a_late_generator_says_so() {
    let outcome = measure_pause(Duration::ZERO, |workload| {
        workload.duration_s = 0.5;
        workload.pacing.late_ms = 0.000_001;
    });
    assert!(
        outcome.invalid.iter().any(|reason| reason.contains("the generator was late")),
        "{:?}",
        outcome.invalid
    );
}
