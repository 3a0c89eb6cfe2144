//! The typed tree: what is evaluated and compiled to SQL. Every node knows its type and its exact
//! place in the source.

use base::Span;

use crate::schema::{EntityId, FieldIndex, PartId};
use crate::types::Type;
use crate::value::Value;

/// A checked expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// What it computes.
    pub kind: Kind,
    /// The type of its value.
    pub ty: Type,
    /// Where it was written.
    pub span: Span,
}

/// A name in scope, by its slot in the scope that the expression was checked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VariableIndex(pub u16);

impl VariableIndex {
    /// `self`
    pub const SELF: Self = Self(0);
    /// `input`
    pub const INPUT: Self = Self(1);
    /// `actor`
    pub const ACTOR: Self = Self(2);
    /// `tenant`
    pub const TENANT: Self = Self(3);
    /// `now`: fixed for a transaction.
    pub const NOW: Self = Self(4);
    /// `each`
    pub const EACH: Self = Self(5);
    /// `event`
    pub const EVENT: Self = Self(6);
    /// `row` of a pipeline.
    pub const ROW: Self = Self(7);
    /// `failure` of a flow.
    pub const FAILURE: Self = Self(8);
    /// `result` of the step that an `undo` reverses.
    pub const RESULT: Self = Self(9);
    /// The first slot for names given by `as`, by steps and by comprehensions.
    pub const FIRST_NAMED: Self = Self(16);
}

/// The operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// `&&`
    And,
    /// `||`
    Or,
    /// `==`: null equals null.
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `in`: the right side is a list.
    In,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

/// The functions that are not about lists with a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `list.size()`, `text.size()`
    Size,
    /// `list.sum()`
    Sum,
    /// `list.min()`
    Min,
    /// `list.max()`
    Max,
    /// `list.distinct()`
    Distinct,
    /// `text.startsWith(text)`
    StartsWith,
    /// `text.endsWith(text)`
    EndsWith,
    /// `text.contains(text)`
    Contains,
    /// `lower(text)`, `text.lower()`
    Lower,
    /// `trim(text)`, `text.trim()`
    Trim,
    /// `round(decimal)`, `round(decimal, digits)`: half away from zero.
    Round,
    /// `abs(number)`
    Abs,
    /// `decimal(int)`
    ToDecimal,
    /// `int(decimal)`: towards zero.
    ToInt,
    /// `money(decimal, 'EUR')`
    MakeMoney,
    /// `money.amount`
    Amount,
    /// `money.currency`
    Currency,
    /// `date(timestamp)`: in the system's time zone.
    ToDate,
    /// `date.addDays(int)`
    AddDays,
    /// `duration('90s')`
    ToDuration,
    /// `geo(latitude, longitude)`
    MakeGeo,
    /// `distance(geo, geo)` in metres.
    Distance,
    /// `list[position]`, from 0; an error outside.
    Item,
}

/// What `list.xxx(variable, body)` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comprehension {
    /// True for every item.
    All,
    /// True for some item.
    Exists,
    /// True for exactly one item.
    ExistsOne,
    /// The items for which it is true.
    Filter,
    /// The body's value for each item.
    Map,
}

/// The kinds of node.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A constant; enum members are `Value::Text`.
    Literal(Value),
    /// A name in scope: `self`, `input`, `actor`, `now`, `each`, a comprehension's variable.
    Variable(VariableIndex),
    /// A field of a row, followed through a reference where `of` is one.
    Field {
        /// A value of type `Reference`, `Part` or `Record`.
        of: Box<Expression>,
        /// Which field.
        field: FieldIndex,
    },
    /// The rows of a part of an entity.
    PartRows {
        /// A value of type `Reference`.
        of: Box<Expression>,
        /// Which part.
        part: PartId,
    },
    /// All rows of an entity: only as the range of a comprehension that becomes SQL.
    EntityRows(EntityId),
    /// `!x`
    Not(Box<Expression>),
    /// `-x`
    Negate(Box<Expression>),
    /// Two operands.
    Binary(Binary, Box<Expression>, Box<Expression>),
    /// `condition ? then : otherwise`
    Conditional(Box<Expression>, Box<Expression>, Box<Expression>),
    /// A function; methods have their receiver first.
    Call(Function, Vec<Expression>),
    /// `[a, b]`
    List(Vec<Expression>),
    /// `range.all(variable, body)` and its kin.
    Comprehend {
        /// Which.
        what: Comprehension,
        /// What it ranges over.
        range: Box<Expression>,
        /// The slot that holds the item while the body is evaluated.
        variable: VariableIndex,
        /// The body.
        body: Box<Expression>,
    },
}

impl Binary {
    /// As it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::And => "&&",
            Self::Or => "||",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

impl Expression {
    /// Whether it is all rows of an entity, or some of them by `filter`: known to the store alone.
    #[must_use]
    pub fn ranges_over_rows(&self) -> bool {
        match &self.kind {
            Kind::EntityRows(_) => true,
            Kind::Comprehend { what: Comprehension::Filter, range, .. } => range.ranges_over_rows(),
            _ => false,
        }
    }

    /// The direct parts of the expression, in source order.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        let (pair, rest): (Vec<&Self>, &[Self]) = match &self.kind {
            Kind::Literal(_) | Kind::Variable(_) | Kind::EntityRows(_) => (Vec::new(), &[]),
            Kind::Field { of, .. } | Kind::PartRows { of, .. } => (vec![&**of], &[]),
            Kind::Not(inner) | Kind::Negate(inner) => (vec![&**inner], &[]),
            Kind::Binary(_, left, right) => (vec![&**left, &**right], &[]),
            Kind::Conditional(condition, then, otherwise) => {
                (vec![&**condition, &**then, &**otherwise], &[])
            }
            Kind::Call(_, items) | Kind::List(items) => (Vec::new(), items),
            Kind::Comprehend { range, body, .. } => (vec![&**range, &**body], &[]),
        };
        pair.into_iter().chain(rest)
    }
}
