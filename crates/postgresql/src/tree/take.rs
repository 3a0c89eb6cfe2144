//! The rows of a tree from those of its statement.

use expression::Schema;
use runtime::store::{StoreError, TreeRow};

use super::build::Shape;
use crate::connection::Row;
use crate::decode::{self, Input, damaged};

/// Columns, one after the other: of a row, or of a record within one.
enum Values<'a> {
    Row(&'a Row, usize),
    Record(Input<'a>),
}

impl<'a> Values<'a> {
    fn record(raw: &'a [u8]) -> Result<Self, StoreError> {
        let mut input = Input(raw);
        input.int().ok_or_else(cut)?;
        Ok(Self::Record(input))
    }

    fn next(&mut self) -> Result<Option<&'a [u8]>, StoreError> {
        match self {
            Self::Row(row, at) => {
                *at += 1;
                decode::bytes(row, *at - 1)
            }
            Self::Record(input) => {
                // Its type, which the shape says.
                input.int().ok_or_else(cut)?;
                input.value().ok_or_else(cut)
            }
        }
    }
}

fn cut() -> StoreError {
    damaged("a record is shorter than its type says")
}

/// All rows.
pub(super) fn all(
    rows: &[Row],
    shape: &Shape,
    schema: &Schema,
) -> Result<Vec<TreeRow>, StoreError> {
    rows.iter().map(|found| row(Values::Row(found, 0), shape, schema)).collect()
}

fn row(mut values: Values<'_>, shape: &Shape, schema: &Schema) -> Result<TreeRow, StoreError> {
    let mut taken = TreeRow::default();
    if shape.id {
        let id = values.next()?.and_then(|raw| raw.try_into().ok());
        taken.id = id.map(u128::from_be_bytes).ok_or_else(|| damaged("an id has not 16 bytes"))?;
    }
    taken.fields.reserve_exact(shape.fields.len());
    for at in &shape.fields {
        let field = shape.columns.fields.get(usize::from(at.0));
        let field = field.ok_or_else(|| damaged("a field without columns"))?;
        let first = values.next()?;
        let second = if field.columns.len() == 2 { values.next()? } else { None };
        let value = decode::value(first, second, &field.ty, schema);
        taken.fields.push(value.ok_or_else(|| {
            damaged(format!("field {} holds what its type has no value for", at.0))
        })?);
    }
    for shape in &shape.references {
        let named = values.next()?;
        let named = named.map(|raw| row(Values::record(raw)?, shape, schema));
        taken.references.push(named.transpose()?);
    }
    for shape in &shape.parts {
        let records = decode::records(values.next()?).ok_or_else(cut)?;
        let rows = records.into_iter().map(|raw| row(Values::record(raw)?, shape, schema));
        taken.parts.push(rows.collect::<Result<_, _>>()?);
    }
    Ok(taken)
}
