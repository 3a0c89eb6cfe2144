//! `graphql/`: what the schemas say, and that GraphQL's reference implementation takes them.
//!
//! Where `FIRMITAS_TEST_GRAPHQL` names a folder with the npm package `graphql`, `tests/graphql.mjs`
//! builds each schema and validates a request of every field against it.

use std::collections::BTreeMap;

use engine::{Checked, check};

use crate::contracts::{everything, everything_with, judged, models};
use crate::{diagrams::least, examples::example};

fn schema(checked: &Checked, context: &str) -> String {
    let path = format!("graphql/{context}.graphql");
    let all = checked.artifacts();
    all.into_iter().find(|artifact| artifact.path == path).unwrap().contents
}

/// The lines of a definition, without descriptions.
fn block<'t>(schema: &'t str, first: &str) -> Vec<&'t str> {
    let lines = schema.lines().skip_while(|line| *line != format!("{first} {{"));
    let body = lines.skip(1).take_while(|line| *line != "}").map(str::trim);
    body.filter(|line| line.contains(": ") && !line.starts_with("\"\"\"")).collect()
}

/// The field of a root, from its name to its type.
fn field(schema: &str, name: &str) -> String {
    let start = schema.find(&format!("\n  {name}(")).unwrap();
    let lines = schema[start..].lines().skip(1);
    let mut text = String::new();
    for line in lines.map(str::trim).filter(|line| !line.starts_with("\"\"\"")) {
        text += line;
        if line.starts_with(')') {
            break;
        }
        text.push(' ');
    }
    text
}

fn model(text: &str) -> Checked {
    let checked = check(&BTreeMap::from([("firmitas.yaml".to_owned(), text.to_owned())]));
    assert!(checked.design.is_some(), "{:#?}", checked.diagnostics);
    checked
}

#[test]
fn operations_are_fields_of_the_roots() {
    let ordering = schema(&example("shop"), "ordering");
    assert_eq!(
        field(&ordering, "placeOrder"),
        "placeOrder( input: PlaceOrderInput! idempotencyKey: String! ): Order"
    );
    assert_eq!(field(&ordering, "viewOrder"), "viewOrder( id: ID! ): Order");
    assert_eq!(
        field(&ordering, "listMyOrders"),
        "listMyOrders( limit: Int = 50 after: String sort: ListMyOrdersOrder = PLACED_AT ): \
         OrderPage @listSize(assumedSize: 50, slicingArguments: [\"limit\"])"
    );
    assert_eq!(field(&ordering, "watchOrder"), "watchOrder( resumeAfter: ID ): WatchOrderChange");
    // What only the system does has no field.
    assert!(!ordering.contains("confirmOrder"));
}

#[test]
fn names_of_a_model_keep_off_those_that_every_schema_has() {
    let checked = model(
        "firmitas: 1
system: { name: Office }
actors: { clerk: { auth: user } }
entities:
  Claim: { fields: { said: string, paper: 'file(..1MiB)?', paid: money, at: geo? } }
operations:
  file: { create: Claim, by: [clerk], input: [said, paper, paid, at] }
  money: { act: Claim, by: [clerk], input: [said, paid] }
  geoPoint: { act: Claim, by: [clerk], input: [said, paid, at] }
  near: { act: Claim, by: [clerk], input: [said, paid] }
  claims: { list: Claim, by: [clerk], near: at }
",
    );
    let office = schema(&checked, "office");
    let defined = office.lines().filter_map(|line| line.strip_suffix(" {"));
    let mut defined: Vec<&str> =
        defined.filter_map(|line| line.split_once(' ')).map(|l| l.1).collect();
    let all = defined.len();
    defined.sort_unstable();
    defined.dedup();
    assert_eq!(defined.len(), all, "{office}");
    assert!(field(&office, "file").starts_with("file( input: FileInput2! "), "{office}");
    assert_eq!(block(&office, "input FileInput2")[0], "said: String!");
    assert_eq!(block(&office, "input MoneyInput"), ["amount: Decimal!", "currency: String!"]);
}

