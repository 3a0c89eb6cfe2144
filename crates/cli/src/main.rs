//! The binary `firm`; everything is in the library beside it, where tests can reach it.

fn main() -> std::process::ExitCode {
    cli::main()
}
