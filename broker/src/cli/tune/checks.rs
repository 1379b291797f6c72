//! What a host should have for low latency: what is there, what should be, why, and how to change it.
//!
//! `tuning.md` has a section for each check, under its name. Each looks at files of the kernel and changes nothing.

use super::host::{Host, Mount};
use serde::Serialize;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Good,
    /// Costs latency or throughput, and can be changed.
    Off,
    /// Worth knowing: a choice, or nothing that a command changes.
    Note,
    /// This host does not tell.
    Unknown,
}

/// How to change what is off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Fix {
    /// Files of the kernel to write; `--apply` does it. `lasting` makes it survive a restart.
    Write { files: Vec<(String, String)>, lasting: String },
    /// For a person to do, since it stops something or belongs to the boot or the container.
    Command(String),
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) state: State,
    pub(super) found: String,
    pub(super) wanted: &'static str,
    pub(super) why: &'static str,
    pub(super) fix: Option<Fix>,
}

/// Every check, in the order of `tuning.md`.
pub(super) fn all(host: &Host, data: &Path) -> Vec<Check> {
    let cores = cores(host);
    let mount = host.mount_of(data);
    let disk = mount.as_ref().and_then(|mount| host.disk_of(mount));
    let mut checks = vec![io_uring(host), kernel(host), open_files(host), cpu_quota(host)];
    checks.extend([file_system(mount.as_ref()), access_times(mount.as_ref())]);
    checks.extend(disk.iter().flat_map(|disk| disk_checks(host, disk, cores)));
    checks.extend([governor(host, cores), idle_states(host, cores), huge_pages(host), swap(host)]);
    checks.extend([numa_balancing(host), clock(host), pci_power(host)]);
    checks.extend(network_queues(host, cores));
    checks.extend([backlog(host), slow_start(host)]);
    checks
}