#[test]
fn types_say_what_may_be_null() {
    let practice = schema(&everything(), "practice");
    assert_eq!(
        block(&practice, "input BookTreatmentsRowInput"),
        [
            "code: String!",
            "quantity: Int = 1",
            "price: MoneyInput!",
            "kind: AppointmentTreatmentsRowKind"
        ]
    );
    let appointment = block(&practice, "type Appointment");
    for line in [
        "doctorId: ID!",
        "doctor: Doctor",
        "notes: String",
        "treatments: [AppointmentTreatmentsRow!]!",
    ] {
        assert!(appointment.contains(&line), "{line}: {appointment:?}");
    }
    // What an update leaves out stays as it is: it has no default.
    let edit = block(&practice, "input EditPatientInput");
    assert_eq!(edit, ["phone: PhoneNumber", "name: String", "preferences: JSON"]);
    assert!(
        practice.contains(
            "scalar PhoneNumber @specifiedBy(url: \"https://www.itu.int/rec/T-REC-E.164\")"
        )
    );
}

#[test]
fn what_is_secret_is_in_no_answer() {
    let payments = schema(&example("shop"), "payments");
    let card = block(&payments, "type Card");
    assert!(card.contains(&"last4: String!") && !card.iter().any(|line| line.starts_with("token")));
    assert!(block(&payments, "input AddCardInput").contains(&"token: String!"));
}

#[test]
fn it_says_whom_it_was_decided_for() {
    let chosen = "decisions:\n  paradigm.patient->practice: { choose: graphql, because: test }\n";
    let practice = schema(&everything_with(chosen), "practice");
    assert!(practice.contains("Decided for `patient`."), "{practice}");
    assert!(schema(&everything(), "billing").contains("Decided for no actor here"));
}

#[test]
fn the_depth_follows_from_the_references() {
    let text = |reference: &str| {
        format!(
            "firmitas: 1\nsystem: {{ name: Deep }}\nactors: {{ reader: {{ auth: none }} }}\n\
             entities:\n  A: {{ fields: {{ b: {reference} }} }}\n  B: {{ fields: {{ c: C }} }}\n  \
             C: {{ fields: {{ a: A? }} }}\noperations:\n  a: {{ get: A, by: [reader] }}\n  \
             b: {{ get: B, by: [reader] }}\n  c: {{ get: C, by: [reader] }}\n"
        )
    };
    // A to B to C, and no further: it would be A again. Without the first step, B to C to A.
    assert!(schema(&model(&text("B")), "deep").contains("at most 7 deep"));
    let without = text("int").replace("{ a: A? }", "{ d: int }");
    assert!(schema(&model(&without), "deep").contains("at most 6 deep"));
}

/// Names that GraphQL has other uses for.
const NAMES: &str = "
firmitas: 1
system: { name: 'Names \\ \"\"\" end\\' }
actors: { writer: { auth: user } }
entities:
  Query: { fields: { type: string, input: \"enum(yes, no2, on)\", a_1: int, a1: int, money: money } }
  Money: { fields: { query: Query, mutation: date } }
  QueryPage: { fields: { schema: float } }
  FollowChange: { fields: { scalar: duration } }
  Empty: { append_only: true, fields: { image: file(..1MiB)? } }
operations:
  query: { list: Query, by: [writer], filter: [a_1, a1, input], sort: [a_1] }
  mutation: { get: Query, by: [writer], doc: 'Ends with \\' }
  subscription: { create: Money, by: [writer], input: [query, mutation] }
  page: { get: QueryPage, by: [writer] }
  follow: { stream: Query, by: [writer] }
  make: { create: FollowChange, by: [writer], input: [scalar] }
  nothing: { create: Empty, by: [writer], input: [image] }
";

#[test]
fn the_reference_implementation_takes_every_schema() {
    let only_writes = "firmitas: 1\nsystem: { name: Sink }\nactors: { a: { auth: user } }\n\
        entities: { Drop: { fields: { at: time } } }\n\
        operations: { drop: { create: Drop, by: [a], input: [at] } }\n";
    let others = [("names", NAMES), ("sink", only_writes)]
        .map(|(name, text)| (name.to_owned(), model(text)));
    let all = models().into_iter().chain(others);
    judged("GRAPHQL", "graphql.mjs", all, |path| path.starts_with("graphql/"));
}

#[test]
fn a_model_without_public_operations_has_no_schema() {
    let paths: Vec<String> =
        least().artifacts().into_iter().map(|artifact| artifact.path).collect();
    assert!(!paths.iter().any(|path| path.starts_with("graphql/")), "{paths:?}");
}
