//! The system calls that are made directly: each is short and never waits, or is made by a helper thread.

use super::ops::Address;
use crate::runtime::Process;
use crate::time::Instant;
use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicI32, Ordering};

fn check(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn owned(descriptor: i32) -> OwnedFd {
    // SAFETY: callers pass what a system call just gave them.
    unsafe { OwnedFd::from_raw_fd(descriptor) }
}

fn clock_nanos(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is valid to write to; these clocks always exist.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

pub(super) fn now() -> Instant {
    Instant(clock_nanos(libc::CLOCK_MONOTONIC))
}

pub(super) fn unix_millis() -> i64 {
    (clock_nanos(libc::CLOCK_REALTIME) / 1_000_000) as i64
}

pub(super) fn thread_cpu_nanos() -> u64 {
    clock_nanos(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// Reads a file that the kernel makes as it is read: nothing waits for a disk.
pub(super) fn process() -> Process {
    let resident_pages = std::fs::read_to_string("/proc/self/statm").ok().and_then(|text| {
        let resident = text.split_ascii_whitespace().nth(1)?;
        resident.parse::<u64>().ok()
    });
    // SAFETY: no pointers are passed.
    let page_bytes = u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(0);
    Process {
        cpu_nanos: clock_nanos(libc::CLOCK_PROCESS_CPUTIME_ID),
        resident_bytes: resident_pages.unwrap_or(0) * page_bytes,
    }
}

/// The cores that a thread may run on.
#[derive(Clone, Copy)]
pub(super) struct Affinity(libc::cpu_set_t);

impl Affinity {
    /// The calling thread's.
    pub(super) fn of_this_thread() -> io::Result<Affinity> {
        // SAFETY: the structure is a bit mask, for which all zeros is valid.
        let mut set: libc::cpu_set_t = unsafe { MaybeUninit::zeroed().assume_init() };
        // SAFETY: the structure is valid to write to, and has the size that is told.
        check(unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set) })?;
        Ok(Affinity(set))
    }

    /// Makes it the calling thread's.
    pub(super) fn take_on(&self) -> io::Result<()> {
        // SAFETY: the structure is valid to read, and has the size that is told.
        check(unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const self.0) })
            .map(drop)
    }
}

pub(super) fn eventfd(flags: i32) -> io::Result<OwnedFd> {
    // SAFETY: no pointers are passed.
    check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | flags) }).map(owned)
}

/// Adds one to an eventfd's count, which ends a read of it.
pub(crate) fn strike(eventfd: &OwnedFd) {
    strike_raw(eventfd.as_raw_fd());
}

fn strike_raw(eventfd: RawFd) {
    let one = 1u64;
    // SAFETY: eight bytes of a local are read. The write cannot fail short of a count of 2^64, and then the reader is
    // awake anyway.
    unsafe { libc::write(eventfd, (&raw const one).cast(), 8) };
}

pub(super) fn close(descriptor: RawFd) {
    drop(owned(descriptor));
}

pub(super) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: the array has room for both ends.
    check(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) })?;
    Ok((owned(ends[0]), owned(ends[1])))
}

/// Asks for a larger pipe and returns what it holds.
pub(super) fn grow_pipe(pipe: RawFd, bytes: usize) -> u32 {
    // SAFETY: no pointers are passed. Failing, the pipe stays as it is.
    unsafe {
        libc::fcntl(pipe, libc::F_SETPIPE_SZ, bytes as libc::c_int);
        u32::try_from(libc::fcntl(pipe, libc::F_GETPIPE_SZ)).unwrap_or(65_536)
    }
}

pub(super) fn zeroed_statx() -> Box<libc::statx> {
    // SAFETY: the structure is integers only.
    Box::new(unsafe { MaybeUninit::zeroed().assume_init() })
}

