//! Events and externals: the records they carry, and their numbers.

use base::{Diagnostic, Quantity, Spanned};
use expression::{FieldShape, RecordId, RecordShape};

use super::entities::{given, is_set};
use super::types::Types;
use crate::model::{ContextId, Event, External, ExternalOperation};
use crate::syntax::{self, Field, Named, RateSyntax, SyntaxTree};

impl Types<'_, '_> {
    /// Registers a record of these fields.
    pub(crate) fn record(
        &mut self,
        name: String,
        fields: &Named<Field>,
        home: Option<ContextId>,
        sink: &mut Vec<Diagnostic>,
    ) -> RecordId {
        let fields = self.record_fields(fields, home, sink);
        let fields: Vec<FieldShape> = fields.into_iter().map(|field| field.shape).collect();
        self.schema.add_record(RecordShape { name, fields })
    }
}

/// The events of every context; their keys follow in `conditions`.
pub(crate) fn events(types: &mut Types<'_, '_>, sink: &mut Vec<Diagnostic>) -> Vec<Event> {
    let mut events = Vec::new();
    let names = types.names;
    for (context, home) in names.contexts() {
        for (name, written) in &home.declarations.events {
            let payload = types.record(name.value.clone(), &written.payload, Some(context), sink);
            for (field_name, field) in &written.payload {
                refuse_secret(field_name, field, sink);
            }
            events.push(Event {
                name: name.clone(),
                context,
                payload,
                key: None,
                retain: given(written.retain.as_ref()),
                durable: is_set(written.durable.as_ref()),
            });
        }
    }
    events
}

fn refuse_secret(name: &Spanned<String>, field: &Field, sink: &mut Vec<Diagnostic>) {
    let secret = field.modifiers.iter().find(|modifier| modifier.value == syntax::Modifier::Secret);
    if let Some(modifier) = secret {
        let message = format!("`{name}` is secret: events never carry secrets");
        sink.push(
            Diagnostic::error("secret-in-event", modifier.span, message)
                .note("whoever reads the event would read the secret, for as long as it is kept")
                .help("leave the field out"),
        );
    }
}

/// The types of the messages of all callbacks, in source order.
pub(crate) fn callback_records(
    types: &mut Types<'_, '_>,
    tree: &SyntaxTree,
    sink: &mut Vec<Diagnostic>,
) -> Vec<RecordId> {
    let home = types.names.unassigned;
    let callbacks = tree.externals.iter().flat_map(|(_, external)| &external.callbacks);
    callbacks
        .map(|(name, written)| types.record(name.value.clone(), &written.input, home, sink))
        .collect()
}

/// The externals; their callbacks follow in `processes`.
pub(crate) fn externals(
    types: &mut Types<'_, '_>,
    tree: &SyntaxTree,
    sink: &mut Vec<Diagnostic>,
) -> Vec<External> {
    let mut externals = Vec::with_capacity(tree.externals.len());
    for (name, written) in &tree.externals {
        let operations = written.operations.iter();
        let operations = operations.map(|(operation_name, operation)| {
            external_operation(types, name, operation_name, operation, sink)
        });
        let operations = operations.collect();
        externals.push(External {
            name: name.clone(),
            availability: given(written.availability.as_ref()),
            limit: written.limit.as_ref().and_then(|limit| match &limit.value {
                RateSyntax::Requests { rate, .. } => Some(Quantity::given(*rate, limit.span)),
                RateSyntax::Open { .. } => {
                    let message = "a limit is in calls per time";
                    sink.push(
                        Diagnostic::error("misplaced-rate", limit.span, message)
                            .help("write, say, `500/s`"),
                    );
                    None
                }
            }),
            protocol: written.protocol.as_ref().map(|protocol| protocol.value.clone()),
            operations,
            callbacks: Vec::new(),
        });
    }
    externals
}

fn external_operation(
    types: &mut Types<'_, '_>,
    external: &Spanned<String>,
    name: &Spanned<String>,
    written: &syntax::ExternalOperation,
    sink: &mut Vec<Diagnostic>,
) -> ExternalOperation {
    let home = types.names.unassigned;
    let record = |what: &str| format!("{what} of {external}.{name}");
    ExternalOperation {
        name: name.clone(),
        input: types.record(record("input"), &written.input, home, sink),
        output: types.record(record("output"), &written.output, home, sink),
        errors: written.errors.clone(),
        latency: given(written.latency.as_ref()),
        idempotent: is_set(written.idempotent.as_ref()),
        safe: is_set(written.safe.as_ref()),
        cost: given(written.cost.as_ref()),
    }
}
