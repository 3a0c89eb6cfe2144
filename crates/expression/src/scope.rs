//! What an expression may name: variables with their types, rules, fields of other contexts, and
//! what is already known not to be null.

use std::collections::BTreeMap;

use base::Span;

use crate::ast::Ast;
use crate::check::{Facts, facts_if_true};
use crate::ir::{Expression, VariableIndex};
use crate::schema::{EntityId, FieldIndex, Schema};
use crate::types::Type;

/// The rules of entities: conditions that are inlined where `self.rule_name` is written.
pub type Rules = BTreeMap<(EntityId, String), Ast>;

/// A name in scope.
#[derive(Clone, Debug)]
pub struct Name {
    /// The name.
    pub name: String,
    /// The slot of its value.
    pub variable: VariableIndex,
    /// Its type.
    pub ty: Type,
    /// For a reference: whether the row itself is at hand, so that its fields are read without
    /// following anything (`self`, `actor`, a row just created).
    pub loaded: bool,
}

/// A name that others would expect here, and why there is none.
#[derive(Clone, Debug)]
pub(crate) struct Absence {
    pub(crate) name: String,
    /// Where it would have come from, and what is said there.
    pub(crate) places: Vec<(Span, String)>,
    /// What would bring it.
    pub(crate) remedy: String,
}

/// What an expression may name. Later bindings shadow earlier ones.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    /// The shapes.
    pub schema: &'a Schema,
    /// The context whose rows references may lead to; none for flows, which see nothing stored.
    pub home: Option<&'a str>,
    pub(crate) names: Vec<Name>,
    pub(crate) absences: Vec<Absence>,
    pub(crate) uses: Vec<(EntityId, FieldIndex)>,
    pub(crate) rules: Option<&'a Rules>,
    pub(crate) facts: Facts,
}

impl<'a> Scope<'a> {
    /// An empty scope in a context.
    #[must_use]
    pub const fn new(schema: &'a Schema, home: Option<&'a str>) -> Self {
        Self {
            schema,
            home,
            names: Vec::new(),
            absences: Vec::new(),
            uses: Vec::new(),
            rules: None,
            facts: Facts::new(),
        }
    }

    /// Adds a name. A reference bound so is followed (checked against context and `uses`) when a
    /// field of it is read.
    pub fn bind(&mut self, name: &str, variable: VariableIndex, ty: Type) -> &mut Self {
        self.names.push(Name { name: name.to_owned(), variable, ty, loaded: false });
        self
    }

    /// Adds a name whose row is at hand: `self`, `actor`, `tenant`, a row just created.
    pub fn bind_row(&mut self, name: &str, variable: VariableIndex, entity: EntityId) -> &mut Self {
        let ty = Type::Reference(entity);
        self.names.push(Name { name: name.to_owned(), variable, ty, loaded: true });
        self
    }

    /// Says why a name that would be expected here is not: the places that it would come from with
    /// what is said of each, and what would bring it.
    pub fn explain_absence(
        &mut self,
        name: &str,
        places: Vec<(Span, String)>,
        remedy: impl Into<String>,
    ) -> &mut Self {
        let absence = Absence { name: name.to_owned(), places, remedy: remedy.into() };
        self.absences.push(absence);
        self
    }

    /// Allows reading a field of another context (`uses`).
    pub fn allow(&mut self, entity: EntityId, field: FieldIndex) -> &mut Self {
        self.uses.push((entity, field));
        self
    }

    /// Makes the rules of entities readable as `self.rule_name`.
    pub const fn with_rules(&mut self, rules: &'a Rules) -> &mut Self {
        self.rules = Some(rules);
        self
    }

    /// Takes a condition as true from here on: what `require` proved not to be null stays so.
    pub fn assume(&mut self, condition: &Expression) -> &mut Self {
        self.facts.extend(facts_if_true(condition));
        self
    }

    /// Forgets what was known about a variable, because something was assigned to it.
    pub fn forget(&mut self, variable: VariableIndex) -> &mut Self {
        self.facts.forget(variable);
        self
    }

    /// The names, first the ones bound first.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.names.iter()
    }

    /// The name, as an expression would see it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Name> {
        self.names.iter().rev().find(|candidate| candidate.name == name)
    }

    /// The first slot that no name uses: for the next `as`, step or comprehension.
    #[must_use]
    pub fn next_variable(&self) -> VariableIndex {
        let used = self.names.iter().map(|name| name.variable.0 + 1).max().unwrap_or(0);
        VariableIndex(used.max(VariableIndex::FIRST_NAMED.0))
    }
}
