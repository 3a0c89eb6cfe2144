//! The order of a page whose rows come from several databases.

use std::cmp::Ordering;
use std::sync::Arc;

use expression::{Row, Value};
use runtime::store::changes::row_id;
use runtime::store::tables::Column;
use runtime::store::{PageQuery, Sort, StoreError, keyset};

use crate::plan::Plan;
use crate::wire::{self, Bind, Wire};

/// Where a row stands in a page: by each field of the sort, nulls last, then by id.
pub(super) struct Key(Vec<Option<Vec<Bind>>>, u128);

impl Key {
    pub fn of(plan: &Plan, query: &PageQuery, row: &Arc<Row>) -> Result<Self, StoreError> {
        let stored = |sort: &Sort| {
            let value = row.fields.get(usize::from(sort.field.0)).unwrap_or(&Value::Null);
            if value.is_null() {
                return Ok(None);
            }
            if let (Some(near), Value::Geo(place)) =
                (keyset::nearest(sort, query.near.as_ref()), value)
            {
                return Ok(Some(vec![Bind::Real(near.distance(place))]));
            }
            let encode = |(column, wire): (&Column, Wire)| {
                wire::encode(value, column.encoding, wire, &column.name)
            };
            plan.sorted(sort.field).map(encode).collect::<Result<_, StoreError>>().map(Some)
        };
        let values = query.sort.iter().map(stored).collect::<Result<_, StoreError>>()?;
        Ok(Self(values, row_id(row).unwrap_or_default()))
    }

    pub fn compare(&self, other: &Self, sort: &[Sort]) -> Ordering {
        let by_columns = |a: &Vec<Bind>, b: &Vec<Bind>| keyset::in_turn(a, b, stored);
        keyset::compare(sort, (&self.0, &other.0), by_columns).then(self.1.cmp(&other.1))
    }
}

/// As PostgreSQL compares values of one column.
fn stored(a: &Bind, b: &Bind) -> Ordering {
    match (a, b) {
        (Bind::Bool(a), Bind::Bool(b)) => a.cmp(b),
        (Bind::Int(a), Bind::Int(b)) | (Bind::Timestamp(a), Bind::Timestamp(b)) => a.cmp(b),
        (Bind::Numeric(a), Bind::Numeric(b)) => a.cmp(b),
        (Bind::Real(a), Bind::Real(b)) => a.total_cmp(b),
        (Bind::Text(a), Bind::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Bind::Date(a), Bind::Date(b)) => a.cmp(b),
        (Bind::Time(a), Bind::Time(b)) => a.cmp(b),
        (Bind::Uuid(a), Bind::Uuid(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}
