use model::model::{ActorId, Authentication, ClientKind};

use crate::decision::{Answer, Context, decision};
use crate::numbers;

decision!("authentication", "How does an actor prove who it is?", reads [], Actor run);

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
    let mut answer = Answer::new(choice, SOURCE).given(
        format!("{}: {fact}", actor.name),
        actor.name.span,
        weight,
    );
    if choice == "jwt" {
        let minutes = model.value(&numbers::ACCESS_TOKEN_MINUTES);
        let days = model.value(&numbers::REFRESH_TOKEN_DAYS);
        answer = answer
            .assumes(model, &numbers::ACCESS_TOKEN_MINUTES, "how long a stolen token works")
            .assumes(model, &numbers::REFRESH_TOKEN_DAYS, "how long a sign-in lasts")
            .parameter("access token", format!("{minutes} min"))
            .parameter("refresh token", format!("{days} d, rotating"))
            .parameter("sign-in", "OpenID Connect, authorisation code with PKCE");
    }
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
