//! Which references of an answer can be followed in the same request, and what that may cost.
//!
//! A reference expands only through the `get` by id of its target (language reference, section 5):
//! its grants and its `where` decide, for each row, whether the caller sees it. A graph lets
//! callers choose the work, so its depth and its cost are bounded before anything is read.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use expression::{EntityId, Type};
use model::model::{
    Addressed, Authentication, ContextId, Operation, OperationId, OperationKind, OutputValue,
    Target,
};

use crate::Design;
use crate::deployables;

/// Most that a query may cost: the rows that it may bring. As many as the longest page has.
pub const COST: u64 = 1000;
/// Longest chain of references that is followed, whatever the design: nobody reads further.
const LONGEST: usize = 5;

/// Ways from rows to rows, worked out once.
#[derive(Clone, Debug, Default)]
pub struct Expansions {
    through: BTreeMap<EntityId, OperationId>,
    /// Contexts by the position of their deployable.
    deployable: BTreeMap<ContextId, usize>,
    deepest: usize,
}

/// A reference in an answer that can be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expandable {
    /// Its name, behind that of its part if it is in one: `customer`, `lines.product`.
    pub path: String,
    /// Position of the property, or of the part, among the operation's `fields`.
    pub property: usize,
    /// Position among the part's returned fields.
    pub within: Option<usize>,
    /// The `get` through which it is followed.
    pub through: OperationId,
    /// Rows that it brings for each row of the answer, as the model states them.
    pub rows: u64,
}

impl Expansions {
    /// Those of a design.
    #[must_use]
    pub fn of(design: &Design) -> Self {
        let mut through: BTreeMap<EntityId, OperationId> = BTreeMap::new();
        for (id, operation) in design.model.operations() {
            let (true, Some(entity)) = (gets(design, id, operation), operation.entity()) else {
                continue;
            };
            let known = through.entry(entity).or_insert(id);
            if rank(design, operation) < rank(design, design.model.operation(*known)) {
                *known = id;
            }
        }
        let deployables = deployables::of(design);
        let contexts =
            (0..).zip(&deployables).flat_map(|(at, of)| of.contexts.iter().map(move |c| (*c, at)));
        let mut all = Self { through, deployable: contexts.collect(), deepest: 0 };
        let entities = all.through.keys().copied().collect::<Vec<_>>();
        for entity in entities {
            if all.deepest < LONGEST {
                let chain = 1 + all.chain(design, entity, &mut BTreeSet::new());
                all.deepest = all.deepest.max(chain.min(LONGEST));
            }
        }
        all
    }

    /// The operation through which rows of an entity are seen from others: of its public `get`s by
    /// id the one that is open to most, and of several such the first by name.
    #[must_use]
    pub fn through(&self, entity: EntityId) -> Option<OperationId> {
        self.through.get(&entity).copied()
    }

    /// The operations through which references are followed.
    pub fn gets(&self) -> impl Iterator<Item = OperationId> {
        self.through.values().copied()
    }

    /// The longest chain of references that a request may follow: as long as the design has one
    /// that meets no entity twice, and not above five.
    #[must_use]
    pub const fn deepest(&self) -> usize {
        self.deepest
    }

    /// References in the answer of an operation that can be followed where it is a `get` or `list`.
    /// Those to contexts that are deployed apart cannot: their rows are elsewhere.
    #[must_use]
    pub fn references(&self, design: &Design, operation: &Operation) -> Vec<Expandable> {
        let Some(entity) = entity_of(operation) else { return Vec::new() };
        let shape = design.model.shape(entity);
        let mut all = Vec::new();
        for (property, field) in operation.fields.iter().enumerate() {
            let one = |ty: &Type, path: String, within, rows| {
                let through = self.follows(design, operation.context, ty)?;
                Some(Expandable { path, property, within, through, rows })
            };
            match &field.value {
                // The id names the row itself.
                OutputValue::Field(at) if at.0 == 0 => {}
                OutputValue::Field(at) => {
                    let ty = shape.fields.get(usize::from(at.0)).map(|field| &field.ty);
                    all.extend(ty.and_then(|ty| one(ty, field.name.clone(), None, 1)));
                }
                OutputValue::Expression(expression) => {
                    all.extend(one(&expression.ty, field.name.clone(), None, 1));
                }
                OutputValue::Part(part, fields) => {
                    let Some(rows) = shape.parts.get(usize::from(*part)) else { continue };
                    let count = part_rows(design, entity, *part);
                    for (within, at) in fields.iter().enumerate() {
                        let Some(inner) = rows.fields.get(usize::from(at.0)) else { continue };
                        let path = format!("{}.{}", field.name, inner.name);
                        all.extend(one(&inner.ty, path, Some(within), count));
                    }
                }
            }
        }
        all
    }

