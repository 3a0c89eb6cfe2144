//! Which contexts are proposed for entities that have none.

use crate::text::{choice, decided, parameter, verdict};

/// Two groups of `size` entities in which each refers to the one before, by different actors, and
/// whatever else is filled in.
fn model(size: usize, teams: &str, entity: &str, operation: &str) -> String {
    let mut text = format!(
        "
firmitas: 1
system: {{ name: Plan, summary: Two groups., teams: {{ {teams} }} }}
actors: {{ left: {{ auth: user }}, right: {{ auth: user }} }}
entities:
"
    );
    let mut operations = "operations:\n".to_owned();
    for (group, actor) in [("Left", "left"), ("Right", "right")] {
        for at in 1..=size {
            let before =
                if at > 1 { format!(", before: {group}{}", at - 1) } else { String::new() };
            text +=
                &format!("  {group}{at}: {{ rows: 1k, fields: {{ size: int(0..9){before} }} }}\n");
            let input = if at > 1 { "[size, before]" } else { "[size]" };
            operations += &format!(
                "  add{group}{at}: {{ create: {group}{at}, by: [{actor}], input: {input}, rate: 1/s }}\n"
            );
        }
    }
    text + entity + &operations + operation
}

fn boundary(size: usize, teams: &str) -> &'static str {
    choice(&model(size, teams, "", ""), "boundary.plan")
}

#[test]
fn a_small_team_with_few_entities_keeps_them_together() {
    let one = |people: u32| format!("one: {{ people: {people} }}");
    assert_eq!(boundary(5, &one(8)), "keep");
    assert_eq!(boundary(5, &one(9)), "split");
    assert_eq!(boundary(6, &one(8)), "split", "12 entities are not few");
    assert_eq!(boundary(5, "one: { people: 4 }, two: { people: 4 }"), "split");
}

#[test]
fn there_is_a_context_for_every_three_people() {
    let teams = |people: u32| format!("one: {{ people: {people} }}, two: {{ people: 1 }}");
    assert_eq!(boundary(3, &teams(3)), "split");
    assert_eq!(boundary(3, &teams(2)), "keep", "3 people own one context");
}

#[test]
fn a_proposal_says_what_it_cuts() {
    let entity = "  Both: { rows: 1k, fields: { left: Left2, right: Right2 } }\n";
    let operation = "  addBoth: { create: Both, by: [left], input: [left, right], rate: 1/s }\n";
    let teams = "one: { people: 9 }, two: { people: 9 }";
    let verdicts = decided(&model(5, teams, entity, operation));
    let whole = verdict(&verdicts, "boundary.plan");
    let into = parameter(whole, "into");
    assert_eq!(whole.choice, "split");
    let cut = verdicts.iter().any(|verdict| {
        verdict.family == "boundary"
            && verdict.parameters.iter().any(|(name, value)| {
                name.starts_with("cut from")
                    && value.contains("Both.right refers to Right2: no foreign key")
            })
    });
    assert!(cut, "{into}");
}

/// The proposed contexts of ten entities, of which some refer to a hub.
fn hub(referring: usize) -> Vec<String> {
    let mut text = "
firmitas: 1
system: { name: Plan, summary: A hub., teams: { one: { people: 9 }, two: { people: 9 } } }
actors: { clerk: { auth: user } }
entities:
  Hub: { rows: 1k, fields: { size: int(0..9) } }
"
    .to_owned();
    for at in 1..=10 {
        let hub = if at <= referring { ", hub: Hub" } else { "" };
        let next = if at % 2 == 1 { format!(", next: Row{}", at + 1) } else { String::new() };
        text += &format!("  Row{at}: {{ rows: 1k, fields: {{ size: int(0..9){hub}{next} }} }}\n");
    }
    text += "operations:\n  hubs: { list: Hub, by: [clerk], rate: 1/s }\n";
    let verdicts = decided(&text);
    let entities = |verdict: &decide::design::Verdict| {
        let found = verdict.parameters.iter().find(|(name, _)| name == "entities");
        found.map(|(_, value)| value.clone())
    };
    verdicts.iter().filter_map(entities).collect()
}

#[test]
fn what_most_refer_to_says_nothing_about_who_belongs_together() {
    // Pairs of rows, all of which hang together through the hub alone.
    let with_hub = |groups: &[String]| {
        let of_hub = groups.iter().find(|group| group.contains("Hub")).unwrap();
        of_hub.split(", ").count()
    };
    assert_eq!(with_hub(&hub(5)), 3, "half of the others refer to it: it joins one pair");
    assert!(with_hub(&hub(4)) > 3, "two fifths are not more than that");
}
