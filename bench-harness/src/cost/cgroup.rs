//! A group of processes, from its directory of cgroup v2.

use super::{Error, Sample};
use std::fs;
use std::path::Path;

pub fn read(directory: &Path) -> Result<Sample, Error> {
    let cpu_path = directory.join("cpu.stat");
    let cpu = text(&cpu_path)?;
    let cpu_s = |name: &'static str| match value(&cpu, name) {
        Some(us) => Ok(us as f64 / 1e6),
        None => Err(Error::Missing { path: cpu_path.clone(), what: name }),
    };
    let (user_s, system_s) = (cpu_s("user_usec")?, cpu_s("system_usec")?);
    let io = fs::read_to_string(directory.join("io.stat")).ok();
    Ok(Sample {
        cpu_user_s: user_s,
        cpu_system_s: system_s,
        resident_bytes: resident_bytes(directory)?,
        // `memory.peak` counts the page cache, which comes and goes as the system likes.
        resident_bytes_peak: None,
        disk_written_bytes: io.as_deref().map(|io| sum(io, "wbytes")),
        disk_read_bytes: io.as_deref().map(|io| sum(io, "rbytes")),
        ..Sample::default()
    })
}

/// What the group holds that is no page cache; all of it where the kernel does not part them.
fn resident_bytes(directory: &Path) -> Result<u64, Error> {
    let path = directory.join("memory.stat");
    if let Ok(stat) = fs::read_to_string(&path)
        && let Some(anonymous) = value(&stat, "anon")
    {
        return Ok(anonymous
            + value(&stat, "kernel").unwrap_or(0)
            + value(&stat, "file_mapped").unwrap_or(0));
    }
    let path = directory.join("memory.current");
    text(&path)?.trim().parse().map_err(|_| Error::Missing { path, what: "a number of bytes" })
}

fn text(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| Error::file(path, error))
}

/// Of lines `NAME NUMBER`.
fn value(text: &str, name: &str) -> Option<u64> {
    text.lines().filter_map(|line| line.split_once(' ')).find(|(key, _)| *key == name)?.1.trim().parse().ok()
}

/// Of lines `MAJOR:MINOR NAME=NUMBER …`, over all devices.
fn sum(text: &str, name: &str) -> u64 {
    text.split_whitespace()
        .filter_map(|word| word.split_once('='))
        .filter(|(key, _)| *key == name)
        .filter_map(|(_, number)| number.parse::<u64>().ok())
        .fold(0, u64::saturating_add)
}
