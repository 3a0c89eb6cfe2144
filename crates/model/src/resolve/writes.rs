//! Effects that write: `set`, `create`, `emit`, `call`.

use base::{Diagnostic, Span, Spanned};
use expression::{EntityId, EntityShape, FieldIndex, PartId, Type, ir::VariableIndex};

use super::effects::{Binding, Body, Learned};
use super::fill::{Counts, Filler, Wanted, unfilled};
use super::walk::reads;
use crate::model::{Assignment, Call, Callee, EffectKind, Field, Fill, SetPath};
use crate::syntax::{self, Named, Path, Value};

type Effect = Option<(EffectKind, Learned)>;

impl<'a> Body<'_, 'a, '_> {
    /// The assignments of a `set`, each seeing those above it.
    pub(crate) fn set(
        &mut self,
        paths: &[(Path, Value)],
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Vec<Assignment>> {
        let mut assignments = Vec::with_capacity(paths.len());
        for (path, value) in paths {
            let target = self.set_path(path, sink);
            let value = match &target {
                Some((SetPath::PartField { part, .. }, ty)) => {
                    let mut scope = self.scope.clone();
                    scope.bind("each", VariableIndex::EACH, Type::Part(*part));
                    let filler = Filler { scope: &scope, ..self.filler() };
                    filler.value(value, ty, sink)
                }
                Some((_, ty)) => self.filler().value(value, ty, sink),
                None => None,
            };
            let Some((path_found, _)) = target else { continue };
            self.assigned.by_set(path_found, self.durable);
            let Some(value) = value else { continue };
            self.forget(path_found);
            assignments.push(Assignment { path: path_found, value, span: path.span });
        }
        (assignments.len() == paths.len()).then_some(assignments)
    }

    fn set_path(&self, path: &Path, sink: &mut Vec<Diagnostic>) -> Option<(SetPath, Type)> {
        let shape = self.cx.model.schema.entity(self.entity);
        let first = path.segments.first()?;
        if let Some(part) = shape.part(first) {
            let id = PartId { entity: self.entity, index: part };
            return self.part_path(id, path, sink);
        }
        let field = shape.field(first);
        let (Some(field), true) = (field, path.segments.len() <= 2) else {
            let name = if field.is_some() { path.segments.get(2).unwrap_or(first) } else { first };
            let parts = shape.parts.iter().map(|part| part.name.as_str());
            let known: Vec<&str> =
                shape.fields.iter().map(|field| field.name.as_str()).chain(parts).collect();
            if field.is_some() {
                let message = format!("`{path}` goes through more than one reference");
                sink.push(
                    Diagnostic::error("long-path", path.span, message)
                        .help("`set` assigns a field of `self`, or of a row that it refers to"),
                );
            } else {
                sink.extend(self.unknown_path(path, name, &known));
            }
            return None;
        };
        let Some(through) = path.segments.get(1) else {
            let ty = self.assignable(self.entity, field, path, sink)?;
            return Some((SetPath::Field(field), ty));
        };
        let ty = &shape.fields.get(usize::from(field.0))?.ty;
        let Type::Reference(to) = ty.required() else {
            let message = format!("`{first}` is no reference");
            sink.push(Diagnostic::error("type-mismatch", first.span, message));
            return None;
        };
        if !self.refuse_foreign_entity(*to, path.span, sink) {
            return None;
        }
        let target = self.cx.model.schema.entity(*to);
        let Some(index) = target.field(through) else {
            let known: Vec<&str> = target.fields.iter().map(|f| f.name.as_str()).collect();
            sink.extend(self.unknown_path(path, through, &known));
            return None;
        };
        let ty = self.assignable(*to, index, path, sink)?;
        Some((SetPath::Through { reference: field, field: index }, ty))
    }

    fn part_path(
        &self,
        part: PartId,
        path: &Path,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<(SetPath, Type)> {
        let shape = self.cx.model.schema.part(part);
        let Some(name) = path.segments.get(1) else {
            let row = Type::Part(part);
            let ty = if shape.one {
                row.optional()
            } else {
                Type::List { of: Box::new(row), min: shape.min, max: shape.max }
            };
            return Some((SetPath::Part(part), ty));
        };
        let Some(field) = shape.field(name).filter(|_| path.segments.len() == 2) else {
            let known: Vec<&str> = shape.fields.iter().map(|f| f.name.as_str()).collect();
            sink.extend(self.unknown_path(path, name, &known));
            return None;
        };
        let ty = shape.fields.get(usize::from(field.0))?.ty.clone();
        Some((SetPath::PartField { part, field }, ty))
    }

    /// The type of a field that effects may assign.
    fn assignable(
        &self,
        entity: EntityId,
        field: FieldIndex,
        path: &Path,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Type> {
        let owner = self.cx.model.entities.get(entity.0 as usize)?;
        let declared = owner.fields.get(usize::from(field.0))?;
        if declared.built_in.is_none() {
            return Some(declared.ty.clone());
        }
        let message = format!("`{path}` is kept by the runtime");
        let diagnostic = Diagnostic::error("unassignable-field", path.span, message);
        let status = declared.built_in == Some(crate::model::BuiltIn::Status);
        sink.push(if status {
            diagnostic.help("use `move: state`, which checks that the state allows it")
        } else {
            diagnostic.help("leave it out")
        });
        None
    }

    /// `create: Entity`.
    pub(crate) fn create(
        &mut self,
        path: &Path,
        with: &Named<Value>,
        variable: Option<&Spanned<String>>,
        sink: &mut Vec<Diagnostic>,
    ) -> Effect {
        let (cx, span) = (self.cx, path.span);
        let home = Some(self.operation.context);
        let entity = cx.names.find(&cx.names.entities, path, home, sink)?;
        if !self.refuse_foreign_entity(entity, path.span, sink) {
            return None;
        }
        let shape = cx.model.schema.entity(entity);
        let owner = cx.model.entities.get(entity.0 as usize)?;
        self.refuse_unwritable(shape, &owner.fields, with, sink);
        let (mut fields, mut complete) = (Vec::new(), true);
        for (index, field) in owner.fields() {
            if field.built_in.is_some() {
                continue;
            }
            match self.created(&owner.name, field, with, span, sink) {
                Ok(Some(fill)) => fields.push((index, fill)),
                Ok(None) => {}
                Err(()) => complete = false,
            }
        }
        let mut parts = Vec::new();
        for (at, part) in (0u16..).zip(&shape.parts) {
            let ty = self.part_type(PartId { entity, index: at });
            let given = with.iter().any(|(name, _)| name.value == part.name);
            if !given && part.min == 0 {
                continue;
            }
            let wanted = Wanted { name: &part.name, ty: &ty, default: None, by: &owner.name, span };
            match self.filler().fill(wanted, with, sink) {
                Some(fill) => parts.push((at, fill)),
                None => complete = false,
            }
        }
        let learned = self.bind_result(variable, Some((Type::Reference(entity), true)), sink);
        if !complete {
            return None;
        }
        let variable = learned.as_ref().map(|binding| binding.variable);
        Some((EffectKind::Create { entity, fields, parts, variable }, learned))
    }

    fn part_type(&self, id: PartId) -> Type {
        let shape = self.cx.model.schema.part(id);
        if shape.one {
            return Type::Part(id).optional();
        }
        Type::List { of: Box::new(Type::Part(id)), min: shape.min, max: shape.max }
    }

    /// The value of a field of a new row: as written, or by the filling rule where the row could
    /// not do without.
    fn created(
        &self,
        owner: &Spanned<String>,
        field: &Field,
        with: &Named<Value>,
        span: Span,
        sink: &mut Vec<Diagnostic>,
    ) -> Result<Option<Fill>, ()> {
        let given = with.iter().any(|(name, _)| name.value == field.name.value);
        let spared = field.modifiers.sequence.is_some()
            || unfilled(&field.ty, field.default.as_ref()).is_some();
        if !given && spared {
            return Ok(None);
        }
        let wanted = Wanted { name: &field.name, ty: &field.ty, default: None, by: owner, span };
        self.filler().fill(wanted, with, sink).map(Some).ok_or(())
    }

    fn refuse_unwritable(
        &self,
        shape: &EntityShape,
        fields: &[Field],
        with: &Named<Value>,
        sink: &mut Vec<Diagnostic>,
    ) {
        let parts: Vec<&str> = shape.parts.iter().map(|part| part.name.as_str()).collect();
        self.filler().refuse_unknown(&shape.fields, with, &shape.name, &parts, sink);
        for (name, _) in with {
            let field = fields.iter().find(|field| field.name.value == name.value);
            if field.is_some_and(|field| field.built_in.is_some()) {
                let message = format!("`{name}` is kept by the runtime");
                sink.push(
                    Diagnostic::error("unassignable-field", name.span, message)
                        .help("leave it out"),
                );
            }
        }
    }

    /// The slot of a result that was given a name.
    fn bind_result(
        &self,
        name: Option<&Spanned<String>>,
        result: Option<(Type, bool)>,
        sink: &mut Vec<Diagnostic>,
    ) -> Learned {
        let name = name?;
        self.refuse_taken(name, sink);
        let Some((ty, loaded)) = result else {
            let message = "this call has no result";
            sink.push(Diagnostic::error("no-result", name.span, message).help("leave `as` out"));
            return None;
        };
        let variable = self.scope.next_variable();
        let counts = Counts::Itself;
        Some(Binding { name: name.value.clone(), variable, ty, loaded, counts })
    }

    /// `emit: Event`.
    pub(crate) fn emit(
        &self,
        path: &Path,
        with: &Named<Value>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<EffectKind> {
        let (cx, span) = (self.cx, path.span);
        let id = cx.names.find(&cx.names.events, path, Some(self.operation.context), sink)?;
        let event = cx.model.events.get(id.0 as usize)?;
        if event.context != self.operation.context {
            let context = cx.names.context_name(event.context);
            let message = format!("`{path}` is an event of the context `{context}`");
            sink.push(
                Diagnostic::error("foreign-event", path.span, message)
                    .related(event.name.span, "the event")
                    .note("a context tells others only what happened to itself")
                    .help(format!("`call` an operation of `{context}` that emits it")),
            );
            return None;
        }
        let fields = &cx.model.schema.record(event.payload).fields;
        let payload = self.filler().record(fields, with, &event.name, span, sink)?;
        for fill in &payload {
            self.refuse_secret(fill, &event.name, span, sink);
        }
        Some(EffectKind::Emit { event: id, payload })
    }

    fn refuse_secret(&self, fill: &Fill, event: &str, span: Span, sink: &mut Vec<Diagnostic>) {
        let Fill::Expression(value) = fill else { return };
        let mut secret = None;
        reads(value, &mut |read| {
            secret = self.cx.field_read(read).filter(|field| field.modifiers.secret);
            secret.is_some()
        });
        let Some(secret) = secret else { return };
        let message = format!("`{event}` would carry the secret field `{}`", secret.name);
        let place = if value.span.is_empty() { span } else { value.span };
        sink.push(
            Diagnostic::error("secret-in-event", place, message)
                .related(secret.name.span, "declared `secret` here")
                .note("whoever reads the event would read the secret")
                .help("leave it out of the payload"),
        );
    }

    /// `call: ...`.
    pub(crate) fn call(&mut self, written: &syntax::Call, sink: &mut Vec<Diagnostic>) -> Effect {
        let cx = self.cx;
        let callee = cx.callee(&written.callee, Some(self.operation.context), sink);
        let place = written.callee.span;
        let inline = matches!(callee, Some(Callee::Operation(id)) if self.is_own(id));
        let safe = match callee {
            Some(Callee::External(id, at)) => {
                let external = cx.model.externals.get(usize::from(id.0));
                let operation = external.and_then(|e| e.operations.get(usize::from(at)));
                operation.is_some_and(|operation| operation.safe)
            }
            _ => false,
        };
        let filled = callee.and_then(|callee| {
            if safe {
                let sources = self.sources.only(&["input", "actor"]);
                let scope = self.lookup_scope();
                let filler = Filler { cx, scope: &scope, sources: &sources };
                return filler.call(callee, &written.with, place, sink);
            }
            self.filler().call(callee, &written.with, place, sink)
        });
        if !inline && !safe {
            self.durable = Some(place);
        }
        let refused = self.ending(&written.refused, sink);
        let fallback = written.fallback.as_ref().map(|effects| self.ending(effects, sink));
        let result = callee.and_then(|callee| cx.result(callee)).map(|ty| (ty, inline));
        let learned = match callee {
            Some(_) => self.bind_result(written.variable.as_ref(), result, sink),
            None => None,
        };
        let variable = learned.as_ref().map(|binding| binding.variable);
        let super::calls::Filled { target, arguments } = filled?;
        let counts = Counts::of_result(target.as_ref());
        let learned = learned.map(|binding| Binding { counts, ..binding });
        let call = Call {
            callee: callee?,
            target,
            arguments,
            inline,
            safe,
            variable,
            otherwise: written.otherwise.clone(),
            refused,
            fallback,
        };
        Some((EffectKind::Call(Box::new(call)), learned))
    }

    fn is_own(&self, id: crate::model::OperationId) -> bool {
        let operation = self.cx.model.operations.get(id.0 as usize);
        operation.is_some_and(|operation| operation.context == self.operation.context)
    }

    /// What a `safe` lookup sees: it is made before the transaction opens.
    fn lookup_scope(&self) -> expression::Scope<'a> {
        let mut scope = self.cx.scope(Some(self.operation.context));
        for name in ["input", "actor"] {
            let Some(found) = self.scope.find(name) else { continue };
            match &found.ty {
                Type::Reference(entity) if found.loaded => {
                    scope.bind_row(name, found.variable, *entity);
                }
                ty => {
                    scope.bind(name, found.variable, ty.clone());
                }
            }
        }
        scope
    }
}
