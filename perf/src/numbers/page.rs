//! The page: a row for each figure that was promised, with its aim, and the tables that it comes from.

use crate::rounds::Report;
use std::fmt::Write;

const OTTLA: &str = "ottla";
const RELAXED: &str = "ottla-relaxed";
const KAFKA: &str = "kafka";
const FLUSHED: &str = "kafka-flushed";

/// A figure of the page.
struct Row {
    figure: &'static str,
    aim: &'static str,
    command: &'static str,
    /// Of one contender; none when it was not measured.
    value: fn(&Reports<'_>, &str) -> Option<f64>,
    /// Of Ottla over a floor of the machine: the others are left out.
    only_ottla: bool,
}

const ROWS: [Row; 25] = [
    Row {
        figure: "durable produce, 1,000-byte records in 64 KiB batches: broker CPU s/GB",
        aim: "0.7",
        command: "perf/numbers durable-produce",
        value: |reports, who| reports.median("durable-produce", who, "broker_cpu_s_per_gb"),
        only_ottla: false,
    },
    Row {
        figure: "the same, MB/s",
        aim: "",
        command: "perf/numbers durable-produce",
        value: |reports, who| reports.median("durable-produce", who, "acknowledged_mb_per_s"),
        only_ottla: false,
    },
    Row {
        figure: "the same CPU over receive + CRC + direct write of the same bytes",
        aim: "1.3",
        command: "perf/numbers durable-produce floors",
        value: |reports, who| {
            let floor = reports.floor("receive, CRC, direct write", "cpu_s_per_gb")?;
            Some(reports.median("durable-produce", who, "broker_cpu_s_per_gb")? / floor)
        },
        only_ottla: true,
    },
    Row {
        figure: "unbatched 100-byte produces per broker CPU second, acks=all: 64 connections, one in flight each",
        aim: "80,000",
        command: "perf/numbers small-produce-64",
        value: |reports, who| reports.requests_per_cpu_s("small-produce-64", who),
        only_ottla: false,
    },
    Row {
        figure: "16 connections, four in flight each",
        aim: "120,000",
        command: "perf/numbers small-produce-16",
        value: |reports, who| reports.requests_per_cpu_s("small-produce-16", who),
        only_ottla: false,
    },
    Row {
        figure: "1 connection, one in flight",
        aim: "",
        command: "perf/numbers small-produce-1",
        value: |reports, who| reports.requests_per_cpu_s("small-produce-1", who),
        only_ottla: false,
    },
    Row {
        figure: "fetch at the tail, large batches: CPU s/GB",
        aim: "0.2",
        command: "perf/numbers hot-fetch-1 hot-fetch-5",
        value: |reports, who| reports.fetch_cpu_s_per_gb(who),
        only_ottla: false,
    },
    Row {
        figure: "the same over a plain send of the same bytes",
        aim: "1.3",
        command: "perf/numbers hot-fetch-1 hot-fetch-5 floors",
        value: |reports, who| {
            let floor = reports.floor("send of hot memory", "cpu_s_per_gb")?;
            Some(reports.fetch_cpu_s_per_gb(who)? / floor)
        },
        only_ottla: true,
    },
    Row {
        figure: "open loop at half of Kafka's knee, intended to fetched: p50 ms",
        aim: "",
        command: "perf/numbers latency",
        value: |reports, who| reports.median("latency", who, "fetched_p50_ms"),
        only_ottla: false,
    },
    Row {
        figure: "p99 ms",
        aim: "",
        command: "perf/numbers latency",
        value: |reports, who| reports.median("latency", who, "fetched_p99_ms"),
        only_ottla: false,
    },
    Row {
        figure: "p99.9 ms",
        aim: "a tenth of Kafka's",
        command: "perf/numbers latency",
        value: |reports, who| reports.median("latency", who, "fetched_p999_ms"),
        only_ottla: false,
    },
    Row {
        figure: "of that, the load generator's own lateness on the same cores: p99.9 ms",
        aim: "",
        command: "perf/numbers latency",
        value: |reports, who| reports.median("latency", who, "sent_p999_ms"),
        only_ottla: false,
    },
    Row {
        figure: "broker CPU, cores, under that load",
        aim: "",
        command: "perf/numbers latency",
        value: |reports, who| reports.median("latency", who, "broker_cpu_s_per_s"),
        only_ottla: false,
    },
    Row {
        figure: "durable produce of one record, median, over a raw durable write of 4 KiB",
        aim: "1.5",
        command: "perf/numbers small-produce-1 floors",
        value: |reports, who| {
            let floor = reports.floor("4 KiB", "p50_us")?;
            Some(1e3 * reports.median("small-produce-1", who, "ack_p50_ms")? / floor)
        },
        only_ottla: true,
    },
    Row {
        figure: "readers of the tail at 20 MB/s, intended to fetched: p99.9 ms",
        aim: "",
        command: "perf/numbers tail-fetch-1",
        value: |reports, who| reports.median("tail-fetch-1", who, "fetched_p999_ms"),
        only_ottla: false,
    },
    Row {
        figure: "that with ten readers beside them that catch up at 200 MB/s, over without",
        aim: "1.1",
        command: "perf/numbers tail-fetch-1 tail-during-backfill",
        value: |reports, who| reports.ratio("tail-during-backfill", "tail-fetch-1", who, "fetched_p999_ms"),
        only_ottla: false,
    },
    Row {
        figure: "broker CPU for 5,000 records a second, 1,000 partitions over one",
        aim: "1.5",
        command: "perf/numbers partitions-1 partitions-1000",
        value: |reports, who| reports.ratio("partitions-1000", "partitions-1", who, "broker_cpu_s_per_s"),
        only_ottla: false,
    },
    Row {
        figure: "resident when idle, MB",
        aim: "20",
        command: "perf/numbers start",
        value: |reports, who| reports.start(who, "idle_mb"),
        only_ottla: false,
    },
    Row {
        figure: "each idle partition, KB",
        aim: "10",
        command: "perf/numbers start",
        value: |reports, who| reports.start(who, "idle_partition_kb"),
        only_ottla: false,
    },
    Row {
        figure: "from nothing to the first ack (Kafka: to serving), ms",
        aim: "50",
        command: "perf/numbers start",
        value: |reports, who| reports.start(who, "first_ack_ms").or_else(|| reports.start(who, "ready_ms")),
        only_ottla: false,
    },
    Row {
        figure: "offset commits of one partition per broker CPU second: 16 connections, one in flight each",
        aim: "",
        command: "perf/numbers group-commits",
        value: |reports, who| reports.median("group-commits", who, "commits_per_cpu_s"),
        only_ottla: false,
    },
    Row {
        figure: "the same, p99 ms",
        aim: "",
        command: "perf/numbers group-commits",
        value: |reports, who| reports.median("group-commits", who, "p99_us").map(|us| us / 1e3),
        only_ottla: false,
    },
    Row {
        figure: "a rebalance of 200 members, all of whom join at once, ms",
        aim: "",
        command: "perf/numbers group-rebalance",
        value: |reports, who| reports.median("group-rebalance", who, "rebalance_ms"),
        only_ottla: false,
    },
    Row {
        figure: "from start to coordinators with 1,000,000 offsets, ms",
        aim: "",
        command: "perf/numbers group-load",
        value: |reports, who| reports.median("group-load", who, "loaded_ms"),
        only_ottla: false,
    },
    Row {
        figure: "each group of one member with 100 offsets, KB (Kafka: on the heap)",
        aim: "",
        command: "perf/numbers group-memory",
        value: |reports, who| reports.median("group-memory", who, "group_kb"),
        only_ottla: false,
    },
];

struct Reports<'a>(&'a [(String, Report)]);

