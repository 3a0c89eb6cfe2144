//! The command `firm`: thin adapters between people and machines on one side and the engine and
//! the runtime on the other.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "this is the edge: arguments, files, clock and terminal are its business"
)]

pub mod commands;
pub mod console;
pub mod failure;
pub mod fixes;
pub mod folder;
pub mod generated;
pub mod live;
pub mod loaded;
pub mod render;
pub mod seed;
pub mod settings_file;

use std::{panic::AssertUnwindSafe, process::ExitCode};

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use commands::{
    accept, account, ask, backup, check, client, design, explain, fields, fmt, identity, job, new,
    restore, schema, seed as seed_command, simulate, token, up,
};
use console::{Console, OutputOptions, failure_document};
use failure::{COULD_NOT_RUN, Failure, Outcome};
use settings_file::FromFile;

/// From a model that says what a backend is for, to the decided, written and running backend
#[derive(Clone, Debug, Parser)]
#[command(name = "firm", version, arg_required_else_help = true)]
#[command(after_help = "\
Example:
  firm new city-library          a small model to start from
  firm check city-library        is it sound?
  firm up city-library           run it on http://127.0.0.1:8080

Exit codes: 0 no errors, 1 errors (warnings too with --strict), 2 could not run.")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    output: OutputOptions,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Make a folder with a small model that runs
    New(new::NewArguments),
    /// Say what is wrong with a model, where, why, and what to do
    Check(check::CheckArguments),
    /// Ask for the open numbers that could turn most decisions, and write answers into the model
    Ask(ask::AskArguments),
    /// Decide the architecture and write its documents and contracts
    Design(design::DesignArguments),
    /// Take changed decisions into `decisions.lock.yaml`
    Accept(accept::AcceptArguments),
    /// Say why a decision fell as it did
    Explain(explain::ExplainArguments),
    /// Simulate the design: will it hold, and what gives way first?
    Simulate(Box<simulate::SimulateArguments>),
    /// Bring model files into the common layout
    Fmt(fmt::FmtArguments),
    /// Print the JSON Schema of the model language, for editors
    Schema(schema::SchemaArguments),
    /// Run the model
    Up(Box<up::UpArguments>),
    /// Say who may sign in
    #[command(
        subcommand,
        after_help = "\
Example:
  firm user create anna@example.com --administrator --model library
  firm user list --model library"
    )]
    User(account::UserCommand),
    /// Make and revoke API keys
    #[command(
        subcommand,
        after_help = "\
Example:
  firm key create acme --actor partner --model library
  firm key list --model library"
    )]
    Key(account::KeyCommand),
    /// Print a token for local use
    Token(token::TokenArguments),
    /// Look after the applications that may ask for tokens
    Client(client::ClientArguments),
    /// Look after the keys that sign tokens
    Identity(identity::IdentityArguments),
    /// Look after the keys of encrypted fields
    Fields(fields::FieldsArguments),
    /// Look after calls that wait, and those that are stuck
    Job(job::JobArguments),
    /// Fill the store with plausible rows
    Seed(seed_command::SeedArguments),
    /// Copy the store, also while it is being served
    Backup(backup::BackupArguments),
    /// Put a backup into an empty store
    Restore(restore::RestoreArguments),
}

/// Runs one command line and says how it ended. A panic is a bug of ours: it is reported as one,
/// without a raw trace, and ends with exit code 2.
#[must_use]
pub fn main() -> ExitCode {
    let matches = Arguments::command().get_matches();
    let arguments = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let console = Console::new(arguments.output);
    report_panics(console);
    // Nothing of what a panic leaves behind is used afterwards.
    let work = AssertUnwindSafe(|| configured(arguments, matches, &console));
    match std::panic::catch_unwind(work) {
        Ok(Ok(Some(outcome))) => outcome.into(),
        Ok(Ok(None)) => ExitCode::from(COULD_NOT_RUN),
        Ok(Err(failure)) => {
            console.failure(&failure);
            ExitCode::from(COULD_NOT_RUN)
        }
        Err(_) => {
            // The hook has told people already.
            if console.json() {
                let bug = Failure::new("bug-in-firm", "firm has a bug; standard error says more");
                console.document(&failure_document(&bug));
            }
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

/// Runs a command with what the file of settings says as well; nothing comes of it where that file
/// is wrong, which is told.
fn configured(
    arguments: Arguments,
    matches: ArgMatches,
    console: &Console,
) -> Result<Option<Outcome>, Failure> {
    let mut all = Arguments::command();
    all.build();
    let file = match FromFile::of(&all, &matches) {
        Ok(file) => file,
        Err(settings_file::Refused::Failure(failure)) => return Err(failure),
        Err(settings_file::Refused::Wrong(wrong)) => {
            wrong.tell(console);
            return Ok(None);
        }
    };
    if file.origins.is_empty() {
        return run(&arguments.command, &matches, &file, console).map(Some);
    }
    let failed = |error: clap::Error| {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        Failure::new("invalid-setting", line.to_owned())
    };
    let matches =
        Arguments::command().try_get_matches_from(file.extend(std::env::args_os().collect()));
    let matches = matches.map_err(failed)?;
    let arguments = Arguments::from_arg_matches(&matches).map_err(failed)?;
    run(&arguments.command, &matches, &file, console).map(Some)
}

fn run(
    command: &Command,
    matches: &ArgMatches,
    file: &FromFile,
    console: &Console,
) -> Result<Outcome, Failure> {
    match command {
        Command::New(arguments) => new::run(arguments, console),
        Command::Check(arguments) => check::run(arguments, console),
        Command::Ask(arguments) => ask::run(arguments, console),
        Command::Design(arguments) => design::run(arguments, console),
        Command::Accept(arguments) => accept::run(arguments, console),
        Command::Explain(arguments) => explain::run(arguments, console),
        Command::Simulate(arguments) => simulate::run(arguments, console),
        Command::Fmt(arguments) => fmt::run(arguments, console),
        Command::Schema(arguments) => Ok(schema::run(*arguments, console)),
        Command::Up(arguments) => {
            let own = matches.subcommand_matches("up").unwrap_or(matches);
            up::run(arguments, &up::Origins { matches: own, file }, console)
        }
        Command::User(command) => account::user(command, console),
        Command::Key(command) => account::key(command, console),
        Command::Token(arguments) => token::run(arguments, console),
        Command::Client(arguments) => client::run(arguments, console),
        Command::Identity(arguments) => identity::run(arguments, console),
        Command::Fields(arguments) => fields::run(arguments, console),
        Command::Job(arguments) => job::run(arguments, console),
        Command::Seed(arguments) => seed_command::run(arguments, console),
        Command::Backup(arguments) => backup::run(arguments, console),
        Command::Restore(arguments) => restore::run(arguments, console),
    }
}

fn report_panics(console: Console) {
    let verbose = std::env::var_os("RUST_BACKTRACE").is_some();
    let standard = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(|at| format!(" at {}:{}", at.file(), at.line()));
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        console.failure_prose(
            &Failure::new(
                "bug-in-firm",
                format!(
                    "firm {} has a bug{}: {}",
                    env!("CARGO_PKG_VERSION"),
                    place.unwrap_or_default(),
                    text.unwrap_or("no message"),
                ),
            )
            .help("please report it with the model that caused it; RUST_BACKTRACE=1 shows more"),
        );
        if verbose {
            standard(panic);
        }
    }));
}
