use base::{Diagnostic, Provenance};
use expression::EntityId;

use crate::decision::{Answer, Context, decision};
use crate::hot_rows::{self, Contention};
use crate::touches::How;
use crate::{facts, numbers};

decision!("concurrency", "Do writers of one row wait too long for each other?", reads ["store"], Entity run);

const SOURCE: &str = "house: utilisation of the most wanted row (Little's law) below 60 %; \
    PostgreSQL documentation, explicit locking";

fn run(cx: &Context<'_>, id: EntityId) -> Option<Answer> {
    let model = cx.model;
    let of = model.entity(id);
    if cx.touches.writes(id).is_empty() {
        return None;
    }
    let in_memory = cx.store_of(of.context) == "redis";
    let Some(mut contention) = hot_rows::contention(model, cx.touches, id, in_memory) else {
        return Some(rows_of_their_own(cx, id));
    };
    let most = model.value(&numbers::HOT_ROW);
    let hot = contention.busy() >= most;
    contention.guarded = hot && hot_rows::guarded(model, cx.touches, id);
    let choice = match (hot, contention.guarded) {
        (false, _) => "row-lock",
        (true, false) => "slots",
        (true, true) => "queue",
    };
    let answer = because(cx, &contention, Answer::new(choice, SOURCE));
    Some(beyond(cx, &contention, rejections(cx, &contention, most, answer)))
}

fn rows_of_their_own(cx: &Context<'_>, id: EntityId) -> Answer {
    let of = cx.model.entity(id);
    let mut answer = Answer::new("row-lock", SOURCE);
    for write in cx.touches.writes(id).iter().take(3) {
        let (fact, from) = facts::rate_fact(cx.model, write.operation);
        let weight = if write.how == How::Inserted { "makes new rows" } else { "removes rows" };
        answer = answer.driver(fact, from, weight);
    }
    let never = format!("no operation changes a {} that is there: nobody waits", of.name);
    answer.reject("slots", never.clone()).reject("queue", never)
}

fn because(cx: &Context<'_>, of: &Contention, mut answer: Answer) -> Answer {
    let model = cx.model;
    for (operation, _) in of.writers.iter().take(4) {
        let (fact, from) = facts::rate_fact(model, *operation);
        answer = answer.driver(fact, from, "changes rows that are there");
    }
    let from = Provenance::Derived { from: "changes at D2 x share x time held".to_owned() };
    let skew = hot_rows::describe(of.skew.value);
    let share = format!("the most wanted row takes {} of the changes", facts::percent(of.share));
    let busy = format!("it is held {} of the time", facts::percent(of.busy()));
    let (hold, remote) = (facts::seconds(of.hold), "each commit waits for the other region");
    answer = answer
        .driver(skew, of.skew.provenance.clone(), &share)
        .driver(busy, from, if of.remote { remote } else { "the longer, the longer others wait" })
        .parameter("changes at D2", format!("{}/s", facts::people(of.changes)))
        .parameter("each holds its row for", hold)
        .parameter("the most wanted row is held", facts::percent(of.busy()));
    let most = model.value(&numbers::HOT_ROW);
    match answer.choice {
        "slots" => {
            let slots = of.slots(most).to_string();
            answer.parameter("rows instead of one", slots).parameter("read", "their sum")
        }
        "queue" => answer.parameter("written by", "one worker, many changes in one transaction"),
        _ => answer,
    }
}

fn rejections(cx: &Context<'_>, of: &Contention, most: f64, answer: Answer) -> Answer {
    let (busy, most) = (facts::percent(of.busy()), facts::percent(most));
    let name = &cx.model.entity(of.entity).name;
    let calm = format!("the most wanted {name} is held {busy} of the time, not {most}");
    let lock =
        format!("the most wanted {name} would be held {busy} of the time, not less than {most}");
    let (slots, queue) = match answer.choice {
        "queue" => (
            format!(
                "what is written is checked against the whole {name}: its parts cannot be checked alone"
            ),
            String::new(),
        ),
        "slots" => (
            String::new(),
            "changes only add up: several rows take them without one waiting line".to_owned(),
        ),
        _ => (calm.clone(), calm),
    };
    answer.reject("row-lock", lock).reject("slots", slots).reject("queue", queue)
}

/// More than even one worker without waits could write.
fn beyond(cx: &Context<'_>, of: &Contention, answer: Answer) -> Answer {
    let busy = of.busy_queued(cx.model);
    let most = cx.model.value(&numbers::HOT_ROW);
    if answer.choice != "queue" || busy < most {
        return answer;
    }
    let entity = cx.model.entity(of.entity);
    let message = format!(
        "one `{}` would have to take {} changes a second, each checked against the others",
        entity.name,
        facts::people(of.changes * of.share)
    );
    let span = of.skew.provenance.span().unwrap_or(entity.name.span);
    let mut finding = Diagnostic::error("row-too-hot", span, message)
        .label(format!("{} of all changes", facts::percent(of.share)))
        .note(format!(
            "one worker that writes many in one transaction would be busy {} of the time",
            facts::percent(busy)
        ))
        .help("take the check away, or give it to parts of the row that are checked alone");
    for (operation, rate) in &of.writers {
        let at = cx.model.operation(*operation);
        let span = at.workload.rate.as_ref().and_then(|rate| rate.provenance.span());
        let text = format!("{}/s at D2", facts::people(*rate));
        finding = finding.related(span.unwrap_or(at.name.span), text);
    }
    answer.conflict(finding)
}
