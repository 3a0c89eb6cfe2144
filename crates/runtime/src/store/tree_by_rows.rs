//! Trees for a store that has no statement for them yet: row by row. What is read is the same, in
//! more statements.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use expression::{EntityId, FieldIndex, Row, Value, row_id};

use super::{Condition, Level, Reference, Root, Snapshot, StoreError, Tree, TreeQuery, TreeRow};

/// A row, and what hangs on it, on its way.
type Growing<'f, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'f>>;

/// Rows with the rows around them.
///
/// # Errors
/// Those of the store.
pub async fn tree<X: Snapshot + ?Sized>(
    store: &mut X,
    query: &TreeQuery,
) -> Result<Tree, StoreError> {
    let entity = query.level().entity;
    let (found, more) = match &query.root {
        Root::Page(page) => {
            let page = store.page(page).await?;
            (page.rows, page.more)
        }
        Root::Row { field, value, conditions } => {
            let row = store.find(entity, &[(*field, value.clone())]).await?;
            (admitted(store, entity, row, conditions).await?.into_iter().collect(), false)
        }
        Root::Rows { ids, conditions } => {
            let mut rows = Vec::new();
            for row in store.rows(entity, ids).await? {
                rows.extend(admitted(store, entity, row, conditions).await?);
            }
            (rows, false)
        }
    };
    let mut rows = Vec::with_capacity(found.len());
    let mut known = Known::new();
    for row in found {
        rows.push(grown(store, query, query.level(), row, &mut known).await?);
    }
    Ok(Tree { rows, more })
}

async fn admitted<X: Snapshot + ?Sized>(
    store: &mut X,
    entity: EntityId,
    row: Option<Arc<Row>>,
    conditions: &[Condition],
) -> Result<Option<Arc<Row>>, StoreError> {
    let Some(row) = row else { return Ok(None) };
    let Some(id) = row_id(&Value::Row(row.clone())) else { return Ok(None) };
    let admitted = conditions.is_empty() || store.satisfies(entity, id, conditions).await?;
    Ok(admitted.then_some(row))
}

/// Rows that references name, by the place of the reference in the question.
type Known = BTreeMap<(usize, u128), Option<TreeRow>>;

fn grown<'f, X: Snapshot + ?Sized>(
    store: &'f mut X,
    query: &'f TreeQuery,
    level: &'f Level,
    row: Arc<Row>,
    known: &'f mut Known,
) -> Growing<'f, TreeRow> {
    Box::pin(async move {
        let id = row_id(&Value::Row(row.clone())).unwrap_or_default();
        let mut grown = TreeRow { id, ..TreeRow::default() };
        grown.fields = level.fields.iter().map(|at| value(&row.fields, *at)).collect();
        grown.references = named(store, query, &level.references, &row.fields, known).await?;
        for part in &level.parts {
            let mut rows = Vec::new();
            for values in row.parts.get(usize::from(part.part)).into_iter().flatten() {
                let fields = part.fields.iter().map(|at| value(values, *at)).collect();
                let references = named(store, query, &part.references, values, known).await?;
                rows.push(TreeRow { fields, references, ..TreeRow::default() });
            }
            grown.parts.push(rows);
        }
        Ok(grown)
    })
}

async fn named<X: Snapshot + ?Sized>(
    store: &mut X,
    query: &TreeQuery,
    references: &[Reference],
    values: &[Value],
    known: &mut Known,
) -> Result<Vec<Option<TreeRow>>, StoreError> {
    let mut all = Vec::with_capacity(references.len());
    for reference in references {
        let Some(id) = row_id(&value(values, reference.field)) else {
            all.push(None);
            continue;
        };
        let place = (std::ptr::from_ref(reference).addr(), id);
        if let Some(found) = known.get(&place) {
            all.push(found.clone());
            continue;
        }
        let entity = reference.level.entity;
        let row = store.row(entity, id).await?;
        let found = match admitted(store, entity, row, query.door(reference)?).await? {
            Some(row) => Some(grown(store, query, &reference.level, row, known).await?),
            None => None,
        };
        known.insert(place, found.clone());
        all.push(found);
    }
    Ok(all)
}

fn value(values: &[Value], at: FieldIndex) -> Value {
    values.get(usize::from(at.0)).cloned().unwrap_or_default()
}
