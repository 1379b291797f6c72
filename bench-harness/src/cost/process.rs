//! One process, from `/proc/PID/{stat,status,io}`.

use super::{Error, Sample};
use procfs_core::process::{Io, Stat, Status};
use procfs_core::{FromRead, ProcError};
use std::path::{Path, PathBuf};

const BYTES_PER_KB: u64 = 1024;

pub fn name(root: &Path, pid: u32) -> Result<String, Error> {
    Ok(parse::<Stat>(&root.join(pid.to_string()).join("stat"))?.comm)
}

pub fn read(root: &Path, pid: u32) -> Result<Sample, Error> {
    let directory = root.join(pid.to_string());
    let stat: Stat = parse(&directory.join("stat"))?;
    let status_path = directory.join("status");
    let status: Status = parse(&status_path)?;
    // A process that ended but was not waited for has no memory to tell of.
    let resident_kb =
        status.vmrss.ok_or(Error::Missing { path: status_path, what: "VmRSS: has the process ended?" })?;
    // For the process's owner and root only; the rest is worth having without.
    let io: Option<Io> = parse(&directory.join("io")).ok();
    let ticks_per_s = rustix::param::clock_ticks_per_second() as f64;
    Ok(Sample {
        cpu_user_s: stat.utime as f64 / ticks_per_s,
        cpu_system_s: stat.stime as f64 / ticks_per_s,
        resident_bytes: resident_kb.saturating_mul(BYTES_PER_KB),
        resident_bytes_peak: status.vmhwm.map(|kb| kb.saturating_mul(BYTES_PER_KB)),
        disk_written_bytes: io.as_ref().map(|io| io.write_bytes),
        disk_read_bytes: io.as_ref().map(|io| io.read_bytes),
        ..Sample::default()
    })
}

fn parse<T: FromRead>(path: &Path) -> Result<T, Error> {
    T::from_file(path).map_err(|error| format_error(path.to_owned(), error))
}

pub(super) fn format_error(path: PathBuf, error: ProcError) -> Error {
    match error {
        ProcError::Io(error, _) => Error::File { path, error },
        ProcError::NotFound(_) => Error::File { path, error: std::io::ErrorKind::NotFound.into() },
        ProcError::PermissionDenied(_) => {
            Error::File { path, error: std::io::ErrorKind::PermissionDenied.into() }
        }
        other => Error::Format { path, why: other.to_string() },
    }
}
