//! Tables as stores see them: fields, and the columns that hold them.

use std::borrow::Cow;
use std::ops::Range;

use expression::sql::encoding::{self, Encoding};
use expression::{FieldIndex, FieldShape, Schema, Type, Value};

/// A column.
#[derive(Debug)]
pub struct Column {
    /// Name, quoted.
    pub name: String,
    /// How it holds its value.
    pub encoding: Encoding,
}

/// A field and where its columns are.
#[derive(Debug)]
pub struct Field {
    /// Its type.
    pub ty: Type,
    /// Positions of its columns in [`Columns::all`].
    pub columns: Range<usize>,
}

/// The fields of a table with their columns.
#[derive(Debug)]
pub struct Columns {
    /// The fields, as in the shape.
    pub fields: Vec<Field>,
    /// All columns, field by field.
    pub all: Vec<Column>,
}

impl Columns {
    /// The columns of fields with these base names.
    #[must_use]
    pub fn new(fields: &[FieldShape], names: &[String], schema: &Schema) -> Self {
        let mut all = Vec::new();
        let field = |(shape, base): (&FieldShape, &String)| {
            let start = all.len();
            all.extend(encoding::columns(&shape.ty, schema).into_iter().map(|column| Column {
                name: quoted(&format!("{base}{}", column.suffix)),
                encoding: column.encoding,
            }));
            Field { ty: shape.ty.clone(), columns: start..all.len() }
        };
        let fields = fields.iter().zip(names).map(field).collect();
        Self { fields, all }
    }

    /// The columns of a field.
    #[must_use]
    pub fn of(&self, field: FieldIndex) -> &[Column] {
        self.fields
            .get(usize::from(field.0))
            .and_then(|field| self.all.get(field.columns.clone()))
            .unwrap_or_default()
    }

    /// The columns of a field in the order in which rows are sorted by them, and an index has them.
    pub fn sorted(&self, field: FieldIndex) -> impl Iterator<Item = &Column> {
        let columns = self.of(field);
        let (first, second) = columns.iter().partition::<Vec<_>, _>(|of| of.encoding.leads());
        first.into_iter().chain(second)
    }

    /// All columns with a prefix, as a select lists them.
    #[must_use]
    pub fn list(&self, prefix: &str) -> String {
        self.all
            .iter()
            .map(|column| format!("{prefix}{}", column.name))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// What a column has to equal: email addresses of keys without regard to case, as the indexes of
/// their keys have them.
#[derive(Debug)]
pub struct Equality<'v> {
    /// The value to compare with.
    pub value: Cow<'v, Value>,
    folded: bool,
}

impl<'v> Equality<'v> {
    /// Of a field; `folded` are those that are compared without regard to case.
    #[must_use]
    pub fn new(folded: &[FieldIndex], field: FieldIndex, value: &'v Value) -> Self {
        match value {
            Value::Text(text) if folded.contains(&field) => {
                let value = Cow::Owned(Value::text(text.to_ascii_lowercase()));
                Self { value, folded: true }
            }
            _ => Self { value: Cow::Borrowed(value), folded: false },
        }
    }

    /// The column as it is compared.
    #[must_use]
    pub fn column(&self, name: &str) -> String {
        if self.folded { format!("lower(self.{name})") } else { format!("self.{name}") }
    }
}

/// An identifier as SQL writes it.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
