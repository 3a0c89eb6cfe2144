//! A page too large to send.

use base::Span;
use decide::facts;
use expression::Type;
use model::model::{Operation, OperationKind, OutputValue};

use crate::context::{Context, Sink, check};
use crate::numbers;

check!(
    "oversized-answer",
    Contracts,
    Warning,
    "0.1",
    "a list whose usual page is too large to send",
    "oversized-answer.md"
);

/// Rows of a page where neither the model nor the client says.
const PAGE: f64 = 50.0;

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        if operation.kind != OperationKind::List {
            continue;
        }
        let page = operation.workload.page.as_ref().map_or(PAGE, |page| f64::from(page.value));
        let Some((size, place)) = too_large(context, operation, page) else { continue };
        let message = format!("a page of `{}` holds {size}", operation.name);
        sink.report(&model.qualified_operation(id), operation.name.span, message, |finding| {
            finding
                .label(format!("{} rows a page", facts::people(page)))
                .related(place, "what makes it large")
                .note("it is read, encoded and sent for every request, whatever the client shows of it")
                .help("leave the large ones out of `fields` and let a `get` return them, or state a smaller `page`")
        });
    }
}

/// What a page holds, where it is too much, and what makes it so.
fn too_large(context: &Context, operation: &Operation, page: f64) -> Option<(String, Span)> {
    let model = context.model;
    let entity = model.entity(operation.entity()?);
    for field in &operation.fields {
        let OutputValue::Part(part, _) = &field.value else { continue };
        let part = entity.parts.get(usize::from(*part))?;
        let Some(rows) = &part.rows else { continue };
        if rows.value * page > numbers::ROWS_PER_ANSWER.value {
            let count = facts::people(rows.value * page);
            return Some((format!("{count} rows of `{}`", part.name), part.name.span));
        }
    }
    let stated = operation.workload.payload.as_ref();
    let stated = stated.map(|of| (of.value.0, 1.0, of.provenance.span()));
    // The size of a row with files is theirs, and an answer holds only where they are.
    let files = entity.fields.iter().any(|field| matches!(field.ty.required(), Type::File { .. }));
    let rows = entity.size.as_ref().filter(|_| !files);
    let rows = rows.map(|of| (of.value.0, page, of.provenance.span()));
    let (one, times, place) = stated.or(rows)?;
    let size = facts::count(usize::try_from(one).unwrap_or(usize::MAX)) * times;
    let peak = facts::bytes(size * facts::rate(model, operation).value.peak);
    let text = format!("{} ({peak} a second at peak)", facts::bytes(size));
    (size > numbers::ANSWER_BYTES.value).then_some((text, place?))
}
