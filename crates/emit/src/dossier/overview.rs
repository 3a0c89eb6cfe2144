//! What the system is for, in numbers, and what was decided about the whole.

use base::Provenance;
use decide::facts;

use super::Page;
use base::html::{Html, anchor};

/// Families of the whole system that say most, with how a reader would ask.
const WHOLE: [(&str, &str); 9] = [
    ("style", "Style"),
    ("deployment", "Deployed as"),
    ("broker", "Broker"),
    ("tenancy", "Tenants"),
    ("region", "Regions"),
    ("edge", "At the edge"),
    ("telemetry", "Telemetry"),
    ("asvs", "Assurance"),
    ("rollout", "Rollout"),
];

/// The part.
pub fn write(page: &Page<'_>, out: &mut Html) {
    let system = &page.design.model.system;
    if !system.summary.is_empty() {
        out.element("p", &[("class", "lead")], |out| out.text(&system.summary));
    }
    out.element("dl", &[("class", "figures")], |out| {
        for (name, value) in figures(page) {
            out.element("div", &[], |out| {
                out.leaf("dt", &[], &name);
                out.leaf("dd", &[], &value);
            });
        }
    });
    out.leaf("h3", &[], "Decided for the whole");
    out.table(&["What", "Choice", "Because"], |out| {
        for (family, question) in WHOLE {
            let Some(verdict) = page.verdict(family, "system") else { continue };
            out.element("tr", &[], |out| {
                out.element("th", &[("scope", "row")], |out| {
                    let place = format!("#{}", anchor("decision", &verdict.id()));
                    out.leaf("a", &[("href", &place)], question);
                });
                out.element("td", &[], |out| out.leaf("code", &[], verdict.choice));
                out.element("td", &[], |out| {
                    let first = verdict.drivers.first();
                    let because = first.map(|driver| format!("{}: {}", driver.fact, driver.weight));
                    out.prose(&because.unwrap_or_default());
                });
            });
        }
    });
}

/// The numbers that a reader asks for first; what nobody stated is marked.
fn figures(page: &Page<'_>) -> Vec<(String, String)> {
    let facts = page.design.facts();
    let needs = &page.design.model.system.needs;
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        all.extend(value.map(|value| (name.to_owned(), value)));
    };
    add("People at once", needs.concurrent_users.as_ref().map(|of| facts::people(of.value)));
    let peak: f64 = facts.operations.iter().map(|of| facts::rate(facts, of).value.peak).sum();
    add("Requests a second at peak", Some(facts::people(peak)));
    add("Headroom", needs.headroom.as_ref().map(|of| format!("{}x", facts::people(of.value))));
    let availability = needs.availability.as_ref().map(|of| (of.value.0, &of.provenance));
    let assumed = decide::numbers::AVAILABILITY;
    let stated = availability.map_or_else(
        || marked(facts::percent(facts.value(&assumed))),
        |(share, from)| told(facts::percent(share), from),
    );
    add("Availability", Some(stated));
    add("Latency", needs.latency.as_ref().map(|of| facts::percentiles(&of.value)));
    let recovery = [("RTO", &needs.recovery_time), ("RPO", &needs.recovery_point)];
    let recovery: Vec<String> = recovery
        .into_iter()
        .filter_map(|(name, of)| Some(format!("{name} {}", of.as_ref()?.value)))
        .collect();
    add("Recovery", Some(recovery.join(", ")).filter(|text| !text.is_empty()));
    let people = facts::all_people(facts);
    let teams = page.design.model.system.teams.len();
    add("People who build it", people.map(|of| format!("{} in {teams} team(s)", of.value)));
    let compliance: Vec<&str> = needs.compliance.iter().map(|of| of.value.as_str()).collect();
    add("Compliance", Some(compliance.join(", ")).filter(|text| !text.is_empty()));
    let points: u32 = page.design.verdicts.iter().map(|verdict| verdict.price).sum();
    add("Complexity", Some(format!("{points} points")));
    add("Decisions", Some(page.design.verdicts.len().to_string()));
    all
}

fn told(value: String, from: &Provenance) -> String {
    if matches!(from, Provenance::Given(_)) { value } else { marked(value) }
}

fn marked(value: String) -> String {
    format!("{value} (assumed)")
}
