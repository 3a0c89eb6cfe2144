use base::{Diagnostic, Percentiles, Provenance, Quantity, Spanned};

use crate::decision::{Answer, Context, decision};
use crate::facts;
use crate::recovery::told;
use crate::sizing::Redundancy;
use crate::{needs, numbers, reachable};

decision!("region", "In how many regions does the system run?", reads ["recovery"], System run);

const SOURCE: &str = "Disaster Recovery of Workloads on AWS; house: two regions write only what \
    cannot conflict";

fn run(cx: &Context<'_>) -> Option<Answer> {
    let model = cx.model;
    let regions = needs::regions(model);
    let free = needs::writes_bear_two_places(model);
    let contexts: Vec<_> =
        (0u16..).map(model::model::ContextId).take(model.contexts.len()).collect();
    let time = needs::recovery_time(model, &contexts);
    let operations: Vec<_> = model.operations().map(|(id, _)| id).collect();
    let availability = needs::availability(model, &operations);
    let one = reachable::service(model, Redundancy::Zones).availability();
    let beyond = availability.value.0 > one + 1e-9;
    let objective = model
        .system
        .needs
        .latency
        .clone()
        .unwrap_or_else(|| facts::context_objective(model, model::model::ContextId(0)));
    let (_, most) = facts::main_percentile(&objective.value);
    let apart = needs::round_trip(model);
    let far = apart.is_some_and(|apart| apart > most / 2.0);
    let least = model.value(&numbers::WARM_STANDBY_TIME) * 60.0;
    let hurried = time.value < least - 1e-9;
    let several = regions.len() > 1;
    let wanted = beyond || (several && (far || hurried));
    let choice = match (wanted && free, several) {
        (true, true) => "active-active",
        (true, false) if regions.is_empty() => "active-active",
        (false, true) => "active-passive",
        _ => "one",
    };
    let mut answer = Answer::new(choice, SOURCE);
    for region in regions {
        answer = answer.given(format!("region {}", region.value), region.span, "stated");
    }
    if regions.is_empty() {
        let from = Provenance::Default { source: "house: one region unless the model names more" };
        answer = answer.driver("no region is stated", from, "one is the simplest");
    }
    let reached = format!("one region reaches {}", facts::percent(one));
    let target = format!("availability {}", facts::percent(availability.value.0));
    answer = answer.driver(target, availability.provenance.clone(), &reached).driver(
        format!("recovery time {}", told(time.value)),
        time.provenance.clone(),
        if hurried {
            "less than a region takes to be brought up"
        } else {
            "a region can be brought up in it"
        },
    );
    if let Some(apart) = apart {
        let from = Provenance::Derived { from: "names of regions: a continent or two".to_owned() };
        let weight = format!("of an objective of {}", facts::seconds(most));
        answer = answer.driver(format!("{} between regions", facts::seconds(apart)), from, &weight);
    }
    let one_rejected = if several {
        format!("{} regions are stated: the loss of one must not be the end", regions.len())
    } else {
        format!("{reached}, and {} is asked for", facts::percent(availability.value.0))
    };
    let both = if wanted && !free {
        "rows are changed, not only added: two regions that write would undo each other".to_owned()
    } else {
        let time = told(time.value);
        format!("{reached}, and a recovery time of {time} leaves time to bring a region up")
    };
    let passive = if choice == "one" {
        "the model names no second region: what `recovery` keeps for its loss serves nothing"
    } else {
        "a region that waits serves nobody until it is brought up: see the drivers"
    };
    answer = answer
        .reject("one", one_rejected)
        .reject("active-passive", passive)
        .reject("active-active", both);
    let apart = apart.filter(|apart| *apart > most && choice != "active-active");
    Some(match beyond_objective(regions, apart, &objective, most) {
        Some(found) => answer.conflict(found),
        None => answer,
    })
}

/// Users of a second region who would wait longer for the first than an answer may take.
fn beyond_objective(
    regions: &[Spanned<String>],
    apart: Option<f64>,
    objective: &Quantity<Percentiles>,
    most: f64,
) -> Option<Diagnostic> {
    let (apart, second, span) = (apart?, regions.get(1)?, objective.provenance.span()?);
    let message = format!(
        "users in `{}` wait {} for the other region alone, and answers are to take {}",
        second.value,
        facts::seconds(apart),
        facts::seconds(most)
    );
    let help = "give more time, or serve each region's users from rows of its own (`tenancy` with \
                `region`)";
    Some(
        Diagnostic::error("region-beyond-objective", second.span, message)
            .label("served from far away")
            .related(span, "the objective")
            .help(help),
    )
}
