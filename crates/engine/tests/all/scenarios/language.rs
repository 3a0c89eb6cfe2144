//! Together the scenarios use the whole language: every key that its reference lists, and the
//! words that keys take.

use super::{NAMES, files};

const REFERENCE: &str = include_str!("../../../../../docs/language.md");

/// Words that keys take, with commas between them.
const WORDS: &str = "
    auth: none, auth: user, auth: service, auth: key, auth: certificate, tenants: all,
    from: actor, from: host(, isolation: pool, isolation: bridge, verify: hmac, verify: mtls,
    verify: jwt, consistency: strong, then anonymise, then archive, skew: zipf, skew: hot,
    open x, fan-out, h/week, every: month at, p99 , snapshot(, .history, .audit, sequence(,
    in 1..720, currency: [, money(, decimal(, float, duration?, uuid, geo, json, file(,
    phone, email, url, enum(, list(, timestamp, time, date, markdown, text, sensitive,
    secret, internal, immutable, readonly, unique, search, pii, .exists(, .addDays(,
    duration(', distance(, input., actor., failure.code, each., event., row.
";

/// The keys of the reference's tables, with the name of their table.
fn keys() -> Vec<(String, String)> {
    let mut table = None;
    let mut keys = Vec::new();
    for line in REFERENCE.lines() {
        if let Some(name) = line.strip_prefix("*Keys of ") {
            table = Some(name.trim_end_matches(":*").to_owned());
        } else if let (Some(of), Some(rest)) = (&table, line.strip_prefix("| `")) {
            let key = rest.split_once('`').unwrap().0.to_owned();
            keys.push((of.clone(), key));
        } else if !line.starts_with('|') && !line.is_empty() {
            table = None;
        }
    }
    keys
}

fn models() -> String {
    NAMES.iter().flat_map(|name| files(name).into_values()).collect()
}

/// Whether the text has the word, with nothing before or after it that would make it another.
fn has(text: &str, word: &str, after: &str) -> bool {
    let wanted = format!("{word}{after}");
    text.match_indices(&wanted).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_')
    })
}

#[test]
fn every_key_of_the_language_occurs() {
    let (keys, text) = (keys(), models());
    assert!(keys.len() > 150, "{}", keys.len());
    let missing: Vec<_> = keys
        .iter()
        .filter(|(table, key)| {
            // Types and modifiers stand in a field's short form.
            let word = key.split('(').next().unwrap();
            !(has(&text, key, ":") || table == "a field" && has(&text, word, ""))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn words_of_the_language_occur() {
    let text = models();
    let words = WORDS.split(',').map(str::trim);
    let missing: Vec<_> = words.filter(|word| !text.contains(word)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
