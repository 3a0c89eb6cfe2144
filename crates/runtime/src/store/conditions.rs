//! The conditions that a store has compiled, by number.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use decide::design::Design;
use expression::EntityId;
use expression::ir::{Expression, VariableIndex};
use expression::sql::{self, Dialect, Encoding, Options, Parameter, TableRow};

use super::template::{Literal, Template};
use super::{Predicate, StoreError};

/// The alias of the table that a statement is about.
pub const ALIAS: &str = "self";

/// The entity of questions, which are about no row.
pub const NO_ENTITY: EntityId = EntityId(u32::MAX);

/// A registered condition.
#[derive(Debug)]
pub struct Registered {
    /// Over `self`, a row of this entity.
    pub entity: EntityId,
    /// Its SQL.
    pub template: Template,
    /// How each parameter is bound.
    pub encodings: Vec<Encoding>,
    /// As it was given.
    condition: Expression,
    /// Its SQL over rows of other aliases.
    aliased: RwLock<BTreeMap<String, Arc<Template>>>,
}

/// The conditions of a store.
#[derive(Debug)]
pub struct Conditions {
    dialect: Dialect,
    literal: Literal,
    all: RwLock<Vec<Arc<Registered>>>,
}

impl Conditions {
    /// None yet.
    #[must_use]
    pub fn new(dialect: Dialect, literal: Literal) -> Self {
        Self { dialect, literal, all: RwLock::default() }
    }

    /// Compiles a condition over a row of an entity and gives it a number.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`] where it has no SQL.
    pub fn register(
        &self,
        design: &Design,
        entity: EntityId,
        condition: &Expression,
    ) -> Result<Predicate, StoreError> {
        let row = TableRow { variable: VariableIndex::SELF, entity, alias: ALIAS.to_owned() };
        self.compile(design, entity, condition, Some(row))
    }

    /// Compiles a question that is about no row of its own.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`] where it has no SQL.
    pub fn register_question(
        &self,
        design: &Design,
        question: &Expression,
    ) -> Result<Predicate, StoreError> {
        self.compile(design, NO_ENTITY, question, None)
    }

    fn compile(
        &self,
        design: &Design,
        entity: EntityId,
        condition: &Expression,
        row: Option<TableRow>,
    ) -> Result<Predicate, StoreError> {
        let (template, parameters) = self.template(design, condition, row)?;
        let encodings = parameters.iter().map(|parameter| parameter.encoding).collect();
        let parameters = parameters.into_iter().map(|parameter| parameter.value).collect();
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let number = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let condition = condition.clone();
        let aliased = RwLock::default();
        all.push(Arc::new(Registered { entity, template, encodings, condition, aliased }));
        Ok(Predicate { number, entity, parameters })
    }

    fn template(
        &self,
        design: &Design,
        condition: &Expression,
        row: Option<TableRow>,
    ) -> Result<(Template, Vec<Parameter>), StoreError> {
        let options = Options { row, first_parameter: 1 };
        let fragment = sql::compile(condition, self.dialect, design, &options)
            .map_err(|error| StoreError::Unsupported { message: error.why })?;
        Ok(Template::new(fragment, self.dialect, self.literal))
    }

    /// A condition over a row that has another alias in its statement. A statement has so many
    /// tables and no more, so what is kept is bounded.
    ///
    /// # Errors
    /// [`StoreError::Internal`] for a condition of another store.
    pub fn aliased(
        &self,
        design: &Design,
        predicate: &Predicate,
        alias: &str,
    ) -> Result<Arc<Template>, StoreError> {
        let registered = self.get(predicate)?;
        let known = registered.aliased.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(template) = known.get(alias) {
            return Ok(template.clone());
        }
        drop(known);
        let entity = registered.entity;
        let row = TableRow { variable: VariableIndex::SELF, entity, alias: alias.to_owned() };
        let (template, _) = self.template(design, &registered.condition, Some(row))?;
        let template = Arc::new(template);
        let mut known = registered.aliased.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(alias.to_owned(), template.clone());
        Ok(template)
    }

    /// A condition by its number.
    ///
    /// # Errors
    /// [`StoreError::Internal`] for a condition of another store.
    pub fn get(&self, predicate: &Predicate) -> Result<Arc<Registered>, StoreError> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.get(predicate.number as usize).cloned().ok_or_else(|| StoreError::Internal {
            message: "a condition of another store".to_owned(),
        })
    }
}
