use base::Diagnostic;

use crate::decision::{Answer, Context, decision};
use crate::facts::{self, Facts};
use crate::recovery::{self, Recovery, told};
use crate::sizing::demand::StoreDemand;
use crate::{needs, numbers};

decision!(
    "recovery",
    "How does a store come back after a loss?",
    reads ["service", "store", "edge"],
    Named run
);

const SOURCE: &str = "Disaster Recovery of Workloads on AWS (the ladder); PostgreSQL \
    documentation, Continuous Archiving and Point-in-Time Recovery; times house";

fn run(cx: &Context<'_>) -> Vec<(String, Answer)> {
    // What may be lost needs no recovery.
    let durable = cx.demand().stores.iter().filter(|store| store.kind.keeps());
    durable.map(|store| (store.subject.clone(), answer(cx.model, store))).collect()
}

/// Why an option is not good enough; nothing where it is.
struct Ladder {
    backup: Option<String>,
    pilot_light: Option<String>,
    warm_standby: Option<String>,
}

fn answer(model: Facts<'_>, store: &StoreDemand) -> Answer {
    let recovery = recovery::of(model, store);
    let ladder = ladder(model, &recovery);
    let free = needs::writes_bear_two_places(model);
    let choice = match &ladder {
        Ladder { backup: None, .. } => "backup",
        Ladder { pilot_light: None, .. } => "pilot-light",
        Ladder { warm_standby: None, .. } => "warm-standby",
        _ if free => "active-active",
        _ => "warm-standby",
    };
    let restored =
        format!("a restore of {} takes {}", facts::bytes(recovery.bytes), told(recovery.restore));
    let lost = match needs::regions(model) {
        [] | [_] => "what follows the log holds it; backups and the log lie elsewhere",
        _ => "also where a region is lost",
    };
    let mut answer = Answer::new(choice, SOURCE)
        .driver(
            format!("recovery time {}", told(recovery.time.value)),
            recovery.time.provenance.clone(),
            &restored,
        )
        .driver(
            format!("recovery point {}", told(recovery.point.value)),
            recovery.point.provenance.clone(),
            lost,
        )
        .parameter("restore", told(recovery.restore))
        .parameter("backup", "a full one each week, the log continuously, kept 35 days elsewhere")
        .parameter("drill", "a restore each quarter, timed against the recovery time");
    if recovery.point.value <= 0.0 && choice != "backup" {
        let waits = "a write is acknowledged when the second place has it";
        answer = answer.parameter("copies", waits);
    }
    let taken = format!("{choice} meets both times, and is the simplest that does");
    let reason = |why: &Option<String>| why.clone().unwrap_or_else(|| taken.clone());
    let twice = if free {
        taken.clone()
    } else {
        "rows are changed, not only added: two places that write would undo each other".to_owned()
    };
    answer = answer
        .reject("backup", reason(&ladder.backup))
        .reject("pilot-light", reason(&ladder.pilot_light))
        .reject("warm-standby", reason(&ladder.warm_standby))
        .reject("active-active", twice);
    match conflict(model, store, &recovery) {
        Some(conflict) => answer.conflict(conflict),
        None => answer,
    }
}

fn ladder(model: Facts<'_>, recovery: &Recovery) -> Ladder {
    let several = needs::regions(model).len() > 1;
    let (time, point) = (recovery.time.value, recovery.point.value);
    let margin = if several { model.value(&numbers::RESTORE_MARGIN) } else { 1.0 };
    let least = model.value(&numbers::BACKUP_POINT) * 60.0;
    let minutes = |number| model.value(number) * 60.0;
    let late = |takes: f64| (time < takes - 1e-9).then_some(takes);
    let backup = if let Some(takes) = late(recovery.restore * margin) {
        Some(format!(
            "a restore takes {}{}, the recovery time is {}",
            told(recovery.restore),
            if several {
                format!(", {} with the time to decide on it", told(takes))
            } else {
                String::new()
            },
            told(time)
        ))
    } else if several && point < least - 1e-9 {
        Some(format!("up to {} of writes are lost, not {}", told(least), told(point)))
    } else {
        None
    };
    let lossless = several && point <= 0.0;
    let pilot_light = match late(minutes(&numbers::PILOT_LIGHT_TIME)) {
        Some(takes) => Some(format!("it takes {} to serve, not {}", told(takes), told(time))),
        None if lossless => Some("it follows after a while, and nothing may be lost".to_owned()),
        None => None,
    };
    let warm_standby = late(minutes(&numbers::WARM_STANDBY_TIME))
        .map(|takes| format!("it takes {} to serve, not {}", told(takes), told(time)));
    Ladder { backup, pilot_light, warm_standby }
}

/// Times that nothing meets.
fn conflict(model: Facts<'_>, store: &StoreDemand, recovery: &Recovery) -> Option<Diagnostic> {
    let failover = model.value(&numbers::FAILOVER_TIME);
    let (time, point) = (&recovery.time, &recovery.point);
    if let Some(span) = time.provenance.span().filter(|_| time.value < failover) {
        let message = format!(
            "`{}` is to run again within {}, and a standby takes {} to take over",
            store.subject,
            told(time.value),
            told(failover)
        );
        let found = Diagnostic::error("recovery-time-beyond-reach", span, message);
        return Some(found.label("sooner than that").help(format!(
            "ask for {} or more: shorter outages are what `availability` is for",
            told(failover)
        )));
    }
    let apart = needs::round_trip(model).filter(|_| point.value <= 0.0)?;
    let context = store.contexts.first()?;
    let objective = facts::context_objective(model, *context);
    let (_, most) = facts::main_percentile(&objective.value);
    let span = point.provenance.span().filter(|_| apart > most / 2.0)?;
    let message = format!(
        "nothing of `{}` may be lost with a region, and each write would wait {} for the other",
        store.subject,
        facts::seconds(apart)
    );
    let mut found = Diagnostic::error("recovery-point-beyond-reach", span, message)
        .label("every write waits for a second region");
    if let Some(second) = needs::regions(model).get(1) {
        found = found.related(second.span, "this far away");
    }
    if let Some(span) = objective.provenance.span() {
        found = found.related(span, "the objective that a write is to keep");
    }
    Some(found.help("let some seconds be lost, take regions that are near, or give more time"))
}
