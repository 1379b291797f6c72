//! The process behind a port of this machine, so that nobody has to look up the broker's PID.

use super::{Error, process::format_error};
use procfs_core::net::{TcpNetEntries, TcpState};
use procfs_core::{ExplicitSystemInfo, FromReadSI, ProcError};
use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::Path;

/// The process that listens on `address`; none when the address is of another machine.
///
/// # Errors
/// Nothing listens there in this network namespace, or the process belongs to someone else.
pub fn listener(address: SocketAddr) -> Result<Option<u32>, Error> {
    // Only an own address can be bound, and a datagram socket on port 0 disturbs nobody.
    if UdpSocket::bind((address.ip(), 0)).is_err() {
        return Ok(None);
    }
    find(Path::new("/proc"), address).map(Some)
}

pub(super) fn find(root: &Path, address: SocketAddr) -> Result<u32, Error> {
    let port = address.port();
    let mut inodes = BTreeSet::new();
    for table in ["net/tcp", "net/tcp6"] {
        let path = root.join(table);
        let entries = match entries(&path) {
            // A kernel without IPv6 has no such table.
            Err(Error::File { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        let listens = entries.0.into_iter().filter(|entry| entry.state == TcpState::Listen);
        inodes.extend(listens.filter(|entry| serves(entry.local_address, address)).map(|entry| entry.inode));
    }
    if inodes.is_empty() {
        return Err(Error::NoListener { port });
    }
    owner(root, &inodes)?.ok_or(Error::HiddenListener { port })
}

fn entries(path: &Path) -> Result<TcpNetEntries, Error> {
    let file = fs::File::open(path).map_err(|error| Error::file(path, error))?;
    // Addresses are printed in the order of the machine's bytes; nothing else of the system is used for them.
    let system = ExplicitSystemInfo {
        boot_time_secs: 0,
        ticks_per_second: 100,
        page_size: 4096,
        is_little_endian: cfg!(target_endian = "little"),
    };
    TcpNetEntries::from_read(file, &system).map_err(|error: ProcError| format_error(path.to_owned(), error))
}

/// Whether a socket bound to `bound` takes connections to `wanted`.
fn serves(bound: SocketAddr, wanted: SocketAddr) -> bool {
    let plain = |ip: IpAddr| ip.to_canonical();
    bound.port() == wanted.port() && (bound.ip().is_unspecified() || plain(bound.ip()) == plain(wanted.ip()))
}

/// The process with the lowest number that holds one of the sockets: a parent before what it forked.
fn owner(root: &Path, inodes: &BTreeSet<u64>) -> Result<Option<u32>, Error> {
    let processes = fs::read_dir(root).map_err(|error| Error::file(root, error))?;
    let mut pids: Vec<u32> =
        processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    pids.sort_unstable();
    Ok(pids.into_iter().find(|pid| holds(&root.join(pid.to_string()).join("fd"), inodes)))
}

/// Processes end while they are looked at, and those of others can't be looked into: both hold nothing.
fn holds(descriptors: &Path, inodes: &BTreeSet<u64>) -> bool {
    let Ok(entries) = fs::read_dir(descriptors) else { return false };
    entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()).any(|target| {
        target
            .to_str()
            .and_then(|target| target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok())
            .is_some_and(|inode| inodes.contains(&inode))
    })
}