impl Reports<'_> {
    /// The median of `name` of the contestant for which `is_who` holds.
    fn find(&self, discipline: &str, is_who: impl Fn(&str) -> bool, name: &str) -> Option<f64> {
        let lines = self.0.iter().flat_map(|(_, report)| &report.lines);
        let line =
            lines.into_iter().find(|line| line.discipline == discipline && is_who(&line.contestant))?;
        line.medians.get(name).copied()
    }

    fn median(&self, part: &str, who: &str, name: &str) -> Option<f64> {
        self.find(part, |contestant| contestant == who, name)
    }

    fn ratio(&self, part: &str, over: &str, who: &str, name: &str) -> Option<f64> {
        Some(self.median(part, who, name)? / self.median(over, who, name)?)
    }

    fn floor(&self, what: &str, name: &str) -> Option<f64> {
        ["raw durable writes", "sockets and disk"]
            .iter()
            .find_map(|discipline| self.median(discipline, what, name))
    }

    fn start(&self, who: &str, name: &str) -> Option<f64> {
        let label = match who {
            OTTLA => "Ottla",
            KAFKA => "Kafka",
            _ => return None,
        };
        self.find("start and idle", |contestant| contestant.starts_with(label), name)
    }

    fn requests_per_cpu_s(&self, part: &str, who: &str) -> Option<f64> {
        Some(1e6 / self.median(part, who, "broker_cpu_us_per_request")?)
    }

    /// What four more readers of the same records cost, over what they read.
    fn fetch_cpu_s_per_gb(&self, who: &str) -> Option<f64> {
        let of = |name| {
            let one = self.median("hot-fetch-1", who, name)?;
            Some(self.median("hot-fetch-5", who, name)? - one)
        };
        Some(of("broker_cpu_s_per_s")? / (of("fetched_mb_per_s")? / 1e3))
    }
}

