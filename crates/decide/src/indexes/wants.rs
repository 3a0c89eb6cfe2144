//! What operations ask of indexes, before anything is merged or left out.

use expression::{EntityId, FieldIndex, Type, ir::VariableIndex};
use model::model::{Authentication, BuiltIn, Operation, OperationId, OperationKind, Target};

use super::conditions::{Access, access, both, conjunction, searched_entities};
use crate::design::Index;
use crate::{
    facts::{self, Facts},
    numbers,
};

/// An index that an operation would use, and how much it would.
#[derive(Clone, Debug)]
pub struct Want {
    /// The index, not yet named.
    pub index: Index,
    /// The operation.
    pub operation: OperationId,
    /// Requests a second that would use it, times the rows it saves them from reading.
    pub benefit: f64,
}

/// Everything that operations want of the tables, by entity.
pub fn all(model: Facts<'_>) -> Vec<Vec<Want>> {
    let mut wants: Vec<Vec<Want>> = vec![Vec::new(); model.entities.len()];
    for (id, operation) in model.operations() {
        let of_list = match operation.target {
            Target::Entity(entity) => of_list(model, id, operation, entity),
            _ => Vec::new(),
        };
        for (entity, want) in of_list.into_iter().chain(of_conditions(model, id, operation)) {
            if let Some(wants) = wants.get_mut(entity.0 as usize) {
                wants.push(want);
            }
        }
    }
    wants
}

/// One index for each way in (a grant with the condition for everyone), sort order and filter.
fn of_list(
    model: Facts<'_>,
    id: OperationId,
    operation: &Operation,
    entity: EntityId,
) -> Vec<(EntityId, Want)> {
    if operation.kind != OperationKind::List {
        return Vec::new();
    }
    let fields = fields_of(model, entity, operation);
    let mut wants = Vec::new();
    for way in ways_in(model, operation) {
        let mut add = |columns: Vec<(FieldIndex, bool)>, share: f64| {
            let columns = way.equal.iter().map(|&field| (field, false)).chain(columns);
            wants.push((entity, want(model, id, entity, columns.collect(), &way, share)));
        };
        for (at, sort) in fields.sorts.iter().enumerate() {
            let share = if at == 0 { 1.0 } else { model.value(&numbers::SORT_SHARE) };
            add(vec![*sort], share);
        }
        if fields.sorts.is_empty() && !way.equal.is_empty() {
            add(Vec::new(), 1.0);
        }
        for filter in fields.filters.iter().filter(|filter| !way.equal.contains(filter)) {
            let sort = fields.sorts.first().filter(|(sort, _)| sort != filter);
            let columns = std::iter::once((*filter, false)).chain(sort.copied());
            add(columns.collect(), model.value(&numbers::FILTER_SHARE));
        }
        if let Some(near) = operation.near {
            add(vec![(near, false)], 1.0);
        }
    }
    wants
}

struct ListFields {
    sorts: Vec<(FieldIndex, bool)>,
    filters: Vec<FieldIndex>,
}

fn fields_of(model: Facts<'_>, entity: EntityId, operation: &Operation) -> ListFields {
    // A b-tree holds a list as a whole.
    let is_list = |at| matches!(model.entity(entity).field(at).ty.required(), Type::List { .. });
    ListFields {
        sorts: operation.sort.iter().map(|sort| (sort.field, sort.descending)).collect(),
        filters: operation.filter.iter().copied().filter(|at| !is_list(*at)).collect(),
    }
}

/// How the rows of a list are reached, for each actor that has a way of its own.
fn ways_in(model: Facts<'_>, operation: &Operation) -> Vec<Access> {
    let everyone = operation
        .condition
        .as_ref()
        .map_or_else(Access::default, |condition| access(condition, VariableIndex::SELF));
    let mut ways: Vec<Access> = Vec::new();
    let mut grants: Vec<_> = operation.by.iter().collect();
    grants.sort_by_key(|grant| model.actor(grant.actor).name.value.as_str());
    for grant in grants {
        if model.actor(grant.actor).authentication == Authentication::System {
            continue;
        }
        let own = grant
            .condition
            .as_ref()
            .map_or_else(Access::default, |condition| access(condition, VariableIndex::SELF));
        let way = both(own, everyone.clone());
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways
}

/// What `Entity.exists(...)` in conditions needs: equality on the rows it looks for.
fn of_conditions(
    model: Facts<'_>,
    id: OperationId,
    operation: &Operation,
) -> Vec<(EntityId, Want)> {
    let grants = operation.by.iter().filter_map(|grant| grant.condition.as_ref());
    let searched = grants.chain(&operation.condition).flat_map(searched_entities);
    let wanted = searched.filter(|(_, way)| !way.equal.is_empty()).map(|(entity, way)| {
        let columns = way.equal.iter().map(|&field| (field, false)).collect();
        (entity, want(model, id, entity, columns, &way, 1.0))
    });
    wanted.collect()
}

fn want(
    model: Facts<'_>,
    id: OperationId,
    entity: EntityId,
    mut fields: Vec<(FieldIndex, bool)>,
    way: &Access,
    share: f64,
) -> Want {
    let of = model.entity(entity);
    let geo = |field: FieldIndex| matches!(of.field(field).ty.required(), Type::Geo);
    if let Some(tie_break) = of.built_in(BuiltIn::Id)
        && !fields.iter().any(|&(field, _)| field == tie_break || geo(field))
    {
        fields.push((tie_break, false));
    }
    let rows = facts::rows_at_horizon(model, entity).map_or(f64::INFINITY, |rows| rows.value);
    let index = Index {
        name: String::new(),
        fields,
        unique: None,
        condition: conjunction(way.constant.clone()),
        live_only: of.soft_delete,
        because: vec![model.qualified_operation(id)],
    };
    let rate = facts::rate(model, model.operation(id)).value.mean;
    Want { index, operation: id, benefit: rate * share * rows.min(1e15) }
}
