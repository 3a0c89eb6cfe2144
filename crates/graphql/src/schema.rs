//! The schema from its text, for validation and introspection, and its types by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::Value;
use async_graphql::dynamic::{
    Enum, EnumItem, Field, FieldFuture, InputObject, InputValue, Object, Scalar, Schema,
    SchemaBuilder, Subscription, SubscriptionField, SubscriptionFieldFuture, TypeRef,
};
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::futures_util::stream;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind,
    TypeSystemDefinition,
};
use async_graphql::{Error, Positioned, Response};

/// A schema and its types.
pub(crate) struct Built {
    pub schema: Schema,
    pub types: BTreeMap<String, Kind>,
}

/// What a type is.
#[derive(Debug)]
pub(crate) enum Kind {
    Scalar,
    /// With its values.
    Enum(Vec<String>),
    /// With its fields, their types and the types of their arguments.
    Object(BTreeMap<String, (Type, BTreeMap<String, Type>)>),
    /// With its fields.
    Input(BTreeMap<String, Type>),
}

/// Marks a request that is only to be validated.
pub(crate) struct ValidateOnly;

/// Ends requests that are only to be validated before they are executed.
struct Judging;

impl ExtensionFactory for Judging {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for Judging {
    async fn execute(
        &self,
        context: &ExtensionContext<'_>,
        operation: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        match context.data_opt::<ValidateOnly>() {
            Some(_) => Response::default(),
            None => next.run(context, operation).await,
        }
    }
}

/// The name of a type without what may be null or many.
pub(crate) fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(of) => named(of),
    }
}

/// Builds a schema.
pub(crate) fn build(sdl: &str) -> Result<Built, String> {
    // The parser takes no description of a schema, with which the text begins.
    let start = sdl.find("\nschema {").unwrap_or(0);
    let document =
        parse_schema(sdl.get(start..).unwrap_or(sdl)).map_err(|error| error.to_string())?;
    let mut roots = (None, None, None);
    let mut definitions = Vec::new();
    for definition in document.definitions {
        match definition {
            TypeSystemDefinition::Schema(of) => {
                let name = |name: Option<Positioned<_>>| {
                    name.map(|name: Positioned<async_graphql::Name>| name.node.to_string())
                };
                roots = (name(of.node.query), name(of.node.mutation), name(of.node.subscription));
            }
            TypeSystemDefinition::Type(of) => definitions.push(of.node),
            // Definitions of directives stand in the text alone.
            TypeSystemDefinition::Directive(_) => {}
        }
    }
    let (query, mutation, subscription) = roots;
    let query = query.ok_or("the schema has no query")?;
    let mut builder = Schema::build(&query, mutation.as_deref(), subscription.as_deref())
        .extension(Judging)
        .limit_recursive_depth(64);
    let mut types = BTreeMap::new();
    for definition in &definitions {
        let name = definition.name.node.as_str();
        types.insert(name.to_owned(), kind(definition)?);
        builder = register(builder, definition, subscription.as_deref() == Some(name))?;
    }
    let schema = builder.finish().map_err(|error| error.to_string())?;
    Ok(Built { schema, types })
}

/// Adds a type; `streams` where it is the one of subscriptions.
fn register(
    builder: SchemaBuilder,
    definition: &TypeDefinition,
    streams: bool,
) -> Result<SchemaBuilder, String> {
    let name = definition.name.node.as_str();
    Ok(match &definition.kind {
        TypeKind::Object(object) if streams => {
            let add = |of: Subscription, field: &Positioned<FieldDefinition>| {
                of.field(followed(&field.node))
            };
            builder.register(object.fields.iter().fold(Subscription::new(name), add))
        }
        TypeKind::Object(of) => {
            let fields = of.fields.iter().map(|field| self::field(&field.node));
            let object = Object::new(name);
            let object = match description(definition.description.as_ref()) {
                Some(text) => object.description(text),
                None => object,
            };
            builder.register(fields.fold(object, Object::field))
        }
        TypeKind::Enum(of) => {
            let item = |value: &Positioned<async_graphql::parser::types::EnumValueDefinition>| {
                EnumItem::new(value.node.value.node.as_str())
            };
            let all = Enum::new(name).items(of.values.iter().map(item));
            builder.register(match description(definition.description.as_ref()) {
                Some(text) => all.description(text),
                None => all,
            })
        }
        TypeKind::InputObject(of) => {
            let fields = of.fields.iter().map(|field| value(&field.node));
            let object = InputObject::new(name);
            let object = match description(definition.description.as_ref()) {
                Some(text) => object.description(text),
                None => object,
            };
            builder.register(fields.fold(object, InputObject::field))
        }
        TypeKind::Scalar => builder.register(scalar(definition)),
        TypeKind::Interface(_) | TypeKind::Union(_) => {
            return Err(format!("{name} is of a kind that is not served"));
        }
    })
}

