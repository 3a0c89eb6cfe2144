//! What SQL can tell of rows: how many do not keep an invariant, or have a part of another size. One
//! statement for each table.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;

use decide::tables::TENANT_COLUMN;
use decide::{Design, tenancy};
use expression::ir::{Expression, Kind, VariableIndex};
use expression::sql::{self, Dialect, Layout, Options, TableName, TableRow, quote};
use expression::{EntityId, FieldIndex, PartId, Schema, Type};

use super::found::{Found, Judged};
use super::{Demands, Reaches, Shapes, Table};
use crate::store::conditions::ALIAS;
use crate::store::template::Template;

/// The place of the tenant among the fields of a row, where it has one.
const TENANT: FieldIndex = FieldIndex(u16::MAX);

/// One statement. Its columns are pairs, one pair for each that is judged: how many rows do not keep
/// to it, and the id of one of them (null where rows have none).
#[derive(Debug)]
pub struct Count {
    /// The statement.
    pub sql: String,
    /// What the pairs are about.
    pub judged: Vec<Judged>,
}

impl Count {
    /// What was found, for people.
    #[must_use]
    pub fn told(&self, found: &[Found]) -> Vec<String> {
        self.judged.iter().zip(found).filter_map(|(judged, found)| judged.told(found)).collect()
    }
}

/// Why an invariant is not counted.
pub(super) enum Refusal {
    /// It has no SQL: rows are looked at one by one.
    ByLooking,
    /// It depends on when it is asked.
    OfTheMoment,
    /// It cannot be asked here.
    Unasked(String),
}

/// The statement about one table, in the making.
pub(super) struct Counting<'c> {
    demands: &'c Demands<'c>,
    table: &'c Table,
    shapes: &'c Shapes,
    /// What is true of rows that do not keep to it.
    broken: Vec<(String, Judged)>,
}

impl<'c> Counting<'c> {
    pub fn of(demands: &'c Demands<'c>, table: &'c Table, shapes: &'c Shapes) -> Self {
        Self { demands, table, shapes, broken: Vec::new() }
    }

    /// Asks about the size of a part.
    pub fn size(&mut self, part: usize) {
        let Some(of) = self.demands.table(self.table.entity, Some(part)) else { return };
        let shape = self.demands.design.model.shape(self.table.entity);
        let (Some(part), Some(id)) = (shape.parts.get(part), &self.table.id) else { return };
        // A part that is new has no rows.
        let broken = format!(
            "((SELECT count(*) FROM {} AS part WHERE part.\"owner_id\" = {ALIAS}.{id}) \
             NOT BETWEEN {} AND {})",
            of.name, part.min, part.max
        );
        let judged = Judged {
            called: self.table.called.clone(),
            wrong: format!("`{}` has not {}..{} rows", part.name, part.min, part.max),
            remedy: format!("make the `size` of `{}` wider, or change the rows first", part.name),
        };
        self.broken.push((broken, judged));
    }

    /// Asks about an invariant.
    pub fn invariant(&mut self, at: usize, reaches: Reaches<'_>) -> Result<(), Refusal> {
        let design = self.demands.design;
        let entity = design.model.entity(self.table.entity);
        let Some(invariant) = entity.invariants.get(at) else { return Ok(()) };
        let condition = &invariant.condition;
        if mentions(condition, VariableIndex::NOW) {
            return Err(Refusal::OfTheMoment);
        }
        let compiled = compile(self.demands, self.table.entity, condition);
        let (condition, reads) = compiled.ok_or(Refusal::ByLooking)?;
        for other in reads {
            let owned = tenancy::pooled(design, other);
            if !reaches(self.table.owned, owned) {
                let shape = design.model.shape(other);
                return Err(Refusal::Unasked(format!(
                    "rows of {}.{} are in another database",
                    shape.context, shape.name
                )));
            }
            if owned && !self.table.owned && !is_tenant(design, self.table.entity) {
                return Err(Refusal::Unasked("it depends on whose rows are looked at".to_owned()));
            }
        }
        let code = &invariant.code.value;
        let judged = Judged {
            called: self.table.called.clone(),
            wrong: format!("the invariant `{code}` does not hold"),
            remedy: "change the rows first, or leave it out until then".to_owned(),
        };
        self.broken.push((format!("({condition}) IS NOT TRUE"), judged));
        Ok(())
    }

