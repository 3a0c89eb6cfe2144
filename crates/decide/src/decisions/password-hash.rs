use model::model::Authentication;

use crate::decision::{Answer, Context, decision};
use crate::{facts, numbers};

decision!("password-hash", "How are passwords stored?", reads [], System run);

fn run(cx: &Context<'_>) -> Option<Answer> {
    let model = cx.model;
    let people = model.actors.iter().filter(|of| of.authentication == Authentication::User);
    let person = people.min_by_key(|actor| actor.name.value.as_str())?;
    let memory = model.value(&numbers::ARGON2_MEMORY);
    let at_once = format!(
        "min(cores, {} of the memory / {} {})",
        model.value(&numbers::ARGON2_SHARE),
        facts::people(memory),
        numbers::ARGON2_MEMORY.unit
    );
    Some(
        Answer::new("argon2id", "OWASP ASVS 5.0, appendix C")
            .given(format!("{}: auth: user", person.name), person.name.span, "people sign in")
            .assumes(model, &numbers::ARGON2_MEMORY, "of each hash, with one pass")
            .assumes(model, &numbers::ARGON2_TIME, "of each hash")
            .parameter(
                "memory",
                format!("{} {}", facts::people(memory), numbers::ARGON2_MEMORY.unit),
            )
            .parameter("passes", "1")
            .parameter("parallelism", "1")
            .parameter("at once", at_once)
            .reject("scrypt", "resists graphics cards less for the same time")
            .reject("bcrypt", "needs little memory, cuts passwords at 72 bytes")
            .reject("pbkdf2", "needs no memory: cheap to guess on graphics cards"),
    )
}
