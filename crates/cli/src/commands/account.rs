//! `firm user` and `firm key`: who may ask, from the command line.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use accounts::admin::Command;
use accounts::{NewKey, Revision};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use server::{Refused, StoreAddress};

use super::up::settings::keys::KeyArguments;
use crate::{
    console::{Console, style, styled},
    failure::{Failure, Outcome},
    folder::Folder,
    live,
    loaded::Loaded,
};

/// Where the accounts are.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// Folder with `firmitas.yaml`
    #[arg(long, value_name = "DIR", default_value = ".")]
    model: PathBuf,

    /// Folder with the data [default: `.firm` in the model folder]
    #[arg(long, env = "FIRM_DATA", value_name = "DIR")]
    data: Option<PathBuf>,

    /// The store: `sqlite`, or the URL of a PostgreSQL database
    #[arg(
        long,
        env = "FIRM_STORE",
        value_name = "URL",
        default_value = "sqlite",
        hide_env_values = true
    )]
    store: String,

    #[command(flatten)]
    keys: KeyArguments,
}

/// A link by which somebody sets a password.
#[derive(Clone, Debug, Args)]
pub struct Link {
    /// How long the link works, in hours
    #[arg(long, value_name = "HOURS", default_value_t = 72, value_parser = clap::value_parser!(u32).range(1..=8760))]
    hours: u32,

    /// Address of the server, such as `https://api.example.com`, for a link with it
    #[arg(long, value_name = "URL")]
    at: Option<String>,
}

impl Link {
    /// What is told, with the address in the link.
    fn told(&self, told: &Value) -> Value {
        let mut told = told.clone();
        if let (Some(at), Some(link)) = (&self.at, told.pointer_mut("/invitation/link")) {
            let path = link.as_str().unwrap_or_default();
            *link = json!(format!("{}{path}", at.trim_end_matches('/')));
        }
        told
    }
}

/// What is done about users.
#[derive(Clone, Debug, Subcommand)]
pub enum UserCommand {
    /// Add somebody who may sign in; the password is asked for, or made and printed once
    Create {
        /// Email address or phone number
        login: String,
        /// What people call them
        #[arg(long)]
        name: Option<String>,
        /// A role of the model (may be repeated)
        #[arg(long, value_name = "ROLE")]
        role: Vec<String>,
        /// All roles of the model: the first administrator
        #[arg(long)]
        administrator: bool,
        /// File whose first line is the password; `-` for standard input
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// No password: print a link by which they set one themselves
        #[arg(long, conflicts_with = "password_file")]
        invite: bool,
        /// How that link is made.
        #[command(flatten)]
        link: Link,
        /// Where the accounts are.
        #[command(flatten)]
        place: Place,
    },
    /// Print a link by which somebody sets a new password, once
    ///
    /// For whoever has none yet or forgot it; the old one holds until then. Send it to them alone:
    /// whoever has the link has the account, but for its second factor. A second link ends the
    /// first.
    Invite {
        /// Email address, phone number or id
        user: String,
        /// How the link is made.
        #[command(flatten)]
        link: Link,
        /// Where the accounts are.
        #[command(flatten)]
        place: Place,
    },
    /// Change roles, logins or the name of somebody
    ///
    /// It holds from their next request on; what tokens of the OpenID Connect provider say, when
    /// they are renewed.
    Change {
        /// Email address, phone number or id
        user: String,
        /// What people call them
        #[arg(long)]
        name: Option<String>,
        /// A role of the model that they have from here on (may be repeated)
        #[arg(long, value_name = "ROLE")]
        add_role: Vec<String>,
        /// A role that they have no more (may be repeated)
        #[arg(long, value_name = "ROLE")]
        remove_role: Vec<String>,
        /// An email address or phone number that is known to be theirs (may be repeated)
        #[arg(long, value_name = "LOGIN")]
        add_login: Vec<String>,
        /// One that is theirs no more (may be repeated)
        #[arg(long, value_name = "LOGIN")]
        remove_login: Vec<String>,
        /// Where the accounts are.
        #[command(flatten)]
        place: Place,
    },
    /// Remove somebody who may sign in, with logins, sessions and second factor
    ///
    /// Rows of the model stay, and are linked to nobody who has the login later.
    Remove {
        /// Email address, phone number or id
        user: String,
        /// Where the accounts are.
        #[command(flatten)]
        place: Place,
    },
    /// Show who may sign in
    List {
        /// Where the accounts are.
        #[command(flatten)]
        place: Place,
    },
    /// End all sessions of somebody, who cannot sign in any more
    Disable {
        /// Email address, phone number or id
        user: String,
        /// Let them sign in again
        #[arg(long)]
        undo: bool,
        /// Where the accounts are.
        #[command(flatten)]
        place: Place,
    },
    /// Take away the second factor of somebody who lost it, and end all their sessions
    ///
    /// Be sure who asks: from then on the password alone lets them in, until they set another one
    /// up.
    ResetSecondFactor {
        /// Email address, phone number or id
        user: String,
        /// Where the accounts are.
        #[command(flatten)]
        place: Place,
    },
}

