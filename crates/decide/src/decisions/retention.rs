use base::{Diagnostic, Duration};
use expression::EntityId;
use model::model::Entity;

use crate::decision::{Answer, Context, decision};
use crate::retention::{self, Ending, Retention, Since};
use crate::{
    facts::{self, Facts},
    numbers,
};

decision!("retention", "What becomes of rows in the end?", reads [], Entity run);

const SOURCE: &str =
    "Regulation (EU) 2016/679 (GDPR), articles 5(1)(e) and 17; days in backups house";

fn run(cx: &Context<'_>, id: EntityId) -> Option<Answer> {
    let model = cx.model;
    let of = model.entity(id);
    let retention = retention::entity(model, id);
    let choice = match retention.ending {
        Ending::Keep => "keep",
        Ending::Delete => "delete",
        Ending::Anonymise => "anonymise",
        Ending::Archive => "archive",
    };
    let answer = because(model, of, &retention, Answer::new(choice, SOURCE));
    let answer = parameters(model, of, &retention, answer);
    Some(too_early(of, &retention, rejections(model, of, &retention, answer)))
}

fn because(model: Facts<'_>, of: &Entity, retention: &Retention, answer: Answer) -> Answer {
    let answer = match &retention.seconds {
        Some(seconds) => {
            let fact = format!("{} after {}", time(seconds.value), since(of, retention.since));
            answer.driver(fact, seconds.provenance.clone(), "how long rows are needed")
        }
        None => answer.given(
            format!("{} states no `retain`", of.name),
            of.name.span,
            "nothing says when it is needed no longer",
        ),
    };
    match facts::rows_at_horizon(model, retention.entity) {
        Some(rows) => {
            let months = facts::people(model.value(&numbers::HORIZON));
            let fact = format!("{} rows in {months} months", facts::people(rows.value));
            let weight = match retention.due_a_day {
                Some(due) => format!("{} a day fall due", facts::people(due)),
                None => "none falls due by the clock alone".to_owned(),
            };
            answer.driver(fact, rows.provenance, &weight)
        }
        None => answer,
    }
}

fn parameters(model: Facts<'_>, of: &Entity, retention: &Retention, mut answer: Answer) -> Answer {
    if let Some(seconds) = &retention.seconds {
        answer = answer
            .parameter("after", time(seconds.value))
            .parameter("counted from", since(of, retention.since));
    }
    if let Some(due) = retention.due_a_day {
        answer = answer.parameter("rows due a day", facts::people(due));
    }
    if !retention.personal.is_empty() {
        let names: Vec<&str> =
            retention.personal.iter().map(|at| of.field(*at).name.value.as_str()).collect();
        answer = answer.parameter("personal data", names.join(", "));
        if let Some(subject) = retention.subject {
            let subject = format!("of the person in `{}`", of.field(subject).name);
            answer = answer.parameter("a request for erasure", subject);
        }
    }
    if let Some(keep) = &of.keep {
        let fact = format!("keep: {}: {}", time(keep.0.as_secs_f64()), keep.1);
        answer = answer
            .given(fact, keep.span, "a request for erasure changes nothing before")
            .parameter("kept in spite of a request for", time(keep.0.as_secs_f64()));
    }
    if retention.ending != Ending::Keep || !retention.personal.is_empty() {
        let days = facts::people(model.value(&numbers::BACKUP_DAYS));
        let gone = format!("{days} d later; erasures are replayed after a restore");
        answer = answer.parameter("gone from backups", gone);
    }
    answer
}

fn rejections(model: Facts<'_>, of: &Entity, retention: &Retention, answer: Answer) -> Answer {
    let rows =
        facts::rows_at_horizon(model, retention.entity).map(|rows| facts::people(rows.value));
    let rows = rows.unwrap_or_else(|| "its".to_owned());
    let keep = format!("the model says when {} rows are needed no longer", rows);
    let nothing = retention.ending == Ending::Keep;
    let delete = match retention.ending {
        Ending::Keep => format!("nothing says when {} is needed no longer: add `retain`", of.name),
        _ => "the model wants the rest of the row to stay".to_owned(),
    };
    let anonymise = match retention.personal.len() {
        0 => "no field of it is marked as personal data".to_owned(),
        _ if nothing => "nothing says when its personal data is needed no longer".to_owned(),
        _ => "the whole row is not needed any longer".to_owned(),
    };
    let archive = match retention.ending {
        Ending::Keep => "nothing says when it is asked for no longer".to_owned(),
        _ => "nobody asks for it any longer: an archive would be one more place to erase from"
            .to_owned(),
    };
    answer
        .reject("keep", keep)
        .reject("delete", delete)
        .reject("anonymise", anonymise)
        .reject("archive", archive)
}

/// Rows that the law keeps longer than the model does.
fn too_early(of: &Entity, retention: &Retention, answer: Answer) -> Answer {
    let (Some(keep), Some(retain)) = (&of.keep, &of.retain) else { return answer };
    let gone = matches!(retention.ending, Ending::Delete | Ending::Anonymise);
    if !gone || keep.0 <= retain.period {
        return answer;
    }
    let message = format!(
        "`{}` is gone after {}, but has to be kept for {}",
        of.name,
        time(retain.period.as_secs_f64()),
        time(keep.0.as_secs_f64())
    );
    let finding = Diagnostic::error("retained-shorter-than-kept", retain.span, message)
        .label("rows are gone then")
        .related(keep.span, format!("they are kept for this long: {}", keep.1))
        .help("retain them at least as long as `keep` says, or move them to an archive: `then archive`");
    answer.conflict(finding)
}

fn since(of: &Entity, since: Since) -> String {
    match since {
        Since::Created => "its creation".to_owned(),
        Since::Written => "its last write".to_owned(),
        Since::Final => "it entered a final state".to_owned(),
        Since::Field(field) => format!("`{}`", of.field(field).name),
    }
}

/// `90d`, `7y`
fn time(seconds: f64) -> String {
    Duration::from_secs_f64(seconds).to_string()
}
