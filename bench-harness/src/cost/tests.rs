use super::*;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::symlink;

/// As a kernel 6.18 prints them, with a command's name that has a blank and a bracket in it.
fn process(root: &Path, pid: u32, user_ticks: u64, system_ticks: u64, resident_kb: u64, peak_kb: u64) {
    let directory = root.join(pid.to_string());
    fs::create_dir_all(directory.join("fd")).unwrap();
    let stat = format!(
        "{pid} (my broker) 2) S 1 {pid} {pid} 0 -1 4194560 5000 0 3 0 {user_ticks} {system_ticks} 0 0 20 0 5 0 1000 200000000 3000 \
         18446744073709551615 1 1 0 0 0 0 0 4096 81920 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
    );
    fs::write(directory.join("stat"), stat).unwrap();
    let status = format!(
        "Name:\tmy broker\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t{pid}\nNgid:\t0\nPid:\t{pid}\nPPid:\t1\nTracerPid:\t0\n\
         Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t64\nGroups:\t0\nVmHWM:\t{peak_kb} kB\nVmRSS:\t{resident_kb} kB\nThreads:\t5\n\
         SigQ:\t0/1\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n\
         SigCgt:\t0000000000000000\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n\
         voluntary_ctxt_switches:\t1\nnonvoluntary_ctxt_switches:\t1\n"
    );
    fs::write(directory.join("status"), status).unwrap();
}

fn io(root: &Path, pid: u32, read: u64, written: u64) {
    let text = format!(
        "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: {read}\nwrite_bytes: {written}\ncancelled_write_bytes: 0\n"
    );
    fs::write(root.join(pid.to_string()).join("io"), text).unwrap();
}

fn counts() -> Counts {
    Counts {
        bytes_acknowledged: 1_500_000_000,
        bytes_fetched: 500_000_000,
        produce_requests: 1_500_000,
        fetch_requests: 500_000,
        ..Counts::default()
    }
}

/// The difference of two samples, per GB and per million requests.
#[test]
fn a_process() {
    let root = tempfile::tempdir().unwrap();
    let ticks_per_s = rustix::param::clock_ticks_per_second();
    process(root.path(), 77, 100 * ticks_per_s, 50 * ticks_per_s, 10_000, 30_000);
    io(root.path(), 77, 4_096, 8_192);
    let mut meter = Meter::under(Source::Process(77), root.path()).unwrap();
    let first = meter.sample().unwrap();
    process(root.path(), 77, 101 * ticks_per_s, 53 * ticks_per_s, 20_000, 30_000);
    meter.sample().unwrap();
    process(root.path(), 77, 101 * ticks_per_s, 53 * ticks_per_s, 15_000, 30_000);
    io(root.path(), 77, 4_096, 1_008_192);
    let last = meter.sample().unwrap();
    let cost = meter.between(&first, &last, &counts());
    assert_eq!((cost.cpu_s, cost.cpu_user_s, cost.cpu_system_s), (4.0, 1.0, 3.0));
    assert_eq!((cost.cpu_s_per_gb, cost.cpu_s_per_million_requests), (Some(2.0), Some(2.0)));
    assert_eq!(cost.resident_bytes, 15_000 * 1024);
    // The kernel's mark is of before the run; the highest that was seen is of the run.
    assert_eq!(cost.resident_bytes_peak, 20_000 * 1024);
    assert_eq!((cost.disk_written_bytes, cost.disk_read_bytes), (Some(1_000_000), Some(0)));
    assert_eq!(cost.source, "/proc/77 (my broker) 2)");
    // A mark that rose during the run is the run's.
    process(root.path(), 77, 101 * ticks_per_s, 53 * ticks_per_s, 15_000, 40_000);
    let last = meter.sample().unwrap();
    assert_eq!(meter.between(&first, &last, &counts()).resident_bytes_peak, 40_000 * 1024);
}

