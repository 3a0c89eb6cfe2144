//! What every pass over expressions needs: the shapes, the names, and a way to check.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use base::Diagnostic;
use expression::{
    Ast, AstKind, EntityId, RecordId, Rules, Scope, Type, check, ir::Expression, ir::VariableIndex,
    parse, translatable,
};

use super::names::Names;
use super::operations::Declared;
use super::walk::Read;
use crate::model::{Actor, ActorId, ContextId, Field, Model, Operation, Target};
use crate::yaml::Text;

/// Everything that is known once shapes and signatures are.
pub(crate) struct Cx<'a, 't> {
    /// Everything that has a name.
    pub(crate) names: &'a Names<'t>,
    /// The model, complete but for what is written as expressions.
    pub(crate) model: &'a Model,
    /// The rules of entities.
    pub(crate) rules: &'a Rules,
    /// Operations as written; positions are those of the model.
    pub(crate) declared: &'a [Declared<'t>],
    /// The records of `snapshot(Entity)`.
    pub(crate) snapshots: &'a BTreeMap<RecordId, EntityId>,
    /// Names that were reported and left out.
    pub(crate) poison: &'a RefCell<BTreeSet<String>>,
}

impl<'a> Cx<'a, '_> {
    /// Whether a name was reported and left out.
    pub(crate) fn is_poisoned(&self, name: &str) -> bool {
        self.poison.borrow().contains(name)
    }

    /// Remembers a name that was reported and left out.
    pub(crate) fn poison(&self, name: &str) {
        self.poison.borrow_mut().insert(name.to_owned());
    }

    /// A scope in a context with `now`, and `tenant` where there is one.
    pub(crate) fn scope(&self, home: Option<ContextId>) -> Scope<'a> {
        let home = home.and_then(|home| self.model.contexts.get(usize::from(home.0)));
        let home = home.map(|context| context.name.as_str());
        let mut scope = Scope::new(&self.model.schema, home);
        scope.with_rules(self.rules).bind("now", VariableIndex::NOW, Type::Timestamp);
        if let Some(tenancy) = &self.model.system.tenancy {
            scope.bind_row("tenant", VariableIndex::TENANT, tenancy.by);
        }
        scope
    }

    /// The scope of what is about one row of an entity.
    pub(crate) fn row_scope(&self, entity: EntityId) -> Scope<'a> {
        let home = self.model.entities.get(entity.0 as usize).map(|entity| entity.context);
        let mut scope = self.scope(home);
        scope.bind_row("self", VariableIndex::SELF, entity);
        scope
    }

    /// The scope of an operation: `self`, its input, and the fields that it uses.
    pub(crate) fn operation_scope(&self, operation: &Operation) -> Scope<'a> {
        let mut scope = self.scope(Some(operation.context));
        match operation.target {
            Target::Entity(entity) => {
                scope.bind_row("self", VariableIndex::SELF, entity);
            }
            Target::View(view) => {
                if let Some(view) = self.model.views.get(view.0 as usize) {
                    scope.bind("self", VariableIndex::SELF, Type::Record(view.record));
                }
            }
            Target::History(_) | Target::Audit(_) => {}
        }
        scope.bind("input", VariableIndex::INPUT, Type::Record(operation.input.record));
        for (entity, field, _) in &operation.uses {
            scope.allow(*entity, *field);
        }
        scope
    }

    /// Adds `actor` as one actor sees it.
    pub(crate) fn bind_actor(&self, scope: &mut Scope<'_>, actor: ActorId) {
        self.bind_actors(scope, &[actor]);
    }

    /// Adds `actor` as seen by what any of several actors may do: a row where all of them are one
    /// of the same entity, a row or null where some are none.
    pub(crate) fn bind_actors(&self, scope: &mut Scope<'_>, actors: &[ActorId]) {
        let declared = |id: &ActorId| self.model.actors.get(usize::from(id.0));
        let entities = actors.iter().map(|id| declared(id).and_then(|actor| actor.entity));
        let entities: BTreeSet<Option<EntityId>> = entities.collect();
        let mut rows = entities.iter().flatten();
        let (Some(entity), None) = (rows.next(), rows.next()) else {
            self.explain_no_actor(scope, actors.iter().filter_map(declared));
            return;
        };
        if entities.contains(&None) {
            let ty = Type::Reference(*entity).optional();
            scope.bind("actor", VariableIndex::ACTOR, ty);
        } else {
            scope.bind_row("actor", VariableIndex::ACTOR, *entity);
        }
    }

    /// Why callers are no row that could be named.
    fn explain_no_actor<'m>(&self, scope: &mut Scope<'_>, actors: impl Iterator<Item = &'m Actor>) {
        let of = |actor: &Actor| {
            let entity = actor.entity.and_then(|id| self.model.entities.get(id.0 as usize));
            let whose = match entity {
                Some(entity) => format!("is a row of `{}`", entity.name.value),
                None => "is linked to no row".to_owned(),
            };
            (actor.name.span, format!("`{}` {whose}", actor.name.value))
        };
        let places = actors.map(of).collect();
        let remedy = "`is: CONTEXT.Entity` on the actor makes `actor` the row of whoever asks";
        scope.explain_absence("actor", places, remedy);
    }

    /// The field that an expression reads.
    pub(crate) fn field_read(&self, read: Read) -> Option<&'a Field> {
        match read {
            Read::Field(entity, field) => {
                let owner = self.model.entities.get(entity.0 as usize)?;
                owner.fields.get(usize::from(field.0))
            }
            Read::PartField(part, field) => {
                let owner = self.model.entities.get(part.entity.0 as usize)?;
                owner.parts.get(usize::from(part.index))?.fields.get(usize::from(field.0))
            }
            Read::Part(_) => None,
        }
    }

    /// Checks an expression that was written.
    pub(crate) fn check(
        &self,
        text: &Text,
        scope: &Scope<'_>,
        expected: Option<&Type>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Expression> {
        let ast = read(text, sink)?;
        self.check_ast(&ast, scope, expected, sink)
    }

    /// Checks a tree. What reads a name that was reported already is not reported again.
    pub(crate) fn check_ast(
        &self,
        ast: &Ast,
        scope: &Scope<'_>,
        expected: Option<&Type>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Expression> {
        let (expression, diagnostics) = check(ast, scope, expected);
        let poisoned = !diagnostics.is_empty() && mentions(ast, &mut |name| self.is_poisoned(name));
        if !poisoned {
            sink.extend(diagnostics);
        }
        expression
    }

    /// Checks a condition.
    pub(crate) fn condition(
        &self,
        text: &Text,
        scope: &Scope<'_>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Expression> {
        self.check(text, scope, Some(&Type::Bool), sink)
    }

    /// Checks a condition that becomes part of a query.
    pub(crate) fn query(
        &self,
        text: &Text,
        scope: &Scope<'_>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Expression> {
        let condition = self.condition(text, scope, sink)?;
        if let Err(reason) = translatable(&condition, &self.model.schema) {
            let message = format!("this cannot become part of a query: {}", reason.why);
            sink.push(
                Diagnostic::error("untranslatable-condition", reason.span, message)
                    .note("rows are chosen by the store, so the condition must translate to SQL"),
            );
        }
        Some(condition)
    }
}

/// Reads an expression.
pub(crate) fn read(text: &Text, sink: &mut Vec<Diagnostic>) -> Option<Ast> {
    let (ast, diagnostics) = parse(&text.text, &|range| text.span_of(range));
    sink.extend(diagnostics);
    ast
}

/// Whether a tree names something for which the test holds.
pub(crate) fn mentions(ast: &Ast, test: &mut dyn FnMut(&str) -> bool) -> bool {
    match &ast.kind {
        AstKind::Null
        | AstKind::Bool(_)
        | AstKind::Int(_)
        | AstKind::Decimal(_)
        | AstKind::Text(_) => false,
        AstKind::Name(name) => test(name),
        AstKind::Member { of, name, .. } => test(name) || mentions(of, test),
        AstKind::Index { of, index } => mentions(of, test) || mentions(index, test),
        AstKind::Not(inner) | AstKind::Negate(inner) => mentions(inner, test),
        AstKind::Binary { left, right, .. } => mentions(left, test) || mentions(right, test),
        AstKind::Conditional { condition, then, otherwise } => {
            mentions(condition, test) || mentions(then, test) || mentions(otherwise, test)
        }
        AstKind::List(items) => items.iter().any(|item| mentions(item, test)),
        AstKind::Call { receiver, arguments, .. } => {
            receiver.as_ref().is_some_and(|receiver| mentions(receiver, test))
                || arguments.iter().any(|argument| mentions(argument, test))
        }
    }
}
