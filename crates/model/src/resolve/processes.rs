//! Schedules, callbacks, webhooks and pipelines.

use base::{Diagnostic, Spanned};
use expression::{EntityId, RecordId, Type, ir::VariableIndex};

use super::context::{Cx, read};
use super::entities::{FieldNames, given, is_set};
use super::fill::{Counts, Sources};
use super::flows::Place;
use super::types::path_of;
use super::views::rooted;
use crate::model::{
    Callback, Endpoint, EndpointKind, Every, Pipeline, Schedule, Timing, Verification, Webhook,
    WebhookEvent,
};
use crate::syntax::{self, SyntaxTree};

fn doc(doc: Option<&Spanned<String>>) -> Option<String> {
    doc.map(|doc| doc.value.clone())
}

/// The schedules.
pub(crate) fn schedules(
    cx: &Cx<'_, '_>,
    tree: &SyntaxTree,
    sink: &mut Vec<Diagnostic>,
) -> Vec<Schedule> {
    let schedules = tree.schedules.iter();
    schedules.filter_map(|(name, written)| schedule(cx, name, written, sink)).collect()
}

fn schedule(
    cx: &Cx<'_, '_>,
    name: &Spanned<String>,
    written: &syntax::Schedule,
    sink: &mut Vec<Diagnostic>,
) -> Option<Schedule> {
    let entity = match &written.entity {
        Some(path) => Some(cx.names.find(&cx.names.entities, path, cx.names.unassigned, sink)?),
        None => None,
    };
    let mut sources = Sources::default();
    let scope = match entity {
        Some(entity) => {
            sources.add("self", Counts::Both);
            cx.row_scope(entity)
        }
        None => cx.scope(cx.names.unassigned),
    };
    let condition = written.condition.as_ref().and_then(|text| cx.query(text, &scope, sink));
    let at = written.at.as_ref().map(|text| cx.check(text, &scope, Some(&Type::Timestamp), sink));
    let timing = match (&written.every, at) {
        (Some(every), _) => Some(Timing::Every(self::every(every.value))),
        (None, Some(at)) => at.map(Timing::At),
        (None, None) => None,
    };
    let place = Place { cx, scope, sources };
    let call = place.called(written.call.as_ref()?, &written.with, sink);
    Some(Schedule {
        name: name.clone(),
        doc: doc(written.doc.as_ref()),
        timing: timing?,
        entity,
        condition,
        call: call?,
        within: given(written.within.as_ref()),
    })
}

const fn every(every: syntax::Every) -> Every {
    let period = match every.period {
        syntax::Period::Duration(period) => Some(period),
        syntax::Period::Month => None,
    };
    Every { period, at: every.at }
}

/// The callbacks of every external; `records` are the types of their messages, in source order.
pub(crate) fn callbacks(
    cx: &Cx<'_, '_>,
    tree: &SyntaxTree,
    records: &[RecordId],
    sink: &mut Vec<Diagnostic>,
) -> Vec<Vec<Callback>> {
    let mut records = records.iter().copied();
    let mut all = Vec::with_capacity(tree.externals.len());
    for (_, external) in &tree.externals {
        let mut callbacks = Vec::with_capacity(external.callbacks.len());
        for (name, written) in &external.callbacks {
            let Some(input) = records.next() else { continue };
            callbacks.extend(callback(cx, name, written, input, sink));
        }
        all.push(callbacks);
    }
    all
}

fn callback(
    cx: &Cx<'_, '_>,
    name: &Spanned<String>,
    written: &syntax::Callback,
    input: RecordId,
    sink: &mut Vec<Diagnostic>,
) -> Option<Callback> {
    let mut scope = cx.scope(cx.names.unassigned);
    scope.bind("input", VariableIndex::INPUT, Type::Record(input));
    let mut sources = Sources::default();
    sources.add("input", Counts::Fields);
    let id = written.id.as_ref().and_then(|text| {
        let ast = read(text, sink)?;
        cx.check_ast(&rooted("input", ast, &scope), &scope, None, sink)
    });
    let place = Place { cx, scope, sources };
    let call = place.called(written.call.as_ref()?, &written.with, sink)?;
    let verify = match written.verify.as_ref()?.value {
        syntax::Verification::Hmac => Verification::Hmac,
        syntax::Verification::Mtls => Verification::Mtls,
        syntax::Verification::Jwt => Verification::Jwt,
    };
    let window = given(written.window.as_ref());
    let doc = doc(written.doc.as_ref());
    Some(Callback { name: name.clone(), doc, verify, id, window, input, call })
}

/// The webhooks.
pub(crate) fn webhooks(
    cx: &Cx<'_, '_>,
    tree: &SyntaxTree,
    sink: &mut Vec<Diagnostic>,
) -> Vec<Webhook> {
    let webhooks = tree.webhooks.iter();
    webhooks.filter_map(|(name, written)| webhook(cx, name, written, sink)).collect()
}

