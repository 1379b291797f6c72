//! The command line of `ottla`.
//!
//! Runs on the process's first thread, never on a shard, so it may block. Text for people goes out as aligned tables, for programs as
//! JSON with `--json`; what a person only needs to know while waiting goes to standard error.

pub mod client;
mod config;
mod consume;
mod demo;
mod failure;
mod group;
mod log;
mod produce;
mod start;
mod stats;
mod table;
mod time;
mod topic;
mod tune;

pub use failure::{EXIT_CODES, Exit, Failure};

use clap::{Args, CommandFactory, Parser, Subcommand};
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

const OVERVIEW: &str = "\
Ottla is a broker that speaks Kafka's protocol: any Kafka client can use it.

Three commands to try:

  ottla demo                      a broker with real records through it, checked and measured
  ottla start                     a broker on 127.0.0.1:9092, for your own clients
  ottla topic create greetings    and then: echo hello | ottla produce greetings
                                            ottla consume greetings

From the source tree: cargo run --release -- demo

Every command explains itself with examples: ottla help, ottla help produce
";

const EXAMPLES: &str = "\
Examples:
  ottla demo                                    see it work
  ottla start --data /var/lib/ottla             serve 127.0.0.1:9092 from that directory
  ottla topic create orders --partitions 4
  ottla produce orders --key-separator : <file  a record for each line KEY:VALUE
  ottla consume orders --follow --show all      print records as they come

The commands topic, group, produce and consume work with any Kafka broker, not only Ottla.";

/// A broker that speaks Kafka's protocol, and the commands to use it.
#[derive(Parser)]
#[command(name = "ottla", version, max_term_width = 100, after_help = EXAMPLES, after_long_help = long_after_help())]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

fn long_after_help() -> String {
    format!("{EXAMPLES}\n\n{EXIT_CODES}\n\nWithout a command it says what it is and ends with 0.")
}

#[derive(Subcommand)]
enum Command {
    /// Run a broker in this process
    #[command(after_help = start::EXAMPLES)]
    Start(start::StartArgs),
    /// See it work: a broker, real records through it, every one of them checked
    Demo(demo::DemoArgs),
    /// Create, list, describe, delete and alter topics
    Topic(topic::TopicArgs),
    /// List, describe, reset and delete consumer groups
    Group(group::GroupArgs),
    /// Write records to a topic, from lines of text or JSON
    Produce(produce::ProduceArgs),
    /// Print the records of a topic
    Consume(consume::ConsumeArgs),
    /// Look into a log's files, check them, and move them between Ottla and Apache Kafka
    Log(log::LogArgs),
    /// See what a broker does: rates, and which stage of a request takes the time
    Stats(stats::StatsArgs),
    /// Explain the settings of brokers, topics and groups; show and change what is set
    Config(config::ConfigArgs),
    /// Check whether this host is set up for low latency
    Tune(tune::TuneArgs),
    /// Print a completion script for a shell
    #[command(after_help = COMPLETIONS_HELP)]
    Completions {
        /// The shell that will read it
        shell: clap_complete::Shell,
    },
}

const COMPLETIONS_HELP: &str = "\
Examples:
  source <(ottla completions bash)                                   in this shell
  ottla completions bash >~/.local/share/bash-completion/completions/ottla
  ottla completions zsh  >\"${fpath[1]}/_ottla\"
  ottla completions fish >~/.config/fish/completions/ottla.fish";

/// Options of every command that talks to a broker.
#[derive(Args, Clone, Debug)]
pub struct Connect {
    /// Brokers to ask first; the rest of the cluster is found through them
    #[arg(
        short,
        long,
        alias = "bootstrap-server",
        env = "OTTLA_BOOTSTRAP",
        value_name = "HOST:PORT",
        value_delimiter = ',',
        default_value = "127.0.0.1:9092",
        help_heading = "Connection"
    )]
    pub bootstrap: Vec<String>,
    /// How long to wait for a connection or an answer
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = parse_seconds, help_heading = "Connection")]
    pub timeout: Duration,
}

impl Connect {
    pub fn options(&self) -> client::Options {
        client::Options { bootstrap: self.bootstrap.clone(), timeout: self.timeout, reconnect: true }
    }

    pub fn client(&self) -> Result<client::Client, Failure> {
        Ok(client::Client::connect(&self.options())?)
    }
}

/// Runs the command line of this process and returns how it ended.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        None => io::stdout().write_all(OVERVIEW.as_bytes()).map(|()| Exit::Ok).map_err(Failure::from),
        Some(command) => run(command),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            if !failure.message.is_empty() {
                eprintln!("{failure}");
            }
            failure.exit.into()
        }
    }
}

fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Start(args) => start::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Topic(args) => topic::run(args),
        Command::Group(args) => group::run(args),
        Command::Produce(args) => produce::run(&args),
        Command::Consume(args) => consume::run(&args),
        Command::Log(args) => log::run(&args),
        Command::Stats(args) => stats::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Tune(args) => tune::run(&args),
        Command::Completions { shell } => completions(shell),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    // Into memory first: the generator panics when its writer fails, as a closed pipe does.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ottla", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Exit::Ok)
}

/// Seconds, also with a fraction: `30`, `0.5`.
fn parse_seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| (0.001..=86_400.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "expected seconds between 0.001 and 86400, for example 30 or 0.5".to_owned())
}

/// `NAME=VALUE`; the value may be empty and contain `=`.
fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// clap's own check of names, conflicts and defaults.
    #[test]
    fn the_command_tree_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn values_of_options() {
        assert_eq!(parse_seconds("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["", "0", "-1", "nan", "1e9", "x"] {
            assert!(parse_seconds(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(parse_pair("a="), Ok(("a".into(), String::new())));
        assert!(parse_pair("=b").is_err());
        assert!(parse_pair("ab").is_err());
    }
}
