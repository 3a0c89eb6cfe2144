//! The context map: contexts, externals, and who depends on whom for what.

use decide::Design;
use model::model::Context;

use super::relations::{self, Node, Relations, Strength};
use super::text::{label, some};

/// The diagram. Arrows lead from who depends to what it depends on.
pub fn diagram(design: &Design) -> String {
    let relations = relations::all(design);
    let mut out = String::from(
        "%% Solid: calls or reads. Dotted: keeps ids of. Arrows lead to what is depended on.\n\
         flowchart LR\n",
    );
    for (_, name) in super::contexts(design) {
        let context = design.model.contexts.iter().find(|context| *context.name == name);
        let lines = context.map(|context| lines(design, context)).unwrap_or_default();
        out += &format!("    {}[{}]\n", Node::Context(name.to_owned()).id(), label(lines));
    }
    out += &externals(design);
    out += &edges(&relations);
    out
}

fn lines(design: &Design, context: &Context) -> Vec<String> {
    let mut lines = vec![context.name.value.clone()];
    let team = context.team.and_then(|at| design.model.system.teams.get(at));
    lines.extend(team.map(|team| format!("team {}", team.name)));
    lines
}

/// The nodes of what is not ours.
pub fn externals(design: &Design) -> String {
    let mut names: Vec<&str> =
        design.model.externals.iter().map(|external| external.name.as_str()).collect();
    names.sort_unstable();
    let node = |name: &str| {
        let id = Node::External(name.to_owned()).id();
        format!("    {id}{{{{{}}}}}\n", label([name, "external"]))
    };
    names.into_iter().map(node).collect()
}

fn edges(relations: &Relations) -> String {
    let mut out = String::new();
    for ((from, to, strength), names) in relations {
        let label = label(some(names));
        out += &match strength {
            Strength::Uses => format!("    {} -- {label} --> {}\n", from.id(), to.id()),
            Strength::Refers => format!("    {} -. {label} .-> {}\n", from.id(), to.id()),
        };
    }
    out
}
