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
use crate::shapes::{self, Catalogue};
use crate::{Artifact, Emitter, Input};
use file::{Enum, File, Message, Method, Service};
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

fn artifacts(input: &Input<'_>) -> Vec<Artifact> {
    let mut numbers = Numbers::read(input.field_numbers);
    let contexts = (0u16..).map(ContextId).zip(&input.design.model.contexts);
    let mut names: Vec<(String, ContextId)> =
        contexts.map(|(id, context)| (snake(&context.name), id)).collect();
    names.sort();
    let mut all: Vec<Artifact> = Vec::new();
    for (name, context) in names {
        if let Some(file) = file(input.design, context, &name) {
            let path = format!("proto/{name}/v1/{name}.proto");
            all.push(Artifact { path, contents: file::text(&file, &mut numbers) });
        }
    }
    if all.is_empty() {
        return all;
    }
    let fixed = [
        ("proto/buf.yaml", BUF.to_owned()),
        ("proto/fields.lock", numbers.write()),
        ("proto/firmitas/v1/types.proto", include_str!("types.proto").to_owned()),
    ];
    all.extend(fixed.map(|(path, contents)| Artifact { path: path.to_owned(), contents }));
    all
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
    }
}
