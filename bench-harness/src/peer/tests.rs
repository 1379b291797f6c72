use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A program that is being written can't be run, and a process that another test starts may still hold it open: one at a time.
static STARTING: Mutex<()> = Mutex::new(());

fn program(directory: &Path, text: &str) -> PathBuf {
    let path = directory.join("program");
    fs::write(&path, format!("#!/bin/sh\n{text}")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// The script is put where it can run, mended when someone changed it, and left alone otherwise.
#[test]
fn the_script_of_kafka() {
    let cache = tempfile::tempdir().unwrap();
    let script = kafka::script(cache.path()).unwrap();
    assert_eq!(fs::metadata(&script).unwrap().permissions().mode() & 0o777, 0o755);
    assert!(fs::read_to_string(script.with_file_name("kafka-pom.xml")).unwrap().contains("<kafka.version>"));
    fs::write(&script, "changed").unwrap();
    assert_eq!(kafka::script(cache.path()).unwrap(), script);
    assert!(fs::read_to_string(&script).unwrap().starts_with("#!/usr/bin/env bash"));
    assert_eq!(fs::read_dir(script.parent().unwrap()).unwrap().count(), 3, "nothing is left beside them");
    assert!(kafka::version().starts_with("4."), "{}", kafka::version());
}

/// A folder with nothing in it, and one whose process is gone or is another's, run nothing.
#[test]
fn status_of_what_does_not_run() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(kafka::status(directory.path()).unwrap(), None);
    let node = directory.path().join("1");
    fs::create_dir(&node).unwrap();
    fs::write(node.join("server.properties"), "advertised.listeners=PLAINTEXT://127.0.0.1:1\n").unwrap();
    for pid in ["", "no number", "4194305", &std::process::id().to_string()] {
        fs::write(node.join("pid"), pid).unwrap();
        assert_eq!(kafka::status(directory.path()).unwrap(), None, "{pid}");
    }
}

/// A process that says it is ready is Ottla enough; it is asked to end, and its settings reach it.
#[test]
fn an_ottla_that_serves() {
    let directory = tempfile::tempdir().unwrap();
    let text = r#"[ "$1" = --version ] && echo "ottla 9.9.9" && exit
trap 'echo ended >"$(dirname "$0")/ended"; exit 0' TERM
echo "$@" >"$(dirname "$0")/arguments"; echo noise; echo "ready: 127.0.0.1:7"
while :; do sleep 0.05; done"#;
    let starting = STARTING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let program = program(directory.path(), text);
    let data = directory.path().join("new/place");
    let ottla = ottla::Ottla::start(&program, &data, 20_100, &["a=b".to_owned()]).unwrap();
    drop(starting);
    assert_eq!(ottla::version(&program).as_deref(), Some("ottla 9.9.9"));
    assert_eq!(ottla.bootstrap(), "127.0.0.1:7");
    assert!(Path::new(&format!("/proc/{}", ottla.pid())).exists());
    drop(ottla);
    assert_eq!(fs::read_to_string(directory.path().join("ended")).unwrap(), "ended\n");
    let arguments = fs::read_to_string(directory.path().join("arguments")).unwrap();
    assert_eq!(
        arguments.trim(),
        format!("start --data {} --listen 127.0.0.1:20100 --set a=b", data.join("data").display())
    );
}

/// One that ends at once is an error that names its log, without a wait for half a minute.
#[test]
fn an_ottla_that_ends() {
    let directory = tempfile::tempdir().unwrap();
    let _starting = STARTING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let program = program(directory.path(), "echo 'port taken' >&2; exit 5\n");
    let begun = Instant::now();
    let error = ottla::Ottla::start(&program, directory.path(), 1, &[]).unwrap_err().to_string();
    assert!(error.contains("ended before it served") && error.contains("ottla.log"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(fs::read_to_string(directory.path().join("ottla.log")).unwrap(), "port taken\n");
    let missing =
        ottla::Ottla::start(Path::new("/nowhere/ottla"), directory.path(), 1, &[]).unwrap_err().to_string();
    assert!(missing.contains("cannot run /nowhere/ottla"), "{missing}");
}
