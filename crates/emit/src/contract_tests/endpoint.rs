//! An endpoint under test, and a case.

use base::SourceMap;
use decide::{Design, address_inputs::has_no_body, design::Route};
use model::model::{ActorId, Authentication, Operation};
use serde_json::{Value, json};

use crate::Input;

/// A public endpoint.
#[derive(Debug)]
pub struct Endpoint<'d> {
    /// The design.
    pub design: &'d Design,
    /// What conditions are written in.
    pub sources: &'d SourceMap,
    /// Its route.
    pub route: &'d Route,
    /// Its operation.
    pub operation: &'d Operation,
    /// `context.operation`.
    pub name: String,
}

impl<'d> Endpoint<'d> {
    /// Every public endpoint.
    pub fn all(input: &Input<'d>) -> Vec<Self> {
        let (design, sources) = (input.design, input.sources);
        let endpoint = |route: &'d Route| Self {
            design,
            sources,
            route,
            operation: design.model.operation(route.operation),
            name: design.model.qualified_operation(route.operation),
        };
        design.routes.iter().flatten().map(endpoint).collect()
    }

    /// The actors that it admits, by name.
    pub fn admitted(&self) -> Vec<(&'d str, ActorId)> {
        let name = |id: &ActorId| (self.design.model.actor(*id).name.value.as_str(), *id);
        let mut all: Vec<(&str, ActorId)> = self.route.actors.iter().map(name).collect();
        all.sort_unstable();
        all
    }

    /// Whether everybody is admitted.
    pub fn is_open(&self) -> bool {
        let none =
            |id: &ActorId| self.design.model.actor(*id).authentication == Authentication::None;
        self.route.actors.iter().any(none)
    }

    /// The condition under which an actor is admitted, as the model writes it; none where it always
    /// is.
    pub fn condition(&self, actor: ActorId) -> Option<String> {
        let mut texts = Vec::new();
        for grant in self.operation.by.iter().filter(|grant| grant.actor == actor) {
            texts.push(self.text(grant.condition.as_ref()?.span));
        }
        texts.sort();
        Some(texts.join(" || "))
    }

    /// The text of the model under a span, on one line.
    pub fn text(&self, span: base::Span) -> String {
        self.sources.text(span).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What the request needs besides what a case is about.
    pub fn usual(&self) -> &'static str {
        match (self.operation.input.parameters.is_empty(), has_no_body(self.operation)) {
            (false, false) => "the body of the contract's example, with values of the store",
            _ => "no body",
        }
    }
}

/// What is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What is asked for is done.
    Happy,
    /// Who is admitted to what.
    Access,
    /// A refusal with its code.
    Error,
    /// Values at and beyond their bounds.
    Edge,
    /// What happens when a request is repeated.
    Repeat,
    /// Versions of rows.
    Version,
    /// Pages, orders, filters.
    Page,
}

impl Kind {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Happy => "happy",
            Self::Access => "access",
            Self::Error => "error",
            Self::Edge => "edge",
            Self::Repeat => "repeat",
            Self::Version => "version",
            Self::Page => "page",
        }
    }

    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Happy,
        Self::Access,
        Self::Error,
        Self::Edge,
        Self::Repeat,
        Self::Version,
        Self::Page,
    ];
}

/// A test.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is tested.
    pub kind: Kind,
    /// What tells it from the others of its endpoint and kind.
    pub name: String,
    /// Who asks; none without a token.
    pub actor: Option<String>,
    /// What is there before, and what is special about the request.
    pub given: String,
    /// The status of the answer.
    pub status: u16,
    /// The code of a refusal.
    pub code: Option<String>,
    /// What else must hold.
    pub asserts: Vec<String>,
    /// Why it cannot be run by a request alone.
    pub not_run: Option<String>,
}

impl Case {
    /// A case that a runner can make.
    pub fn new(kind: Kind, name: impl Into<String>, given: impl Into<String>, status: u16) -> Self {
        Self {
            kind,
            name: name.into(),
            actor: None,
            given: given.into(),
            status,
            code: None,
            asserts: Vec::new(),
            not_run: None,
        }
    }

    /// Asked by this actor.
    pub fn by(mut self, actor: &str) -> Self {
        self.actor = Some(actor.to_owned());
        self
    }

    /// Refused with this code.
    pub fn refused(mut self, code: &str) -> Self {
        self.code = Some(code.to_owned());
        self
    }

    /// This holds as well.
    pub fn asserts(mut self, what: impl Into<String>) -> Self {
        self.asserts.push(what.into());
        self
    }

    /// Its id within the endpoint.
    pub fn id(&self) -> String {
        format!("{}.{}", self.kind.name(), self.name)
    }

    /// As a runner reads it.
    pub fn json(&self, operation: &str) -> Value {
        let mut value = json!({
            "id": format!("{operation}/{}", self.id()),
            "actor": self.actor,
            "given": self.given,
            "expects": { "status": self.status },
            "status": if self.not_run.is_some() { "not-run" } else { "generated" },
        });
        if let Some(code) = &self.code {
            value["expects"]["code"] = code.as_str().into();
        }
        if !self.asserts.is_empty() {
            value["asserts"] = self.asserts.clone().into();
        }
        if let Some(why) = &self.not_run {
            value["because"] = why.as_str().into();
        }
        value
    }
}
