//! Sets the ring up with what the kernel has, flag by flag, and says what is missing.

use crate::runtime::{Features, StartError};
use io_uring::{IoUring, Probe, opcode, squeue};

/// What this kernel has of what is used when there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Supported {
    single_issuer: bool,
    defer_taskrun: bool,
    coop_taskrun: bool,
    submit_all: bool,
    pub(crate) taskrun_flag: bool,
    pub(crate) no_iowait: bool,
    skip_success: bool,
    pub(crate) msg_ring: bool,
    pub(crate) rename: bool,
    pub(crate) unlink: bool,
    pub(crate) mkdir: bool,
    pub(crate) truncate: bool,
    pub(crate) splice: bool,
    pub(crate) descriptors_max: u64,
}

/// Descriptors below this are soon used up: one per connection, a few per partition.
const DESCRIPTORS_WANTED: u64 = 65_536;

/// Ops without which there is no broker.
const NEEDED: [(u8, &str); 13] = [
    (opcode::OpenAt::CODE, "OPENAT"),
    (opcode::Close::CODE, "CLOSE"),
    (opcode::Statx::CODE, "STATX"),
    (opcode::Read::CODE, "READ"),
    (opcode::Write::CODE, "WRITE"),
    (opcode::Writev::CODE, "WRITEV"),
    (opcode::Fsync::CODE, "FSYNC"),
    (opcode::Fallocate::CODE, "FALLOCATE"),
    (opcode::Accept::CODE, "ACCEPT"),
    (opcode::Connect::CODE, "CONNECT"),
    (opcode::Recv::CODE, "RECV"),
    (opcode::SendMsg::CODE, "SENDMSG"),
    (opcode::AsyncCancel::CODE, "ASYNC_CANCEL"),
];

impl Supported {
    /// A flag for entries whose success nobody needs to hear of.
    pub(crate) fn skip_success(&self) -> squeue::Flags {
        if self.skip_success { squeue::Flags::SKIP_SUCCESS } else { squeue::Flags::empty() }
    }

    pub(crate) fn features(&self) -> Features {
        let newer_than = |version| match version {
            510 => "Linux 5.10 or later has it",
            511 => "Linux 5.11 or later has it",
            515 => "Linux 5.15 or later has it",
            517 => "Linux 5.17 or later has it",
            518 => "Linux 5.18 or later has it",
            519 => "Linux 5.19 or later has it",
            600 => "Linux 6.0 or later has it",
            601 => "Linux 6.1 or later has it",
            _ => "Linux 6.9 or later has it",
        };
        let table = [
            (self.single_issuer, "SINGLE_ISSUER", newer_than(600)),
            (self.defer_taskrun, "DEFER_TASKRUN", newer_than(601)),
            (self.defer_taskrun || self.coop_taskrun, "COOP_TASKRUN", newer_than(519)),
            (self.submit_all, "SUBMIT_ALL", newer_than(518)),
            (self.skip_success, "CQE_SKIP", newer_than(517)),
            (self.msg_ring, "MSG_RING", newer_than(518)),
            (self.truncate, "FTRUNCATE", newer_than(609)),
            (self.mkdir, "MKDIRAT", newer_than(515)),
            (self.rename && self.unlink, "RENAMEAT and UNLINKAT", newer_than(511)),
            (self.splice, "SPLICE", newer_than(510)),
            (
                self.descriptors_max >= DESCRIPTORS_WANTED,
                "open files",
                "the hard limit is below 65,536: raise it by LimitNOFILE= of systemd, --ulimit nofile= of a container \
                 runtime, or /etc/security/limits.conf",
            ),
        ];
        let mut features = Features { descriptors_max: Some(self.descriptors_max), ..Features::default() };
        for (is_there, name, remedy) in table {
            if is_there {
                features.in_use.push(name);
            } else {
                features.missing.push((name, remedy));
            }
        }
        features
    }
}

/// A ring with the best flags that the kernel takes.
pub(crate) fn set_up(entries: u32) -> Result<(IoUring, Supported), StartError> {
    // From the best down; each line is a kernel version's worth of flags.
    let attempts = [
        Supported {
            single_issuer: true,
            defer_taskrun: true,
            submit_all: true,
            taskrun_flag: true,
            ..Supported::default()
        },
        Supported {
            single_issuer: true,
            coop_taskrun: true,
            submit_all: true,
            taskrun_flag: true,
            ..Supported::default()
        },
        Supported { coop_taskrun: true, submit_all: true, taskrun_flag: true, ..Supported::default() },
        Supported { submit_all: true, ..Supported::default() },
        Supported::default(),
    ];
    let mut refused = None;
    for supported in attempts {
        match build(entries, &supported) {
            Ok(ring) => return probe(ring, supported),
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => refused = Some(error),
            Err(error) => return Err(StartError::RingRefused(remedy(&error))),
        }
    }
    let error = refused.unwrap_or_else(|| std::io::Error::from_raw_os_error(libc::EINVAL));
    Err(StartError::RingRefused(remedy(&error)))
}

