//! Architecture decision records (MADR 4): one for each decision that is costly to reverse, or that
//! crosses the border of a service, a contract or data. Everything else is a row of `decisions.md`
//! alone. A record is known by the id of its decision, never by a running number, so that it stays
//! the same record when others come and go.

mod page;
mod recorded;

use decide::{Design, design::Verdict, naming::Names};

use crate::{Artifact, Emitter};

pub use recorded::{RECORDED, Recorded, When};

/// `adr/*.md`.
pub static EMITTER: Emitter = Emitter { id: "adr", run: |input| artifacts(input.design) };

/// A record for each decision that deserves one.
#[must_use]
pub fn artifacts(design: &Design) -> Vec<Artifact> {
    let record = |verdict: &Verdict| {
        let recorded = recorded::of(verdict)?;
        let path = path(verdict)?;
        Some(Artifact { path, contents: page::page(design, verdict, recorded) })
    };
    design.verdicts.iter().filter_map(record).collect()
}

/// Where the record of a decision stands below `design/`; nothing where it has none.
#[must_use]
pub fn path(verdict: &Verdict) -> Option<String> {
    recorded::of(verdict).map(|_| format!("adr/{}.md", slug(&verdict.id())))
}

/// An id in a file's name: an arrow is spelt out, since not every system has `>` in names, and long
/// names are cut to a length that every system has.
fn slug(id: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let plain = id.replace("->", "-to-");
    let plain: String = plain.chars().map(|c| if allowed(c) { c } else { '-' }).collect();
    Names::default().take(&plain)
}
