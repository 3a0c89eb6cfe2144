use base::Provenance;
use model::model::{ActorId, ContextId};

use crate::decision::{Answer, Context, decision};
use crate::facts::{self, people};
use crate::{limits, numbers};

decision!(
    "rate-limit",
    "How much may one caller ask for?",
    reads ["service", "store", "edge"],
    ActorInContext run
);

const SOURCE: &str = "OWASP API Security Top 10 2023, API4 (unrestricted resource consumption); \
    OWASP ASVS 5.0, V2.4 and V6.3; rates house";

fn run(cx: &Context<'_>, actor: ActorId, context: ContextId) -> Option<Answer> {
    let model = cx.model;
    let limit = limits::of(model, cx.routes, actor, context)?;
    let rate = limit.address / model.value(&numbers::ADDRESS_SHARE);
    let from = Provenance::Derived { from: "the peaks of its operations there".to_owned() };
    let share = people(limit.peak / limit.active.value.max(1.0));
    let mut answer = Answer::new("token-bucket", SOURCE)
        .driver(
            format!("{} requests a second at peak", people(limit.peak)),
            from,
            &format!("{share} of them by each in the mean"),
        )
        .driver(
            format!("{} active at once", people(limit.active.value)),
            limit.active.provenance.clone(),
            "they share the peak",
        );
    for id in limit.operations.iter().take(3) {
        let (fact, from) = facts::rate_fact(model, *id);
        answer = answer.driver(fact, from, "what it asks for");
    }
    if let Some(rate) = limit.principal {
        answer = answer
            .parameter("each caller", format!("{}/s", people(rate)))
            .parameter("burst", format!("{} requests", people(limit.burst)));
    }
    answer = answer
        .parameter("each address", format!("{}/s", people(limit.address)))
        .parameter("burst of an address", format!("{} requests", people(limit.address_burst)));
    if let Some(logins) = limit.logins {
        let told = format!("{} wrong passwords of an account in 15 min", people(logins));
        answer = answer.parameter("sign-in", told);
    }
    let demand = cx.demand();
    let serves =
        |of: &&crate::sizing::demand::ServiceDemand| of.deployable.contexts.contains(&context);
    if let Some(service) = demand.services.iter().find(serves) {
        let all = format!("{}/s in all, then 503", people(service.requests.reach));
        answer = answer.parameter("shed above", all);
    }
    let none = format!(
        "one caller without a limit could take all {} requests a second of the peak; {}/s are {} \
         times its share, or what anybody may take",
        people(limit.peak),
        people(rate),
        people(model.value(&numbers::PRINCIPAL_SHARE))
    );
    Some(answer.reject("none", none))
}
