use base::Provenance;
use expression::EntityId;
use model::model::{ContextId, Operation, OperationKind};

use crate::decision::{Answer, Context, decision};
use crate::{
    facts::{self, Facts},
    numbers,
};

decision!("store", "Where do the rows of a context live?", reads [], Context run);

const SOURCE: &str = "house: PostgreSQL until a number says otherwise; \
    D2 is the peak times the greater of headroom and two years' growth";

fn run(cx: &Context<'_>, context: ContextId) -> Option<Answer> {
    let model = cx.model;
    let entities: Vec<EntityId> = owned(model, context);
    if entities.is_empty() {
        return None;
    }
    let volatile = volatile_writes(model, context);
    let search = search_cores(model, context);
    let series = series_rows(model, context);
    let half_a_node = model.value(&numbers::NODE_CORES) / 2.0;
    let choice = if volatile.rate > model.value(&numbers::VOLATILE_WRITES) {
        "redis"
    } else if search.cores > half_a_node {
        "search-engine"
    } else if series.rate > model.value(&numbers::SERIES_ROWS) {
        "time-series"
    } else {
        "postgresql"
    };
    let mut answer = Answer::new(choice, SOURCE);
    let writes = writes_at_reach(model, context);
    let fact = format!("writes at D2: {}/s", facts::people(writes));
    let weight = if writes > model.value(&numbers::POSTGRESQL_WRITES) {
        "more than one server commits: shards or fewer writes are needed"
    } else {
        "one server commits them"
    };
    answer = answer.driver(fact, reach_provenance(model, context), weight);
    answer = answer.assumes(model, &numbers::POSTGRESQL_WRITES, "what one server commits");
    answer = sizes(model, &entities, answer);
    for (fact, provenance) in volatile.facts {
        answer = answer.driver(fact, provenance, "writes of rows that may be lost");
    }
    for (fact, provenance) in search.facts {
        answer = answer.driver(fact, provenance, "searches text");
    }
    for (fact, provenance) in series.facts {
        answer = answer.driver(fact, provenance, "adds rows in time order");
    }
    if has_files(model, &entities) {
        answer = answer.parameter("files", "object store; only their keys are rows");
    }
    let seldom = format!(
        "writes that may be lost come at {}/s at D2, not above {}/s",
        facts::people(volatile.rate),
        facts::people(model.value(&numbers::VOLATILE_WRITES))
    );
    let searches = format!(
        "search takes {} cores at D2, not above half of the largest node ({})",
        facts::people(search.cores),
        facts::people(half_a_node)
    );
    let slow = format!(
        "rows that are only added come at {}/s at D2, not above {}/s",
        facts::people(series.rate),
        facts::people(model.value(&numbers::SERIES_ROWS))
    );
    Some(
        answer
            .reject("postgresql", "a number is beyond what it is good at: see the drivers")
            .reject("redis", seldom)
            .reject("search-engine", searches)
            .reject("document", "rows refer to each other and change together: relations and transactions serve them")
            .reject("time-series", slow)
            .reject("object-store", "files go there in any case; rows do not"),
    )
}

fn owned(model: Facts<'_>, context: ContextId) -> Vec<EntityId> {
    model.entities().filter(|(_, of)| of.context == context).map(|(id, _)| id).collect()
}

struct Load {
    rate: f64,
    cores: f64,
    facts: Vec<(String, Provenance)>,
}

fn volatile_writes(model: Facts<'_>, context: ContextId) -> Load {
    let mut load = Load { rate: 0.0, cores: 0.0, facts: Vec::new() };
    for (id, operation) in facts::operations_by_name(model, context) {
        let volatile = operation.entity().is_some_and(|entity| model.entity(entity).volatile);
        if operation.writes() && volatile {
            load.rate += rows_at_reach(model, operation);
            load.facts.push(facts::rate_fact(model, id));
        }
    }
    load
}

/// Rows that are only added: those of a batch count one by one.
fn series_rows(model: Facts<'_>, context: ContextId) -> Load {
    let mut load = Load { rate: 0.0, cores: 0.0, facts: Vec::new() };
    for (id, operation) in facts::operations_by_name(model, context) {
        let added = operation.entity().is_some_and(|entity| model.entity(entity).append_only);
        if operation.kind == OperationKind::Create && added {
            load.rate += rows_at_reach(model, operation);
            load.facts.push(facts::rate_fact(model, id));
        }
    }
    load
}

fn search_cores(model: Facts<'_>, context: ContextId) -> Load {
    let mut load = Load { rate: 0.0, cores: 0.0, facts: Vec::new() };
    for (id, operation) in facts::operations_by_name(model, context) {
        if operation.search && operation.kind == OperationKind::List {
            let searches =
                facts::reachable_peak(model, operation) * model.value(&numbers::SEARCH_SHARE);
            load.cores += searches * model.value(&numbers::SEARCH_CPU) / 1e3;
            load.facts.push(facts::rate_fact(model, id));
        }
    }
    load
}

fn writes_at_reach(model: Facts<'_>, context: ContextId) -> f64 {
    let writes = model.operations.iter().filter(|of| of.context == context && of.writes());
    writes.map(|operation| rows_at_reach(model, operation)).sum()
}

/// Rows a second at the load that the design must reach: a batch writes several a request.
fn rows_at_reach(model: Facts<'_>, operation: &Operation) -> f64 {
    facts::row_rate(model, operation).peak * facts::reach(model, operation.context)
}

fn reach_provenance(model: Facts<'_>, context: ContextId) -> Provenance {
    let from = format!("peaks x {}", facts::people(facts::reach(model, context)));
    Provenance::Derived { from }
}

/// The largest table, and whether all fit one server.
fn sizes(model: Facts<'_>, entities: &[EntityId], answer: Answer) -> Answer {
    let sized = entities.iter().filter_map(|&id| {
        let rows = facts::rows_at_horizon(model, id)?;
        let of = model.entity(id);
        let bytes = facts::row_bytes(model, of);
        Some((id, rows.value * bytes * model.value(&numbers::BLOAT), rows))
    });
    let sized: Vec<_> = sized.collect();
    let total: f64 = sized.iter().map(|(_, bytes, _)| bytes).sum();
    let Some((id, _, rows)) = sized.into_iter().max_by(|a, b| {
        let name = |id: EntityId| model.entity(id).name.value.as_str();
        a.1.total_cmp(&b.1).then_with(|| name(a.0).cmp(name(b.0)))
    }) else {
        return answer;
    };
    let months = facts::people(model.value(&numbers::HORIZON));
    let name = &model.entity(id).name;
    let fact = format!("{name}: {} rows in {months} months", facts::people(rows.value));
    let fits = if total > model.value(&numbers::POSTGRESQL_BYTES) {
        "with the other tables more than one server should hold"
    } else {
        "with the other tables still one server"
    };
    answer.driver(fact, rows.provenance, fits).parameter("size in two years", facts::bytes(total))
}

fn has_files(model: Facts<'_>, entities: &[EntityId]) -> bool {
    entities.iter().any(|&id| facts::has_files(model.entity(id)))
}