fn webhook(
    cx: &Cx<'_, '_>,
    name: &Spanned<String>,
    written: &syntax::Webhook,
    sink: &mut Vec<Diagnostic>,
) -> Option<Webhook> {
    let to = written.to.as_ref()?;
    let (field, owner) = to.segments.split_last()?;
    if owner.is_empty() {
        let message = format!("`{to}` names no field with an address");
        sink.push(
            Diagnostic::error("unknown-field", to.span, message).help("write `Entity.field`"),
        );
        return None;
    }
    let home = cx.names.unassigned;
    let subscriber = cx.names.find(&cx.names.entities, &path_of(owner), home, sink)?;
    let entity = cx.model.entities.get(subscriber.0 as usize)?;
    let address = FieldNames::of(&entity.fields).known(field, sink)?;
    let ty = &entity.field(address).ty;
    if !matches!(ty.required(), Type::Text { .. }) {
        let ty = ty.describe(&cx.model.schema);
        let message = format!("`{to}` is {ty}: no address");
        sink.push(Diagnostic::error("type-mismatch", field.span, message).help("use a `url`"));
    }
    let mut events = Vec::with_capacity(written.events.len());
    for path in &written.events {
        events.extend(webhook_event(cx, subscriber, written, path, sink));
    }
    Some(Webhook {
        name: name.clone(),
        doc: doc(written.doc.as_ref()),
        subscriber,
        address,
        events,
        retry: given(written.retry.as_ref()),
        disable_after: given(written.disable_after.as_ref()),
    })
}

fn webhook_event(
    cx: &Cx<'_, '_>,
    subscriber: EntityId,
    written: &syntax::Webhook,
    path: &syntax::Path,
    sink: &mut Vec<Diagnostic>,
) -> Option<WebhookEvent> {
    let event = cx.names.find(&cx.names.events, path, cx.names.unassigned, sink)?;
    let payload = cx.model.events.get(event.0 as usize)?.payload;
    let mut scope = cx.row_scope(subscriber);
    scope.bind("event", VariableIndex::EVENT, Type::Record(payload));
    let condition = written.condition.as_ref().and_then(|text| cx.condition(text, &scope, sink));
    let key = written.key.as_ref().and_then(|text| {
        let ast = read(text, sink)?;
        cx.check_ast(&rooted("event", ast, &scope), &scope, None, sink)
    });
    Some(WebhookEvent { event, condition, key })
}

/// The pipelines.
pub(crate) fn pipelines(
    cx: &Cx<'_, '_>,
    tree: &SyntaxTree,
    sink: &mut Vec<Diagnostic>,
) -> Vec<Pipeline> {
    let pipelines = tree.pipelines.iter();
    pipelines.filter_map(|(name, written)| pipeline(cx, name, written, sink)).collect()
}

fn pipeline(
    cx: &Cx<'_, '_>,
    name: &Spanned<String>,
    written: &syntax::Pipeline,
    sink: &mut Vec<Diagnostic>,
) -> Option<Pipeline> {
    let from = endpoint(cx, written.from.as_ref()?, sink);
    let to = endpoint(cx, written.to.as_ref()?, sink);
    let (from, to) = (from?, to?);
    let target = match to.kind {
        EndpointKind::Entity(entity) => cx.model.entities.get(entity.0 as usize),
        _ => None,
    };
    let fields = target.map(|entity| FieldNames::of(&entity.fields));
    for field in written.key.iter().chain(written.map.iter().map(|(field, _)| field)) {
        if let Some(fields) = &fields
            && !cx.is_poisoned(field)
        {
            fields.known(field, sink);
        }
    }
    let mut map = Vec::with_capacity(written.map.len());
    for (field, text) in &written.map {
        let value = match from.kind {
            EndpointKind::Entity(entity) => {
                let home = cx.model.entities.get(entity.0 as usize).map(|entity| entity.context);
                let mut scope = cx.scope(home);
                scope.bind_row("row", VariableIndex::ROW, entity);
                let found = target.and_then(|entity| {
                    entity.fields.iter().find(|other| other.name.value == field.value)
                });
                cx.check(text, &scope, found.map(|field| &field.ty), sink)
            }
            // The columns of a file or table have no types yet: only the syntax can be wrong.
            _ => {
                let _ = read(text, sink);
                None
            }
        };
        map.push((field.clone(), value));
    }
    Some(Pipeline {
        name: name.clone(),
        doc: doc(written.doc.as_ref()),
        from,
        to,
        key: written.key.clone(),
        map,
        every: written.every.as_ref().map(|every| self::every(every.value)),
        on_arrival: is_set(written.on_arrival.as_ref()),
    })
}

fn endpoint(
    cx: &Cx<'_, '_>,
    written: &syntax::Endpoint,
    sink: &mut Vec<Diagnostic>,
) -> Option<Endpoint> {
    let kind = match &written.kind {
        syntax::EndpointKind::File => EndpointKind::File,
        syntax::EndpointKind::Http => EndpointKind::Http,
        syntax::EndpointKind::Sftp => EndpointKind::Sftp,
        syntax::EndpointKind::Table => EndpointKind::Table,
        syntax::EndpointKind::Entity(path) => {
            let home = cx.names.unassigned;
            EndpointKind::Entity(cx.names.find(&cx.names.entities, path, home, sink)?)
        }
    };
    let text = |text: &Option<Spanned<String>>| text.as_ref().map(|text| text.value.clone());
    Some(Endpoint { kind, location: text(&written.location), format: text(&written.format) })
}
