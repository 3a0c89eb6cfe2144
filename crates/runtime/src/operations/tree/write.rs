//! The answer, straight from the rows.

use expression::{Schema, Type, Value, row_id, value::File};

use super::fill::Found;
use super::plan::element;
use super::planned::{Form, Item, Later, Planned, Source};
use crate::files;
use crate::json::{
    write_answered, write_array, write_array_until, write_file_id, write_string, write_value,
};
use crate::store::{PAGE_BYTES, TreeRow};

/// Writes rows.
pub(super) struct Writer<'a> {
    schema: &'a Schema,
    laters: &'a [Later],
    found: &'a [Found],
}

/// The values that the properties of an object are taken from.
struct From<'a> {
    values: &'a [Value],
    computed: &'a [Value],
    row: Option<&'a TreeRow>,
    references: &'a [Planned],
    parts: &'a [Vec<Planned>],
}

impl<'a> Writer<'a> {
    pub fn new(schema: &'a Schema, laters: &'a [Later], found: &'a [Found]) -> Self {
        Self { schema, laters, found }
    }

    /// Appends rows as an array, until that is as large as a page becomes; how many.
    pub fn rows(&self, out: &mut Vec<u8>, planned: &Planned, rows: &[TreeRow]) -> usize {
        write_array_until(out, rows, PAGE_BYTES, |out, row| self.row(out, planned, row))
    }

    /// Appends a row as an object.
    pub fn row(&self, out: &mut Vec<u8>, planned: &Planned, row: &TreeRow) {
        let from = From {
            values: &row.fields,
            computed: &row.computed,
            row: Some(row),
            references: &planned.references,
            parts: &planned.parts,
        };
        self.object(out, &planned.items, &from);
    }

    fn object(&self, out: &mut Vec<u8>, items: &[Item], from: &From<'_>) {
        out.push(b'{');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&item.key);
            self.source(out, &item.source, from);
        }
        out.push(b'}');
    }

    fn source(&self, out: &mut Vec<u8>, source: &Source, from: &From<'_>) {
        match source {
            Source::Constant(json) => out.extend_from_slice(json.as_bytes()),
            Source::Text(text) => write_string(out, text),
            Source::Field(at, ty, form) => self.value(out, ty, form, from.values.get(*at)),
            Source::Computed(at, ty, form) => self.value(out, ty, form, from.computed.get(*at)),
            Source::Group(items) => self.object(out, items, from),
            Source::Part(slot, one, items) => self.part(out, (*slot, *one), items, from),
            Source::Reference(slot) => {
                let named = from.row.and_then(|row| row.references.get(*slot)?.as_ref());
                match named.zip(from.references.get(*slot)) {
                    Some((row, planned)) => self.row(out, planned, row),
                    None => out.extend_from_slice(b"null"),
                }
            }
            Source::Later(of, number) => {
                let value = match **of {
                    Source::Field(at, ..) => from.values.get(at),
                    Source::Computed(at, ..) => from.computed.get(at),
                    _ => None,
                };
                let row = value.and_then(row_id);
                let row = row.and_then(|id| self.found.get(*number)?.get(&id));
                match self.laters.get(*number).zip(row) {
                    Some((later, row)) => self.row(out, &later.planned, row),
                    None => out.extend_from_slice(b"null"),
                }
            }
        }
    }

    fn part(&self, out: &mut Vec<u8>, (slot, one): (usize, bool), items: &[Item], from: &From<'_>) {
        let rows = from.row.and_then(|row| row.parts.get(slot));
        let rows = rows.map(Vec::as_slice).unwrap_or_default();
        let references = from.parts.get(slot).map(Vec::as_slice).unwrap_or_default();
        let write = |out: &mut Vec<u8>, row: &TreeRow| {
            let (row, values) = (Some(row), row.fields.as_slice());
            self.object(out, items, &From { values, computed: &[], row, references, parts: &[] });
        };
        if one {
            return match rows.first() {
                Some(row) => write(out, row),
                None => out.extend_from_slice(b"null"),
            };
        }
        write_array(out, rows, write);
    }

    fn value(&self, out: &mut Vec<u8>, ty: &Type, form: &Form, value: Option<&Value>) {
        let value = value.unwrap_or(&Value::Null);
        match (form, value) {
            (Form::Plain, _) => write_answered(out, self.schema, ty, value),
            (_, Value::Null) => out.extend_from_slice(b"null"),
            (form, Value::List(items)) => {
                let of = element(ty);
                write_array(out, items.iter(), |out, item| self.value(out, of, form, Some(item)));
            }
            (Form::Capitals, Value::Text(word)) => write_string(out, &word.to_uppercase()),
            (Form::Capitals, _) => write_value(out, self.schema, ty, value),
            (Form::Object(items), Value::Record(values)) => {
                let from = From { values, computed: &[], row: None, references: &[], parts: &[] };
                self.object(out, items, &from);
            }
            (Form::Object(items), _) => self.compound(out, items, value),
        }
    }

    /// Money and a place, of two properties each, or a file.
    fn compound(&self, out: &mut Vec<u8>, items: &[Item], value: &Value) {
        if let Value::File(file) = value {
            return Self::file(out, items, file);
        }
        let scaled = |scale| Type::Decimal { precision: 18, scale };
        let ((first, ty), second) = match value {
            Value::Money(money) => {
                let scale = expression::currency::exponent(&money.currency);
                let ty = scaled(scale);
                ((Value::Decimal(money.amount), ty), Value::Text(money.currency.clone()))
            }
            Value::Geo(point) => {
                ((Value::Float(point.latitude), Type::Float), Value::Float(point.longitude))
            }
            _ => return out.extend_from_slice(b"null"),
        };
        out.push(b'{');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&item.key);
            match &item.source {
                Source::Field(0, ..) => write_value(out, self.schema, &ty, &first),
                Source::Field(..) => write_value(out, self.schema, &Type::Null, &second),
                Source::Text(text) => write_string(out, text),
                _ => out.extend_from_slice(b"null"),
            }
        }
        out.push(b'}');
    }

    fn file(out: &mut Vec<u8>, items: &[Item], file: &File) {
        out.push(b'{');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&item.key);
            match &item.source {
                Source::Field(0, ..) => write_string(out, &file.media_type),
                Source::Field(1, ..) => out.extend_from_slice(file.bytes.to_string().as_bytes()),
                Source::Field(2, ..) => write_file_id(out, file),
                Source::Field(3, ..) => files::write_mark(out, file),
                Source::Field(4, ..) => write_string(out, &file.name),
                Source::Field(5, ..) => write_string(out, &file.sha256),
                Source::Text(text) => write_string(out, text),
                _ => out.extend_from_slice(b"null"),
            }
        }
        out.push(b'}');
    }
}
