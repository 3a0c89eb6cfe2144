//! Decisions that were accepted: written, kept, changed, taken.

use crate::firm::Scratch;

/// Two contexts of two teams; `streams` are open to one of them.
fn parcels(scratch: &Scratch, streams: &str) {
    scratch.write(
        "parcels/firmitas.yaml",
        format!(
            "firmitas: 1
system:
  name: Parcels
  summary: Parcels and where they are.
  needs: {{ headroom: 2x, growth: 0%/year }}
  teams:
    first: {{ people: 8, on_call: true }}
    second: {{ people: 5, on_call: true }}
actors:
  clerk: {{ auth: user }}
contexts:
  parcels:
    team: first
    entities:
      Parcel: {{ rows: 1k, fields: {{ name: string(1..40) }} }}
    operations:
      addParcel: {{ create: Parcel, by: [clerk], input: [name], rate: 1/s }}
      watchParcels: {{ stream: Parcel, by: [clerk], rate: {streams} open }}
  places:
    team: second
    entities:
      Place: {{ rows: 1k, fields: {{ name: string(1..40) }} }}
    operations:
      addPlace: {{ create: Place, by: [clerk], input: [name], rate: 1/s }}
"
        ),
    );
}

fn accepted(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    parcels(&scratch, "5k");
    let taken = scratch.firm(&["accept", "--all", "parcels"]);
    assert_eq!(taken.code, 0, "{taken:?}");
    scratch
}

const LOCK: &str = "parcels/decisions.lock.yaml";

