//! The stable machine shape of a design: properties are added, never changed or removed.

use base::{Position, Provenance, SourceMap};
use decide::{
    Design,
    design::{Driver, Index, Route, Table, Verdict},
    flips::{Flip, Measure},
    numbers,
};
use serde_json::{Map, Value, json};

/// The whole document.
pub fn document(design: &Design, sources: &SourceMap) -> Value {
    let mut tables: Vec<&Table> = design.tables.iter().collect();
    tables.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
    let mut routes: Vec<&Route> = design.routes.iter().flatten().collect();
    routes.sort_by(|a, b| (&a.segments, a.method).cmp(&(&b.segments, b.method)));
    let decisions: Vec<Value> =
        design.verdicts.iter().map(|verdict| with_flips(design, sources, verdict)).collect();
    json!({
        "version": 1,
        "system": design.model.system.name,
        "decisions": decisions,
        "facts": facts(design, sources),
        "assumptions": numbers::ALL.iter().map(|of| assumption(design, of)).collect::<Vec<_>>(),
        "tables": tables.iter().map(|of| table(design, of)).collect::<Vec<_>>(),
        "routes": routes.iter().map(|of| route(design, of)).collect::<Vec<_>>(),
    })
}

/// One decision with its flips, where they were computed.
#[must_use]
pub fn with_flips(design: &Design, sources: &SourceMap, verdict: &Verdict) -> Value {
    let mut value = decision(sources, verdict);
    if design.flips.moved > 0 {
        value["flips"] = design.flips.of(verdict.family, &verdict.subject).map(flip).collect();
    }
    value
}

/// One decision.
#[must_use]
pub fn decision(sources: &SourceMap, verdict: &Verdict) -> Value {
    let parameters: Map<String, Value> =
        verdict.parameters.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let drivers: Vec<Value> = verdict.drivers.iter().map(|of| driver(sources, of)).collect();
    let rejected: Vec<Value> = verdict
        .rejected
        .iter()
        .map(|other| json!({ "option": other.option, "reason": other.reason }))
        .collect();
    json!({
        "id": verdict.id(),
        "family": verdict.family,
        "subject": verdict.subject,
        "choice": verdict.choice,
        "parameters": parameters,
        "runnable": verdict.runnable,
        "drivers": drivers,
        "rejected": rejected,
        "source": verdict.source,
        "price": verdict.price,
        "overridden": verdict.overridden,
    })
}

/// A number that would turn a decision, and the value at which it does.
#[must_use]
pub fn flip(flip: &Flip) -> Value {
    let (origin, unit) = match flip.measure {
        Measure::Stated(unit) => ("given", unit.name()),
        Measure::Assumed(number) => ("default", number.unit),
    };
    json!({
        "fact": flip.fact,
        "provenance": origin,
        "unit": unit,
        "now": flip.now,
        "at": flip.at,
        "when": if flip.above { "above" } else { "below" },
        "becomes": flip.becomes,
        "text": flip.sentence(),
    })
}

fn driver(sources: &SourceMap, driver: &Driver) -> Value {
    let mut value = fact(sources, driver);
    value["weight"] = driver.weight.as_str().into();
    value
}

fn fact(sources: &SourceMap, driver: &Driver) -> Value {
    let mut value = json!({ "fact": driver.fact, "provenance": driver.provenance.name() });
    match &driver.provenance {
        Provenance::Given(span) => {
            let range = sources.range(*span);
            let place = |at: Position| json!({ "line": at.line, "column": at.column });
            value["file"] = sources.path(*span).into();
            value["range"] = json!({ "start": place(range.start), "end": place(range.end) });
        }
        Provenance::Default { source } => value["source"] = (*source).into(),
        Provenance::Derived { from } => value["from"] = from.as_str().into(),
        Provenance::Simulated { run } | Provenance::Measured { run } => {
            value["run"] = run.as_str().into();
        }
    }
    value
}

/// Every fact that weighed in some decision, once.
fn facts(design: &Design, sources: &SourceMap) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for driver in design.verdicts.iter().flat_map(|verdict| &verdict.drivers) {
        let fact = fact(sources, driver);
        if !all.contains(&fact) {
            all.push(fact);
        }
    }
    all
}

fn assumption(design: &Design, number: &numbers::Number) -> Value {
    json!({
        "name": number.name,
        "value": design.facts().value(number),
        "unit": number.unit,
        "range": [number.low, number.high],
        "source": number.source,
    })
}

fn table(design: &Design, table: &Table) -> Value {
    let entity = design.model.entity(table.entity);
    let parts: Vec<&str> = table.parts.iter().map(|part| part.name.as_str()).collect();
    json!({
        "entity": format!("{}.{}", design.model.context(entity.context).name, entity.name),
        "schema": table.schema,
        "name": table.name,
        "columns": table.columns,
        "parts": parts,
        "indexes": table.indexes.iter().map(|of| index(table, of)).collect::<Vec<_>>(),
    })
}

fn index(table: &Table, index: &Index) -> Value {
    let column = |&(field, descending): &(expression::FieldIndex, bool)| {
        let name = table.columns.get(usize::from(field.0)).map_or("", String::as_str);
        if descending { format!("{name} desc") } else { name.to_owned() }
    };
    json!({
        "name": index.name,
        "columns": index.fields.iter().map(column).collect::<Vec<_>>(),
        "unique": index.unique,
        "partial": index.live_only || index.condition.is_some(),
        "because": index.because,
    })
}

fn route(design: &Design, route: &Route) -> Value {
    let mut actors: Vec<&str> =
        route.actors.iter().map(|id| design.model.actor(*id).name.as_str()).collect();
    actors.sort_unstable();
    json!({
        "operation": design.model.qualified_operation(route.operation),
        "method": route.method.name(),
        "path": route.path(),
        "success": route.success,
        "idempotency_key": route.idempotency_key,
        "if_match": route.if_match,
        "actors": actors,
    })
}
