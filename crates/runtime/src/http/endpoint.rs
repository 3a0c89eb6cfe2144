//! An operation as HTTP serves it: everything that does not depend on the request is worked out
//! once, at start.

use std::time::Duration;

use decide::{
    address_inputs::has_no_body,
    budget,
    design::{Design, Method, Route},
    expansions::{self, Expansions},
    facts,
    kept::Kept,
};
use expression::Type;
use model::{
    Model,
    model::{Addressed, Authentication, Operation, OperationId},
};

use super::freshness::Freshness;
use super::query::QueryPlan;
use crate::json::InputPlan;

/// A served operation.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) operation: OperationId,
    /// `context.operation`.
    pub(super) name: String,
    /// Path with parameters in braces.
    pub(super) template: String,
    pub(super) route: Route,
    pub(super) writes: bool,
    /// Turned away last under overload.
    pub(super) critical: bool,
    /// Whether everybody may ask.
    pub(super) open: bool,
    /// The type of the `{id}` or key in the path.
    pub(super) address: Option<Type>,
    /// Whether a key that fits no row may be written in its place.
    pub(super) upsert: bool,
    pub(super) query: QueryPlan,
    /// Whether its inputs stand in the address.
    pub(super) has_no_body: bool,
    pub(super) input: InputPlan,
    pub(super) deadline: Duration,
    /// For how long others may hold its answers.
    pub(super) freshness: Freshness,
    /// Why it is not served yet.
    pub(super) missing: Option<&'static str>,
    /// Percentiles (0 to 1) with seconds.
    pub(super) objectives: Vec<(f64, f64)>,
    /// From when on a request counts as slow: its objective, or the one assumed for it.
    pub(super) slow_after: Duration,
}

impl Endpoint {
    pub(super) fn new(
        design: &Design,
        route: &Route,
        kept: Option<&Kept>,
        expansions: &Expansions,
    ) -> Self {
        let model = &*design.model;
        let operation = model.operation(route.operation);
        let objectives = objectives(model, operation);
        let open = |actor| model.actor(actor).authentication == Authentication::None;
        Self {
            operation: route.operation,
            name: model.qualified_operation(route.operation),
            template: route.path(),
            writes: operation.writes(),
            critical: operation.workload.critical,
            open: route.actors.iter().copied().any(open),
            address: address(model, operation),
            upsert: operation.upsert,
            query: match expansions.paths(design, operation, 1).as_slice() {
                [_, ..] if expansions::reads(operation) => {
                    QueryPlan::new(model, operation).that_expands()
                }
                _ => QueryPlan::new(model, operation),
            },
            has_no_body: has_no_body(operation),
            input: InputPlan::new(model, operation),
            // What the contract states.
            deadline: Duration::from_secs_f64(budget::served_deadline(design, operation)),
            freshness: Freshness::of(model, operation, kept),
            missing: route.not_served,
            objectives,
            slow_after: slow_after(design, operation),
            route: route.clone(),
        }
    }

    pub(super) fn is_read(&self) -> bool {
        self.route.method == Method::Get
    }
}

fn address(model: &Model, operation: &Operation) -> Option<Type> {
    let shape = model.shape(operation.entity()?);
    let at = match operation.addressed {
        Addressed::Collection => return None,
        Addressed::Id => 0,
        Addressed::Key(field) => usize::from(field.0),
    };
    shape.fields.get(at).map(|field| field.ty.required().clone())
}

/// The nearest stated objective: the operation's own, its context's, the system's.
fn objectives(model: &Model, operation: &Operation) -> Vec<(f64, f64)> {
    let context = &model.context(operation.context).needs;
    let stated = [
        &operation.workload.latency,
        &operation.needs.latency,
        &context.latency,
        &model.system.needs.latency,
    ];
    let nearest = stated.into_iter().flatten().next();
    let pairs = nearest.map(|latency| latency.value.0.as_slice()).unwrap_or_default();
    pairs.iter().map(|(percentile, time)| (percentile.0, time.as_secs_f64())).collect()
}

/// The same time that the alerts on its latency are about.
fn slow_after(design: &Design, operation: &Operation) -> Duration {
    let objective = facts::objective(design.facts(), operation).value;
    Duration::try_from_secs_f64(facts::main_percentile(&objective).1).unwrap_or(Duration::MAX)
}
