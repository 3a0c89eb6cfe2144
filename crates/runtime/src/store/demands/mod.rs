//! What the model demands of the rows that are stored: what their values may be, how many rows a
//! part has, and the invariants.
//!
//! A database remembers what the model demanded that last started on it. Where another one demands
//! something else of a table, its rows are asked before anything is changed: by one statement for
//! all that SQL can tell, and by one look at each row, of the columns concerned alone, for the rest.
//! What only widens is not asked. Neither is what an invariant says about `now`, which may have been
//! true when a row was written.

mod count;
mod found;
mod look;
mod shape;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use decide::{Design, sealed, tenancy};
use expression::sql::{Dialect, quote};
use expression::{FieldIndex, FieldShape, Type};
use model::model::{BuiltIn, Field};

use super::tables::Columns;
use super::template::Literal;

pub use count::Count;
pub use found::{Found, Judged};
pub use look::{ID, Look, Looked, Part};
pub use shape::{Shapes, beside_amount, currency, new_required};

/// What is demanded, as text that differs where anything does: by table (`context_table`), and by
/// the name of the field, `size of PART` or `invariant CODE`.
pub type Texts = BTreeMap<(String, String), String>;

/// How long rows of one database are compared with a model, at most.
pub const LONGEST: std::time::Duration = std::time::Duration::from_secs(15 * 60);

/// What is said where that was not enough.
#[must_use]
pub fn too_long() -> String {
    format!(
        "comparing what is stored with what the model newly demands of it took longer than {} min, \
         and was given up; nothing was changed. Change less of the model at once, or start when less \
         else is going on",
        LONGEST.as_secs() / 60
    )
}

/// Whether a database has the tables whose rows belong to tenants (true), or to none.
pub type Holds<'h> = &'h dyn Fn(bool) -> bool;

/// Whether rows that belong to tenants, or to none, can be compared in one database with others that
/// do, or do not.
pub type Reaches<'r> = &'r dyn Fn(bool, bool) -> bool;

/// What a design demands of the rows in its tables.
#[derive(Debug)]
pub struct Demands<'d> {
    design: &'d Design,
    dialect: Dialect,
    literal: Literal,
    tables: Vec<Table>,
}

/// A table of an entity or of a part, and what is demanded of its rows.
#[derive(Debug)]
struct Table {
    /// `context_table`.
    key: String,
    /// As statements call it.
    name: String,
    /// As people call it: `sales.Order.lines`.
    called: String,
    entity: expression::EntityId,
    /// Which part of the entity.
    part: Option<usize>,
    columns: Columns,
    fields: Vec<FieldShape>,
    /// Fields of which no value can be looked at.
    sealed: BTreeSet<usize>,
    /// The column with the id by which a row is told; quoted. Keys of other kinds may be personal.
    id: Option<String>,
    /// The column that says when a row was deleted softly; quoted.
    deleted: Option<String>,
    /// Whether its rows belong to tenants.
    owned: bool,
    demands: Vec<Demand>,
}

#[derive(Debug)]
struct Demand {
    /// Its name among those of the table.
    name: String,
    text: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Of the values of this field.
    Value(usize),
    /// Of how many rows this part has.
    Size(usize),
    /// This invariant.
    Invariant(usize),
}

/// What stored rows are asked.
#[derive(Debug, Default)]
pub struct Questions<'d> {
    /// By statements that count.
    pub counts: Vec<Count>,
    /// By looking at each row.
    pub looks: Vec<Look<'d>>,
    /// What is not asked, and why: for people.
    pub notes: Vec<String>,
}

impl<'d> Demands<'d> {
    /// Those of a design on a database of this dialect.
    #[must_use]
    pub fn of(design: &'d Design, dialect: Dialect, literal: Literal) -> Self {
        let mut all = Self { design, dialect, literal, tables: Vec::new() };
        all.tables = design.tables.iter().flat_map(|table| all.of_entity(table)).collect();
        all
    }

