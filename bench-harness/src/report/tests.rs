use super::html::{Labelled, page};
use super::sample;
use super::*;
use crate::outcome::{Pacing, SCHEMA, Verification};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use std::fs;
use std::io::Read as _;

/// Compares with a file beside this one; `OTTLA_WRITE_GOLDEN=1` writes it instead, to be read before it is committed.
fn golden(file: &str, content: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/golden").join(file);
    if std::env::var_os("OTTLA_WRITE_GOLDEN").is_some() {
        fs::write(&path, content).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap();
    assert!(expected == content, "{file} differs from golden/{file}:\n{content}");
}

/// The whole text of a valid open-loop run.
#[test]
fn the_text() {
    golden("report.txt", &text::report(&sample::outcome("one pause", 1.0)));
}

/// What is wrong with a run, its pacing and its faults stand out.
#[test]
fn the_text_of_a_bad_run() {
    let mut outcome = sample::outcome("flood", 1.0);
    outcome.invalid = vec![
        "the generator was late: 3.1 % of the records were sent more than 1 ms after their intended time; use more workers or a lower rate"
            .to_owned(),
    ];
    outcome.pacing = Pacing::Flood;
    outcome.notes = vec!["the broker has no coordinator of groups: partitions were assigned".to_owned()];
    outcome.counts.records_caught_up = 600_000;
    outcome.counts.bytes_caught_up = 600_000_000;
    outcome.durability.durable = Some(false);
    outcome.durability.in_force =
        "NOT durable on one node: an acknowledged record is in the page cache".to_owned();
    outcome.counts.errors.insert("NOT_LEADER_OR_FOLLOWER".to_owned(), 12);
    outcome.broker = None;
    outcome.host.device = None;
    outcome.host.file_system = None;
    outcome.host.mount_options = None;
    outcome.host.write_cache = None;
    outcome.seconds.truncate(1);
    outcome.verification = Some(Verification {
        records_expected: 60_000,
        records_seen: 59_999,
        lost: 1,
        examples: vec!["lost: t-0 at 17".to_owned()],
        ..Default::default()
    });
    golden("bad.txt", &text::report(&outcome));
}

#[test]
fn the_rows_of_seconds() {
    let mut outcome = sample::outcome("one pause", 1.0);
    outcome.seconds.truncate(3);
    // A second without a fetch and without a look at the broker has empty cells.
    outcome.seconds[2].stages.remove(&Stage::Fetched);
    outcome.seconds[2].broker_cpu_s = None;
    let text = csv::seconds(&outcome);
    golden("seconds.csv", &text);
    let cells: Vec<usize> = text.lines().map(|line| line.split(',').count()).collect();
    assert_eq!(cells, [28; 4]);
}

/// The percentile text holds the values of the histogram it is made from, to the third digit behind the point.
#[test]
fn percentile_text_and_back() {
    let outcome = sample::outcome("one pause", 1.0);
    let distribution = &outcome.stages[&Stage::Fetched];
    let histogram = histogram(Stage::Fetched, distribution).unwrap();
    let text = hgrm::write(&histogram);
    golden("fetched.hgrm", &text);
    let rows = hgrm::parse(&text);
    assert!(rows.len() > 20, "{} rows", rows.len());
    for row in &rows {
        // A quantile printed with twelve digits may fall on the other side of a record's edge: one record of tolerance.
        let near = |records: f64| {
            let quantile = (row.quantile + records / histogram.len() as f64).clamp(0.0, 1.0);
            histogram.highest_equivalent(histogram.value_at_quantile(quantile)) as f64 / 1e6
        };
        assert!(
            (near(-1.5) - 0.001..=near(1.5) + 0.001).contains(&row.value_ms),
            "{row:?}, {} to {}",
            near(-1.5),
            near(1.5)
        );
        assert!(row.count_below as f64 >= row.quantile * histogram.len() as f64 - 1.0, "{row:?}");
    }
    assert_eq!(rows.last().unwrap().count_below, distribution.count);
    assert_eq!(rows.last().unwrap().quantile, 1.0);
}

/// Every form is there after `write`, and the JSON reads back to the same outcome.
#[test]
fn a_directory_of_reports() {
    let directory = tempfile::tempdir().unwrap();
    let outcome = sample::outcome("one pause", 1.0);
    write(&outcome, &Options { directory: Some(directory.path().join("new/one")), quiet: true }).unwrap();
    let mut files: Vec<String> = fs::read_dir(directory.path().join("new/one"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            "ack.hgrm",
            "acknowledged.hgrm",
            "fetched.hgrm",
            "outcome.json",
            "report.html",
            "report.txt",
            "seconds.csv",
            "sent.hgrm"
        ]
    );
    let again = read(&directory.path().join("new/one/outcome.json")).unwrap();
    assert_eq!(serde_json::to_value(&again).unwrap(), serde_json::to_value(&outcome).unwrap());
}

/// What is no outcome is refused by a sentence that names the file and what is wrong with it.
#[test]
fn files_that_are_no_outcome() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file.json");
    let refused = |content: &str| {
        fs::write(&path, content).unwrap();
        let message = read(&path).unwrap_err().to_string();
        assert!(message.contains("file.json"), "{message}");
        message
    };
    assert!(refused("rate = 1").contains("is no outcome of ottla-bench"));
    assert!(refused("{}").contains("missing field `schema`"));
    assert!(refused(&format!("{{\"schema\": {SCHEMA}}}")).contains("missing field `command`"));
    assert!(refused("{\"schema\": 99}").contains("of schema 99; this version of ottla-bench reads schema 1"));
    fs::remove_file(&path).unwrap();
    assert!(read(&path).unwrap_err().to_string().starts_with("cannot read "));
}

