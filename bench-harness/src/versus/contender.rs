//! A broker that takes part: started, asked for its CPU, and stopped when it is dropped.

use crate::cost::{Meter, Source};
use crate::peer::ottla::{self, Ottla};
use crate::peer::{Error, kafka};
use std::path::{Path, PathBuf};

/// Never reached: the log is flushed when the system sees fit, as Kafka's default has it.
const RELAXED: &str = "log.flush.interval.messages=9223372036854775807";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ottla,
    OttlaRelaxed,
    KafkaFlushed,
    Kafka,
}

impl Kind {
    /// For files.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Ottla => "ottla",
            Kind::OttlaRelaxed => "ottla-relaxed",
            Kind::KafkaFlushed => "kafka-flushed",
            Kind::Kafka => "kafka",
        }
    }

    pub fn label(self) -> String {
        match self {
            Kind::Ottla => "Ottla".to_owned(),
            Kind::OttlaRelaxed => "Ottla relaxed".to_owned(),
            Kind::KafkaFlushed => format!("Kafka {} flushed", kafka::version()),
            Kind::Kafka => format!("Kafka {}", kafka::version()),
        }
    }
}

pub struct Contender {
    pub kind: Kind,
    /// What the report calls it: a broker does not tell its own version over Kafka's protocol.
    pub version: Option<String>,
    process: Process,
}

enum Process {
    Ottla(Ottla),
    Kafka { running: kafka::Running, directory: PathBuf },
}

impl Contender {
    /// # Errors
    /// It does not start; nothing of it is left running.
    pub fn start(kind: Kind, program: &Path, directory: &Path, port: u16) -> Result<Contender, Error> {
        let settings: Vec<String> = match kind {
            Kind::Ottla | Kind::Kafka => vec![],
            Kind::OttlaRelaxed => vec![RELAXED.to_owned()],
            Kind::KafkaFlushed => vec![kafka::FLUSH_EACH_BATCH.to_owned()],
        };
        let process = match kind {
            Kind::Ottla | Kind::OttlaRelaxed => {
                Process::Ottla(Ottla::start(program, directory, port, &settings)?)
            }
            Kind::KafkaFlushed | Kind::Kafka => match kafka::start(directory, port, &settings) {
                Ok(running) => Process::Kafka { running, directory: directory.to_owned() },
                Err(error) => {
                    // It may have been on its way; the first error is the one to tell.
                    let _ = kafka::stop(directory);
                    return Err(error);
                }
            },
        };
        let version = match kind {
            Kind::Ottla | Kind::OttlaRelaxed => ottla::version(program),
            Kind::KafkaFlushed | Kind::Kafka => Some(format!("Apache Kafka {}", kafka::version())),
        };
        Ok(Contender { kind, version, process })
    }

    pub fn bootstrap(&self) -> &str {
        match &self.process {
            Process::Ottla(ottla) => ottla.bootstrap(),
            Process::Kafka { running, .. } => &running.bootstrap,
        }
    }

    pub fn pid(&self) -> u32 {
        match &self.process {
            Process::Ottla(ottla) => ottla.pid(),
            Process::Kafka { running, .. } => running.pid,
        }
    }

    /// CPU seconds since its start; none when it is gone.
    pub fn cpu_s(&self) -> Option<f64> {
        Some(Meter::new(Source::Process(self.pid())).ok()?.sample().ok()?.cpu_s())
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        if let Process::Kafka { directory, .. } = &self.process
            && let Err(error) = kafka::stop(directory)
        {
            eprintln!("ottla-bench: {error}");
        }
    }
}
