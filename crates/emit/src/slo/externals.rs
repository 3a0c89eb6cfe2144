//! Alerts on systems that are not ours: they fail, break their promise, or are asked more than
//! they take. All deployables together ask them, so these rules know no deployable.

use std::collections::BTreeMap;

use decide::{
    Design,
    crossings::{self, Crossing, End, How},
    decided, facts, numbers,
    objectives::Told,
};
use model::model::{External, ExternalId};

use super::burn::listed;
use super::rule::{AlertRule, number, quoted};
use crate::metrics::EXTERNAL_CALLS;

/// Alerts on every external that is called, by name.
pub fn rules(design: &Design) -> Vec<AlertRule> {
    let facts = design.facts();
    let mut callers: BTreeMap<&str, (ExternalId, Vec<Crossing>)> = BTreeMap::new();
    for crossing in crossings::of(facts, &decided::operation_names(facts)) {
        let End::External(id, _) = crossing.to else { continue };
        let name = design.model.external(id).name.value.as_str();
        callers.entry(name).or_insert_with(|| (id, Vec::new())).1.push(crossing);
    }
    let page = |(_, (id, crossings)): (&str, (ExternalId, Vec<Crossing>))| {
        let external = design.model.external(id);
        Page { design, external, crossings }.rules()
    };
    callers.into_iter().flat_map(page).collect()
}

struct Page<'d> {
    design: &'d Design,
    external: &'d External,
    crossings: Vec<Crossing>,
}

impl Page<'_> {
    fn rules(&self) -> Vec<AlertRule> {
        let mut rules = vec![self.failing()];
        rules.extend(self.below_promise());
        rules.extend(self.near_limit());
        rules
    }

    fn rule(&self, name: &'static str, told: Told, after: &'static str, when: String) -> AlertRule {
        let decisions: Vec<String> = self
            .crossings
            .iter()
            .map(|of| format!("resilience.{}->{}", of.caller, of.to.name(self.design.facts())))
            .collect();
        AlertRule {
            name,
            when,
            after,
            told,
            labels: vec![("external", self.external.name.value.clone())],
            summary: String::new(),
            meaning: String::new(),
            first_look: String::new(),
            decision: decisions.join(", "),
            runbook: "resilience.md",
        }
    }

    fn calls(&self, outcome: &str) -> String {
        let name = quoted(&self.external.name);
        format!("{}{{external=\"{name}\"{outcome}}}", EXTERNAL_CALLS.name)
    }

    /// What its breaker looks for, over a window that Prometheus can see.
    fn failing(&self) -> AlertRule {
        let facts = self.design.facts();
        let share = facts.value(&numbers::BREAKER_FAILURES);
        let (all, failed) = (self.calls(""), self.calls(",outcome=\"unreachable\""));
        let when = format!("sum(rate({failed}[5m])) / sum(rate({all}[5m])) >= {}", number(share));
        let waits = |of: &&Crossing| matches!(of.how, How::Calls { fallback: false });
        let harmed: Vec<String> =
            self.crossings.iter().filter(waits).map(|of| of.caller.clone()).collect();
        let (told, effect) = if harmed.is_empty() {
            (Told::Ticket, "Nobody waits for it without another way out.".to_owned())
        } else {
            (Told::Page, format!("Without it there is no answer to {}.", listed(&harmed)))
        };
        let callers: Vec<String> = self.crossings.iter().map(|of| of.caller.clone()).collect();
        AlertRule {
            summary: format!("{}: {VALUE} of calls get no usable answer", self.external.name),
            meaning: format!(
                "At {} of failures circuit breakers open and calls end at once instead of waiting. \
                 {effect}",
                facts::percent(share)
            ),
            first_look: format!(
                "Its status page; lines `call-failed` of the log say why; the callers are {}.",
                listed(&callers)
            ),
            ..self.rule("ExternalFails", told, "1m", when)
        }
    }

    /// What it promises, held over a day.
    fn below_promise(&self) -> Option<AlertRule> {
        let promise = self.external.availability.as_ref()?.value.0;
        let allowed = 1.0 - promise;
        let (all, failed) = (self.calls(""), self.calls(",outcome=\"unreachable\""));
        let least = self.design.facts().value(&numbers::BAD_EVENTS);
        let when = format!(
            "sum(increase({failed}[1d])) / sum(increase({all}[1d])) > {}\nand\n\
             sum(increase({failed}[1d])) >= {}",
            number(allowed),
            number(least)
        );
        Some(AlertRule {
            summary: format!("{} keeps less than it promises", self.external.name),
            meaning: format!(
                "It promises {} availability; more than {} of calls of the last day, and at least \
                 {} of them, got no usable answer. Objectives above it rest on that promise.",
                facts::percent(promise),
                facts::percent(allowed),
                number(least)
            ),
            first_look: "Whether it fails evenly or in hours; then its provider's contract."
                .to_owned(),
            ..self.rule("ExternalBelowPromise", Told::Ticket, "", when)
        })
    }

    fn near_limit(&self) -> Option<AlertRule> {
        let limit = self.external.limit.as_ref()?.value.peak;
        let share = self.design.facts().value(&numbers::LIMIT_SHARE);
        let when = format!("sum(rate({}[1m])) > {}", self.calls(""), number(limit * share));
        Some(AlertRule {
            summary: format!(
                "{}: {{{{ $value | humanize }}}} calls a second, near its limit",
                self.external.name
            ),
            meaning: format!(
                "It takes {}; of that {} is used, over all replicas. More calls wait or fail.",
                facts::per_second(limit),
                facts::percent(share)
            ),
            first_look: "Which operation calls it more than the model says; retries count too."
                .to_owned(),
            ..self.rule("ExternalNearLimit", Told::Ticket, "5m", when)
        })
    }
}

const VALUE: &str = "{{ $value | humanizePercentage }}";
