//! `proto/`: what it says, that numbers once given stay, and that buf takes it.
//!
//! Where `FIRMITAS_TEST_BUF` names a folder with the npm package `@bufbuild/buf`, buf lints and
//! builds the packages of every model, and looks for breaking changes between two versions of one.

use std::path::PathBuf;
use std::{collections::BTreeMap, process::Command};

use engine::{Checked, check};

use crate::contracts::{Scratch, everything, models, passes};
use crate::{diagrams::least, examples::example};

/// Files below `proto/`, by path.
fn files(checked: &Checked) -> BTreeMap<String, String> {
    let below = |path: &str| path.strip_prefix("proto/").map(str::to_owned);
    let all = checked.artifacts().into_iter();
    all.filter_map(|artifact| Some((below(&artifact.path)?, artifact.contents))).collect()
}

/// A model, after a run that gave these numbers.
fn continued(text: &str, lock: &str) -> Checked {
    let files = [("firmitas.yaml", text), ("design/proto/fields.lock", lock)];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let checked = check(&BTreeMap::from(files));
    assert!(checked.design.is_some(), "{:#?}", checked.diagnostics);
    checked
}

/// The lines of a message or enum, without comments.
fn block<'t>(file: &'t str, first: &str) -> Vec<&'t str> {
    let lines = file.lines().skip_while(|line| *line != format!("{first} {{"));
    let body = lines.skip(1).take_while(|line| *line != "}").map(str::trim);
    body.filter(|line| !line.starts_with("//")).collect()
}

#[test]
fn every_operation_can_be_called() {
    for (name, checked) in models() {
        let files = files(&checked);
        let model = &checked.design.as_ref().unwrap().model;
        for (id, operation) in model.operations() {
            let context = decide::naming::snake(&model.context(operation.context).name);
            let file = &files[&format!("{context}/v1/{context}.proto")];
            let method = decide::naming::upper_camel(&operation.name);
            let rpc = format!("  rpc {method}({method}Request) returns (");
            assert_eq!(file.matches(&rpc).count(), 1, "{name}: {}", model.qualified_operation(id));
        }
    }
}

#[test]
fn messages_say_what_the_model_says() {
    let files = files(&everything());
    let practice = &files["practice/v1/practice.proto"];
    assert_eq!(
        block(practice, "message BookTreatmentsRowInput"),
        [
            "string code = 1;",
            "optional AppointmentTreatmentsRowKind kind = 2;",
            "firmitas.v1.Money price = 3;",
            "optional int32 quantity = 4;",
        ]
    );
    assert_eq!(
        block(practice, "enum AppointmentStatus"),
        [
            "APPOINTMENT_STATUS_UNSPECIFIED = 0;",
            "APPOINTMENT_STATUS_BOOKED = 1;",
            "APPOINTMENT_STATUS_CANCELLED = 2;",
            "APPOINTMENT_STATUS_DONE = 3;",
        ]
    );
    let watching = block(practice, "message WatchDayResponse");
    assert_eq!(
        watching,
        [
            "string resume_token = 3;",
            "oneof change {",
            "Appointment appointment = 1;",
            "string gone = 2;",
            "}"
        ]
    );
    assert!(practice.contains("// Refuses with no-double-booking (FAILED_PRECONDITION), ends-before-it-starts (FAILED_PRECONDITION)."));
    let shop = self::files(&example("shop"));
    for hidden in ["string token", "processor_reference"] {
        let answers = shop["payments/v1/payments.proto"].split("\nmessage ");
        let answers = answers.filter(|message| !message.contains("Request {"));
        assert_eq!(answers.filter(|message| message.contains(hidden)).count(), 0, "{hidden}");
    }
}

