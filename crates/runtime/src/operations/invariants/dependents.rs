//! Which invariants read which fields of other rows, by the references that they follow.

use std::collections::{BTreeMap, BTreeSet};

use expression::ir::{Binary, Comprehension, Expression, Kind, VariableIndex};
use expression::{EntityId, FieldIndex, Row, Type, Value};
use model::Model;

use crate::operations::tenancy::Tenants;
use crate::operations::walk::within;
use crate::store::{Predicate, Store};

/// All of them, by the entity whose rows are read.
#[derive(Debug, Default)]
pub(crate) struct Dependents {
    of: BTreeMap<EntityId, Vec<Dependent>>,
    /// References of rows, and of rows of their parts, that their own invariants follow.
    followed: BTreeMap<EntityId, BTreeSet<(Option<u16>, FieldIndex)>>,
}

/// An invariant that reads a row of another entity.
#[derive(Debug)]
pub(crate) struct Dependent {
    /// Whose invariant it is.
    pub entity: EntityId,
    /// Its place among those of the entity.
    pub invariant: usize,
    /// What it reads of the other row.
    fields: BTreeSet<FieldIndex>,
    parts: BTreeSet<u16>,
    /// Which rows lead to the other one, which is `each`; all of them where that has no SQL.
    pub anchor: Option<Predicate>,
    /// Which of those break the invariant; where that has no SQL, they are looked at one by one.
    pub broken: Option<Predicate>,
    /// Whether the other row is `tenant`.
    pub is_tenant: bool,
    /// Where `tenant` leads to the other row, which is `each`: that it does.
    pub of_tenant: Option<Expression>,
    /// Whether the invariant reads `tenant`.
    pub by_tenant: bool,
    /// Whether several rows decide together: then they change one after the other.
    pub in_turn: bool,
    /// Whether all of those rows belong to one tenant.
    pub within_tenant: bool,
}

impl Dependent {
    /// Whether a change of the other row is about what is read.
    pub fn reads_change(&self, before: &Row, now: &Row) -> bool {
        let field = |at: &FieldIndex| {
            before.fields.get(usize::from(at.0)) != now.fields.get(usize::from(at.0))
        };
        let part = |at: &u16| before.parts.get(usize::from(*at)) != now.parts.get(usize::from(*at));
        self.fields.iter().any(field) || self.parts.iter().any(part)
    }
}

impl Dependents {
    /// Those of a model.
    pub fn of<S: Store>(model: &Model, tenants: Option<&Tenants>, store: &S) -> Self {
        let mut all = Self::default();
        for (entity, definition) in model.entities() {
            for (at, invariant) in definition.invariants.iter().enumerate() {
                all.add(store, (entity, at), &invariant.condition, tenants);
            }
        }
        all
    }

    /// The invariants that read rows of an entity.
    pub fn on(&self, entity: EntityId) -> &[Dependent] {
        self.of.get(&entity).map(Vec::as_slice).unwrap_or_default()
    }

