//! An answer of HTTP becomes a message: the JSON is read once and written as it is read.

use std::borrow::Cow;
use std::fmt;

use emit::protobuf::Label;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::moment;
use crate::plan::{FieldPlan, Kind, MessagePlan, Plan};
use crate::value;
use crate::wire::{begin, end, put_bytes, put_key, put_number, put_varint};

/// Appends the field of a row that was answered as JSON.
///
/// # Errors
/// The answer is not as the contract says: a defect.
pub(crate) fn row(
    out: &mut Vec<u8>,
    plan: &Plan,
    field: &FieldPlan,
    json: &[u8],
) -> Result<(), serde_json::Error> {
    let mut from = serde_json::Deserializer::from_slice(json);
    Put { plan, field, out, element: false }.deserialize(&mut from)?;
    from.end()
}

/// A value on its way to a field of a message.
struct Put<'w> {
    plan: &'w Plan,
    field: &'w FieldPlan,
    out: &'w mut Vec<u8>,
    /// Whether it is one of a list, of which even zero is written.
    element: bool,
}

impl Put<'_> {
    fn number(&self) -> u32 {
        self.field.number
    }

    /// Whether a value that an absent one means is written nevertheless.
    fn writes_zero(&self) -> bool {
        self.element || self.field.label == Label::Optional
    }

    fn varint(self, value: u64) {
        if value != 0 || self.writes_zero() {
            put_key(self.out, self.field.number, 0);
            put_varint(self.out, value);
        }
    }

    fn double(self, value: f64) {
        if value != 0.0 || self.writes_zero() {
            put_key(self.out, self.field.number, 1);
            self.out.extend_from_slice(&value.to_le_bytes());
        }
    }

    /// A value that HTTP writes as text; nothing where the text is none of its type.
    fn text(self, text: &str) -> Option<()> {
        match self.field.kind {
            Kind::Text => {
                if !text.is_empty() || self.writes_zero() {
                    put_bytes(self.out, self.number(), text.as_bytes());
                }
            }
            Kind::Enum(at) => {
                let known = self.plan.values(at).iter().find(|(_, member)| member == text);
                // What this version does not know is not said.
                self.varint(known.map_or(0, |(number, _)| i64::from(*number).cast_unsigned()));
            }
            Kind::Decimal => {
                let from = begin(self.out, self.number());
                put_bytes(self.out, 1, text.as_bytes());
                end(self.out, from);
            }
            Kind::Date => self.numbers(&moment::date(text)?),
            Kind::Time => self.numbers(&moment::time(text)?),
            Kind::Timestamp => self.numbers(&moment::timestamp(text)?),
            Kind::Duration => self.numbers(&moment::duration(text)?),
            _ => return None,
        }
        Some(())
    }

    /// A message of integers, numbered from one.
    fn numbers(self, values: &[i64]) {
        let from = begin(self.out, self.field.number);
        for (number, value) in (1..).zip(values) {
            put_number(self.out, number, *value);
        }
        end(self.out, from);
    }
}

impl<'de> DeserializeSeed<'de> for Put<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        if self.field.kind == Kind::Json && (self.element || self.field.label != Label::Repeated) {
            let json: serde_json::Value = serde::Deserialize::deserialize(from)?;
            // A property without a value is absent; a JSON null is a value only within one.
            if !json.is_null() || self.element {
                let at = begin(self.out, self.number());
                value::of_json(self.out, &json);
                end(self.out, at);
            }
            return Ok(());
        }
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Put<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a value of `{}`", self.field.name)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.varint(u64::from(value));
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        match self.field.kind {
            #[expect(clippy::cast_precision_loss, reason = "a whole `double` in JSON")]
            Kind::Double => self.double(value as f64),
            _ => self.varint(value.cast_unsigned()),
        }
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.visit_i64(i64::try_from(value).map_err(|_| E::custom("a number is too large"))?)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.double(value);
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        let name = self.field.name.as_str();
        self.text(text).ok_or_else(|| E::custom(format!("`{name}` has another form")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Put { plan, field, out, .. } = self;
        // Numbers of a list are written as one field (protobuf, "Packed Repeated Fields").
        let packed = match field.kind {
            Kind::Bool | Kind::Int32 | Kind::Int64 | Kind::Enum(_) | Kind::Double => {
                Some(begin(out, field.number))
            }
            _ => None,
        };
        let mut key = Vec::new();
        put_key(&mut key, field.number, if field.kind == Kind::Double { 1 } else { 0 });
        loop {
            let from = out.len();
            let item = Put { plan, field, out: &mut *out, element: true };
            if items.next_element_seed(item)?.is_none() {
                break;
            }
            if packed.is_some() {
                drop(out.drain(from..(from + key.len()).min(out.len())));
            }
        }
        match packed {
            Some(from) if out.len() > from => end(out, from),
            Some(from) => out.truncate(from - 1 - key.len()),
            None => {}
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let from = begin(self.out, self.field.number);
        match self.field.kind {
            Kind::Object(at) => object(self.plan, self.plan.at(at), self.out, map)?,
            kind => small(kind, self.out, map)?,
        }
        end(self.out, from);
        Ok(())
    }
}

fn object<'de, A: MapAccess<'de>>(
    plan: &Plan,
    message: &MessagePlan,
    out: &mut Vec<u8>,
    mut map: A,
) -> Result<(), A::Error> {
    while let Some(name) = map.next_key::<Cow<'de, str>>()? {
        match message.property(&name) {
            Some(field) => map.next_value_seed(Put { plan, field, out, element: false })?,
            None => drop(map.next_value::<IgnoredAny>()?),
        }
    }
    Ok(())
}

/// Values of a few members: money, places, files.
fn small<'de, A: MapAccess<'de>>(
    kind: Kind,
    out: &mut Vec<u8>,
    mut map: A,
) -> Result<(), A::Error> {
    while let Some(name) = map.next_key::<Cow<'de, str>>()? {
        match (kind, &*name) {
            (Kind::Money, "amount" | "currency") => {
                let number = if &*name == "amount" { 1 } else { 2 };
                put_bytes(out, number, map.next_value::<Cow<'de, str>>()?.as_bytes());
            }
            (Kind::Point, "lat" | "lon") => {
                let degrees: f64 = map.next_value()?;
                if degrees != 0.0 {
                    put_key(out, if &*name == "lat" { 1 } else { 2 }, 1);
                    out.extend_from_slice(&degrees.to_le_bytes());
                }
            }
            (Kind::File, "media_type" | "id" | "url" | "name" | "sha256") => {
                let number = match &*name {
                    "media_type" => 1,
                    "id" => 3,
                    "url" => 4,
                    "name" => 5,
                    _ => 6,
                };
                if let Some(text) = map.next_value::<Option<Cow<'de, str>>>()? {
                    put_bytes(out, number, text.as_bytes());
                }
            }
            (Kind::File, "bytes") => put_number(out, 2, map.next_value()?),
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
    }
    Ok(())
}
