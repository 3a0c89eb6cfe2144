//! What a setting of the file is worth, as arguments.

use std::ffi::OsString;
use std::io::Read as _;
use std::path::Path;

use base::{Diagnostic, Span};
use clap::{Arg, ArgAction, Command};
use model::yaml::{Entry, Node, NodeKind};

/// What refers to a file that holds the value: a secret, as orchestrators hand it over.
const FILE: &str = "file:";
/// The finding about a secret that stands in the file of settings itself.
pub(super) const SECRET: &str = "secret-in-settings";
/// Largest secret in bytes.
const LIMIT: u64 = 64 << 10;

/// A value with its place.
struct Said {
    text: String,
    /// Whether it comes from a file of its own, and is not to be repeated.
    secret: bool,
    span: Span,
}

/// The arguments that say what an entry says; none if it is wrong, which `out` tells.
pub(super) fn of(
    entry: &Entry,
    argument: &Arg,
    folder: &Path,
    out: &mut Vec<Diagnostic>,
) -> Option<Vec<OsString>> {
    let before = out.len();
    let values = said(entry, argument, out);
    if matches!(argument.get_action(), ArgAction::SetTrue) {
        let on = values.iter().find_map(|value| match &*value.text {
            "true" => Some(true),
            "false" => Some(false),
            other => {
                out.push(wrong(value.span, format!("expected `true` or `false`, not `{other}`")));
                None
            }
        });
        let flag = OsString::from(format!("--{}", entry.key.value));
        return on.map(|on| if on { vec![flag] } else { Vec::new() });
    }
    let values: Vec<Said> =
        values.into_iter().filter_map(|value| resolved(value, argument, folder, out)).collect();
    for value in &values {
        check(entry, argument, value, out);
    }
    let one = |value: &Said| OsString::from(format!("--{}={}", entry.key.value, value.text));
    (out.len() == before).then(|| values.iter().map(one).collect())
}

fn wrong(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error("invalid-setting", span, message)
}

/// One text, or several where the setting may be repeated: as a list, or as a map of what is
/// written `NAME=VALUE` otherwise.
fn said(entry: &Entry, argument: &Arg, out: &mut Vec<Diagnostic>) -> Vec<Said> {
    let repeats = matches!(argument.get_action(), ArgAction::Append);
    let mut values = Vec::new();
    let mut scalar = |node: &Node, name: Option<&str>| match &node.kind {
        NodeKind::Scalar(of) if !of.is_empty() => {
            let text = &of.text.text;
            let text = name.map_or_else(|| text.clone(), |name| format!("{name}={text}"));
            values.push(Said { text, secret: false, span: node.span });
        }
        // It is reported already.
        NodeKind::Invalid => {}
        _ => out.push(wrong(node.span, format!("expected a text, not {}", node.describe()))),
    };
    match &entry.value.kind {
        NodeKind::Sequence(items) if repeats => items.iter().for_each(|item| scalar(item, None)),
        NodeKind::Mapping(map) if repeats => {
            map.entries.iter().for_each(|of| scalar(&of.value, Some(&of.key.value)));
        }
        _ => scalar(&entry.value, None),
    }
    values
}

/// The value that a `file:` holds; paths count from the folder of the settings.
fn resolved(
    mut value: Said,
    argument: &Arg,
    folder: &Path,
    out: &mut Vec<Diagnostic>,
) -> Option<Said> {
    let (name, text) = match value.text.split_once('=') {
        Some((name, rest)) if rest.starts_with(FILE) => (Some(name.to_owned()), rest),
        _ => (None, value.text.as_str()),
    };
    if let Some(path) = text.strip_prefix(FILE) {
        let read = secret(&folder.join(path));
        let read = read.map_err(|why| wrong(value.span, format!("cannot read `{path}`: {why}")));
        let text = read.map_err(|diagnostic| out.push(diagnostic)).ok()?;
        value.text = name.map_or_else(|| text.clone(), |name| format!("{name}={text}"));
        value.secret = true;
        return Some(value);
    }
    let headers = argument.get_id() == "otlp_headers";
    if headers || holds_password(text) {
        let help = "write it into a file that its owner alone can read, and `file:PATH` here; or \
                    give it in the environment";
        let message = "a secret stands in the file of settings";
        out.push(Diagnostic::error(SECRET, value.span, message).help(help));
        return None;
    }
    let place = |names: &[clap::builder::Str]| names.iter().any(|of| of == "FILE" || of == "DIR");
    if argument.get_value_names().is_some_and(place) && Path::new(text).is_relative() {
        value.text = folder.join(text).display().to_string();
    }
    Some(value)
}

fn secret(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(LIMIT + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > LIMIT {
        return Err(format!("it is larger than {} KiB", LIMIT >> 10));
    }
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(text.to_owned())
}

/// Whether a URL names a password, as in `postgres://me:secret@host/shop`.
fn holds_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    let in_query = rest.split(['?', '&']).skip(1).any(|pair| pair.starts_with("password="));
    in_query || user.is_some_and(|user| user.contains(':'))
}

/// Reports a value that the flag would refuse, in its words.
fn check(entry: &Entry, argument: &Arg, value: &Said, out: &mut Vec<Diagnostic>) {
    let name = &entry.key.value;
    let alone = Command::new("settings").arg(argument.clone().env(None));
    let tried =
        alone.try_get_matches_from(["settings".to_owned(), format!("--{name}={}", value.text)]);
    let Err(error) = tried else { return };
    let message = if value.secret {
        format!("what the file of `{name}` holds is no value of it")
    } else {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        let line = line.strip_prefix("error: ").unwrap_or(line);
        line.to_owned()
    };
    let possible = argument.get_possible_values();
    let near = base::did_you_mean(&value.text, possible.iter().map(|of| of.get_name()));
    out.push(wrong(value.span, message).suggest(near));
}

#[cfg(test)]
mod tests {
    use super::holds_password;

    #[test]
    fn a_password_is_seen_wherever_a_url_holds_one() {
        for secret in [
            "postgres://me:secret@db/shop",
            "redis://:secret@cache:6379",
            "postgres://db/x?password=y",
        ] {
            assert!(holds_password(secret), "{secret}");
        }
        for open in ["postgres://me@db/shop", "https://a.example/x:y@z", "127.0.0.1:80", "a=b"] {
            assert!(!holds_password(open), "{open}");
        }
    }
}
