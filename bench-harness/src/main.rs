//! `ottla-bench`: see `ottla_bench` for what it does and `cli` for its commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    ottla_bench::cli::main()
}
