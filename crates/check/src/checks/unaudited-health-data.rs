//! Health data that may be read without a trace.

use decide::facts;
use model::model::AuditLevel;

use crate::context::{Context, Sink, check};
use crate::numbers;
use crate::people;

check!(
    "unaudited-health-data",
    Privacy,
    Warning,
    "0.1",
    "health data without a record of who saw it",
    "unaudited-health-data.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let years = numbers::HEALTH_AUDIT_YEARS.value;
    for (id, entity) in model.entities() {
        let Some(regime) = people::regime(model, entity.context, "hipaa") else { continue };
        let marked = entity.fields.iter().find(|field| field.modifiers.sensitive);
        let Some(field) = marked else { continue };
        let (problem, place) = match &entity.audit {
            None => ("is read and written without a record".to_owned(), entity.name.span),
            Some(audit) => match audit.value {
                (AuditLevel::Writes, _) => ("is read without a record".to_owned(), audit.span),
                (_, Some(kept)) if kept.as_secs_f64() < years * 31_536_000.0 => {
                    (format!("has records of {kept} only"), audit.span)
                }
                _ => continue,
            },
        };
        let message = format!("`{}.{}` {problem}", entity.name, field.name);
        sink.report(&context.entity_name(id), place, message, |finding| {
            finding
                .label("no answer to who saw it")
                .related(field.name.span, "marked `sensitive`")
                .related(regime, "asks for records of access (45 CFR 164.312(b))")
                .help(format!("write `audit: {{ all, retain: {}y }}`", facts::people(years)))
        });
    }
}
