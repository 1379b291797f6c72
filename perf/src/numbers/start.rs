//! How long a broker takes from nothing to serving, and what it holds when nobody asks anything: of both.

use crate::gates::process::{idle_bytes, status_bytes};
use crate::rounds::{Contestant, Line, run};
use crate::timed::Build;
use crate::timed::life::Life;
use ottla_bench::peer::kafka;
use std::io::{self, Error};
use std::path::Path;
use std::time::{Duration, Instant};

/// What a broker does after its start has settled.
const SETTLE: Duration = Duration::from_secs(3);

/// Files go to `dir`; Kafka listens on `port` and its neighbour. Kafka's time holds the formatting of its folder, without which it
/// does not start the first time.
/// # Errors
/// One does not start.
pub fn measure(ottla: &Path, port: u16, rounds: usize, dir: &Path) -> io::Result<Vec<Line>> {
    let build = Build { binary: ottla.to_owned(), commit: String::new() };
    let of_ottla = || {
        let figures = Life::StartUp.run(&build, dir)?.figures;
        let [resident, _, partition] = idle_bytes(ottla, &[])?;
        let mut values = vec![("idle_mb", resident / 1e6), ("idle_partition_kb", partition / 1e3)];
        for name in ["ready_ms", "first_ack_ms"] {
            values.extend(figures.get(name).map(|value| (name, *value)));
        }
        Ok(values)
    };
    let of_kafka = || {
        let home = tempfile::tempdir_in(dir)?;
        let began = Instant::now();
        let running = kafka::start(home.path(), port, &[]).map_err(Error::other)?;
        let ready = began.elapsed();
        std::thread::sleep(SETTLE);
        let resident = status_bytes(running.pid, "VmRSS");
        kafka::stop(home.path()).map_err(Error::other)?;
        Ok(vec![("ready_ms", ready.as_secs_f64() * 1e3), ("idle_mb", resident? / 1e6)])
    };
    let kafka = format!("Kafka {}", kafka::version());
    run("start and idle", rounds, vec![Contestant::new("Ottla", of_ottla), Contestant::new(&kafka, of_kafka)])
}
