//! The states of an entity, and what moves it from one to the next.

use std::collections::BTreeSet;

use decide::Design;
use expression::EntityId;
use model::model::{Effect, EffectKind, Entity, OperationKind};

use super::text::{escaped, label, some};

/// The entities that have states, by context and name.
pub fn subjects(design: &Design) -> Vec<(String, &Entity)> {
    let context = |entity: &Entity| design.model.context(entity.context).name.value.clone();
    let with_states = design.model.entities.iter().filter(|entity| entity.states.is_some());
    let mut all: Vec<_> = with_states.map(|entity| (context(entity), entity)).collect();
    all.sort_by(|a, b| (&a.0, &*a.1.name).cmp(&(&b.0, &*b.1.name)));
    all
}

/// The diagram of an entity; a transition names the operations that make it.
pub fn diagram(design: &Design, entity: &Entity) -> String {
    let mut out = String::from("stateDiagram-v2\n");
    let states = entity.states.iter().flat_map(|states| &states.states);
    let states: Vec<(&str, &[usize])> =
        states.map(|(name, next)| (name.value.as_str(), next.as_slice())).collect();
    for (name, _) in &states {
        out += &format!("    state {} as {}\n", label([name]), id(name));
    }
    if let Some((first, _)) = states.first() {
        let creating = creating(design, entity);
        out += &format!("    [*] --> {}{}\n", id(first), message(&creating));
    }
    for (name, next) in &states {
        for (to, _) in next.iter().filter_map(|at| states.get(*at)) {
            let moving = moving(design, entity, to);
            out += &format!("    {} --> {}{}\n", id(name), id(to), message(&moving));
        }
        if next.is_empty() {
            out += &format!("    {} --> [*]\n", id(name));
        }
    }
    out
}

/// `end` and `state` are words of Mermaid: the prefix keeps names from being one.
fn id(state: &str) -> String {
    format!("state_{state}")
}

fn message(names: &BTreeSet<&str>) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!(": {}", escaped(&some(names).join(", ")))
}

fn creating<'d>(design: &'d Design, entity: &Entity) -> BTreeSet<&'d str> {
    let about = target(design, entity);
    let creates = |effects: &[Effect]| {
        find(
            effects,
            &|kind| matches!(kind, EffectKind::Create { entity, .. } if Some(*entity) == about),
        )
    };
    let operations = design.model.operations.iter().filter(|operation| {
        let own = operation.entity() == about
            && (operation.kind == OperationKind::Create || operation.upsert);
        own || creates(&operation.effects)
    });
    operations.map(|operation| operation.name.as_str()).collect()
}

fn moving<'d>(design: &'d Design, entity: &Entity, to: &str) -> BTreeSet<&'d str> {
    let about = target(design, entity);
    let moves = |effects: &[Effect]| {
        find(effects, &|kind| matches!(kind, EffectKind::Move { state } if state.value == to))
    };
    let own = design.model.operations.iter().filter(|operation| operation.entity() == about);
    let own = own.filter(|operation| moves(&operation.effects));
    own.map(|operation| operation.name.as_str()).collect()
}

fn target(design: &Design, entity: &Entity) -> Option<EntityId> {
    let same = |(_, other): &(EntityId, &Entity)| std::ptr::eq(*other, entity);
    design.model.entities().find(same).map(|(id, _)| id)
}

/// Whether some effect is of a kind, those after a refusal included.
fn find(effects: &[Effect], wanted: &dyn Fn(&EffectKind) -> bool) -> bool {
    effects.iter().any(|effect| {
        let inside = match &effect.kind {
            EffectKind::Call(call) => {
                find(&call.refused, wanted)
                    || find(call.fallback.as_deref().unwrap_or_default(), wanted)
            }
            _ => false,
        };
        inside || wanted(&effect.kind)
    })
}
