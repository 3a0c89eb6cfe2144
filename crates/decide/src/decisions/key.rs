use base::Provenance;
use expression::EntityId;

use crate::decision::{Answer, Context, decision};
use crate::facts;

decision!("key", "What names a row?", reads [], Entity run);

fn run(cx: &Context<'_>, entity: EntityId) -> Option<Answer> {
    let of = cx.model.entity(entity);
    let rows = facts::rows_at_horizon(cx.model, entity);
    let answer = if of.identity.is_empty() {
        Answer::new("uuidv7", "RFC 9562, section 5.7; OWASP API1:2023 (ids that cannot be guessed)")
            .given(
                format!("{} states no `identity`", of.name),
                of.name.span,
                "nothing replaces `id`",
            )
    } else {
        let names: Vec<&str> =
            of.identity.iter().map(|&field| of.field(field).name.value.as_str()).collect();
        Answer::new("natural", "language reference, section 3: identity").given(
            format!("identity: {}", names.join(", ")),
            of.name.span,
            "these fields are the key",
        )
    };
    let answer = match rows {
        Some(rows) => {
            let fact = format!("{} rows in two years", facts::people(rows.value));
            answer.driver(fact, rows.provenance, "new rows should go to the end of the index")
        }
        None => {
            let from = Provenance::Default { source: "house" };
            answer.driver("rows: not stated", from, "taken as many")
        }
    };
    Some(
        answer
            .reject("uuidv7", "the entity has an identity of its own")
            .reject("natural", "a key that people know may have to change; where it never does, `identity` says so")
            .reject(
                "sequence",
                "can be guessed, tells how many there are, and needs one place that counts",
            )
            .reject("uuidv4", "random: every insert touches another page of the index"),
    )
}
