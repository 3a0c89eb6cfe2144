//! Service Cutter's own samples as models: entities with their relations, use cases as operations.
//! Nobody says what the right cut is; what is proposed must be explained.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::page;
use crate::text::{decided, parameter, verdict};

const SYSTEMS: [(&str, &str, &str); 3] = [
    (
        "booking",
        include_str!("../../data/boundaries/service-cutter/booking_1_model.json"),
        include_str!("../../data/boundaries/service-cutter/booking_2_user_representations.json"),
    ),
    (
        "cargo",
        include_str!("../../data/boundaries/service-cutter/ddd_1_model.json"),
        include_str!("../../data/boundaries/service-cutter/ddd_2_user_representations.json"),
    ),
    (
        "trading",
        include_str!("../../data/boundaries/service-cutter/trading_1_model.json"),
        include_str!("../../data/boundaries/service-cutter/trading_2_user_representations.json"),
    ),
];

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap()
}

/// `Customer` of `Customer.firstname`, for each of a list.
fn entities<'v>(value: &'v Value, key: &str) -> BTreeSet<&'v str> {
    let of = |field: &'v Value| field.as_str().unwrap().split('.').next().unwrap();
    list(value, key).iter().map(of).collect()
}

/// `createCustomer` of `Create customer`.
fn lower_camel(name: &str) -> String {
    decide::naming::lower_camel(&name.replace(' ', "-"))
}

/// The references of each entity: a whole owns its part, an heir cannot be without what it is.
fn references(model: &Value) -> BTreeMap<&str, Vec<String>> {
    let mut fields: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for relation in list(model, "relations") {
        let (origin, destination) = (text(relation, "origin"), text(relation, "destination"));
        let (from, to, mark) = match text(relation, "type") {
            "COMPOSITION" => (destination, origin, ""),
            "INHERITANCE" => (origin, destination, ""),
            _ => (origin, destination, "?"),
        };
        let field = format!("{}: {to}{mark}", decide::naming::snake(to));
        fields.entry(from).or_default().push(field);
    }
    fields
}

/// A use case: what it writes beside the first it calls, what it reads it requires.
fn operation(case: &Value) -> String {
    let (read, written) =
        (entities(case, "nanoentitiesRead"), entities(case, "nanoentitiesWritten"));
    let name = lower_camel(text(case, "name"));
    let Some(target) = written.first().or(read.first()) else { return String::new() };
    let others = |all: &BTreeSet<&str>| -> Vec<String> {
        all.iter().filter(|other| *other != target).map(|other| (*other).to_owned()).collect()
    };
    let reads = others(&read).into_iter().filter(|other| !written.contains(other.as_str()));
    let there = |other: &String| format!("{other}.exists(row, row.mark > 0)");
    if written.is_empty() {
        let fields: Vec<String> = reads
            .map(|other| format!("has_{}: \"{}\"", decide::naming::snake(&other), there(&other)))
            .collect();
        let fields = if fields.is_empty() {
            "[mark]".to_owned()
        } else {
            format!("{{ {} }}", fields.join(", "))
        };
        return format!("  {name}: {{ get: {target}, by: [user], fields: {fields}, rate: 1/s }}\n");
    }
    let calls = others(&written);
    let input: Vec<String> =
        calls.iter().map(|other| format!("{}: {other}", decide::naming::snake(other))).collect();
    let mut effects: Vec<String> = reads
        .map(|other| format!("{{ require: \"{}\", else: nothing-there }}", there(&other)))
        .collect();
    effects.push("{ set: { mark: 1 } }".to_owned());
    effects.extend(calls.iter().map(|other| {
        let row = decide::naming::snake(other);
        format!("{{ call: mark{other}, with: {{ self: input.{row} }} }}")
    }));
    format!(
        "  {name}: {{ act: {target}, by: [user], input: {{ {} }}, do: [{}], rate: 1/s }}\n",
        input.join(", "),
        effects.join(", ")
    )
}

/// Who may write an entity: the groups of owners or of access that hold a field of it.
fn owners(users: &Value, entity: &str) -> Vec<String> {
    let groups = ["sharedOwnerGroups", "securityAccessGroups"];
    let groups = groups.iter().flat_map(|key| list(users, key));
    let own = groups.filter(|group| entities(group, "nanoentities").contains(entity));
    let own: BTreeSet<String> = own.map(|group| lower_camel(text(group, "name"))).collect();
    if own.is_empty() { vec!["user".to_owned()] } else { own.into_iter().collect() }
}

fn critical(users: &Value, entity: &str) -> bool {
    let grades = list(&users["compatibilities"], "securityCriticality").iter();
    let mut critical = grades.filter(|grade| text(grade, "characteristic") == "Critical");
    critical.any(|grade| entities(grade, "nanoentities").contains(entity))
}

fn model(system: &Value, users: &Value) -> String {
    let fields = references(system);
    let (mut actors, mut rows, mut operations) =
        (BTreeSet::from(["user".to_owned()]), String::new(), String::new());
    for entity in list(system, "entities") {
        let name = text(entity, "name");
        let mut own = fields.get(name).cloned().unwrap_or_default();
        own.sort();
        if critical(users, name) {
            own.push("secret_note: string(1..80)? sensitive".to_owned());
        }
        let own: String = own.iter().map(|field| format!(", {field}")).collect();
        rows += &format!("  {name}: {{ rows: 1k, fields: {{ mark: int(0..9){own} }} }}\n");
        let by = owners(users, name);
        operations += &format!(
            "  mark{name}: {{ act: {name}, by: [system, {}], do: [{{ set: {{ mark: 1 }} }}], rate: 1/s }}\n",
            by.join(", ")
        );
        actors.extend(by);
    }
    list(users, "useCases").iter().for_each(|case| operations += &operation(case));
    let actors: String =
        actors.iter().map(|name| format!("  {name}: {{ auth: user }}\n")).collect();
    format!(
        "firmitas: 1\nsystem: {{ name: System, summary: A sample., teams: {{ one: {{ people: 9 }}, two: {{ people: 9 }} }} }}\nactors:\n{actors}entities:\n{rows}operations:\n{operations}"
    )
}

#[test]
fn the_page_shows_how_service_cutters_systems_are_cut() {
    let mut told = String::new();
    for (name, system, users) in SYSTEMS {
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let verdicts = decided(&model(&parse(system), &parse(users)));
        let whole = verdict(&verdicts, "boundary.system");
        told += &format!("**{name}**: {}", whole.choice);
        if whole.choice == "keep" {
            told += &format!(", {}\n\n", whole.drivers[0].weight);
            continue;
        }
        told += &format!(", severs {}\n\n", parameter(whole, "severs"));
        told += "| proposed | entities | what ties them most |\n|---|---|---|\n";
        for part in parameter(whole, "into").split(", ") {
            let part = verdict(&verdicts, &format!("boundary.{part}"));
            told += &format!(
                "| {} | {} | {} |\n",
                part.subject,
                parameter(part, "entities"),
                part.drivers
                    .iter()
                    .take(2)
                    .map(|of| of.fact.as_str())
                    .collect::<Vec<_>>()
                    .join("; "),
            );
        }
        told += "\n";
        let parts =
            verdicts.iter().filter(|of| of.family == "boundary").flat_map(|of| &of.parameters);
        assert!(parts.clone().any(|(name, _)| name.starts_with("cut from")), "{name}");
        if let (Some((name, cut)), "cargo") =
            (parts.clone().find(|of| of.0 == "cut from cargoes"), name)
        {
            told += &format!("`{name}`: {cut}.\n\n");
        }
    }
    page::shows("service cutter", &told);
}
