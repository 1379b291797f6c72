//! The binary: everything is in the library, so that tests and the demo can use it too.

fn main() -> std::process::ExitCode {
    ottla::cli::main()
}
