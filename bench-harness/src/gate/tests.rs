use super::*;
use crate::report::sample;

const BASELINE: &str = r#"
# what we promise
workload = "one pause"

[figure."broker.cpu_s_per_gb"]
value = 55.0 # measured on a quiet day
max_ratio = 1.1
why = "see the notes of last May"

[figure."rate.acknowledged_records_per_s"]
value = 2000
min_ratio = 0.9

[figure."latency.fetched.p999_ns"]
value = 170000000
max_ratio = 2
advisory = true

[figure."faults.errors"]
max = 0

[figure."counter.ottla_durable_writes_total"]
value = 0.5
min_ratio = 0.5
max = 0.6
"#;

fn judged(baseline: &str, outcomes: &[Outcome]) -> Verdict {
    judge(&Baseline::parse(baseline).unwrap(), outcomes, &medians(outcomes))
}

fn standing(verdict: &Verdict, name: &str) -> Standing {
    verdict.rows.iter().find(|row| row.name == name).unwrap().standing
}

#[test]
fn all_bounds_hold() {
    let verdict = judged(BASELINE, &[sample::outcome("one pause", 1.0)]);
    assert!(verdict.passed(), "{}", verdict.text());
    assert!(verdict.rows.iter().all(|row| row.standing == Standing::Holds), "{}", verdict.text());
    assert_eq!(verdict.sentence(), "all 5 bounds hold");
}

/// A slower broker breaks its CPU's bound with the reason in the file, and only warns of what was advisory.
#[test]
fn a_slower_broker() {
    let verdict = judged(BASELINE, &[sample::outcome("one pause", 3.0)]);
    assert!(!verdict.passed());
    assert_eq!(standing(&verdict, "broker.cpu_s_per_gb"), Standing::Breaks);
    assert_eq!(standing(&verdict, "latency.fetched.p999_ns"), Standing::Warns);
    assert_eq!(standing(&verdict, "rate.acknowledged_records_per_s"), Standing::Holds);
    let text = verdict.text();
    let line = text.lines().find(|line| line.starts_with("broker.cpu_s_per_gb")).unwrap();
    assert_eq!(
        line.split_whitespace().collect::<Vec<_>>().join(" "),
        "broker.cpu_s_per_gb 55.0 s 165 s +200 % ≤ 60.5 s BREAKS see the notes of last May"
    );
    assert!(text.ends_with("the gate is BROKEN by 1 of 5 figures\n"), "{text}");
    assert!(verdict.markdown().contains("| broker.cpu_s_per_gb"), "{}", verdict.markdown());
}

/// Each kind of bound breaks by itself, from below and from above.
#[test]
fn every_kind_of_bound() {
    let outcome = sample::outcome("one pause", 1.0);
    let breaks = |name: &str, bound: &str| {
        let baseline = format!("[figure.\"{name}\"]\nvalue = 100000\n{bound}\n");
        !judged(&baseline, std::slice::from_ref(&outcome)).passed()
    };
    let name = "requests.produce_per_million_records"; // 250,000
    assert!(breaks(name, "max = 249999") && !breaks(name, "max = 250000"));
    assert!(breaks(name, "min = 250001") && !breaks(name, "min = 250000"));
    assert!(breaks(name, "max_ratio = 2.4") && !breaks(name, "max_ratio = 2.5"));
    assert!(breaks(name, "min_ratio = 2.6") && !breaks(name, "min_ratio = 2.5"));
    assert!(breaks(name, "max_ratio = 9\nmax = 200000"));
    assert!(!breaks(name, "max = 1\nadvisory = true"));
}

/// Much better than the bound asks is said, so that the bound can follow.
#[test]
fn a_faster_broker() {
    let verdict = judged(BASELINE, &[sample::outcome("one pause", 0.5)]);
    assert!(verdict.passed());
    assert_eq!(standing(&verdict, "broker.cpu_s_per_gb"), Standing::Better);
}

/// A figure that isn't there breaks the gate, and a misspelt one is told what it is near to.
#[test]
fn a_figure_that_is_not_there() {
    let baseline = "[figure.\"broker.cpu_s_per_gib\"]\nmax = 1\n[figure.\"unheard of\"]\nmax = 1\n";
    let verdict = judged(baseline, &[sample::outcome("one pause", 1.0)]);
    assert!(!verdict.passed());
    let note = |index: usize| verdict.rows[index].note.clone().unwrap();
    assert_eq!(note(0), "not in the outcome; did you mean broker.cpu_s_per_gb?");
    assert_eq!(note(1), "not in the outcome");
}

/// An invalid run's latencies can't break a gate, its steady figures can; both are said.
#[test]
fn an_invalid_run() {
    let baseline = BASELINE.replace("advisory = true", "");
    let mut slow = sample::outcome("other", 3.0);
    slow.invalid.push("the generator was late".to_owned());
    let verdict = judged(&baseline, &[slow]);
    assert_eq!(standing(&verdict, "latency.fetched.p999_ns"), Standing::Warns);
    assert_eq!(standing(&verdict, "broker.cpu_s_per_gb"), Standing::Breaks);
    assert!(verdict.text().contains("INVALID run"));
    assert!(verdict.text().contains("workload \"other\", not of the baseline's"));
}

