use model::model::OperationId;

use crate::decision::{Answer, Context, decision};
use crate::design::Method;
use crate::numbers;

decision!("idempotency", "What happens when a request is repeated?", reads [], Operation run);

const SOURCE: &str = "RFC 9110, section 9.2.2; \
    IETF draft-ietf-httpapi-idempotency-key-header-06; Zalando RESTful API Guidelines";

fn run(cx: &Context<'_>, id: OperationId) -> Option<Answer> {
    let model = cx.model;
    let operation = model.operation(id);
    let route = cx.routes.get(id.0 as usize)?.as_ref()?;
    if !operation.writes() {
        return None;
    }
    let fact = format!("{} {}", route.method.name(), route.path());
    let answer = if route.method == Method::Post {
        Answer::new("key", SOURCE)
            .given(fact, operation.name.span, "repeated, it would be done twice")
            .assumes(model, &numbers::IDEMPOTENCY_HOURS, "how long the first answer is kept")
            .assumes(model, &numbers::IDEMPOTENCY_BYTES, "larger answers are kept by reference")
            .parameter("header", "Idempotency-Key")
            .parameter("kept for", format!("{} h", model.value(&numbers::IDEMPOTENCY_HOURS)))
    } else {
        let weight = if route.if_match {
            "repeated, `If-Match` refuses it"
        } else {
            "repeated, it leaves the same row"
        };
        Answer::new("natural", SOURCE).given(fact, operation.name.span, weight)
    };
    Some(
        answer
            .reject("natural", "POST is not idempotent, guards on the state notwithstanding: the caller would not get its first answer again")
            .reject("key", "the method is idempotent already"),
    )
}
