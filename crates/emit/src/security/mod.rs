//! `security.md`: what is worth protecting, what may happen at each boundary and what is done about
//! it (STRIDE), where the OWASP API Security Top 10 (2023) is met, which rows of the OWASP ASVS 5.0
//! apply at the stated level, and how everybody proves who they are. With it a sequence diagram of
//! each way to sign in.

mod assets;
mod asvs;
mod scan;
mod sign_in;
mod threats;
mod top_ten;

use base::{Diagnostic, Severity};

use crate::{Artifact, Emitter, Input, markdown::Markdown};
use scan::Scan;

/// `security.md` and `diagrams/sign-in/*.mmd`.
pub static EMITTER: Emitter = Emitter { id: "security", run: artifacts };

/// The page, and the diagrams that it names.
#[must_use]
pub fn artifacts(input: &Input<'_>) -> Vec<Artifact> {
    let design = input.design;
    let scan = Scan::of(design);
    let mut page = Markdown::titled(&format!("Security of {}", design.model.system.name));
    page.paragraph(
        "Derived from the model: who is admitted to what, what is personal or secret, and what \
         crosses a boundary. It says where each control is, and what is left to whoever runs the \
         system. It replaces no penetration test.",
    );
    assets::write(design, &mut page);
    threats::write(&scan, &mut page);
    top_ten::write(&scan, &mut page);
    sign_in::write(&scan, &mut page);
    asvs::write(&scan, &mut page);
    findings(input.findings, &mut page);
    let mut all = sign_in::diagrams(&scan);
    all.push(Artifact { path: "security.md".to_owned(), contents: page.finish() });
    all
}

fn findings(findings: &[Diagnostic], page: &mut Markdown) {
    page.section("What the checks found");
    let of = |severity: Severity| findings.iter().filter(move |of| of.severity == severity);
    let count = |severity| of(severity).count();
    page.paragraph(&format!(
        "{} errors and {} warnings are open; a model with errors has no design.",
        count(Severity::Error),
        count(Severity::Warning)
    ));
    let row = |finding: &Diagnostic| vec![format!("`{}`", finding.id), finding.message.clone()];
    let heads = ["check", "finding"];
    page.table(&heads, of(Severity::Warning).map(row), "Nothing that nobody accepted.");
}