    /// The design.
    #[must_use]
    pub const fn design(&self) -> &'d Design {
        self.design
    }

    /// What a database remembers that has these tables.
    #[must_use]
    pub fn texts(&self, holds: Holds<'_>) -> Texts {
        let tables = self.tables.iter().filter(|table| holds(table.owned));
        let each = tables.flat_map(|table| table.demands.iter().map(move |of| (table, of)));
        each.map(|(table, of)| ((table.key.clone(), of.name.clone()), of.text.clone())).collect()
    }

    /// What has to be asked of the rows of a database that remembers this and whose tables are as
    /// `shapes` says. Columns that stand against the model anyway (by table and name) are not looked
    /// at.
    #[must_use]
    pub fn questions(
        &self,
        known: &Texts,
        shapes: &Shapes,
        reaches: Reaches<'_>,
        bent: &BTreeSet<(String, String)>,
    ) -> Questions<'_> {
        let mut questions = Questions::default();
        let remembered: BTreeSet<&str> = known.keys().map(|(table, _)| table.as_str()).collect();
        for table in &self.tables {
            // A table that is new has no rows. One that is there, and of which nothing is
            // remembered, was made before anything was.
            if !shapes.has(&table.name) || !remembered.contains(&*table.key) {
                continue;
            }
            let others = table.demands.iter().filter(|demand| {
                let before = known.get(&(table.key.clone(), demand.name.clone()));
                before.is_none_or(|before| !text::widens(before, &demand.text))
            });
            self.ask(table, &others.collect::<Vec<_>>(), (shapes, reaches, bent), &mut questions);
        }
        questions
    }

    fn ask<'s>(
        &'s self,
        table: &'s Table,
        demands: &[&Demand],
        (shapes, reaches, bent): (&Shapes, Reaches<'_>, &BTreeSet<(String, String)>),
        questions: &mut Questions<'s>,
    ) {
        let mut count = count::Counting::of(self, table, shapes);
        let mut look = look::Looking::of(self, table, shapes);
        for demand in demands {
            match demand.kind {
                Kind::Value(at) if table.sealed.contains(&at) => questions.notes.push(format!(
                    "{}: `{}` is encrypted, and what is stored was not compared with what the \
                     model now demands of it",
                    table.called, demand.name
                )),
                Kind::Value(at) => {
                    let columns = table.columns.of(index(at)).iter();
                    let names: Vec<&str> =
                        columns.map(|column| column.name.trim_matches('"')).collect();
                    let is_bent = |name: &&str| bent.contains(&(table.key.clone(), (*name).into()));
                    // A field that is new has no values but its default.
                    let there = names.iter().all(|name| shapes.has_column(&table.name, name));
                    if there && !names.iter().any(is_bent) {
                        look.value(at, &demand.text);
                    }
                }
                Kind::Size(part) => count.size(part),
                Kind::Invariant(at) => match count.invariant(at, reaches) {
                    Ok(()) => {}
                    Err(count::Refusal::ByLooking) => look.invariant(at),
                    Err(count::Refusal::OfTheMoment) => {}
                    Err(count::Refusal::Unasked(why)) => questions.notes.push(format!(
                        "{}: whether what is stored keeps the {} was not asked: {why}",
                        table.called, demand.name
                    )),
                },
            }
        }
        questions.counts.extend(count.finish());
        questions.looks.extend(look.finish(&mut questions.notes));
    }

    fn of_entity(&self, table: &decide::design::Table) -> Vec<Table> {
        let (design, model) = (self.design, &self.design.model);
        let (shape, entity) = (model.shape(table.entity), model.entity(table.entity));
        let owned = tenancy::pooled(design, table.entity);
        let called = format!("{}.{}", shape.context, shape.name);
        let fields = sealed::stored(model, table.entity);
        let columns = Columns::new(&fields, &table.columns, &model.schema);
        let column = |of: BuiltIn| Some(columns.of(entity.built_in(of)?).first()?.name.clone());
        let (id, deleted) = (column(BuiltIn::Id), column(BuiltIn::DeletedAt));
        let mut demands = self.of_fields(&shape.fields, &entity.fields);
        for (at, part) in shape.parts.iter().enumerate() {
            demands.push(Demand {
                name: format!("size of {}", part.name),
                text: format!("rows({}..{})", part.min, part.max),
                kind: Kind::Size(at),
            });
        }
        for (at, invariant) in entity.invariants.iter().enumerate() {
            demands.push(Demand {
                name: format!("invariant `{}`", invariant.code.value),
                text: count::canonical(self, table.entity, &invariant.condition),
                kind: Kind::Invariant(at),
            });
        }
        let mut all = vec![Table {
            key: format!("{}_{}", table.schema, table.name),
            name: self.name(&table.schema, &table.name),
            called: called.clone(),
            entity: table.entity,
            part: None,
            columns,
            fields,
            sealed: sealed_among(&entity.fields),
            id,
            deleted,
            owned,
            demands,
        }];
        let parts = table.parts.iter().zip(&shape.parts).zip(&entity.parts);
        for (at, ((part, part_shape), of)) in parts.enumerate() {
            let fields = sealed::stored_part(model, table.entity, at);
            all.push(Table {
                key: format!("{}_{}", table.schema, part.name),
                name: self.name(&table.schema, &part.name),
                called: format!("{called}.{}", part_shape.name),
                entity: table.entity,
                part: Some(at),
                columns: Columns::new(&fields, &part.columns, &model.schema),
                fields,
                sealed: sealed_among(&of.fields),
                id: Some("\"owner_id\"".to_owned()),
                deleted: None,
                owned,
                demands: self.of_fields(&part_shape.fields, &of.fields),
            });
        }
        all
    }

    fn of_fields(&self, shapes: &[FieldShape], fields: &[Field]) -> Vec<Demand> {
        let demand = |(at, (shape, field)): (usize, (&FieldShape, &Field))| {
            let text = text::of(&shape.ty, &self.design.model.schema);
            let text = if sealed::is_sealed(field) { format!("encrypted {text}") } else { text };
            Demand { name: shape.name.clone(), text, kind: Kind::Value(at) }
        };
        shapes.iter().zip(fields).enumerate().map(demand).collect()
    }

    /// A table as statements of the dialect call it.
    fn name(&self, schema: &str, name: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => quote(&format!("{schema}_{name}")),
            Dialect::PostgreSql => format!("{}.{}", quote(schema), quote(name)),
        }
    }

    fn table(&self, entity: expression::EntityId, part: Option<usize>) -> Option<&Table> {
        self.tables.iter().find(|table| table.entity == entity && table.part == part)
    }
}

impl Table {
    /// ` WHERE` a row was not deleted.
    fn live(&self) -> String {
        let column = self.deleted.as_ref();
        column.map_or_else(String::new, |column| format!(" WHERE self.{column} IS NULL"))
    }
}

fn sealed_among(fields: &[Field]) -> BTreeSet<usize> {
    let sealed = fields.iter().enumerate().filter(|(_, field)| sealed::is_sealed(field));
    sealed.map(|(at, _)| at).collect()
}

fn index(at: usize) -> FieldIndex {
    FieldIndex(u16::try_from(at).unwrap_or(u16::MAX))
}

/// The type of a field, for people: values of `types` by their names.
fn shown(ty: &Type, text: &str, schema: &expression::Schema) -> String {
    match ty.required() {
        Type::Record(_) | Type::Part(_) => ty.describe(schema),
        _ => text.to_owned(),
    }
}
