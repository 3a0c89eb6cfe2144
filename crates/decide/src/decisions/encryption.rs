use base::Diagnostic;

use crate::decision::{Answer, Context, decision};
use crate::encryption::{self, Kept, Level, Protected, Use};
use crate::{
    facts::{self, Facts},
    numbers,
};

decision!("encryption", "How is a field kept from those who may not read it?", reads [], Named run);

const SOURCE: &str = "OWASP ASVS 5.0, 11.3 and 14.2; Regulation (EU) 2016/679 (GDPR), article 32; \
    PCI DSS 4.0, 3.5; which field gets what is house";

fn run(cx: &Context<'_>) -> Vec<(String, Answer)> {
    let answer = |of: Protected| {
        let subject = format!("{}.{}", cx.names.entity(of.entity), of.path);
        let answer = answer(cx, &subject, &of);
        (subject, answer)
    };
    encryption::all(cx.model).into_iter().map(answer).collect()
}

fn answer(cx: &Context<'_>, subject: &str, of: &Protected) -> Answer {
    let model = cx.model;
    let (choice, mark, weight) = match of.kept {
        Kept::Personal => {
            ("at-rest", "pii", "out of logs and shared caches; an encrypted disk keeps thieves out")
        }
        Kept::Sensitive => {
            ("field", "sensitive", "not for whoever reads the database or a dump of it")
        }
        Kept::Secret => ("field", "secret", "whoever reads it can use it"),
        Kept::CardNumber => {
            ("vault", "a card number", "whatever can read it is audited: it should be small")
        }
    };
    let mut answer =
        Answer::new(choice, SOURCE).given(format!("{subject}: {mark}"), of.span, weight);
    for (used, span) in of.uses.iter().take(4) {
        let weight = match (of.level, used.by_hash()) {
            (Level::AtRest, _) => "in the clear, the database can do that",
            (_, true) => "a keyed hash beside the value serves it",
            (_, false) => "encrypted, the database cannot do that",
        };
        answer = answer.given(told(cx, *used), *span, weight);
    }
    answer = parameters(model, of, answer);
    answer = rejections(cx, of, answer);
    conflicts(cx, subject, of, answer)
}

fn parameters(model: Facts<'_>, of: &Protected, answer: Answer) -> Answer {
    let answer = match of.level {
        Level::AtRest => return answer.parameter("algorithm", "the disk's: AES-256-XTS"),
        Level::Field => answer.parameter("algorithm", "AES-256-GCM, a new nonce for each value"),
        Level::Vault => answer.parameter("stored", "a token of the vault"),
    };
    let days = facts::people(of.key_days);
    let answer = answer
        .parameter(
            "key",
            format!("one for the entity, wrapped by a master key, replaced every {days} d"),
        )
        .assumes(model, &numbers::KEY_DAYS, "how long a key is used");
    if of.blind_index() {
        answer.parameter("blind index", "HMAC-SHA-256 of the value, under a key of its own")
    } else {
        answer
    }
}

fn rejections(cx: &Context<'_>, of: &Protected, answer: Answer) -> Answer {
    let uses: Vec<String> = of.uses.iter().map(|(used, _)| told(cx, *used)).collect();
    let field = match (of.level, uses.is_empty()) {
        (Level::AtRest, true) => {
            "the model does not mark it `sensitive`: an encrypted disk is enough".to_owned()
        }
        (Level::AtRest, false) => format!(
            "the model does not mark it `sensitive`, and the database has to work with it: {}",
            uses.join(", ")
        ),
        _ => "a key that the service holds makes the whole service part of the audit".to_owned(),
    };
    let vault = match of.kept {
        Kept::Secret => "one field does not carry a store of its own: its key can be kept apart",
        _ => "it is no card number: nobody asks for a store apart from the database",
    };
    answer
        .reject(
            "at-rest",
            "an encrypted disk hides nothing from a dump, a replica or an administrator",
        )
        .reject("field", field)
        .reject("vault", vault)
}

/// What cannot be done with a value that is encrypted by itself.
fn conflicts(cx: &Context<'_>, subject: &str, of: &Protected, answer: Answer) -> Answer {
    let Some((used, span)) = of.uses.iter().find(|(used, _)| !used.by_hash()) else {
        return answer;
    };
    let message = format!(
        "`{subject}` is encrypted by itself, and {} needs it in the clear",
        told(cx, *used)
    );
    let mut finding = Diagnostic::error("encrypted-field-in-clear", of.span, message)
        .label("encrypted: equal values cannot be seen to be equal, and none is before another")
        .note("a keyed hash serves equality alone: no order, no part of a text, no range")
        .help("take the use away, or keep the value in the clear: without `sensitive`, or by `decisions:`");
    if *span != of.span {
        finding = finding.related(*span, "needs it in the clear");
    }
    for (other, span) in of.uses.iter().filter(|(used, _)| !used.by_hash()).skip(1) {
        finding = finding.related(*span, format!("so does {}", told(cx, *other)));
    }
    answer.conflict_with("field", finding.clone()).conflict_with("vault", finding)
}

fn told(cx: &Context<'_>, used: Use) -> String {
    match used {
        Use::Unique => "a unique key".to_owned(),
        Use::Equal(id) => format!("{} (equality)", cx.names.operation(id)),
        Use::Searched => "full-text search".to_owned(),
        Use::Sorted(id) => format!("{} (order)", cx.names.operation(id)),
        Use::Compared(id) => format!("{} (comparison)", cx.names.operation(id)),
    }
}
