use model::model::{ActorId, Authentication, ClientKind};

use crate::decision::{Answer, Context, decision};
use crate::numbers;
use crate::sessions::Limits;

decision!("authentication", "How does an actor prove who it is?", reads ["asvs"], Actor run);

const SOURCE: &str = "OWASP ASVS 5.0, 7, 9 and 10; RFC 9700; NIST SP 800-63B-4";

fn run(cx: &Context<'_>, id: ActorId) -> Option<Answer> {
    let model = cx.model;
    let actor = model.actor(id);
    let browser_only = !actor.clients.is_empty()
        && actor.clients.iter().all(|client| *client == ClientKind::Browser);
    let strict = model.system.needs.assurance.as_ref().is_some_and(|level| level.value == "L3");
    let (choice, fact, weight) = match actor.authentication {
        Authentication::System => return None,
        Authentication::None => ("none", "auth: none", "everyone is admitted"),
        Authentication::Key => ("api-key", "auth: key", "the model says so"),
        Authentication::Certificate => ("mtls", "auth: certificate", "the model says so"),
        Authentication::Service if strict => {
            ("mtls", "auth: service at L3", "a token alone could be stolen and used")
        }
        Authentication::Service => ("service-token", "auth: service", "a process, not a person"),
        Authentication::User if browser_only => {
            ("session", "auth: user, client: browser", "a cookie that scripts cannot read")
        }
        Authentication::User => ("jwt", "auth: user", "apps and pages of other origins sign in"),
    };
    let answer = Answer::new(choice, SOURCE).given(
        format!("{}: {fact}", actor.name),
        actor.name.span,
        weight,
    );
    let answer = match choice {
        "jwt" => tokens(cx, answer),
        "session" => session(limits(cx), answer),
        "api-key" => answer
            .parameter("kept as", "SHA-256 of at least 128 random bits; a prefix finds the row")
            .parameter("shown", "once, when it is made"),
        "mtls" => answer.parameter("certificate", "of our own authority, renewed before it ends"),
        "service-token" => answer.parameter(
            "token",
            format!(
                "{} min, signed, for this audience alone; from client credentials",
                model.value(&numbers::ACCESS_TOKEN_MINUTES)
            ),
        ),
        _ => answer,
    };
    Some(
        answer
            .reject("none", "the actor has to prove who it is")
            .reject("session", "not all of its clients are browsers of one origin")
            .reject("jwt", "it is no person with an app of its own")
            .reject("api-key", "a key does not expire and names no person")
            .reject("mtls", "certificates have to be issued and renewed for every client")
            .reject("service-token", "it is no service of ours"),
    )
}

fn limits(cx: &Context<'_>) -> Limits {
    Limits::at(cx.verdicts_of("asvs").map(|verdict| verdict.choice).next())
}

/// Rotation proves that a token is used once; it must not make a sign-in last longer than its level
/// allows.
fn tokens(cx: &Context<'_>, answer: Answer) -> Answer {
    let model = cx.model;
    let limits = limits(cx);
    let minutes = model.value(&numbers::ACCESS_TOKEN_MINUTES);
    let days = model.value(&numbers::REFRESH_TOKEN_DAYS);
    let short = days * 86_400.0 > limits.total as f64;
    let life = if short { limits.total_words().to_owned() } else { format!("{days} d") };
    answer
        .assumes(model, &numbers::ACCESS_TOKEN_MINUTES, "how long a stolen token works")
        .assumes(model, &numbers::REFRESH_TOKEN_DAYS, "how long a sign-in lasts at most")
        .parameter("access token", format!("{minutes} min"))
        .parameter("refresh token", format!("{life}, rotating"))
        .parameter("signed in anew", limits.words)
        .parameter("sign-in", "OpenID Connect, authorisation code with PKCE")
}

fn session(limits: Limits, answer: Answer) -> Answer {
    answer
        .parameter("cookie", "__Host-session: Secure, HttpOnly, SameSite=Lax")
        .parameter("kept as", "SHA-256 of 256 random bits")
        .parameter("signed in anew", limits.words)
        .parameter("ended", "at once, by signing out or closing the account: the row is removed")
}
