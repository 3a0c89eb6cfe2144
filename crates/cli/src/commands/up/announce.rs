//! What `firm up` says when it is ready: what was decided, what does not run yet, where it is.

use std::net::SocketAddr;

use base::Diagnostic;
use decide::Design;
use serde_json::{Value, json};

use crate::{
    console::{Console, style, styled},
    loaded::Loaded,
    render::{diagnostics_json, summary, visible},
};

use super::{decided, decided_json, first_requests};

/// Everything there is to say.
pub struct Ready<'a> {
    /// The model.
    pub loaded: &'a Loaded,
    /// Its design.
    pub design: &'a Design,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where the data is.
    pub data: String,
    /// The database that holds the rows in place of the embedded store, its secrets masked.
    pub database: Option<String>,
    /// Whether that is the default of the model folder.
    pub default_data: bool,
    /// Externals that are stood in for.
    pub stand_ins: &'a [String],
    /// How it reaches its database and what is stored there, where that is worth knowing.
    pub notes: &'a [String],
    /// What does not run yet.
    pub not_running: &'a [Diagnostic],
    /// With what the developer's page gets tokens of any actor, where it may.
    pub page_key: Option<&'a str>,
    /// Microseconds since the Unix epoch.
    pub now: i64,
}

/// Parts that do not run yet before the rest is only counted.
const SHOWN: usize = 3;

impl Ready<'_> {
    /// The base of every URL: an address that a browser on this machine can open.
    #[must_use]
    pub fn url(&self) -> String {
        let mut reachable = self.address;
        if reachable.ip().is_unspecified() {
            let local: std::net::IpAddr = match reachable.is_ipv6() {
                true => std::net::Ipv6Addr::LOCALHOST.into(),
                false => std::net::Ipv4Addr::LOCALHOST.into(),
            };
            reachable.set_ip(local);
        }
        format!("http://{reachable}")
    }

    /// Where the developer's page is. What stands behind the `#` stays in the browser.
    fn page(&self) -> String {
        let key = self.page_key.map(|key| format!("#key={key}")).unwrap_or_default();
        format!("{}/{key}", self.url())
    }

    /// One JSON line on standard output, or prose on standard error.
    pub fn tell(&self, console: &Console) {
        if console.json() {
            console.document_line(&self.document());
            return;
        }
        console.prose(format!(
            "{}  {}",
            styled(style::BOLD, visible(&self.design.model.system.name)),
            styled(style::DIM, self.loaded.extent_counts()),
        ));
        for line in decided(self.design) {
            console.prose(line);
        }
        if let Some(database) = &self.database {
            console.prose(format!("  {:<14} {database}", "database"));
            self.tell_notes(console);
        }
        let kept = match self.database {
            Some(_) => "keys that sign tokens",
            None => "embedded SQLite, in place of the store decided on",
        };
        console.prose(format!("  {:<14} {}  {}", "data", self.data, styled(style::DIM, kept)));
        if self.database.is_none() {
            self.tell_notes(console);
        }
        self.tell_limits(console);
        if let Some(summary) = summary(&self.loaded.diagnostics) {
            let shown = self.loaded.folder.shown();
            let summary = styled(style::ATTENTION, format_args!("{summary:<14}"));
            console.prose(format!("  {summary} `firm check {shown}` says more"));
        }
        console.prose(format!(
            "\n{} {}   {}",
            styled(style::GOOD, "listening on"),
            styled(style::LINK, self.url()),
            styled(style::DIM, "/health /ready /metrics"),
        ));
        if self.page_key.is_some() {
            let page = styled(style::LINK, self.page());
            let what = styled(style::DIM, "documentation, and requests as any actor");
            console.prose(format!("{:<12} {page}   {what}", styled(style::GOOD, "try it on")));
        }
        let requests = first_requests(self.design, &self.token(), &self.url(), self.now);
        for request in requests {
            console.prose(format!("  {}", styled(style::LINK, visible(&request))));
        }
    }

    /// The command that prints a token for this backend.
    fn token(&self) -> String {
        let data =
            if self.default_data { String::new() } else { format!(" --data {}", word(&self.data)) };
        format!("{} token {}{data}", word(&program()), word(self.loaded.folder.shown()))
    }

    fn tell_notes(&self, console: &Console) {
        for note in self.notes {
            console.prose(format!("  {:<14} {note}", ""));
        }
    }

    fn tell_limits(&self, console: &Console) {
        if !self.stand_ins.is_empty() {
            console.prose(format!(
                "  {} {}  {}",
                styled(style::ATTENTION, format_args!("{:<14}", "stand-ins")),
                visible(&self.stand_ins.join(", ")),
                styled(
                    style::DIM,
                    "answer as the model says; `--external NAME=URL` for the real one"
                ),
            ));
        }
        for (at, missing) in self.not_running.iter().take(SHOWN).enumerate() {
            let head = if at == 0 { "not yet" } else { "" };
            let head = styled(style::ATTENTION, format_args!("{head:<14}"));
            console.prose(format!("  {head} {}", visible(&missing.message)));
        }
        if let Some(more) = self.not_running.len().checked_sub(SHOWN).filter(|&more| more > 0) {
            let shown = self.loaded.folder.shown();
            let hint = format!("and {more} more: `firm up {shown} --json` lists them");
            console.prose(format!("  {:<14} {}", "", styled(style::DIM, hint)));
        }
    }

    fn document(&self) -> Value {
        let findings = [&self.loaded.diagnostics[..], self.not_running].concat();
        json!({
            "version": 1,
            "event": "ready",
            "url": self.url(),
            "page": self.page(),
            "listen": self.address.to_string(),
            "data": self.data,
            "database": self.database,
            "decided": decided_json(self.design),
            "stand_ins": self.stand_ins,
            "diagnostics": diagnostics_json(&self.loaded.sources, &findings),
        })
    }
}

/// This program as it was called, so that what is pasted works where it is not in the path: cargo
/// calls it `target/release/firm`.
fn program() -> String {
    let called = std::env::args().next().filter(|name| name.contains('/'));
    called.unwrap_or_else(|| "firm".to_owned())
}

/// A path as a word of a shell.
fn word(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%".contains(c);
    if path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}
