//! Answers that are computed from many rows: what a query takes, and what keeping the answer takes.

use base::Quantity;
use model::model::{Operation, OperationId, OperationKind, Target, View, ViewId, ViewSource};

use crate::design::Design;
use crate::facts::{self, Facts};
use crate::numbers;

/// How the rows of a view are had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Computed for each request.
    Nowhere,
    /// A view of the database, computed anew from time to time.
    Refreshed,
    /// A table that each event or write brings up to date.
    Projected,
}

/// A view that an operation reads.
#[derive(Clone, Debug)]
pub struct ReadModel {
    /// The operation.
    pub operation: OperationId,
    /// The view.
    pub view: ViewId,
    /// How its rows are had.
    pub kept: Kept,
    /// Whether it follows events: what they said is nowhere else.
    pub follows_events: bool,
    /// Rows that the view is computed from, at the horizon.
    pub rows: f64,
    /// Time of the query, in seconds, were it computed for each request.
    pub query: f64,
    /// Time in which it has to answer, as a share of the objective, in seconds.
    pub allowed: f64,
    /// How old an answer may be, in seconds, if stated.
    pub stale: Option<Quantity<f64>>,
    /// Time between two refreshes, in seconds, where it is refreshed: half of what it may be old.
    pub every: Option<f64>,
}

/// The read models of a design, by operation.
#[must_use]
pub fn of(design: &Design) -> Vec<ReadModel> {
    design.model.operations().filter_map(|(id, _)| read_model(design.facts(), id)).collect()
}

/// The read model of an operation; nothing where it reads no view.
#[must_use]
pub fn read_model(model: Facts<'_>, id: OperationId) -> Option<ReadModel> {
    let operation = model.operation(id);
    let Target::View(view_id) = operation.target else { return None };
    if !matches!(operation.kind, OperationKind::Get | OperationKind::List) {
        return None;
    }
    let view = model.view(view_id);
    let rows = source_rows(model, view);
    let read = read_rows(model, operation, view, rows);
    let scan = model.value(&numbers::ROW_SCAN) / 1e6;
    let (_, objective) = facts::main_percentile(&facts::objective(model, operation).value);
    let allowed = objective * model.value(&numbers::QUERY_SHARE);
    let (query, refresh) = (read * scan, rows * scan);
    let stated = operation.workload.stale.as_ref().or(view.stale.as_ref());
    let stale = stated.map(|stale| Quantity {
        value: stale.value.as_secs_f64(),
        provenance: stale.provenance.clone(),
    });
    let follows_events = matches!(view.source, ViewSource::Event(_));
    let old = stale.as_ref().map_or(0.0, |stale| stale.value);
    let kept = match () {
        () if follows_events => Kept::Projected,
        () if query <= allowed => Kept::Nowhere,
        () if old > 2.0 * refresh => Kept::Refreshed,
        () => Kept::Projected,
    };
    let every = (kept == Kept::Refreshed).then_some(old / 2.0);
    Some(ReadModel {
        operation: id,
        view: view_id,
        kept,
        follows_events,
        rows,
        query,
        allowed,
        stale,
        every,
    })
}

fn source_rows(model: Facts<'_>, view: &View) -> f64 {
    match view.source {
        ViewSource::Entity(entity) => {
            facts::rows_at_horizon(model, entity).map_or(1_000.0, |rows| rows.value)
        }
        ViewSource::Event(_) => 0.0,
    }
}

/// Rows that one request would read: those of its groups, as far as it names them.
fn read_rows(model: Facts<'_>, operation: &Operation, view: &View, rows: f64) -> f64 {
    let groups: f64 = view
        .group
        .iter()
        .map(|group| match group.ty.required() {
            expression::Type::Reference(entity) => {
                facts::rows_at_horizon(model, *entity).map_or(1.0, |rows| rows.value.max(1.0))
            }
            expression::Type::Enum(members) => facts::count(members.len()),
            expression::Type::Bool => 2.0,
            _ => 1.0,
        })
        .product();
    let asked = if operation.kind == OperationKind::Get {
        1.0
    } else {
        let usual = model.value(&numbers::PAGE_ROWS);
        operation.workload.page.as_ref().map_or(usual, |page| f64::from(page.value))
    };
    rows * (asked / groups.max(1.0)).min(1.0)
}
