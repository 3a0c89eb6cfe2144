//! Operations as others see them: kind, target, address, input, numbers. What they do follows in
//! `bodies`, when every operation that can be called is known.

use base::{Diagnostic, Quantity, Spanned};
use expression::{FieldIndex, Type};

use super::entities::{FieldNames, given, is_set};
use super::inputs::input;
use super::names::{Names, position};
use super::system::needs;
use super::types::{Types, path_of};
use crate::model::{
    Addressed, ContextId, Entity, Operation, OperationId, OperationKind, Target, Workload,
};
use crate::syntax::{self, Path, RateSyntax};

/// An operation whose target is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declared<'t> {
    /// Name.
    pub(crate) name: &'t Spanned<String>,
    /// Its context.
    pub(crate) context: ContextId,
    /// Its kind, with the place of the key.
    pub(crate) kind: &'t Spanned<OperationKind>,
    /// What it is about.
    pub(crate) target: Target,
    /// All of it.
    pub(crate) syntax: &'t syntax::Operation,
}

/// Gives every operation whose target is known its id.
pub(crate) fn declare<'t>(names: &mut Names<'t>, sink: &mut Vec<Diagnostic>) -> Vec<Declared<'t>> {
    let mut declared = Vec::new();
    let homes: Vec<_> = names.contexts().map(|(id, home)| (id, home.declarations)).collect();
    for (context, declarations) in homes {
        for (name, syntax) in &declarations.operations {
            let target = syntax
                .kind
                .as_ref()
                .and_then(|(kind, path)| Some((kind, target(names, context, kind, path, sink)?)));
            let id = target.map(|(kind, target)| {
                declared.push(Declared { name, context, kind, target, syntax });
                OperationId(position(declared.len() - 1, u32::MAX))
            });
            names.declare_operation(context, name, id);
        }
    }
    declared
}

fn target(
    names: &Names<'_>,
    context: ContextId,
    kind: &Spanned<OperationKind>,
    path: &Path,
    sink: &mut Vec<Diagnostic>,
) -> Option<Target> {
    let (owner, log) = match path.segments.as_slice() {
        [owner @ .., last] if !owner.is_empty() && is_log(last) => (path_of(owner), Some(last)),
        _ => (path.clone(), None),
    };
    let upper = owner.last().starts_with(|letter: char| letter.is_ascii_uppercase());
    let target = if upper || log.is_some() {
        let entity = names.find(&names.entities, &owner, Some(context), sink)?;
        let home = names.entity_syntax.get(entity.0 as usize).map(|entity| entity.context);
        if home.is_some_and(|home| home != context) {
            sink.push(foreign_target(path));
            return None;
        }
        match log.map(|log| log.as_str()) {
            Some("history") => Target::History(entity),
            Some(_) => Target::Audit(entity),
            None => Target::Entity(entity),
        }
    } else {
        Target::View(names.find(&names.views, &owner, Some(context), sink)??)
    };
    let fits = match target {
        Target::Entity(_) => true,
        Target::View(_) => {
            use OperationKind::{Get, List, Stream};
            matches!(kind.value, List | Get | Stream)
        }
        Target::History(_) | Target::Audit(_) => kind.value == OperationKind::List,
    };
    if !fits {
        let message = format!("`{path}` can only be read");
        sink.push(
            Diagnostic::error("read-only-target", kind.span, message)
                .related(path.span, "what it is about")
                .help("use `list` (or for a view `get` or `stream`)"),
        );
        return None;
    }
    Some(target)
}

fn is_log(name: &Spanned<String>) -> bool {
    matches!(name.as_str(), "history" | "audit")
}

fn foreign_target(path: &Path) -> Diagnostic {
    let message = format!("`{path}` belongs to another context");
    Diagnostic::error("foreign-target", path.span, message)
        .note("an operation is served by the context that owns its rows")
        .help("move the operation to that context, or `call` one of its operations")
}

