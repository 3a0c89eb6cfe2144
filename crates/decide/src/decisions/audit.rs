use base::Diagnostic;
use expression::EntityId;
use model::model::AuditLevel;

use crate::audit::{self, Audit};
use crate::decision::{Answer, Context, decision};
use crate::{
    facts::{self, Facts},
    numbers,
};

decision!("audit", "Is it recorded who wrote or read a row?", reads [], Named run);

const SOURCE: &str = "45 CFR 164.312(b) and 164.316(b)(2) (HIPAA); PCI DSS 4.0, 10.2 and 10.5.1; \
    OWASP ASVS 5.0, 16.2 and 16.3; otherwise house";

fn run(cx: &Context<'_>) -> Vec<(String, Answer)> {
    let reads = audit::reads(cx.model);
    let answer = |(id, _): (EntityId, _)| {
        let audit = audit::entity(cx.model, cx.touches, &reads, id);
        (cx.names.entity(id).to_owned(), answer(cx.model, &audit))
    };
    cx.model.entities().map(answer).collect()
}

fn answer(model: Facts<'_>, audit: &Audit) -> Answer {
    let of = model.entity(audit.entity);
    let choice = match audit.level {
        None => "none",
        Some(AuditLevel::Writes) => "writes",
        Some(AuditLevel::All) => "all",
    };
    let mut answer = Answer::new(choice, SOURCE);
    if let Some(stated) = &of.audit {
        let level = if stated.0 == AuditLevel::All { "all" } else { "writes" };
        answer = answer.given(format!("audit: {level}"), stated.span, "the model asks for it");
    }
    if let Some((law, field, span)) = &audit.law {
        let weight = format!("{} wants reads and writes recorded", law.name());
        answer = answer.given(field.clone(), *span, &weight);
    }
    if of.audit.is_none() && audit.law.is_none() {
        let fact = format!("{} states no `audit`", of.name);
        answer = answer.given(fact, of.name.span, "and falls under no law that wants one");
    }
    let writes = facts::per_second(audit.writes);
    let (mean, from) = (format!("writes: {writes}"), "the rates of its operations");
    answer = answer.driver(
        mean,
        base::Provenance::Derived { from: from.to_owned() },
        "each would be a record",
    );
    if let Some(level) = audit.level {
        answer = recorded(model, audit, level, answer);
    }
    law_above_model(model, audit, rejections(of.append_only, audit, answer))
}

fn recorded(model: Facts<'_>, audit: &Audit, level: AuditLevel, answer: Answer) -> Answer {
    let fact = format!("records kept for {} d", facts::people(audit.days.value));
    let of = model.entity(audit.entity);
    let personal = of.fields.iter().any(|field| field.modifiers.pii);
    let what = if personal {
        "who, kind of actor, before, after; personal data by reference"
    } else {
        "who, kind of actor, before, after"
    };
    answer
        .driver(fact, audit.days.provenance.clone(), "how much there is at once")
        .assumes(model, &numbers::AUDIT_BYTES, "the size of a record")
        .parameter("recorded", what)
        .parameter("kept for", format!("{} d", facts::people(audit.days.value)))
        .parameter("records a month", facts::people(audit.a_month(level)))
        .parameter("kept at once", facts::bytes(audit.bytes(level)))
        .parameter("written by", "a role without UPDATE and DELETE")
}

fn rejections(append_only: bool, audit: &Audit, answer: Answer) -> Answer {
    let month = |level| facts::people(audit.a_month(level));
    let writes = match audit.level {
        None if append_only => "rows are never changed: they are their own record".to_owned(),
        None => format!("{} records a month that nobody asked for", month(AuditLevel::Writes)),
        Some(_) => "reads have to be recorded too".to_owned(),
    };
    let all = format!("{} records a month, and nobody asked who reads", month(AuditLevel::All));
    answer
        .reject("none", "somebody will ask who did it: see the drivers")
        .reject("writes", writes)
        .reject("all", all)
}

/// The model asks for less than the law does.
fn law_above_model(model: Facts<'_>, audit: &Audit, answer: Answer) -> Answer {
    let stated = model.entity(audit.entity).audit.as_ref();
    let (Some((law, field, span)), Some(stated)) = (&audit.law, stated) else { return answer };
    if stated.0 == AuditLevel::All {
        return answer;
    }
    let message = format!("`audit: writes` leaves out who read `{field}`");
    let finding = Diagnostic::error("audit-below-law", stated.span, message)
        .label("only writes are recorded")
        .related(*span, format!("{} wants reads recorded as well", law.name()))
        .help("state `audit: all`");
    answer.conflict(finding)
}