#[test]
fn histograms_that_are_none() {
    let good = sample::outcome("x", 1.0).stages[&Stage::Ack].clone();
    // One that claims four gigabytes behind its header.
    let mut plain = STANDARD.decode(&good.hdr).unwrap();
    let mut inflated = Vec::new();
    ZlibDecoder::new(&plain[8..]).read_to_end(&mut inflated).unwrap();
    inflated[4..8].fill(0xff);
    plain.truncate(8);
    let mut deflated = ZlibEncoder::new(plain, Compression::fast());
    deflated.write_all(&inflated).unwrap();
    let claims = STANDARD.encode(deflated.finish().unwrap());
    for hdr in [claims.as_str(), "", "****", "AAAA", &good.hdr[..good.hdr.len() / 2]] {
        let bad = crate::outcome::Distribution { hdr: hdr.to_owned(), ..good.clone() };
        let message = histogram(Stage::Ack, &bad).unwrap_err().to_string();
        assert!(
            message.starts_with("the histogram of stage ack is not in HdrHistogram's format"),
            "{message}"
        );
    }
}

/// Numbers that no run has make ugly reports, and neither panics nor endless work.
#[test]
fn numbers_that_no_run_has() {
    let mut outcome = sample::outcome("w", 1.0);
    outcome.counts.records_acknowledged = u64::MAX;
    outcome.counts.records_fetched = u64::MAX;
    outcome.counts.fetch_requests = u64::MAX;
    outcome.counts.errors = [("a".to_owned(), u64::MAX), ("b".to_owned(), 1)].into();
    outcome.verification = Some(Verification { lost: u64::MAX, doubled: 1, ..Verification::default() });
    outcome.measured_s = -0.0;
    outcome.began_at_s = 1e300;
    let second = &mut outcome.seconds[3];
    (second.at_s, second.records_sent, second.broker_cpu_s) = (-1e300, u64::MAX, Some(-1e300));
    let seen = second.stages.get_mut(&Stage::Fetched).unwrap();
    (seen.heat, seen.p50_ns, seen.p999_ns) = (vec![u64::MAX; 3_000], 0, u64::MAX);
    outcome.seconds[4].at_s = 1e300;
    text::report(&outcome);
    csv::seconds(&outcome);
    figures::figures(&outcome);
    plots(&page(&[Labelled { label: "odd".to_owned(), outcome: &outcome }]).unwrap());
}

