//! Writes a data directory of one partition through the log, several segments long, and closes it cleanly (or, with
//! `killed`, leaves it as a kill would): for `kafka-dump-log` to judge.
//!
//! `cargo run -p ottla-log --features testing --example write_directory -- DIR [killed]`

use ottla_io::runtime::{Config, run};
use ottla_log::batch::testing::{Content, build};
use ottla_log::{AppendError, AppendInfo, Log, LogConfig, Opening, ResourceLimits, Resources};
use std::path::PathBuf;
use std::rc::Rc;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let data = PathBuf::from(arguments.next().unwrap_or_else(|| "/tmp/ottla-log".to_owned()));
    let killed = arguments.next().is_some_and(|word| word == "killed");
    let config = Config { shards: 1, pin: false, ..Config::default() };
    let result = run(&config, move |_: ottla_io::ShardContext<()>| write(data.clone(), killed));
    if let Err(error) = result {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

async fn write(data: PathBuf, killed: bool) {
    let opening = Opening {
        dir: data.join("topic-0"),
        topic_id: uuid::Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
        config: Rc::new(LogConfig { segment_bytes: 1 << 20, ..LogConfig::default() }),
        resources: Resources::new(ResourceLimits::default()),
        clean_shutdown: false,
        recovery_point: None,
        log_start_offset: None,
        cleaned_to: None,
    };
    let log = Log::create(opening).await.expect("the log is made");
    for number in 0..4000_i64 {
        let batch = build(&Content {
            record_count: 1 + (number % 5) as i32,
            payload: vec![b'a' + (number % 26) as u8; (number * 37 % 900) as usize],
            base_timestamp: 1_700_000_000_000 + number * 3,
            ..Content::default()
        });
        let info =
            AppendInfo { leader_epoch: (number / 1000) as i32, log_append_time: None, base_offset: None };
        loop {
            match log.append(&batch, &info) {
                Ok(_) => break,
                Err(AppendError::Full) => log.room().await,
                Err(error) => panic!("{error}"),
            }
        }
    }
    let end = log.log_end_offset();
    log.wait_durable(end).await.expect("the log is written");
    if !killed {
        log.close(None).await.expect("the log is closed");
    }
    println!("{end}");
}