/// Files of someone else's process, or none, leave the disk untold; a process that is gone is an error that names it.
#[test]
fn a_process_in_part_and_gone() {
    let root = tempfile::tempdir().unwrap();
    process(root.path(), 77, 0, 0, 1, 1);
    let mut meter = Meter::under(Source::Process(77), root.path()).unwrap();
    let sample = meter.sample().unwrap();
    assert_eq!(sample.disk_written_bytes, None);
    let cost = meter.between(&sample, &sample, &Counts::default());
    assert_eq!((cost.cpu_s, cost.cpu_s_per_gb, cost.cpu_s_per_million_requests), (0.0, None, None));
    // As of a process that ended and was not waited for.
    let status = root.path().join("77/status");
    let without = fs::read_to_string(&status)
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with("VmRSS"))
        .collect::<Vec<_>>()
        .join("\n");
    fs::write(&status, without).unwrap();
    assert!(meter.sample().unwrap_err().to_string().ends_with("does not say VmRSS: has the process ended?"));
    fs::write(root.path().join("77/stat"), "77 (x").unwrap();
    assert!(meter.sample().unwrap_err().to_string().contains("77/stat"));
    fs::remove_dir_all(root.path().join("77")).unwrap();
    assert!(
        matches!(meter.sample(), Err(Error::File { error, .. }) if error.kind() == io::ErrorKind::NotFound)
    );
    assert!(Meter::under(Source::Process(78), root.path()).is_err());
}

#[test]
fn this_process() {
    let mut meter = Meter::new(Source::Process(std::process::id())).unwrap();
    let sample = meter.sample().unwrap();
    assert!(sample.resident_bytes > 100_000, "{sample:?}");
    assert!(sample.resident_bytes_peak.unwrap() >= sample.resident_bytes / 2, "{sample:?}");
}

#[test]
fn a_group() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write("cpu.stat", "usage_usec 3000000\nuser_usec 1000000\nsystem_usec 2000000\nnr_periods 0\n");
    write("memory.current", "900000000\n");
    write("memory.stat", "anon 1000000\nfile 800000000\nkernel 200000\nfile_mapped 30000\nanon_thp 5\n");
    write(
        "io.stat",
        "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n254:16 rbytes=1 wbytes=2\n",
    );
    let mut meter = Meter::new(Source::Cgroup(directory.path().to_owned())).unwrap();
    let sample = meter.sample().unwrap();
    assert_eq!((sample.cpu_user_s, sample.cpu_system_s, sample.cpu_s()), (1.0, 2.0, 3.0));
    assert_eq!(sample.resident_bytes, 1_230_000);
    assert_eq!((sample.disk_written_bytes, sample.disk_read_bytes), (Some(8_194), Some(4_097)));
    fs::remove_file(directory.path().join("memory.stat")).unwrap();
    assert_eq!(meter.sample().unwrap().resident_bytes, 900_000_000);
    write("cpu.stat", "usage_usec 1\n");
    assert!(meter.sample().unwrap_err().to_string().ends_with("cpu.stat does not say user_usec"));
}

const PAGE: &str = "\
# HELP process_cpu_seconds_total Total user and system CPU time.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 12.5
process_resident_memory_bytes 1.24e+07
ottla_requests_total{api=\"produce\",note=\"a } \\\" brace\"} 40
ottla_requests_total{api=\"fetch\"} 2 1395066363000
ottla_connections 7
ottla_strange_total NaN
a line of nothing
open_total{x=\"
";

/// Labels are summed, comments and lines that are none passed over, and only counters kept.
#[test]
fn a_page_of_metrics() {
    let sample = metrics::parse(PAGE).unwrap();
    assert_eq!((sample.cpu_s(), sample.resident_bytes), (12.5, 12_400_000));
    assert_eq!(sample.counters, BTreeMap::from([("ottla_requests_total".to_owned(), 42.0)]));
    assert_eq!(metrics::parse("process_cpu_seconds_total 1\n"), None);
}

/// Over HTTP, from a server that answers so many requests.
#[test]
fn a_page_over_http() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/metrics", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let answers =
            [("200 OK", PAGE), ("200 OK", PAGE), ("200 OK", "nothing of it\n"), ("404 Not Found", "")];
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let got = stream.read(&mut request).unwrap();
            assert!(request[..got].starts_with(b"GET /metrics HTTP/1.1\r\n"));
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )
            .unwrap();
        }
    });
    let mut meter = Meter::new(url.parse().unwrap()).unwrap();
    assert_eq!(meter.sample().unwrap().counters.len(), 1);
    assert!(meter.sample().unwrap_err().to_string().contains("no process_cpu_seconds_total"));
    assert!(meter.sample().unwrap_err().to_string().contains("404"));
    server.join().unwrap();
    assert!(matches!(meter.sample(), Err(Error::Metrics { .. })));
}

