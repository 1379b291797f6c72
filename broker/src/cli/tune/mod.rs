//! `ottla tune`: is this host set up for low latency? It looks, says, and changes nothing unless it is told to.

mod checks;
mod host;
#[cfg(test)]
mod tests;

use super::table::{Table, counted};
use super::{Exit, Failure};
use checks::{Check, Fix, State};
use clap::Args;
use host::Host;
use std::io::{self, Write};
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = HELP)]
pub struct TuneArgs {
    /// The broker's data directory, for the checks of its disk and file system
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    data: PathBuf,
    /// Change what can be changed while the host runs; needs root
    #[arg(long)]
    apply: bool,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Examples:
  ottla tune --data /var/lib/ottla            what is off on this host, why, and the command that mends it
  sudo ottla tune --data /var/lib/ottla --apply
  ottla tune --json | jq -r '.[] | select(.state == \"off\") | .name'

It ends with 1 when something is off, so that a script can ask. Each check has a section in tuning.md. What --apply
changed is gone with the next boot; it prints what makes it last.";

pub fn run(args: &TuneArgs) -> Result<Exit, Failure> {
    let host = Host::at("/");
    let mut checks = checks::all(&host, &args.data);
    let mut out = io::stdout().lock();
    if args.apply {
        apply(&host, &checks, &mut out)?;
        checks = checks::all(&host, &args.data);
    }
    if args.json {
        serde_json::to_writer_pretty(&mut out, &checks)?;
        writeln!(out)?;
    } else {
        write_report(&mut out, &checks)?;
    }
    let is_off = checks.iter().any(|check| check.state == State::Off);
    Ok(if is_off { Exit::Failed } else { Exit::Ok })
}

/// Writes what is off and can be written.
fn apply(host: &Host, checks: &[Check], out: &mut impl Write) -> io::Result<()> {
    let mut changed = 0;
    for check in checks.iter().filter(|check| check.state == State::Off) {
        let Some(Fix::Write { files, lasting }) = &check.fix else { continue };
        for (path, value) in files {
            let before = host.chosen(path).unwrap_or_default();
            match host.write(path, value) {
                Ok(()) => writeln!(out, "{}: {path} was {before}, is {value}", check.name)?,
                Err(error) => {
                    writeln!(out, "{}: {path} stays {before}: {error}", check.name)?;
                    continue;
                }
            }
            changed += 1;
        }
        writeln!(out, "  to make it last: {lasting}")?;
    }
    writeln!(out, "{} changed\n", counted(changed, "file"))
}

fn write_report(out: &mut impl Write, checks: &[Check]) -> io::Result<()> {
    let mut table = Table::new(&["", "CHECK", "FOUND", "WANTED"]);
    for check in checks {
        let mark = match check.state {
            State::Good => "ok",
            State::Off => "OFF",
            State::Note => "note",
            State::Unknown => "?",
        };
        table.row([mark.to_owned(), check.name.to_owned(), check.found.clone(), check.wanted.to_owned()]);
    }
    write!(out, "{table}")?;
    let shown = |check: &&Check| matches!(check.state, State::Off | State::Note);
    for check in checks.iter().filter(shown) {
        writeln!(out, "\n{}: {}", check.name, check.why)?;
        match &check.fix {
            Some(Fix::Write { files, lasting }) => {
                if let Some((path, value)) = files.first() {
                    let more = if files.len() > 1 {
                        format!("   # and {} more", files.len() - 1)
                    } else {
                        String::new()
                    };
                    writeln!(out, "  now:    echo {value} | sudo tee {path}{more}")?;
                }
                writeln!(out, "  always: {lasting}")?;
            }
            Some(Fix::Command(command)) => writeln!(out, "  {command}")?,
            None => {}
        }
    }
    let off = checks.iter().filter(|check| check.state == State::Off).count() as u64;
    writeln!(
        out,
        "\n{} of {} off; tuning.md says more about each",
        off,
        counted(checks.len() as u64, "check")
    )
}
