//! Brokers to measure on this machine: Apache Kafka, and the Ottla beside this program.
//!
//! `ottla-bench peer kafka` starts Kafka and leaves it running; `versus` starts what it compares and stops it again.

pub mod kafka;
pub mod ottla;

use crate::host::Storage;
use clap::{Args, Subcommand, ValueEnum};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

pub const EXAMPLES: &str = "\
Examples:
  ottla-bench peer kafka                        start it on 127.0.0.1:19092 and print that
  ottla-bench peer kafka --durable              every batch is flushed before its ack, as Ottla does
  ottla-bench peer kafka status
  ottla-bench peer kafka stop
  ottla-bench run --broker $(ottla-bench peer kafka --port 29092 --dir /data/kafka)

It needs Java 17 or newer and Maven, which fetches Kafka by its coordinates at the first start: 130 MB into the user's cache folder.";

#[derive(Args, Clone, Debug)]
pub struct PeerArgs {
    #[command(subcommand)]
    pub peer: Peer,
}

#[derive(Subcommand, Clone, Debug)]
pub enum Peer {
    /// Apache Kafka, one node in KRaft mode, as it ships but for its ports and folders
    Kafka(KafkaArgs),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Action {
    Start,
    Stop,
    Status,
}

#[derive(Args, Clone, Debug)]
pub struct KafkaArgs {
    #[arg(value_enum, default_value_t = Action::Start)]
    pub action: Action,
    /// Where it listens on 127.0.0.1; its controller takes the next one
    #[arg(long, default_value_t = 19_092)]
    pub port: u16,
    /// Its data, settings and logs; put it on the device that is to be measured [default: peer-kafka in the folder for temporary files]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Flush every batch before its ack: log.flush.interval.messages=1
    #[arg(long)]
    pub durable: bool,
    /// A setting of its own, may be given many times
    #[arg(short = 'o', long = "option", value_name = "KEY=VALUE")]
    pub options: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot {what} {}: {error}", path.display())]
    File { what: &'static str, path: PathBuf, error: io::Error },
    #[error("cannot run {program}: {error}")]
    Run { program: String, error: io::Error },
    #[error("Kafka did not {what}:\n{said}")]
    Kafka { what: &'static str, said: String },
    #[error("{} {why}; its log is {}", program.display(), log.display())]
    Ottla { program: PathBuf, why: String, log: PathBuf },
    #[error(
        "no ottla beside this program or in PATH; build one with cargo build --release, or say --ottla PATH"
    )]
    NoOttla,
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
}

/// Runs the command.
///
/// # Errors
/// What kept Kafka from starting or stopping, in its own words.
pub fn run(args: &PeerArgs) -> Result<(), Error> {
    let Peer::Kafka(args) = &args.peer;
    let directory = args.dir.clone().unwrap_or_else(|| std::env::temp_dir().join("peer-kafka"));
    match args.action {
        Action::Start => {
            let mut settings = args.options.clone();
            if args.durable {
                settings.push(kafka::FLUSH_EACH_BATCH.to_owned());
            }
            warn_of_memory(&directory);
            let running = kafka::start(&directory, args.port, &settings)?;
            eprintln!("{}", if args.durable { kafka::DURABLE } else { kafka::AS_IT_SHIPS });
            eprintln!("stop it with: ottla-bench peer kafka stop --dir {}", directory.display());
            println(&running.bootstrap)
        }
        Action::Stop => kafka::stop(&directory),
        Action::Status => match kafka::status(&directory)? {
            Some(running) => println(&format!(
                "{}, process {}, in {}",
                running.bootstrap,
                running.pid,
                directory.display()
            )),
            None => println(&format!("not running in {}", directory.display())),
        },
    }
}

fn println(line: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(Error::Output)
}

/// A folder in memory makes every broker look durable and quick.
pub fn warn_of_memory(directory: &Path) {
    let storage = Storage::of(directory).unwrap_or_default();
    if storage.file_system.as_deref() == Some("tmpfs") {
        eprintln!(
            "{} is in memory: nothing there is durable, and no disk is measured; say --dir",
            directory.display()
        );
    }
}

#[cfg(test)]
mod tests;
