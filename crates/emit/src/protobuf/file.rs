//! A protobuf file as data, and its text.

use std::collections::BTreeSet;

use model::model::OperationId;

use super::numbers::{Numbers, Scope};

/// A `.proto` file.
#[derive(Debug, Default)]
pub struct File {
    /// Its package: `ordering.v1`.
    pub package: String,
    /// What stands above it.
    pub comment: String,
    /// The service, if it has one.
    pub service: Option<Service>,
    /// Messages, in the order in which they are written.
    pub messages: Vec<Message>,
    /// Enums.
    pub enums: Vec<Enum>,
}

/// A service.
#[derive(Debug)]
pub struct Service {
    /// Name, with `Service` at its end.
    pub name: String,
    /// What it is about.
    pub comment: String,
    /// What can be called.
    pub methods: Vec<Method>,
}

/// A remote procedure. Its messages are called like it, with `Request` and `Response` behind.
#[derive(Debug)]
pub struct Method {
    /// Name, `UpperCamel`.
    pub name: String,
    /// What it does.
    pub comment: String,
    /// Whether it answers again and again.
    pub streams: bool,
    /// Whether it only reads; all others may be repeated without harm.
    pub reads: bool,
    /// What is called.
    pub operation: OperationId,
}

/// A message.
#[derive(Debug)]
pub struct Message {
    /// Name.
    pub name: String,
    /// What it is.
    pub comment: String,
    /// Fields.
    pub fields: Vec<Field>,
}

/// A field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Name, `snake_case`.
    pub name: String,
    /// The name of its type.
    pub ty: String,
    /// How often it is there.
    pub label: Label,
    /// What it is.
    pub comment: String,
    /// What it stands for.
    pub meaning: Meaning,
}

/// What a field stands for over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A property of the JSON object.
    Property {
        /// Its name there.
        name: String,
        /// Whether it has to be there.
        required: bool,
        /// Most values, of a list.
        most: Option<u32>,
    },
    /// The id or the key in the address.
    Address,
    /// Most rows of a page: `limit`.
    PageSize,
    /// Where a page starts: `after`.
    PageToken,
    /// The order of a list: the texts of `sort`, in the order of the enum's members.
    Order(Vec<String>),
    /// A condition of a list, by the name of its parameter.
    Filter(String),
    /// Words that are searched for: `q`.
    Search,
    /// The point that rows are near: `near` and `within`.
    Near,
    /// Where a stream goes on.
    ResumeAfter,
    /// The bodies of a batch.
    Items,
    /// Which properties are written.
    UpdateMask,
    /// The version of `If-Match`.
    ExpectedVersion,
    /// The `Idempotency-Key`.
    IdempotencyKey,
    /// The row, of an answer.
    Row,
    /// The rows, of an answer.
    Rows,
    /// `next`, of a page.
    NextPageToken,
    /// How many rows there are, of a page.
    Count,
    /// The id of a row that is gone, of a stream.
    Gone,
    /// Where to go on, of a stream.
    ResumeToken,
}

/// How often a field is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Always.
    One,
    /// Perhaps; a reader can tell.
    Optional,
    /// Any number of times.
    Repeated,
    /// It, or another of these.
    OneOf,
}

/// An enum.
#[derive(Debug)]
pub struct Enum {
    /// Name.
    pub name: String,
    /// What it is.
    pub comment: String,
    /// Names of its values, without that for "unspecified".
    pub values: Vec<String>,
    /// The members that they stand for, in the same order.
    pub members: Vec<String>,
}

/// Files of protobuf's own and of ours, by the types that they define.
const IMPORTS: [(&str, &str); 5] = [
    ("firmitas.v1.", "firmitas/v1/types.proto"),
    ("google.protobuf.Duration", "google/protobuf/duration.proto"),
    ("google.protobuf.FieldMask", "google/protobuf/field_mask.proto"),
    ("google.protobuf.Timestamp", "google/protobuf/timestamp.proto"),
    ("google.protobuf.Value", "google/protobuf/struct.proto"),
];

/// The text of a file, with the numbers once given.
pub fn text(file: &File, numbers: &mut Numbers) -> String {
    let mut out = comment(&file.comment, "");
    out += &format!("\nsyntax = \"proto3\";\n\npackage {};\n", file.package);
    let imports = imports(file);
    if !imports.is_empty() {
        out.push('\n');
    }
    imports.iter().for_each(|path| out += &format!("import \"{path}\";\n"));
    if let Some(service) = &file.service {
        out += &service_text(service);
    }
    for message in &file.messages {
        out += &message_text(message, &file.package, numbers);
    }
    for of in &file.enums {
        out += &enum_text(of, &file.package, numbers);
    }
    out
}