    /// All ways that a request for an operation may follow, the short ones first, at most so many.
    #[must_use]
    pub fn paths(&self, design: &Design, operation: &Operation, most: usize) -> Vec<String> {
        let mut all: Vec<(String, usize, OperationId)> = Vec::new();
        let first = self.references(design, operation);
        all.extend(first.into_iter().map(|known| (known.path, 1, known.through)));
        let mut at = 0;
        while let Some((path, length, through)) = all.get(at).cloned().filter(|_| all.len() < most)
        {
            let next = self.references(design, design.model.operation(through));
            let next = next.into_iter().filter(|_| length < self.deepest);
            all.extend(
                next.map(|known| (format!("{path}.{}", known.path), length + 1, known.through)),
            );
            at += 1;
        }
        all.truncate(most);
        all.into_iter().map(|(path, ..)| path).collect()
    }

    fn follows(&self, design: &Design, from: ContextId, ty: &Type) -> Option<OperationId> {
        let Type::Reference(target) = ty.required() else { return None };
        let through = self.through(*target)?;
        let to = design.model.operation(through).context;
        let together = from == to || self.deployable.get(&from) == self.deployable.get(&to);
        together.then_some(through)
    }

    /// Longest way along references without meeting an entity twice.
    fn chain(&self, design: &Design, entity: EntityId, seen: &mut BTreeSet<EntityId>) -> usize {
        // A graph of many references is cut.
        let most = LONGEST.saturating_sub(seen.len() + 1);
        if seen.len() >= LONGEST || !seen.insert(entity) {
            return 0;
        }
        let shape = design.model.shape(entity);
        let parts = shape.parts.iter().flat_map(|part| &part.fields);
        let mut longest = 0;
        let fields: BTreeSet<EntityId> = shape
            .fields
            .iter()
            .skip(1)
            .chain(parts)
            .filter_map(|field| match field.ty.required() {
                Type::Reference(target) => Some(*target),
                _ => None,
            })
            .collect();
        for target in fields {
            if longest == most {
                break;
            }
            if self.through.contains_key(&target) && !seen.contains(&target) {
                longest = longest.max(1 + self.chain(design, target, seen));
            }
        }
        seen.remove(&entity);
        longest
    }
}

/// What comes first of several `get`s of an entity: who may ask without a condition, who at all.
fn rank<'d>(design: &Design, of: &'d Operation) -> (Reverse<[usize; 3]>, bool, &'d str) {
    let open = of.by.iter().filter(|grant| grant.condition.is_none());
    let anybody = open
        .clone()
        .filter(|grant| design.model.actor(grant.actor).authentication == Authentication::None);
    let admits = [anybody.count(), open.count(), of.by.len()];
    (Reverse(admits), of.condition.is_some(), &of.name.value)
}

/// Rows of a part for each row of its entity, as the model states them, at least one.
#[must_use]
pub fn part_rows(design: &Design, entity: EntityId, part: u16) -> u64 {
    let part = design.model.entity(entity).parts.get(usize::from(part));
    let rows = part.and_then(|part| part.rows.as_ref()).map_or(1.0, |rows| rows.value);
    let rows = rows.ceil().clamp(1.0, COST as f64);
    // Within its bounds, so nothing is lost.
    rows as u64
}

/// Whether a request for an operation may follow references.
#[must_use]
pub const fn reads(operation: &Operation) -> bool {
    matches!(operation.kind, OperationKind::Get | OperationKind::List)
}

const fn entity_of(operation: &Operation) -> Option<EntityId> {
    match operation.target {
        Target::Entity(entity) => Some(entity),
        _ => None,
    }
}

fn gets(design: &Design, id: OperationId, operation: &Operation) -> bool {
    operation.kind == OperationKind::Get
        && operation.addressed == Addressed::Id
        && entity_of(operation).is_some()
        // Nobody says what it is asked with.
        && operation.input.parameters.is_empty()
        && design.route(id).is_some_and(|route| route.not_served.is_none())
}
