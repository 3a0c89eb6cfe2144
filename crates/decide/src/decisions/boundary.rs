use std::collections::{BTreeMap, BTreeSet};

use base::Provenance;
use model::model::{Context as Drawn, ContextId};

use crate::boundaries::{Proposal, Tie, merging, propose, severed};
use crate::decision::{Answer, Context, decision};
use crate::facts::Facts;
use crate::{facts, numbers};

decision!("boundary", "Which entities belong together?", reads [], Named run);

const SOURCE: &str = "Service Cutter (coupling criteria and their weights); Traag, Waltman and van \
    Eck 2019 (Leiden); Newman and Girvan 2004 (modularity); limits house";

const UNCHANGED: &str = "nothing, until the model assigns its entities to these contexts";

fn run(cx: &Context<'_>) -> Vec<(String, Answer)> {
    let model = cx.model;
    let contexts = || (0u16..).map(ContextId).zip(&cx.model.model.contexts);
    let mut taken = BTreeSet::new();
    let mut proposals: Vec<(ContextId, Proposal)> = Vec::new();
    let mut whole: BTreeMap<ContextId, String> = BTreeMap::new();
    for (id, context) in contexts().filter(|(_, of)| divisible(model, of)) {
        let asked = chosen(model, &context.name) == Some("split");
        if let (false, Some(why)) = (asked, small(model, model.entities.len())) {
            whole.insert(id, why);
            continue;
        }
        let proposal = propose(model, id, &taken);
        if hangs_together(&proposal) {
            whole.insert(id, "everything hangs together".to_owned());
            continue;
        }
        taken.extend(proposal.names.iter().map(|named| named.name.clone()));
        proposals.push((id, proposal));
    }
    let mut answers = Vec::new();
    for (id, context) in contexts() {
        let name = context.name.value.clone();
        let Some((_, proposal)) = proposals.iter().find(|(of, _)| *of == id) else {
            let why = whole.get(&id).map_or("the model decides so", String::as_str);
            let answer = if context.unassigned { kept(model, id, why) } else { drawn(cx, id) };
            answers.push((name, takes(model, id, &proposals, answer)));
            continue;
        };
        answers.push((name, divided(model, id, proposal)));
        for group in proposal.pieces() {
            if proposal.names[group].seed.is_none() {
                let subject = proposal.names[group].name.clone();
                answers.push((subject, part(model, id, proposal, group)));
            }
        }
    }
    answers
}

/// What the model itself decides about a context.
fn chosen<'m>(model: Facts<'m>, context: &str) -> Option<&'m str> {
    let about = |of: &str| model.model.overrides.iter().find(move |own| own.id.value == of);
    let own = about(&format!("boundary.{context}")).or_else(|| about("boundary"))?;
    Some(own.choose.value.as_str())
}

/// Whether groups are sought in a context: in what no context holds, and where the model says so.
fn divisible(model: Facts<'_>, context: &Drawn) -> bool {
    match chosen(model, &context.name) {
        Some(choice) => choice == "split",
        None => context.unassigned,
    }
}

/// Whether all entities of the divided context would be one new context.
fn hangs_together(proposal: &Proposal) -> bool {
    let pieces = proposal.pieces();
    pieces.len() <= 1 && pieces.iter().all(|group| proposal.names[*group].seed.is_none())
}

/// Why entities stay together, if they are few.
fn small(model: Facts<'_>, entities: usize) -> Option<String> {
    let people = facts::all_people(model).map(|people| people.value);
    let one_team = model.system.teams.len() <= 1;
    let few = model.value(&numbers::FEW_ENTITIES);
    let most = model.value(&numbers::SMALL_TEAM);
    let small = one_team && people.is_none_or(|people| people <= most);
    (small && facts::count(entities) < few).then(|| {
        format!(
            "one team of at most {} people and fewer than {} entities are well served by one context",
            facts::people(most),
            facts::people(few)
        )
    })
}

/// A context that the model draws itself.
fn drawn(cx: &Context<'_>, id: ContextId) -> Answer {
    let model = cx.model;
    let context = model.context(id);
    let entities = model.entities.iter().filter(|of| of.context == id).count();
    let fact = format!("context {} with {entities} entities", context.name);
    let split = "the model draws it so; `decisions: boundary.NAME: split` asks for a proposal";
    let together = merging::most(model, cx.crossings, id);
    let written = together.as_ref().map(|together| {
        let with = &model.context(together.with).name;
        let names: Vec<&str> =
            together.operations.iter().map(|id| model.operation(*id).name.value.as_str()).collect();
        let share = facts::percent((together.share * 1e3).round() / 1e3);
        (with, format!("{share} of its writes wait for one of {with} ({})", names.join(", ")))
    });
    let least = model.value(&numbers::MERGE_SHARE);
    let from = Provenance::Derived { from: "rates of its writes and of their calls".to_owned() };
    let (Some(together), Some((with, written))) = (together, written) else {
        return Answer::new("keep", SOURCE)
            .given(fact, context.name.span, "the model draws this boundary")
            .reject("merge", "none of its writes waits for a write of another context")
            .reject("split", split);
    };
    let apart = merging::apart(model, id, together.with);
    if together.share < least || apart.is_some() {
        let least = facts::percent(least);
        let why = apart.map_or(format!("merged from {least}"), ToOwned::to_owned);
        return Answer::new("keep", SOURCE)
            .given(fact, context.name.span, "the model draws this boundary")
            .driver(written.clone(), from, &why)
            .reject("merge", format!("{written}: {why}"))
            .reject("split", split);
    }
    Answer::new("merge", SOURCE)
        .parameter("with", with.value.clone())
        .parameter("gains", "those writes become one transaction each, without steps and undoing")
        .parameter("changes", "nothing, until the model moves its entities there")
        .driver(
            written,
            from,
            "they are written together, by the same people, under the same rules",
        )
        .assumes(model, &numbers::MERGE_SHARE, "from which two contexts are one")
        .reject("keep", format!("each such write is a durable call to {with} and can be refused"))
        .reject("split", split)
}