/// Every operation, without conditions and effects.
pub(crate) fn signatures(
    types: &mut Types<'_, '_>,
    entities: &[Entity],
    declared: &[Declared<'_>],
    sink: &mut Vec<Diagnostic>,
) -> Vec<Operation> {
    declared.iter().map(|operation| signature(types, entities, operation, sink)).collect()
}

fn signature(
    types: &mut Types<'_, '_>,
    entities: &[Entity],
    declared: &Declared<'_>,
    sink: &mut Vec<Diagnostic>,
) -> Operation {
    let Declared { name, context, kind, target, syntax } = *declared;
    let entity = match target {
        Target::Entity(id) => entities.get(id.0 as usize).map(|entity| (id, entity)),
        _ => None,
    };
    let addressed = addressed(declared, entity.map(|(_, entity)| entity), sink);
    Operation {
        name: name.clone(),
        context,
        doc: syntax.doc.as_ref().map(|doc| doc.value.clone()),
        kind: kind.value,
        target,
        addressed,
        upsert: syntax.upsert.is_some(),
        by: Vec::new(),
        condition: None,
        input: input(types, entity, declared, sink),
        fields: Vec::new(),
        filter: Vec::new(),
        sort: Vec::new(),
        search: is_set(syntax.search.as_ref()),
        near: None,
        uses: Vec::new(),
        batch: syntax.batch.as_ref().map(|batch| (batch.value.min, batch.value.max)),
        route: syntax.route.as_ref().map(|route| route.value.clone()),
        asynchronous: is_set(syntax.asynchronous.as_ref()),
        reauthenticate: syntax.reauthenticate.as_ref().map(|period| period.value),
        accepts: Vec::new(),
        effects: Vec::new(),
        workload: workload(syntax, kind.value, sink),
        needs: needs(syntax.needs.as_ref()),
    }
}

fn addressed(
    declared: &Declared<'_>,
    entity: Option<&Entity>,
    sink: &mut Vec<Diagnostic>,
) -> Addressed {
    use OperationKind::{Act, Delete, Get, Update};
    let single = matches!(declared.kind.value, Get | Update | Delete | Act);
    let key = declared.syntax.upsert.as_ref().or(declared.syntax.key.as_ref());
    match (key, entity) {
        (Some(key), Some(entity)) if single => {
            unique_field(entity, key, sink).map_or(Addressed::Id, Addressed::Key)
        }
        _ if single => Addressed::Id,
        _ => Addressed::Collection,
    }
}

/// The field, if rows can be told apart by it.
fn unique_field(
    entity: &Entity,
    name: &Spanned<String>,
    sink: &mut Vec<Diagnostic>,
) -> Option<FieldIndex> {
    let field = FieldNames::of(&entity.fields).known(name, sink)?;
    let alone = entity.unique.iter().any(|key| key.fields == [field] && key.condition.is_none());
    let same = entity.identity == [field];
    if !(alone || same || entity.field(field).modifiers.unique) {
        let message = format!("`{name}` is not unique");
        sink.push(
            Diagnostic::error("not-unique", name.span, message)
                .related(entity.field(field).name.span, "the field")
                .help("add `unique` to the field"),
        );
        return None;
    }
    (!matches!(entity.field(field).ty, Type::Null)).then_some(field)
}

fn workload(
    syntax: &syntax::Operation,
    kind: OperationKind,
    sink: &mut Vec<Diagnostic>,
) -> Workload {
    let mut workload = Workload {
        latency: given(syntax.latency.as_ref()),
        stale: given(syntax.stale.as_ref()),
        payload: given(syntax.payload.as_ref()),
        page: given(syntax.page.as_ref()),
        critical: is_set(syntax.critical.as_ref()),
        batch_mean: syntax
            .batch
            .as_ref()
            .and_then(|batch| batch.value.mean.map(|mean| Quantity::given(mean, batch.span))),
        ..Workload::default()
    };
    let Some(rate) = &syntax.rate else { return workload };
    match &rate.value {
        RateSyntax::Requests { rate: requests, .. } => {
            workload.rate = Some(Quantity::given(*requests, rate.span));
        }
        RateSyntax::Open { count, per_stream, fan_out } => {
            workload.open_streams = Some(Quantity::given(*count, rate.span));
            workload.rate_per_stream = given(per_stream.as_ref());
            workload.fan_out = given(fan_out.as_ref());
        }
    }
    let open = workload.open_streams.is_some();
    if open != (kind == OperationKind::Stream) {
        let (message, help) = if open {
            ("open connections of an operation that is no stream", "write, say, `4/s peak 40/s`")
        } else {
            ("requests per second of a stream", "write how many are open at once, say `5k open`")
        };
        sink.push(Diagnostic::error("misplaced-rate", rate.span, message).help(help));
    }
    workload
}