/// Counters grow; one that fell was reset by a restart and says nothing.
#[test]
fn counters_of_a_run() {
    let sample = |entries: &[(&str, f64)]| Sample {
        counters: entries.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
        ..Sample::default()
    };
    let first = sample(&[("a_total", 10.0), ("b_total", 10.0)]);
    let last = sample(&[("a_total", 12.0), ("b_total", 3.0), ("c_total", 5.0)]);
    assert_eq!(
        counters(&first, &last),
        BTreeMap::from([("a_total".to_owned(), 2.0), ("c_total".to_owned(), 5.0)])
    );
}

#[test]
fn sources_as_text() {
    let source = |text: &str| text.parse::<Source>();
    assert_eq!(source("pid:12").unwrap(), Source::Process(12));
    assert_eq!(source("cgroup:/sys/fs/cgroup/x").unwrap(), Source::Cgroup("/sys/fs/cgroup/x".into()));
    assert_eq!(source("http://h:1/metrics").unwrap(), Source::Metrics("http://h:1/metrics".to_owned()));
    for bad in ["", "12", "pid:", "pid:-1", "cgroup:", "https://h/metrics"] {
        assert!(matches!(source(bad), Err(Error::Source(text)) if text == bad), "{bad}");
    }
}

const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2384 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4001 1 0000000000000000 100 0 0 10 0
   1: 0100007F:2384 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4002 1 0000000000000000 100 0 0 10 0
   2: 0200007F:2385 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4003 1 0000000000000000 100 0 0 10 0
";
const TCP6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:2386 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4004 1 0000000000000000 100 0 0 10 0
";

/// The process that holds a listening socket, among processes that hold others; by IPv4, by an unspecified IPv6 address, and not at all.
#[test]
fn the_process_behind_a_port() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("net")).unwrap();
    fs::write(root.path().join("net/tcp"), TCP).unwrap();
    let find = |address: &str| find::find(root.path(), address.parse().unwrap());
    for (pid, target) in
        [(9, "socket:[4002]"), (20, "/dev/null"), (100, "socket:[4001]"), (31, "socket:[4004]")]
    {
        let fd = root.path().join(pid.to_string()).join("fd");
        fs::create_dir_all(&fd).unwrap();
        symlink(target, fd.join("3")).unwrap();
    }
    fs::create_dir(root.path().join("sys")).unwrap();
    assert_eq!(find("127.0.0.1:9092").unwrap(), 100);
    assert!(matches!(find("127.0.0.1:9094"), Err(Error::NoListener { port: 9094 })));
    fs::write(root.path().join("net/tcp6"), TCP6).unwrap();
    assert_eq!(find("127.0.0.1:9094").unwrap(), 31);
    // Another address of this machine, and a process that nobody may look into.
    assert!(matches!(find("127.0.0.1:9093"), Err(Error::NoListener { .. })));
    assert!(matches!(find("127.0.0.2:9093"), Err(Error::HiddenListener { port: 9093 })));
}

#[test]
fn this_process_by_its_port() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    assert_eq!(listener(socket.local_addr().unwrap()).unwrap(), Some(std::process::id()));
    // An address for documentation (RFC 5737), that no machine has.
    assert_eq!(listener("192.0.2.1:9092".parse().unwrap()).unwrap(), None);
}
