use expression::EntityId;
use model::model::Entity;

use crate::decision::{Answer, Context, decision};
use crate::retention::{self, Ending};
use crate::{facts, references::Reference, touches::How};

decision!("deletion", "What does deleting a row do?", reads ["retention"], Entity run);

const SOURCE: &str = "PostgreSQL documentation, partial indexes (unique among live rows); house: rows \
    go, unless somebody has to see them afterwards";

fn run(cx: &Context<'_>, id: EntityId) -> Option<Answer> {
    let model = cx.model;
    let of = model.entity(id);
    let choice = if of.soft_delete { "soft" } else { "hard" };
    let mut answer = Answer::new(choice, SOURCE);
    answer = if of.soft_delete {
        answer.given("soft_delete: true", of.name.span, "rows are marked and can be brought back")
    } else {
        let fact = format!("{} states no `soft_delete`", of.name);
        answer.given(fact, of.name.span, "what is deleted is gone")
    };
    for write in cx.touches.writes(id).iter().filter(|write| write.how == How::Removed).take(3) {
        let (fact, from) = facts::rate_fact(model, write.operation);
        answer = answer.driver(fact, from, "deletes");
    }
    let inbound = cx.references.to(id);
    let (inside, outside): (Vec<&Reference>, Vec<&Reference>) =
        inbound.iter().partition(|reference| reference.within);
    Some(if of.soft_delete {
        soft(of, answer, &inside, &outside)
    } else {
        hard(cx, id, answer, &inside, &outside)
    })
}

fn soft(of: &Entity, answer: Answer, inside: &[&Reference], outside: &[&Reference]) -> Answer {
    let mut answer = answer;
    let keys: Vec<&str> = of.unique.iter().map(|key| key.code.value.as_str()).collect();
    if !keys.is_empty() {
        let keys = format!("{}: among rows without `deleted_at` only", keys.join(", "));
        answer = answer
            .parameter("unique keys", keys)
            .parameter("bringing a row back", "409 where its key is taken meanwhile");
    }
    answer = answer.parameter("lists and new references", "rows without `deleted_at` only");
    let count = inside.len() + outside.len();
    let why = match count {
        0 => "the model wants to see rows after they were deleted".to_owned(),
        _ => format!(
            "{} could not be read any longer: {}",
            if count == 1 { "what refers to it" } else { "those that refer to it" },
            names(inside.iter().chain(outside).copied())
        ),
    };
    let answer = if of.retain.is_some() {
        answer.parameter("in the end", "as `retention` says")
    } else {
        answer.parameter("in the end", "marked rows stay: the model states no `retain`")
    };
    answer.reject("hard", why)
}

fn hard(
    cx: &Context<'_>,
    id: EntityId,
    answer: Answer,
    inside: &[&Reference],
    outside: &[&Reference],
) -> Answer {
    let mut answer = answer;
    let deletes = cx.touches.writes(id).iter().any(|write| write.how == How::Removed);
    let retention = retention::entity(cx.model, id);
    if !inside.is_empty() {
        let refused = format!("409 while {} refers to it", names(inside.iter().copied()));
        answer = answer.parameter("referenced", refused);
    }
    if deletes && !outside.is_empty() {
        let left = format!(
            "{} of other contexts may name a row that is gone",
            names(outside.iter().copied())
        );
        answer = answer.parameter("left behind", left);
    }
    let soft = match (deletes, retention.ending) {
        (false, Ending::Keep) => "no operation deletes rows, and none falls due".to_owned(),
        (false, _) => "rows go by the clock alone: nobody brings them back".to_owned(),
        (true, _) if inside.is_empty() && outside.is_empty() => {
            "nothing refers to it: nobody would miss a deleted row".to_owned()
        }
        (true, _) => "the model does not want deleted rows to be seen or brought back".to_owned(),
    };
    answer.reject("soft", soft)
}

fn names<'r>(references: impl Iterator<Item = &'r Reference>) -> String {
    references.map(|reference| reference.name.as_str()).collect::<Vec<_>>().join(", ")
}
