//! Which tables a condition looks at besides that of its row: those of tenants, or what is shared.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use decide::Design;
use expression::EntityId;
use expression::sql::{Dialect, TableName};
use runtime::store::{Bound, Condition, Level, Predicate, Reference, Root, StoreError, TreeQuery};

use crate::catalog::Catalog;

/// A table as statements name it.
#[derive(Debug)]
pub(crate) struct Named {
    pub name: String,
    entity: EntityId,
    owned: bool,
}

/// What a text looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Looks {
    /// Rows of tenants.
    pub owned: bool,
    /// What is shared: places in [`Mentions::tables`].
    pub shared: Vec<usize>,
}

impl Looks {
    fn and(&mut self, other: &Self) {
        self.owned |= other.owned;
        self.shared.extend(
            other.shared.iter().filter(|at| !self.shared.contains(at)).copied().collect::<Vec<_>>(),
        );
    }
}

/// All tables, and what conditions look at by their number.
#[derive(Debug, Default)]
pub(crate) struct Mentions {
    pub tables: Vec<Named>,
    conditions: RwLock<BTreeMap<u32, Looks>>,
}

impl Mentions {
    pub fn new(design: &Design) -> Self {
        let mut tables = Vec::new();
        for table in &design.tables {
            let owned = decide::tenancy::pooled(design, table.entity);
            let parts = table.parts.iter().map(|part| &part.name);
            for name in std::iter::once(&table.name).chain(parts) {
                let name = TableName { schema: (&*table.schema).into(), name: (&**name).into() };
                let name = name.sql(Dialect::PostgreSql);
                tables.push(Named { name, entity: table.entity, owned });
            }
        }
        Self { tables, conditions: RwLock::default() }
    }

    /// What a text looks at.
    pub fn of_text(&self, sql: &str) -> Looks {
        let mut looks = Looks::default();
        for (at, table) in self.tables.iter().enumerate().filter(|(_, of)| sql.contains(&of.name)) {
            match table.owned {
                true => looks.owned = true,
                false => looks.shared.push(at),
            }
        }
        looks
    }

    /// Learns what a condition looks at.
    pub fn learn(&self, predicate: &Predicate, sql: &str) {
        let mut all = self.conditions.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(predicate.number, self.of_text(sql));
    }

    fn of_predicate(&self, predicate: &Predicate) -> Looks {
        let all = self.conditions.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&predicate.number).cloned().unwrap_or_default()
    }

    /// What a question looks at.
    pub fn of_question(&self, question: &Bound) -> Looks {
        self.of_predicate(&question.predicate)
    }

    /// What conditions over rows of an entity look at, those rows among it.
    pub fn of_conditions(&self, entity: EntityId, conditions: &[Condition]) -> Looks {
        let mut looks = Looks::default();
        for (at, table) in self.tables.iter().enumerate().filter(|(_, of)| of.entity == entity) {
            match table.owned {
                true => looks.owned = true,
                false => looks.shared.push(at),
            }
        }
        for bound in conditions.iter().flat_map(|condition| &condition.any) {
            looks.and(&self.of_predicate(&bound.predicate));
        }
        looks
    }

    /// What a tree looks at.
    pub fn of_tree(&self, query: &TreeQuery) -> Looks {
        let none: &[Condition] = &[];
        let conditions = match &query.root {
            Root::Page(page) => &page.conditions,
            Root::Row { conditions, .. } | Root::Rows { conditions, .. } => conditions,
        };
        let mut looks = self.of_conditions(query.level().entity, conditions);
        let mut levels = vec![query.level()];
        while let Some(level) = levels.pop() {
            for reference in references(level) {
                let door = query.door(reference).unwrap_or(none);
                looks.and(&self.of_conditions(reference.level.entity, door));
                levels.push(&reference.level);
            }
        }
        looks
    }
}

fn references(level: &Level) -> impl Iterator<Item = &Reference> {
    level.references.iter().chain(level.parts.iter().flat_map(|part| &part.references))
}

impl Catalog {
    /// Tables that hold rows of tenants.
    pub(super) fn owned_tables(&self) -> impl Iterator<Item = &str> {
        self.mentions.tables.iter().filter(|of| of.owned).map(|of| &*of.name)
    }

    /// Learns what a condition looks at, where tenants have databases of their own.
    pub(crate) fn learn(&self, predicate: &Predicate) -> Result<(), StoreError> {
        if self.own_databases {
            let registered = self.conditions.get(predicate)?;
            let sql = registered.template(runtime::store::Tenant::None).numbered_from(1);
            self.mentions.learn(predicate, &sql);
        }
        Ok(())
    }
}
