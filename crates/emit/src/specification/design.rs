//! The system design: what is asked, what is built, what it costs to be wrong.

use decide::{Design, design::Verdict, facts};
use model::model::{Authentication, Operation};

use crate::markdown::Markdown;

/// The document.
pub fn page(design: &Design) -> Markdown {
    let mut page = Markdown::titled(&format!("System design of {}", design.model.system.name));
    overview(design, &mut page);
    uses(design, &mut page);
    needs(design, &mut page);
    architecture(design, &mut page);
    trades(design, &mut page);
    consistency(design, &mut page);
    rest(design, &mut page);
    page
}

fn overview(design: &Design, page: &mut Markdown) {
    let facts = design.facts();
    page.section("Overview");
    page.paragraph(&facts.system.summary);
    let peak: f64 = facts.operations.iter().map(|of| facts::rate(facts, of).value.peak).sum();
    let people = facts::all_people(facts);
    let mut said = vec![
        format!(
            "{} contexts, {} entities, {} operations",
            facts.contexts.len(),
            facts.entities.len(),
            facts.operations.len()
        ),
        format!("{} requests a second at the stated peak", facts::people(peak)),
    ];
    said.extend(
        people.map(|of| format!("{} people in {} teams", of.value, facts.system.teams.len())),
    );
    if let Some(existing) = existing(design) {
        said.push(existing);
    }
    page.list(said);
}

fn existing(design: &Design) -> Option<String> {
    let rollout = design.verdicts.iter().find(|of| of.family == "rollout")?;
    (rollout.choice == "strangler")
        .then(|| "it replaces an existing system step by step".to_owned())
}

/// Who does what.
fn uses(design: &Design, page: &mut Markdown) {
    page.section("Use cases");
    let model = &design.model;
    let mut actors: Vec<_> = model.actors().collect();
    actors.sort_by_key(|(_, actor)| actor.name.value.as_str());
    let row = |(id, actor): &(model::model::ActorId, &model::model::Actor)| {
        let own = |of: &&Operation| of.by.iter().any(|grant| grant.actor == *id);
        let mut names: Vec<String> =
            model.operations.iter().filter(own).map(|of| format!("`{}`", of.name)).collect();
        names.sort();
        let who = if actor.authentication == Authentication::System {
            "`system` (flows, schedules, calls)".to_owned()
        } else {
            format!("`{}`", actor.name)
        };
        (!names.is_empty()).then(|| vec![who, names.join(", ")])
    };
    page.table(&["who", "does"], actors.iter().filter_map(row), "Nobody does anything.");
}

fn needs(design: &Design, page: &mut Markdown) {
    page.section("Needs");
    let facts = design.facts();
    let row = |id: u16| {
        let id = model::model::ContextId(id);
        let context = facts.context(id);
        let mut critical: Vec<String> = facts
            .operations
            .iter()
            .filter(|of| of.context == id && of.workload.critical)
            .map(|of| format!("`{}`", of.name))
            .collect();
        critical.sort();
        vec![
            format!("`{}`", context.name),
            facts::percent(facts::context_availability(facts, id).value.0),
            facts::percentiles(&facts::context_objective(facts, id).value),
            format!("{}x", facts::people(facts::headroom(facts, id).value)),
            if critical.is_empty() { "none".to_owned() } else { critical.join(", ") },
        ]
    };
    let mut rows: Vec<Vec<String>> = (0u16..).take(facts.contexts.len()).map(row).collect();
    rows.sort();
    let heads = ["context", "availability", "latency", "headroom", "critical"];
    page.table(&heads, rows, "There are no contexts.");
    let needs = &facts.system.needs;
    let mut said = Vec::new();
    said.extend(needs.recovery_time.as_ref().map(|of| format!("back within {} (RTO)", of.value)));
    said.extend(
        needs.recovery_point.as_ref().map(|of| format!("losing at most {} (RPO)", of.value)),
    );
    let names = |of: &[base::Spanned<String>]| {
        of.iter().map(|of| of.value.clone()).collect::<Vec<_>>().join(", ")
    };
    said.extend((!needs.regions.is_empty()).then(|| format!("regions: {}", names(&needs.regions))));
    said.extend(
        (!needs.compliance.is_empty()).then(|| format!("under: {}", names(&needs.compliance))),
    );
    said.extend(needs.assurance.as_ref().map(|of| format!("OWASP ASVS level {}", of.value)));
    page.list(said);
}

