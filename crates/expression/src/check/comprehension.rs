//! `list.all(x, ...)` and its kin, over lists, parts and all rows of an entity.

use base::{Diagnostic, Span};

use super::{Checker, Local, Meaning, node};
use crate::ast::{Ast, AstKind};
use crate::interval::interval;
use crate::ir::{Comprehension, Expression, Function, Kind};
use crate::schema::EntityId;
use crate::types::Type;

/// More rows than any entity has.
const MANY: u32 = u32::MAX;

impl Checker<'_, '_> {
    pub(super) fn comprehension(
        &mut self,
        receiver: &Ast,
        name: &str,
        name_span: Span,
        arguments: &[Ast],
        span: Span,
    ) -> Option<Expression> {
        let range = match self.entity_rows(receiver) {
            Some(entity) => self.rows(entity, receiver.span)?,
            None => self.present(receiver)?,
        };
        let Type::List { of, min, max } = range.ty.clone() else {
            self.mismatch(range.span, &format!("a list before `.{name}(..)`"), &range.ty);
            return None;
        };
        let [variable, body] = arguments else {
            let message = format!("`{name}` takes a name and an expression, `{name}(x, ...)`");
            self.report(Diagnostic::error("wrong-argument-count", name_span, message));
            return None;
        };
        let AstKind::Name(variable) = &variable.kind else {
            let message = "this names each item: a plain name such as `x`";
            self.report(Diagnostic::error("type-mismatch", variable.span, message));
            return None;
        };
        let what = match name {
            "all" => Comprehension::All,
            "exists" => Comprehension::Exists,
            "exists_one" => Comprehension::ExistsOne,
            "filter" => Comprehension::Filter,
            _ => Comprehension::Map,
        };
        let of_entity = range.ranges_over_rows();
        if of_entity && what == Comprehension::Map {
            self.unbounded(span);
            return None;
        }
        let items = interval(&range, self.schema, &mut self.variables);
        let loaded = of_entity || matches!(*of, Type::Part(_) | Type::Record(_));
        let slot = self.fresh();
        let known = self.facts.len();
        let meaning = Meaning::Variable { variable: slot, ty: (*of).clone(), loaded };
        self.locals.push(Local { name: (**variable).into(), meaning });
        self.variables.push((slot, items));
        let body = match what {
            Comprehension::Map => self.present(body),
            _ => self.condition(body),
        };
        self.variables.pop();
        self.locals.pop();
        self.facts.truncate(known);
        self.next = slot.0;
        let body = body?;
        let ty = match what {
            Comprehension::Filter => Type::List { of, min: 0, max },
            Comprehension::Map => Type::List { of: Box::new(body.ty.clone()), min, max },
            _ => Type::Bool,
        };
        let kind =
            Kind::Comprehend { what, range: Box::new(range), variable: slot, body: Box::new(body) };
        Some(node(kind, ty, span))
    }

    pub(super) fn unbounded(&mut self, span: Span) {
        let message = "all rows of an entity cannot be listed, only asked about";
        self.report(
            Diagnostic::error("unbounded-rows", span, message)
                .help("use `exists`, `all`, `exists_one` or `filter(..).size()`"),
        );
    }

    /// All rows of an entity of this context.
    fn rows(&mut self, entity: EntityId, span: Span) -> Option<Expression> {
        let shape = self.schema.entity(entity);
        if self.scope.home != Some(&*shape.context) {
            let message = format!("{} belongs to the context `{}`", shape.name, shape.context);
            self.report(
                Diagnostic::error("foreign-rows", span, message)
                    .note("rows of another context cannot be searched, only fields read (`uses`)"),
            );
            return None;
        }
        let of = Box::new(Type::Reference(entity));
        Some(node(Kind::EntityRows(entity), Type::List { of, min: 0, max: MANY }, span))
    }

    /// `Entity.size()`; anything else needs a list.
    pub(super) fn rows_method(
        &mut self,
        entity: EntityId,
        receiver: Span,
        name: &str,
        name_span: Span,
        arguments: &[Ast],
        span: Span,
    ) -> Option<Expression> {
        let rows = self.rows(entity, receiver)?;
        if name != "size" {
            self.unbounded(name_span);
            return None;
        }
        self.arguments(name, name_span, arguments, 0..=0)?;
        let ty = Type::Int { min: 0, max: i64::from(MANY) };
        Some(node(Kind::Call(Function::Size, vec![rows]), ty, span))
    }
}