    pub fn finish(self) -> Option<Count> {
        if self.broken.is_empty() {
            return None;
        }
        let id = self.table.id.as_ref().map(|id| match self.demands.dialect {
            Dialect::Sqlite => format!("{ALIAS}.{id}"),
            Dialect::PostgreSql => format!("{ALIAS}.{id}::text"),
        });
        let pair = |(broken, _): &(String, Judged)| {
            let only = format!("FILTER (WHERE {broken})");
            let example = id.as_ref().map(|id| format!("min({id}) {only}"));
            format!("count(*) {only}, {}", example.as_deref().unwrap_or("NULL"))
        };
        let pairs: Vec<String> = self.broken.iter().map(pair).collect();
        let sql = format!(
            "SELECT {} FROM {} AS {ALIAS}{}",
            pairs.join(", "),
            self.table.name,
            self.table.live()
        );
        let judged = self.broken.into_iter().map(|(_, judged)| judged).collect();
        Some(Count { sql: self.shapes.read(&sql), judged })
    }
}

/// An invariant as text that differs where it says something else.
pub(super) fn canonical(demands: &Demands<'_>, entity: EntityId, condition: &Expression) -> String {
    match compile(demands, entity, condition) {
        Some((sql, _)) => sql,
        None => without_spans(&format!("{condition:?}")),
    }
}

/// The debug form of an expression without where it was written.
fn without_spans(text: &str) -> String {
    const SPAN: &str = "span: ";
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(SPAN) {
        left.push_str(before);
        // A span holds neither braces nor texts of its own.
        rest = after.find('}').and_then(|end| after.get(end..)).unwrap_or_default();
    }
    left + rest
}

/// The SQL of a condition that depends on rows alone, over a row with the alias `self`, and the
/// entities whose tables it reads.
fn compile(
    demands: &Demands<'_>,
    entity: EntityId,
    condition: &Expression,
) -> Option<(String, BTreeSet<EntityId>)> {
    let design = demands.design;
    let layout = OfRow { design, owner: entity, read: RefCell::default() };
    let owned = tenancy::pooled(design, entity) || is_tenant(design, entity);
    let condition = of_row(condition, entity, owned.then(|| tenant(design, entity)))?;
    let row = TableRow { variable: VariableIndex::SELF, entity, alias: ALIAS.to_owned() };
    let options = Options { row: Some(row), first_parameter: 1 };
    let fragment = sql::compile(&condition, demands.dialect, &layout, &options).ok()?;
    let (template, left) = Template::new(fragment, demands.dialect, demands.literal);
    left.is_empty().then(|| (template.numbered_from(1), layout.read.into_inner()))
}

fn is_tenant(design: &Design, entity: EntityId) -> bool {
    design.model.system.tenancy.as_ref().is_some_and(|tenancy| tenancy.by == entity)
}

/// Which field of a row says whose it is: a tenant is its own.
fn tenant(design: &Design, entity: EntityId) -> FieldIndex {
    if is_tenant(design, entity) { FieldIndex(0) } else { TENANT }
}

fn mentions(expression: &Expression, variable: VariableIndex) -> bool {
    expression.kind == Kind::Variable(variable)
        || expression.children().any(|child| mentions(child, variable))
}