fn imports(file: &File) -> BTreeSet<&'static str> {
    let types = file.messages.iter().flat_map(|message| &message.fields).map(|field| &field.ty);
    let path = |ty: &String| IMPORTS.iter().find(|(name, _)| ty.starts_with(name));
    types.filter_map(path).map(|(_, path)| *path).collect()
}

fn service_text(service: &Service) -> String {
    let mut out = format!("\n{}service {} {{\n", comment(&service.comment, ""), service.name);
    for (at, method) in service.methods.iter().enumerate() {
        let Method { name, .. } = method;
        let stream = if method.streams { "stream " } else { "" };
        let level = if method.reads { "NO_SIDE_EFFECTS" } else { "IDEMPOTENT" };
        if at > 0 {
            out.push('\n');
        }
        out += &comment(&method.comment, "  ");
        out += &format!("  rpc {name}({name}Request) returns ({stream}{name}Response) {{\n");
        out += &format!("    option idempotency_level = {level};\n  }}\n");
    }
    out + "}\n"
}

fn message_text(message: &Message, package: &str, numbers: &mut Numbers) -> String {
    let head = format!("\n{}message {} {{", comment(&message.comment, ""), message.name);
    let mut order: Vec<&Field> = message.fields.iter().collect();
    order.sort_by_key(|field| (field.name != "id", field.name.as_str()));
    let kind = |field: &Field| match field.label {
        Label::Repeated => format!("repeated:{}", field.ty),
        _ => field.ty.clone(),
    };
    let types: Vec<String> = order.iter().map(|field| kind(field)).collect();
    let members: Vec<(&str, &str)> =
        order.iter().zip(&types).map(|(field, ty)| (field.name.as_str(), ty.as_str())).collect();
    let scope = numbers.assign(&format!("{package}.{}", message.name), &members);
    let number = |field: &Field| scope.numbers.get(&field.name).copied().unwrap_or_default();
    order.sort_by_key(|field| number(field));
    if order.is_empty() && scope.reserved.is_empty() {
        return head + "}\n";
    }
    let (choices, fields): (Vec<&Field>, Vec<&Field>) =
        order.into_iter().partition(|field| field.label == Label::OneOf);
    let mut out = head + "\n" + &reserved(&scope);
    for field in fields {
        out += &field_text(field, number(field), "  ");
    }
    if !choices.is_empty() {
        out += "  // What happened.\n  oneof change {\n";
        choices.iter().for_each(|field| out += &field_text(field, number(field), "    "));
        out += "  }\n";
    }
    out + "}\n"
}

fn field_text(field: &Field, number: u32, indent: &str) -> String {
    let label = match field.label {
        Label::One | Label::OneOf => "",
        Label::Optional => "optional ",
        Label::Repeated => "repeated ",
    };
    let Field { name, ty, .. } = field;
    format!("{}{indent}{label}{ty} {name} = {number};\n", comment(&field.comment, indent))
}

impl Enum {
    /// The name of a value in the file.
    #[must_use]
    pub fn qualified(&self, value: &str) -> String {
        format!("{}_{}", decide::naming::snake(&self.name).to_uppercase(), value.to_uppercase())
    }
}

fn enum_text(of: &Enum, package: &str, numbers: &mut Numbers) -> String {
    let members: Vec<(&str, &str)> =
        of.values.iter().map(|value| (value.as_str(), "value")).collect();
    let scope = numbers.assign(&format!("{package}.{}", of.name), &members);
    let mut values: Vec<(u32, &String)> = of
        .values
        .iter()
        .map(|value| (scope.numbers.get(value).copied().unwrap_or_default(), value))
        .collect();
    values.sort_unstable();
    let mut out = format!("\n{}enum {} {{\n", comment(&of.comment, ""), of.name);
    let names = scope.reserved_names.iter().map(|name| of.qualified(name));
    out += &reserved(&Scope { reserved_names: names.collect(), ..scope });
    out += "  // Not said, or not known to this version.\n";
    out += &format!("  {} = 0;\n", of.qualified("unspecified"));
    for (number, value) in values {
        out += &format!("  // `{value}`.\n  {} = {number};\n", of.qualified(value));
    }
    out + "}\n"
}

fn reserved(scope: &Scope) -> String {
    let mut out = String::new();
    let numbers: Vec<String> = scope.reserved.iter().map(ToString::to_string).collect();
    let names: Vec<String> =
        scope.reserved_names.iter().map(|name| format!("\"{name}\"")).collect();
    for list in [numbers, names].iter().filter(|list| !list.is_empty()) {
        out += &format!("  reserved {};\n", list.join(", "));
    }
    out
}

/// Lines of comment; nothing in a model's text can end one early.
fn comment(text: &str, indent: &str) -> String {
    let printable = |line: &str| -> String { line.chars().filter(|c| !c.is_control()).collect() };
    let line =
        |line: &str| format!("{indent}// {}", printable(line).trim()).trim_end().to_owned() + "\n";
    text.trim().lines().map(line).collect()
}