/// A scalar with where it is specified.
fn scalar(definition: &TypeDefinition) -> Scalar {
    let scalar = Scalar::new(definition.name.node.as_str());
    let url = definition.directives.iter().find_map(|directive| {
        let url = directive.node.get_argument("url")?;
        match &url.node {
            Value::String(url) => Some(url.clone()),
            _ => None,
        }
    });
    let scalar = match url {
        Some(url) => scalar.specified_by_url(url),
        None => scalar,
    };
    match description(definition.description.as_ref()) {
        Some(text) => scalar.description(text),
        None => scalar,
    }
}

fn kind(definition: &TypeDefinition) -> Result<Kind, String> {
    Ok(match &definition.kind {
        TypeKind::Scalar => Kind::Scalar,
        TypeKind::Enum(of) => {
            Kind::Enum(of.values.iter().map(|value| value.node.value.node.to_string()).collect())
        }
        TypeKind::Object(of) => {
            let field = |field: &Positioned<FieldDefinition>| {
                let arguments = field.node.arguments.iter();
                let arguments = arguments
                    .map(|of| (of.node.name.node.to_string(), of.node.ty.node.clone()))
                    .collect();
                (field.node.name.node.to_string(), (field.node.ty.node.clone(), arguments))
            };
            Kind::Object(of.fields.iter().map(field).collect())
        }
        TypeKind::InputObject(of) => {
            let field = |field: &Positioned<InputValueDefinition>| {
                (field.node.name.node.to_string(), field.node.ty.node.clone())
            };
            Kind::Input(of.fields.iter().map(field).collect())
        }
        TypeKind::Interface(_) | TypeKind::Union(_) => {
            return Err("an interface or a union".to_owned());
        }
    })
}

fn description(text: Option<&Positioned<String>>) -> Option<String> {
    text.map(|text| text.node.clone())
}

fn reference(ty: &Type) -> TypeRef {
    let inner = match &ty.base {
        BaseType::Named(name) => TypeRef::named(name.to_string()),
        BaseType::List(of) => TypeRef::List(Box::new(reference(of))),
    };
    if ty.nullable { inner } else { TypeRef::NonNull(Box::new(inner)) }
}

fn value(of: &InputValueDefinition) -> InputValue {
    let value = InputValue::new(of.name.node.as_str(), reference(&of.ty.node));
    let value = match description(of.description.as_ref()) {
        Some(text) => value.description(text),
        None => value,
    };
    match &of.default_value {
        Some(default) => value.default_value(default.node.clone()),
        None => value,
    }
}

/// A field. It is resolved elsewhere: here it is validated, and answers nothing.
fn field(of: &FieldDefinition) -> Field {
    let version = of.name.node == "version";
    let field = Field::new(of.name.node.as_str(), reference(&of.ty.node), move |_| {
        FieldFuture::from_value(version.then(|| Value::from("1")))
    });
    let field = match description(of.description.as_ref()) {
        Some(text) => field.description(text),
        None => field,
    };
    of.arguments.iter().map(|argument| value(&argument.node)).fold(field, Field::argument)
}

fn followed(of: &FieldDefinition) -> SubscriptionField {
    let field = SubscriptionField::new(of.name.node.as_str(), reference(&of.ty.node), |_| {
        SubscriptionFieldFuture::new(async { Ok(stream::empty::<Result<Value, Error>>()) })
    });
    let field = match description(of.description.as_ref()) {
        Some(text) => field.description(text),
        None => field,
    };
    of.arguments
        .iter()
        .map(|argument| value(&argument.node))
        .fold(field, SubscriptionField::argument)
}
