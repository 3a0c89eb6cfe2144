//! Conditions: logic, comparison, tests of texts.

use base::Span;

use super::{Dialect, Encoding, Layout, NotTranslatable, Options, Parameter};
use crate::interval::interval;
use crate::ir::{Binary, Comprehension, Expression, Function, Kind, VariableIndex};
use crate::schema::{EntityId, PartId, Schema};
use crate::types::Type;
use crate::value::Value;

pub(super) type Result<T> = std::result::Result<T, NotTranslatable>;

/// Longest SQL of one expression, in bytes.
const MAX_SQL: usize = 100_000;

/// The table that a variable's row is in.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub variable: VariableIndex,
    pub rows: Rows,
    pub alias: String,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Rows {
    Entity(EntityId),
    Part(PartId),
}

pub(super) struct Compiler<'l> {
    pub dialect: Dialect,
    pub layout: &'l dyn Layout,
    pub parameters: Vec<Parameter>,
    pub sources: Vec<Source>,
    first_parameter: usize,
    aliases: usize,
}

pub(super) fn refuse<T>(span: Span, why: impl Into<String>) -> Result<T> {
    Err(NotTranslatable { span, why: why.into() })
}

impl<'l> Compiler<'l> {
    pub fn new(dialect: Dialect, layout: &'l dyn Layout, options: &Options) -> Self {
        let row = options.row.iter().map(|row| Source {
            variable: row.variable,
            rows: Rows::Entity(row.entity),
            alias: super::quote(&row.alias),
        });
        Self {
            dialect,
            layout,
            parameters: Vec::new(),
            sources: row.collect(),
            first_parameter: options.first_parameter,
            aliases: 0,
        }
    }

