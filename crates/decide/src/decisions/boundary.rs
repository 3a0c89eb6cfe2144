use std::collections::BTreeMap;

use base::Provenance;
use model::model::ContextId;

use crate::boundaries::{Proposal, Tie, propose};
use crate::decision::{Answer, Context, decision};
use crate::{
    facts::{self, Facts},
    numbers,
};

decision!("boundary", "Which entities belong together?", reads [], Named run);

const SOURCE: &str = "Service Cutter (coupling criteria and their weights); Blondel et al. 2008 \
    (communities); limits house";

fn run(cx: &Context<'_>) -> Vec<(String, Answer)> {
    let model = cx.model;
    let mut answers = Vec::new();
    for (id, context) in (0u16..).map(ContextId).zip(&model.contexts) {
        let name = context.name.value.clone();
        if !context.unassigned {
            answers.push((name, drawn(model, id)));
            continue;
        }
        let proposal = propose(model, id);
        if let Some(why) = small(model, &proposal) {
            answers.push((name, kept(model, id, &why)));
            continue;
        }
        answers.push((name, divided(model, id, &proposal)));
        for group in 0..proposal.names.len() {
            let subject = proposal.names[group].clone();
            answers.push((subject, part(model, id, &proposal, group)));
        }
    }
    answers
}

/// A context that the model draws itself.
fn drawn(model: Facts<'_>, id: ContextId) -> Answer {
    let context = model.context(id);
    let entities = model.entities.iter().filter(|of| of.context == id).count();
    let fact = format!("context {} with {entities} entities", context.name);
    Answer::new("keep", SOURCE)
        .given(fact, context.name.span, "the model draws this boundary")
        .reject("merge", "the model keeps it apart; `service` and `style` say what that costs")
        .reject("split", "the model draws it so; only what no context holds is divided")
}

/// Why entities stay together, if they are few or there is but one group.
fn small(model: Facts<'_>, proposal: &Proposal) -> Option<String> {
    let count = facts::count(proposal.entities.len());
    let people = facts::all_people(model).map(|people| people.value);
    let one_team = model.system.teams.len() <= 1;
    let few = model.value(&numbers::FEW_ENTITIES);
    if one_team
        && people.is_none_or(|people| people <= model.value(&numbers::SMALL_TEAM))
        && count < few
    {
        return Some(format!(
            "one team of at most {} people and fewer than {} entities are well served by one context",
            facts::people(model.value(&numbers::SMALL_TEAM)),
            facts::people(few)
        ));
    }
    (proposal.names.len() <= 1).then(|| "everything hangs together".to_owned())
}

fn kept(model: Facts<'_>, id: ContextId, why: &str) -> Answer {
    let context = model.context(id);
    let entities = model.entities.iter().filter(|of| of.context == id).count();
    let people = facts::all_people(model).map(|people| {
        let fact = format!("{} people", facts::people(people.value));
        (fact, people.provenance)
    });
    let answer = Answer::new("keep", SOURCE);
    let from = Provenance::Derived { from: "the entities that no context holds".to_owned() };
    let answer = answer.driver(format!("{entities} entities without a context"), from, why);
    let unknown = || {
        let fact = "people: not stated".to_owned();
        (fact, Provenance::Default { source: "house" })
    };
    let (fact, from) = people.unwrap_or_else(unknown);
    answer
        .driver(fact, from, "who would own the parts")
        .reject("merge", format!("there is no other context that {} belongs to", context.name))
        .reject("split", why)
}

/// The context of what has none, as a whole.
fn divided(model: Facts<'_>, id: ContextId, proposal: &Proposal) -> Answer {
    let context = &model.context(id).name;
    let mut answer = Answer::new("split", SOURCE);
    let inside = |tie: &&Tie| proposal.groups[tie.pair.0] == proposal.groups[tie.pair.1];
    let (within, cut): (Vec<&Tie>, Vec<&Tie>) = proposal.ties.iter().partition(inside);
    let sum = |ties: &[&Tie]| facts::people(ties.iter().map(|tie| tie.weight).sum::<f64>());
    let from =
        Provenance::Derived { from: "references, operations, flows, people, names".to_owned() };
    let fact = format!("ties of weight {} stay whole, {} are cut", sum(&within), sum(&cut));
    answer = answer.driver(fact, from, "the groups hang together more than chance would have it");
    if let Some(people) = facts::all_people(model) {
        let most = (people.value / model.value(&numbers::PEOPLE_PER_CONTEXT)).ceil();
        let weight = format!("at most {} contexts", facts::people(most));
        let fact = format!("{} people", facts::people(people.value));
        answer = answer.driver(fact, people.provenance, &weight);
    }
    answer
        .parameter("into", proposal.names.join(", "))
        .parameter("changes", "nothing, until the model assigns its entities to these contexts")
        .reject(
            "keep",
            "its entities fall into groups that hardly know each other: see each of them",
        )
        .reject("merge", format!("there is no other context that {context} belongs to"))
}

/// One proposed context.
fn part(model: Facts<'_>, id: ContextId, proposal: &Proposal, group: usize) -> Answer {
    let of = |at: usize| proposal.groups[at] == group;
    let name = |at: usize| model.entity(proposal.entities[at]).name.value.as_str();
    let members: Vec<&str> = (0..proposal.entities.len()).filter(|at| of(*at)).map(name).collect();
    let mut answer = Answer::new("split", SOURCE)
        .parameter("from", model.context(id).name.value.clone())
        .parameter("entities", members.join(", "));
    for (other, severed) in severed(proposal, group) {
        answer = answer.parameter(&format!("cut from {other}"), severed.join("; "));
    }
    let inside = |tie: &&Tie| of(tie.pair.0) && of(tie.pair.1) && tie.weight > 0.0;
    let mut ties: Vec<&Tie> = proposal.ties.iter().filter(inside).collect();
    ties.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.what.cmp(&b.what)));
    for tie in ties.iter().take(6) {
        let weight = format!("ties them by {}", facts::people(tie.weight));
        answer = answer.given(tie.what.clone(), tie.span, &weight);
    }
    if ties.is_empty() {
        let span = model.entity(proposal.entities[first(proposal, group)]).name.span;
        answer = answer.given(members.join(", "), span, "nothing ties it to the others");
    }
    answer
        .reject("keep", "it hangs together more than it hangs on the rest")
        .reject("merge", "what would tie it to another group is weaker than what ties it together")
}

fn first(proposal: &Proposal, group: usize) -> usize {
    proposal.groups.iter().position(|of| *of == group).unwrap_or_default()
}

/// What is lost towards each other group.
fn severed(proposal: &Proposal, group: usize) -> BTreeMap<&str, Vec<String>> {
    let mut severed: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for tie in &proposal.ties {
        let (a, b) = (proposal.groups[tie.pair.0], proposal.groups[tie.pair.1]);
        let other = match (a == group, b == group) {
            (true, false) => b,
            (false, true) => a,
            _ => continue,
        };
        if let Some(lost) = tie.sort.severed() {
            let told = format!("{}: {lost}", tie.what);
            let name = proposal.names[other].as_str();
            let all = severed.entry(name).or_default();
            if !all.contains(&told) {
                all.push(told);
            }
        }
    }
    severed
}
