//! Nothing is decided on nobody's word, and no option is passed over in silence.

use decide::{catalogue, decisions, design::Verdict, numbers};

use crate::text::{RIDES, SHOP, decided};

fn page(family: &str) -> &'static str {
    let known = decisions::ALL.iter().find(|decision| decision.family == family);
    known.map_or("", |decision| decision.page)
}

#[test]
fn every_decision_names_its_source_or_says_house() {
    for text in [SHOP, RIDES] {
        for verdict in decided(text) {
            let source = verdict.source.trim();
            // A name and what it is of, or the word itself.
            let cited = source.contains(' ') && source.chars().any(char::is_uppercase);
            assert!(cited || source.contains("house"), "{}: {source:?}", verdict.id());
        }
    }
    for decision in decisions::ALL {
        let page = decision.page;
        assert!(page.contains("Source") || page.contains("house"), "{}", decision.family);
    }
    for number in numbers::ALL {
        let source = number.source;
        let cited = source.contains(' ') && source.chars().any(char::is_uppercase);
        // What the language says is said in its own reference.
        let stated = source.contains("house") || source.starts_with("language:");
        assert!(cited || stated, "{}: {source:?}", number.name);
    }
}

/// Options of a family that a verdict neither takes nor rejects, and that its page does not explain
/// either.
fn silent(verdict: &Verdict) -> Vec<&'static str> {
    let family = catalogue::family(verdict.family);
    let options = family.into_iter().flat_map(|family| family.choices).map(|choice| choice.name);
    let told = |option: &str| {
        option == verdict.choice
            || verdict.rejected.iter().any(|rejected| rejected.option == option)
            || page(verdict.family).contains(&format!("`{option}`"))
    };
    options.filter(|option| !told(option)).collect()
}

#[test]
fn every_option_is_taken_rejected_or_explained() {
    for text in [SHOP, RIDES] {
        for verdict in decided(text) {
            assert_eq!(silent(&verdict), Vec::<&str>::new(), "{}", verdict.id());
            for rejected in &verdict.rejected {
                assert!(!rejected.reason.trim().is_empty(), "{}", verdict.id());
            }
        }
    }
}