    /// References of rows of an entity, or of one of their parts, that their invariants follow.
    pub fn followed(
        &self,
        entity: EntityId,
    ) -> impl Iterator<Item = (Option<u16>, FieldIndex)> + '_ {
        self.followed.get(&entity).into_iter().flatten().copied()
    }

    fn add<S: Store>(
        &mut self,
        store: &S,
        (entity, invariant): (EntityId, usize),
        condition: &Expression,
        tenants: Option<&Tenants>,
    ) {
        let mut reads = Vec::new();
        visit(condition, &mut Vec::new(), &mut reads);
        let mut found: Vec<(Read<'_>, Dependent)> = Vec::new();
        for read in reads {
            self.followed.entry(entity).or_default().extend(read.own_reference());
            let path = path(read.of);
            let same =
                |(of, _): &&mut (Read<'_>, Dependent)| path.is_some() && self::path(of.of) == path;
            if let Some((_, dependent)) = found.iter_mut().find(same) {
                read.what.add_to(dependent);
                continue;
            }
            // What questions about all rows of an entity read is theirs to keep.
            let Ok(anchor) = read.anchor() else { continue };
            let of_tenant = anchor.clone().filter(|of| !mentions(of, VariableIndex::SELF));
            let mut dependent = Dependent {
                entity,
                invariant,
                fields: BTreeSet::new(),
                parts: BTreeSet::new(),
                anchor: anchor.as_ref().and_then(|anchor| store.predicate(entity, anchor).ok()),
                broken: store.predicate(entity, &broken(anchor, condition)).ok(),
                is_tenant: matches!(read.of.kind, Kind::Variable(VariableIndex::TENANT)),
                of_tenant,
                by_tenant: mentions(condition, VariableIndex::TENANT),
                in_turn: false,
                within_tenant: false,
            };
            read.what.add_to(&mut dependent);
            found.push((read, dependent));
        }
        let owned = |of: EntityId| tenants.is_some_and(|tenants| tenants.owns(of));
        let within_tenant = owned(entity) && found.iter().all(|(read, _)| owned(read.target));
        let one = found.iter().all(|(read, _)| path(read.of).is_some_and(|path| path.len() < 3));
        let in_turn = found.len() > 1 || !one;
        for (read, dependent) in found {
            let dependent = Dependent { in_turn, within_tenant, ..dependent };
            self.of.entry(read.target).or_default().push(dependent);
        }
    }
}

/// A place where an invariant reads another row.
struct Read<'e> {
    /// What leads to the row.
    of: &'e Expression,
    target: EntityId,
    what: What,
    /// The variables that are bound there, with what they range over.
    bound: Vec<(VariableIndex, &'e Expression)>,
}

/// What is read of a row.
enum What {
    Field(FieldIndex),
    Part(u16),
}

impl What {
    fn add_to(&self, dependent: &mut Dependent) {
        match self {
            Self::Field(field) => drop(dependent.fields.insert(*field)),
            Self::Part(part) => drop(dependent.parts.insert(*part)),
        }
    }
}

fn visit<'e>(
    expression: &'e Expression,
    bound: &mut Vec<(VariableIndex, &'e Expression)>,
    reads: &mut Vec<Read<'e>>,
) {
    let read = match &expression.kind {
        // An id never changes.
        Kind::Field { field: FieldIndex(0), .. } => None,
        Kind::Field { of, field } => Some((&**of, What::Field(*field))),
        Kind::PartRows { of, part } => Some((&**of, What::Part(part.index))),
        _ => None,
    };
    if let Some((of, what)) = read
        && let Type::Reference(target) = of.ty.required()
        && of.kind != Kind::Variable(VariableIndex::SELF)
    {
        reads.push(Read { of, target: *target, what, bound: bound.clone() });
    }
    if let Kind::Comprehend { range, variable, body, .. } = &expression.kind {
        visit(range, bound, reads);
        bound.push((*variable, range));
        visit(body, bound, reads);
        bound.pop();
    } else {
        expression.children().for_each(|child| visit(child, bound, reads));
    }
}

/// That what leads to a row is about one of all rows of an entity.
struct AboutAllRows;

impl Read<'_> {
    /// The reference, if it is one of `self` or of a row of a part.
    fn own_reference(&self) -> Option<(Option<u16>, FieldIndex)> {
        let Kind::Field { of, field } = &self.of.kind else { return None };
        let Kind::Variable(variable) = of.kind else { return None };
        if variable == VariableIndex::SELF {
            return Some((None, *field));
        }
        match &base(self.range(variable)?).kind {
            Kind::PartRows { of, part } if of.kind == Kind::Variable(VariableIndex::SELF) => {
                Some((Some(part.index), *field))
            }
            _ => None,
        }
    }

    fn range(&self, variable: VariableIndex) -> Option<&Expression> {
        let mut bound = self.bound.iter().rev();
        bound.find(|(known, _)| *known == variable).map(|(_, range)| *range)
    }

    /// The condition that `self` leads to the row that `each` is; none where all rows do.
    fn anchor(&self) -> Result<Option<Expression>, AboutAllRows> {
        let span = self.of.span;
        let each =
            expression(Kind::Variable(VariableIndex::EACH), Type::Reference(self.target), span);
        let binary = |what, left: Expression, right: Expression| {
            expression(Kind::Binary(what, Box::new(left), Box::new(right)), Type::Bool, span)
        };
        let mut condition = match &self.of.kind {
            Kind::Variable(variable) => match self.range(*variable) {
                Some(range) if base(range).ranges_over_rows() => return Err(AboutAllRows),
                Some(range) => binary(Binary::In, each, base(range).clone()),
                None => return Ok(None),
            },
            _ => binary(Binary::Equal, self.of.clone(), each),
        };
        for (variable, range) in self.bound.iter().rev() {
            if !mentions(&condition, *variable) {
                continue;
            }
            // What a filter leaves out may have been in it before the row was changed.
            let range = base(range);
            if range.ranges_over_rows() {
                return Err(AboutAllRows);
            }
            let (range, body) = (Box::new(range.clone()), Box::new(condition));
            let what = Comprehension::Exists;
            let kind = Kind::Comprehend { what, range, variable: *variable, body };
            condition = expression(kind, Type::Bool, span);
        }
        Ok(Some(condition))
    }
}

/// What is true where a row leads to another one and does not keep the invariant. What cannot be
/// computed is not kept.
fn broken(anchor: Option<Expression>, invariant: &Expression) -> Expression {
    let span = invariant.span;
    let condition = |kind| expression(kind, Type::Bool, span);
    let no = condition(Kind::Not(Box::new(invariant.clone())));
    let null = expression(Kind::Literal(Value::Null), Type::Null, span);
    let value = Expression { ty: Type::Bool.optional(), ..invariant.clone() };
    let failed = condition(Kind::Binary(Binary::Equal, Box::new(value), Box::new(null)));
    let broken = condition(Kind::Binary(Binary::Or, Box::new(no), Box::new(failed)));
    match anchor {
        Some(anchor) => condition(Kind::Binary(Binary::And, Box::new(anchor), Box::new(broken))),
        None => broken,
    }
}

/// A path from `self` or `tenant`: the variable, then the fields.
fn path(of: &Expression) -> Option<Vec<u16>> {
    match &of.kind {
        Kind::Variable(root @ (VariableIndex::SELF | VariableIndex::TENANT)) => Some(vec![root.0]),
        Kind::Field { of, field } => {
            let mut path = path(of)?;
            path.push(field.0);
            Some(path)
        }
        _ => None,
    }
}

/// What is ranged over before filters leave rows out.
fn base(range: &Expression) -> &Expression {
    match &range.kind {
        Kind::Comprehend { what: Comprehension::Filter, range, .. } => base(range),
        _ => range,
    }
}

fn mentions(expression: &Expression, variable: VariableIndex) -> bool {
    let mut found = false;
    within(expression, &mut |inner| found |= inner.kind == Kind::Variable(variable));
    found
}

const fn expression(kind: Kind, ty: Type, span: base::Span) -> Expression {
    Expression { kind, ty, span }
}
