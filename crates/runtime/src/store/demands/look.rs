//! What rows are looked at for, one by one: whether their values are what the model demands, and
//! whether invariants hold that have no SQL.

use std::sync::Arc;

use expression::ir::{Expression, Kind, VariableIndex};
use expression::{Environment, NoRows, Row, Schema, Type, Value, assign, holds};

use super::found::{Found, Judged};
use super::{Demands, Shapes, Table, index, shown};
use crate::store::conditions::ALIAS;

/// What the column with the id of a row is called.
pub const ID: &str = "firmitas_id";

/// A look at all rows of a table.
#[derive(Debug)]
pub struct Look<'d> {
    /// The statement: the id of a row ([`ID`]) where it has one, then the columns of the fields.
    pub sql: String,
    /// Whether rows have an id.
    pub has_id: bool,
    /// The fields, with how many columns each has.
    pub fields: Vec<(Type, usize)>,
    /// The parts that are read along with each row.
    pub parts: Vec<Part>,
    schema: &'d Schema,
    entity: expression::EntityId,
    asked: Vec<(Asked<'d>, Judged)>,
}

/// A part that is read along.
#[derive(Debug)]
pub struct Part {
    /// The statement without its end, which says of which owners it is: the owner, then the columns
    /// of the fields.
    pub sql: String,
    /// The fields, with how many columns each has.
    pub fields: Vec<(Type, usize)>,
}

/// What a row is asked.
#[derive(Debug)]
enum Asked<'d> {
    /// Whether the value at this place is one of the type.
    Value(usize, &'d Type),
    /// Whether this holds.
    Invariant(&'d Expression),
}

/// A row as it was read.
#[derive(Debug)]
pub struct Looked {
    /// Its id, where it has one.
    pub id: Option<u128>,
    /// Its values; nothing where a column holds what its type has no value for.
    pub values: Vec<Option<Value>>,
    /// The rows of its parts.
    pub parts: Vec<Vec<Arc<[Value]>>>,
}

impl Look<'_> {
    /// Nothing found yet, for each that is asked.
    #[must_use]
    pub fn nothing(&self) -> Vec<Found> {
        vec![Found::default(); self.asked.len()]
    }

    /// Looks at a row.
    pub fn at(&self, row: Looked, found: &mut [Found]) {
        let Looked { id, values, parts } = row;
        let mut whole = None;
        if self.asked.iter().any(|(asked, _)| matches!(asked, Asked::Invariant(_))) {
            let fields = values.iter().map(|value| value.clone().unwrap_or_default()).collect();
            whole = Some(Arc::new(Row { entity: self.entity, fields, parts }));
        }
        for ((asked, _), found) in self.asked.iter().zip(found) {
            match asked {
                Asked::Value(at, ty) => {
                    let value = values.get(*at).and_then(Option::as_ref);
                    if let Some(code) = wrong(value, ty, self.schema) {
                        found.note(id, Some(code));
                    }
                }
                Asked::Invariant(condition) => {
                    let mut environment = Environment::new(self.schema, &NoRows);
                    let row = whole.clone().map_or(Value::Null, Value::Row);
                    environment.set(VariableIndex::SELF, row);
                    if !matches!(holds(condition, &environment), Ok(true)) {
                        found.note(id, None);
                    }
                }
            }
        }
    }

    /// What was found, for people.
    #[must_use]
    pub fn told(&self, found: &[Found]) -> Vec<String> {
        self.asked.iter().zip(found).filter_map(|((_, judged), found)| judged.told(found)).collect()
    }
}

/// What is wrong with a value of a type, if anything is.
fn wrong(value: Option<&Value>, ty: &Type, schema: &Schema) -> Option<&'static str> {
    let Some(value) = value else { return Some("invalid-type") };
    match assign(value.clone(), ty, schema) {
        Ok(assigned) if assigned == *value => None,
        Ok(_) => Some("too-precise"),
        Err(error) => Some(error.code),
    }
}

/// Looks at one table, in the making.
pub(super) struct Looking<'d, 'c> {
    demands: &'d Demands<'d>,
    table: &'d Table,
    shapes: &'c Shapes,
    values: Vec<(usize, Judged)>,
    invariants: Vec<usize>,
}

impl<'d, 'c> Looking<'d, 'c> {
    pub fn of(demands: &'d Demands<'d>, table: &'d Table, shapes: &'c Shapes) -> Self {
        Self { demands, table, shapes, values: Vec::new(), invariants: Vec::new() }
    }

    /// Looks whether values of a field are what is demanded.
    pub fn value(&mut self, at: usize, text: &str) {
        let Some(field) = self.table.fields.get(at) else { return };
        let demanded = shown(&field.ty, text, &self.demands.design.model.schema);
        let judged = Judged {
            called: self.table.called.clone(),
            wrong: format!("`{}` is not {demanded}", field.name),
            remedy: "change the rows first, or take back what is demanded of the field".to_owned(),
        };
        self.values.push((at, judged));
    }