/// Parses the page as XML and gives its headings of plots.
fn plots(page: &str) -> Vec<String> {
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(page, options).unwrap();
    let figures = document.descendants().filter(|node| node.has_tag_name("figure"));
    figures
        .map(|figure| {
            let svgs = figure.children().filter(|node| node.tag_name().name() == "svg").count();
            assert_eq!(svgs, 1);
            figure.children().find(|node| node.has_tag_name("h3")).unwrap().text().unwrap().to_owned()
        })
        .collect()
}

/// One outcome: every plot is there, values are said on hovering, and nothing is fetched from elsewhere.
#[test]
fn the_page_of_one() {
    let outcome = sample::outcome("one pause", 1.0);
    let page = page(&[Labelled { label: "one".to_owned(), outcome: &outcome }]).unwrap();
    assert_eq!(
        plots(&page),
        [
            "Latency by percentile",
            "Records per second",
            "Latency in each second: intended → fetched",
            "Bytes per second",
            "Broker CPU: cores used",
            "Where the records lie: intended → fetched",
        ]
    );
    let p999 = units::duration(outcome.stages[&Stage::Fetched].p999_ns);
    assert!(page.contains(&format!("intended → fetched\np99.9: {p999}")), "no {p999} on hovering");
    assert!(page.contains("# &lt;kept &amp; quoted&gt;"));
    for remote in ["src=", "href=", "url(", "@import", "<script"] {
        assert!(!page.contains(remote), "{remote}");
    }
}

/// Several outcomes: a line each, ratios to the first, and sentences on what keeps them from being comparable.
#[test]
fn the_page_of_several() {
    let (fast, mut slow) = (sample::outcome("w", 1.0), sample::outcome("w", 3.0));
    slow.durability.durable = Some(false);
    slow.invalid.push("a <reason>".to_owned());
    slow.pacing = Pacing::Closed { in_flight: 16 };
    let labelled = [
        Labelled { label: "Ottla".to_owned(), outcome: &fast },
        Labelled { label: "Kafka & flush".to_owned(), outcome: &slow },
    ];
    let page = page(&labelled).unwrap();
    let plots = plots(&page);
    assert_eq!(plots.first().unwrap(), "Latency by percentile: intended → fetched");
    assert!(plots.iter().any(|plot| plot == "Kafka & flush: intended → fetched"), "{plots:?}");
    assert!(page.contains("×3.00"));
    assert!(page.contains("Ottla against Kafka &amp; flush: an acknowledgement is not worth the same"));
    assert!(
        page.contains("CLOSED LOOP, 16 in flight")
            && page.contains("Ottla against Kafka &amp; flush: not paced alike")
    );
    assert!(page.contains("INVALID: the figures of Kafka &amp; flush can't be trusted."));
}

/// An outcome that saw nothing still makes a page.
#[test]
fn the_page_of_nothing() {
    let mut outcome = sample::outcome("idle", 1.0);
    outcome.seconds.clear();
    outcome.stages.clear();
    outcome.broker = None;
    outcome.counts = Default::default();
    let page = page(&[Labelled { label: "idle".to_owned(), outcome: &outcome }]).unwrap();
    assert_eq!(plots(&page), Vec::<String>::new());
    text::report(&outcome);
}

/// Hours of seconds become some hundred columns, and the worst second of each is what is drawn.
#[test]
fn a_long_run() {
    let mut outcome = sample::outcome("soak", 1.0);
    let row = outcome.seconds[0].clone();
    outcome.seconds = (0..7_200)
        .map(|second| crate::outcome::Second { at_s: f64::from(second + 1), ..row.clone() })
        .collect();
    outcome.seconds[5_000].stages.get_mut(&Stage::Fetched).unwrap().p999_ns = 123_000_000;
    let page = page(&[Labelled { label: "soak".to_owned(), outcome: &outcome }]).unwrap();
    assert!(page.contains("p99.9: 123 ms"));
    assert!(page.contains("each point is 24 s"));
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
}