pub(super) fn zeroed_msghdr() -> libc::msghdr {
    // SAFETY: the structure is integers and pointers, for which null is valid.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

impl Address {
    pub(super) fn empty() -> Address {
        // SAFETY: the structure is integers only.
        let storage: libc::sockaddr_storage = unsafe { MaybeUninit::zeroed().assume_init() };
        Address { storage, len: size_of::<libc::sockaddr_storage>() as libc::socklen_t }
    }

    pub(super) fn from(address: SocketAddr) -> Address {
        let mut to = Address::empty();
        match address {
            SocketAddr::V4(address) => {
                to.len = size_of::<libc::sockaddr_in>() as libc::socklen_t;
                // SAFETY: the storage is larger than any address, and aligned for each.
                let into = unsafe { &mut *(&raw mut to.storage).cast::<libc::sockaddr_in>() };
                into.sin_family = libc::AF_INET as libc::sa_family_t;
                into.sin_port = address.port().to_be();
                into.sin_addr.s_addr = u32::from_ne_bytes(address.ip().octets());
            }
            SocketAddr::V6(address) => {
                to.len = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
                // SAFETY: as above.
                let into = unsafe { &mut *(&raw mut to.storage).cast::<libc::sockaddr_in6>() };
                into.sin6_family = libc::AF_INET6 as libc::sa_family_t;
                into.sin6_port = address.port().to_be();
                into.sin6_addr.s6_addr = address.ip().octets();
                into.sin6_flowinfo = address.flowinfo();
                into.sin6_scope_id = address.scope_id();
            }
        }
        to
    }

    pub(super) fn get(&self) -> Option<SocketAddr> {
        match i32::from(self.storage.ss_family) {
            libc::AF_INET => {
                // SAFETY: the family says which of the structures it is.
                let from = unsafe { &*(&raw const self.storage).cast::<libc::sockaddr_in>() };
                let ip = Ipv4Addr::from(from.sin_addr.s_addr.to_ne_bytes());
                Some(SocketAddr::V4(SocketAddrV4::new(ip, u16::from_be(from.sin_port))))
            }
            libc::AF_INET6 => {
                // SAFETY: as above.
                let from = unsafe { &*(&raw const self.storage).cast::<libc::sockaddr_in6>() };
                let ip = Ipv6Addr::from(from.sin6_addr.s6_addr);
                let port = u16::from_be(from.sin6_port);
                Some(SocketAddr::V6(SocketAddrV6::new(ip, port, from.sin6_flowinfo, from.sin6_scope_id)))
            }
            _ => None,
        }
    }
}

fn set_option(socket: &OwnedFd, level: i32, option: i32) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the option is an int, as is what is passed.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    check(result).map(drop)
}

/// A TCP socket without Nagle's delay, of the family of `address`.
pub(super) fn stream_socket(address: &SocketAddr) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    // SAFETY: no pointers are passed.
    let socket = owned(check(unsafe { libc::socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) })?);
    set_option(&socket, libc::IPPROTO_TCP, libc::TCP_NODELAY)?;
    Ok(socket)
}

pub(super) fn listen(address: SocketAddr, backlog: u32) -> io::Result<(RawFd, SocketAddr)> {
    // Accepted sockets inherit TCP_NODELAY.
    let socket = stream_socket(&address)?;
    set_option(&socket, libc::SOL_SOCKET, libc::SO_REUSEADDR)?;
    set_option(&socket, libc::SOL_SOCKET, libc::SO_REUSEPORT)?;
    let raw = Address::from(address);
    // SAFETY: the address and its length belong together.
    check(unsafe { libc::bind(socket.as_raw_fd(), (&raw const raw.storage).cast(), raw.len) })?;
    // SAFETY: no pointers are passed.
    check(unsafe { libc::listen(socket.as_raw_fd(), i32::try_from(backlog).unwrap_or(i32::MAX)) })?;
    let bound = local_addr(socket.as_raw_fd())?;
    Ok((socket.into_raw_fd(), bound))
}

pub(super) fn local_addr(socket: RawFd) -> io::Result<SocketAddr> {
    let mut address = Address::empty();
    // SAFETY: the storage has room for `len` bytes.
    check(unsafe { libc::getsockname(socket, (&raw mut address.storage).cast(), &raw mut address.len) })?;
    address.get().ok_or_else(|| io::Error::from_raw_os_error(libc::EAFNOSUPPORT))
}

pub(super) fn shutdown(socket: RawFd) {
    // SAFETY: no pointers are passed. It fails when the peer was quicker.
    unsafe { libc::shutdown(socket, libc::SHUT_RDWR) };
}

pub(super) fn set_buffered(file: RawFd) -> io::Result<()> {
    // SAFETY: no pointers are passed.
    let flags = check(unsafe { libc::fcntl(file, libc::F_GETFL) })?;
    // SAFETY: as above.
    check(unsafe { libc::fcntl(file, libc::F_SETFL, flags & !libc::O_DIRECT) }).map(drop)
}

