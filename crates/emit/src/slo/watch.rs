//! What alerts watch: an operation alone, rare ones of a context together, or each by the day, as
//! the verdicts of `slo` say.

use std::collections::BTreeMap;

use decide::{
    Design,
    deployables::Deployable,
    objectives::{self, Alert, Counted, Objective},
};

/// Operations whose requests are counted together.
pub struct Watch {
    /// As people call it: `placeOrder`, or `rare operations of ordering`.
    pub name: String,
    /// Names of the operations as metrics have them: `ordering.placeOrder`.
    pub operations: Vec<String>,
    /// The verdicts that it follows.
    pub decisions: Vec<String>,
    /// Whether probes are counted with them.
    pub probes: bool,
    /// Its alerts; none where failures are counted by the day.
    pub alerts: Vec<Alert>,
    /// What is promised of the first of them; the budgets are those of all.
    pub objective: Objective,
}

/// What is watched of a deployable, by name.
pub fn all(design: &Design, deployable: &Deployable) -> Vec<Watch> {
    let here = objectives::of_design(design);
    let mut here: Vec<Objective> =
        here.into_iter().filter(|of| deployable.contexts.contains(&of.context)).collect();
    here.sort_by(|a, b| a.name.cmp(&b.name));
    let mut watches: BTreeMap<(String, u64, u64), Watch> = BTreeMap::new();
    for objective in here {
        let watch = watch(design, objective);
        // Budgets keep apart what is counted together only with its like.
        let key = (
            watch.name.clone(),
            watch.objective.failed_budget().to_bits(),
            watch.objective.slow_budget().to_bits(),
        );
        if let Some(known) = watches.get_mut(&key) {
            known.operations.extend(watch.operations);
            known.decisions.extend(watch.decisions);
        } else {
            watches.insert(key, watch);
        }
    }
    watches.into_values().collect()
}

fn watch(design: &Design, mut objective: Objective) -> Watch {
    let id = format!("slo.{}", objective.name);
    let choice = design.verdicts.iter().find(|verdict| verdict.id() == id).map(|of| of.choice);
    // The model may decide otherwise than the traffic suggests.
    match choice {
        Some("ticket") => objective.counted = Counted::ByDay,
        Some("burn-rate") if objective.counted == Counted::ByDay => {
            objective.counted = Counted::Alone;
            objective.alerts = objective.possible_alerts();
        }
        _ => {}
    }
    let together = matches!(objective.counted, Counted::WithOthers | Counted::WithProbes);
    let context = &design.model.context(objective.context).name;
    let name =
        if together { format!("rare operations of {context}") } else { objective.name.clone() };
    let by_day = objective.counted == Counted::ByDay;
    Watch {
        name,
        operations: vec![design.model.qualified_operation(objective.operation)],
        decisions: vec![id],
        probes: objective.counted == Counted::WithProbes,
        alerts: if by_day { Vec::new() } else { objective.alerts.clone() },
        objective,
    }
}
