//! What a check is, what it sees, and where its findings go.

use base::{Diagnostic, Severity, Span};
use decide::{Design, facts::Facts};
use expression::{EntityId, FieldIndex};

use crate::usage::Usage;

/// What checks are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Contexts and teams.
    Boundaries,
    /// Operations and who may do them.
    Contracts,
    /// Entities and their growth.
    Data,
    /// Events.
    Events,
    /// Sagas.
    Flows,
    /// Externals, retries, availability.
    Resilience,
    /// Who may do what.
    Security,
    /// Rates and limits.
    Capacity,
    /// Objectives, and what can be seen of a running system.
    Observability,
    /// Personal data.
    Privacy,
}

impl Group {
    /// The word used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Boundaries => "boundaries",
            Self::Contracts => "contracts",
            Self::Data => "data",
            Self::Events => "events",
            Self::Flows => "flows",
            Self::Resilience => "resilience",
            Self::Security => "security",
            Self::Capacity => "capacity",
            Self::Observability => "observability",
            Self::Privacy => "privacy",
        }
    }
}

/// The declaration of a check.
pub struct Check {
    /// Stable, kebab-case, named after the problem; the stem of its file and page.
    pub id: &'static str,
    /// What it is about.
    pub group: Group,
    /// How much its findings weigh.
    pub severity: Severity,
    /// The version of Firmitas that first had it.
    pub since: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Its documentation, with examples that are its test.
    pub page: &'static str,
    /// Looks at the design.
    pub run: fn(&Context, &mut Sink),
}

/// Declares the check of a file: `check!("id", Group, Severity, "since", "summary", "page", run)`.
macro_rules! check {
    ($id:literal, $group:ident, $severity:ident, $since:literal, $summary:literal, $page:literal) => {
        /// The declaration.
        pub static CHECK: $crate::Check = $crate::Check {
            id: $id,
            group: $crate::Group::$group,
            severity: base::Severity::$severity,
            since: $since,
            summary: $summary,
            page: include_str!($page),
            run,
        };
    };
}
pub(crate) use check;

/// What checks look at.
pub struct Context<'a> {
    /// The design.
    pub design: &'a Design,
    /// The model it was decided from, completed by assumptions.
    pub model: Facts<'a>,
    /// Who emits, creates, moves, calls and writes what.
    pub usage: Usage,
}

impl<'a> Context<'a> {
    /// Looks once at everything that several checks need.
    #[must_use]
    pub fn new(design: &'a Design) -> Self {
        Self { design, model: design.facts(), usage: Usage::of(design.facts()) }
    }

    /// `context.Entity`, as findings name it.
    #[must_use]
    pub fn entity_name(&self, id: EntityId) -> String {
        let entity = self.model.entity(id);
        format!("{}.{}", self.model.context(entity.context).name, entity.name)
    }

    /// `context.Entity.field`, as findings name it.
    pub(crate) fn field_name(&self, id: EntityId, field: FieldIndex) -> String {
        format!("{}.{}", self.entity_name(id), self.model.entity(id).field(field).name)
    }
}

/// Collects findings.
#[derive(Default)]
pub struct Sink {
    current: Option<&'static Check>,
    findings: Vec<Diagnostic>,
}

impl Sink {
    pub(crate) fn begin(&mut self, check: &'static Check) {
        self.current = Some(check);
    }

    /// Reports a finding about a subject (its qualified name, by which the model can accept it) and
    /// returns it, to be completed. The id and the severity are those of the running check.
    pub fn report(
        &mut self,
        subject: &str,
        span: Span,
        message: String,
        finish: impl FnOnce(Diagnostic) -> Diagnostic,
    ) {
        let Some(check) = self.current else { return };
        let mut diagnostic = Diagnostic::warning(check.id, span, message);
        diagnostic.severity = check.severity;
        diagnostic.accept_as = Some(format!("{}@{subject}", check.id));
        self.findings.push(finish(diagnostic));
    }

    pub(crate) fn into_findings(self) -> Vec<Diagnostic> {
        self.findings
    }
}
