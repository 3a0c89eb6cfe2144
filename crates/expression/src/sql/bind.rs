//! The parameters of a fragment, evaluated and encoded.

use super::{Dialect, Encoding, Fragment, Parameter, SqlValue, encode, encode_postgresql};
use crate::evaluate::{Environment, EvaluationError, evaluate};
use crate::value::Value;

impl Fragment {
    /// The values to bind, in the order of the parameters.
    ///
    /// # Errors
    /// What a parameter needs first (a row), or what denies the whole condition.
    pub fn bind(
        &self,
        environment: &Environment<'_>,
        dialect: Dialect,
    ) -> Result<Vec<SqlValue>, EvaluationError> {
        self.parameters.iter().map(|parameter| parameter.bind(environment, dialect)).collect()
    }
}

impl Parameter {
    /// The value to bind. One that fails is NULL, which the condition treats as a failure; where
    /// NULL is an ordinary value, failing denies all.
    fn bind(
        &self,
        environment: &Environment<'_>,
        dialect: Dialect,
    ) -> Result<SqlValue, EvaluationError> {
        let optional = self.value.ty.is_optional();
        let value = match evaluate(&self.value, environment) {
            Ok(value) => value,
            Err(EvaluationError::Failed { .. }) if !optional => Value::Null,
            Err(error) => return Err(error),
        };
        let encoded = match dialect {
            Dialect::Sqlite => encode(&value, self.encoding),
            Dialect::PostgreSql => encode_postgresql(&value, self.encoding),
        };
        encoded.map_err(|_| EvaluationError::failed("out-of-range", self.value.span))
    }
}

impl Encoding {
    /// The type that PostgreSQL casts a parameter to.
    pub(super) const fn postgresql_type(self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::Scaled(0) | Self::Duration => "bigint",
            Self::Scaled(_)
            | Self::WideScaled(_)
            | Self::Numeric
            | Self::Minor(_)
            | Self::WideMinor(_) => "numeric",
            Self::Real | Self::Latitude | Self::Longitude => "double precision",
            Self::Currency | Self::Text => "text",
            Self::Date => "date",
            Self::Time => "time",
            Self::Timestamp => "timestamptz",
            Self::Uuid => "uuid",
            Self::Json => "jsonb",
        }
    }
}