/// What is done about API keys.
#[derive(Clone, Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key, which is printed once
    Create {
        /// Whose it is; an email address or phone number links it to rows like a login
        owner: String,
        /// An actor of the model with `auth: key` (may be repeated)
        #[arg(long, value_name = "NAME", required = true)]
        actor: Vec<String>,
        /// An operation or a context that it is good for; all if left out (may be repeated)
        #[arg(long, value_name = "NAME")]
        scope: Vec<String>,
        /// How long it is valid, in days; for ever if left out
        #[arg(long, value_name = "DAYS")]
        days: Option<u32>,
        /// The tenant that it acts for, where its owner is no row that belongs to one: its id
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
        /// What it is for
        #[arg(long, default_value = "")]
        name: String,
        /// Where the accounts are.
        #[command(flatten)]
        place: Place,
    },
    /// Revoke a key
    Revoke {
        /// Its prefix, or all of it
        key: String,
        /// Where the accounts are.
        #[command(flatten)]
        place: Place,
    },
    /// Show the keys
    List {
        /// Those of an owner
        #[arg(long)]
        owner: Option<String>,
        /// Where the accounts are.
        #[command(flatten)]
        place: Place,
    },
}

/// Does what is asked about users.
///
/// # Errors
/// Why not.
pub fn user(command: &UserCommand, console: &Console) -> Result<Outcome, Failure> {
    match command.clone() {
        UserCommand::Create {
            login,
            name,
            role,
            administrator,
            password_file,
            invite,
            link,
            place,
        } => {
            let given = if invite { None } else { Some(password(password_file.as_deref())?) };
            let create = Command::CreateUser {
                login,
                name,
                roles: role,
                administrator,
                password: given.as_ref().map(|(password, _)| password.clone()),
                invite: invite.then_some(link.hours),
            };
            operate(&place, create, console, |told| {
                let mut told = link.told(told);
                if let (Some((password, true)), Some(object)) = (&given, told.as_object_mut()) {
                    object.insert("password".to_owned(), json!(password));
                }
                told
            })
        }
        UserCommand::Invite { user, link, place } => {
            let invite = Command::InviteUser { user, hours: link.hours };
            operate(&place, invite, console, |told| link.told(told))
        }
        UserCommand::Change {
            user,
            name,
            add_role,
            remove_role,
            add_login,
            remove_login,
            place,
        } => {
            let revision = Revision {
                name,
                give_roles: add_role,
                take_roles: remove_role,
                add_logins: add_login,
                remove_logins: remove_login,
            };
            operate(&place, Command::ReviseUser { user, revision }, console, Value::clone)
        }
        UserCommand::Remove { user, place } => {
            operate(&place, Command::RemoveUser { user }, console, Value::clone)
        }
        UserCommand::List { place } => {
            operate(&place, Command::ListUsers { after: String::new() }, console, Value::clone)
        }
        UserCommand::Disable { user, undo, place } => {
            let disable = Command::DisableUser { user, enable: undo };
            operate(&place, disable, console, Value::clone)
        }
        UserCommand::ResetSecondFactor { user, place } => {
            operate(&place, Command::ResetSecondFactor { user }, console, Value::clone)
        }
    }
}