fn cores(host: &Host) -> usize {
    let is_core = |name: &String| {
        name.strip_prefix("cpu")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    host.names("/sys/devices/system/cpu").iter().filter(|name| is_core(name)).count().max(1)
}

fn shown<T: ToString>(found: Option<T>) -> String {
    found.map_or_else(|| "not told".to_owned(), |found| found.to_string())
}

/// A setting under `/proc/sys` that should satisfy `good`, or else become `value`.
fn sysctl(
    host: &Host,
    name: &'static str,
    key: &str,
    value: &str,
    good: impl Fn(i64) -> bool,
    wanted: &'static str,
    why: &'static str,
) -> Check {
    let path = format!("/proc/sys/{}", key.replace('.', "/"));
    let found = host.number(&path);
    let state = match found {
        Some(number) if good(number) => State::Good,
        Some(_) => State::Off,
        None => State::Unknown,
    };
    let fix = (state == State::Off).then(|| Fix::Write {
        files: vec![(path, value.to_owned())],
        lasting: format!("echo '{key} = {value}' | sudo tee -a /etc/sysctl.d/90-ottla.conf"),
    });
    Check { name, state, found: format!("{key} = {}", shown(found)), wanted, why, fix }
}

fn io_uring(host: &Host) -> Check {
    // Kernels before 6.6 have no such setting and allow it.
    if !host.exists("/proc/sys/kernel/io_uring_disabled") {
        let why = "the whole broker runs on it";
        return Check {
            name: "io_uring",
            state: State::Good,
            found: "no restriction".into(),
            wanted: "allowed",
            why,
            fix: None,
        };
    }
    let why = "the whole broker runs on it; without it there is no start";
    sysctl(host, "io_uring", "kernel.io_uring_disabled", "0", |value| value == 0, "0", why)
}

fn kernel(host: &Host) -> Check {
    let release = host.read("/proc/sys/kernel/osrelease");
    let mut numbers =
        release.as_deref().unwrap_or_default().split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    let version = numbers.next().zip(numbers.next());
    let state = match version {
        Some(version) if version >= (6, 1) => State::Good,
        Some(_) => State::Off,
        None => State::Unknown,
    };
    let fix = (state == State::Off).then(|| Fix::Command("install a kernel of 6.1 or newer".into()));
    let why = "SINGLE_ISSUER and DEFER_TASKRUN: 30-40% less CPU for a small request";
    Check { name: "kernel", state, found: shown(release), wanted: "6.1 or newer", why, fix }
}

fn open_files(host: &Host) -> Check {
    const WANTED: u64 = 65_536;
    let limits = host.read("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap_or_default();
    let hard = line.split_whitespace().nth(1).map(str::to_owned);
    let state = match hard.as_deref() {
        Some("unlimited") => State::Good,
        Some(number) if number.parse::<u64>().is_ok_and(|number| number >= WANTED) => State::Good,
        Some(_) => State::Off,
        None => State::Unknown,
    };
    let command = "LimitNOFILE=1048576 in the systemd unit, or docker run --ulimit nofile=1048576:1048576";
    let fix = (state == State::Off).then(|| Fix::Command(command.into()));
    let why = "a connection is a file, a partition that is written a few";
    Check {
        name: "open files",
        state,
        found: format!("hard limit {}", shown(hard)),
        wanted: "65,536 or more",
        why,
        fix,
    }
}

/// Control groups of version 2; the quota of an outer group counts too.
fn cpu_quota(host: &Host) -> Check {
    let groups = host.read("/proc/self/cgroup").unwrap_or_default();
    let own = groups.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/").to_owned();
    let outer = Path::new(&own).ancestors().filter_map(Path::to_str).map(str::to_owned);
    let quotas = outer
        .filter_map(|group| host.read(&format!("/sys/fs/cgroup{}/cpu.max", group.trim_end_matches('/'))));
    let limited = quotas.into_iter().find(|quota| !quota.starts_with("max"));
    let state = if limited.is_some() { State::Off } else { State::Good };
    let found = limited.map_or_else(|| "no quota".to_owned(), |quota| format!("cpu.max = {quota}"));
    let command =
        "give the container whole cores instead (docker run --cpuset-cpus, Kubernetes: static CPU manager)";
    let fix = (state == State::Off).then(|| Fix::Command(command.into()));
    let why = "a core that has used its quota stands still for the rest of a 100 ms period";
    Check { name: "cpu quota", state, found, wanted: "no quota", why, fix }
}

fn file_system(mount: Option<&Mount>) -> Check {
    let (state, found) = match mount {
        Some(Mount { file_system, point, device, .. }) => {
            let good = matches!(file_system.as_str(), "ext4" | "xfs");
            (if good { State::Good } else { State::Off }, format!("{file_system} on {device} at {point}"))
        }
        None => (State::Unknown, "not told".to_owned()),
    };
    let fix = (state == State::Off).then(|| Fix::Command("put --data on ext4 or XFS on a local disk".into()));
    let why = "both write directly and durably without a copy; others go through the page cache with a flush for each ack";
    Check { name: "file system", state, found, wanted: "ext4 or xfs", why, fix }
}

fn access_times(mount: Option<&Mount>) -> Check {
    let state = match mount {
        Some(mount) if mount.options.iter().any(|option| option == "noatime") => State::Good,
        Some(_) => State::Off,
        None => State::Unknown,
    };
    let fix = mount.filter(|_| state == State::Off).map(|mount| {
        let point = &mount.point;
        Fix::Command(format!("sudo mount -o remount,noatime {point}   # and noatime in /etc/fstab"))
    });
    let found = mount.map_or_else(|| "not told".to_owned(), |mount| mount.options.join(","));
    Check {
        name: "access times",
        state,
        found,
        wanted: "noatime",
        why: "a read need not write the inode",
        fix,
    }
}

fn disk_checks(host: &Host, disk: &str, cores: usize) -> Vec<Check> {
    let queue = |file: &str| format!("/sys/block/{disk}/queue/{file}");
    let scheduler = host.chosen(&queue("scheduler"));
    let state = match scheduler.as_deref() {
        Some("none") => State::Good,
        Some(_) => State::Off,
        None => State::Unknown,
    };
    let rule = format!("ACTION==\"add|change\", KERNEL==\"{disk}\", ATTR{{queue/scheduler}}=\"none\"");
    let fix = (state == State::Off).then(|| Fix::Write {
        files: vec![(queue("scheduler"), "none".into())],
        lasting: format!("echo '{rule}' | sudo tee /etc/udev/rules.d/90-ottla-{disk}.rules"),
    });
    let why = "a flash drive orders its own work; a scheduler adds a lock and a delay to each write";
    let scheduler = Check {
        name: "disk scheduler",
        state,
        found: format!("{disk}: {}", shown(scheduler)),
        wanted: "none",
        why,
        fix,
    };

    let cache = host.read(&queue("write_cache"));
    let state = match cache.as_deref() {
        Some("write through") => State::Good,
        Some(_) => State::Note,
        None => State::Unknown,
    };
    let why = "behind a volatile cache a durable write is one write with FUA, and without it a write and a flush that a kernel \
               thread waits for; drives with power-loss protection need neither";
    let fua = match host.number(&queue("fua")) {
        Some(0) if state == State::Note => ", without FUA",
        Some(_) if state == State::Note => ", with FUA",
        _ => "",
    };
    let cache = Check {
        name: "write cache",
        state,
        found: format!("{disk}: {}{fua}", shown(cache)),
        wanted: "write through",
        why,
        fix: None,
    };

    let rotates = host.number(&queue("rotational"));
    // A virtual disk often claims to be one that turns, so this is no more than a note.
    let state = match rotates {
        Some(0) => State::Good,
        Some(_) => State::Note,
        None => State::Unknown,
    };
    let kind = match rotates {
        Some(0) => "flash",
        Some(_) => "rotational, or a virtual disk",
        None => "not told",
    };
    let why = "every group of acks is one durable write: about 10 ms where a head has to move";
    let kind =
        Check { name: "disk kind", state, found: format!("{disk}: {kind}"), wanted: "flash", why, fix: None };

    let queues = host.names(&format!("/sys/block/{disk}/mq")).len();
    let state = match queues {
        0 => State::Unknown,
        queues if queues >= cores => State::Good,
        _ => State::Note,
    };
    let why = "with a queue for each core a completion comes back to the core that asked";
    let found = format!("{disk}: {queues} for {cores} cores");
    let queues = Check { name: "disk queues", state, found, wanted: "one for each core", why, fix: None };
    vec![scheduler, cache, kind, queues]
}

fn governor(host: &Host, cores: usize) -> Check {
    let path = |core: usize| format!("/sys/devices/system/cpu/cpu{core}/cpufreq/scaling_governor");
    let found: Vec<(String, String)> =
        (0..cores).filter_map(|core| Some((path(core), host.read(&path(core))?))).collect();
    let slow: Vec<(String, String)> =
        found.iter().filter(|(_, governor)| governor != "performance").cloned().collect();
    // Virtual machines have no such file: the host decides.
    let (state, text) = match (found.first(), slow.first()) {
        (None, _) => (State::Unknown, "not told".to_owned()),
        (Some(_), None) => (State::Good, "performance".to_owned()),
        (_, Some((_, governor))) => (State::Off, format!("{governor} on {} of {cores} cores", slow.len())),
    };
    let fix = (state == State::Off).then(|| Fix::Write {
        files: slow.into_iter().map(|(path, _)| (path, "performance".into())).collect(),
        lasting: "tuned-adm profile latency-performance, or cpupower's service with --governor performance"
            .into(),
    });
    let why = "a core that woke up runs at full speed at once";
    Check { name: "cpu governor", state, found: text, wanted: "performance", why, fix }
}

fn idle_states(host: &Host, cores: usize) -> Check {
    /// What waking from a state may take, in microseconds, before it shows beside a write of 50.
    const EXIT_US_MAX: i64 = 20;
    let mut files = Vec::new();
    let mut deepest = None;
    let mut told = false;
    for core in 0..cores {
        let dir = format!("/sys/devices/system/cpu/cpu{core}/cpuidle");
        for state in host.names(&dir) {
            let at = |file: &str| format!("{dir}/{state}/{file}");
            let (Some(exit_us), Some(disabled)) = (host.number(&at("latency")), host.number(&at("disable")))
            else {
                continue;
            };
            told = true;
            if disabled == 0 && exit_us > EXIT_US_MAX {
                deepest = deepest.max(Some(exit_us));
                files.push((at("disable"), "1".to_owned()));
            }
        }
    }
    let (state, found) = match deepest {
        Some(exit_us) => (State::Off, format!("waking takes up to {exit_us} µs")),
        None if told => (State::Good, format!("waking takes up to {EXIT_US_MAX} µs")),
        None => (State::Unknown, "not told".to_owned()),
    };
    let fix = (state == State::Off).then(|| Fix::Write {
        files,
        lasting:
            "tuned-adm profile latency-performance, or processor.max_cstate=1 on the kernel's command line"
                .into(),
    });
    let why = "an idle core that sleeps deeply adds its waking to the first record; costs power";
    Check { name: "idle states", state, found, wanted: "none that takes over 20 µs to wake from", why, fix }
}

fn huge_pages(host: &Host) -> Check {
    let path = "/sys/kernel/mm/transparent_hugepage/enabled";
    let found = host.chosen(path);
    let state = match found.as_deref() {
        Some("always") => State::Off,
        Some(_) => State::Good,
        None => State::Unknown,
    };
    let fix = (state == State::Off).then(|| Fix::Write {
        files: vec![(path.into(), "madvise".into())],
        lasting: "transparent_hugepage=madvise on the kernel's command line".into(),
    });
    let why = "`always` makes page faults zero 2 MiB at a time and lets a background thread move memory under the broker";
    Check { name: "huge pages", state, found: shown(found), wanted: "madvise or never", why, fix }
}

fn swap(host: &Host) -> Check {
    let table = host.read("/proc/swaps");
    let devices = table.as_ref().map(|table| table.lines().skip(1).count());
    let state = match devices {
        Some(0) => State::Good,
        Some(_) => State::Off,
        None => State::Unknown,
    };
    let found = match devices {
        Some(0) => "none".to_owned(),
        Some(count) => {
            format!("{count} in use, vm.swappiness = {}", shown(host.number("/proc/sys/vm/swappiness")))
        }
        None => "not told".to_owned(),
    };
    let fix = (state == State::Off)
        .then(|| Fix::Command("sudo swapoff -a   # and its lines out of /etc/fstab".into()));
    let why = "a shard that waits for a swapped page stands still with all its partitions";
    Check { name: "swap", state, found, wanted: "none", why, fix }
}

fn numa_balancing(host: &Host) -> Check {
    let why =
        "it unmaps memory to see who uses it: page faults on every shard, whose memory is its own anyway";
    sysctl(host, "numa balancing", "kernel.numa_balancing", "0", |value| value == 0, "0", why)
}

fn clock(host: &Host) -> Check {
    let dir = "/sys/devices/system/clocksource/clocksource0";
    let found = host.read(&format!("{dir}/current_clocksource"));
    let available = host.read(&format!("{dir}/available_clocksource")).unwrap_or_default();
    let good = ["tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page"];
    let state = match found.as_deref() {
        Some(clock) if good.contains(&clock) => State::Good,
        Some(_) => State::Off,
        None => State::Unknown,
    };
    let better = available.split_whitespace().find(|clock| good.contains(clock));
    let fix = (state == State::Off).then(|| match better {
        Some(clock) => Fix::Write {
            files: vec![(format!("{dir}/current_clocksource"), clock.to_owned())],
            lasting: format!("clocksource={clock} on the kernel's command line"),
        },
        None => Fix::Command("dmesg | grep -i clocksource tells why the kernel gave up on tsc".into()),
    });
    let why = "others are read by a system call or a device: microseconds for each look at the time";
    Check { name: "clock", state, found: shown(found), wanted: "tsc or kvm-clock", why, fix }
}

fn pci_power(host: &Host) -> Check {
    let path = "/sys/module/pcie_aspm/parameters/policy";
    let found = host.chosen(path);
    let state = match found.as_deref() {
        Some("performance") => State::Good,
        // `default` is what the firmware set.
        Some("default") => State::Note,
        Some(_) => State::Off,
        None => State::Unknown,
    };
    let fix = (state == State::Off).then(|| Fix::Write {
        files: vec![(path.into(), "performance".into())],
        lasting: "pcie_aspm.policy=performance on the kernel's command line".into(),
    });
    let why = "a link that sleeps adds microseconds to the first request of a drive or network card";
    Check { name: "pci power", state, found: shown(found), wanted: "performance", why, fix }
}

fn network_queues(host: &Host, cores: usize) -> Vec<Check> {
    let real = |name: &String| host.exists(&format!("/sys/class/net/{name}/device"));
    let cards = host.names("/sys/class/net").into_iter().filter(real);
    let check = |card: String| {
        let names = host.names(&format!("/sys/class/net/{card}/queues"));
        let queues = names.iter().filter(|name| name.starts_with("rx-")).count();
        let state = if queues >= cores { State::Good } else { State::Note };
        let fix = (state == State::Note).then(|| {
            Fix::Command(format!("sudo ethtool -L {card} combined {cores}   # if the card has so many"))
        });
        let why = "with a receive queue for each core, packets are worked on where the connection is";
        let found = format!("{card}: {queues} for {cores} cores");
        Check { name: "network queues", state, found, wanted: "one for each core", why, fix }
    };
    cards.map(check).collect()
}

fn backlog(host: &Host) -> Check {
    let why = "thousands of clients that reconnect at once wait in this line; beyond it their SYNs are lost and wait a second";
    sysctl(host, "backlog", "net.core.somaxconn", "4096", |value| value >= 4096, "4,096 or more", why)
}

fn slow_start(host: &Host) -> Check {
    let why = "a connection that paused sends its next batch at once instead of growing its window again";
    sysctl(host, "slow start", "net.ipv4.tcp_slow_start_after_idle", "0", |value| value == 0, "0", why)
}
