//! Protobuf, one package for each context: a service with every operation, as other contexts and
//! clients call it. Numbers of fields never change: see [`numbers`].

mod file;
mod numbers;
mod requests;
mod types;

use decide::{
    Design,
    naming::{snake, upper_camel},
};
use model::model::{ContextId, Operation, OperationId, OperationKind};

use crate::openapi::problems;
pub use crate::openapi::problems::grpc_status;
use crate::shapes::{self, Catalogue};
use crate::{Artifact, Emitter, Input};
pub use file::{Enum, Field, File, Label, Meaning, Message, Method, Service};
use numbers::Numbers;

/// `proto/`.
pub static EMITTER: Emitter = Emitter { id: "protobuf", run: artifacts };

/// What buf checks: its standard rules, that everything is commented, and that no file breaks those
/// who were built against it.
const BUF: &str = "\
version: v2
modules:
  - path: .
lint:
  use:
    - STANDARD
    - COMMENTS
breaking:
  use:
    - FILE
";

/// The package of a context.
#[derive(Debug)]
pub struct Package {
    /// Whose it is.
    pub context: ContextId,
    /// Its path, by which other files import it.
    pub path: String,
    /// What it says.
    pub file: File,
    /// The same as text.
    pub text: String,
}

/// The path of the types that all packages share.
pub const TYPES_PATH: &str = "firmitas/v1/types.proto";
/// The types that all packages share.
pub const TYPES: &str = include_str!("types.proto");

fn artifacts(input: &Input<'_>) -> Vec<Artifact> {
    let mut numbers = Numbers::read(input.field_numbers);
    let packages = numbered(input.design, &mut numbers);
    if packages.is_empty() {
        return Vec::new();
    }
    let fixed = [
        ("buf.yaml".to_owned(), BUF.to_owned()),
        ("fields.lock".to_owned(), numbers.write()),
        (TYPES_PATH.to_owned(), TYPES.to_owned()),
    ];
    let all = packages.into_iter().map(|package| (package.path, package.text)).chain(fixed);
    all.map(|(path, contents)| Artifact { path: format!("proto/{path}"), contents }).collect()
}

/// The packages of a design, by path, with the numbers that a lock gives their fields.
#[must_use]
pub fn packages(design: &Design, field_numbers: &str) -> Vec<Package> {
    numbered(design, &mut Numbers::read(field_numbers))
}

fn numbered(design: &Design, numbers: &mut Numbers) -> Vec<Package> {
    let contexts = (0u16..).map(ContextId).zip(&design.model.contexts);
    let mut names: Vec<(String, ContextId)> =
        contexts.map(|(id, context)| (snake(&context.name), id)).collect();
    names.sort();
    let package = |(name, context): (String, ContextId)| {
        let file = file(design, context, &name)?;
        let text = file::text(&file, numbers);
        Some(Package { context, path: format!("{name}/v1/{name}.proto"), file, text })
    };
    names.into_iter().filter_map(package).collect()
}

/// Names of an enum's values: apart from each other and from the value that means "not said".
fn values(members: &[String]) -> Vec<String> {
    let all = std::iter::once("unspecified").chain(members.iter().map(String::as_str));
    requests::distinct(all, "_value").split_off(1)
}

/// The file of a context; nothing where it has no operation.
fn file(design: &Design, context: ContextId, name: &str) -> Option<File> {
    let here = design.model.operations().filter(|(_, of)| of.context == context);
    let mut operations: Vec<(OperationId, &Operation)> = here.collect();
    operations.sort_by_key(|(_, of)| of.name.value.as_str());
    if operations.is_empty() {
        return None;
    }
    let reserved = operations.iter().flat_map(|(_, of)| {
        ["Request", "Response"].map(|end| format!("{}{end}", upper_camel(&of.name)))
    });
    let service = format!("{}Service", upper_camel(name));
    let mut all = Catalogue::new(reserved.chain([service.clone()]), "Input");
    let mut messages: Vec<Message> = Vec::new();
    for (_, operation) in &operations {
        messages.extend(requests::messages(design, operation, &mut all));
    }
    messages.extend(objects(design, &all));
    let enums = all.enums.iter().map(|(name, members)| Enum {
        name: name.clone(),
        comment: format!("Values of {}.", snake(name).replace('_', " ")),
        values: values(members),
        members: members.clone(),
    });
    let of = design.model.context(context);
    let summary = of.summary.clone().unwrap_or_else(|| design.model.system.summary.clone());
    Some(File {
        package: format!("{name}.v1"),
        comment: format!("{}: {}.", design.model.system.name, of.name),
        service: Some(Service {
            name: service,
            comment: [summary.trim(), &shapes::served(design, &of.name, "grpc"), SERVICE]
                .join("\n\n"),
            methods: operations.iter().map(|(id, of)| method(design, *id, of)).collect(),
        }),
        messages,
        enums: enums.collect(),
    })
}

/// What holds for every call.
const SERVICE: &str = "\
Metadata `authorization: Bearer TOKEN` says who calls, `x-correlation-id` and `traceparent` are
handed on, and the deadline of the call is that of all that it causes. A refusal carries its stable
code as `reason` of google.rpc.ErrorInfo.";

fn fields(design: &Design, object: &shapes::Object) -> Vec<file::Field> {
    let mut properties: Vec<&shapes::Property> = object.properties.iter().collect();
    properties.sort_by_key(|of| of.name.as_str());
    requests::unique(properties.into_iter().map(|of| types::field(design, of, false)).collect())
}

fn objects(design: &Design, all: &Catalogue) -> Vec<Message> {
    let message = |(name, object): (&String, &shapes::Object)| Message {
        name: name.clone(),
        comment: object
            .doc
            .clone()
            .unwrap_or_else(|| format!("Properties of {}.", snake(name).replace('_', " "))),
        fields: fields(design, object),
    };
    all.objects.iter().map(message).collect()
}

fn method(design: &Design, id: OperationId, operation: &Operation) -> Method {
    let mut paragraphs = vec![shapes::sentence(design, operation)];
    let mut actors: Vec<&str> = operation
        .by
        .iter()
        .map(|grant| design.model.actor(grant.actor).name.value.as_str())
        .collect();
    actors.sort_unstable();
    actors.dedup();
    let reach =
        if design.route(id).is_some() { "" } else { " Only other contexts of the system call it." };
    paragraphs.push(format!("Admits {}.{reach}", actors.join(", ")));
    let codes = problems::own_codes(design, operation);
    if !codes.is_empty() {
        let one =
            |(status, code): &(u16, String)| format!("{code} ({})", problems::grpc_status(*status));
        let list: Vec<String> = codes.iter().map(one).collect();
        paragraphs.push(format!("Refuses with {}.", list.join(", ")));
    }
    Method {
        name: upper_camel(&operation.name),
        comment: paragraphs.join("\n"),
        streams: operation.kind == OperationKind::Stream,
        reads: !operation.writes(),
        operation: id,
    }
}
