//! What stops a start, and what is only noted.

use super::{STOCK, load};
use crate::config::Note;

type Set = &'static [(&'static str, &'static str)];

/// Every refusal names the setting and the value, and says what to do.
#[test]
fn what_stops_a_start() {
    let table: &[(Set, &str)] = &[
        (
            &[("log.segment.bytes", "5")],
            "Invalid value 5 for configuration log.segment.bytes: Value must be at least 1048576. Correct it, or \
             remove it for the default, 1073741824",
        ),
        (
            &[("num.partitions", "many")],
            "Invalid value many for configuration num.partitions: Not a number of type INT. Correct it, or remove it \
             for the default, 1",
        ),
        (
            &[("compression.type", "rar")],
            "Invalid value rar for configuration compression.type: String must be one of",
        ),
        (&[("log.dirs", "")], "Configuration 'log.dirs' must not be empty."),
        (
            &[("log.retention.ms", "0")],
            "log.retention.ms must be unlimited (-1) or, greater than or equal to 1",
        ),
        (
            &[("log.retention.hours", "0")],
            "log.retention.ms must be unlimited (-1) or, greater than or equal to 1",
        ),
        (&[("queued.max.request.bytes", "5")], "queued.max.request.bytes must be larger or equal to"),
        (&[("max.connections.per.ip", "0")], "max.connections.per.ip can be set to zero only if"),
        (&[("authorizer.class.name", "a.B")], "authorizer.class.name=a.B: Ottla has no authorizer yet"),
        (
            &[("remote.log.storage.system.enable", "true")],
            "remote.log.storage.system.enable=true: Ottla has no remote",
        ),
        (
            &[("create.topic.policy.class.name", "a.B")],
            "create.topic.policy.class.name=a.B: Java classes cannot run",
        ),
        (
            &[("security.inter.broker.protocol", "SSL")],
            "security.inter.broker.protocol=SSL: Ottla speaks PLAINTEXT",
        ),
        (&[("process.roles", "broker")], "process.roles=broker: Ottla runs as broker and controller"),
        (
            &[("process.roles", "owner")],
            "Invalid value owner for configuration process.roles: String must be one of",
        ),
        (
            &[("controller.quorum.voters", "1@a:1,2@b:1")],
            "controller.quorum.voters=1@a:1,2@b:1: the only controller",
        ),
        (
            &[("controller.quorum.voters", "2@b:1")],
            "controller.quorum.voters=2@b:1: the only controller is this node, 1",
        ),
        (&[("controller.quorum.voters", "b:1")], "Each entry should be in the form `{id}@{host}:{port}`."),
        (&[("controller.quorum.bootstrap.servers", "a:1,b:1")], "the only controller is this node"),
        (&[("broker.id", "7")], "broker.id=7 and node.id=1 differ; remove broker.id"),
        (&[("listeners", "PLAINTEXT:9092")], "listeners: PLAINTEXT:9092 is not NAME://HOST:PORT"),
        (
            &[("listeners", "PLAINTEXT://:port")],
            "the port of PLAINTEXT://:port is not a number from 0 to 65535",
        ),
        (
            &[("listeners", "PLAINTEXT://:70000")],
            "the port of PLAINTEXT://:70000 is not a number from 0 to 65535",
        ),
        (&[("listeners", "FOO://:9092")], "FOO, which listener.security.protocol.map does not know"),
        (
            &[("listeners", "SSL://:9092")],
            "listeners: SSL://:9092 asks for SSL, which Ottla does not speak yet",
        ),
        (&[("listeners", "CONTROLLER://:9093")], "every listener is named by controller.listener.names"),
        (&[("listeners", "PLAINTEXT://:1,PLAINTEXT://:2")], "have the same name"),
        (&[("advertised.listeners", "PLAINTEXT://0.0.0.0:9092")], "no client can connect to 0.0.0.0"),
        (&[("advertised.listeners", "SSL://a:9092")], "SSL://a:9092 has no listener of that name"),
        (
            &[("inter.broker.listener.name", "INSIDE")],
            "inter.broker.listener.name=INSIDE: listeners has none of that",
        ),
        (&[("listener.security.protocol.map", "PLAINTEXT")], "PLAINTEXT is not NAME:PROTOCOL"),
        (&[("ottla.pin.cores", "fast")], "ottla.pin.cores=fast: neither auto, off, nor numbers"),
        (
            &[("ottla.pin.cores", "0,1"), ("ottla.shards", "3")],
            "ottla.pin.cores names 2 cores for ottla.shards=3",
        ),
    ];
    for (set, expected) in table {
        let error = load(STOCK, set).expect_err(expected).to_string();
        assert!(error.contains(expected), "{set:?}: {error}");
    }
}

#[test]
fn every_fault_is_told_at_once() {
    let error =
        load(STOCK, &[("num.partitions", "0"), ("log.segment.bytes", "x"), ("process.roles", "controller")]);
    assert_eq!(error.unwrap_err().0.len(), 3);
}

#[test]
fn what_a_file_must_have() {
    let error = load("log.dirs=/d\nlisteners=PLAINTEXT://:9092", &[]).unwrap_err();
    for name in ["node.id", "process.roles", "controller.listener.names"] {
        let expected = format!("Missing required configuration \"{name}\" which has no default value.");
        assert!(error.0.iter().any(|problem| problem.starts_with(&expected)), "{error}");
    }
}

#[test]
fn a_password_is_not_told() {
    let error =
        load(STOCK, &[("ssl.key.password", "hunter2"), ("num.partitions", "0")]).unwrap_err().to_string();
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn a_broken_file_is_told_by_its_line() {
    let error = load("node.id=1\nx=\\u12zz", &[]).unwrap_err().to_string();
    assert!(error.starts_with("server.properties, line 2: "), "{error}");
}

/// Odd names stop nothing; each is named once, the misspelt with what was meant.
#[test]
fn what_is_only_noted() {
    let table: &[(Set, &str)] = &[
        (&[("log.segement.bytes", "5")], "did you mean log.segment.bytes?"),
        (
            &[("retention.ms", "5")],
            "retention.ms is a setting of topics and means nothing here; for all topics it is log.retention.ms",
        ),
        (&[("my.own.thing", "5")], "my.own.thing is not a setting that Kafka or Ottla knows and is ignored"),
        (&[("replica.lag.time.max.ms", "10000")], "set, but not acted on yet: "),
        (&[("listener.name.plaintext.max.connections", "5")], "listener.name.plaintext.max.connections"),
    ];
    for (set, expected) in table {
        let notes = load(STOCK, set).unwrap().notes;
        let told =
            notes.iter().filter(|note| matches!(note, Note::Warn(text) if text.contains(expected))).count();
        assert_eq!(told, 1, "{set:?}: {notes:?}");
    }
}

/// Kafka's file, as it is shipped, gets as few words as can be.
#[test]
fn the_stock_file_gets_few_words() {
    let notes = load(STOCK, &[]).unwrap().notes;
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes.iter().any(|note| matches!(note, Note::Info(text) if text.contains("CONTROLLER://:9093"))));
}
