//! The program itself: a run's report made again, compared and gated, with the exit codes that a CI goes by.

mod model;

use model::{Behaviour, Model, TOPIC};
use std::path::Path;
use std::process::{Command, Output};

fn bench(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ottla-bench")).current_dir(directory).args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs a command that has to end with `code`.
fn ends(directory: &Path, code: i32, arguments: &[&str]) -> String {
    let output = bench(directory, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{}", text(&output));
    text(&output)
}

#[test]
fn from_a_run_to_a_gate() {
    let model = Model::start(Behaviour::default());
    let directory = tempfile::tempdir().unwrap();
    let run = bench(
        directory.path(),
        // Whether the generator is late depends on the machine and is not what is tested here.
        &[
            "run",
            "--broker",
            &model.address,
            "--topic",
            TOPIC,
            "--rate",
            "200",
            "--size",
            "100",
            "--duration",
            "1",
        ]
        .into_iter()
        .chain(["--warmup", "0", "--late-ms", "10000", "--out", "out", "--quiet"])
        .collect::<Vec<_>>(),
    );
    assert_eq!(run.status.code(), Some(0), "{}", text(&run));
    assert!(text(&run).contains("intended → fetched"), "{}", text(&run));
    for file in
        ["outcome.json", "report.txt", "report.html", "seconds.csv", "fetched.hgrm", "acknowledged.hgrm"]
    {
        assert!(directory.path().join("out").join(file).is_file(), "{file}");
    }

    let ends = |code: i32, arguments: &[&str]| ends(directory.path(), code, arguments);
    let again = ends(0, &["report", "out/outcome.json"]);
    assert_eq!(again, std::fs::read_to_string(directory.path().join("out/report.txt")).unwrap());
    assert!(
        ends(0, &["compare", "out/outcome.json", "out/outcome.json", "--html", "two.html"]).contains("×1.00")
    );
    assert!(directory.path().join("two.html").is_file());

    let gate = |more: &[&str], code: i32| {
        ends(code, &[&["gate", "--baseline", "bounds.toml", "--outcome", "out/outcome.json"], more].concat())
    };
    assert!(gate(&[], 2).contains("cannot read bounds.toml"));
    gate(&["--write"], 0);
    assert!(gate(&[], 0).contains("bounds hold"));
    let bounds = directory.path().join("bounds.toml");
    std::fs::write(&bounds, "[figure.\"rate.fetched_records_per_s\"]\nmin = 1000000\n").unwrap();
    assert!(gate(&[], 1).contains("BROKEN by 1 of 1"));
    std::fs::write(&bounds, "[figure.\"rate.fetched_records_per_s\"]\nminimum = 1\n").unwrap();
    assert!(gate(&[], 2).contains("unknown field `minimum`"));
    assert!(ends(1, &["report", "bounds.toml"]).contains("is no outcome of ottla-bench"));
}
