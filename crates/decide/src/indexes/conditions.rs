//! What an index can use of a condition: columns compared for equality, and conditions on the row
//! alone.

use expression::{
    EntityId, FieldIndex, Type,
    ir::{Binary, Comprehension, Expression, Kind, VariableIndex},
};

/// A condition taken apart at its `&&`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Access {
    /// Fields that must equal something known before the query runs.
    pub equal: Vec<FieldIndex>,
    /// What depends on the row alone: the predicate of a partial index.
    pub constant: Vec<Expression>,
}

/// How rows of `variable` are reached under a condition.
pub fn access(condition: &Expression, variable: VariableIndex) -> Access {
    let mut access = Access::default();
    for part in conjuncts(condition) {
        if depends_only_on_row(part, variable) {
            access.constant.push(part.clone());
        } else if let Some(field) = equality(part, variable)
            && !access.equal.contains(&field)
        {
            access.equal.push(field);
        }
    }
    access
}

/// Both conditions together.
pub fn both(first: Access, second: Access) -> Access {
    let mut all = first;
    let equal: Vec<_> = second.equal.into_iter().filter(|at| !all.equal.contains(at)).collect();
    all.equal.extend(equal);
    all.constant.extend(second.constant);
    all
}

/// All conditions as one; nothing where there are none.
pub fn conjunction(conditions: Vec<Expression>) -> Option<Expression> {
    conditions.into_iter().reduce(|all, next| {
        let span = all.span.to(next.span);
        let kind = Kind::Binary(Binary::And, Box::new(all), Box::new(next));
        Expression { kind, ty: Type::Bool, span }
    })
}

fn conjuncts(condition: &Expression) -> Vec<&Expression> {
    match &condition.kind {
        Kind::Binary(Binary::And, left, right) => {
            let mut all = conjuncts(left);
            all.extend(conjuncts(right));
            all
        }
        _ => vec![condition],
    }
}

/// `row.field == something that does not depend on the row`, either way round.
fn equality(condition: &Expression, variable: VariableIndex) -> Option<FieldIndex> {
    let Kind::Binary(Binary::Equal, left, right) = &condition.kind else { return None };
    let one_way = |side: &Expression, other: &Expression| {
        let field = own_field(side, variable)?;
        (!mentions(other, variable)).then_some(field)
    };
    one_way(left, right).or_else(|| one_way(right, left))
}

/// `row.field` itself.
fn own_field(expression: &Expression, variable: VariableIndex) -> Option<FieldIndex> {
    match &expression.kind {
        Kind::Field { of, field } if is_variable(of, variable) => Some(*field),
        _ => None,
    }
}

fn is_variable(expression: &Expression, variable: VariableIndex) -> bool {
    matches!(expression.kind, Kind::Variable(name) if name == variable)
}

/// Whether it reads fields of the row and constants, nothing else: no path, part, other name.
fn depends_only_on_row(expression: &Expression, variable: VariableIndex) -> bool {
    let mut any_field = false;
    let mut only = true;
    visit(expression, &mut |node| match &node.kind {
        Kind::Field { of, .. } if is_variable(of, variable) => any_field = true,
        Kind::Field { .. } | Kind::PartRows { .. } | Kind::EntityRows(_) => only = false,
        // Functions may differ between the engines or not be allowed in an index.
        Kind::Comprehend { .. } | Kind::Call(..) => only = false,
        Kind::Variable(name) if *name != variable => only = false,
        _ => {}
    });
    any_field && only
}

/// Whether a condition says anything about a variable.
pub fn mentions(expression: &Expression, variable: VariableIndex) -> bool {
    let mut found = false;
    visit(expression, &mut |node| found |= is_variable(node, variable));
    found
}

/// Every `Entity.exists(row, condition)` and its kin within, with how its rows are reached.
pub fn searched_entities(condition: &Expression) -> Vec<(EntityId, Access)> {
    let mut found = Vec::new();
    visit(condition, &mut |node| {
        if let Kind::Comprehend { what: Comprehension::Exists, range, variable, body } = &node.kind
            && let Kind::EntityRows(entity) = range.kind
        {
            found.push((entity, access(body, *variable)));
        }
    });
    found
}

fn visit<'e>(expression: &'e Expression, see: &mut impl FnMut(&'e Expression)) {
    see(expression);
    match &expression.kind {
        Kind::Literal(_) | Kind::Variable(_) | Kind::EntityRows(_) => {}
        Kind::Field { of, .. } | Kind::PartRows { of, .. } => visit(of, see),
        Kind::Not(of) | Kind::Negate(of) => visit(of, see),
        Kind::Binary(_, left, right) => {
            visit(left, see);
            visit(right, see);
        }
        Kind::Conditional(condition, then, otherwise) => {
            visit(condition, see);
            visit(then, see);
            visit(otherwise, see);
        }
        Kind::Call(_, items) | Kind::List(items) => items.iter().for_each(|item| visit(item, see)),
        Kind::Comprehend { range, body, .. } => {
            visit(range, see);
            visit(body, see);
        }
    }
}

/// Forgets where a condition was written, so that two of them can be compared.
pub fn clear_spans(condition: &mut Expression) {
    condition.span = base::Span::default();
    match &mut condition.kind {
        Kind::Literal(_) | Kind::Variable(_) | Kind::EntityRows(_) => {}
        Kind::Field { of, .. } | Kind::PartRows { of, .. } => clear_spans(of),
        Kind::Not(of) | Kind::Negate(of) => clear_spans(of),
        Kind::Binary(_, left, right) => {
            clear_spans(left);
            clear_spans(right);
        }
        Kind::Conditional(condition, then, otherwise) => {
            [condition, then, otherwise].into_iter().for_each(|of| clear_spans(of));
        }
        Kind::Call(_, items) | Kind::List(items) => items.iter_mut().for_each(clear_spans),
        Kind::Comprehend { range, body, .. } => {
            clear_spans(range);
            clear_spans(body);
        }
    }
}