/// What a context would take of those that are divided, and what that cuts.
fn takes(
    model: Facts<'_>,
    id: ContextId,
    proposals: &[(ContextId, Proposal)],
    answer: Answer,
) -> Answer {
    let mut answer = answer;
    for (_, proposal) in proposals {
        let Some(group) = proposal.names.iter().position(|named| named.seed == Some(id)) else {
            continue;
        };
        let newcomers = proposal.newcomers(group);
        if !newcomers.is_empty() {
            answer = answer.parameter("takes", listed(model, proposal, &newcomers));
            for (other, severed) in severed::severed(proposal, group) {
                answer = answer.parameter(&format!("cut from {other}"), severed);
            }
        }
    }
    answer
}

/// A context without groups, or which the model keeps whole.
fn kept(model: Facts<'_>, id: ContextId, why: &str) -> Answer {
    let context = model.context(id);
    let entities = model.entities.iter().filter(|of| of.context == id).count();
    let people = facts::all_people(model).map(|people| {
        let fact = format!("{} people", facts::people(people.value));
        (fact, people.provenance)
    });
    let from = Provenance::Derived { from: "the entities that no context holds".to_owned() };
    let fact = format!("{entities} entities without a context");
    let answer = Answer::new("keep", SOURCE).driver(fact, from, why);
    let unknown = || {
        let fact = "people: not stated".to_owned();
        (fact, Provenance::Default { source: "house" })
    };
    let (fact, from) = people.unwrap_or_else(unknown);
    answer
        .driver(fact, from, "who would own the parts")
        .reject("merge", format!("nothing ties {} to one other context", context.name))
        .reject("split", why)
}

/// The context that is divided, as a whole.
fn divided(model: Facts<'_>, id: ContextId, proposal: &Proposal) -> Answer {
    let context = &model.context(id).name;
    let pieces = proposal.pieces();
    let names: Vec<&str> =
        pieces.iter().map(|group| proposal.names[*group].name.as_str()).collect();
    let one = pieces.len() == 1;
    let mut answer = Answer::new(if one { "merge" } else { "split" }, SOURCE);
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
    let merged = names.iter().filter_map(|name| {
        let group = proposal.names.iter().position(|named| named.name == **name)?;
        let nearest = &proposal.names[proposal.nearest(group)?].name;
        (chosen(model, name) == Some("merge")).then(|| format!("{name} into {nearest}"))
    });
    let merged: Vec<String> = merged.collect();
    answer = answer.parameter(if one { "with" } else { "into" }, names.join(", "));
    if !merged.is_empty() {
        answer = answer.parameter("merged", merged.join(", "));
    }
    let invariants: usize = model.entities.iter().map(|of| of.invariants.len()).sum();
    let together = "its entities fall into groups that hardly know each other: see each of them";
    answer
        .parameter("severs", severed::summary(proposal))
        .parameter("invariants", format!("none of {invariants} is cut: each reads one entity"))
        .parameter("changes", UNCHANGED)
        .reject("keep", together)
        .reject("merge", format!("{context} belongs to no one other context"))
        .reject("split", format!("all of it belongs to {}", names.join(", ")))
}

fn listed(model: Facts<'_>, proposal: &Proposal, members: &[usize]) -> String {
    let name = |at: &usize| model.model.entity(proposal.entities[*at]).name.value.as_str();
    members.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// One proposed context.
fn part(model: Facts<'_>, id: ContextId, proposal: &Proposal, group: usize) -> Answer {
    let of = |at: usize| proposal.groups[at] == group;
    let members = proposal.newcomers(group);
    let listed = listed(model, proposal, &members);
    let mut answer = Answer::new("split", SOURCE)
        .parameter("from", model.context(id).name.value.clone())
        .parameter("entities", listed.clone());
    let cut: BTreeMap<&str, String> = severed::severed(proposal, group);
    if cut.is_empty() {
        answer = answer.parameter("severs", "nothing");
    }
    for (other, severed) in cut {
        answer = answer.parameter(&format!("cut from {other}"), severed);
    }
    let nearest = proposal.nearest(group).map(|group| proposal.names[group].name.as_str());
    if let Some(nearest) = nearest {
        answer = answer.parameter("nearest", nearest);
    }
    let inside = |tie: &&Tie| of(tie.pair.0) && of(tie.pair.1) && tie.weight > 0.0;
    let mut ties: Vec<&Tie> = proposal.ties.iter().filter(inside).collect();
    ties.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.what.cmp(&b.what)));
    for tie in ties.iter().take(6) {
        let weight = format!("ties them by {}", facts::people(tie.weight));
        answer = answer.given(tie.what.clone(), tie.span, &weight);
    }
    if let (true, Some(first)) = (ties.is_empty(), members.first()) {
        let span = model.entity(proposal.entities[*first]).name.span;
        answer = answer.given(listed, span, "nothing ties it to the others");
    }
    let weaker = nearest.map_or("it hangs on no other group".to_owned(), |nearest| {
        format!("it hangs on {nearest} most, and on itself more")
    });
    answer
        .reject("keep", "it hangs together more than it hangs on the rest")
        .reject("merge", weaker)
}