    pub fn schema(&self) -> &'l Schema {
        self.layout.schema()
    }

    pub fn several_currencies(&self) -> bool {
        self.schema().settings.currencies.len() > 1
    }

    pub fn top(&mut self, expression: &Expression) -> Result<String> {
        match expression.ty.required() {
            Type::Bool => self.condition(expression),
            Type::Int { .. } | Type::Decimal { .. } | Type::Money { .. } => {
                let scale = self.scale(expression)?;
                self.number(expression, scale, false)
            }
            Type::Float => self.real(expression),
            _ => self.scalar(expression),
        }
    }

    /// An alias that no other table of the statement has.
    pub fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("\"_{}\"", self.aliases)
    }

    /// Whether the expression needs no row of a table.
    pub fn is_constant(&self, expression: &Expression) -> bool {
        match &expression.kind {
            Kind::EntityRows(_) => false,
            Kind::Variable(variable) => {
                !self.sources.iter().any(|source| source.variable == *variable)
            }
            _ => expression.children().all(|child| self.is_constant(child)),
        }
    }

    /// A new parameter.
    pub fn parameter(&mut self, value: &Expression, encoding: Encoding) -> String {
        self.parameters.push(Parameter { value: value.clone(), encoding });
        let number = self.first_parameter + self.parameters.len() - 1;
        match self.dialect {
            Dialect::Sqlite => format!("?{number}"),
            Dialect::PostgreSql => format!("${number}::text::{}", encoding.postgresql_type()),
        }
    }

    pub fn bounded(&self, sql: String, span: Span) -> Result<String> {
        if sql.len() > MAX_SQL {
            return refuse(span, "it becomes too long in SQL");
        }
        Ok(sql)
    }

    pub fn condition(&mut self, expression: &Expression) -> Result<String> {
        let sql = self.condition_unbounded(expression)?;
        self.bounded(sql, expression.span)
    }

    fn condition_unbounded(&mut self, expression: &Expression) -> Result<String> {
        let span = expression.span;
        match &expression.kind {
            Kind::Literal(Value::Bool(true)) => return Ok("TRUE".to_owned()),
            Kind::Literal(Value::Bool(false)) => return Ok("FALSE".to_owned()),
            _ if self.is_constant(expression) => {
                return Ok(self.parameter(expression, Encoding::Bool));
            }
            _ => {}
        }
        match &expression.kind {
            Kind::Field { of, field } => self.field(of, *field, "", span),
            Kind::Not(inner) => Ok(format!("(NOT {})", self.condition(inner)?)),
            Kind::Binary(operator @ (Binary::And | Binary::Or), left, right) => {
                let word = if *operator == Binary::And { "AND" } else { "OR" };
                Ok(format!("({} {word} {})", self.condition(left)?, self.condition(right)?))
            }
            Kind::Binary(Binary::Equal, left, right) => self.equal(left, right),
            Kind::Binary(Binary::NotEqual, left, right) => {
                Ok(format!("(NOT {})", self.equal(left, right)?))
            }
            Kind::Binary(Binary::In, item, list) => self.membership(item, list),
            Kind::Binary(operator, left, right) => self.order(*operator, left, right),
            Kind::Conditional(condition, then, otherwise) => {
                let (then, otherwise) = (Box::new(then), Box::new(otherwise));
                let test = self.condition(condition)?;
                let (then, otherwise) = (self.condition(&then)?, self.condition(&otherwise)?);
                Ok(self.case(condition, &test, &then, &otherwise))
            }
            Kind::Call(function, arguments) => self.text_test(*function, arguments, span),
            Kind::Comprehend { what, range, variable, body } => match what {
                Comprehension::All | Comprehension::Exists | Comprehension::ExistsOne => {
                    self.quantifier(*what, range, *variable, body)
                }
                _ => refuse(span, "a list is no condition"),
            },
            _ => refuse(span, "this is no condition in SQL"),
        }
    }

    /// `CASE` that is NULL where the condition is: a failed condition chooses neither.
    pub fn case(&self, condition: &Expression, test: &str, then: &str, otherwise: &str) -> String {
        if self.may_fail(condition) {
            return format!("CASE WHEN {test} THEN {then} WHEN NOT {test} THEN {otherwise} END");
        }
        format!("CASE WHEN {test} THEN {then} ELSE {otherwise} END")
    }

    fn text_test(
        &mut self,
        function: Function,
        arguments: &[Expression],
        span: Span,
    ) -> Result<String> {
        let [text, part] = arguments else {
            return refuse(span, "this function has no SQL");
        };
        if !matches!(function, Function::StartsWith | Function::Contains | Function::EndsWith) {
            return refuse(span, "this function has no SQL");
        }
        let (text, part) = (self.scalar(text)?, self.scalar(part)?);
        Ok(match (self.dialect, function) {
            (Dialect::Sqlite, Function::StartsWith) => {
                format!("(substr({text}, 1, length({part})) = {part})")
            }
            (Dialect::PostgreSql, Function::StartsWith) => format!("starts_with({text}, {part})"),
            (Dialect::Sqlite, Function::Contains) => format!("(instr({text}, {part}) > 0)"),
            (Dialect::PostgreSql, Function::Contains) => format!("(strpos({text}, {part}) > 0)"),
            // `right` and a negative `substr` take nothing as everything: the length says first.
            (Dialect::Sqlite, _) => format!(
                "(length({text}) >= length({part}) AND \
                 substr({text}, length({text}) - length({part}) + 1) = {part})"
            ),
            (Dialect::PostgreSql, _) => format!("(right({text}, length({part})) = {part})"),
        })
    }

    fn order(&mut self, operator: Binary, left: &Expression, right: &Expression) -> Result<String> {
        let symbol = operator.symbol();
        match (left.ty.required(), right.ty.required()) {
            (Type::Float, _) | (_, Type::Float) => {
                Ok(format!("({} {symbol} {})", self.real(left)?, self.real(right)?))
            }
            (Type::Money { .. }, _) if self.several_currencies() => {
                let (a, b) = self.aligned(left, right)?;
                let (c, d) = (self.currency(left)?, self.currency(right)?);
                Ok(format!("CASE WHEN {c} = {d} THEN {a} {symbol} {b} END"))
            }
            (Type::Int { .. } | Type::Decimal { .. } | Type::Money { .. }, _) => {
                let (a, b) = self.aligned(left, right)?;
                Ok(format!("({a} {symbol} {b})"))
            }
            (Type::Text { .. }, _) if self.dialect == Dialect::PostgreSql => {
                let (a, b) = (self.scalar(left)?, self.scalar(right)?);
                Ok(format!("({a} COLLATE \"C\" {symbol} {b})"))
            }
            _ => Ok(format!("({} {symbol} {})", self.scalar(left)?, self.scalar(right)?)),
        }
    }

    /// Digits after the point that a number has, at most.
    pub fn scale(&self, expression: &Expression) -> Result<u8> {
        match interval(expression, self.schema(), &mut Vec::new()) {
            Some(bounds) => Ok(bounds.scale),
            None => refuse(expression.span, "its range is not known"),
        }
    }
}
