//! Hosts made up of files.

use super::checks::{self, Check, Fix, State};
use super::host::Host;
use std::fs;
use tempfile::TempDir;

fn host(files: &[(&str, &str)]) -> (TempDir, Host) {
    let root = TempDir::new().expect("a directory");
    for (path, content) in files {
        let path = root.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().expect("it has one")).expect("a directory");
        fs::write(path, content).expect("a file");
    }
    let host = Host::at(root.path());
    (root, host)
}

fn state(checks: &[Check], name: &str) -> State {
    checks
        .iter()
        .find(|check| check.name == name)
        .map(|check| check.state)
        .unwrap_or_else(|| panic!("{name}"))
}

const UNTUNED: &[(&str, &str)] = &[
    ("/proc/sys/kernel/io_uring_disabled", "2\n"),
    ("/proc/sys/kernel/osrelease", "5.15.0-91-generic\n"),
    (
        "/proc/self/limits",
        "Limit                     Soft Limit           Hard Limit           Units\nMax open files            1024                 4096                 files\n",
    ),
    ("/proc/self/cgroup", "0::/pods/broker\n"),
    ("/sys/fs/cgroup/pods/cpu.max", "200000 100000\n"),
    ("/sys/fs/cgroup/pods/broker/cpu.max", "max 100000\n"),
    ("/proc/self/mountinfo", "27 1 254:0 / / rw,relatime - btrfs /dev/sda2 rw\n"),
    ("/sys/block/sda/sda2/partition", "2\n"),
    ("/sys/block/sda/queue/scheduler", "none [mq-deadline] kyber\n"),
    ("/sys/block/sda/queue/write_cache", "write back\n"),
    ("/sys/block/sda/queue/fua", "0\n"),
    ("/sys/block/sda/queue/rotational", "1\n"),
    ("/sys/block/sda/mq/0/nr_tags", "64\n"),
    ("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"),
    ("/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "performance\n"),
    ("/sys/devices/system/cpu/cpu0/cpuidle/state2/latency", "133\n"),
    ("/sys/devices/system/cpu/cpu0/cpuidle/state2/disable", "0\n"),
    ("/sys/devices/system/cpu/cpufreq/boost", "1\n"),
    ("/sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n"),
    ("/proc/swaps", "Filename Type Size Used Priority\n/swapfile file 2097148 0 -2\n"),
    ("/proc/sys/kernel/numa_balancing", "1\n"),
    ("/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n"),
    ("/sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet acpi_pm\n"),
    ("/sys/module/pcie_aspm/parameters/policy", "default performance [powersave] powersupersave\n"),
    ("/sys/class/net/eth0/device/vendor", "0x8086\n"),
    ("/sys/class/net/eth0/queues/rx-0/rps_cpus", "0\n"),
    ("/sys/class/net/lo/mtu", "65536\n"),
    ("/proc/sys/net/core/somaxconn", "128\n"),
    ("/proc/sys/net/ipv4/tcp_slow_start_after_idle", "1\n"),
];

#[test]
fn an_untuned_host_is_told_everything_and_a_tuned_one_nothing() {
    let (_root, host) = host(UNTUNED);
    let checks = checks::all(&host, "/".as_ref());
    let notes = ["write cache", "disk kind", "disk queues", "network queues"];
    for check in &checks {
        let wanted = if notes.contains(&check.name) { State::Note } else { State::Off };
        assert_eq!(check.state, wanted, "{}: {}", check.name, check.found);
        assert!(check.state == State::Note || check.fix.is_some(), "{} says what to do", check.name);
    }
    assert_eq!(checks.len(), 20);
    assert!(checks.iter().any(|check| check.found == "sda: write back, without FUA"));
}

#[test]
fn what_is_written_is_good_afterwards() {
    let (_root, host) = host(UNTUNED);
    let before = checks::all(&host, "/".as_ref());
    let mut said = Vec::new();
    super::apply(&host, &before, &mut said).expect("a list");
    let after = checks::all(&host, "/".as_ref());
    let mut written = 0;
    for check in &before {
        if let Some(Fix::Write { .. }) = check.fix {
            // The kernel answers a written choice with brackets around it; a made-up host with the choice alone.
            assert_eq!(state(&after, check.name), State::Good, "{}", check.name);
            written += 1;
        }
    }
    assert_eq!(written, 10);
    let said = String::from_utf8(said).expect("text");
    assert!(said.contains("/sys/block/sda/queue/scheduler was mq-deadline, is none"), "{said}");
    assert_eq!(said.matches("to make it last:").count(), written);
}

/// A container shows little of its host. Nothing is then claimed to be good or off.
#[test]
fn a_host_that_tells_nothing_is_not_judged() {
    let (_root, host) = host(&[]);
    for check in checks::all(&host, "/".as_ref()) {
        let told = ["io_uring", "cpu quota"].contains(&check.name);
        assert_eq!(check.state, if told { State::Good } else { State::Unknown }, "{}", check.name);
    }
}

/// Every check can be read about.
#[test]
fn tuning_md_has_a_section_for_each_check() {
    let page = include_str!("../../../../tuning.md");
    let (_root, host) = host(UNTUNED);
    for check in checks::all(&host, "/".as_ref()) {
        let heading = format!("\n### {}\n", check.name);
        assert!(page.contains(&heading), "tuning.md has no section {:?}", check.name);
    }
}
