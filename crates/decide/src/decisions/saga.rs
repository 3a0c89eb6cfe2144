use std::collections::{BTreeMap, BTreeSet};

use base::Provenance;
use model::model::{Callee, ContextId, Effect, Flow, Invocation, OperationId, StepKind};

use crate::crossings;
use crate::decision::{Answer, Context, decision};
use crate::{
    facts::{self, Facts},
    numbers,
};

decision!("saga", "How do the steps of a flow hang together?", reads ["service", "store"], Named run);

const SOURCE: &str = "Azure Architecture Center, Saga pattern; thresholds house";

fn run(cx: &Context<'_>) -> Vec<(String, Answer)> {
    let homes = homes(cx);
    let mut flows: Vec<&Flow> = cx.model.flows.iter().collect();
    flows.sort_by_key(|flow| flow.name.value.as_str());
    let answer = |flow: &Flow| (flow.name.value.clone(), answer(cx.model, &homes, flow));
    flows.into_iter().map(answer).collect()
}

/// Where rows live: a deployable, and a kind of store.
type Home = (Option<ContextId>, &'static str);

/// Where the rows of each context live.
fn homes(cx: &Context<'_>) -> Vec<Home> {
    let stores: BTreeMap<&str, &'static str> =
        cx.verdicts_of("store").map(|of| (of.subject.as_str(), of.choice)).collect();
    let contexts = cx.model.contexts.iter().zip(cx.deployables());
    let home = |(context, deployable): (&model::model::Context, _)| {
        (deployable, stores.get(context.name.value.as_str()).copied().unwrap_or("postgresql"))
    };
    contexts.map(home).collect()
}

/// What of a flow decides.
struct Shape {
    /// External operations that its steps reach, with who calls them.
    externals: BTreeSet<String>,
    /// Contexts whose operations it calls.
    participants: BTreeSet<String>,
    /// Stores that they write to.
    stores: usize,
    /// How long one transaction would hold its rows, in milliseconds.
    hold: f64,
    /// Whether it waits for events.
    waits: bool,
    undo: Vec<String>,
    pivot: Option<String>,
    retried: Vec<String>,
}

fn answer(model: Facts<'_>, homes: &[Home], flow: &Flow) -> Answer {
    let shape = shape(model, homes, flow);
    let short = shape.hold < model.value(&numbers::TRANSACTION_HOLD);
    let few =
        facts::count(shape.participants.len()) <= model.value(&numbers::CHOREOGRAPHY_PARTICIPANTS);
    let reversible = shape.undo.is_empty() && flow.failed.is_none();
    let choice = if shape.externals.is_empty() && shape.stores <= 1 && short && !shape.waits {
        "transaction"
    } else if few && reversible && !shape.waits {
        "choreography"
    } else {
        "orchestration"
    };
    let mut answer = Answer::new(choice, SOURCE);
    for external in &shape.externals {
        answer = answer.given(external.clone(), flow.name.span, "no row may be locked meanwhile");
    }
    let fact =
        format!("contexts that take part: {}, stores: {}", shape.participants.len(), shape.stores);
    let names: Vec<&str> = shape.participants.iter().map(String::as_str).collect();
    answer = answer.given(fact, flow.name.span, &names.join(", "));
    if let Some(failed) = &flow.failed {
        answer =
            answer.given("failed: stated", failed.span, "somebody has to know how far it came");
    }
    let from = Provenance::Derived { from: "writes x how long each holds its rows".to_owned() };
    let hold = format!("{} ms in one transaction", facts::people(shape.hold));
    answer =
        answer.driver(hold, from, if short { "short enough" } else { "too long to hold rows" });
    answer = answer.assumes(model, &numbers::WRITE_HOLD, "what one write holds its rows");
    rejections(model, parameters(answer, flow, &shape), flow, &shape)
}

fn parameters(answer: Answer, flow: &Flow, shape: &Shape) -> Answer {
    let steps: Vec<&str> = flow.steps.iter().map(|step| step.name.value.as_str()).collect();
    let mut answer = answer.parameter("steps", steps.join(", "));
    if answer.choice == "transaction" {
        return answer;
    }
    if !shape.undo.is_empty() {
        answer = answer.parameter("undone in reverse", shape.undo.join(", "));
    }
    if let Some(pivot) = &shape.pivot {
        answer = answer.parameter("pivot", pivot.clone());
    }
    if !shape.retried.is_empty() {
        answer = answer.parameter("retried until done", shape.retried.join(", "));
    }
    answer
}

fn rejections(model: Facts<'_>, answer: Answer, flow: &Flow, shape: &Shape) -> Answer {
    let transaction = if let Some(external) = shape.externals.first() {
        format!("rows would stay locked while {external} answers")
    } else if shape.stores > 1 {
        format!("its rows lie in {} stores", shape.stores)
    } else if shape.waits {
        "it waits for events".to_owned()
    } else {
        let most = facts::people(model.value(&numbers::TRANSACTION_HOLD));
        format!("rows would be held for {} ms, not below {most} ms", facts::people(shape.hold))
    };
    let choreography = if answer.choice == "transaction" {
        "one transaction needs neither events nor retries".to_owned()
    } else if !shape.undo.is_empty() {
        "steps are undone: nobody who only reacts to events knows which".to_owned()
    } else if flow.failed.is_some() {
        "`failed` has to run once, after everything else: nobody who only reacts knows when"
            .to_owned()
    } else if shape.waits {
        "it waits, and has to notice what does not come".to_owned()
    } else {
        format!("{} contexts take part: nobody would see the whole", shape.participants.len())
    };
    let orchestration = if answer.choice == "transaction" {
        "one transaction cannot stop half-way"
    } else {
        "few take part and nothing is undone: events suffice"
    };
    answer
        .reject("transaction", transaction)
        .reject("choreography", choreography)
        .reject("orchestration", orchestration)
}

fn shape(model: Facts<'_>, homes: &[Home], flow: &Flow) -> Shape {
    let mut shape = Shape {
        externals: BTreeSet::new(),
        participants: BTreeSet::new(),
        stores: 0,
        hold: 0.0,
        waits: false,
        undo: Vec::new(),
        pivot: None,
        retried: Vec::new(),
    };
    let mut stores: BTreeSet<&Home> = BTreeSet::new();
    for step in &flow.steps {
        let name = &step.name.value;
        if step.undo.is_some() {
            shape.undo.push(name.clone());
        }
        if shape.pivot.is_some() {
            shape.retried.push(name.clone());
        }
        if step.pivot {
            shape.pivot = Some(name.clone());
        }
        let StepKind::Call(invocation) = &step.kind else {
            shape.waits = true;
            continue;
        };
        let items = step.each.as_ref().map_or(1.0, |each| crossings::items(model, each));
        for id in reached(model, invocation, &mut shape.externals) {
            let operation = model.operation(id);
            let context = operation.context;
            shape.participants.insert(model.context(context).name.value.clone());
            stores.extend(homes.get(usize::from(context.0)));
            if operation.writes() {
                shape.hold += items * model.value(&numbers::WRITE_HOLD);
            }
        }
    }
    shape.stores = stores.len();
    shape
}

/// The operations that a step reaches, through calls as well; externals go to `externals`.
fn reached(
    model: Facts<'_>,
    invocation: &Invocation,
    externals: &mut BTreeSet<String>,
) -> Vec<OperationId> {
    let mut found: Vec<OperationId> = Vec::new();
    let mut open = vec![(invocation.callee, None)];
    while let Some((callee, caller)) = open.pop() {
        let id = match callee {
            Callee::Operation(id) => id,
            Callee::External(..) => {
                let name = crossings::end(callee).name(model);
                externals.insert(match caller {
                    Some(caller) => {
                        format!("{name} (called by {})", model.qualified_operation(caller))
                    }
                    None => name,
                });
                continue;
            }
        };
        if !found.contains(&id) && found.len() < 64 {
            found.push(id);
            let effects: &[Effect] = &model.operation(id).effects;
            crossings::calls(effects, &mut |_, call| open.push((call.callee, Some(id))));
        }
    }
    found
}
