//! `firm token`: a token for local use.

use std::{path::PathBuf, time::Duration};

use base::{did_you_mean, one_of};
use clap::Args;
use model::{
    Model,
    model::{ActorId, Authentication},
};
use serde_json::json;

use super::up::settings::keys::KeyArguments;
use crate::{
    console::{Console, style, styled},
    failure::{Failure, Outcome},
    folder::Folder,
    loaded::Loaded,
};

/// Arguments of `firm token`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  firm token examples/shop --actor customer --as anna@example.com

The token is the last line of standard output. A subject that is an email address or a phone
number counts as verified.")]
pub struct TokenArguments {
    /// Folder with `firmitas.yaml`
    #[arg(default_value = ".")]
    model: PathBuf,

    /// The actor of the model that its bearer may act as
    #[arg(long, value_name = "NAME")]
    actor: String,

    /// Who its bearer is: the verified subject [default: the name of the actor]
    #[arg(long = "as", value_name = "SUBJECT")]
    subject: Option<String>,

    /// The tenant that its bearer acts for, where it is no row that belongs to one: its id
    #[arg(long, value_name = "ID", value_parser = tenant)]
    tenant: Option<u128>,

    /// How long it is valid, for example 15min, 8h or 7d
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = lifetime)]
    ttl: Duration,

    /// Folder with the data, and so with the key that signs [default: `.firm` in the model folder]
    #[arg(long, env = "FIRM_DATA", value_name = "DIR")]
    data: Option<PathBuf>,

    #[command(flatten)]
    keys: KeyArguments,
}

fn tenant(text: &str) -> Result<u128, String> {
    runtime::json::parse_uuid(text).ok_or_else(|| "an id looks like 0190b3c4-...".to_owned())
}

/// Prints a token.
///
/// # Errors
/// When there is no such actor, none that tokens exist for, or no key can be made.
pub fn run(arguments: &TokenArguments, console: &Console) -> Result<Outcome, Failure> {
    let loaded = Loaded::read(Folder::open(&arguments.model)?);
    let Some(design) = &loaded.design else { return Ok(loaded.refuse(console)) };
    let actor = actor(&design.model, &arguments.actor)?;
    let data = arguments.data.clone().unwrap_or_else(|| loaded.folder.default_data());
    let subject = arguments.subject.as_deref().unwrap_or(&arguments.actor);
    let failed = |error| Failure::new("no-token", format!("cannot issue a token: {error}"));
    let issuer = arguments.keys.settings().issuer(design, &data)?;
    let token =
        issuer.issue_for(arguments.tenant, actor, subject, arguments.ttl).map_err(failed)?;
    console.prose(styled(
        style::DIM,
        format_args!("{subject} as {}, for {}", arguments.actor, shown(arguments.ttl)),
    ));
    if console.json() {
        console.document(&json!({
            "version": 1,
            "diagnostics": [],
            "actor": arguments.actor,
            "subject": subject,
            "expires_in": arguments.ttl.as_secs(),
            "token": token,
        }));
    } else {
        console.answer(token);
    }
    Ok(Outcome::Success)
}

fn actor(model: &Model, name: &str) -> Result<ActorId, Failure> {
    let proves = |how| !matches!(how, Authentication::None | Authentication::System);
    let actors = || model.actors().filter(|(_, actor)| proves(actor.authentication));
    let names = || actors().map(|(_, actor)| actor.name.value.as_str());
    if let Some((id, _)) = actors().find(|(_, actor)| actor.name.value == name) {
        return Ok(id);
    }
    let failure = match model.actors.iter().any(|actor| actor.name.value == name) {
        true => {
            Failure::new("no-token", format!("`{name}` never proves who it is: it needs no token"))
        }
        false => Failure::new("unknown-actor", format!("the model has no actor `{name}`")),
    };
    Err(match did_you_mean(name, names()) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help(format!("tokens exist for {}", one_of(names()))),
    })
}

/// `90s`, `15min`, `8h`, `7d`; at most a year.
fn lifetime(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "s" => 1,
        "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("a number with a unit: s, min, h or d".to_owned()),
    };
    let number: u64 =
        number.parse().map_err(|_| "a whole number with a unit, such as 8h".to_owned())?;
    match number.saturating_mul(seconds) {
        0 => Err("longer than nothing".to_owned()),
        total if total > 366 * 86_400 => {
            Err("at most 366d: this is a token for local use".to_owned())
        }
        total => Ok(Duration::from_secs(total)),
    }
}

fn shown(lifetime: Duration) -> base::Duration {
    base::Duration::from_millis(u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::lifetime;

    #[test]
    fn lifetimes_have_a_unit_and_a_bound() {
        assert_eq!(lifetime("15min").unwrap().as_secs(), 900);
        assert_eq!(lifetime("366d").unwrap().as_secs(), 366 * 86_400);
        for wrong in ["", "15", "h", "0s", "367d", "99999999999999999999d", "1w", "-1h"] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
    }
}
