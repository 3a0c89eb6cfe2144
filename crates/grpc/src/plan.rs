//! What each field of a contract is, worked out once: its number, how its value is written, and
//! what it stands for over HTTP.

use std::collections::BTreeMap;

use emit::protobuf::{Enum, Field, Label, Meaning, Message, Package};
use model::model::OperationId;
use prost_reflect::DescriptorPool;

/// The messages and enums of a package.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    messages: Vec<MessagePlan>,
    enums: Vec<EnumPlan>,
}

/// A message.
#[derive(Debug, Default)]
pub(crate) struct MessagePlan {
    pub fields: Vec<FieldPlan>,
    /// Positions of fields, by their numbers.
    numbers: BTreeMap<u32, usize>,
}

/// A field.
#[derive(Debug)]
pub(crate) struct FieldPlan {
    pub number: u32,
    pub name: String,
    pub kind: Kind,
    pub label: Label,
    pub meaning: Meaning,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Int32,
    Int64,
    Double,
    Text,
    Decimal,
    Money,
    Date,
    Time,
    Timestamp,
    Duration,
    Point,
    Near,
    File,
    Json,
    Mask,
    /// By position.
    Enum(usize),
    /// By position.
    Object(usize),
}

/// An enum: numbers of its values with the members that they stand for.
#[derive(Debug, Default)]
pub(crate) struct EnumPlan(pub Vec<(i32, String)>);

/// A procedure.
#[derive(Debug)]
pub(crate) struct MethodPlan {
    pub operation: OperationId,
    /// Position of its message.
    pub request: usize,
    /// Position of its message.
    pub response: usize,
    /// Whether it answers again and again.
    pub streams: bool,
}

impl Plan {
    /// The plan of a package that was compiled, with its procedures by name.
    ///
    /// # Errors
    /// Something of the package is not in what was compiled: a defect.
    pub(crate) fn new(
        package: &Package,
        pool: &DescriptorPool,
    ) -> Result<(Self, BTreeMap<String, MethodPlan>), String> {
        let file = &package.file;
        let mut plan = Self::default();
        for of in &file.enums {
            plan.enums.push(values(of, &file.package, pool)?);
        }
        for message in &file.messages {
            plan.messages.push(plan.message(message, package, pool)?);
        }
        let position = |name: &str, end: &str| {
            let name = format!("{name}{end}");
            let at = file.messages.iter().position(|message| message.name == name);
            at.ok_or_else(|| format!("{name} is missing"))
        };
        let mut methods = BTreeMap::new();
        for method in file.service.iter().flat_map(|service| &service.methods) {
            let of = MethodPlan {
                operation: method.operation,
                request: position(&method.name, "Request")?,
                response: position(&method.name, "Response")?,
                streams: method.streams,
            };
            methods.insert(method.name.clone(), of);
        }
        Ok((plan, methods))
    }

    fn message(
        &self,
        message: &Message,
        package: &Package,
        pool: &DescriptorPool,
    ) -> Result<MessagePlan, String> {
        let name = format!("{}.{}", package.file.package, message.name);
        let missing = |what: &str| format!("{name} has no {what}");
        let known = pool.get_message_by_name(&name).ok_or_else(|| missing("descriptor"))?;
        let mut plan = MessagePlan::default();
        for field in &message.fields {
            let of = known.get_field_by_name(&field.name).ok_or_else(|| missing(&field.name))?;
            let kind = kind(field, package).ok_or_else(|| missing(&field.ty))?;
            plan.numbers.insert(of.number(), plan.fields.len());
            plan.fields.push(FieldPlan {
                number: of.number(),
                name: field.name.clone(),
                kind,
                label: field.label,
                meaning: field.meaning.clone(),
            });
        }
        Ok(plan)
    }

    /// The message at a position; one without fields where there is none.
    pub(crate) fn at(&self, position: usize) -> &MessagePlan {
        static NONE: MessagePlan = MessagePlan { fields: Vec::new(), numbers: BTreeMap::new() };
        self.messages.get(position).unwrap_or(&NONE)
    }

    /// The enum at a position.
    pub(crate) fn values(&self, position: usize) -> &[(i32, String)] {
        self.enums.get(position).map_or(&[], |of| of.0.as_slice())
    }
}

impl MessagePlan {
    /// The field with a number, and its position.
    pub(crate) fn numbered(&self, number: u32) -> Option<(usize, &FieldPlan)> {
        let at = *self.numbers.get(&number)?;
        Some((at, self.fields.get(at)?))
    }

    /// The field of a property.
    pub(crate) fn property(&self, wanted: &str) -> Option<&FieldPlan> {
        let is = |field: &&FieldPlan| field.property().is_some_and(|name| name == wanted);
        self.fields.iter().find(is)
    }
}

impl FieldPlan {
    /// The property that it stands for.
    pub(crate) fn property(&self) -> Option<&str> {
        match &self.meaning {
            Meaning::Property { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Whether the contract needs it, and most values where it is a list. One more than that is
    /// kept, so that what is too much is told.
    pub(crate) fn bounds(&self) -> (bool, usize) {
        match &self.meaning {
            Meaning::Property { required, most, .. } => {
                (*required, most.map_or(usize::MAX, |most| most as usize))
            }
            Meaning::Filter(_) => (false, decide::filters::VALUES as usize),
            Meaning::Order(_) if self.label == Label::Repeated => {
                (false, decide::filters::SORTS as usize - 1)
            }
            Meaning::Order(_) => (false, 1),
            _ => (false, usize::MAX),
        }
    }
}

fn values(of: &Enum, package: &str, pool: &DescriptorPool) -> Result<EnumPlan, String> {
    let name = format!("{package}.{}", of.name);
    let missing = || format!("{name} is not as it was compiled");
    let known = pool.get_enum_by_name(&name).ok_or_else(missing)?;
    let value = |(value, member): (&String, &String)| {
        let known = known.get_value_by_name(&of.qualified(value))?;
        Some((known.number(), member.clone()))
    };
    let all: Option<_> = of.values.iter().zip(&of.members).map(value).collect();
    all.map(EnumPlan).ok_or_else(missing)
}

fn kind(field: &Field, package: &Package) -> Option<Kind> {
    Some(match field.ty.as_str() {
        "bool" => Kind::Bool,
        "int32" => Kind::Int32,
        "int64" => Kind::Int64,
        "double" => Kind::Double,
        "string" => Kind::Text,
        "firmitas.v1.Decimal" => Kind::Decimal,
        "firmitas.v1.Money" => Kind::Money,
        "firmitas.v1.Date" => Kind::Date,
        "firmitas.v1.TimeOfDay" => Kind::Time,
        "firmitas.v1.Point" => Kind::Point,
        "firmitas.v1.Near" => Kind::Near,
        "firmitas.v1.File" => Kind::File,
        "google.protobuf.Timestamp" => Kind::Timestamp,
        "google.protobuf.Duration" => Kind::Duration,
        "google.protobuf.FieldMask" => Kind::Mask,
        "google.protobuf.Value" => Kind::Json,
        name => {
            let object = package.file.messages.iter().position(|of| of.name == name);
            let choice = || package.file.enums.iter().position(|of| of.name == name);
            object.map(Kind::Object).or_else(|| choice().map(Kind::Enum))?
        }
    })
}
