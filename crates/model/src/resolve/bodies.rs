//! What operations check, do and answer.

use base::{Diagnostic, Spanned, did_you_mean};
use expression::{EntityId, FieldIndex, ir::Expression};

use super::context::Cx;
use super::effects::Body;
use super::names::SYSTEM;
use super::operations::Declared;
use crate::model::{
    ActorId, Authentication, Effect, Grant, Model, Operation, OperationKind, OutputField, Sort,
    Target,
};
use crate::syntax;

/// Everything of an operation that its signature does not say.
pub(crate) struct OperationBody {
    by: Vec<Grant>,
    condition: Option<Expression>,
    effects: Vec<Effect>,
    fields: Vec<OutputField>,
    filter: Vec<FieldIndex>,
    sort: Vec<Sort>,
    near: Option<FieldIndex>,
    accepts: Vec<Spanned<String>>,
}

/// A field of another context that an operation reads.
pub(crate) type Use = (EntityId, FieldIndex, Option<base::Duration>);

/// `uses` of every operation: needed before any expression of it is checked.
pub(crate) fn uses(cx: &Cx<'_, '_>, sink: &mut Vec<Diagnostic>) -> Vec<Vec<Use>> {
    let of = |declared: &Declared<'_>, sink: &mut Vec<Diagnostic>| {
        let written = declared.syntax.uses.iter();
        written
            .filter_map(|(path, age)| {
                let (entity, field) = used_field(cx, declared, path, sink)?;
                Some((entity, field, age.as_ref().map(|age| age.value)))
            })
            .collect()
    };
    cx.declared.iter().map(|declared| of(declared, sink)).collect()
}

/// `context.Entity.field`.
fn used_field(
    cx: &Cx<'_, '_>,
    declared: &Declared<'_>,
    path: &syntax::Path,
    sink: &mut Vec<Diagnostic>,
) -> Option<(EntityId, FieldIndex)> {
    let [context, entity_name, name] = path.segments.as_slice() else {
        let message = format!("`{path}` names no field of another context");
        sink.push(
            Diagnostic::error("unknown-field", path.span, message)
                .help("write `context.Entity.field`"),
        );
        return None;
    };
    let owner = super::types::path_of(&[context.clone(), entity_name.clone()]);
    let entity = cx.names.find(&cx.names.entities, &owner, Some(declared.context), sink)?;
    let found = cx.model.entities.get(entity.0 as usize)?;
    if found.context == declared.context {
        let message = format!("`{path}` is of the own context");
        sink.push(
            Diagnostic::warning("needless-use", path.span, message)
                .note("expressions read the own context without `uses`")
                .help("leave it out"),
        );
    }
    let Some(field) = cx.model.schema.entity(entity).field(name) else {
        if !cx.is_poisoned(name) {
            let known = found.fields.iter().map(|field| field.name.as_str());
            let message = format!("`{}` has no field `{name}`", found.name);
            sink.push(
                Diagnostic::error("unknown-field", name.span, message)
                    .related(found.name.span, "the entity")
                    .suggest(did_you_mean(name, known)),
            );
        }
        return None;
    };
    Some((entity, field))
}

/// The bodies of all operations, in order.
pub(crate) fn bodies(cx: &Cx<'_, '_>, sink: &mut Vec<Diagnostic>) -> Vec<OperationBody> {
    let operations = cx.declared.iter().zip(&cx.model.operations);
    operations.map(|(declared, operation)| body(cx, declared, operation, sink)).collect()
}

/// Puts the bodies where they belong.
pub(crate) fn apply(model: &mut Model, bodies: Vec<OperationBody>) {
    for (operation, body) in model.operations.iter_mut().zip(bodies) {
        operation.by = body.by;
        operation.condition = body.condition;
        operation.effects = body.effects;
        operation.fields = body.fields;
        operation.filter = body.filter;
        operation.sort = body.sort;
        operation.near = body.near;
        operation.accepts = body.accepts;
    }
}

fn body(
    cx: &Cx<'_, '_>,
    declared: &Declared<'_>,
    operation: &Operation,
    sink: &mut Vec<Diagnostic>,
) -> OperationBody {
    let by = grants(cx, declared, operation, sink);
    let admitted: Vec<ActorId> = by.iter().map(|grant| grant.actor).collect();
    let mut scope = cx.operation_scope(operation);
    cx.bind_actors(&mut scope, &admitted);
    let condition =
        declared.syntax.condition.as_ref().and_then(|text| cx.query(text, &scope, sink));
    let effects = match operation.target {
        Target::Entity(entity) => effects(cx, declared, operation, entity, scope.clone(), sink),
        _ => Vec::new(),
    };
    let anonymous = admitted.iter().any(|actor| {
        let actor = cx.model.actors.get(usize::from(actor.0));
        actor.is_some_and(|actor| actor.authentication == Authentication::None)
    });
    let output = super::outputs::Output { cx, declared, operation, scope: &scope, anonymous };
    OperationBody {
        by,
        condition,
        effects,
        fields: output.fields(sink),
        filter: output.filter(sink),
        sort: output.sort(sink),
        near: output.near(sink),
        accepts: accepts(cx, declared, sink),
    }
}

