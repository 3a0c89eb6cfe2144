//! In which order a design goes live, and what has to be true before and after each phase.

use std::collections::BTreeSet;

use model::model::ContextId;

use crate::crossings::{self, Crossing};
use crate::decided;
use crate::design::Design;
use crate::facts::{self, Facts, people};
use crate::recovery::told;
use crate::sizing::{Level, Redundancy, Sizing};
use crate::{needs, numbers};

/// A phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Name: `core`, `scale`, `hardening`, or `move CONTEXT`.
    pub name: String,
    /// Contexts that go live in it, in order.
    pub contexts: Vec<ContextId>,
    /// What must be true before it starts.
    pub entry: Vec<String>,
    /// What must be shown before it ends.
    pub exit: Vec<String>,
}

/// What is needed to plan.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'p> {
    /// The model.
    pub model: Facts<'p>,
    /// Sizes.
    pub sizing: &'p Sizing,
    /// What reaches from context to context.
    pub crossings: &'p [Crossing],
    /// The level of ASVS.
    pub assurance: &'p str,
    /// Whether an old system is replaced.
    pub strangler: bool,
}

/// The phases of a design, in order.
#[must_use]
pub fn of_design(design: &Design) -> Vec<Phase> {
    let model = design.facts();
    let choice = |family: &str| {
        design.verdicts.iter().find(|of| of.family == family).map(|verdict| verdict.choice)
    };
    let crossings = crossings::of(model, &decided::operation_names(model));
    let (sizing, crossings) = (&design.sizing, crossings.as_slice());
    let assurance = choice("asvs").unwrap_or("l1");
    let strangler = choice("rollout") == Some("strangler");
    Plan { model, sizing, crossings, assurance, strangler }.phases()
}

