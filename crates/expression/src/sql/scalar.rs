//! Values that are neither conditions nor numbers: texts, ids, times, places.

use super::compile::{Compiler, Result, refuse};
use super::encoding::{LATITUDE_SUFFIX, LONGITUDE_SUFFIX};
use super::{DISTANCE, Dialect, Encoding};
use crate::evaluate::EARTH_RADIUS;
use crate::ir::{Binary, Expression, Function, Kind};
use crate::types::Type;

/// How a bound value of a type is written, where that takes one parameter.
fn parameter_encoding(ty: &Type) -> Option<Encoding> {
    Some(match ty.required() {
        Type::Bool => Encoding::Bool,
        Type::Text { .. } | Type::Enum(_) => Encoding::Text,
        Type::Date => Encoding::Date,
        Type::Time => Encoding::Time,
        Type::Timestamp => Encoding::Timestamp,
        Type::Duration => Encoding::Duration,
        Type::Uuid | Type::Reference(_) => Encoding::Uuid,
        Type::Float => Encoding::Real,
        _ => return None,
    })
}

/// The distance of two places in metres, as PostgreSQL computes it: latitude and longitude of each
/// in degrees, as SQL.
#[must_use]
pub fn postgresql_distance(a: &str, b: &str, c: &str, d: &str) -> String {
    format!(
        "(2 * {EARTH_RADIUS} * asin(least(1, sqrt(\
         power(sin(radians({c} - {a}) / 2), 2) + cos(radians({a})) * cos(radians({c})) * \
         power(sin(radians({d} - {b}) / 2), 2)))))"
    )
}

impl Compiler<'_> {
    pub(super) fn scalar(&mut self, expression: &Expression) -> Result<String> {
        let span = expression.span;
        let ty = expression.ty.required();
        if self.is_constant(expression) {
            return match parameter_encoding(ty) {
                Some(encoding) => Ok(self.parameter(expression, encoding)),
                None => {
                    let name = ty.describe(self.schema());
                    refuse(span, format!("values of {name} cannot be used so in SQL"))
                }
            };
        }
        match &expression.kind {
            Kind::Variable(variable) => self.id_of(*variable, span),
            Kind::Field { of, field } => self.field(of, *field, "", span),
            Kind::Conditional(condition, then, otherwise) => {
                let test = self.condition(condition)?;
                let (then, otherwise) = (self.scalar(then)?, self.scalar(otherwise)?);
                let sql = self.case(condition, &test, &then, &otherwise);
                self.bounded(format!("({sql})"), span)
            }
            Kind::Binary(Binary::Add, left, right) if matches!(ty, Type::Text { .. }) => {
                Ok(format!("({} || {})", self.scalar(left)?, self.scalar(right)?))
            }
            Kind::Binary(operator @ (Binary::Add | Binary::Subtract), left, right) => {
                self.time(*operator, left, right, ty)
            }
            Kind::Negate(inner) => Ok(format!("(-{})", self.scalar(inner)?)),
            Kind::Call(Function::Currency, arguments) => match arguments.first() {
                Some(money) => self.currency(money),
                None => refuse(span, "this function has no SQL"),
            },
            _ => refuse(span, "this has no SQL"),
        }
    }

    /// Microseconds in SQLite; in PostgreSQL timestamps, with durations in microseconds.
    fn time(
        &mut self,
        operator: Binary,
        left: &Expression,
        right: &Expression,
        ty: &Type,
    ) -> Result<String> {
        let symbol = operator.symbol();
        let (a, b) = (self.scalar(left)?, self.scalar(right)?);
        if self.dialect == Dialect::Sqlite {
            return Ok(format!("({a} {symbol} {b})"));
        }
        let interval = |micros: &str| format!("{micros} * interval '1 microsecond'");
        Ok(match (&left.ty, &right.ty, ty) {
            (Type::Timestamp, Type::Timestamp, _) => {
                format!("(EXTRACT(EPOCH FROM ({a} - {b})) * 1000000)::bigint")
            }
            (Type::Timestamp, _, _) => format!("({a} {symbol} {})", interval(&b)),
            (_, Type::Timestamp, _) => format!("({b} {symbol} {})", interval(&a)),
            _ => format!("({a} {symbol} {b})"),
        })
    }

    /// A float, or an integer beside one.
    pub(super) fn real(&mut self, expression: &Expression) -> Result<String> {
        if self.is_constant(expression) {
            return Ok(self.parameter(expression, Encoding::Real));
        }
        match (&expression.kind, expression.ty.required()) {
            (Kind::Field { of, field }, Type::Float) => self.field(of, *field, "", expression.span),
            (Kind::Call(Function::Distance, places), _) => self.distance(places, expression),
            (Kind::Conditional(condition, then, otherwise), Type::Float) => {
                let test = self.condition(condition)?;
                let (then, otherwise) = (self.real(then)?, self.real(otherwise)?);
                let sql = self.case(condition, &test, &then, &otherwise);
                self.bounded(format!("({sql})"), expression.span)
            }
            (_, Type::Int { .. }) => {
                let number = self.number(expression, 0, false)?;
                Ok(format!("CAST({number} AS double precision)"))
            }
            _ => refuse(expression.span, "a decimal cannot be compared with a float in SQL"),
        }
    }

    fn distance(&mut self, places: &[Expression], whole: &Expression) -> Result<String> {
        let [from, to] = places else { return refuse(whole.span, "this has no SQL") };
        let ((a, b), (c, d)) = (self.place(from)?, self.place(to)?);
        let sql = match self.dialect {
            Dialect::Sqlite => format!("{DISTANCE}({a}, {b}, {c}, {d})"),
            Dialect::PostgreSql => postgresql_distance(&a, &b, &c, &d),
        };
        self.bounded(sql, whole.span)
    }

    /// Latitude and longitude.
    fn place(&mut self, place: &Expression) -> Result<(String, String)> {
        if self.is_constant(place) {
            let latitude = self.parameter(place, Encoding::Latitude);
            return Ok((latitude, self.parameter(place, Encoding::Longitude)));
        }
        let Kind::Field { of, field } = &place.kind else {
            return refuse(place.span, "only places that are stored or given have SQL");
        };
        Ok((
            self.field(of, *field, LATITUDE_SUFFIX, place.span)?,
            self.field(of, *field, LONGITUDE_SUFFIX, place.span)?,
        ))
    }
}
