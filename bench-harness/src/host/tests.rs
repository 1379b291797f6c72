use super::storage::{self, mount_of};
use super::*;
use std::os::unix::fs::symlink;

const MOUNTS: &str = "\
22 27 0:21 / /proc rw,relatime - proc proc rw
not a mount at all

27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw,discard
28 27 254:16 /sub /data rw,noatime shared:2 master:1 - xfs /dev/vdb1 rw,attr2,noatime
29 27 0:40 / /data\\040disk/with\\134slash rw - btrfs /dev/mapper/a\\040b rw,compress=zstd:3,subvol=/@data
30 28 0:50 / /data/over rw - overlay overlay rw,lowerdir=/l,upperdir=/u
31 28 0:51 / /data/over rw - tmpfs none rw,size=10240k
32 27 0:52
";

fn mounted(directory: &str) -> (String, String) {
    let mount = mount_of(MOUNTS, Path::new(directory)).unwrap();
    (mount.fs_type, mount.mount_point.display().to_string())
}

/// The longest mount point above a directory, the later of two, and lines that are no mounts passed over.
#[test]
fn mounts() {
    assert_eq!(mounted("/var/lib/ottla"), ("ext4".into(), "/".into()));
    assert_eq!(mounted("/data/log"), ("xfs".into(), "/data".into()));
    // A name that only begins alike is not below.
    assert_eq!(mounted("/database"), ("ext4".into(), "/".into()));
    assert_eq!(mounted("/data disk/with\\slash/x"), ("btrfs".into(), "/data disk/with\\slash".into()));
    assert_eq!(mounted("/data/over/x"), ("tmpfs".into(), "/data/over".into()));
    assert!(mount_of("", Path::new("/")).is_none());
    assert!(mount_of("32 27 0:52\n\\", Path::new("/")).is_none());
}

/// A machine of files: kernel, CPU, memory, clock, virtualization, and the device under a partition.
#[test]
fn a_machine() {
    let root = tempfile::tempdir().unwrap();
    let (proc, sys) = (root.path().join("proc"), root.path().join("sys"));
    let write = |path: PathBuf, text: &str| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(proc.join("sys/kernel/ostype"), "Linux\n");
    write(proc.join("sys/kernel/osrelease"), "6.18.5\n");
    write(proc.join("cpuinfo"), "processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nflags\t\t: fpu hypervisor\n\n");
    write(proc.join("self/mountinfo"), MOUNTS);
    write(proc.join("self/cgroup"), "0::/system.slice/docker-0123.scope\n");
    write(sys.join("devices/system/clocksource/clocksource0/current_clocksource"), "kvm-clock\n");
    write(sys.join("devices/system/cpu/cpu0/cpufreq/scaling_governor"), "powersave\n");
    write(sys.join("class/dmi/id/sys_vendor"), "QEMU\n");
    let disk = sys.join("devices/pci0/virtio1/block/vdb");
    write(disk.join("queue/write_cache"), "write back\n");
    write(disk.join("queue/fua"), "1\n");
    write(disk.join("queue/rotational"), "0\n");
    write(disk.join("queue/scheduler"), "none [mq-deadline] kyber\n");
    write(disk.join("size"), "2000000\n");
    write(disk.join("vdb1/size"), "1000000\n");
    fs::create_dir_all(sys.join("dev/block")).unwrap();
    symlink(disk.join("vdb1"), sys.join("dev/block/254:16")).unwrap();
    let roots = Roots { proc, sys };
    let host = roots.describe(Some(Path::new("/data/log")), "Ottla".to_owned());
    assert_eq!(host.kernel, "Linux 6.18.5");
    assert_eq!(host.cpu, "A CPU @ 2 GHz (governor powersave)");
    assert_eq!(host.clock_source, "kvm-clock");
    assert_eq!(host.virtualization.as_deref(), Some("QEMU, in a container of Docker"));
    assert_eq!(host.device.as_deref(), Some("/dev/vdb (virtual disk, 1.02 GB, scheduler mq-deadline)"));
    assert_eq!(host.file_system.as_deref(), Some("xfs"));
    assert_eq!(host.mount_options.as_deref(), Some("rw,attr2,noatime"));
    assert_eq!(host.write_cache.as_deref(), Some("write back, with forced unit access"));
    // A process with mounts of its own, seen through its root.
    write(
        roots.proc.join("44/mountinfo"),
        "1 0 0:60 / / rw - overlay overlay rw\n2 1 254:16 / /var/data rw - xfs /dev/vdb1 rw\n",
    );
    let inside = storage::of(&roots.proc, &roots.sys, &roots.proc.join("44/root/var/data/log")).unwrap();
    assert_eq!((inside.file_system.as_deref(), inside.mount_options.as_deref()), (Some("xfs"), Some("rw")));
    assert_eq!(inside.device, host.device);
    // No device below: the source says what there is.
    let memory = storage::of(&roots.proc, &roots.sys, Path::new("/data/over/x")).unwrap();
    assert_eq!(memory.device.as_deref(), Some("no device (tmpfs)"));
    assert_eq!(memory.write_cache, None);
}

/// A machine that says nothing is still described.
#[test]
fn a_silent_machine() {
    let root = tempfile::tempdir().unwrap();
    let roots = Roots { proc: root.path().to_owned(), sys: root.path().to_owned() };
    let host = roots.describe(Some(Path::new("/data")), "x".to_owned());
    assert_eq!((host.kernel.as_str(), host.clock_source.as_str(), host.memory_bytes), (UNKNOWN, UNKNOWN, 0));
    assert_eq!((host.virtualization, host.device), (None, None));
}

#[test]
fn this_machine() {
    let host = describe(Some(Path::new("/proc")), "x".to_owned());
    assert!(host.kernel.starts_with("Linux "), "{host:?}");
    assert!(host.memory_bytes > 0 && host.cores > 0, "{host:?}");
    assert_eq!(host.file_system.as_deref(), Some("proc"));
}

#[test]
fn names_of_brokers() {
    let settings = |names: &[&str]| {
        names.iter().map(|name| ((*name).to_owned(), String::new())).collect::<BTreeMap<_, _>>()
    };
    let ottla = settings(&["process.roles", "log.flush.interval.messages", "ottla.shards"]);
    let kafka = settings(&["process.roles", "log.flush.interval.messages"]);
    assert_eq!(broker_name(None, &ottla, Some(30)), "Ottla, metadata.version 4.3 (level 30)");
    assert_eq!(broker_name(None, &kafka, Some(99)), "Apache Kafka, metadata.version level 99");
    assert_eq!(broker_name(None, &settings(&[]), None), "a broker of Kafka's protocol");
    assert_eq!(broker_name(Some("mine 1.2"), &kafka, Some(30)), "mine 1.2");
}

/// The first of several directories, relative to where the process stands.
#[test]
fn data_directories() {
    let settings = |value: &str| {
        BTreeMap::from([("log.dirs".to_owned(), value.to_owned()), ("log.dir".to_owned(), "/tmp".to_owned())])
    };
    let pid = std::process::id();
    assert_eq!(data_dir(&settings("/usr/bin , /b"), pid), Some("/usr/bin".into()));
    let here = std::env::current_dir().unwrap();
    assert_eq!(
        data_dir(&settings("src"), pid).map(|path| fs::canonicalize(path).unwrap()),
        Some(here.join("src"))
    );
    assert_eq!(data_dir(&settings(" "), pid), Some("/tmp".into()));
    assert_eq!(data_dir(&BTreeMap::new(), pid), None);
}
