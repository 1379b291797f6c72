//! Reads workload files: our own notation in TOML, OpenMessaging Benchmark's in YAML. What is misspelt is named with what was meant.

use super::{Workload, omb};
use crate::error::{Error, Result};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A word that is further from every known one than this is not taken for one of them (Jaro-Winkler: 1 is equal).
const NEAR: f64 = 0.7;

/// Reads the workload at `path`; its ending says which notation: `.yaml` and `.yml` are OpenMessaging Benchmark's.
/// # Errors
/// `Input` with the place and what was probably meant.
pub fn read(path: &Path, driver: Option<&Path>) -> Result<Workload> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).map_err(Error::io(format!("read the workload {}", path.display())))
    };
    let name = path.display().to_string();
    let text = read(path)?;
    let mut workload = match path.extension().and_then(|ending| ending.to_str()) {
        Some("yaml" | "yml") => omb::parse(&name, &text)?,
        _ => parse(&name, &text)?,
    };
    if let Some(driver) = driver {
        omb::apply_driver(&mut workload, &driver.display().to_string(), &read(driver)?)?;
    }
    if let Some(file) = &mut workload.records.file {
        *file = found(file, path);
    }
    workload.check()?;
    Ok(workload)
}

/// Where a workload's file of records is: as it is named, beside the workload's file, or one folder further up, where OpenMessaging
/// Benchmark has its payloads. When it is nowhere, where it was looked for first.
fn found(file: &Path, workload: &Path) -> PathBuf {
    let folders = workload.parent().into_iter().flat_map(|folder| [Some(folder), folder.parent()]).flatten();
    let places = std::iter::once(file.to_owned()).chain(folders.map(|folder| folder.join(file)));
    places.into_iter().find(|place| place.exists()).unwrap_or_else(|| file.to_owned())
}

/// Our own notation. Values are not checked yet: see [`Workload::check`].
pub fn parse(name: &str, text: &str) -> Result<Workload> {
    toml_edit::de::from_str(text).map_err(|error| {
        let line = error.span().map(|span| 1 + text.get(..span.start).unwrap_or(text).matches('\n').count());
        let place = line.map_or_else(|| name.to_owned(), |line| format!("{name}, line {line}"));
        Error::input(place, with_nearest(error.message()))
    })
}

/// A workload in our own notation, with every field: enough to repeat its run.
pub fn to_text(workload: &Workload) -> String {
    // A struct of numbers, texts and lists has a TOML form.
    toml_edit::ser::to_string_pretty(workload)
        .unwrap_or_else(|error| format!("# cannot be written as TOML: {error}"))
}

/// Adds the nearest known word to serde's message of an unknown one: "unknown field `x`, expected one of `a`, `b`".
pub fn with_nearest(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let (Some(unknown), true) = (words.next(), message.starts_with("unknown ")) else {
        return message.to_owned();
    };
    let known: Vec<&str> = words.collect();
    let nearest = known
        .iter()
        .map(|word| (strsim::jaro_winkler(unknown, word), *word))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    let kind = message.split('`').next().unwrap_or_default().trim_end();
    match nearest {
        Some((_, word)) => format!("{kind} '{unknown}'; did you mean '{word}'?"),
        None => format!("{kind} '{unknown}'; known are {}", known.join(", ")),
    }
}

