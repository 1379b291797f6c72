//! Measures a log on this machine's disk: durable appends one by one, and as fast as they go.
//!
//! `cargo run --release -p ottla-log --features testing --example measure -- DIR [PAYLOAD_BYTES] [COUNT] [IN_FLIGHT]`

use ottla_io::runtime::{Config, run};
use ottla_log::batch::testing::{Content, build};
use ottla_log::{AppendError, AppendInfo, Log, LogConfig, Opening, ResourceLimits, Resources};
use std::path::PathBuf;
use std::rc::Rc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |at: usize, default: usize| arguments.get(at).and_then(|word| word.parse().ok()).unwrap_or(default);
    let data = PathBuf::from(arguments.first().map_or("/tmp/ottla-measure", |word| word.as_str()));
    let (payload, count, in_flight) = (number(1, 100), number(2, 2000), number(3, 1));
    let config = Config { shards: 1, pin: false, ..Config::default() };
    let result =
        run(&config, move |_: ottla_io::ShardContext<()>| measure(data.clone(), payload, count, in_flight));
    if let Err(error) = result {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

/// CPU time of this process in seconds.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = |at: usize| fields.split_whitespace().nth(at).and_then(|word| word.parse::<f64>().ok());
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
}

async fn measure(data: PathBuf, payload: usize, count: usize, in_flight: usize) {
    let opening = Opening {
        dir: data.join("topic-0"),
        topic_id: uuid::Uuid::from_u128(1),
        config: Rc::new(LogConfig::default()),
        resources: Resources::new(ResourceLimits::default()),
        clean_shutdown: false,
        recovery_point: None,
        log_start_offset: None,
        cleaned_to: None,
    };
    let log = Log::create(opening).await.expect("the log is made");
    let batch = build(&Content { payload: vec![b'x'; payload], ..Content::default() });
    let info = AppendInfo { leader_epoch: 0, log_append_time: None, base_offset: None };
    let (started, cpu) = (ottla_io::now(), cpu_seconds());
    let mut micros = Vec::with_capacity(count);
    let mut acknowledged = 0;
    while acknowledged < count {
        let before = ottla_io::now();
        while (log.log_end_offset() as usize) < count.min(acknowledged + in_flight) {
            match log.append(&batch, &info) {
                Ok(_) => {}
                Err(AppendError::Full) => break,
                Err(error) => panic!("{error}"),
            }
        }
        log.wait_durable(log.durable_end() + 1).await.expect("durable");
        micros.push(ottla_io::now().duration_since(before).as_micros());
        acknowledged = log.durable_end() as usize;
    }
    let seconds = ottla_io::now().duration_since(started).as_secs_f64();
    micros.sort_unstable();
    let at = |part: f64| micros.get((micros.len() as f64 * part) as usize).copied().unwrap_or(0);
    let megabytes = (batch.len() * count) as f64 / 1e6;
    println!(
        "{count} batches of {} bytes, {in_flight} in flight: {seconds:.2} s, {:.0} MB/s, CPU {:.2} s, {:.2} s per GB; \
         {} waits, µs: median {}, p90 {}, p99 {}, p99.9 {}",
        batch.len(),
        megabytes / seconds,
        cpu_seconds() - cpu,
        (cpu_seconds() - cpu) / megabytes * 1000.0,
        micros.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999)
    );
    log.delete().await.expect("the log is removed");
}
