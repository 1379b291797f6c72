//! `ottla start`: this process becomes a broker.

use super::{Exit, Failure, parse_pair};
use crate::server::{self, StartOptions, Startup};
use clap::{Args, ValueEnum};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use tracing_subscriber::EnvFilter;

#[derive(Args, Clone, Debug)]
pub struct StartArgs {
    /// A Kafka server.properties, read as it is
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The data directory, in place of log.dirs
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where clients connect, in place of listeners and advertised.listeners
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// Cores to run on, each with its own share of the partitions [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub shards: Option<u16>,
    /// Where Prometheus and `ottla stats` read what the broker does, in place of ottla.metrics.listener [default: nowhere]
    #[arg(long, value_name = "HOST:PORT")]
    pub metrics: Option<String>,
    /// A setting that wins over the file; may be given many times
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub set: Vec<(String, String)>,
    #[command(flatten)]
    pub log: LogArgs,
}

/// How the broker logs, on standard error.
#[derive(Args, Clone, Debug)]
pub struct LogArgs {
    /// Form of the log lines
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// What is logged: error, warn, info, debug, trace, or a filter such as info,ottla_log=debug
    #[arg(long, value_name = "FILTER", env = "OTTLA_LOG", default_value = "info,openraft=error")]
    pub log_level: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

pub const EXAMPLES: &str = "\
Examples:
  ottla start                                            127.0.0.1:9092, data in ./ottla-data
  ottla start --data /var/lib/ottla --listen 0.0.0.0:9092
  ottla start --config server.properties                 a file of Kafka's
  ottla start --shards 2 --set log.segment.bytes=268435456
  ottla start --metrics 127.0.0.1:9464                   then: ottla stats

When it serves it prints `ready: HOST:PORT` on standard output; it logs to standard error. SIGTERM or Ctrl-C stops it:
what was asked is answered, and the logs are closed. A second one ends it at once. `ottla config` lists the settings.";

/// Where the data go when nobody says.
const DATA_DIRECTORY: &str = "ottla-data";

impl StartArgs {
    fn options(&self) -> StartOptions {
        let names_data = self.set.iter().any(|(name, _)| name == "log.dirs" || name == "log.dir");
        let data = match (&self.data, &self.config) {
            (None, None) if !names_data => Some(PathBuf::from(DATA_DIRECTORY)),
            (data, _) => data.clone(),
        };
        StartOptions {
            config: self.config.clone(),
            data,
            listen: self.listen.clone(),
            shards: self.shards.map(usize::from),
            metrics: self.metrics.clone(),
            set: self.set.clone(),
        }
    }
}

impl LogArgs {
    /// From now on the process logs to standard error.
    pub fn begin(&self) -> Result<(), Failure> {
        let filter = EnvFilter::try_new(&self.log_level)
            .map_err(|error| Failure::usage(format!("--log-level {}: {error}", self.log_level)))?;
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        let set = match self.log_format {
            LogFormat::Text => {
                subscriber.with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init()
            }
            LogFormat::Json => subscriber.json().try_init(),
        };
        set.map_err(|error| Failure::failed(format!("cannot log: {error}")))
    }
}

/// For a command whose own lines are what a person looks at: errors, and what the log says of the disk.
pub fn log_quietly() {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("error,ottla_log=warn"))
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    // It fails only when the process logs already.
    let _ = subscriber.try_init();
}

pub fn run(args: &StartArgs) -> Result<Exit, Failure> {
    args.log.begin()?;
    let config = server::settings(&args.options())?;
    let addresses = server::addresses(&config)?;
    for dir in &config.log_dirs {
        tracing::info!("data in {}", std::path::absolute(dir).unwrap_or_else(|_| dir.clone()).display());
    }
    // Nobody but a signal stops this broker.
    let (_never, stop) = tokio::sync::watch::channel(false);
    let on_ready = Box::new(|address| {
        let mut out = std::io::stdout();
        // Whoever started it may have stopped reading.
        let _ = writeln!(out, "ready: {address}").and_then(|()| out.flush());
    });
    server::run(Startup { config, addresses, on_ready, stop })?;
    Ok(Exit::Ok)
}

impl From<server::Failure> for Failure {
    fn from(failure: server::Failure) -> Failure {
        let exit = match failure {
            server::Failure::Settings(_) => Exit::Usage,
            server::Failure::Start(_) => Exit::CannotStart,
            server::Failure::Running(_) => Exit::Failed,
        };
        Failure::new(exit, failure.to_string())
    }
}
