use std::collections::BTreeMap;

use base::{Provenance, Quantity, Share};
use model::model::{ContextId, OperationKind, Team};

use crate::decision::{Answer, Context, decision};
use crate::numbers::{self, Number};
use crate::sizing::work::Work;
use crate::{
    crossings,
    facts::{self, Facts},
};

decision!(
    "service",
    "Does a context need a deployable of its own?",
    reads ["store"],
    Named run
);

const SOURCE: &str = "Azure microservices assessment (readiness); Richardson, dark energy and dark \
    matter; thresholds house";

/// Field names that hold the number of a payment card.
const CARD_NUMBERS: [&str; 5] = ["pan", "card_number", "primary_account_number", "cvv", "cvc"];

/// A reason for a deployable of its own.
struct Trigger {
    hard: bool,
    fact: String,
    from: Provenance,
    weight: String,
}

/// What the operations of a context ask for.
#[derive(Clone, Default)]
struct Load {
    /// Streams that are open at once, as stated.
    streams: f64,
    /// Requests a second at the stated peak.
    peak: f64,
    /// Cores at the reachable peak.
    cores: f64,
    /// The strictest availability that it or an operation of it states.
    availability: Option<Quantity<Share>>,
    /// Its kind of store.
    store: &'static str,
    /// Holds card numbers, or health data under HIPAA.
    raw: Option<Quantity<String>>,
}

fn run(cx: &Context<'_>) -> Vec<(String, Answer)> {
    let model = cx.model;
    let loads = loads(cx);
    let cuts = strong_cuts(model);
    let contexts = (0u16..).map(ContextId).zip(&model.contexts);
    let answer = |(id, of): (ContextId, &model::model::Context)| {
        let triggers = triggers(cx, &loads, id);
        let cuts = cuts.get(usize::from(id.0)).copied().unwrap_or_default();
        let answer = with_load(&loads, id, weigh(cx, id, triggers, cuts));
        (of.name.value.clone(), answer)
    };
    contexts.map(answer).collect()
}

fn weigh(cx: &Context<'_>, id: ContextId, triggers: Vec<Trigger>, cuts: usize) -> Answer {
    let model = cx.model;
    let alone = model.contexts.len() == 1;
    let team = model.context(id).team.and_then(|at| model.system.teams.get(at));
    let missing = missing(model, team);
    let hard = triggers.iter().filter(|trigger| trigger.hard).count();
    let soft = (triggers.len() - hard).saturating_sub(cuts);
    let forced = hard >= 1 || soft >= 2;
    let own = !alone && missing.is_empty() && forced;
    let mut answer = Answer::new(if own { "own" } else { "shared" }, SOURCE);
    for trigger in triggers {
        answer = answer.driver(trigger.fact, trigger.from, &trigger.weight);
    }
    if cuts > 0 {
        let from = Provenance::Derived { from: "flows and `consistency: strong`".to_owned() };
        let fact = format!("{cuts} flow(s) over strongly consistent rows would be cut");
        answer = answer.driver(fact, from, "each takes one soft trigger away");
    }
    answer = with_team(model, id, answer);
    let why = match () {
        () if alone => "it is the only context: there is nothing to keep it apart from".to_owned(),
        () if forced => format!("there is a reason, but {}", missing.join(", and ")),
        () => format!(
            "one hard reason or two soft ones are needed; there are {hard} hard and {soft} soft"
        ),
    };
    answer
        .reject(
            "shared",
            "the reasons above outweigh a shared deployable, and its team can run one",
        )
        .reject("own", why)
}

/// What it takes of all cores, whether that is a reason or not.
fn with_load(loads: &[Load], id: ContextId, answer: Answer) -> Answer {
    let Some(load) = loads.get(usize::from(id.0)) else { return answer };
    if answer.drivers.iter().any(|driver| driver.fact == cores(load)) {
        return answer;
    }
    let from = Provenance::Derived { from: "rates x application time x reach".to_owned() };
    answer.driver(cores(load), from, "load alone divides nothing: replicas even it out")
}

fn cores(load: &Load) -> String {
    format!("{} cores at D2", facts::people(load.cores))
}

fn with_team(model: Facts<'_>, id: ContextId, answer: Answer) -> Answer {
    let context = model.context(id);
    let Some(team) = context.team.and_then(|at| model.system.teams.get(at)) else {
        return answer.given(
            format!("context {}", context.name),
            context.name.span,
            "no team of its own runs it",
        );
    };
    let Some(people) = &team.people else {
        return answer.given(
            format!("team {}", team.name),
            context.name.span,
            "how many people it has is not stated",
        );
    };
    let fact = format!("team {}: {} people", team.name, facts::people(people.value));
    let weight = match people.value {
        few if few < model.value(&numbers::TEAM_LEAST) => {
            "too few to run a deployable of their own"
        }
        some if some < model.value(&numbers::TEAM_ROTA) => {
            "enough, though a rota at one place takes 8"
        }
        _ => "enough to run a deployable of their own",
    };
    answer.driver(fact, people.provenance.clone(), weight)
}