/// Does what is asked about keys.
///
/// # Errors
/// Why not.
pub fn key(command: &KeyCommand, console: &Console) -> Result<Outcome, Failure> {
    match command.clone() {
        KeyCommand::Create { owner, actor, scope, days, tenant, name, place } => {
            let life = |days: u32| i64::from(days).saturating_mul(86_400_000_000);
            let expires = days.map(|days| live::now().saturating_add(life(days)));
            let new = NewKey { owner, name, actors: actor, scopes: scope, expires, tenant };
            operate(&place, Command::CreateKey(new), console, Value::clone)
        }
        KeyCommand::Revoke { key, place } => {
            operate(&place, Command::RevokeKey { prefix: key }, console, Value::clone)
        }
        KeyCommand::List { owner, place } => {
            let list = Command::ListKeys { owner, after: String::new() };
            operate(&place, list, console, Value::clone)
        }
    }
}

/// Prints what the command tells, as JSON: one object, or the list.
fn operate(
    place: &Place,
    command: Command,
    console: &Console,
    shown: impl Fn(&Value) -> Value,
) -> Result<Outcome, Failure> {
    let mut loaded = Loaded::read(Folder::open(&place.model)?);
    let Some(design) = loaded.design.clone() else { return Ok(loaded.refuse(console)) };
    let data = place.data.clone().unwrap_or_else(|| loaded.folder.default_data());
    let store = match place.store.as_str() {
        "sqlite" => StoreAddress::Embedded,
        url => StoreAddress::PostgreSql(url.into()),
    };
    let runtime = live::tokio()?;
    let told =
        runtime.block_on(server::operate(&design, &data, &store, &place.keys.settings(), command));
    runtime.shutdown_timeout(Duration::from_secs(5));
    match told {
        Ok(told) => {
            console.document(&shown(&told));
            Ok(Outcome::Success)
        }
        Err(Refused::Failure(failure)) => Err(failure),
        Err(Refused::Guards(findings)) => {
            loaded.diagnostics.extend(findings);
            Ok(loaded.refuse(console))
        }
    }
}

/// A password, and whether it was made here: from a file, typed without being seen, or made.
fn password(file: Option<&Path>) -> Result<(String, bool), Failure> {
    if let Some(file) = file {
        let text = if file.as_os_str() == "-" {
            std::io::read_to_string(std::io::stdin())
        } else {
            std::fs::read_to_string(file)
        };
        let text = text.map_err(|error| Failure::file("read", file, &error))?;
        let line = text.lines().next().unwrap_or_default();
        return Ok((line.to_owned(), false));
    }
    if std::io::stdin().is_terminal() {
        let typed = unseen()?;
        if !typed.is_empty() {
            return Ok((typed, false));
        }
    }
    let made = accounts::secret::random()
        .map_err(|error| Failure::new("no-randomness", error.to_string()))?;
    Ok((made, true))
}

/// Reads a line from the terminal that is not shown there.
#[cfg(unix)]
fn unseen() -> Result<String, Failure> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let failed = |error: std::io::Error| {
        Failure::new("no-password", format!("cannot read a password: {error}"))
    };
    let stdin = std::io::stdin();
    let before = tcgetattr(&stdin).map_err(|error| failed(error.into()))?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Flush, &hidden).map_err(|error| failed(error.into()))?;
    eprint!("{}", styled(style::DIM, "password (nothing to have one made): "));
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    // Whatever was typed, the terminal shows again what follows.
    let _ = tcsetattr(&stdin, OptionalActions::Flush, &before);
    eprintln!();
    read.map_err(failed)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(not(unix))]
fn unseen() -> Result<String, Failure> {
    Ok(String::new())
}