impl Plan<'_> {
    /// The phases in order.
    #[must_use]
    pub fn phases(&self) -> Vec<Phase> {
        let (core, rest) = self.core();
        let mut phases = Vec::new();
        if self.strangler {
            let order = self.edge_first();
            phases.extend(order.into_iter().map(|context| self.moved(context)));
        } else {
            phases.push(self.first(core));
        }
        phases.push(self.scale(if self.strangler { Vec::new() } else { rest }));
        phases.push(self.hardening());
        phases
    }

    fn name(&self, context: ContextId) -> &str {
        &self.model.model.context(context).name.value
    }

    fn all(&self) -> Vec<ContextId> {
        let mut all: Vec<ContextId> =
            (0u16..).map(ContextId).take(self.model.contexts.len()).collect();
        all.sort_by(|a, b| self.name(*a).cmp(self.name(*b)));
        all
    }

    /// Contexts with critical operations and all that these reach, what is reached first; then the
    /// others. Without critical operations everything is core.
    fn core(&self) -> (Vec<ContextId>, Vec<ContextId>) {
        let critical = self.model.operations.iter().filter(|of| of.workload.critical);
        // Whoever calls them has to have a row first.
        let callers = critical.clone().flat_map(|of| &of.by).filter_map(|grant| {
            let row = self.model.actor(grant.actor).entity?;
            Some(self.model.entity(row).context.0)
        });
        let mut core: BTreeSet<u16> = critical.clone().map(|of| of.context.0).collect();
        core.extend(callers);
        if core.is_empty() {
            return (self.dependencies_first(self.all()), Vec::new());
        }
        loop {
            let reached: Vec<u16> = self
                .crossings
                .iter()
                .filter(|crossing| core.contains(&crossing.from.0))
                .filter_map(|crossing| crossing.to.context(self.model))
                .map(|context| context.0)
                .filter(|context| !core.contains(context))
                .collect();
            if reached.is_empty() {
                break;
            }
            core.extend(reached);
        }
        let (core, rest) = self.all().into_iter().partition(|context| core.contains(&context.0));
        (self.dependencies_first(core), self.dependencies_first(rest))
    }

    /// What others need comes first; in a circle, by name.
    fn dependencies_first(&self, contexts: Vec<ContextId>) -> Vec<ContextId> {
        let mut waiting = contexts;
        let mut done = Vec::new();
        while !waiting.is_empty() {
            let needs = |context: &ContextId| {
                self.crossings.iter().any(|crossing| {
                    let to = crossing.to.context(self.model);
                    crossing.from == *context && to.is_some_and(|to| waiting.contains(&to))
                })
            };
            let next = waiting.iter().position(|context| !needs(context)).unwrap_or_default();
            done.push(waiting.remove(next));
        }
        done
    }

    /// The edge first: few calls from others, then few writes.
    fn edge_first(&self) -> Vec<ContextId> {
        let inbound = |context: ContextId| -> f64 {
            let into = |crossing: &&Crossing| crossing.to.context(self.model) == Some(context);
            self.crossings.iter().filter(into).map(|crossing| crossing.rate.mean).sum()
        };
        let mut order: Vec<(f64, f64, ContextId)> =
            self.all().into_iter().map(|id| (inbound(id), self.writes(id), id)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.total_cmp(&b.1)));
        order.into_iter().map(|(.., id)| id).collect()
    }

    fn writes(&self, context: ContextId) -> f64 {
        let own = self.model.operations.iter().filter(|of| of.context == context && of.writes());
        own.map(|of| facts::rate(self.model, of).value.mean).sum()
    }

    fn objectives(&self, contexts: &[ContextId]) -> Vec<String> {
        let inside = |of: &&model::model::Operation| contexts.contains(&of.context);
        let mut critical: Vec<_> =
            self.model.operations.iter().filter(|of| of.workload.critical).filter(inside).collect();
        critical.sort_by_key(|of| of.name.value.as_str());
        let one = |of: &&model::model::Operation| {
            let objective = facts::objective(self.model, of).value;
            let available = facts::availability(self.model, of).value.0;
            format!(
                "`{}` keeps {} and {} for 14 days",
                of.name,
                facts::percentiles(&objective),
                facts::percent(available)
            )
        };
        critical.iter().map(one).collect()
    }

    fn first(&self, contexts: Vec<ContextId>) -> Phase {
        let mut exit = self.objectives(&contexts);
        if exit.is_empty() {
            exit.push("every objective of `slo` is kept for 14 days".to_owned());
        }
        let requests = people(self.sizing.requests.mean);
        exit.push(format!("the mean of {requests} requests a second is served, measured"));
        let entry = vec![
            format!("contracts and tables of {} are accepted", self.names(&contexts)),
            "every alert has been fired once on purpose".to_owned(),
        ];
        Phase { name: "core".to_owned(), contexts, entry, exit }
    }

    fn moved(&self, context: ContextId) -> Phase {
        let name = self.name(context);
        let entry = vec![
            format!("the old system tells every change of {name} (outbox or capture of its log)"),
            format!(
                "rows of {name} are copied and compared each day for 7 days without difference"
            ),
        ];
        let writes = people(self.writes(context));
        let exit = vec![
            format!("all routes of {name} lead here, with {writes} writes a second in the mean"),
            "14 days without a route back; then the old one is removed".to_owned(),
        ];
        Phase { name: format!("move {name}"), contexts: vec![context], entry, exit }
    }

    fn names(&self, contexts: &[ContextId]) -> String {
        contexts.iter().map(|context| self.name(*context)).collect::<Vec<_>>().join(", ")
    }

    /// The loss that the sizes were chosen to survive: a zone only where replicas lie in several.
    fn loss(&self) -> &'static str {
        let some = |wanted| self.sizing.services.iter().any(|of| of.redundancy == wanted);
        match () {
            () if some(Redundancy::Zones) => " with one zone lost",
            () if some(Redundancy::Replicated) => " with one replica lost",
            () => "",
        }
    }

    fn scale(&self, contexts: Vec<ContextId>) -> Phase {
        let peak = people(self.sizing.requests.peak);
        let mut exit = vec![format!(
            "{peak} requests a second for an hour{}: no replica above {}",
            self.loss(),
            facts::percent(self.model.value(&numbers::LOAD_PROVISIONED))
        )];
        let cost = people(self.sizing.cost(Level::Peak));
        exit.push(match &self.sizing.budget {
            Some(budget) => {
                format!("the bill is within {} EUR a month (estimate {cost})", people(budget.value))
            }
            None => format!("the bill is near the estimate of {cost} EUR a month"),
        });
        exit.extend(self.objectives(&contexts));
        let half = people(self.sizing.requests.peak / 2.0);
        let entry = vec![format!("{half} requests a second have been served, half of the peak")];
        Phase { name: "scale".to_owned(), contexts, entry, exit }
    }

    fn hardening(&self) -> Phase {
        let all = self.all();
        let time = needs::recovery_time(self.model, &all).value;
        let point = needs::recovery_point(self.model, &all).value;
        let exit = vec![
            format!(
                "{} requests a second (D2) for an hour, within all objectives",
                people(self.sizing.requests.reach)
            ),
            format!("a restore drill within {}, losing at most {}", told(time), told(point)),
            format!(
                "a failover of each store within {}",
                told(self.model.value(&numbers::FAILOVER_TIME))
            ),
            format!(
                "ASVS level {} verified, chapter by chapter",
                self.assurance.trim_start_matches('l')
            ),
        ];
        let entry = vec!["the peak is served within all objectives for 30 days".to_owned()];
        Phase { name: "hardening".to_owned(), contexts: Vec::new(), entry, exit }
    }
}
