//! How long a sign-in lasts, at each level of assurance and for each kind of client.

use crate::text::{decided, parameter, verdict};

fn club(needs: &str, client: &str) -> String {
    format!(
        "
firmitas: 1
system: {{ name: Club, needs: {{ {needs} }}, teams: {{ all: {{ people: 4 }} }} }}
actors:
  member: {{ auth: user, client: {client} }}
contexts:
  club:
    team: all
    entities:
      Note: {{ rows: 1k, fields: {{ text_of_it: string(1..40) }} }}
    operations:
      write: {{ create: Note, by: [member], input: [text_of_it], rate: 1/s }}
      read: {{ list: Note, by: [member], rate: 1/s }}
"
    )
}

fn of(needs: &str, client: &str, name: &str) -> String {
    let verdicts = decided(&club(needs, client));
    parameter(verdict(&verdicts, "authentication.member"), name)
}

#[test]
fn sign_ins_last_as_long_as_the_level_allows() {
    for (level, ends) in [
        ("L1", "30 d, renewed by use when 15 d are left, 90 d in all (AAL1)"),
        ("L2", "24 h after the sign-in, or 1 h without use (AAL2)"),
        ("L3", "12 h after the sign-in, or 15 min without use (AAL3)"),
    ] {
        let needs = format!("assurance: {level}");
        assert_eq!(of(&needs, "browser", "signed in anew"), ends);
        assert_eq!(of(&needs, "mobile", "signed in anew"), ends);
    }
    // No level is stated, and nothing personal is held.
    assert!(of("availability: 99%", "browser", "signed in anew").contains("AAL1"));
}

#[test]
fn rotating_a_token_does_not_lengthen_a_sign_in() {
    assert_eq!(of("assurance: L1", "mobile", "refresh token"), "7 d, rotating");
    assert_eq!(of("assurance: L2", "mobile", "refresh token"), "24 h, rotating");
    assert_eq!(of("assurance: L3", "mobile", "refresh token"), "12 h, rotating");
    assert_eq!(of("assurance: L3", "mobile", "access token"), "15 min");
}

#[test]
fn a_regime_asks_for_level_two() {
    let level = |needs: &str| crate::text::choice(&club(needs, "browser"), "asvs.system");
    assert_eq!(level("availability: 99%"), "l1");
    assert_eq!(level("compliance: [gdpr]"), "l2");
    assert_eq!(level("compliance: [gdpr], assurance: L1"), "l1");
}
