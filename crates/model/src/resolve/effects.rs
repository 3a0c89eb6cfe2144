//! What operations do: effects in order, each seeing what those above it left behind.

use std::collections::BTreeSet;

use base::{Diagnostic, Span, Spanned, did_you_mean};
use expression::{
    EntityId, Scope, Type, Value as Constant,
    ir::{Binary, Expression, Kind, VariableIndex},
};

use super::context::{Cx, read};
use super::fill::{Counts, Filler, Sources, member_of};
use super::required::Assigned;
use super::walk::{Read, reads};
use crate::model::{Each, Effect, EffectKind, Operation, OperationKind, States};
use crate::syntax::{self, Path};
use crate::yaml::Text;

/// Names that a step cannot give to a result.
pub(crate) const TAKEN: [&str; 10] =
    ["self", "input", "actor", "tenant", "now", "each", "event", "row", "failure", "result"];

/// An operation while its effects are read.
#[derive(Clone)]
pub(crate) struct Body<'b, 'a, 't> {
    pub(crate) cx: &'b Cx<'a, 't>,
    pub(crate) operation: &'b Operation,
    /// The entity it is about.
    pub(crate) entity: EntityId,
    pub(crate) scope: Scope<'a>,
    pub(crate) sources: Sources,
    /// Conditions that were required, as long as nothing that they read was assigned.
    assumed: Vec<Expression>,
    /// The last call that ended a transaction.
    pub(crate) durable: Option<Span>,
    /// The states that the row may be in; unknown once an unknown state was named.
    states: Option<BTreeSet<usize>>,
    /// What was assigned so far.
    pub(crate) assigned: Assigned,
}

impl<'b, 'a, 't> Body<'b, 'a, 't> {
    /// Before the first effect.
    pub(crate) fn new(
        cx: &'b Cx<'a, 't>,
        operation: &'b Operation,
        entity: EntityId,
        scope: Scope<'a>,
    ) -> Self {
        let mut sources = Sources::default();
        sources.add("input", Counts::Fields).add("self", Counts::Both).set_last("actor");
        for parameter in &operation.input.parameters {
            if parameter.assigns != crate::model::Assigns::Nothing {
                sources.mark_assigned(&parameter.name);
            }
        }
        let states = cx.model.entities.get(entity.0 as usize).and_then(|e| e.states.as_ref());
        let states = states.map(|states| match operation.kind {
            OperationKind::Create => BTreeSet::from([0]),
            _ => (0..states.states.len()).collect(),
        });
        let assigned = Assigned::by_input(operation);
        Self {
            cx,
            operation,
            entity,
            scope,
            sources,
            assumed: Vec::new(),
            durable: None,
            states,
            assigned,
        }
    }

