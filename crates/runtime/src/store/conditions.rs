//! The conditions that a store has compiled, by number.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use decide::design::Design;
use decide::layout::OfTenant;
use expression::EntityId;
use expression::ir::{Expression, VariableIndex};
use expression::sql::{self, Dialect, Encoding, Layout, Options, Parameter, TableRow};

use super::template::{Literal, Template};
use super::{Predicate, StoreError, Tenant};

/// The alias of the table that a statement is about.
pub const ALIAS: &str = "self";

/// The entity of questions, which are about no row.
pub const NO_ENTITY: EntityId = EntityId(u32::MAX);

/// A registered condition.
#[derive(Debug)]
pub struct Registered {
    /// Over `self`, a row of this entity.
    pub entity: EntityId,
    /// Its SQL for one tenant.
    own: Template,
    /// Its SQL for everybody, where that differs.
    all: Option<Template>,
    /// How each parameter is bound.
    pub encodings: Vec<Encoding>,
    /// As it was given.
    condition: Expression,
    /// Its SQL over rows of other aliases.
    aliased: RwLock<BTreeMap<(String, bool), Arc<Template>>>,
}

impl Registered {
    /// Whether rows of tenants are looked at, besides the one that it is about.
    #[must_use]
    pub const fn depends_on_tenants(&self) -> bool {
        self.all.is_some()
    }

    /// Its SQL for whom the work is.
    #[must_use]
    pub fn template(&self, tenant: Tenant) -> &Template {
        self.all.as_ref().filter(|_| tenant == Tenant::All).unwrap_or(&self.own)
    }
}

/// The conditions of a store.
#[derive(Debug)]
pub struct Conditions {
    dialect: Dialect,
    literal: Literal,
    /// What yields the id of the tenant that a statement is for.
    tenant: &'static str,
    all: RwLock<Vec<Arc<Registered>>>,
}

impl Conditions {
    /// None yet; `tenant` is the SQL that yields the id of the tenant that a statement is for.
    #[must_use]
    pub fn new(dialect: Dialect, literal: Literal, tenant: &'static str) -> Self {
        Self { dialect, literal, tenant, all: RwLock::default() }
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
        let (of_all, parameters) =
            self.template(&self.layout(design, Tenant::All), condition, row.clone())?;
        let (own, _) = self.template(&self.layout(design, Tenant::None), condition, row)?;
        let of_all = (of_all != own).then_some(of_all);
        let encodings = parameters.iter().map(|parameter| parameter.encoding).collect();
        let parameters = parameters.into_iter().map(|parameter| parameter.value).collect();
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let number = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let (condition, aliased) = (condition.clone(), RwLock::default());
        let known = Registered { entity, own, all: of_all, encodings, condition, aliased };
        all.push(Arc::new(known));
        Ok(Predicate { number, entity, parameters })
    }

    /// The tables as statements for one tenant see them, or those for everybody.
    fn layout<'d>(&'d self, design: &'d Design, tenant: Tenant) -> OfTenant<'d> {
        let current = Some(self.tenant).filter(|_| tenant != Tenant::All);
        OfTenant::new(design, self.dialect, current)
    }

    fn template(
        &self,
        layout: &dyn Layout,
        condition: &Expression,
        row: Option<TableRow>,
    ) -> Result<(Template, Vec<Parameter>), StoreError> {
        let options = Options { row, first_parameter: 1 };
        let fragment = sql::compile(condition, self.dialect, layout, &options)
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
        tenant: Tenant,
    ) -> Result<Arc<Template>, StoreError> {
        let registered = self.get(predicate)?;
        let kept = (alias.to_owned(), tenant == Tenant::All);
        let known = registered.aliased.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(template) = known.get(&kept) {
            return Ok(template.clone());
        }
        drop(known);
        let entity = registered.entity;
        let row = TableRow { variable: VariableIndex::SELF, entity, alias: alias.to_owned() };
        let layout = self.layout(design, if kept.1 { Tenant::All } else { Tenant::None });
        let (template, _) = self.template(&layout, &registered.condition, Some(row))?;
        let template = Arc::new(template);
        let mut known = registered.aliased.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(kept, template.clone());
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
