//! What a simulation contradicts, with the number that mends it.

use std::sync::Arc;

use decide::Design;
use decide::sizing::Level;
use simulate::design::feedback::{Contradiction, Simulation, What, contradictions, diagnostics};
use simulate::design::{Amount, Question, answer, compile};
use simulate::experiment::{Plan, simulate};

use crate::designs::shop_with;

const PEAK: Amount = Amount::Level(Level::Peak);

fn found(design: &Design, amount: Amount) -> Vec<Contradiction> {
    let question = Question::undisturbed(design, amount);
    let compiled = compile(design, &question, 0.0).unwrap();
    let plan = Plan { replications: 4, threads: 2, ..Plan::default() };
    let report = simulate(&compiled.network, &plan, |_| ()).unwrap();
    let answer = answer(&compiled, &report, 0.0);
    let (compiled, report, answer) = (&compiled, &report, &answer);
    let simulation = Simulation { design, question: &question, compiled, report, answer };
    contradictions(simulation, &plan, &mut |_| ()).unwrap()
}

fn decided(text: &str) -> Design {
    let mut sources = base::SourceMap::default();
    let file = sources.add("firmitas.yaml", text);
    let (model, diagnostics) = model::load(&sources, file);
    assert!(!base::has_errors(&diagnostics), "{diagnostics:?}");
    decide::decide(Arc::new(model)).0
}

#[test]
fn models_hold_at_their_stated_load_with_what_was_decided() {
    let models = [
        include_str!("../../../../examples/shop/firmitas.yaml"),
        include_str!("../../../../examples/rides/firmitas.yaml"),
        include_str!("../../../engine/tests/models/everything.yaml"),
        include_str!("../../../engine/tests/models/tenants.yaml"),
    ];
    for text in models {
        let design = decided(text);
        assert_eq!(found(&design, PEAK), [], "{}", design.model.system.name);
    }
    // An objective of 200 ms leaves a second for a callee of which one answer in a hundred takes
    // longer, and 99.5 % are promised: two numbers of the model that forbid each other.
    let awkward = decided(include_str!("../../../engine/tests/models/awkward.yaml"));
    let found = found(&awkward, PEAK);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].what, found[0].subjects[0].as_str()), (What::Availability, "flow end"));
    assert!(found[0].mended[0].then.starts_with("`latency: p95 "), "{found:?}");
}

#[test]
fn an_objective_that_no_machine_keeps_is_told_with_one_that_holds() {
    let design = shop_with("latency: p95 100ms", "latency: p95 4ms");
    let all = found(&design, PEAK);
    let [only] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(
        (only.what, only.subjects.as_slice()),
        (What::Objective, &["browseProducts".into()][..])
    );
    // It takes 7.1 ms: p95 of a search, whatever the machines.
    assert_eq!(only.mended.len(), 1, "{only:?}");
    let then = &only.mended[0].then;
    let time: f64 = then["`latency: p95 ".len()..].split("ms").next().unwrap().parse().unwrap();
    assert!((7.0..8.5).contains(&time), "{then}");
    let told = diagnostics(&design, &all);
    assert_eq!(told[0].id, "objective-missed");
    assert_eq!(told[0].related.len(), 1, "{told:?}");
    assert!(told[0].help.as_deref().unwrap().contains("(now `latency: p95 4ms`"), "{told:?}");
}

#[test]
fn a_callee_that_is_not_waited_for_long_enough_costs_the_availability_of_the_flow() {
    // The deadline follows the objective; at one second 0.7 % of charges are cut off.
    let design = shop_with("latency: p95 1500ms", "latency: p95 200ms");
    let all = found(&design, PEAK);
    assert_eq!(all[0].what, What::Availability, "{all:?}");
    assert_eq!(all[0].subjects[0], "flow checkout");
    assert!(all[0].mended[0].then.ends_with("of `charge`"), "{all:?}");
}

#[test]
fn beyond_its_sizing_a_pool_starves_and_the_size_that_feeds_it_is_found() {
    let design = decided(include_str!("../../../engine/tests/models/tenants.yaml"));
    let all = found(&design, Amount::Times(15.0));
    let told: Vec<&str> = all.iter().flat_map(|of| &of.mended).map(|of| of.then.as_str()).collect();
    assert!(!all.is_empty() && told.iter().any(|then| then.contains("hours")), "{all:?}");
}
