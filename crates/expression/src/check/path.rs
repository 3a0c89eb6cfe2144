//! Names, and what is read from them: fields, parts, rules.

use base::{Diagnostic, Span, did_you_mean};

use super::{Checker, Local, Meaning, node};
use crate::ast::{Ast, AstKind};
use crate::ir::{Expression, Function, Kind, VariableIndex};
use crate::schema::{EntityId, FieldIndex, FieldShape, PartId};
use crate::types::{TextFormat, Type};

/// What rules may name besides `self`: what is the same for the whole request.
const RULE_NAMES: [&str; 3] = ["actor", "tenant", "now"];

impl<'a> Checker<'_, 'a> {
    pub(super) fn name(&mut self, name: &str, span: Span) -> Option<Expression> {
        if let Some(expression) = self.lookup(name, span) {
            return Some(self.narrowed(expression));
        }
        let diagnostic = if self.find_entity(None, name).is_some() {
            let message = format!("`{name}` is an entity: all its rows, not a value");
            Diagnostic::error("unknown-name", span, message)
                .help(format!("ask about its rows: `{name}.exists(row, row.field == ...)`"))
        } else if let Some(absence) = self.scope.absences.iter().rev().find(|of| of.name == name) {
            let message = format!("there is no `{name}` here");
            let diagnostic = Diagnostic::error("unknown-name", span, message);
            let places = absence.places.iter();
            let told = places.fold(diagnostic, |told, (place, text)| told.related(*place, text));
            told.help(absence.remedy.clone())
        } else {
            let message = format!("there is no `{name}` here");
            let names = self.visible_names();
            let help = format!("here can be named: {}", base::one_of(names.iter().map(|n| &**n)));
            let near = did_you_mean(name, names.iter().map(|name| &**name));
            let diagnostic = Diagnostic::error("unknown-name", span, message);
            if near.is_some() { diagnostic.suggest(near) } else { diagnostic.help(help) }
        };
        self.report(diagnostic);
        None
    }

    /// The value of a name, if there is one of that name.
    pub(super) fn lookup(&self, name: &str, span: Span) -> Option<Expression> {
        let locals = self.locals.get(self.visible_from..).unwrap_or(&[]);
        if let Some(local) = locals.iter().rev().find(|local| &*local.name == name) {
            return Some(match &local.meaning {
                Meaning::Variable { variable, ty, .. } => {
                    node(Kind::Variable(*variable), ty.clone(), span)
                }
                Meaning::Replaced(expression) => expression.clone(),
            });
        }
        if !self.rules.is_empty() && !RULE_NAMES.contains(&name) {
            return None;
        }
        let found = self.scope.find(name)?;
        Some(node(Kind::Variable(found.variable), found.ty.clone(), span))
    }

    fn visible_names(&self) -> Vec<String> {
        let locals = self.locals.get(self.visible_from..).unwrap_or(&[]);
        let locals = locals.iter().map(|local| local.name.to_string());
        let bound = self.scope.names().map(|name| name.name.clone());
        let bound = bound.filter(|name| self.rules.is_empty() || RULE_NAMES.contains(&&**name));
        locals.chain(bound).collect()
    }

    /// Whether the row of a reference is at hand, so that reading a field follows nothing.
    fn is_loaded(&self, expression: &Expression) -> bool {
        let Kind::Variable(variable) = expression.kind else { return false };
        let local = self.locals.iter().rev().find_map(|local| match local.meaning {
            Meaning::Variable { variable: at, loaded, .. } if at == variable => Some(loaded),
            _ => None,
        });
        local.unwrap_or_else(|| {
            let mut names = self.scope.names.iter().rev();
            names.find(|name| name.variable == variable).is_some_and(|name| name.loaded)
        })
    }

    pub(super) fn member(
        &mut self,
        of: &Ast,
        name: &str,
        name_span: Span,
        span: Span,
    ) -> Option<Expression> {
        let value = self.expression(of)?;
        let value = self.guarded(value, Some(of))?;
        match value.ty.clone() {
            Type::Reference(entity) => self.entity_member(value, entity, name, name_span, span),
            Type::Part(part) => {
                let fields = &self.schema.part(part).fields;
                self.plain_field(value, fields, name, name_span, span)
            }
            Type::Record(record) => {
                let fields = &self.schema.record(record).fields;
                self.plain_field(value, fields, name, name_span, span)
            }
            Type::Money { .. } => self.money_member(value, name, name_span, span),
            other => {
                let message = format!("{} has no fields", self.describe(&other));
                self.report(Diagnostic::error("unknown-field", name_span, message));
                None
            }
        }
    }

    fn money_member(
        &mut self,
        value: Expression,
        name: &str,
        name_span: Span,
        span: Span,
    ) -> Option<Expression> {
        let (function, ty) = match name {
            "amount" => (Function::Amount, Type::Decimal { precision: 1, scale: 0 }),
            "currency" => {
                let ty = Type::Text { format: TextFormat::String, min: 3, max: 3 };
                (Function::Currency, ty)
            }
            _ => {
                self.unknown_field("money", name, name_span, ["amount", "currency"]);
                return None;
            }
        };
        self.proven(node(Kind::Call(function, vec![value]), ty, span))
    }

    fn plain_field(
        &mut self,
        of: Expression,
        fields: &'a [FieldShape],
        name: &str,
        name_span: Span,
        span: Span,
    ) -> Option<Expression> {
        let Some(index) = crate::schema::field_index(fields, name) else {
            let owner = self.describe(&of.ty);
            self.unknown_field(&owner, name, name_span, fields.iter().map(|f| f.name.as_str()));
            return None;
        };
        let ty = fields.get(usize::from(index.0))?.ty.clone();
        let kind = Kind::Field { of: Box::new(of), field: index };
        Some(self.narrowed(node(kind, ty, span)))
    }

    fn entity_member(
        &mut self,
        of: Expression,
        entity: EntityId,
        name: &str,
        name_span: Span,
        span: Span,
    ) -> Option<Expression> {
        let shape = self.schema.entity(entity);
        let loaded = self.is_loaded(&of);
        if let Some(field) = shape.field(name) {
            let id = name == "id" && field == FieldIndex(0);
            if id && !loaded {
                // A reference is an id already: nothing is read.
                return Some(Expression { span, ..of });
            }
            if !loaded && !self.may_read(entity, Some(field), name, name_span) {
                return None;
            }
            let ty = if id {
                Type::Reference(entity)
            } else {
                shape.fields.get(usize::from(field.0))?.ty.clone()
            };
            return Some(self.narrowed(node(Kind::Field { of: Box::new(of), field }, ty, span)));
        }
        if let Some(index) = shape.part(name) {
            if !loaded && !self.may_read(entity, None, name, name_span) {
                return None;
            }
            let part = PartId { entity, index };
            let shape = self.schema.part(part);
            let ty = if shape.one {
                Type::Part(part).optional()
            } else {
                Type::List { of: Box::new(Type::Part(part)), min: shape.min, max: shape.max }
            };
            return Some(self.narrowed(node(Kind::PartRows { of: Box::new(of), part }, ty, span)));
        }
        if let Some((rule, ast)) = self.rule(entity, name) {
            return self.inline(of, entity, rule, ast, name_span);
        }
        let fields = shape.fields.iter().map(|field| field.name.as_str());
        let parts = shape.parts.iter().map(|part| part.name.as_str());
        let rules = self.scope.rules.iter().flat_map(|rules| rules.keys());
        let rules = rules.filter(|(of, _)| *of == entity).map(|(_, rule)| rule.as_str());
        let names: Vec<&str> = fields.chain(parts).chain(rules).collect();
        self.unknown_field(&shape.name, name, name_span, names);
        None
    }

    fn unknown_field<'n>(
        &mut self,
        owner: &str,
        name: &str,
        span: Span,
        names: impl IntoIterator<Item = &'n str> + Clone,
    ) {
        let message = format!("{owner} has no `{name}`");
        let near = did_you_mean(name, names.clone());
        let diagnostic = Diagnostic::error("unknown-field", span, message);
        self.report(match near {
            Some(_) => diagnostic.suggest(near),
            None => diagnostic.help(format!("it has {}", base::one_of(names))),
        });
    }

    /// Whether a reference may be followed to read something: within the context, or where `uses`
    /// lists it. Reports it if not.
    fn may_read(
        &mut self,
        entity: EntityId,
        field: Option<FieldIndex>,
        name: &str,
        span: Span,
    ) -> bool {
        let shape = self.schema.entity(entity);
        if self.scope.home == Some(&*shape.context) {
            return true;
        }
        if field.is_some_and(|field| self.scope.uses.contains(&(entity, field))) {
            return true;
        }
        let (context, owner) = (&shape.context, &shape.name);
        let diagnostic = if self.scope.home.is_none() {
            let message = format!("`{name}` of {owner} is stored: it cannot be read here");
            Diagnostic::error("stored-data", span, message)
                .help("flows see only the event and earlier results: add it to the payload")
        } else {
            let message = format!("`{name}` of {owner} belongs to another context, `{context}`");
            Diagnostic::error("foreign-field", span, message)
                .note("a read across contexts is a copy or a call, so it is stated")
                .help(format!("list it: `uses: [{context}.{owner}.{name}]`"))
        };
        self.report(diagnostic);
        false
    }

    fn rule(&self, entity: EntityId, name: &str) -> Option<(&'a str, &'a Ast)> {
        // A map keyed by pairs can only be asked with an owned name.
        let rules = self.scope.rules?;
        rules.get_key_value(&(entity, name.to_owned())).map(|((_, name), ast)| (name.as_str(), ast))
    }

    /// A rule of an entity with `self` standing for the row it is asked of.
    fn inline(
        &mut self,
        of: Expression,
        entity: EntityId,
        rule: &'a str,
        ast: &Ast,
        span: Span,
    ) -> Option<Expression> {
        if self.rules.contains(&(entity, rule)) {
            let message = format!("the rule `{rule}` needs itself to be decided");
            self.report(
                Diagnostic::error("rule-cycle", span, message).related(ast.span, "the rule"),
            );
            return None;
        }
        self.rules.push((entity, rule));
        let visible_from = std::mem::replace(&mut self.visible_from, self.locals.len());
        self.locals.push(Local { name: "self".into(), meaning: Meaning::Replaced(of) });
        let condition = self.condition(ast);
        self.locals.pop();
        self.visible_from = visible_from;
        self.rules.pop();
        condition
    }

    /// An entity by name: of this context first, else the only one of that name.
    pub(super) fn find_entity(&self, context: Option<&str>, name: &str) -> Option<EntityId> {
        let home = context.or(self.scope.home);
        if let Some(found) = home.and_then(|home| self.schema.find_entity(home, name)) {
            return Some(found);
        }
        let mut found = (0u32..)
            .map(EntityId)
            .zip(&self.schema.entities)
            .filter(|(_, entity)| entity.name == name && context.is_none())
            .map(|(id, _)| id);
        found.next().filter(|_| found.next().is_none())
    }

    /// The entity that `Membership` or `chat.Membership` names, where no variable has that name.
    pub(super) fn entity_rows(&self, ast: &Ast) -> Option<EntityId> {
        match &ast.kind {
            AstKind::Name(name) if self.lookup(name, ast.span).is_none() => {
                self.find_entity(None, name)
            }
            AstKind::Member { of, name, .. } => match &of.kind {
                AstKind::Name(context) if self.lookup(context, of.span).is_none() => {
                    self.find_entity(Some(context), name)
                }
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) const fn fresh(&mut self) -> VariableIndex {
        let variable = VariableIndex(self.next);
        self.next = self.next.saturating_add(1);
        variable
    }
}
