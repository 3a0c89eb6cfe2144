//! What a request body may hold, worked out once for each operation.

use decide::address_inputs::has_no_body;
use expression::{FieldShape, RecordId, Schema, Type};
use model::{
    Model,
    model::{Assigns, Default, Operation, OperationKind},
};

/// The inputs of an operation, ready to decode.
#[derive(Clone, Debug)]
pub struct InputPlan {
    pub(super) object: ObjectPlan,
    /// Currencies that money may be in.
    pub(super) currencies: Vec<std::sync::Arc<str>>,
    /// Whether a request without a body is the empty object: nothing is required.
    pub(super) body_optional: bool,
}

/// The properties of an object, in the order of their values.
#[derive(Clone, Debug)]
pub(super) struct ObjectPlan {
    pub(super) properties: Vec<PropertyPlan>,
}

#[derive(Clone, Debug)]
pub(super) struct PropertyPlan {
    pub(super) name: String,
    pub(super) value: ValuePlan,
    /// Whether null is a value.
    pub(super) nullable: bool,
    /// Whether it is a value of `types` of which a request may send some members (RFC 7396). Rows
    /// of parts are no such value: they are replaced as a whole.
    pub(super) merges: bool,
    pub(super) absent: Absent,
}

/// What it means that a property is missing.
#[derive(Clone, Debug)]
pub(super) enum Absent {
    /// An error.
    Required,
    /// The caller is told so.
    Reported,
    /// A constant.
    Value(expression::Value),
    /// The time of the request.
    Now,
}

#[derive(Clone, Debug)]
pub(super) enum ValuePlan {
    /// A value without values inside.
    Scalar(Type),
    /// Items, all alike; `true` if an item may be null.
    List { of: Box<ValuePlan>, nullable: bool, min: u32, max: u32 },
    /// A `types` value or a part row.
    Object(ObjectPlan),
}

impl InputPlan {
    /// The plan of an operation.
    #[must_use]
    pub fn new(model: &Model, operation: &Operation) -> Self {
        let patches = operation.kind == OperationKind::Update && !operation.upsert;
        let property = |parameter: &model::model::Parameter| {
            let value = match &parameter.assigns {
                Assigns::Part(part, fields) => {
                    part_plan(model, operation, *part, fields, &parameter.ty)
                }
                Assigns::Nothing | Assigns::Field(_) => value_plan(&model.schema, &parameter.ty),
            };
            PropertyPlan {
                name: parameter.name.value.clone(),
                value,
                nullable: parameter.ty.is_optional(),
                merges: patches
                    && matches!(parameter.assigns, Assigns::Field(_))
                    && matches!(parameter.ty.required(), Type::Record(_)),
                absent: if parameter.required { Absent::Required } else { Absent::Reported },
            }
        };
        let inputs = operation.input.parameters.iter();
        // What stands in an address stands in no body.
        let properties: Vec<_> = inputs.filter(|_| !has_no_body(operation)).map(property).collect();
        let body_optional = properties.iter().all(|p| !matches!(p.absent, Absent::Required));
        let currencies = model.system.currencies.iter().map(|code| code.as_str().into()).collect();
        Self { object: ObjectPlan { properties }, currencies, body_optional }
    }

    /// Whether the operation takes no input at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.object.properties.is_empty()
    }
}

/// Rows of a part: the fields that the input names, with the defaults that the part states.
fn part_plan(
    model: &Model,
    operation: &Operation,
    part: u16,
    fields: &[expression::FieldIndex],
    ty: &Type,
) -> ValuePlan {
    let declared = operation.entity().and_then(|id| model.entity(id).parts.get(usize::from(part)));
    let Some(declared) = declared else { return value_plan(&model.schema, ty) };
    let property = |index: &expression::FieldIndex| {
        let field = declared.fields.get(usize::from(index.0))?;
        let absent = match &field.default {
            Some(Default::Value(value)) => Absent::Value(value.clone()),
            Some(Default::Now) => Absent::Now,
            None => absent_of(&field.ty),
        };
        Some(PropertyPlan {
            name: field.name.value.clone(),
            value: value_plan(&model.schema, &field.ty),
            nullable: field.ty.is_optional(),
            merges: false,
            absent,
        })
    };
    let row =
        ValuePlan::Object(ObjectPlan { properties: fields.iter().filter_map(property).collect() });
    match ty.required() {
        Type::List { min, max, .. } => {
            ValuePlan::List { of: Box::new(row), nullable: false, min: *min, max: *max }
        }
        _ => row,
    }
}

/// What is absent and has no default is null, an empty list or wrong.
fn absent_of(ty: &Type) -> Absent {
    match ty {
        Type::Optional(_) | Type::Null => Absent::Value(expression::Value::Null),
        Type::List { min: 0, .. } => Absent::Value(expression::Value::List([].into())),
        _ => Absent::Required,
    }
}

fn value_plan(schema: &Schema, ty: &Type) -> ValuePlan {
    match ty.required() {
        Type::List { of, min, max } => ValuePlan::List {
            of: Box::new(value_plan(schema, of)),
            nullable: of.is_optional(),
            min: *min,
            max: *max,
        },
        Type::Record(record) => ValuePlan::Object(record_plan(schema, *record)),
        Type::Part(part) => {
            let fields = schema.part(*part).fields.iter();
            let properties = fields.map(|of| property(schema, of, None)).collect();
            ValuePlan::Object(ObjectPlan { properties })
        }
        other => ValuePlan::Scalar(other.clone()),
    }
}

fn record_plan(schema: &Schema, record: RecordId) -> ObjectPlan {
    let fields = (0..).zip(&schema.record(record).fields);
    let properties =
        fields.map(|(at, of)| property(schema, of, schema.defaults.get(&(record, at))));
    ObjectPlan { properties: properties.collect() }
}

fn property(
    schema: &Schema,
    field: &FieldShape,
    default: Option<&expression::Value>,
) -> PropertyPlan {
    PropertyPlan {
        name: field.name.clone(),
        value: value_plan(schema, &field.ty),
        nullable: field.ty.is_optional(),
        merges: false,
        absent: default.map_or_else(|| absent_of(&field.ty), |of| Absent::Value(of.clone())),
    }
}