/// What a team lacks to run a deployable of its own.
fn missing(model: Facts<'_>, team: Option<&Team>) -> Vec<String> {
    let Some(team) = team else { return vec!["no team owns the context".to_owned()] };
    let least = model.value(&numbers::TEAM_LEAST);
    let name = &team.name;
    let mut missing = Vec::new();
    if team.people.as_ref().is_none_or(|people| people.value < least) {
        missing.push(format!("team {name} is not known to have {} people", facts::people(least)));
    }
    if team.on_call != Some(true) {
        missing.push(format!("team {name} is not on call"));
    }
    if team.ci == Some(false) {
        missing.push(format!("team {name} has no continuous integration"));
    }
    if team.iac == Some(false) {
        missing.push(format!("team {name} has no infrastructure as code"));
    }
    missing
}

fn triggers(cx: &Context<'_>, loads: &[Load], id: ContextId) -> Vec<Trigger> {
    let model = cx.model;
    let Some(load) = loads.get(usize::from(id.0)) else { return Vec::new() };
    let audited = facts::count(loads.iter().filter(|load| load.raw.is_some()).count());
    let share = audited / facts::count(loads.len()).max(1.0);
    let small = share <= model.value(&numbers::AUDITED_SHARE) || audited <= 1.0;
    let raw = load.raw.as_ref().filter(|_| share < 1.0).map(|raw| Trigger {
        hard: small,
        fact: raw.value.clone(),
        from: raw.provenance.clone(),
        weight: if small {
            "hard: what is audited should be small".to_owned()
        } else {
            format!("soft: {audited} contexts hold such fields, so that one apart is no small part")
        },
    });
    let all = [
        raw,
        tighter(cx.model, loads, load),
        streams(model, load),
        own_store(model, loads, load),
        contention(cx.model),
        busy(model, loads, load),
        lone_team(cx.model, id),
    ];
    all.into_iter().flatten().collect()
}

fn over(model: Facts<'_>, value: f64, number: &Number) -> bool {
    value >= model.value(number) * (1.0 - 1e-9)
}

/// An unavailability budget much smaller than that of the loosest of the others.
fn tighter(model: Facts<'_>, loads: &[Load], load: &Load) -> Option<Trigger> {
    let mine = load.availability.as_ref()?;
    let system = model.system.needs.availability.as_ref();
    let stated = loads.iter().filter_map(|load| load.availability.as_ref().or(system));
    let loosest = stated.map(|share| 1.0 - share.value.0).fold(0.0, f64::max);
    let ratio = loosest / (1.0 - mine.value.0).max(1e-12);
    over(model, ratio, &numbers::BUDGET_RATIO).then(|| Trigger {
        hard: true,
        fact: format!("availability {}", facts::percent(mine.value.0)),
        from: mine.provenance.clone(),
        weight: format!(
            "hard: others may fail {} times as often, and would take it down with them",
            facts::people(ratio)
        ),
    })
}

fn streams(model: Facts<'_>, load: &Load) -> Option<Trigger> {
    over(model, load.streams, &numbers::SOCKETS).then(|| Trigger {
        hard: true,
        fact: format!("{} streams open at once", facts::people(load.streams)),
        from: Provenance::Derived { from: "the streams of the context".to_owned() },
        weight: "hard: connections that live long should survive the deployments of others"
            .to_owned(),
    })
}

fn own_store(model: Facts<'_>, loads: &[Load], load: &Load) -> Option<Trigger> {
    let store = load.store;
    let alone = loads.iter().filter(|load| load.store == store).count() == 1;
    (store != "postgresql" && alone && over(model, load.peak, &numbers::OWN_STORE_RATE)).then(
        || Trigger {
            hard: true,
            fact: format!("{} requests a second at peak, on {store}", facts::people(load.peak)),
            from: Provenance::Derived { from: "the peaks of its operations".to_owned() },
            weight: "hard: no other context uses that store".to_owned(),
        },
    )
}

fn contention(model: Facts<'_>) -> Option<Trigger> {
    let mut teams: Vec<&Team> = model.system.teams.iter().collect();
    teams.sort_by_key(|team| team.name.as_str());
    let deploys: Vec<_> = teams.iter().filter_map(|team| team.deploys.as_ref()).collect();
    let a_day: f64 = deploys.iter().map(|rate| rate.value.mean * 86_400.0).sum();
    let taken =
        a_day * model.value(&numbers::PIPELINE_MINUTES) / model.value(&numbers::WORKING_MINUTES);
    let from = deploys.first()?.provenance.clone();
    (taken > model.value(&numbers::CONTENTION) + 1e-9).then(|| Trigger {
        hard: false,
        fact: format!("{} deployments a day", facts::people(a_day)),
        from,
        weight: format!(
            "soft: they take {} of the working day, so teams wait for each other",
            facts::percent(taken)
        ),
    })
}

