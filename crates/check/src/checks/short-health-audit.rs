//! Records of access that end too early.

use decide::facts;

use crate::context::{Context, Sink, check};
use crate::numbers;
use crate::people;

check!(
    "short-health-audit",
    Privacy,
    Warning,
    "0.1",
    "records of access to health data that end before the law allows",
    "short-health-audit.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let years = numbers::HEALTH_AUDIT_YEARS.value;
    for (id, entity) in model.entities() {
        let Some(regime) = people::regime(model, entity.context, "hipaa") else { continue };
        let marked = entity.fields.iter().find(|field| field.modifiers.sensitive);
        let (Some(field), Some(audit)) = (marked, &entity.audit) else { continue };
        let (_, Some(kept)) = audit.value else { continue };
        if kept.as_secs_f64() >= years * 31_536_000.0 {
            continue;
        }
        let message = format!("who saw `{}.{}` is known for {kept} only", entity.name, field.name);
        sink.report(&context.entity_name(id), audit.span, message, |finding| {
            finding
                .label("records end here")
                .related(field.name.span, "marked `sensitive`")
                .related(
                    regime,
                    format!(
                        "keeps such records for {} years (45 CFR 164.316(b)(2)(i))",
                        facts::people(years)
                    ),
                )
                .help(format!("write `audit: {{ all, retain: {}y }}`", facts::people(years)))
        });
    }
}