/// Of three runs the median is judged, so that one bad moment of the machine breaks nothing.
#[test]
fn several_runs() {
    let runs = [1.0, 9.0, 1.02].map(|scale| sample::outcome("one pause", scale));
    assert!(judged(BASELINE, &runs).passed());
    let runs = [1.0, 9.0, 9.0].map(|scale| sample::outcome("one pause", scale));
    assert!(!judged(BASELINE, &runs).passed());
    // Of two the worse one.
    let runs = [1.0, 9.0].map(|scale| sample::outcome("one pause", scale));
    assert!(!judged(BASELINE, &runs).passed());
}

/// A baseline that is written from an outcome holds for it, and breaks for a slower one.
#[test]
fn a_new_baseline() {
    let outcome = sample::outcome("one pause", 1.0);
    let text = baseline::update(
        None,
        "one pause",
        report::main_stage(&outcome),
        &medians(std::slice::from_ref(&outcome)),
    )
    .unwrap();
    assert!(text.starts_with("# Bounds for `ottla-bench gate`"), "{text}");
    assert!(text.contains("[figure.\"broker.cpu_s_per_gb\"]\nvalue = 55.0\nmax_ratio = 1.25\n"), "{text}");
    assert!(
        text.contains("[figure.\"latency.fetched.p999_ns\"]") && !text.contains("latency.sent"),
        "{text}"
    );
    assert!(judged(&text, &[outcome]).passed());
    assert!(!judged(&text, &[sample::outcome("one pause", 1.3)]).passed());
    let mut with_errors = sample::outcome("one pause", 1.0);
    with_errors.counts.errors.insert("REQUEST_TIMED_OUT".to_owned(), 1);
    assert!(!judged(&text, &[with_errors]).passed());
}

/// Values move, bounds and comments stay.
#[test]
fn an_old_baseline() {
    let slow = sample::outcome("one pause", 2.0);
    let text =
        baseline::update(Some(BASELINE), "ignored", None, &medians(std::slice::from_ref(&slow))).unwrap();
    assert_eq!(
        text,
        BASELINE
            .replace("value = 55.0 #", "value = 110.0 #")
            .replace("value = 2000\n", "value = 2000.0\n")
            .replace(
                "value = 170000000\n",
                &format!(
                    "value = {:?}\n",
                    (slow.stages[&crate::outcome::Stage::Fetched].p999_ns as f64 / 1e3).round() * 1e3
                )
            )
            .replace("max = 0\n", "max = 0\nvalue = 0.0\n")
    );
}

#[test]
fn files_that_are_no_baseline() {
    let refused = |text: &str| Baseline::parse(text).unwrap_err();
    assert!(refused("").contains("bounds no figure"));
    assert!(refused("[figure.x]\nvalue = 1\n").contains("x has no bound"));
    assert!(refused("[figure.x]\nmaxratio = 1\n").contains("unknown field `maxratio`"));
    assert!(refused("[figure.x]\nmax = nan\n").contains("x has a number that is none"));
    assert!(refused("[figure.x\n").contains("line 1"));
    assert!(refused("{\"schema\": 1}").contains("line 1"));
}

/// The command itself: written, held, broken, and each wrong file by its name.
#[test]
fn the_command() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let save = |name: &str, outcome: &Outcome| {
        fs::write(path(name), serde_json::to_string(outcome).unwrap()).unwrap()
    };
    save("good.json", &sample::outcome("one pause", 1.0));
    save("bad.json", &sample::outcome("one pause", 3.0));
    let args = |outcome: &str, write: bool| GateArgs {
        baseline: path("baseline.toml"),
        outcomes: vec![path(outcome)],
        write,
        markdown: Some(path("summary.md")),
    };
    assert!(run(&args("good.json", false)).unwrap_err().to_string().contains("cannot read "));
    assert!(run(&args("good.json", true)).unwrap());
    assert!(run(&args("good.json", false)).unwrap());
    assert!(!run(&args("bad.json", false)).unwrap());
    let summary = fs::read_to_string(path("summary.md")).unwrap();
    assert_eq!(summary.matches("### ottla-bench gate").count(), 2);
    fs::write(path("baseline.toml"), "nothing").unwrap();
    assert!(run(&args("good.json", false)).unwrap_err().to_string().contains("baseline.toml is no baseline"));
    // An outcome of the wrong kind is never written over a baseline.
    assert!(run(&args("good.json", true)).is_err());
    assert_eq!(fs::read_to_string(path("baseline.toml")).unwrap(), "nothing");
    assert!(
        run(&args("baseline.toml", false)).unwrap_err().to_string().contains("is no outcome of ottla-bench")
    );
}