fn grants(
    cx: &Cx<'_, '_>,
    declared: &Declared<'_>,
    operation: &Operation,
    sink: &mut Vec<Diagnostic>,
) -> Vec<Grant> {
    let Some(written) = &declared.syntax.by else { return Vec::new() };
    let mut grants: Vec<Grant> = Vec::with_capacity(written.value.len());
    for grant in &written.value {
        let name = &grant.actor;
        let Some(actor) = cx.names.actors.get(name.as_str()).copied() else {
            let known = || cx.names.actors.keys().copied();
            let message = format!("there is no actor `{name}`");
            sink.push(
                Diagnostic::error("unknown-actor", name.span, message)
                    .help(format!("the actors are {}", base::one_of(known())))
                    .suggest(did_you_mean(name, known())),
            );
            continue;
        };
        if let Some(other) = grants.iter().find(|grant| grant.actor == actor) {
            let message = format!("`{name}` is listed twice");
            sink.push(
                Diagnostic::error("duplicate-name", name.span, message)
                    .related(other.span, "first here"),
            );
            continue;
        }
        let mut scope = cx.operation_scope(operation);
        cx.bind_actor(&mut scope, actor);
        let condition = grant.condition.as_ref().and_then(|text| cx.query(text, &scope, sink));
        let constant = condition.as_ref().is_some_and(is_true);
        grants.push(Grant { actor, condition: condition.filter(|_| !constant), span: name.span });
    }
    if written.value.is_empty() {
        let message = format!("nobody may do `{}`", declared.name);
        sink.push(
            Diagnostic::error("empty-by", written.span, message)
                .help(format!("name an actor; `by: [{SYSTEM}]` for what only the system does")),
        );
    }
    grants
}

/// `actor: true` is no condition.
fn is_true(condition: &Expression) -> bool {
    matches!(condition.kind, expression::ir::Kind::Literal(expression::Value::Bool(true)))
}

fn effects(
    cx: &Cx<'_, '_>,
    declared: &Declared<'_>,
    operation: &Operation,
    entity: EntityId,
    scope: expression::Scope<'_>,
    sink: &mut Vec<Diagnostic>,
) -> Vec<Effect> {
    let before = sink.len();
    let mut body = Body::new(cx, operation, entity, scope);
    let effects = body.effects(&declared.syntax.effects, sink);
    // An assignment that was reported is missing here, which is no news.
    if sink.len() == before
        && let Some(owner) = cx.model.entities.get(entity.0 as usize)
    {
        let reported = |field: &str| cx.is_poisoned(field);
        let inputs = declared.syntax.input.iter().flat_map(|input| match &input.value {
            syntax::Input::Fields(paths) => paths.as_slice(),
            syntax::Input::Parameters(_) => &[],
        });
        let known = !operation.input.parameters.is_empty() || inputs.clone().next().is_none();
        if known && !inputs.clone().any(|path| reported(path.last())) {
            body.assigned.check(operation, owner, cx.model.schema.entity(entity), sink);
        }
    }
    effects
}

/// The operations that a two-way stream accepts.
fn accepts(
    cx: &Cx<'_, '_>,
    declared: &Declared<'_>,
    sink: &mut Vec<Diagnostic>,
) -> Vec<Spanned<String>> {
    let mut accepted = Vec::with_capacity(declared.syntax.accepts.len());
    for path in &declared.syntax.accepts {
        let found =
            cx.names.find(&cx.names.operations, path, Some(declared.context), sink).flatten();
        let Some(operation) = found else { continue };
        let kind = cx.declared.get(operation.0 as usize).map(|other| other.kind.value);
        let writes = [OperationKind::Create, OperationKind::Update, OperationKind::Act];
        if kind.is_some_and(|kind| !writes.contains(&kind)) {
            let message = format!("a stream cannot accept `{path}`");
            sink.push(
                Diagnostic::error("unfit-accepts", path.span, message)
                    .help("a two-way stream accepts `create`, `update` and `act` operations"),
            );
            continue;
        }
        accepted.push(Spanned::new(path.to_string(), path.span));
    }
    accepted
}
