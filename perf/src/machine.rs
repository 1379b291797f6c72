//! What a measurement must be read with: the machine, its kernel, the disk, and how often something was measured.

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use std::time::Duration;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    pub kernel: String,
    /// Type and options of the file system that was written to.
    pub file_system: String,
    pub commit: String,
    pub rustc: String,
    pub unix_seconds: u64,
}

fn first_line(command: &[&str]) -> String {
    let output = std::process::Command::new(command[0]).args(&command[1..]).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

impl Machine {
    /// This one. `dir` is where files are written.
    pub fn look(dir: &Path) -> Machine {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cpu = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Machine {
            cpu: cpu.map_or("unknown", |(_, name)| name).to_owned(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: kernel.trim().to_owned(),
            file_system: file_system(dir),
            commit: first_line(&["git", "rev-parse", "--short", "HEAD"]),
            rustc: first_line(&["rustc", "--version"]),
            unix_seconds: now.map_or(0, |since| since.as_secs()),
        }
    }
}

/// The mount that holds `dir`: the longest one that its path begins with.
fn file_system(dir: &Path) -> String {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let found = mounts
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            let [_, at, kind, options, ..] = fields.as_slice() else { return None };
            dir.starts_with(at).then(|| (at.len(), format!("{kind} ({options})")))
        })
        .max_by_key(|(len, _)| *len);
    found.map_or_else(|| "unknown".to_owned(), |(_, text)| text)
}

fn clock(id: ClockId) -> Duration {
    Duration::try_from(clock_gettime(id)).unwrap_or_default()
}

/// CPU time of the calling thread.
pub fn thread_cpu() -> Duration {
    clock(ClockId::ThreadCPUTime)
}

/// CPU time of the process, with what the kernel's workers did for it.
pub fn process_cpu() -> Duration {
    clock(ClockId::ProcessCPUTime)
}

/// The value that `part` (0 to 1) of them do not exceed; sorts them. Zero of none.
pub fn percentile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len().saturating_sub(1) as f64 * part).round() as usize;
    values.get(at).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The median is in the middle, whatever the order.
    #[test]
    fn percentiles() {
        let mut values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!([0.0, 0.5, 1.0].map(|part| percentile(&mut values, part)), [1.0, 3.0, 5.0]);
        assert_eq!(percentile(&mut [], 0.5), 0.0);
    }

    /// The root's file system is known, and CPU time passes.
    #[test]
    fn this_machine() {
        let machine = Machine::look(Path::new("/"));
        assert_ne!(machine.file_system, "unknown");
        assert!(machine.cores > 0 && !machine.kernel.is_empty());
        let before = thread_cpu();
        while thread_cpu() == before {}
        assert!(process_cpu() > Duration::ZERO);
    }
}
