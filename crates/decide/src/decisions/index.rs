use model::model::{Addressed, OperationId, OperationKind};

use crate::decision::{Answer, Context, decision};
use crate::design::{Index, Table};
use crate::indexes::{Fate, Outcome};
use crate::{facts, numbers};

decision!("index", "How does an operation find its rows?", reads [], Operation run);

const SOURCE: &str = "PostgreSQL documentation, chapter 11; SQLite documentation, query planning; \
    thresholds: house";

fn run(cx: &Context<'_>, id: OperationId) -> Option<Answer> {
    let operation = cx.model.operation(id);
    let table = cx.tables.get(operation.entity()?.0 as usize)?;
    let answer = match (operation.kind, operation.addressed) {
        (OperationKind::List, _) => list(cx, id, table),
        (_, Addressed::Key(_)) => Answer::new("unique", SOURCE).given(
            "addressed by a unique field",
            operation.name.span,
            "its key is there anyway",
        ),
        _ => return None,
    };
    Some(
        answer
            .reject("none", "every request would read the whole table")
            .reject("unique", "no unique key leads to the rows")
            .reject("b-tree", "a simpler or narrower one serves: see the drivers")
            .reject("partial", "no condition on the row alone holds for all that is listed")
            .reject("full-text", "nothing is searched by its words")
            .reject("trigram", "nothing is searched by parts of words")
            .reject("geo", "needs an extension; a band of latitudes is read from a b-tree instead")
            .reject("covering", "rows are wider than an index should be"),
    )
}

fn list(cx: &Context<'_>, id: OperationId, table: &Table) -> Answer {
    let operation = cx.model.operation(id);
    let here = |outcome: &&Outcome| outcome.entity == table.entity;
    let outcomes: Vec<&Outcome> = cx.outcomes_of(id).iter().filter(here).collect();
    let searches = operation.search && !table.search.is_empty();
    let (fact, provenance) = facts::rate_fact(cx.model, id);
    let answer = Answer::new(choice(&outcomes, table, searches), SOURCE);
    let mut answer = answer.driver(fact, provenance, "how often it is asked");
    if let Some(rows) = facts::rows_at_horizon(cx.model, table.entity) {
        let fact = format!("{} rows in two years", facts::people(rows.value));
        answer = answer.driver(fact, rows.provenance, "what would be read without one");
    }
    let used: Vec<&Index> = table.indexes.iter().filter(|index| uses(&outcomes, index)).collect();
    for index in &used {
        answer = answer.parameter(&index.name, columns(table, index));
    }
    for outcome in &outcomes {
        let (what, why) = match outcome.fate {
            Fate::TooMany(limit) => ("left out", format!("the table has its {limit} indexes")),
            Fate::SmallTable(rows) => {
                ("left out", format!("{} rows are read whole", facts::people(rows)))
            }
            Fate::Overridden => ("left out", "the model says so".to_owned()),
            Fate::Served(_) | Fate::Unique(_) => continue,
        };
        let wanted = columns(table, &outcome.want.index);
        answer = answer.parameter(what, format!("{wanted}: {why}"));
    }
    if searches {
        let words: Vec<&str> = table.search.iter().map(|&at| column(table, at)).collect();
        answer = answer.parameter("words of", words.join(", "));
    }
    if operation.near.is_some() {
        answer =
            answer.parameter("near", "a band of latitudes, then the distance of each row in it");
    }
    answer.assumes(cx.model, &numbers::INDEX_ROWS, "up to so many rows a table is read whole")
}

fn choice(outcomes: &[&Outcome], table: &Table, searches: bool) -> &'static str {
    let served = || outcomes.iter().filter(|of| matches!(of.fate, Fate::Served(_)));
    let partial = |outcome: &&&Outcome| outcome.want.index.condition.is_some();
    let unique = outcomes.iter().any(|of| matches!(of.fate, Fate::Unique(_)));
    let live_only = table.indexes.iter().any(|index| uses(outcomes, index) && index.live_only);
    if searches {
        "full-text"
    } else if served().next().is_none() {
        if unique { "unique" } else { "none" }
    } else if live_only || served().any(|of| partial(&of)) {
        "partial"
    } else {
        "b-tree"
    }
}

fn uses(outcomes: &[&Outcome], index: &Index) -> bool {
    outcomes.iter().any(|outcome| match &outcome.fate {
        Fate::Served(name) | Fate::Unique(name) => *name == index.name,
        _ => false,
    })
}

/// `customer, placed_at desc, id`, and what limits the rows.
fn columns(table: &Table, index: &Index) -> String {
    let column = |&(field, descending): &(expression::FieldIndex, bool)| {
        let name = column(table, field);
        if descending { format!("{name} desc") } else { name.to_owned() }
    };
    let columns: Vec<String> = index.fields.iter().map(column).collect();
    let some = if index.condition.is_some() { ", of the rows it may list" } else { "" };
    format!("{}{some}", columns.join(", "))
}

fn column(table: &Table, field: expression::FieldIndex) -> &str {
    table.columns.get(usize::from(field.0)).map_or("", String::as_str)
}
