//! What is not read with the tree itself: computed values, and rows that cannot be joined.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;

use expression::{Row, Value, ir::VariableIndex, row_id};

use super::planned::{Form, Item, Planned, Source, TreePlan};
use crate::operations::failure::Failure;
use crate::operations::walk;
use crate::operations::work::Work;
use crate::store::{Condition, Root, Snapshot, TreeQuery, TreeRow};

/// Rows that were read afterwards, by id.
pub(super) type Found = BTreeMap<u128, TreeRow>;

/// Computes what the operations compute of rows.
pub(super) fn computed<'f, X: Snapshot>(
    work: &'f mut Work<'_, X>,
    planned: &'f Planned,
    actors: &'f [Value],
    rows: &'f mut [TreeRow],
) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'f>> {
    Box::pin(async move {
        if !planned.computed.is_empty() {
            followed(work, planned, rows).await?;
            for row in rows.iter_mut() {
                row.computed = of_row(work, planned, actors, row).await?;
            }
        }
        for (slot, planned) in planned.references.iter().enumerate() {
            each(work, planned, actors, named(rows, slot)).await?;
        }
        for (part, references) in planned.parts.iter().enumerate() {
            for (slot, planned) in references.iter().enumerate() {
                each(work, planned, actors, named_in_part(rows, part, slot)).await?;
            }
        }
        Ok(())
    })
}

/// The rows that references at a place name.
fn named(rows: &mut [TreeRow], slot: usize) -> Vec<&mut TreeRow> {
    rows.iter_mut().filter_map(|row| row.references.get_mut(slot)?.as_mut()).collect()
}

/// The same of rows of a part.
fn named_in_part(rows: &mut [TreeRow], part: usize, slot: usize) -> Vec<&mut TreeRow> {
    let rows = rows.iter_mut().filter_map(|row| row.parts.get_mut(part)).flatten();
    rows.filter_map(|row| row.references.get_mut(slot)?.as_mut()).collect()
}

/// Computes for rows that are not side by side.
async fn each<X: Snapshot>(
    work: &mut Work<'_, X>,
    planned: &Planned,
    actors: &[Value],
    mut places: Vec<&mut TreeRow>,
) -> Result<(), Failure> {
    if !planned.computes() {
        return Ok(());
    }
    let mut rows: Vec<TreeRow> = places.iter_mut().map(|row| std::mem::take(*row)).collect();
    computed(work, planned, actors, &mut rows).await?;
    places.into_iter().zip(rows).for_each(|(place, row)| *place = row);
    Ok(())
}

impl Planned {
    /// Visits a row and those that its references name.
    fn visit(&self, row: &TreeRow, visit: &mut dyn FnMut(&Self, &TreeRow)) {
        visit(self, row);
        for (planned, named) in self.references.iter().zip(&row.references) {
            named.iter().for_each(|named| planned.visit(named, visit));
        }
        for (references, rows) in self.parts.iter().zip(&row.parts) {
            for row in rows {
                for (planned, named) in references.iter().zip(&row.references) {
                    named.iter().for_each(|named| planned.visit(named, visit));
                }
            }
        }
    }

    /// Whether anything is computed here or below.
    fn computes(&self) -> bool {
        !self.computed.is_empty()
            || self.references.iter().any(Self::computes)
            || self.parts.iter().flatten().any(Self::computes)
    }
}

/// Reads the rows that expressions follow references of these rows to, all at once.
async fn followed<X: Snapshot>(
    work: &mut Work<'_, X>,
    planned: &Planned,
    rows: &[TreeRow],
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    for field in walk::followed_by(&plans.model, planned.entity, &planned.computed) {
        let ty = &plans.model.entity(planned.entity).field(field).ty;
        let expression::Type::Reference(entity) = ty.required() else { continue };
        let values = rows.iter().filter_map(|row| row.fields.get(usize::from(field.0)));
        let ids: BTreeSet<u128> = values.filter_map(row_id).collect();
        let ids: Vec<u128> = ids.into_iter().collect();
        for (id, row) in ids.iter().zip(work.store.rows(*entity, &ids).await?) {
            // Deleted ones are read where they are needed.
            if let Some(row) = row {
                work.seen((*entity, *id), row);
            }
        }
    }
    Ok(())
}

async fn of_row<X: Snapshot>(
    work: &mut Work<'_, X>,
    planned: &Planned,
    actors: &[Value],
    row: &TreeRow,
) -> Result<Vec<Value>, Failure> {
    let part = |rows: &Vec<TreeRow>| rows.iter().map(|row| Arc::from(row.fields.clone())).collect();
    let whole = Arc::new(Row {
        entity: planned.entity,
        fields: row.fields.clone(),
        parts: row.parts.iter().map(part).collect(),
    });
    work.seen((planned.entity, row.id), whole.clone());
    let scope = work
        .scope()
        .with(VariableIndex::SELF, Value::Row(whole))
        .with(VariableIndex::ACTOR, actors.get(planned.actor).cloned().unwrap_or_default());
    let mut values = Vec::with_capacity(planned.computed.len());
    for expression in &planned.computed {
        values.push(work.evaluate(expression, &scope).await?);
    }
    Ok(values)
}

