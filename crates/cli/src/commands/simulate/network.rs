//! A raw queueing network from a file (docs/simulation.md).

use std::path::Path;

use base::{SourceMap, has_errors};
use simulate::experiment::{Plan, simulate};
use simulate::file::read;
use simulate::output::{json, network_page, text};

use super::html::HtmlArguments;
use super::progress::Line;
use crate::console::Console;
use crate::failure::{Failure, Outcome};
use crate::folder::Folder;
use crate::render::{Terminal, diagnostics_document};

/// Simulates the network of a file.
pub(super) fn run(
    path: &Path,
    plan: &Plan,
    html: &HtmlArguments,
    console: &Console,
) -> Result<Outcome, Failure> {
    let unreadable = |why: &dyn std::fmt::Display| {
        let message = format!("`{}` cannot be read: {why}", path.display());
        Failure::new("unreadable-network", message)
            .help("name the file of a network; docs/simulation.md says what it holds")
    };
    let name = path.file_name().ok_or_else(|| unreadable(&"it is no file"))?.to_string_lossy();
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = Folder::holding(parent.unwrap_or_else(|| Path::new(".")))?;
    let source = folder.read(&name).map_err(|error| unreadable(&error))?;
    let mut sources = SourceMap::new();
    let file = sources.add(&*name, source);
    let (network, diagnostics) = read(&sources, file);
    if !diagnostics.is_empty() && !console.json() {
        let terminal = Terminal::new(&sources, folder.shown(), console.appearance());
        console.problem(terminal.render(&diagnostics).trim_end());
    }
    let mut document = diagnostics_document(&sources, &diagnostics);
    let Some(network) = network.filter(|_| !has_errors(&diagnostics)) else {
        if console.json() {
            console.document(&document);
        }
        return Ok(Outcome::Findings);
    };
    let plan = Plan {
        duration: plan.duration.or(network.duration),
        warm_up: plan.warm_up.or(network.warm_up),
        ..plan.clone()
    };
    let line = Line::new(console);
    let report = simulate(&network.network, &plan, |progress| line.replications(progress));
    drop(line);
    let report = report.map_err(super::bug)?;
    let title = network.title.as_deref();
    html.write(title.unwrap_or(&name), console, |about| network_page(about, &report))?;
    if console.json() {
        document["simulation"] = json(title, &report);
        console.document(&document);
    } else {
        console.answer(text(title, &report).trim_end());
    }
    Ok(match report.steadiness.is_meaningful() {
        true => Outcome::Success,
        false => Outcome::Findings,
    })
}