    /// Looks whether an invariant holds that has no SQL.
    pub fn invariant(&mut self, at: usize) {
        self.invariants.push(at);
    }

    pub fn finish(self, notes: &mut Vec<String>) -> Vec<Look<'d>> {
        let mut looks = Vec::new();
        looks.extend(self.of_values());
        looks.extend(self.of_invariants(notes));
        looks
    }

    fn of_values(&self) -> Option<Look<'d>> {
        let table = self.table;
        let fields: Vec<usize> = self.values.iter().map(|(at, _)| *at).collect();
        let asked = self.values.iter().enumerate().filter_map(|(place, (at, judged))| {
            Some((Asked::Value(place, &table.fields.get(*at)?.ty), judged.clone()))
        });
        let asked: Vec<_> = asked.collect();
        (!asked.is_empty()).then(|| self.look(&fields, "", Vec::new(), asked))
    }

    fn of_invariants(&self, notes: &mut Vec<String>) -> Option<Look<'d>> {
        let (table, model) = (self.table, &self.demands.design.model);
        let invariants = &model.entity(table.entity).invariants;
        let mut asked = Vec::new();
        for invariant in self.invariants.iter().filter_map(|at| invariants.get(*at)) {
            let (code, condition) = (&invariant.code.value, &invariant.condition);
            if !self.is_own(condition) {
                notes.push(format!(
                    "{}: whether what is stored keeps the invariant `{code}` was not asked: it \
                     reads other rows, or encrypted values, in a way that has no SQL",
                    table.called
                ));
                continue;
            }
            let judged = Judged {
                called: table.called.clone(),
                wrong: format!("the invariant `{code}` does not hold"),
                remedy: "change the rows first, or leave it out until then".to_owned(),
            };
            asked.push((Asked::Invariant(condition), judged));
        }
        if asked.is_empty() {
            return None;
        }
        let fields: Vec<usize> = (0..table.fields.len()).collect();
        let parts = 0..model.shape(table.entity).parts.len();
        let parts = parts.filter_map(|at| self.demands.table(table.entity, Some(at)));
        Some(self.look(&fields, &table.live(), parts.map(|part| self.part(part)).collect(), asked))
    }

    fn part(&self, part: &Table) -> Part {
        let fields: Vec<usize> = (0..part.fields.len()).collect();
        let columns = list(part, &fields, "part");
        let sql = format!(
            "SELECT part.\"owner_id\" AS {ID}{columns} FROM {} AS part WHERE part.\"owner_id\"",
            part.name
        );
        Part { sql: self.shapes.read(&sql), fields: types(part, &fields) }
    }

    fn look(
        &self,
        fields: &[usize],
        live: &str,
        parts: Vec<Part>,
        asked: Vec<(Asked<'d>, Judged)>,
    ) -> Look<'d> {
        let table = self.table;
        let columns = list(table, fields, ALIAS);
        let columns = match &table.id {
            Some(id) => format!("{ALIAS}.{id} AS {ID}{columns}"),
            None => columns.trim_start_matches(", ").to_owned(),
        };
        let sql = format!("SELECT {columns} FROM {} AS {ALIAS}{live}", table.name);
        Look {
            sql: self.shapes.read(&sql),
            has_id: table.id.is_some(),
            fields: types(table, fields),
            parts,
            schema: &self.demands.design.model.schema,
            entity: table.entity,
            asked,
        }
    }

    /// Whether a condition reads its own row and the rows of its parts, and nothing else.
    fn is_own(&self, of: &Expression) -> bool {
        let is_self = |of: &Expression| of.kind == Kind::Variable(VariableIndex::SELF);
        let own = match &of.kind {
            Kind::EntityRows(_) | Kind::Variable(VariableIndex::TENANT) => false,
            Kind::PartRows { of, .. } => is_self(of),
            Kind::Field { of, field } => match of.ty.required() {
                Type::Reference(_) => {
                    is_self(of) && !self.table.sealed.contains(&usize::from(field.0))
                }
                Type::Part(part) => {
                    let part = self.demands.table(part.entity, Some(usize::from(part.index)));
                    part.is_some_and(|part| !part.sealed.contains(&usize::from(field.0)))
                }
                _ => true,
            },
            _ => true,
        };
        own && of.children().all(|child| self.is_own(child))
    }
}

/// `, ALIAS.column` for each column of fields.
fn list(table: &Table, fields: &[usize], alias: &str) -> String {
    let columns = fields.iter().flat_map(|at| table.columns.of(index(*at)));
    columns.map(|column| format!(", {alias}.{}", column.name)).collect()
}

fn types(table: &Table, fields: &[usize]) -> Vec<(Type, usize)> {
    let of = |at: &usize| {
        let field = table.fields.get(*at)?;
        Some((field.ty.clone(), table.columns.of(index(*at)).len()))
    };
    fields.iter().filter_map(of).collect()
}