/// The condition with `tenant` as what the row says. Nothing where it says none.
fn of_row(of: &Expression, entity: EntityId, tenant: Option<FieldIndex>) -> Option<Expression> {
    let inner = |of: &Expression| of_row(of, entity, tenant);
    let boxed = |of: &Expression| inner(of).map(Box::new);
    let all = |of: &[Expression]| of.iter().map(inner).collect::<Option<Vec<_>>>();
    let kind = match &of.kind {
        Kind::Variable(VariableIndex::TENANT) => {
            let kind = Kind::Variable(VariableIndex::SELF);
            let row = Expression { kind, ty: Type::Reference(entity), span: of.span };
            Kind::Field { of: Box::new(row), field: tenant? }
        }
        Kind::Literal(_) | Kind::Variable(_) | Kind::EntityRows(_) => of.kind.clone(),
        Kind::Field { of, field } => Kind::Field { of: boxed(of)?, field: *field },
        Kind::PartRows { of, part } => Kind::PartRows { of: boxed(of)?, part: *part },
        Kind::Not(of) => Kind::Not(boxed(of)?),
        Kind::Negate(of) => Kind::Negate(boxed(of)?),
        Kind::Binary(operator, left, right) => Kind::Binary(*operator, boxed(left)?, boxed(right)?),
        Kind::Conditional(test, then, otherwise) => {
            Kind::Conditional(boxed(test)?, boxed(then)?, boxed(otherwise)?)
        }
        Kind::Call(function, items) => Kind::Call(*function, all(items)?),
        Kind::List(items) => Kind::List(all(items)?),
        Kind::Comprehend { what, range, variable, body } => Kind::Comprehend {
            what: *what,
            range: boxed(range)?,
            variable: *variable,
            body: boxed(body)?,
        },
    };
    Some(Expression { kind, ty: of.ty.clone(), span: of.span })
}

/// The design as the compiler sees it for conditions over rows of everybody, each of which reaches
/// rows of its own tenant.
struct OfRow<'d> {
    design: &'d Design,
    owner: EntityId,
    /// The entities whose tables were named.
    read: RefCell<BTreeSet<EntityId>>,
}

impl Layout for OfRow<'_> {
    fn schema(&self) -> &Schema {
        Layout::schema(self.design)
    }

    fn table(&self, entity: EntityId) -> TableName<'_> {
        self.read.borrow_mut().insert(entity);
        let table = self.design.table(entity);
        TableName { schema: Cow::from(&*table.schema), name: Cow::from(&*table.name) }
    }

    fn part_table(&self, part: PartId) -> TableName<'_> {
        self.read.borrow_mut().insert(part.entity);
        let schema = Cow::from(&*self.design.table(part.entity).schema);
        TableName { schema, ..self.design.part_table(part) }
    }

    fn column(&self, entity: EntityId, field: FieldIndex) -> Cow<'_, str> {
        if field == TENANT {
            return Cow::from(TENANT_COLUMN);
        }
        Layout::column(self.design, entity, field)
    }

    fn part_column(&self, part: PartId, field: FieldIndex) -> Cow<'_, str> {
        self.design.part_column(part, field)
    }

    fn deleted_at(&self, entity: EntityId) -> Option<FieldIndex> {
        self.design.deleted_at(entity)
    }

    fn is_encrypted(&self, entity: EntityId, field: FieldIndex) -> bool {
        self.design.is_encrypted(entity, field)
    }

    fn is_part_encrypted(&self, part: PartId, field: FieldIndex) -> bool {
        self.design.is_part_encrypted(part, field)
    }

    fn visible(&self, entity: EntityId, alias: &str) -> Option<String> {
        let owned = |entity| tenancy::pooled(self.design, entity);
        let own = match (owned(self.owner), is_tenant(self.design, self.owner)) {
            (true, _) => TENANT_COLUMN,
            (_, true) => "id",
            _ => return None,
        };
        let test = || format!("{alias}.{} = {}.{}", quote(TENANT_COLUMN), quote(ALIAS), quote(own));
        owned(entity).then(test)
    }
}
