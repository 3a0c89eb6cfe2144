//! References between what is shared and what belongs to tenants, where tenants have databases of
//! their own: no key of a database holds them, so stores do.

use decide::{Design, sealed, tenancy};
use expression::{EntityId, FieldIndex, FieldShape, Row, Type};

/// A reference from one database to another.
#[derive(Clone, Debug)]
pub struct Crossing {
    /// The entity whose rows refer.
    pub from: EntityId,
    /// Its part whose rows refer, by its place; the row itself without one.
    pub part: Option<usize>,
    /// The field of the row, or of rows of the part, as it is stored.
    pub field: FieldIndex,
    /// The entity that is referred to.
    pub to: EntityId,
    /// Whether the rows that refer belong to tenants; else those that are referred to do.
    pub owned: bool,
}

impl Crossing {
    /// What a row refers to by it.
    pub fn ids<'a>(&self, row: &'a Row) -> impl Iterator<Item = u128> + use<'a> {
        let field = usize::from(self.field.0);
        let own = self.part.is_none().then(|| row.fields.get(field));
        let of_parts = self.part.and_then(|at| row.parts.get(at)).into_iter().flatten();
        let of_parts = of_parts.map(move |values| values.get(field));
        own.into_iter().chain(of_parts).flatten().filter_map(expression::row_id)
    }
}

/// All of them. Between contexts there are none: what is referred to there may go.
#[must_use]
pub fn crossings(design: &Design) -> Vec<Crossing> {
    let mut found = Vec::new();
    for table in &design.tables {
        let from = table.entity;
        let parts = (0..table.parts.len())
            .map(|at| (Some(at), sealed::stored_part(&design.model, from, at)));
        let own = (None, sealed::stored(&design.model, from));
        for (part, fields) in std::iter::once(own).chain(parts) {
            let crossing = |(field, shape): (u16, &FieldShape)| {
                let field = FieldIndex(field);
                let (to, owned) = crosses(design, from, shape)?;
                Some(Crossing { from, part, field, to, owned })
            };
            found.extend((0..).zip(&fields).filter_map(crossing));
        }
    }
    found
}

fn crosses(design: &Design, from: EntityId, shape: &FieldShape) -> Option<(EntityId, bool)> {
    let Type::Reference(to) = shape.ty.required() else { return None };
    let context = |entity| design.model.entity(entity).context;
    let owned = tenancy::pooled(design, from);
    let crosses = context(from) == context(*to) && owned != tenancy::pooled(design, *to);
    (crosses && shape.name != "id").then_some((*to, owned))
}
