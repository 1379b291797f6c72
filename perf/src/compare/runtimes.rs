//! Own ring, glommio and tokio on the same work.

use super::{Exchange, Writes, glommio, load, own, tokio};
use crate::machine::percentile;
use crate::rounds::{self, Contestant, Line, Values};
use std::io;
use std::path::Path;
use std::time::Duration;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    pub rounds: usize,
    /// Of each exchange.
    pub lasts: Duration,
    pub writes: usize,
    pub wakes: usize,
}

fn quantiles(mut micros: Vec<f64>) -> Values {
    vec![("p50_us", percentile(&mut micros, 0.5)), ("p99_us", percentile(&mut micros, 0.99))]
}

/// All disciplines. Files go to `dir`.
/// # Errors
/// A runtime does not start here, or breaks off.
pub fn run(extent: Extent, dir: &Path) -> io::Result<Vec<Line>> {
    let Extent { rounds, lasts, .. } = extent;
    let mut lines = Vec::new();
    for (name, connections, in_flight, request_bytes) in [
        ("1 KiB, 16 connections", 16, 1, 1 << 10),
        ("1 KiB, 16 in flight on each", 16, 16, 1 << 10),
        ("64 KiB, 4 connections", 4, 1, 64 << 10),
    ] {
        let exchange = Exchange { connections, in_flight, request_bytes, answer_bytes: 64, lasts };
        let contestants = vec![
            Contestant::new("own ring", move || load::drive(exchange, own::serve)),
            Contestant::new("glommio", move || load::drive(exchange, glommio::serve)),
            Contestant::new("tokio", move || load::drive(exchange, tokio::serve)),
        ];
        lines.extend(rounds::run(name, rounds, contestants)?);
    }
    let writes = Writes { path: dir.join("writes"), count: extent.writes };
    writes.prepare()?;
    let contestants = vec![
        Contestant::new("own ring", || own::write_durably(&writes).map(quantiles)),
        Contestant::new("glommio", || glommio::write_durably(&writes).map(quantiles)),
        Contestant::new("tokio", || on_thread(|| tokio::write_durably(&writes)).map(quantiles)),
    ];
    lines.extend(rounds::run("durable write of 4 KiB", rounds, contestants)?);
    let wakes = extent.wakes;
    let contestants = vec![
        Contestant::new("own ring", move || own::wake(wakes).map(quantiles)),
        Contestant::new("glommio", move || glommio::wake(wakes).map(quantiles)),
        Contestant::new("tokio", move || on_thread(|| tokio::wake(wakes)).map(quantiles)),
    ];
    lines.extend(rounds::run("another core and back", rounds, contestants)?);
    Ok(lines)
}

/// On a thread whose affinity ends with it.
fn on_thread<T: Send>(work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    std::thread::scope(|scope| scope.spawn(work).join())
        .map_err(|_| io::Error::other("a measuring thread panicked"))?
}
