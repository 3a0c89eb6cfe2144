//! Runs every decision, in the order in which they read each other, and obeys the model's own.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

use base::{Diagnostic, Provenance, did_you_mean, one_of};
use model::Model;
use model::model::{ActorId, ContextId, OperationId, Override};

use crate::catalogue::{self, Family};
use crate::crossings::{self, Crossing};
use crate::decision::{Answer, Context, Decision, Run};
use crate::decisions;
use crate::design::{Driver, Rejected, Route, Table, Verdict};
use crate::facts::Facts;
use crate::indexes::{self, Outcome};
use crate::lock::{Lock, Locked, Values};
use crate::references::References;
use crate::sizing::{Demand, Sizing};
use crate::subjects::{self, Names};
use crate::touches::Touches;

/// What verdicts stand on besides the model: computed once, read by all.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    /// The names by which verdicts call what they are about.
    pub names: Names,
    /// Which fields refer to the rows of each entity.
    pub references: References,
    /// Who writes the rows of each entity.
    pub touches: Touches,
    /// Tables with their indexes.
    pub tables: Vec<Table>,
    /// What became of the indexes that operations want.
    pub outcomes: Vec<Outcome>,
    /// What reaches into other contexts and external systems.
    pub crossings: Vec<Crossing>,
}

impl Ground {
    /// From tables that have no indexes yet.
    pub fn of(model: Facts<'_>, mut tables: Vec<Table>) -> Self {
        let outcomes = indexes::add(model, &mut tables, &without_index(model));
        let names = Names::of(&model);
        let crossings = crossings::of(model, &names.operations);
        let (references, touches) = (References::of(model), Touches::of(model));
        Self { names, references, touches, tables, outcomes, crossings }
    }
}

/// What belongs to one run over all families: what some compute and others read, and what was
/// accepted before.
pub(crate) struct Round<'l> {
    /// What is asked of services and stores.
    demand: OnceCell<Demand>,
    /// How much is needed of everything.
    sizing: OnceCell<Sizing>,
    /// Accepted decisions.
    pub locked: Option<Locked<'l>>,
}

impl<'l> Round<'l> {
    /// Nothing computed yet.
    pub const fn new(locked: Option<Locked<'l>>) -> Self {
        Self { demand: OnceCell::new(), sizing: OnceCell::new(), locked }
    }

    /// How much of what is shared is computed.
    pub fn known(&self) -> usize {
        usize::from(self.demand.get().is_some()) + usize::from(self.sizing.get().is_some())
    }
}

