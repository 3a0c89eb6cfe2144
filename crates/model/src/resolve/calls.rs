//! Calls: what is called, on which row, with which values.

use base::{Diagnostic, Span, did_you_mean};
use expression::Type;

use super::context::Cx;
use super::fill::{Filler, Wanted};
use super::names::{Names, SYSTEM};
use crate::model::{
    Addressed, Callee, ContextId, ExternalId, Fill, Operation, OperationId, OperationKind,
};
use crate::syntax::{Named, Path, Value};

/// A call with its values.
pub(crate) struct Filled {
    /// The row it acts on.
    pub(crate) target: Option<Fill>,
    /// A value for each field of the callee's input.
    pub(crate) arguments: Vec<Fill>,
}

impl Cx<'_, '_> {
    /// What a path calls: `external.operation`, `context.operation`, or `operation`.
    pub(crate) fn callee(
        &self,
        path: &Path,
        home: Option<ContextId>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Callee> {
        let names = self.names;
        if let [first, name] = path.segments.as_slice() {
            if let Some(external) = names.externals.get(first.as_str()) {
                return self.external(*external, name, sink);
            }
            if names.context(first).is_none() {
                sink.push(unknown_owner(names, first));
                return None;
            }
        }
        let home = home.or(names.unassigned);
        let found = names.find(&names.operations, path, home, sink)?;
        let operation = found?;
        self.callable(operation, path.span, sink).then_some(Callee::Operation(operation))
    }

    fn external(
        &self,
        id: ExternalId,
        name: &base::Spanned<String>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Callee> {
        let external = self.model.externals.get(usize::from(id.0))?;
        let at = external.operations.iter().position(|op| op.name.value == name.value);
        let Some(at) = at.and_then(|at| u16::try_from(at).ok()) else {
            let known = || external.operations.iter().map(|op| op.name.as_str());
            let message = format!("`{}` has no operation `{name}`", external.name);
            sink.push(
                Diagnostic::error("unknown-operation", name.span, message)
                    .related(external.name.span, "the external")
                    .help(format!("it has {}", base::one_of(known())))
                    .suggest(did_you_mean(name, known())),
            );
            return None;
        };
        Some(Callee::External(id, at))
    }

    /// Whether `system` may call an operation; reports where it may not.
    fn callable(&self, id: OperationId, span: Span, sink: &mut Vec<Diagnostic>) -> bool {
        let Some(declared) = self.declared.get(id.0 as usize) else { return false };
        let name = declared.name;
        if matches!(declared.kind.value, OperationKind::List | OperationKind::Stream) {
            let kind = declared.kind.value.name();
            let message = format!("`{name}` is a `{kind}`: it cannot be called");
            sink.push(
                Diagnostic::error("uncallable-operation", span, message)
                    .related(declared.kind.span, "its kind"),
            );
            return false;
        }
        let Some(by) = &declared.syntax.by else { return true };
        if !by.value.iter().any(|grant| grant.actor.value == SYSTEM) {
            let message = format!("`{name}` does not admit `system`");
            sink.push(
                Diagnostic::error("uncallable-operation", span, message)
                    .related(by.span, "who may do it")
                    .note("calls, flows, schedules and callbacks act as `system`")
                    .help(format!("add `system` to the `by` of `{name}`")),
            );
        }
        true
    }

    /// The name of what is called.
    pub(crate) fn callee_name(&self, callee: Callee) -> String {
        match callee {
            Callee::External(id, at) => {
                let external = self.model.externals.get(usize::from(id.0));
                external.and_then(|external| {
                    let operation = external.operations.get(usize::from(at))?;
                    Some(format!("{}.{}", external.name, operation.name))
                })
            }
            Callee::Operation(id) => {
                let operation = self.model.operations.get(id.0 as usize);
                operation.map(|operation| operation.name.value.clone())
            }
        }
        .unwrap_or_default()
    }

    /// The type of the result; `None` where there is none.
    pub(crate) fn result(&self, callee: Callee) -> Option<Type> {
        match callee {
            Callee::External(id, at) => {
                let external = self.model.externals.get(usize::from(id.0))?;
                let operation = external.operations.get(usize::from(at))?;
                Some(Type::Record(operation.output))
            }
            Callee::Operation(id) => {
                let operation = self.model.operations.get(id.0 as usize)?;
                match operation.kind {
                    OperationKind::Delete => None,
                    _ => operation.entity().map(Type::Reference),
                }
            }
        }
    }
}

fn unknown_owner(names: &Names<'_>, name: &base::Spanned<String>) -> Diagnostic {
    let contexts = names.homes.iter().map(|home| home.name.as_str());
    let known: Vec<&str> = contexts.chain(names.externals.keys().copied()).collect();
    let message = format!("there is no context or external `{name}`");
    Diagnostic::error("unknown-context", name.span, message)
        .help(format!("there are {}", base::one_of(known.iter().copied())))
        .suggest(did_you_mean(name, known))
}

impl Filler<'_, '_, '_> {
    /// Every value that a call needs.
    pub(crate) fn call(
        &self,
        callee: Callee,
        with: &Named<Value>,
        span: Span,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Filled> {
        self.call_on(callee, with, span, self, sink)
    }

    /// Every value that a call needs; the row it acts on is sought by another filler first.
    pub(crate) fn call_on(
        &self,
        callee: Callee,
        with: &Named<Value>,
        span: Span,
        first: &Filler<'_, '_, '_>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Filled> {
        let by = self.cx.callee_name(callee);
        match callee {
            Callee::External(id, at) => {
                let external = self.cx.model.externals.get(usize::from(id.0))?;
                let input = external.operations.get(usize::from(at))?.input;
                let fields = &self.cx.model.schema.record(input).fields;
                let arguments = self.record(fields, with, &by, span, sink)?;
                Some(Filled { target: None, arguments })
            }
            Callee::Operation(id) => {
                let operation = self.cx.model.operations.get(id.0 as usize)?;
                let addressed = operation.addressed != Addressed::Collection;
                let record = self.cx.model.schema.record(operation.input.record);
                let besides: &[&str] = if addressed { &["self"] } else { &[] };
                self.refuse_unknown(&record.fields, with, &by, besides, sink);
                let target = if addressed {
                    let found = first.target(operation, with, &by, span, &mut Vec::new());
                    Some(found.or_else(|| self.target(operation, with, &by, span, sink)))
                } else {
                    None
                };
                let arguments = self.arguments(operation, with, &by, span, sink)?;
                Some(Filled { target: target.map_or(Some(None), |t| t.map(Some))?, arguments })
            }
        }
    }

    fn arguments(
        &self,
        operation: &Operation,
        with: &Named<Value>,
        by: &str,
        span: Span,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Vec<Fill>> {
        let record = self.cx.model.schema.record(operation.input.record);
        let fields = record.fields.iter().zip(&operation.input.parameters);
        let fills: Vec<Option<Fill>> = fields
            .map(|(field, parameter)| {
                let default = parameter.default.as_ref();
                let wanted = Wanted { name: &field.name, ty: &field.ty, default, by, span };
                self.fill(wanted, with, sink)
            })
            .collect();
        fills.into_iter().collect()
    }

    /// The row that a called operation acts on.
    fn target(
        &self,
        operation: &Operation,
        with: &Named<Value>,
        by: &str,
        span: Span,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Fill> {
        let entity = operation.entity()?;
        let given = with.iter().any(|(name, _)| name.value == "self");
        match operation.addressed {
            // The row may not exist yet: only its key is known.
            Addressed::Key(key) if operation.upsert && !given => {
                let field = self.cx.model.schema.entity(entity).fields.get(usize::from(key.0))?;
                let ty = field.ty.required();
                let wanted = Wanted { name: &field.name, ty, default: None, by, span };
                let value = self.fill(wanted, with, sink)?;
                Some(Fill::Lookup { entity, by: vec![(key, value)], span })
            }
            _ => {
                let ty = Type::Reference(entity);
                let wanted = Wanted { name: "self", ty: &ty, default: None, by, span };
                self.fill(wanted, with, sink)
            }
        }
    }
}
