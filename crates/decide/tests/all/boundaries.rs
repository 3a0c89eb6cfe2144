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

/// An entity that hangs on both groups, and its operation.
const BOTH: (&str, &str) = (
    "  Both: { rows: 1k, fields: { left: Left2, right: Right2 } }\n",
    "  addBoth: { create: Both, by: [left], input: [left, right], rate: 1/s }\n",
);

#[test]
fn a_proposal_says_what_it_cuts() {
    let (entity, operation) = BOTH;
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

/// A model in which some entities have contexts and others have none, in two ways of writing it.
fn partly_drawn() -> [String; 2] {
    let head = "
firmitas: 1
system: { name: Plan, summary: Half drawn., teams: { one: { people: 9 }, two: { people: 9 } } }
actors: { clerk: { auth: user } }
contexts:
  sales:
    entities:
      Order: { rows: 1k, fields: { size: int(0..9) } }
  stock:
    entities:
      Item: { rows: 1k, fields: { size: int(0..9) } }
entities:
";
    let rows = [
        "  OrderLine: { rows: 1k, fields: { order: sales.Order, item: stock.Item } }\n",
        "  OrderNote: { rows: 1k, fields: { order: sales.Order } }\n",
        "  ItemCount: { rows: 1k, fields: { item: stock.Item } }\n",
        "  Person: { rows: 1k, fields: { size: int(0..9) } }\n",
        "  PersonRole: { rows: 1k, fields: { person: Person } }\n",
        "  PersonBadge: { rows: 1k, fields: { person: Person } }\n",
    ];
    let tail = "operations:\n  lines: { list: OrderLine, by: [clerk], rate: 1/s }\n";
    let (forth, back) = (rows.concat(), rows.iter().rev().copied().collect::<String>());
    [format!("{head}{forth}{tail}"), format!("{head}{back}{tail}")]
}

#[test]
fn what_contexts_hold_draws_what_hangs_on_it() {
    let [text, _] = partly_drawn();
    let verdicts = decided(&text);
    let takes = |name: &str| parameter(verdict(&verdicts, name), "takes");
    assert_eq!(takes("boundary.sales"), "OrderLine, OrderNote");
    assert_eq!(takes("boundary.stock"), "ItemCount");
    let whole = verdict(&verdicts, "boundary.plan");
    assert_eq!((whole.choice, &*parameter(whole, "into")), ("split", "stock, sales, people"));
    let new = verdict(&verdicts, "boundary.people");
    assert_eq!(parameter(new, "entities"), "Person, PersonBadge, PersonRole");
    assert_eq!(parameter(new, "severs"), "nothing");
}

#[test]
fn the_order_of_writing_changes_no_proposal() {
    let told = partly_drawn().map(|text| {
        let verdicts = decided(&text).into_iter().filter(|of| of.family == "boundary");
        verdicts.map(|of| (of.subject, of.choice, of.parameters)).collect::<Vec<_>>()
    });
    assert_eq!(told[0], told[1]);
}

#[test]
fn all_that_hangs_on_one_context_is_merged_with_it() {
    let rows = partly_drawn()[0].lines().fold(String::new(), |text, line| {
        let kept = !line.contains("Person") && !line.contains("ItemCount");
        text + if kept { line } else { "" } + "\n"
    });
    let text = rows.replace(", item: stock.Item", "");
    let more = (1..10)
        .map(|at| format!("  OrderPart{at}: {{ rows: 1k, fields: {{ order: sales.Order }} }}\n"));
    let text = text.replace("operations:\n", &format!("{}operations:\n", more.collect::<String>()));
    let verdicts = decided(&text);
    let whole = verdict(&verdicts, "boundary.plan");
    assert_eq!((whole.choice, &*parameter(whole, "with")), ("merge", "sales"));
}

/// Two contexts, where a share of the writes of one waits for the other.
fn written_together(alone: u32, team: &str) -> String {
    format!(
        "
firmitas: 1
system: {{ name: Plan, summary: Two contexts., teams: {{ one: {{ people: 5 }}, two: {{ people: 5 }} }} }}
actors: {{ clerk: {{ auth: user }} }}
contexts:
  sales:
    team: one
    entities:
      Order: {{ rows: 1k, fields: {{ size: int(0..9) }} }}
    operations:
      place: {{ create: Order, by: [clerk], input: [size], do: [{{ call: stock.take, with: {{ size: 1 }} }}], rate: 10/s }}
      note: {{ create: Order, by: [clerk], input: [size], route: notes, rate: {alone}/s }}
  stock:
    team: {team}
    entities:
      Taken: {{ rows: 1k, fields: {{ size: int(0..9) }} }}
    operations:
      take: {{ create: Taken, by: [system], input: [size], rate: 10/s }}
"
    )
}

#[test]
fn contexts_that_are_written_together_are_one() {
    let choice = |alone, team| choice(&written_together(alone, team), "boundary.sales");
    assert_eq!(choice(10, "one"), "merge", "half of the writes wait");
    assert_eq!(choice(11, "one"), "keep");
    assert_eq!(choice(1, "two"), "keep", "other people own it");
    let verdicts = decided(&written_together(10, "one"));
    let merged = verdict(&verdicts, "boundary.sales");
    assert_eq!(parameter(merged, "with"), "stock");
    assert!(merged.drivers[0].fact.contains("50 % of its writes wait for one of stock (place)"));
    assert_eq!(verdict(&verdicts, "boundary.stock").choice, "keep");
}

#[test]
fn the_model_ends_the_question_or_asks_it() {
    let people = "one: { people: 9 }, two: { people: 9 }";
    let own = |of: &str, choose: &str| {
        format!("decisions:\n  boundary.{of}: {{ choose: {choose}, because: we say so }}\n")
    };
    let kept = decided(&(model(5, people, "", "") + &own("plan", "keep")));
    assert_eq!(verdict(&kept, "boundary.plan").choice, "keep");
    assert_eq!(kept.iter().filter(|of| of.family == "boundary").count(), 1, "nothing is proposed");
    let asked = partly_drawn()[0].clone() + &own("sales", "split");
    let asked = verdict(&decided(&asked), "boundary.sales").choice;
    assert_eq!(asked, "split");
    let text = model(5, people, BOTH.0, BOTH.1);
    let part = parameter(verdict(&decided(&text), "boundary.plan"), "into");
    let part = part.split(", ").next().unwrap();
    let joined = decided(&(text + &own(part, "merge")));
    let told = parameter(verdict(&joined, "boundary.plan"), "merged");
    assert!(told.starts_with(&format!("{part} into ")), "{told}");
}

#[test]
fn a_cut_says_what_takes_its_place() {
    let [text, _] = partly_drawn();
    let text = text
        + "  note:
    act: OrderNote
    by: [clerk]
    do: [{ require: \"ItemCount.exists(c, c.size > 1)\", else: none-left }, { set: { size: 1 } }]
    rate: 1/s
  line: { get: OrderLine, by: [clerk], fields: { some: \"Person.exists(p, p.size > 1)\" }, stale: 1min, rate: 1/s }
  people: { list: Person, by: [clerk], rate: 1/s }
  addPerson: { create: Person, by: [clerk], input: [size], rate: 1/s }
  role: { get: PersonRole, by: [clerk], fields: { some: \"OrderNote.exists(n, n.size > 1)\" }, rate: 1/s }
";
    let text = text.replace("order: sales.Order }", "size: int(0..9), order: sales.Order }");
    let text = text.replace("{ item: stock.Item }", "{ size: int(0..9), item: stock.Item }");
    let verdicts = decided(&text);
    let cut = |name: &str, other: &str| {
        parameter(verdict(&verdicts, &format!("boundary.{name}")), &format!("cut from {other}"))
    };
    let checked = cut("sales", "stock");
    assert!(checked.contains("note of OrderNote checks ItemCount"), "{checked}");
    assert!(checked.contains("instead a call before the write"), "{checked}");
    assert!(checked.contains("OrderLine.item refers to Item: no foreign key"), "{checked}");
    let read = cut("people", "sales");
    assert!(
        read.contains("role of PersonRole reads OrderNote: no join; instead a sync call"),
        "{read}"
    );
    assert!(read.contains("line of OrderLine reads Person: no join; instead a copy"), "{read}");
    let severs = parameter(verdict(&verdicts, "boundary.plan"), "severs");
    assert_eq!(severs, "1 checked write, 2 common reads, 1 reference");
}