/// Families of the whole, in the order in which a reader asks.
const WHOLE: [&str; 12] = [
    "style",
    "broker",
    "tenancy",
    "region",
    "deployment",
    "edge",
    "telemetry",
    "secrets",
    "asvs",
    "rollout",
    "headroom-gap",
    "password-hash",
];

fn architecture(design: &Design, page: &mut Markdown) {
    page.section("Architecture");
    page.paragraph(
        "Drawn in diagrams/ (context map, containers, entities, states, flows) and to be walked \
         through in index.html.",
    );
    let row = |family: &&str| {
        let verdict = design.verdicts.iter().find(|of| of.family == *family)?;
        let driver = verdict.drivers.first();
        let because = driver.map(|of| format!("{}: {}", of.fact, of.weight)).unwrap_or_default();
        Some(vec![format!("`{}`", verdict.id()), format!("**{}**", verdict.choice), because])
    };
    let rows = WHOLE.iter().filter_map(row);
    page.table(&["decision", "choice", "because"], rows, "Nothing was decided.");
}

/// Every step up from the simplest option: what it buys and what it costs.
fn trades(design: &Design, page: &mut Markdown) {
    page.section("Trade-offs");
    page.paragraph(
        "The simplest option that meets the numbers is taken. These are the steps above it: the \
         number that asked for each, and its price in complexity, which is paid in people's time.",
    );
    let mut dear: Vec<&Verdict> = design.verdicts.iter().filter(|of| of.price > 0).collect();
    dear.sort_by(|a, b| b.price.cmp(&a.price).then_with(|| a.id().cmp(&b.id())));
    let row = |of: &&Verdict| {
        let driver = of.drivers.first();
        let asked = driver.map(|of| format!("{}: {}", of.fact, of.weight)).unwrap_or_default();
        let simpler = of.rejected.first();
        let simpler = simpler.map(|of| format!("{}: {}", of.option, of.reason)).unwrap_or_default();
        vec![
            format!("`{}`", of.id()),
            format!("{} ({} points)", of.choice, of.price),
            asked,
            simpler,
        ]
    };
    let heads = ["decision", "step", "asked for by", "rather than"];
    page.table(&heads, dear.iter().map(row), "No number asks for more than the simplest option.");
    let points: u32 = design.verdicts.iter().map(|of| of.price).sum();
    let people = facts::all_people(design.facts());
    let each = people.filter(|of| of.value > 0.0).map(|of| {
        format!(", {} for each of {} people", facts::people(f64::from(points) / of.value), of.value)
    });
    page.paragraph(&format!("Together {points} points{}.", each.unwrap_or_default()));
}

/// Where copies may be old, and what a store gives up in a partition.
fn consistency(design: &Design, page: &mut Markdown) {
    page.section("Consistency");
    let facts = design.facts();
    let stale = facts.operations.iter().filter_map(|of| {
        let stale = of.workload.stale.as_ref()?;
        Some(vec![format!("`{}`", of.name), format!("may be {} old", stale.value)])
    });
    let mut rows: Vec<Vec<String>> = stale.collect();
    rows.sort();
    page.table(&["read", "answer"], rows, "Every read sees the last write.");
    let caps = design.verdicts.iter().filter(|of| of.family == "cap");
    page.list(caps.map(|of| format!("`{}` is {} in a partition", of.subject, of.choice)));
}

fn rest(design: &Design, page: &mut Markdown) {
    page.section("The rest");
    let model = &design.model;
    let served = design.routes.iter().any(Option::is_some);
    let mut said = Vec::new();
    said.extend(served.then_some("contracts: openapi/"));
    said.extend((!model.entities.is_empty()).then_some("data: sql/, diagrams/entities/"));
    said.extend([
        "sizes and cost: capacity.md",
        "failure: resilience.md",
        "caches: caching.md",
        "threats and controls: security.md",
        "phases: roadmap.md",
        "every decision: decisions.md",
    ]);
    page.list(said);
}