/// Reads the rows that cannot be joined: those that values of these rows name, then what values of
/// those name, and so on. What comes later has a greater number.
pub(super) async fn later<X: Snapshot>(
    work: &mut Work<'_, X>,
    plan: &TreePlan,
    (doors, actors): (Vec<Vec<Condition>>, &[Value]),
    rows: &[TreeRow],
) -> Result<Vec<Found>, Failure> {
    if plan.laters.is_empty() {
        return Ok(Vec::new());
    }
    let mut wanted = Wanted::default();
    rows.iter().for_each(|row| wanted.of_row(&plan.planned, row));
    let mut all = Vec::with_capacity(plan.laters.len());
    for (number, later) in plan.laters.iter().enumerate() {
        let Some(ids) = wanted.0.remove(&number) else {
            all.push(Found::new());
            continue;
        };
        let conditions = doors.get(later.door).cloned().unwrap_or_default();
        let root = Root::Rows { ids: ids.into_iter().collect(), conditions };
        let query = TreeQuery { root, shape: later.shape.clone(), doors: doors.clone() };
        let mut tree = work.store.tree(&query).await?;
        computed(work, &later.planned, actors, &mut tree.rows).await?;
        tree.rows.iter().for_each(|row| wanted.of_row(&later.planned, row));
        all.push(tree.rows.into_iter().map(|row| (row.id, row)).collect());
    }
    Ok(all)
}

/// Notes the rows that the caller gets to see, where that is to be recorded.
pub(super) fn shown<X>(work: &mut Work<'_, X>, plan: &TreePlan, rows: &[TreeRow], found: &[Found]) {
    let plans = work.plans.clone();
    if !plans.journals.any() {
        return;
    }
    let mut seen = |planned: &Planned, row: &TreeRow| {
        if plans.journals.reads(planned.entity) {
            work.shown.push((planned.entity, row.id));
        }
    };
    rows.iter().for_each(|row| plan.planned.visit(row, &mut seen));
    for (later, found) in plan.laters.iter().zip(found) {
        found.values().for_each(|row| later.planned.visit(row, &mut seen));
    }
}

/// Ids of rows that are still to be read.
#[derive(Debug, Default)]
struct Wanted(BTreeMap<usize, BTreeSet<u128>>);

impl Wanted {
    fn of_row(&mut self, planned: &Planned, row: &TreeRow) {
        self.of_items(&planned.items, &row.fields, &row.computed, Some(row));
        for (planned, named) in planned.references.iter().zip(&row.references) {
            named.iter().for_each(|named| self.of_row(planned, named));
        }
        for (references, rows) in planned.parts.iter().zip(&row.parts) {
            for (planned, named) in
                rows.iter().flat_map(|row| references.iter().zip(&row.references))
            {
                named.iter().for_each(|named| self.of_row(planned, named));
            }
        }
    }

    fn of_items(
        &mut self,
        items: &[Item],
        values: &[Value],
        computed: &[Value],
        row: Option<&TreeRow>,
    ) {
        for item in items {
            match &item.source {
                Source::Field(at, _, Form::Object(inner)) => {
                    values.get(*at).into_iter().for_each(|value| self.of_value(inner, value));
                }
                Source::Computed(at, _, Form::Object(inner)) => {
                    computed.get(*at).into_iter().for_each(|value| self.of_value(inner, value));
                }
                Source::Part(slot, _, inner) => {
                    let rows = row.and_then(|row| row.parts.get(*slot)).into_iter().flatten();
                    rows.for_each(|row| self.of_items(inner, &row.fields, &[], Some(row)));
                }
                Source::Group(inner) => self.of_items(inner, values, computed, row),
                Source::Later(of, number) => {
                    let value = match **of {
                        Source::Field(at, ..) => values.get(at),
                        Source::Computed(at, ..) => computed.get(at),
                        _ => None,
                    };
                    let id = value.and_then(row_id);
                    self.0.entry(*number).or_default().extend(id);
                }
                _ => {}
            }
        }
    }

    fn of_value(&mut self, items: &[Item], value: &Value) {
        match value {
            Value::List(all) => all.iter().for_each(|value| self.of_value(items, value)),
            Value::Record(values) => self.of_items(items, values, &[], None),
            _ => {}
        }
    }
}