fn choice(scratch: &Scratch, id: &str) -> String {
    let document = scratch.firm(&["explain", id, "parcels", "--json"]).json();
    document["decisions"][0]["choice"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_accepted_is_written_with_the_numbers_that_could_turn_it() {
    let scratch = accepted("accept");
    let lock = scratch.read(LOCK);
    let pinned = "  style.system:
    choice: modular-monolith
    numbers:
      watchParcels open streams: { was: 5000, turns: above, at: 10000 }
";
    assert!(lock.contains(pinned), "{lock}");
    assert!(
        lock.contains("  \"authentication.clerk\":") || lock.contains("  authentication.clerk:")
    );
    // The same again changes nothing, and what is accepted is no finding.
    assert_eq!(scratch.firm(&["accept", "--all", "parcels"]).code, 0);
    assert_eq!(scratch.read(LOCK), lock);
    assert_eq!(scratch.firm(&["design", "--lock", "parcels"]).code, 0);
    assert_eq!(scratch.read(LOCK), lock);
    assert_eq!(scratch.firm(&["design", "--check", "parcels"]).code, 0);
    let told = scratch.firm(&["accept", "parcels"]);
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.stderr.contains("everything is as"), "{told:?}");
}

/// A number may turn a decision on both sides: the lock that is written is one that can be read.
#[test]
fn what_is_accepted_of_every_example_is_read_again() {
    for example in ["shop", "rides"] {
        let scratch = Scratch::new(&format!("accept-{example}"));
        let file = format!("examples/{example}/firmitas.yaml");
        scratch.write("firmitas.yaml", crate::page::read(&file));
        let taken = scratch.firm(&["accept", "--all", "."]);
        assert_eq!(taken.code, 0, "{taken:?}");
        let lock = scratch.read("decisions.lock.yaml");
        let both = lock.contains(":\n        - { was: ");
        assert!(both || example != "shop", "none turns on both sides");
        let told = scratch.firm(&["accept", "."]);
        assert!(told.stderr.contains("everything is as"), "{example}: {told:?}");
        assert_eq!(scratch.firm(&["accept", "--all", "."]).code, 0);
        assert_eq!(scratch.read("decisions.lock.yaml"), lock, "{example}");
    }
}

#[test]
fn near_the_threshold_the_accepted_decision_is_kept_and_says_so() {
    let scratch = accepted("accept-near");
    parcels(&scratch, "11k");
    assert_eq!(choice(&scratch, "style.system"), "modular-monolith");
    assert_eq!(choice(&scratch, "service.parcels"), "shared");
    let text = scratch.firm(&["explain", "service.parcels", "parcels"]).stdout;
    assert!(text.contains("watchParcels open streams: 5000 -> 11k, beyond 10k"), "{text}");
    assert!(text.contains("own: the rules alone would choose it"), "{text}");
    assert!(text.contains("becomes own when watchParcels open streams exceed 12k"), "{text}");
    // Accepting everything again keeps the band where it was.
    let lock = scratch.read(LOCK);
    assert_eq!(scratch.firm(&["accept", "--all", "parcels"]).code, 0);
    let pinned = "watchParcels open streams: { was: 5000, turns: above, at: 10000 }";
    assert_eq!(scratch.read(LOCK).matches(pinned).count(), lock.matches(pinned).count());
    assert_eq!(choice(&scratch, "style.system"), "modular-monolith");
}

#[test]
fn beyond_it_the_change_is_told_with_its_number_until_it_is_accepted() {
    let scratch = accepted("accept-beyond");
    assert_eq!(scratch.firm(&["design", "parcels"]).code, 0);
    parcels(&scratch, "13k");
    let checked = scratch.firm(&["check", "parcels"]);
    assert_eq!(checked.code, 0, "a warning: {checked:?}");
    let told = "`style.system` was accepted as modular-monolith and is now hybrid";
    assert!(checked.stdout.contains(told), "{checked:?}");
    assert!(checked.stdout.contains("5000 -> 13k, beyond 10k"), "{checked:?}");
    assert_eq!(scratch.firm(&["check", "--strict", "parcels"]).code, 1);

    let designed = scratch.firm(&["design", "parcels"]);
    assert_eq!(designed.code, 0, "{designed:?}");
    assert!(designed.stderr.contains("~ style.system: modular-monolith -> hybrid"), "{designed:?}");
    assert!(!designed.stderr.contains("warning[decision-changed]"), "{designed:?}");
    let violated = scratch.firm(&["design", "--check", "parcels", "--json"]);
    assert_eq!(violated.code, 1, "{violated:?}");
    let changed = violated.json()["changed"].as_array().unwrap().clone();
    let style = changed.iter().find(|change| change["id"] == "style.system").unwrap();
    assert_eq!((&style["locked"], &style["now"]), (&"modular-monolith".into(), &"hybrid".into()));

    assert_eq!(scratch.firm(&["accept", "style.system", "parcels"]).code, 0);
    let left = scratch.firm(&["accept", "parcels"]);
    assert_eq!(left.code, 1, "{left:?}");
    assert!(left.stdout.contains("service.parcels: shared -> own"), "{left:?}");
    assert!(!left.stdout.contains("style.system"), "{left:?}");
    assert_eq!(scratch.firm(&["accept", "--all", "parcels"]).code, 0);
    assert_eq!(scratch.firm(&["design", "parcels"]).code, 0);
    assert_eq!(scratch.firm(&["design", "--check", "parcels"]).code, 0);
    assert!(scratch.read(LOCK).contains("{ was: 13000, turns: below, at: 10000 }"));
}

#[test]
fn comments_of_entries_that_stay_are_kept() {
    let scratch = accepted("accept-comments");
    let lock = scratch.read(LOCK);
    let noted = lock.replace("  store.places:\n", "  store.places: # agreed with operations\n");
    assert_ne!(noted, lock);
    scratch.write(LOCK, format!("# ours\n{noted}"));
    parcels(&scratch, "13k");
    assert_eq!(scratch.firm(&["accept", "service", "style.system", "parcels"]).code, 0);
    let after = scratch.read(LOCK);
    assert!(after.starts_with("# ours\n"), "{after}");
    assert!(after.contains("  store.places: # agreed with operations\n"), "{after}");
    assert!(after.contains("  service.parcels:\n    choice: own\n"), "{after}");
}

#[test]
fn a_lock_that_was_broken_by_hand_is_reported_and_not_overwritten() {
    let scratch = accepted("accept-broken");
    let lock = scratch.read(LOCK);
    for (from, to, told) in [
        ("choice: modular-monolith", "choice: modular-monolit", "did you mean `modular-monolith`"),
        ("turns: above", "turns: up", "`turns` is `above` or `below`"),
        ("was: 5000", "was: five", "`was` is a plain number"),
        ("lock: 1", "lock: 7", "no lock of version 1"),
        ("  style.system:", "  styl.system:", "family `style`"),
        ("    choice: modular-monolith", "    chois: modular-monolith", "means nothing here"),
        ("  style.system:", "  style.system: [", "error["),
        ("  style.system:", "  style.system:\n  style.system:", "error["),
    ] {
        let broken = lock.replacen(from, to, 1);
        assert_ne!(broken, lock, "{from}");
        scratch.write(LOCK, &broken);
        let checked = scratch.firm(&["check", "parcels"]);
        assert_eq!(checked.code, 1, "{to}: {checked:?}");
        assert!(checked.stdout.contains(told), "{to}: {}", checked.stdout);
        assert!(checked.stdout.contains("decisions.lock.yaml:"), "{to}: {}", checked.stdout);
        assert_eq!(scratch.firm(&["accept", "--all", "parcels"]).code, 1, "{to}");
        assert_eq!(scratch.read(LOCK), broken);
    }
}

#[test]
fn what_is_unknown_or_not_there_is_said() {
    let scratch = Scratch::new("accept-unknown");
    parcels(&scratch, "5k");
    let nothing = scratch.firm(&["accept", "parcels"]);
    assert_eq!(nothing.code, 2);
    assert!(nothing.stderr.contains("error[nothing-accepted]"), "{nothing:?}");
    let unknown = scratch.firm(&["accept", "style.sistem", "parcels"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("did you mean `style.system`?"), "{unknown:?}");
    assert!(!scratch.path().join(LOCK).exists());
    let one = scratch.firm(&["accept", "style.system", "parcels"]);
    assert_eq!(one.code, 0, "{one:?}");
    let lock = scratch.read(LOCK);
    assert_eq!(lock.matches("choice:").count(), 1, "{lock}");
}

#[test]
fn a_decision_of_the_model_is_stronger_than_an_accepted_one() {
    let scratch = accepted("accept-override");
    let model = scratch.read("parcels/firmitas.yaml");
    let own = "decisions: { service.parcels: { choose: own, because: We say so } }\n";
    scratch.write("parcels/firmitas.yaml", format!("{model}{own}"));
    assert_eq!(choice(&scratch, "service.parcels"), "own");
    let checked = scratch.firm(&["check", "parcels"]).stdout;
    assert!(
        checked.contains("`service.parcels` was accepted as shared and is now own"),
        "{checked}"
    );
}
