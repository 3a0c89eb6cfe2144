//! What a single query may ask for. A graph lets the caller choose the work, so its depth and its
//! cost are bounded before anything runs.

use std::collections::BTreeSet;

use decide::Design;
use expression::{EntityId, Type};
use model::model::{Operation, OperationId, OperationKind, Target};

/// Most rows of a page, as over HTTP.
const PAGE: u64 = 1000;
/// Rows of a page where the caller says nothing, as over HTTP.
pub const USUAL_PAGE: u64 = 50;

/// The limits, with where they come from.
pub fn text(design: &Design, public: &[(OperationId, &Operation)]) -> String {
    let depth = depth(design, public);
    format!(
        "Limits: fields at most {depth} deep, which is what the deepest chain of references of this \
         schema needs; a cost of at most {PAGE}, where a field of a row counts nothing, a row one, and \
         a list the rows it may bring (`limit`, else {USUAL_PAGE}) times the cost of each; one \
         mutation and at most 10 fields of `Query` in a request. What asks for more is refused with \
         `query-too-costly` before anything is read. (House limits.)"
    )
}

/// The depth that the deepest useful query has: the operation, `items`, and each reference that can
/// be followed, with the leaf at its end.
pub fn depth(design: &Design, public: &[(OperationId, &Operation)]) -> usize {
    let gets = expandable(public);
    let targets = public.iter().filter_map(|(_, of)| match of.target {
        Target::Entity(entity) => Some(entity),
        _ => None,
    });
    let deepest = targets.map(|entity| chain(design, &gets, entity, &mut BTreeSet::new())).max();
    // The operation, the items of its page, a part, an object in a row (a sum of money), its leaf.
    5 + deepest.unwrap_or(0)
}

/// Entities whose rows can be read one by one.
pub fn expandable(public: &[(OperationId, &Operation)]) -> BTreeSet<EntityId> {
    let get = |of: &&Operation| {
        of.kind == OperationKind::Get && of.addressed == model::model::Addressed::Id
    };
    let gets = public.iter().map(|(_, of)| *of).filter(get);
    gets.filter_map(|of| match of.target {
        Target::Entity(entity) => Some(entity),
        _ => None,
    })
    .collect()
}

/// Longest way along references without meeting an entity twice.
fn chain(
    design: &Design,
    gets: &BTreeSet<EntityId>,
    entity: EntityId,
    seen: &mut BTreeSet<EntityId>,
) -> usize {
    // A graph of many references is cut: nobody reads further.
    if seen.len() >= 5 || !seen.insert(entity) {
        return 0;
    }
    let of = design.model.entity(entity);
    let own = of.fields.iter().filter(|field| field.built_in.is_none());
    let mut longest = 0;
    for field in own.chain(of.parts.iter().flat_map(|part| &part.fields)) {
        if let Type::Reference(target) = field.ty.required()
            && gets.contains(target)
            && !seen.contains(target)
        {
            longest = longest.max(1 + chain(design, gets, *target, seen));
        }
    }
    seen.remove(&entity);
    longest
}
