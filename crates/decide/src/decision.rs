//! What a decision is: one static declaration in a file of its own, beside its page.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use base::{Diagnostic, Provenance, Quantity, Span};
use expression::EntityId;
use model::model::{ActorId, ContextId, OperationId};

use crate::crossings::Crossing;
use crate::design::{Driver, Rejected, Route, Table, Verdict};
use crate::facts::Facts;
use crate::indexes::Outcome;
use crate::numbers::Number;
use crate::references::References;
use crate::sizing::{self, Demand, Sizing};
use crate::subjects::Names;
use crate::touches::Touches;

/// A decision: what is asked, what it depends on, and how it is answered.
#[derive(Debug)]
pub struct Decision {
    /// The family of the catalogue.
    pub family: &'static str,
    /// The question, for people.
    pub question: &'static str,
    /// Families whose verdicts it reads; they are decided before.
    pub reads: &'static [&'static str],
    /// Its page: how it decides, with thresholds and sources.
    pub page: &'static str,
    /// How it is answered.
    pub run: Run,
}

/// How a decision is answered, by what it is about. No answer means that it does not arise.
#[derive(Clone, Copy, Debug)]
pub enum Run {
    /// Once.
    System(fn(&Context<'_>) -> Option<Answer>),
    /// For each context.
    Context(fn(&Context<'_>, ContextId) -> Option<Answer>),
    /// For each entity.
    Entity(fn(&Context<'_>, EntityId) -> Option<Answer>),
    /// For each operation.
    Operation(fn(&Context<'_>, OperationId) -> Option<Answer>),
    /// For each actor.
    Actor(fn(&Context<'_>, ActorId) -> Option<Answer>),
    /// For each actor in each context.
    ActorInContext(fn(&Context<'_>, ActorId, ContextId) -> Option<Answer>),
    /// For subjects that it names itself.
    Named(fn(&Context<'_>) -> Vec<(String, Answer)>),
}

/// Declares a decision whose page lies beside it.
macro_rules! decision {
    ($family:literal, $question:literal, reads $reads:expr, $kind:ident $run:path) => {
        #[doc = $question]
        pub static DECISION: crate::decision::Decision = crate::decision::Decision {
            family: $family,
            question: $question,
            reads: &$reads,
            page: include_str!(concat!($family, ".md")),
            run: crate::decision::Run::$kind($run),
        };
    };
}
pub(crate) use decision;

/// What decisions read.
#[derive(Clone, Copy, Debug)]
pub struct Context<'d> {
    /// The model, completed.
    pub model: Facts<'d>,
    /// The names by which verdicts call what they are about.
    pub names: &'d Names,
    /// Tables with their indexes.
    pub tables: &'d [Table],
    /// Public routes.
    pub routes: &'d [Option<Route>],
    /// What became of the indexes that operations want, by operation.
    pub outcomes: &'d [Outcome],
    /// What reaches into other contexts and external systems.
    pub crossings: &'d [Crossing],
    /// Which fields refer to the rows of each entity.
    pub references: &'d References,
    /// Who writes the rows of each entity.
    pub touches: &'d Touches,
    /// Verdicts of the families that were decided before, family by family.
    pub verdicts: &'d [Arc<Vec<Verdict>>],
    /// What is asked of services and stores, once somebody wanted to know.
    pub demand: &'d OnceCell<Demand>,
    /// How much is needed of everything, once somebody wanted to know.
    pub sizing: &'d OnceCell<Sizing>,
}

impl Context<'_> {
    /// What is asked of services and stores. Whoever asks reads [`sizing::demand::READS`].
    #[must_use]
    pub fn demand(&self) -> &Demand {
        self.demand.get_or_init(|| sizing::demand::of(self))
    }

    /// How much is needed of everything. Whoever asks reads `capacity`, which reads
    /// [`sizing::READS`].
    #[must_use]
    pub fn sizing(&self) -> &Sizing {
        self.sizing.get_or_init(|| sizing::of(self, self.demand()))
    }

    /// What became of the indexes that an operation wants.
    #[must_use]
    pub fn outcomes_of(&self, operation: OperationId) -> &[Outcome] {
        let start = self.outcomes.partition_point(|of| of.want.operation < operation);
        let rest = self.outcomes.get(start..).unwrap_or_default();
        let end = rest.partition_point(|of| of.want.operation == operation);
        rest.get(..end).unwrap_or_default()
    }

    /// The verdicts of a family that was decided before.
    pub fn verdicts_of(&self, family: &'static str) -> impl Iterator<Item = &Verdict> {
        let of_family = move |of: &&Arc<Vec<Verdict>>| {
            of.first().is_some_and(|verdict| verdict.family == family)
        };
        self.verdicts.iter().filter(of_family).flat_map(|of| of.iter())
    }

    /// What `store` chooses for a context; PostgreSQL where it does not arise.
    #[must_use]
    pub fn store_of(&self, context: ContextId) -> &'static str {
        let name = self.model.context(context).name.value.as_str();
        let store = self.verdicts_of("store").find(|verdict| verdict.subject == name);
        store.map_or("postgresql", |verdict| verdict.choice)
    }

    /// The deployable of each context, by position: `None` for the one that several share. Read
    /// off the verdicts of `service`.
    #[must_use]
    pub fn deployables(&self) -> Vec<Option<ContextId>> {
        let own: BTreeSet<&str> = self
            .verdicts_of("service")
            .filter(|verdict| verdict.choice == "own")
            .map(|verdict| verdict.subject.as_str())
            .collect();
        let of = |(id, context): (ContextId, &model::model::Context)| {
            own.contains(context.name.value.as_str()).then_some(id)
        };
        (0u16..).map(ContextId).zip(&self.model.contexts).map(of).collect()
    }
}

/// An option with everything that speaks for and against it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The option.
    pub choice: &'static str,
    /// Its details.
    pub parameters: Vec<(String, String)>,
    /// Facts that weighed.
    pub drivers: Vec<Driver>,
    /// Options not taken.
    pub rejected: Vec<Rejected>,
    /// Who says so.
    pub source: &'static str,
    /// What the model asks for that an option cannot give: the option, and the finding that is
    /// reported where that option is the verdict.
    pub conflicts: Vec<(&'static str, Diagnostic)>,
}

impl Answer {
    /// An option, and who says so.
    #[must_use]
    pub fn new(choice: &'static str, source: &'static str) -> Self {
        let (parameters, drivers, rejected) = (Vec::new(), Vec::new(), Vec::new());
        Self { choice, parameters, drivers, rejected, source, conflicts: Vec::new() }
    }

    /// Numbers of the model that no option meets together. The finding is named after the problem,
    /// lies on one of the numbers and has every other one as a related place. It is dropped where
    /// the model takes another option itself.
    #[must_use]
    pub fn conflict(self, finding: Diagnostic) -> Self {
        let choice = self.choice;
        self.conflict_with(choice, finding)
    }

    /// The same about another option, for models that take that one themselves.
    #[must_use]
    pub fn conflict_with(mut self, option: &'static str, finding: Diagnostic) -> Self {
        self.conflicts.push((option, finding));
        self
    }

    /// A detail.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: impl Into<String>) -> Self {
        self.parameters.push((name.to_owned(), value.into()));
        self
    }

    /// A fact that weighed.
    #[must_use]
    pub fn driver(mut self, fact: impl Into<String>, from: Provenance, weight: &str) -> Self {
        let weight = weight.to_owned();
        self.drivers.push(Driver { fact: fact.into(), provenance: from, weight });
        self
    }

    /// A fact that stands in the model.
    #[must_use]
    pub fn given(self, fact: impl Into<String>, span: Span, weight: &str) -> Self {
        self.driver(fact, Provenance::Given(span), weight)
    }

    /// A number of the table of assumptions that weighed.
    #[must_use]
    pub fn assumes(self, facts: Facts<'_>, number: &Number, weight: &str) -> Self {
        let Quantity { value, provenance } = facts.assumed(number);
        let fact = format!("{}: {} {}", number.name, crate::facts::people(value), number.unit);
        self.driver(fact.trim(), provenance, weight)
    }

    /// An option that was not taken. A second reason for the same one is ignored, and so is one
    /// against the option that was taken.
    #[must_use]
    pub fn reject(mut self, option: &'static str, reason: impl Into<String>) -> Self {
        let known = self.rejected.iter().any(|rejected| rejected.option == option);
        if option != self.choice && !known {
            self.rejected.push(Rejected { option, reason: reason.into() });
        }
        self
    }
}