fn build(entries: u32, supported: &Supported) -> std::io::Result<IoUring> {
    let mut builder = IoUring::builder();
    let entries = entries.clamp(8, 32_768);
    // Every receive that waits is an op in flight, so completions may come in crowds.
    builder.setup_clamp().setup_cqsize(entries.saturating_mul(4));
    if supported.single_issuer {
        builder.setup_single_issuer();
    }
    if supported.defer_taskrun {
        builder.setup_defer_taskrun();
    }
    if supported.coop_taskrun {
        builder.setup_coop_taskrun();
    }
    if supported.submit_all {
        builder.setup_submit_all();
    }
    if supported.taskrun_flag {
        builder.setup_taskrun_flag();
    }
    builder.build(entries)
}

fn probe(ring: IoUring, mut supported: Supported) -> Result<(IoUring, Supported), StartError> {
    let parameters = ring.params();
    if !parameters.is_feature_nodrop()
        || !parameters.is_feature_fast_poll()
        || !parameters.is_feature_ext_arg()
    {
        let text =
            "this kernel's io_uring is too old: Linux 5.11 or later is needed, 6.1 or later recommended";
        return Err(StartError::RingRefused(text.into()));
    }
    supported.no_iowait = parameters.is_feature_no_iowait();
    supported.skip_success = parameters.is_feature_skip_cqe_on_success();
    let mut probe = Probe::new();
    ring.submitter().register_probe(&mut probe).map_err(|error| StartError::RingRefused(remedy(&error)))?;
    let missing: Vec<&str> =
        NEEDED.iter().filter(|(code, _)| !probe.is_supported(*code)).map(|(_, name)| *name).collect();
    if !missing.is_empty() {
        return Err(StartError::RingRefused(format!(
            "io_uring lacks {} here: a newer kernel, or a container without io_uring restrictions, is needed",
            missing.join(", ")
        )));
    }
    supported.msg_ring = probe.is_supported(opcode::MsgRingData::CODE);
    supported.rename = probe.is_supported(opcode::RenameAt::CODE);
    supported.unlink = probe.is_supported(opcode::UnlinkAt::CODE);
    supported.mkdir = probe.is_supported(opcode::MkDirAt::CODE);
    supported.truncate = probe.is_supported(opcode::Ftruncate::CODE);
    supported.splice = probe.is_supported(opcode::Splice::CODE);
    supported.descriptors_max = super::sys::raise_descriptor_limit();
    Ok((ring, supported))
}

/// What to do about a refused ring.
fn remedy(error: &std::io::Error) -> String {
    let what = match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => {
            let switch = std::fs::read_to_string("/proc/sys/kernel/io_uring_disabled").unwrap_or_default();
            match switch.trim() {
                "1" => {
                    "kernel.io_uring_disabled is 1: run `sysctl kernel.io_uring_disabled=0`, or put this user's group \
                     into kernel.io_uring_group"
                }
                "2" => "kernel.io_uring_disabled is 2: run `sysctl kernel.io_uring_disabled=0`",
                _ => {
                    "a seccomp profile or security module forbids it: in a container allow io_uring_setup, \
                     io_uring_enter and io_uring_register (Docker: --security-opt seccomp=PROFILE)"
                }
            }
        }
        Some(libc::ENOSYS) => {
            "this kernel has no io_uring, or a seccomp profile hides it: Linux 6.1 or later is recommended; in a \
             container allow io_uring_setup, io_uring_enter and io_uring_register"
        }
        Some(libc::ENOMEM) => {
            "not enough lockable memory: raise RLIMIT_MEMLOCK (`ulimit -l`, LimitMEMLOCK= of systemd)"
        }
        Some(libc::EMFILE | libc::ENFILE) => {
            "too many open files: raise RLIMIT_NOFILE (`ulimit -n`, LimitNOFILE=)"
        }
        _ => "Linux 5.11 or later is needed, 6.1 or later recommended",
    };
    format!("cannot set up io_uring: {error}. {what}")
}