pub(super) fn set_nonblocking(socket: RawFd) {
    // SAFETY: no pointers are passed. Neither call fails on an open socket.
    unsafe {
        let flags = libc::fcntl(socket, libc::F_GETFL);
        libc::fcntl(socket, libc::F_SETFL, flags | libc::O_NONBLOCK);
    }
}

/// Raises the soft limit on open files to the hard one, and returns it: the soft one is kept low for programs that use
/// select, of which this is none.
pub(super) fn raise_descriptor_limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure is valid to read and write.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) < 0 {
            return 0;
        }
        let raised = libc::rlimit { rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max };
        if limit.rlim_cur < limit.rlim_max && libc::setrlimit(libc::RLIMIT_NOFILE, &raw const raised) == 0 {
            return limit.rlim_max;
        }
    }
    limit.rlim_cur
}

fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}

/// Free (to this user) and total bytes. By a helper.
pub(super) fn space(path: &Path) -> io::Result<(u64, u64)> {
    let path = c_path(path)?;
    let mut space = MaybeUninit::<libc::statvfs>::zeroed();
    // SAFETY: the path ends with a zero, the structure is valid to write to.
    check(unsafe { libc::statvfs(path.as_ptr(), space.as_mut_ptr()) })?;
    // SAFETY: the call succeeded and filled it; it is integers only.
    let space = unsafe { space.assume_init() };
    Ok((space.f_bavail * space.f_frsize, space.f_blocks * space.f_frsize))
}

/// Opens and locks. By a helper.
pub(super) fn lock(path: &Path) -> io::Result<RawFd> {
    let path = c_path(path)?;
    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_CLOEXEC;
    // SAFETY: the path ends with a zero.
    let file = owned(check(unsafe { libc::open(path.as_ptr(), flags, 0o644) })?);
    // SAFETY: no pointers are passed.
    check(unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) })?;
    Ok(file.into_raw_fd())
}

/// By a helper.
pub(super) fn set_len(file: RawFd, len: u64) -> io::Result<()> {
    let len = i64::try_from(len).map_err(|_| io::Error::from_raw_os_error(libc::EFBIG))?;
    // SAFETY: no pointers are passed.
    check(unsafe { libc::ftruncate(file, len) }).map(drop)
}

/// Says to all shards of one run that they are asked to stop: an eventfd whose count stays, so that every ring that
/// polls it sees it.
pub(crate) struct StopSignal {
    event: OwnedFd,
}

/// The events that the signal handler strikes; more runs than this at a time happen in no process.
static LISTENING: [AtomicI32; 16] = [const { AtomicI32::new(-1) }; 16];

extern "C" fn on_signal(_signal: libc::c_int) {
    // SAFETY: errno is the thread's own; the interrupted code must find it as it was.
    let errno = unsafe { *libc::__errno_location() };
    for event in &LISTENING {
        let event = event.load(Ordering::SeqCst);
        if event >= 0 {
            // A write is one of the few things that a signal handler may do.
            strike_raw(event);
        }
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

impl StopSignal {
    pub(crate) fn new() -> io::Result<StopSignal> {
        Ok(StopSignal { event: eventfd(libc::EFD_NONBLOCK)? })
    }

    /// Has SIGTERM and SIGINT strike the event, and returns it. The first signal asks; a second one has its default
    /// effect and ends the process.
    pub(super) fn listen(&self) -> io::Result<RawFd> {
        let event = self.event.as_raw_fd();
        if LISTENING.iter().any(|slot| slot.load(Ordering::SeqCst) == event) {
            return Ok(event);
        }
        let free = LISTENING
            .iter()
            .any(|slot| slot.compare_exchange(-1, event, Ordering::SeqCst, Ordering::SeqCst).is_ok());
        if !free {
            return Err(io::Error::from_raw_os_error(libc::EMFILE));
        }
        for signal in [libc::SIGTERM, libc::SIGINT] {
            // SAFETY: the structure is integers and a pointer, for which null is valid.
            let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
            action.sa_sigaction = on_signal as *const () as libc::sighandler_t;
            action.sa_flags = libc::SA_RESTART | libc::SA_RESETHAND;
            // SAFETY: the handler does only what a handler may.
            check(unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) })?;
        }
        Ok(event)
    }

    pub(crate) fn request(&self) {
        strike(&self.event);
    }
}

impl Drop for StopSignal {
    fn drop(&mut self) {
        let event = self.event.as_raw_fd();
        for slot in &LISTENING {
            let _ = slot.compare_exchange(event, -1, Ordering::SeqCst, Ordering::SeqCst);
        }
    }
}
