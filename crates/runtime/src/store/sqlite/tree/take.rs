//! The rows of a tree from those of its statement.

use std::collections::BTreeMap;

use expression::Schema;
use expression::sql::SqlValue;
use rusqlite::Rows;

use super::super::{codec, failure};
use super::build::{Shape, Shapes};
use crate::store::{StoreError, TreeRow};

/// Rows of a part by the id of their owner, each with its position.
type ByOwner = BTreeMap<u128, Vec<(i64, TreeRow)>>;

/// Takes one statement's rows apart.
struct Taking<'s> {
    schema: &'s Schema,
    raw: Vec<SqlValue>,
}

/// The rows of the root with all that hangs on them; nothing where these are several, and more than
/// so many bytes.
pub(super) fn all(
    rows: &mut Rows<'_>,
    shapes: &Shapes<'_>,
    schema: &Schema,
    enough: usize,
) -> Result<Option<Vec<TreeRow>>, StoreError> {
    let mut taking = Taking { schema, raw: Vec::with_capacity(2) };
    let mut found = Vec::new();
    let mut parts: Vec<ByOwner> = shapes.0.iter().map(|_| BTreeMap::new()).collect();
    let mut taken = 0_usize;
    while let Some(row) = rows.next()? {
        let select = usize::from(row.get::<_, u16>(0)?);
        let shape = shapes.0.get(select).and_then(Option::as_ref);
        let (Some(shape), Some(of)) = (shape, parts.get_mut(select)) else {
            return Err(failure::damaged("a row of no part of its statement"));
        };
        let value = taking.row(row, shape)?;
        taken = taken.saturating_add(value.as_ref().map_or(0, size));
        if taken > enough && found.len() > 1 {
            return Ok(None);
        }
        match (select, value) {
            (_, None) => {}
            (0, Some(value)) => found.push(value),
            (_, Some(value)) => {
                of.entry(codec::id(row, 1)?).or_default().push((row.get(2)?, value));
            }
        }
    }
    for of in parts.iter_mut().flat_map(BTreeMap::values_mut) {
        of.sort_by_key(|(position, _)| *position);
    }
    if parts.len() > 1
        && let Some(Some(root)) = shapes.0.first()
    {
        found.iter_mut().for_each(|row| attach(row, root, shapes, &parts));
    }
    Ok(Some(found))
}

/// Bytes of a row and of those that its references name.
fn size(row: &TreeRow) -> usize {
    let named = row.references.iter().flatten().map(size).sum::<usize>();
    crate::store::size::of(&row.fields) + named
}

/// Gives a row, and those that its references name, the rows of their parts. Several may name the
/// same row, and each has all of it.
fn attach(row: &mut TreeRow, shape: &Shape<'_>, shapes: &Shapes<'_>, parts: &[ByOwner]) {
    for (named, shape) in row.references.iter_mut().zip(&shape.references) {
        if let Some(named) = named {
            attach(named, shape, shapes, parts);
        }
    }
    for &select in &shape.parts {
        let of = parts.get(select).and_then(|of| of.get(&row.id));
        let mut of: Vec<TreeRow> = of.into_iter().flatten().map(|(_, row)| row.clone()).collect();
        if let Some(Some(shape)) = shapes.0.get(select) {
            of.iter_mut().for_each(|row| attach(row, shape, shapes, parts));
        }
        row.parts.push(of);
    }
}

impl Taking<'_> {
    /// The row that begins here; `None` where a reference names none.
    fn row(
        &mut self,
        row: &rusqlite::Row<'_>,
        shape: &Shape<'_>,
    ) -> Result<Option<TreeRow>, StoreError> {
        let id = match shape.id {
            None => 0,
            Some(at) if row.get_ref(at)? == rusqlite::types::ValueRef::Null => return Ok(None),
            Some(at) => codec::id(row, at)?,
        };
        let mut taken = TreeRow { id, ..TreeRow::default() };
        taken.fields.reserve_exact(shape.fields.len());
        for &(field, at) in &shape.fields {
            let known = shape.columns.fields.get(usize::from(field.0));
            let known = known.ok_or_else(|| failure::damaged("a field without columns"))?;
            let (columns, raw) = (shape.columns, &mut self.raw);
            taken.fields.push(codec::decode_at(row, at, columns, known, self.schema, raw)?);
        }
        taken.references.reserve_exact(shape.references.len());
        for shape in &shape.references {
            taken.references.push(self.row(row, shape)?);
        }
        Ok(Some(taken))
    }
}
