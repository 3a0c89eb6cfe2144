//! `docs/commands.md` says what every command takes, and README shows what commands really print.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use clap::{Arg, Command, CommandFactory as _};

use crate::{
    firm::Scratch,
    page::{Block, blocks, path, read},
};

const PAGE: &str = "docs/commands.md";

/// With `UPDATE_DOCS=1` the page is written anew.
#[test]
fn the_reference_of_commands_is_fresh() {
    let fresh = reference(cli::Arguments::command());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path(PAGE), &fresh).unwrap();
    }
    assert!(fresh == read(PAGE), "{PAGE} is stale: run this test with UPDATE_DOCS=1");
}

fn reference(mut firm: Command) -> String {
    // Gives every subcommand the options that all have.
    firm.build();
    let mut out =
        "# Commands\n\nWhat `firm --help` says, on one page; a test keeps it so.\n".to_owned();
    let help = firm.get_after_help().map(ToString::to_string).unwrap_or_default();
    let codes = help.lines().find(|line| line.starts_with("Exit codes")).unwrap_or_default();
    write!(out, "\n{codes}\n\n## Options of every command\n\n").unwrap();
    let everywhere: Vec<&Arg> = firm.get_arguments().filter(|of| of.is_global_set()).collect();
    out += &table(everywhere.iter().copied());
    for command in subcommands(&firm) {
        section(&mut out, "##", &format!("firm {}", command.get_name()), command, &everywhere);
    }
    out
}

fn subcommands(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|of| of.get_name() != "help")
}

/// What a command takes, then those below it.
fn section(out: &mut String, level: &str, name: &str, command: &Command, everywhere: &[&Arg]) {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string().replace("Usage: ", "");
    write!(out, "\n{level} {name}\n\n{about}.\n\n```text\n{usage}\n```\n").unwrap();
    let own = command.get_arguments().filter(|of| {
        let shared = everywhere.iter().any(|shared| shared.get_id() == of.get_id());
        !shared && !matches!(of.get_id().as_str(), "help" | "version") && !of.is_hide_set()
    });
    let own = table(own);
    if !own.is_empty() {
        write!(out, "\n{own}").unwrap();
    }
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    if !help.is_empty() {
        write!(out, "\n```text\n{}\n```\n", help.trim_end()).unwrap();
    }
    for below in subcommands(command) {
        let name = format!("{name} {}", below.get_name());
        section(out, &format!("{level}#"), &name, below, everywhere);
    }
}

fn table<'a>(arguments: impl Iterator<Item = &'a Arg>) -> String {
    let mut rows = String::new();
    for of in arguments {
        let value = of.get_value_names().unwrap_or_default().join(" ");
        let name = match of.get_long() {
            Some(long) if of.get_action().takes_values() => format!("--{long} {value}"),
            Some(long) => format!("--{long}"),
            None => value,
        };
        let values = of.get_default_values().iter().filter(|_| of.get_action().takes_values());
        let defaults: Vec<String> = values.map(|of| of.to_string_lossy().into_owned()).collect();
        let default = match defaults.as_slice() {
            [] => String::new(),
            values => format!(" [default: `{}`]", values.join(" ")),
        };
        let help = of.get_help().map(ToString::to_string).unwrap_or_default().replace('|', "\\|");
        writeln!(rows, "| `{name}` | {help}{default} |").unwrap();
    }
    if rows.is_empty() { rows } else { format!("| option | what it does |\n|---|---|\n{rows}") }
}

#[test]
fn every_command_line_of_the_pages_is_one() {
    for page in ["README.md", "CONTRIBUTING.md", "docs/guide.md", "docs/http.md", PAGE] {
        for block in blocks(&read(page)) {
            for line in block.text.lines().map(str::trim_start) {
                let line = line.trim_start_matches("$ ");
                let line =
                    line.strip_prefix("cargo run --release -- ").map(|rest| format!("firm {rest}"));
                let Some(line) = line else { continue };
                let line = line.split(" #").next().unwrap_or_default();
                let words: Vec<&str> = line.split_whitespace().collect();
                let parsed = cli::Arguments::command().try_get_matches_from(&words);
                assert!(parsed.is_ok(), "{page}:{}: {line}: {}", block.line, parsed.unwrap_err());
            }
        }
    }
}

/// A block of README that begins with `$ firm ...` shows lines that this command prints, in their
/// order; others may stand between them, and `…` is anything. `<!-- edit: OLD => NEW -->` changes the shop first.
#[test]
fn what_readme_shows_is_what_firm_prints() {
    let shown: Vec<Block> = blocks(&read("README.md"))
        .into_iter()
        .filter(|of| of.text.starts_with("$ firm "))
        .collect();
    assert!(shown.len() >= 2, "README shows no command");
    for block in shown {
        let scratch = Scratch::new(&format!("readme-{}", block.line));
        let mut model = read("examples/shop/firmitas.yaml");
        if let Some(edit) = block.comment.as_deref().and_then(|of| of.strip_prefix("edit: ")) {
            let (old, new) = edit.split_once(" => ").expect("`OLD => NEW`");
            assert!(model.contains(old), "the shop has no `{old}`");
            model = model.replacen(old, new, 1);
        }
        scratch.write("examples/shop/firmitas.yaml", &model);
        scratch.write("firmitas.yaml", &model);
        let mut lines = block.text.lines();
        let command = lines.next().unwrap_or_default();
        let words: Vec<&str> = command.split_whitespace().skip(2).collect();
        let output = scratch.firm(&words);
        in_order(&(output.stdout + &output.stderr), lines, command);
    }
}

/// The block of README that shows what `firm up` says.
#[test]
fn what_readme_shows_of_up_is_what_up_says() {
    let all = blocks(&read("README.md"));
    let block = all.iter().find(|of| of.text.contains("listening on")).expect("README shows `up`");
    let scratch = Scratch::new("readme-up");
    scratch.write("examples/shop/firmitas.yaml", read("examples/shop/firmitas.yaml"));
    let mut command = scratch.command(&["up", "examples/shop", "--listen", "127.0.0.1:0"]);
    let mut server =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let lines = BufReader::new(server.stderr.take().unwrap()).lines().map_while(Result::ok);
    for line in lines.take(200) {
        said += &(line.clone() + "\n");
        if line.starts_with("listening on") {
            break;
        }
    }
    server.kill().unwrap();
    server.wait().unwrap();
    // The port is another one here.
    let wanted = block.text.lines().take_while(|line| !line.starts_with("listening"));
    in_order(&said, wanted, "firm up examples/shop");
    assert!(said.contains("listening on http://127.0.0.1:"), "{said}");
}

fn in_order<'l>(output: &str, lines: impl Iterator<Item = &'l str>, command: &str) {
    let mut rest = output.lines().map(str::trim_end);
    for line in lines.map(str::trim_end).filter(|line| !line.is_empty() && *line != "…") {
        let same = |printed: &str| match line.split_once('…') {
            Some((start, end)) => printed.starts_with(start) && printed.ends_with(end),
            None => printed == line,
        };
        assert!(rest.any(same), "{command} no longer prints\n{line}\n{output}");
    }
}