/// Settings of topics may be written as texts, numbers or truths; Kafka takes texts.
pub(super) fn settings<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Value {
        Text(String),
        Whole(i64),
        Fraction(f64),
        Truth(bool),
    }
    let values = BTreeMap::<String, Value>::deserialize(deserializer)?;
    let text = |value| match value {
        Value::Text(text) => text,
        Value::Whole(number) => number.to_string(),
        Value::Fraction(number) => number.to_string(),
        Value::Truth(truth) => truth.to_string(),
    };
    Ok(values.into_iter().map(|(name, value)| (name, text(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Acks, KeyKind, PacingKind, ScheduleKind, Size, SizeSpread, Step};

    /// Every section of a file is read, what is missing has its default.
    #[test]
    fn a_file_with_everything_in_it() {
        let text = r#"
            name = "orders"
            question = "What does a burst do to the tail?"
            duration_s = 60
            [pacing]
            schedule = "stepped"
            steps = [{ rate = 1000, seconds = 10 }, { rate = 5000.5, seconds = 1 }]
            repeat = true
            [records]
            size = { weighted = [[100, 9.0], [10000, 1.0]] }
            keys = "zipf"
            [topics]
            partitions = 16
            settings = { "flush.messages" = 1, "cleanup.policy" = "delete", "preallocate" = false }
            [producers]
            acks = "1"
            codec = "zstd"
            [consumers]
            groups = 8
        "#;
        let workload = parse("orders.toml", text).unwrap();
        workload.check().unwrap();
        assert_eq!(
            (workload.pacing.kind, workload.pacing.schedule),
            (PacingKind::Open, ScheduleKind::Stepped)
        );
        assert_eq!(workload.pacing.steps.get(1), Some(&Step { rate: 5000.5, seconds: 1.0 }));
        let sizes = Size::Spread(SizeSpread::Weighted(vec![(100, 9.0), (10_000, 1.0)]));
        assert_eq!((workload.records.size.clone(), workload.records.keys), (sizes, KeyKind::Zipf));
        assert_eq!(workload.topics.settings.get("flush.messages").map(String::as_str), Some("1"));
        assert_eq!(workload.topics.settings.get("preallocate").map(String::as_str), Some("false"));
        assert_eq!((workload.producers.acks, workload.producers.batch_bytes), (Acks::Leader, 16_384));
        assert_eq!(workload.consumers.groups, 8);
        assert!((workload.rate() - (10_000.0 + 5000.5) / 11.0).abs() < 1e-9);
        assert_eq!(parse("again", &to_text(&workload)).unwrap(), workload);
    }

    /// Records are found beside their workload and where OpenMessaging Benchmark has them.
    #[test]
    fn files_of_records_are_found() {
        let root = tempfile::tempdir().unwrap();
        let place = |name: &str| root.path().join(name);
        std::fs::create_dir_all(place("workloads")).unwrap();
        std::fs::create_dir_all(place("payload")).unwrap();
        std::fs::write(place("payload/1kb.data"), "value").unwrap();
        std::fs::write(place("workloads/beside.txt"), "value").unwrap();
        let workload = place("workloads/w.yaml");
        assert_eq!(found(Path::new("payload/1kb.data"), &workload), place("payload/1kb.data"));
        assert_eq!(found(Path::new("beside.txt"), &workload), place("workloads/beside.txt"));
        assert_eq!(found(&place("payload/1kb.data"), &workload), place("payload/1kb.data"));
        assert_eq!(found(Path::new("nowhere"), &workload), Path::new("nowhere"));
    }

    /// The examples that come with this crate are sound, and so is the file in its README.
    #[test]
    fn the_examples_are_sound() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let files = std::fs::read_dir(root.join("examples")).unwrap().map(|entry| entry.unwrap().path());
        let workloads = files.filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
        let names: Vec<String> = workloads.map(|path| read(&path, None).unwrap().name).collect();
        assert!(names.len() >= 3, "{names:?}");
        let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
        let text = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let workload = parse("README.md", text).unwrap();
        workload.check().unwrap();
        // Every field is there, but for those that are alternatives to others.
        let left_out = ["records.file", "topics.existing", "producers.level"];
        let field_count = |text: &str| text.lines().filter(|line| line.contains('=')).count();
        assert!(
            field_count(text) + left_out.len() >= field_count(&to_text(&workload)),
            "{}",
            to_text(&workload)
        );
    }

    /// A misspelt field or value is named with its line and with what was meant.
    #[test]
    fn what_is_misspelt_names_the_nearest() {
        for (text, line, meant) in [
            ("[producers]\nlinger_m = 5", 2, "linger_ms"),
            ("[records]\n\nkeys = \"zipff\"", 3, "zipf"),
            ("[topics]\npartition = 5", 2, "partitions"),
            ("durations_s = 5", 1, "duration_s"),
        ] {
            let error = parse("w.toml", text).unwrap_err().to_string();
            assert!(error.contains(&format!("line {line}:")), "{error}");
            assert!(error.contains(&format!("did you mean '{meant}'?")), "{error}");
        }
        let error = parse("w.toml", "[records]\nkeys = \"qqqq\"").unwrap_err().to_string();
        assert!(error.contains("known are none, round-robin, uniform, zipf"), "{error}");
        assert!(parse("w.toml", "[records").is_err());
    }
}
