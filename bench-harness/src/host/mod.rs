//! The machine that a run was made on, as far as it says: a figure without it can't be compared with anything.
//!
//! What can't be told is left out or called `unknown`; nothing here fails a run.

mod storage;

pub use storage::Storage;

use crate::outcome::Host;
use procfs_core::{CpuInfo, FromRead, Meminfo};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const UNKNOWN: &str = "unknown";

/// Describes this machine. `data_dir` is the broker's, when the broker is here; `broker` its name and version.
pub fn describe(data_dir: Option<&Path>, broker: String) -> Host {
    Roots::default().describe(data_dir, broker)
}

/// The data directory of a broker of this machine: the first of `log.dirs` in its settings, from where the process stands.
///
/// None when the settings don't say.
pub fn data_dir(broker_settings: &BTreeMap<String, String>, pid: u32) -> Option<PathBuf> {
    let set = |name: &str| broker_settings.get(name).filter(|value| !value.trim().is_empty());
    let first = set("log.dirs").or_else(|| set("log.dir"))?.split(',').next()?.trim();
    // An absolute path replaces what it is joined to.
    let directory = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default().join(first);
    // A broker in a container has mounts of its own, seen through its root.
    let mounts_of = |process: &str| fs::read_link(format!("/proc/{process}/ns/mnt")).ok();
    if mounts_of("self") == mounts_of(&pid.to_string()) {
        return Some(directory);
    }
    Some(Path::new("/proc").join(pid.to_string()).join("root").join(directory.strip_prefix("/").ok()?))
}

/// Name and version of a broker, as far as it says: its settings tell Ottla from Kafka, and its finalized `metadata.version` says which
/// version of Kafka it behaves as. `given` is what the user called it, and goes before all.
pub fn broker_name(
    given: Option<&str>,
    broker_settings: &BTreeMap<String, String>,
    metadata_version: Option<i16>,
) -> String {
    if let Some(given) = given {
        return given.to_owned();
    }
    let name = if crate::durability::is_ottla(broker_settings) {
        "Ottla"
    } else if crate::durability::is_kafka(broker_settings) {
        "Apache Kafka"
    } else {
        "a broker of Kafka's protocol"
    };
    match metadata_version {
        Some(level) => match kafka_version(level) {
            Some(version) => format!("{name}, metadata.version {version} (level {level})"),
            None => format!("{name}, metadata.version level {level}"),
        },
        None => name.to_owned(),
    }
}

/// The release whose production level this is, from `kafka-features version-mapping`.
fn kafka_version(level: i16) -> Option<&'static str> {
    Some(match level {
        7 => "3.3",
        8 => "3.4",
        9..=11 => "3.5",
        12..=14 => "3.6",
        15..=19 => "3.7",
        20 => "3.8",
        21 => "3.9",
        22..=25 => "4.0",
        26..=27 => "4.1",
        28..=29 => "4.2",
        30 => "4.3",
        _ => return None,
    })
}

/// This tool's own version.
pub fn tool() -> String {
    format!("ottla-bench {}", env!("CARGO_PKG_VERSION"))
}

/// Where the kernel's files are; tests have their own.
#[derive(Clone, Debug)]
struct Roots {
    proc: PathBuf,
    sys: PathBuf,
}

impl Default for Roots {
    fn default() -> Roots {
        Roots { proc: "/proc".into(), sys: "/sys".into() }
    }
}

impl Roots {
    fn describe(&self, data_dir: Option<&Path>, broker: String) -> Host {
        let cpu = CpuInfo::from_file(self.proc.join("cpuinfo")).ok();
        let memory = Meminfo::from_file(self.proc.join("meminfo")).ok();
        let storage =
            data_dir.and_then(|directory| storage::of(&self.proc, &self.sys, directory)).unwrap_or_default();
        Host {
            kernel: self.kernel(),
            cpu: self.cpu(cpu.as_ref()),
            cores: std::thread::available_parallelism().map_or(0, |cores| cores.get() as u32),
            memory_bytes: memory.map_or(0, |memory| memory.mem_total),
            clock_source: self
                .sys_line("devices/system/clocksource/clocksource0/current_clocksource")
                .unwrap_or_else(|| UNKNOWN.to_owned()),
            virtualization: self.virtualization(cpu.as_ref()),
            device: storage.device,
            file_system: storage.file_system,
            mount_options: storage.mount_options,
            write_cache: storage.write_cache,
            broker,
            tool: tool(),
        }
    }

    fn kernel(&self) -> String {
        let line = |name: &str| fs::read_to_string(self.proc.join("sys/kernel").join(name)).ok();
        match (line("ostype"), line("osrelease")) {
            (Some(name), Some(release)) => format!("{} {}", name.trim(), release.trim()),
            _ => UNKNOWN.to_owned(),
        }
    }

    /// The model, and the governor where the clock is allowed to wander.
    fn cpu(&self, info: Option<&CpuInfo>) -> String {
        let model = info.and_then(|info| info.model_name(0).map(str::to_owned));
        let model = model.unwrap_or_else(|| format!("{} CPU", std::env::consts::ARCH));
        match self.sys_line("devices/system/cpu/cpu0/cpufreq/scaling_governor") {
            Some(governor) => format!("{model} (governor {governor})"),
            None => model,
        }
    }

    fn virtualization(&self, cpu: Option<&CpuInfo>) -> Option<String> {
        let product = |name: &str| self.sys_line(&format!("class/dmi/id/{name}"));
        let is_guest = cpu.is_some_and(|cpu| cpu.flags(0).is_some_and(|flags| flags.contains(&"hypervisor")));
        let hypervisor = self.sys_line("hypervisor/type").or_else(|| {
            is_guest.then(|| match (product("sys_vendor"), product("product_name")) {
                (Some(vendor), Some(product)) => format!("{vendor} {product}"),
                (Some(one), None) | (None, Some(one)) => one,
                (None, None) => "a hypervisor that does not say its name".to_owned(),
            })
        });
        let container = self.container();
        match (hypervisor, container) {
            (Some(hypervisor), Some(container)) => {
                Some(format!("{hypervisor}, in a container of {container}"))
            }
            (Some(hypervisor), None) => Some(hypervisor),
            (None, Some(container)) => Some(format!("none, but in a container of {container}")),
            (None, None) => None,
        }
    }

    /// By the names that container engines give the groups of a process.
    fn container(&self) -> Option<&'static str> {
        let groups = fs::read_to_string(self.proc.join("self/cgroup")).ok()?;
        [("docker", "Docker"), ("kubepods", "Kubernetes"), ("libpod", "Podman"), ("lxc", "LXC")]
            .into_iter()
            .find(|(mark, _)| groups.contains(mark))
            .map(|(_, engine)| engine)
    }

    fn sys_line(&self, path: &str) -> Option<String> {
        let text = fs::read_to_string(self.sys.join(path)).ok()?;
        let line = text.trim();
        (!line.is_empty()).then(|| line.to_owned())
    }
}

#[cfg(test)]
mod tests;