/// Three figures, with separators.
fn number(value: f64) -> String {
    let magnitude = value.abs().max(1e-9).log10().floor() as i32;
    if magnitude < 3 {
        return format!("{value:.*}", (2 - magnitude).clamp(0, 4) as usize);
    }
    let step = 10_f64.powi(magnitude - 2);
    let digits = format!("{:.0}", (value / step).round() * step);
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `reports` by the names of their files; they are printed in that order below the table.
pub fn page(reports: &[(String, Report)]) -> String {
    let all = Reports(reports);
    let mut text = String::from(
        "# The numbers\n\n\
         Made by `perf/numbers`, which measures all of it on any machine with Java 17 and Maven; what each part gave, run by run, is in \
         [results/numbers](results/numbers). Ottla's acks are durable; Kafka's are in the column *flushed* (`log.flush.interval.messages=1`) \
         and not in the column *Kafka*; *relaxed* is Ottla with Kafka's promise. Load and brokers share the machine; contenders are measured \
         in the order A B C C B A, and the medians are over their runs.\n\n",
    );
    if let Some((_, report)) = reports.first() {
        let machine = &report.machine;
        let _ = writeln!(
            text,
            "Machine: {} cores of {}, kernel {}, {}; Ottla at {}, {}.\n",
            machine.cores, machine.cpu, machine.kernel, machine.file_system, machine.commit, machine.rustc
        );
    }
    text.push_str("| figure | aim | Ottla | relaxed | Kafka | flushed | Kafka over Ottla | command |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for row in &ROWS {
        let value = |who: &str| (row.value)(&all, who);
        let cell = |who: &str| {
            let shown = !row.only_ottla || who == OTTLA;
            value(who).filter(|_| shown).map_or(String::new(), number)
        };
        let ratio = value(KAFKA).zip(value(OTTLA)).filter(|_| !row.only_ottla);
        let ratio = ratio.map_or(String::new(), |(kafka, ottla)| number(kafka / ottla));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {ratio} | `{}` |",
            row.figure,
            row.aim,
            cell(OTTLA),
            cell(RELAXED),
            cell(KAFKA),
            cell(FLUSHED),
            row.command
        );
    }
    for (name, report) in reports {
        let _ = write!(text, "\n## {name}\n\n```\n{}```\n", report.table());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::rounds::Line;
    use std::path::Path;

    fn report(lines: Vec<Line>) -> (String, Report) {
        let machine = Machine::look(Path::new("/"));
        ("r".to_owned(), Report { machine, command: "c".to_owned(), rounds: 1, lines })
    }

    fn line(part: &str, who: &str, values: &[(&str, f64)]) -> Line {
        Line::new(part, who, values.iter().map(|(name, value)| ((*name).to_owned(), *value)))
    }

    /// A figure is the median of its contender, a ratio that of Kafka's to Ottla's, and what was not measured is empty.
    #[test]
    fn rows() {
        let cpu = |value| [("broker_cpu_s_per_gb", value)];
        let both = [line("durable-produce", OTTLA, &cpu(0.5)), line("durable-produce", KAFKA, &cpu(4.0))];
        let text = page(&[report(both.into())]);
        let row = text.lines().find(|line| line.contains("broker CPU s/GB")).expect("the row");
        assert!(row.contains("| 0.7 | 0.500 |  | 4.00 |  | 8.00 |"), "{row}");
        let row = text.lines().find(|line| line.contains("p99.9 ms")).expect("the row");
        assert!(row.contains("| a tenth of Kafka's |  |  |  |  |  |"), "{row}");
    }

    /// What another load does to a figure is a ratio of the two, for each contender alone.
    #[test]
    fn ratios() {
        let tail = |part, who, ms| line(part, who, &[("fetched_p999_ms", ms)]);
        let lines = vec![tail("tail-fetch-1", OTTLA, 4.0), tail("tail-during-backfill", OTTLA, 5.0)];
        let text = page(&[report(lines)]);
        let row = text.lines().find(|line| line.contains("catch up")).expect("the row");
        assert!(row.contains("| 1.1 | 1.25 |  |  |  |  |"), "{row}");
    }

    /// A fetch's cost is the difference of two loads over the difference of what they read; floors are denominators.
    #[test]
    fn derived() {
        let hot =
            |part, cpu, read| line(part, OTTLA, &[("broker_cpu_s_per_s", cpu), ("fetched_mb_per_s", read)]);
        let floor = line("sockets and disk", "send of hot memory", &[("cpu_s_per_gb", 0.2)]);
        let reports = [report(vec![hot("hot-fetch-1", 0.2, 60.0), hot("hot-fetch-5", 0.248, 300.0), floor])];
        let value = Reports(&reports).fetch_cpu_s_per_gb(OTTLA).expect("it was measured");
        assert!((value - 0.2).abs() < 1e-9, "{value}");
        let text = page(&reports);
        let row = text.lines().find(|line| line.contains("over a plain send")).expect("the row");
        assert!(row.contains("| 1.3 | 1.0"), "{row}");
    }

    #[test]
    fn numbers_have_three_figures() {
        let all = [0.0123, 0.5, 12.34, 999.4, 8412.0, 123_456.0, 12_345_678.0].map(number);
        assert_eq!(all, ["0.0123", "0.500", "12.3", "999", "8,410", "123,000", "12,300,000"]);
    }
}