const BEFORE: &str = "
firmitas: 1
system: { name: Notes }
actors: { writer: { auth: user } }
entities:
  Note: { fields: { title: string, body: text, pages: int(0..9), kind: \"enum(short, long)\" } }
operations:
  add: { create: Note, by: [writer], input: [title, body, pages, kind] }
";

/// The same, with a field and a member more, others elsewhere, and a wider range.
const AFTER: &str = "
firmitas: 1
system: { name: Notes }
actors: { writer: { auth: user } }
operations:
  add: { create: Note, by: [writer], input: [author, kind, title, body, pages] }
entities:
  Note: { fields: { author: string, kind: \"enum(draft, short, long)\", pages: int(0..9000000000), title: string, body: text } }
";

#[test]
fn a_value_may_be_called_unspecified() {
    let text = "firmitas: 1\nsystem: { name: Desk }\nactors: { clerk: { auth: user } }\nentities:\n  \
                Note: { fields: { kind: \"enum(unspecified, plain)\" } }\noperations:\n  \
                add: { create: Note, by: [clerk], input: [kind] }\n";
    let files = files(&continued(text, ""));
    let kinds = block(&files["desk/v1/desk.proto"], "enum NoteKind");
    let names = ["NOTE_KIND_UNSPECIFIED = 0;", "NOTE_KIND_UNSPECIFIED_VALUE = 1;"];
    assert_eq!(kinds[..2], names);
}

#[test]
fn numbers_stay_when_the_model_changes() {
    let first = files(&continued(BEFORE, ""));
    let second = files(&continued(AFTER, &first["fields.lock"]));
    let note = &second["notes/v1/notes.proto"];
    let fields = block(note, "message Note");
    let of = |name: &str| fields.iter().find(|line| line.contains(&format!(" {name} ="))).copied();
    assert_eq!(of("body"), Some("string body = 2;"));
    assert_eq!(of("pages"), Some("int64 pages = 5;"));
    assert_eq!(of("author"), Some("string author = 9;"));
    assert_eq!(block(note, "enum NoteKind")[3], "NOTE_KIND_DRAFT = 3;");
    // What goes leaves its number behind.
    let third = files(&continued(BEFORE, &second["fields.lock"]));
    let fields = block(&third["notes/v1/notes.proto"], "message Note");
    assert_eq!(fields[..2], ["reserved 9;", "reserved \"author\";"]);
    let kinds = block(&third["notes/v1/notes.proto"], "enum NoteKind");
    assert_eq!(kinds[..2], ["reserved 3;", "reserved \"NOTE_KIND_DRAFT\";"]);
    assert_eq!(third["fields.lock"], second["fields.lock"]);
}

#[test]
fn a_model_without_operations_has_no_packages() {
    assert!(files(&least()).is_empty());
}

/// Names that protobuf has other uses for, or writes differently.
const NAMES: &str = "
firmitas: 1
system: { name: Names }
actors: { writer: { auth: user } }
contexts:
  google:
    entities:
      HTTPCall: { fields: { message: string, optional: \"enum(a1, a_1, b2c)?\", last4: string, a_1: int, a1: int, x2_y3: date } }
      Line2Item: { fields: { repeated: HTTPCall, page_size: int, string: float, json_name: json } }
      CallRequest: { fields: { oneof: \"list(decimal(5,2))\", reserved: json, gone: bool } }
    operations:
      call: { create: HTTPCall, by: [writer], input: [message, optional, last4, a_1, a1, x2_y3] }
      call2: { create: Line2Item, by: [writer], input: [repeated, page_size, string, json_name] }
      list: { list: Line2Item, by: [writer], filter: [page_size, string] }
      make: { create: CallRequest, by: [writer], input: [oneof, reserved, gone] }
      follow: { stream: CallRequest, by: [writer] }
  v1:
    entities: { V1: { fields: { id2: uuid } } }
    operations: { v1: { create: V1, by: [writer], input: [id2] } }
";

fn buf() -> Option<PathBuf> {
    let Ok(packages) = std::env::var("FIRMITAS_TEST_BUF") else {
        eprintln!("SKIPPED: FIRMITAS_TEST_BUF is not set (run `cargo xtask test`)");
        return None;
    };
    Some(PathBuf::from(packages).join("node_modules/.bin/buf"))
}

/// A command of buf in the folder of a model's packages.
fn run(buf: &PathBuf, folder: &Scratch, name: &str, checked: &Checked, arguments: &[&str]) {
    for (path, text) in files(checked) {
        folder.write(&format!("{name}/{path}"), &text);
    }
    // Its cache stays inside; nothing that it needs is elsewhere.
    let mut command = Command::new(buf);
    command.args(arguments).current_dir(folder.0.join(name)).env("BUF_CACHE_DIR", &folder.0);
    passes(&mut command);
}

#[test]
fn buf_lints_and_builds_every_package() {
    let Some(buf) = buf() else { return };
    let folder = Scratch::new("protobuf");
    let names = ("names".to_owned(), continued(NAMES, ""));
    for (name, checked) in models().into_iter().chain([names]) {
        run(&buf, &folder, &name, &checked, &["lint"]);
        run(&buf, &folder, &name, &checked, &["build"]);
    }
}

#[test]
fn buf_finds_no_breaking_change_where_only_something_is_added() {
    let Some(buf) = buf() else { return };
    let folder = Scratch::new("protobuf-breaking");
    let before = continued(BEFORE, "");
    let after = continued(AFTER, &files(&before)["fields.lock"]);
    run(&buf, &folder, "before", &before, &["build"]);
    // A wider range alone changes a type: int32 and int64 read each other, and buf says so.
    run(&buf, &folder, "after", &after, &["breaking", "--against", "../before", "--config", WIRE]);
}

const WIRE: &str = r#"{"version":"v2","modules":[{"path":"."}],"breaking":{"use":["WIRE"]}}"#;