fn busy(model: Facts<'_>, loads: &[Load], load: &Load) -> Option<Trigger> {
    let all: f64 = loads.iter().map(|load| load.cores).sum();
    let most = over(model, load.cores / all.max(1e-12), &numbers::CPU_SHARE);
    (most && over(model, load.cores, &numbers::BUSY_CORES)).then(|| Trigger {
        hard: false,
        fact: cores(load),
        from: Provenance::Derived { from: "rates x application time x reach".to_owned() },
        weight: format!("soft: {} of what all contexts take", facts::percent(load.cores / all)),
    })
}

fn lone_team(model: Facts<'_>, id: ContextId) -> Option<Trigger> {
    let team = model.context(id).team?;
    let owned = model.contexts.iter().filter(|context| context.team == Some(team)).count();
    let people = facts::all_people(model)?;
    (owned == 1 && people.value > model.value(&numbers::PEOPLE_TO_DIVIDE)).then(|| Trigger {
        hard: false,
        fact: format!("{} people, one team for this context alone", facts::people(people.value)),
        from: people.provenance,
        weight: "soft: it could deploy when it likes".to_owned(),
    })
}

fn loads(cx: &Context<'_>) -> Vec<Load> {
    let model = cx.model;
    let stores: BTreeMap<&str, &'static str> =
        cx.verdicts_of("store").map(|of| (of.subject.as_str(), of.choice)).collect();
    let start = |context: &model::model::Context| Load {
        availability: context.needs.availability.clone(),
        store: stores.get(context.name.value.as_str()).copied().unwrap_or("postgresql"),
        ..Load::default()
    };
    let mut loads: Vec<Load> = model.contexts.iter().map(start).collect();
    for operation in &model.operations {
        let Some(load) = loads.get_mut(usize::from(operation.context.0)) else { continue };
        load.stricter(operation.needs.availability.as_ref());
        if operation.kind == OperationKind::Stream {
            load.streams += operation.workload.open_streams.as_ref().map_or(0.0, |of| of.value);
            continue;
        }
        let work = Work::of(model, operation, &[]);
        load.peak += work.requests.peak * work.rows.max(1.0);
        load.cores += work.requests.reach * work.application;
    }
    raw(model, &mut loads);
    loads
}

impl Load {
    /// Takes an availability that is stricter than the present one.
    fn stricter(&mut self, stated: Option<&Quantity<Share>>) {
        let known = self.availability.as_ref().map_or(0.0, |share| share.value.0);
        if let Some(stated) = stated.filter(|stated| stated.value.0 > known) {
            self.availability = Some(stated.clone());
        }
    }
}

/// Card numbers and health data, the first field by name.
fn raw(model: Facts<'_>, loads: &mut [Load]) {
    for entity in &model.entities {
        let Some(load) = loads.get_mut(usize::from(entity.context.0)) else { continue };
        let health = facts::under(model, entity.context, "hipaa");
        let fields = entity.fields.iter().chain(entity.parts.iter().flat_map(|part| &part.fields));
        let raw = fields.filter(|field| {
            CARD_NUMBERS.contains(&field.name.value.as_str())
                || (health && field.modifiers.sensitive)
        });
        let raw = raw.min_by_key(|field| field.name.value.as_str());
        if let Some(field) = raw {
            let fact = format!("{}.{}", entity.name, field.name);
            if load.raw.as_ref().is_none_or(|known| fact < known.value) {
                load.raw = Some(Quantity::given(fact, field.name.span));
            }
        }
    }
}

/// For each context the flows over strongly consistent rows that it shares with others.
fn strong_cuts(model: Facts<'_>) -> Vec<usize> {
    let mut cuts = vec![0; model.contexts.len()];
    for flow in &model.flows {
        let operations = crossings::operations_of(flow);
        let strong = operations.iter().any(|id| {
            let entity = model.operation(*id).entity();
            entity.is_some_and(|of| model.entity(of).strong_consistency == Some(true))
        });
        let mut touched: Vec<ContextId> =
            operations.iter().map(|id| model.operation(*id).context).collect();
        touched.sort_unstable();
        touched.dedup();
        if strong && touched.len() > 1 {
            for context in touched {
                if let Some(cut) = cuts.get_mut(usize::from(context.0)) {
                    *cut += 1;
                }
            }
        }
    }
    cuts
}