/// Every verdict, in the order of the catalogue and then of subjects, and what is wrong with the model's own decisions.
pub(crate) fn verdicts(
    model: Facts<'_>,
    ground: &Ground,
    routes: &[Option<Route>],
    lock: Option<&Lock>,
) -> (Vec<Verdict>, Sizing, Vec<Diagnostic>) {
    let values = Values::of(model, lock);
    let round = Round::new(Locked::new(lock, &values));
    let mut answered: Vec<Arc<Vec<Verdict>>> = Vec::new();
    let mut diagnostics = Vec::new();
    for decision in in_order() {
        let (new, conflicts) = family(model, (ground, &round), routes, &answered, decision);
        diagnostics.extend(conflicts);
        answered.push(Arc::new(new));
    }
    let mut verdicts = sorted(answered);
    for own in &model.overrides {
        match check(own, &verdicts) {
            Ok(Some(verdict)) => {
                let place = |of: &Verdict| (catalogue::position(of.family), of.subject.clone());
                let own = place(&verdict);
                let at = verdicts.partition_point(|of| place(of) <= own);
                verdicts.insert(at, verdict);
            }
            Ok(None) => {}
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    (verdicts, round.sizing.into_inner().unwrap_or_default(), diagnostics)
}

/// All verdicts, in the order of the catalogue and then of subjects.
fn sorted(mut answered: Vec<Arc<Vec<Verdict>>>) -> Vec<Verdict> {
    answered.sort_by_cached_key(|of| of.first().map(|of| catalogue::position(of.family)));
    let by_subject = |of: Arc<Vec<Verdict>>| {
        let mut of = Arc::unwrap_or_clone(of);
        of.sort_by(|a, b| a.subject.cmp(&b.subject));
        of
    };
    answered.into_iter().flat_map(by_subject).collect()
}

/// What one family says, those that it reads having been asked before.
pub(crate) fn family(
    model: Facts<'_>,
    (ground, round): (&Ground, &Round<'_>),
    routes: &[Option<Route>],
    answered: &[Arc<Vec<Verdict>>],
    decision: &Decision,
) -> (Vec<Verdict>, Vec<Diagnostic>) {
    let cx = Context {
        model,
        names: &ground.names,
        tables: &ground.tables,
        routes,
        outcomes: &ground.outcomes,
        crossings: &ground.crossings,
        references: &ground.references,
        touches: &ground.touches,
        verdicts: answered,
        demand: &round.demand,
        sizing: &round.sizing,
    };
    let mut diagnostics = Vec::new();
    let known = catalogue::family(decision.family);
    let answers = run(&cx, decision);
    let mut verdicts = Vec::with_capacity(answers.len());
    for (subject, mut answer) in answers {
        let conflicts = std::mem::take(&mut answer.conflicts);
        let mut verdict = verdict(decision.family, known, subject, answer);
        obey(model, &mut verdict);
        if let Some(locked) = &round.locked {
            locked.hold(model, &mut verdict);
        }
        let of_choice = conflicts.into_iter().filter(|(option, _)| *option == verdict.choice);
        diagnostics.extend(of_choice.map(|(_, finding)| finding));
        verdicts.push(verdict);
    }
    (verdicts, diagnostics)
}

/// All decisions, each after the ones it reads.
#[must_use]
pub fn in_order() -> Vec<&'static Decision> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut order: Vec<&'static Decision> = Vec::new();
    let mut waiting: Vec<&'static Decision> = decisions::ALL.to_vec();
    while !waiting.is_empty() {
        let ready = |decision: &&Decision| decision.reads.iter().all(|read| done.contains(read));
        let (now, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(ready);
        if now.is_empty() {
            // A cycle: a test fails on it. Decide anyway, in the order of the registry.
            order.extend(later);
            return order;
        }
        done.extend(now.iter().map(|decision| decision.family));
        order.extend(now);
        waiting = later;
    }
    order
}

fn run(cx: &Context<'_>, decision: &Decision) -> Vec<(String, Answer)> {
    let model = cx.model;
    let contexts = || (0u16..).map(ContextId).zip(&model.contexts);
    match decision.run {
        Run::System(run) => {
            run(cx).map(|answer| ("system".to_owned(), answer)).into_iter().collect()
        }
        Run::Context(run) => contexts()
            .filter_map(|(id, context)| Some((context.name.value.clone(), run(cx, id)?)))
            .collect(),
        Run::Entity(run) => model
            .entities()
            .filter_map(|(id, _)| Some((cx.names.entity(id).to_owned(), run(cx, id)?)))
            .collect(),
        Run::Operation(run) => model
            .operations()
            .filter_map(|(id, _)| Some((cx.names.operation(id).to_owned(), run(cx, id)?)))
            .collect(),
        Run::Named(run) => run(cx),
        Run::Actor(run) => model
            .actors()
            .filter_map(|(id, actor)| Some((actor.name.value.clone(), run(cx, id)?)))
            .collect(),
        Run::ActorInContext(run) => {
            let pair = |actor: ActorId, context: ContextId| {
                let answer = run(cx, actor, context)?;
                let (actor, context) = (&model.actor(actor).name, &model.context(context).name);
                Some((format!("{actor}->{context}"), answer))
            };
            model
                .actors()
                .flat_map(|(actor, _)| contexts().map(move |(id, _)| (actor, id)))
                .filter_map(|(actor, context)| pair(actor, context))
                .collect()
        }
    }
}

/// Operations for which the model wants no index.
pub fn without_index(model: Facts<'_>) -> Vec<OperationId> {
    let names = operation_names(model);
    let none = |name: &String| {
        let id = format!("index.{name}");
        let about = |wanted: &str| model.overrides.iter().find(|own| own.id.value == wanted);
        about(&id).or_else(|| about("index")).is_some_and(|own| own.choose.value == "none")
    };
    let with_ids = names.into_iter().zip(model.operations());
    with_ids.filter(|(name, _)| none(name)).map(|(_, (id, _))| id).collect()
}

/// The names by which verdicts call operations, in their order.
pub fn operation_names(model: impl Deref<Target = Model>) -> Vec<String> {
    subjects::operations(&model)
}

/// The names by which verdicts call entities, in their order.
pub fn entity_names(model: impl Deref<Target = Model>) -> Vec<String> {
    subjects::entities(&model)
}

fn verdict(
    family: &'static str,
    known: Option<&Family>,
    subject: String,
    answer: Answer,
) -> Verdict {
    let choice = known.and_then(|family| family.choice(answer.choice));
    Verdict {
        family,
        subject,
        choice: answer.choice,
        parameters: answer.parameters,
        runnable: choice.is_some_and(|choice| choice.runnable),
        drivers: answer.drivers,
        rejected: answer.rejected,
        source: answer.source,
        price: choice.map_or(0, |choice| choice.price),
        overridden: None,
    }
}

/// Takes the model's own decision, if there is one: the one about this subject before the one
/// about the family.
fn obey(model: Facts<'_>, verdict: &mut Verdict) {
    if model.overrides.is_empty() {
        return;
    }
    let id = verdict.id();
    let about = |wanted: &str| model.overrides.iter().find(|own| own.id.value == wanted);
    let Some(own) = about(&id).or_else(|| about(verdict.family)) else { return };
    let Some(family) = catalogue::family(verdict.family) else { return };
    let Some(choice) = family.choice(&own.choose) else { return };
    verdict.rejected.retain(|rejected| rejected.option != choice.name);
    if verdict.choice != choice.name {
        let reason = "the rules would choose it; the model decides otherwise".to_owned();
        verdict.rejected.insert(0, Rejected { option: verdict.choice, reason });
    }
    verdict.choice = choice.name;
    verdict.price = choice.price;
    verdict.runnable = choice.runnable;
    verdict.drivers.insert(0, own_driver(own));
    verdict.overridden = Some(own.because.clone());
}

fn own_driver(own: &Override) -> Driver {
    Driver {
        fact: format!("decisions: {}: {}", own.id, own.choose),
        provenance: Provenance::Given(own.choose.span),
        weight: "the model decides".to_owned(),
    }
}

/// Checks a decision of the model against the catalogue. Where no rule answers its family yet it
/// becomes a verdict of its own.
fn check(own: &Override, verdicts: &[Verdict]) -> Result<Option<Verdict>, Box<Diagnostic>> {
    let id = own.id.value.as_str();
    let (name, subject) = id.split_once('.').map_or((id, None), |(name, rest)| (name, Some(rest)));
    let family = catalogue::family(name).ok_or_else(|| unknown_family(own, name))?;
    if !family.choices.is_empty() && family.choice(&own.choose).is_none() {
        return Err(unknown_option(own, family));
    }
    let built = verdicts.iter().any(|verdict| verdict.family == family.name);
    let answered = verdicts.iter().any(|verdict| {
        verdict.family == family.name && subject.is_none_or(|subject| verdict.subject == subject)
    });
    match subject {
        Some(subject) if built && !answered => Err(unknown_subject(own, subject, family, verdicts)),
        _ if answered => Ok(None),
        _ => Ok(Some(own_verdict(own, family, subject))),
    }
}

fn own_verdict(own: &Override, family: &Family, subject: Option<&str>) -> Verdict {
    let choice = family.choice(&own.choose);
    let others = family.choices.iter().filter(|other| other.name != own.choose.value);
    let reason = || "the model decides otherwise".to_owned();
    Verdict {
        family: family.name,
        subject: subject.unwrap_or("system").to_owned(),
        choice: choice.map_or("stated", |choice| choice.name),
        parameters: Vec::new(),
        runnable: choice.is_some_and(|choice| choice.runnable),
        drivers: vec![own_driver(own)],
        rejected: others.map(|other| Rejected { option: other.name, reason: reason() }).collect(),
        source: "the model",
        price: choice.map_or(0, |choice| choice.price),
        overridden: Some(own.because.clone()),
    }
}

fn unknown_family(own: &Override, name: &str) -> Box<Diagnostic> {
    let message = format!("there is no decision `{name}`");
    let nearest = catalogue::nearest_family(name);
    let diagnostic = Diagnostic::error("unknown-decision", own.id.span, message);
    Box::new(match nearest {
        Some(nearest) => {
            let fixed = own.id.value.replacen(name, nearest, 1);
            diagnostic.suggest(Some(&fixed))
        }
        None => {
            let families = catalogue::FAMILIES.iter().map(|family| family.name);
            diagnostic.help(format!("use {}", one_of(families)))
        }
    })
}

fn unknown_option(own: &Override, family: &Family) -> Box<Diagnostic> {
    let names = || family.choices.iter().map(|choice| choice.name);
    let message = format!("`{}` is not an option of `{}`", own.choose, family.name);
    let diagnostic = Diagnostic::error("unknown-option", own.choose.span, message)
        .related(own.id.span, "the decision");
    let nearest = did_you_mean(&own.choose, names());
    Box::new(match nearest {
        Some(nearest) => diagnostic.suggest(Some(nearest)),
        None => diagnostic.help(format!("use {}", one_of(names()))),
    })
}

fn unknown_subject(
    own: &Override,
    subject: &str,
    family: &Family,
    verdicts: &[Verdict],
) -> Box<Diagnostic> {
    let of_family = verdicts.iter().filter(|verdict| verdict.family == family.name);
    let known: Vec<&str> = of_family.map(|verdict| verdict.subject.as_str()).collect();
    let message = format!("`{}` decides nothing about `{subject}`", family.name);
    let diagnostic = Diagnostic::error("unknown-subject", own.id.span, message);
    let nearest = did_you_mean(subject, known.iter().copied());
    Box::new(match nearest {
        Some(nearest) => diagnostic.suggest(Some(&format!("{}.{nearest}", family.name))),
        None => diagnostic.help(format!("use {}", one_of(known.iter().copied()))),
    })
}