    pub(crate) fn filler(&self) -> Filler<'_, 'a, 't> {
        Filler { cx: self.cx, scope: &self.scope, sources: &self.sources }
    }

    /// The effects, in order.
    pub(crate) fn effects(
        &mut self,
        written: &[syntax::Effect],
        sink: &mut Vec<Diagnostic>,
    ) -> Vec<Effect> {
        written.iter().filter_map(|effect| self.effect(effect, sink)).collect()
    }

    fn effect(&mut self, written: &syntax::Effect, sink: &mut Vec<Diagnostic>) -> Option<Effect> {
        let (scope, sources) = (self.scope.clone(), self.sources.clone());
        let states = self.states.clone();
        let each = written.each.as_ref().map(|each| self.each(each, sink));
        let when = written.when.as_ref().map(|text| {
            let when = self.cx.condition(text, &self.scope, sink);
            if let Some(when) = &when {
                self.scope.assume(when);
                self.assumed.push(when.clone());
            }
            when
        });
        let conditional = each.is_some() || when.is_some();
        let kind = self.kind(written, sink);
        if conditional && let (Some(now), Some(before)) = (&mut self.states, states) {
            now.extend(before);
        }
        if let Some(Some(when)) = &when {
            self.assumed.retain(|condition| condition.span != when.span);
        }
        self.scope = scope;
        self.sources = sources;
        let kind = kind.map(|(kind, learned)| {
            self.learn(&kind, learned, each.is_some(), conditional);
            kind
        });
        if kind.is_none() {
            self.poison_result(written);
        }
        let flatten = |option: Option<Option<Expression>>| match option {
            Some(None) => None,
            Some(found) => Some(found),
            None => Some(None),
        };
        let each = match each {
            Some(None) => return None,
            Some(each) => each,
            None => None,
        };
        Some(Effect { when: flatten(when)?, each, kind: kind?, span: written.span })
    }

    /// What an effect that was reported would have named is not reported again.
    fn poison_result(&self, written: &syntax::Effect) {
        let result = match &written.kind {
            syntax::EffectKind::Create { variable, .. } => variable.as_ref(),
            syntax::EffectKind::Call(call) => call.variable.as_ref(),
            _ => None,
        };
        result.into_iter().for_each(|name| self.cx.poison(name));
    }

    /// What later effects see: results, what is known not to be null, what was assigned.
    fn learn(&mut self, kind: &EffectKind, learned: Learned, each: bool, conditional: bool) {
        if let EffectKind::Require { condition, .. } = kind
            && !conditional
        {
            self.scope.assume(condition);
            self.assumed.push(condition.clone());
        }
        if let EffectKind::Set(assignments) = kind {
            for assignment in assignments {
                self.forget(assignment.path);
                if !conditional && let Some(fact) = not_null(self.entity, assignment, self.cx) {
                    self.scope.assume(&fact);
                    self.assumed.push(fact);
                }
            }
        }
        let Some(Binding { name, variable, ty, loaded, counts }) = learned else { return };
        let ty = match (each, conditional) {
            (true, _) => Type::List { of: Box::new(ty), min: 0, max: u32::MAX },
            (false, true) => ty.optional(),
            (false, false) => ty,
        };
        match ty {
            Type::Reference(entity) if loaded => {
                self.scope.bind_row(&name, variable, entity);
            }
            ty => {
                self.scope.bind(&name, variable, ty);
            }
        }
        self.sources.add_result(&name, counts);
    }

    /// What was required stays true, but for what reads what was assigned.
    pub(crate) fn forget(&mut self, path: crate::model::SetPath) {
        use crate::model::SetPath;
        let (entity, cx) = (self.entity, self.cx);
        let touched = |read: Read| match (path, read) {
            (SetPath::Field(field), Read::Field(of, read)) => of == entity && read == field,
            (SetPath::Through { reference, field }, Read::Field(of, read)) => {
                let shape = cx.model.schema.entity(entity);
                let to = shape.fields.get(usize::from(reference.0)).map(|f| f.ty.required());
                to == Some(&Type::Reference(of)) && read == field
            }
            (SetPath::PartField { part, field }, Read::PartField(of, read)) => {
                of == part && read == field
            }
            (SetPath::Part(part), Read::Part(of) | Read::PartField(of, _)) => of == part,
            _ => false,
        };
        self.assumed.retain(|condition| !reads(condition, &mut |read| touched(read)));
        self.scope.forget(VariableIndex::SELF);
        for condition in &self.assumed {
            self.scope.assume(condition);
        }
    }

    fn each(&mut self, written: &syntax::Each, sink: &mut Vec<Diagnostic>) -> Option<Each> {
        let range = self.cx.check(&written.range, &self.scope, None, sink);
        let variable = self.scope.next_variable();
        self.refuse_taken(&written.variable, sink);
        let Some(range) = range else {
            self.cx.poison(&written.variable);
            return None;
        };
        let Type::List { of, .. } = range.ty.required() else {
            let found = range.ty.describe(&self.cx.model.schema);
            let message = format!("`each` goes over a list, but this is {found}");
            sink.push(Diagnostic::error("type-mismatch", range.span, message));
            self.cx.poison(&written.variable);
            return None;
        };
        self.scope.bind(&written.variable, variable, (**of).clone());
        self.sources.add_first(&written.variable, Counts::Both);
        Some(Each { variable, range })
    }

    /// Refuses a name that something else in scope has.
    pub(crate) fn refuse_taken(&self, name: &Spanned<String>, sink: &mut Vec<Diagnostic>) {
        let reserved = TAKEN.contains(&name.as_str());
        if reserved || self.scope.find(name).is_some() {
            let message = format!("`{name}` already means something here");
            sink.push(
                Diagnostic::error("reserved-name", name.span, message).help("choose another name"),
            );
        }
    }

    fn kind(
        &mut self,
        written: &syntax::Effect,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<(EffectKind, Learned)> {
        let kind = match &written.kind {
            syntax::EffectKind::Require { condition, otherwise } => {
                self.refuse_late_require(written.span, sink);
                let condition = self.cx.condition(condition, &self.scope, sink)?;
                EffectKind::Require { condition, otherwise: otherwise.clone()? }
            }
            syntax::EffectKind::Set(paths) => EffectKind::Set(self.set(paths, sink)?),
            syntax::EffectKind::Move(state) => self.transition(state, sink)?,
            syntax::EffectKind::Create { entity, with, variable } => {
                return self.create(entity, with, variable.as_ref(), sink);
            }
            syntax::EffectKind::Delete(path) => EffectKind::Delete { row: self.row(path, sink)? },
            syntax::EffectKind::Erase(person) => {
                let person = self.cx.check(person, &self.scope, None, sink)?;
                let person = self.reference(person, sink)?;
                EffectKind::Erase { person }
            }
            syntax::EffectKind::Emit { event, with } => self.emit(event, with, sink)?,
            syntax::EffectKind::Call(call) => return self.call(call, sink),
        };
        Some((kind, None))
    }

    fn refuse_late_require(&self, span: Span, sink: &mut Vec<Diagnostic>) {
        let Some(call) = self.durable else { return };
        sink.push(
            Diagnostic::error("require-after-call", span, "a `require` after a call")
                .related(call, "what precedes this call is committed")
                .note("when it fails, what was done before could not be taken back")
                .help("put it before the call"),
        );
    }

    fn transition(
        &mut self,
        state: &Spanned<String>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<EffectKind> {
        let entity = self.cx.model.entities.get(self.entity.0 as usize)?;
        let Some(states) = &entity.states else {
            let message = format!("`{}` has no states", entity.name);
            sink.push(
                Diagnostic::error("no-states", state.span, message)
                    .related(entity.name.span, "the entity")
                    .help("add `states`, or `set` a field"),
            );
            return None;
        };
        let Some(target) = states.find(state) else {
            let known = states.states.iter().map(|(name, _)| name.as_str());
            let message = format!("there is no state `{state}`");
            sink.push(
                Diagnostic::error("unknown-state", state.span, message)
                    .related(entity.name.span, "the states of this entity")
                    .suggest(did_you_mean(state, known)),
            );
            self.states = None;
            return None;
        };
        self.refuse_impossible(states, target, state, sink);
        if self.states.is_some() {
            self.states = Some(BTreeSet::from([target]));
        }
        Some(EffectKind::Move { state: state.clone() })
    }

    fn refuse_impossible(
        &self,
        states: &States,
        target: usize,
        state: &Spanned<String>,
        sink: &mut Vec<Diagnostic>,
    ) {
        let Some(from) = &self.states else { return };
        let leads = |at: &usize| states.states.get(*at).is_some_and(|(_, n)| n.contains(&target));
        if from.iter().any(leads) {
            return;
        }
        let sources = states.states.iter().filter(|(_, next)| next.contains(&target));
        let sources: Vec<&str> = sources.map(|(name, _)| name.as_str()).collect();
        let message = format!("no row can move to `{state}` here");
        let diagnostic = Diagnostic::error("impossible-move", state.span, message);
        let place = states.states.get(target).map(|(name, _)| name.span);
        let diagnostic = match place {
            Some(span) => diagnostic.related(span, "the state"),
            None => diagnostic,
        };
        sink.push(if sources.is_empty() {
            diagnostic.note("no state leads to it").help("list it among the next states of one")
        } else {
            let sources = base::one_of(sources);
            diagnostic.note(format!("only {sources} leads to it"))
        });
    }

    /// The row that a path leads to; a path of fields starts at `self`.
    fn row(&self, path: &Text, sink: &mut Vec<Diagnostic>) -> Option<Expression> {
        let ast = read(path, sink)?;
        let head = ast.path().and_then(|path| path.first().map(|(name, _)| (*name).to_owned()));
        let relative = head.is_some_and(|head| self.scope.find(&head).is_none());
        let ast = if relative { member_of("self", ast) } else { ast };
        let row = self.cx.check_ast(&ast, &self.scope, None, sink)?;
        let row = self.reference(row, sink)?;
        self.refuse_foreign(&row, sink).then_some(row)
    }

    /// A value that must be the row of an entity.
    fn reference(&self, row: Expression, sink: &mut Vec<Diagnostic>) -> Option<Expression> {
        if let Type::Reference(_) = row.ty {
            return Some(row);
        }
        let found = row.ty.describe(&self.cx.model.schema);
        let message = format!("expected a row, found {found}");
        sink.push(Diagnostic::error("type-mismatch", row.span, message));
        None
    }

    fn refuse_foreign(&self, row: &Expression, sink: &mut Vec<Diagnostic>) -> bool {
        let Type::Reference(entity) = row.ty else { return false };
        self.refuse_foreign_entity(entity, row.span, sink)
    }

    /// Rows of other contexts are theirs to write.
    pub(crate) fn refuse_foreign_entity(
        &self,
        entity: EntityId,
        span: Span,
        sink: &mut Vec<Diagnostic>,
    ) -> bool {
        let Some(owner) = self.cx.model.entities.get(entity.0 as usize) else { return false };
        let own = owner.context == self.operation.context;
        if !own {
            let context = self.cx.names.context_name(owner.context);
            let message = format!("`{}` belongs to the context `{context}`", owner.name);
            sink.push(
                Diagnostic::error("foreign-entity", span, message)
                    .related(owner.name.span, "the entity")
                    .help(format!("`call` an operation of `{context}`")),
            );
        }
        own
    }

    /// The effects that run on refusal or instead of an answer; they end the effects.
    pub(crate) fn ending(
        &self,
        written: &[syntax::Effect],
        sink: &mut Vec<Diagnostic>,
    ) -> Vec<Effect> {
        self.clone().effects(written, sink)
    }

    /// A path of names, for messages.
    pub(crate) fn unknown_path(
        &self,
        path: &Path,
        name: &Spanned<String>,
        known: &[&str],
    ) -> Option<Diagnostic> {
        if self.cx.is_poisoned(name) {
            return None;
        }
        let whole = path.to_string();
        let message = if whole == name.value {
            format!("there is no `{name}` to set")
        } else {
            format!("there is no `{name}` to set in `{whole}`")
        };
        let near = did_you_mean(name, known.iter().copied());
        let diagnostic =
            Diagnostic::error("unknown-field", name.span, message).label("neither field nor part");
        Some(match near {
            Some(near) => diagnostic.suggest(Some(near)),
            None => diagnostic.help(format!("there are {}", base::one_of(known.iter().copied()))),
        })
    }
}

/// A name that an effect gives to its result.
pub(crate) struct Binding {
    pub(crate) name: String,
    pub(crate) variable: VariableIndex,
    pub(crate) ty: Type,
    /// Whether the row itself is at hand.
    pub(crate) loaded: bool,
    /// What of it counts as a value in scope.
    pub(crate) counts: Counts,
}

/// What an effect adds to the scope.
pub(crate) type Learned = Option<Binding>;

/// That a field of `self` is not null, where a value that never is was assigned to it.
fn not_null(
    entity: EntityId,
    assignment: &crate::model::Assignment,
    cx: &Cx<'_, '_>,
) -> Option<Expression> {
    let crate::model::SetPath::Field(field) = assignment.path else { return None };
    let shape = cx.model.schema.entity(entity).fields.get(usize::from(field.0))?;
    if !shape.ty.is_optional() {
        return None;
    }
    let filled = match &assignment.value {
        crate::model::Fill::Expression(value) => !value.ty.is_optional(),
        crate::model::Fill::Constant(value) => *value != Constant::Null,
        _ => true,
    };
    let span = assignment.span;
    let node = |kind, ty| Expression { kind, ty, span };
    let row = node(Kind::Variable(VariableIndex::SELF), Type::Reference(entity));
    let read = node(Kind::Field { of: Box::new(row), field }, shape.ty.clone());
    let null = node(Kind::Literal(Constant::Null), Type::Null);
    let fact = Kind::Binary(Binary::NotEqual, Box::new(read), Box::new(null));
    filled.then(|| node(fact, Type::Bool))
}
