//! Personal data that leaves the Union.

use base::Spanned;

use crate::context::{Context, Sink, check};
use crate::people;

check!(
    "personal-data-across-regions",
    Privacy,
    Information,
    "0.1",
    "personal data under GDPR that lies in regions outside Europe",
    "personal-data-across-regions.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    // Each tenant's data has a region of its own.
    if model.system.tenancy.as_ref().is_some_and(|tenancy| tenancy.region.is_some()) {
        return;
    }
    for (at, of) in (0u16..).map(model::model::ContextId).zip(&model.contexts) {
        let own = &of.needs.regions;
        let regions = if own.is_empty() { &model.system.needs.regions } else { own };
        let outside: Vec<&Spanned<String>> =
            regions.iter().filter(|region| third_country(&region.value)).collect();
        let Some(first) = outside.first() else { continue };
        let Some(regime) = people::regime(model, at, "gdpr") else { continue };
        let mut held = model.entities.iter().filter(|entity| entity.context == at);
        let held = held.find_map(|entity| Some((entity, people::personal(entity).next()?)));
        let Some((entity, field)) = held else { continue };
        let message = format!(
            "`{}.{}` of people lies in {} as well",
            entity.name,
            field.name,
            outside.iter().map(|region| format!("`{region}`")).collect::<Vec<_>>().join(", ")
        );
        sink.report(&of.name, first.span, message, |finding| {
            finding
                .label("outside the European Economic Area")
                .related(field.name.span, "personal data")
                .related(regime, "allows a transfer with an instrument only (GDPR, chapter V)")
                .help("keep the context in European regions (its own `needs: { regions: [..] }`), give tenants a `region`, or accept the finding and name the instrument: an adequacy decision or standard contractual clauses")
        });
    }
}

/// Whether the region lies in a country without membership, by the names that clouds use.
fn third_country(region: &str) -> bool {
    let outside = [
        "us",
        "ap",
        "sa",
        "af",
        "me",
        "cn",
        "in",
        "ca",
        "asia",
        "northamerica",
        "southamerica",
        "australia",
        "africa",
    ];
    let first = region.split(['-', '_']).next().unwrap_or(region);
    outside.contains(&first)
}
