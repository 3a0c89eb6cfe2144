//! Repetition, versions and pages.

use model::model::{OperationKind, Sort};

use super::endpoint::{Case, Endpoint, Kind};

/// What holds where a request is sent again, a row has changed, and a list has more than one page.
pub fn cases(endpoint: &Endpoint<'_>) -> Vec<Case> {
    let actor = endpoint.admitted().first().map(|(name, _)| *name).unwrap_or_default();
    let mut all = Vec::new();
    if endpoint.route.idempotency_key {
        all.extend(keys(endpoint));
    }
    all.extend(versions(endpoint));
    if endpoint.operation.kind == OperationKind::List {
        all.extend(pages(endpoint));
    }
    all.into_iter().map(|case| case.by(actor)).collect()
}

fn keys(endpoint: &Endpoint<'_>) -> Vec<Case> {
    let success = endpoint.route.success;
    vec![
        Case::new(Kind::Repeat, "same-key", "the same request twice with one `Idempotency-Key`", success)
            .asserts("status and body of the second answer are those of the first")
            .asserts("it was done once"),
        Case::new(Kind::Repeat, "other-body", "one `Idempotency-Key` with two bodies", 422)
            .refused("idempotency-key-reused"),
        Case::new(Kind::Repeat, "at-once", "ten requests at once with one `Idempotency-Key`", 409)
            .refused("idempotency-in-progress")
            .asserts(format!("at least one is answered with {success}, no other status but 409 occurs, and it was done once")),
        Case::new(Kind::Repeat, "no-key", "no `Idempotency-Key`", 400).refused("idempotency-key-required"),
    ]
}

fn versions(endpoint: &Endpoint<'_>) -> Vec<Case> {
    let Endpoint { operation, route, .. } = endpoint;
    let mut all = Vec::new();
    if operation.kind == OperationKind::Get {
        all.push(
            Case::new(
                Kind::Version,
                "unchanged",
                "`If-None-Match` with the `ETag` of the row",
                304,
            )
            .asserts("there is no body"),
        );
    }
    if route.if_match {
        all.push(
            Case::new(Kind::Version, "no-version", "no `If-Match`", 428)
                .refused("precondition-required"),
        );
    }
    if route.if_match || operation.kind == OperationKind::Act {
        all.push(
            Case::new(
                Kind::Version,
                "stale-version",
                "`If-Match` with the `ETag` before the last change",
                412,
            )
            .refused("precondition-failed")
            .asserts("the row is as it was"),
        );
        all.push(
            Case::new(
                Kind::Version,
                "two-writers",
                "two requests at once with the same `If-Match`",
                412,
            )
            .refused("precondition-failed")
            .asserts(format!("exactly one of them is answered with {}", route.success)),
        );
    }
    all
}

fn pages(endpoint: &Endpoint<'_>) -> Vec<Case> {
    let Endpoint { operation, .. } = endpoint;
    let mut all = vec![
        Case::new(Kind::Page, "walk", "five rows; `limit=2`, and `after` from page to page", 200)
            .asserts("every row once, in order; `next` is empty at the end"),
        Case::new(Kind::Page, "limits", "`limit=0`; `limit=1001`; `limit=x`", 400)
            .refused("invalid-parameter"),
        Case::new(Kind::Page, "forged-cursor", "a cursor changed by one character", 400)
            .refused("invalid-cursor"),
    ];
    for Sort { field, descending } in operation.sort_orders() {
        if let Some(name) = name(endpoint, field) {
            let order = if descending { format!("-{name}") } else { name };
            let case = Case::new(
                Kind::Page,
                format!("sort-{}", order.replace('_', "-")),
                format!("`sort={order}`"),
                200,
            );
            all.push(case.asserts(format!("each row is in the order of `{order}`, nulls last")));
        }
    }
    let mut names = operation.sort.iter().filter_map(|sort| name(endpoint, sort.field));
    if let (Some(first), Some(second)) = (names.next(), names.next()) {
        let order = format!("{first},-{second}");
        let case = Case::new(Kind::Page, "sort-by-two", format!("`sort={order}`"), 200);
        all.push(case.asserts(format!("rows of one `{first}` stand by `-{second}`")));
    }
    if !operation.sort.is_empty() {
        let case = Case::new(Kind::Page, "unknown-sort", "`sort=surprise`", 400);
        all.push(case.refused("invalid-parameter"));
    }
    for field in &operation.filter {
        if let Some(name) = name(endpoint, *field) {
            let case = Case::new(
                Kind::Page,
                format!("filter-{}", name.replace('_', "-")),
                format!("`{name}=` a value that some rows have"),
                200,
            );
            all.push(case.asserts("exactly the rows that have it"));
        }
    }
    if operation.search {
        let case = Case::new(Kind::Page, "search", "`q=` a word that some rows hold", 200);
        all.push(case.asserts("only rows that hold it"));
    }
    if operation.near.is_some() {
        let case = Case::new(Kind::Page, "near", "`near=` a point, `within=1km`", 200);
        all.push(case.asserts("only rows within the distance"));
    }
    all
}

fn name(endpoint: &Endpoint<'_>, at: expression::FieldIndex) -> Option<String> {
    let model = &endpoint.design.model;
    let fields = match endpoint.operation.target {
        model::model::Target::View(view) => &model.schema.record(model.view(view).record).fields,
        _ => &model.shape(endpoint.operation.entity()?).fields,
    };
    fields.get(usize::from(at.0)).map(|field| field.name.clone())
}
