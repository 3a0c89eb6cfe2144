//! Flip points against thresholds that are known.

use std::sync::Arc;

use decide::{
    flips::{self, Flip, Flips, Measure},
    quantities::{self, Unit},
};

use crate::services::model;
use crate::text::{RIDES, SHOP, loaded};

fn flips(text: &str) -> Flips {
    flips::of(&decide::decide(Arc::new(loaded(text))).0, 1)
}

fn flip<'a>(flips: &'a Flips, subject: &str, fact: &str) -> &'a Flip {
    let found = flips.all.iter().find(|flip| flip.id() == subject && flip.fact == fact);
    found.unwrap_or_else(|| panic!("no flip of {subject} by {fact}: {:#?}", flips.all))
}

#[test]
fn a_stated_number_flips_at_the_threshold_of_the_rule() {
    let flips = flips(&model(&[("STREAMS", "5k")]));
    let own = flip(&flips, "service.parcels", "watchParcels open streams");
    assert_eq!((own.at, own.above, own.becomes), (10_000.0, true, Some("own")));
    assert_eq!(own.from, Some("shared"));
    assert_eq!(
        flip(&flips, "style.system", "watchParcels open streams").sentence(),
        "becomes hybrid when watchParcels open streams exceed 10k (now 5000)"
    );
}

#[test]
fn an_assumed_number_flips_where_it_meets_the_stated_one() {
    let flips = flips(&model(&[("STREAMS", "5k")]));
    let own = flip(&flips, "service.parcels", "sockets");
    assert_eq!((own.at, own.above, own.becomes), (5_000.0, false, Some("own")));
    assert_eq!(
        own.sentence(),
        "becomes own when sockets fall below 5000 streams (now 10k streams, assumed: house)"
    );
}

#[test]
fn people_flip_between_whole_numbers() {
    let text = model(&[("STREAMS", "20k"), ("FIRST", "6")]);
    let flips = flips(&text);
    let shared = flip(&flips, "service.parcels", "team first people");
    assert_eq!((shared.at, shared.above, shared.becomes), (5.0, false, Some("shared")));
}

#[test]
fn an_availability_moves_by_what_it_leaves() {
    // Ten times less unavailability than the rest of the system is a reason of its own.
    let text = model(&[("SYSTEM", "availability: 99%"), ("NEEDS", "availability: 99.8%")]);
    let flips = flips(&text);
    let own = flip(&flips, "service.parcels", "parcels availability");
    assert_eq!((own.above, own.becomes), (true, Some("own")));
    assert!((own.at - 0.999).abs() < 2e-5, "{own:?}");
    assert_eq!(own.measure, Measure::Stated(Unit::Availability));
}

#[test]
fn whoever_moves_numbers_and_however_many_the_flips_are_the_same() {
    let design = decide::decide(Arc::new(loaded(&model(&[("STREAMS", "5k")])))).0;
    let alone = flips::of(&design, 1);
    assert!(!alone.all.is_empty());
    assert_eq!(alone.left_out, 0);
    assert_eq!(alone, flips::of(&design, 3));
}

#[test]
fn one_family_flips_as_it_does_among_all() {
    let design = decide::decide(Arc::new(loaded(SHOP))).0;
    let all = flips::of(&design, 2);
    for family in ["store", "service", "cache", "slo", "resilience", "capacity"] {
        let of = |flips: &Flips| -> Vec<Flip> {
            flips.all.iter().filter(|of| of.family == family).cloned().collect()
        };
        let alone = flips::of_family(&design, family, 2);
        assert_eq!(of(&alone), of(&all), "{family}");
        assert_eq!(alone.all.len(), of(&all).len());
        assert!(alone.moved <= all.moved, "{family}");
    }
}

#[test]
fn every_flip_is_true() {
    // A value well beyond a threshold of a number of the model gives the option that it names,
    // unless another threshold follows close by.
    let model = loaded(&model(&[("STREAMS", "5k"), ("FIRST", "6"), ("WRITES", "200")]));
    let design = decide::decide(Arc::new(model.clone())).0;
    let all = flips::of(&design, 2);
    let stated = quantities::stated(&model);
    let mut seen = 0;
    for flip in all.all.iter().filter(|flip| matches!(flip.measure, Measure::Stated(_))) {
        let beyond = if flip.above { 1.02 } else { 0.98 };
        let number = stated.iter().find(|of| of.name == flip.fact).unwrap();
        let near =
            |other: &&Flip| other.id() == flip.id() && other.fact == flip.fact && *other != flip;
        if number.unit == Unit::Whole
            || number.unit == Unit::Availability
            || all.all.iter().any(|of| near(&of))
        {
            continue;
        }
        let mut moved = model.clone();
        quantities::set(&mut moved, number.place, flip.at * beyond);
        let verdicts = decide::decide(Arc::new(moved)).0.verdicts;
        let now = verdicts.iter().find(|verdict| verdict.id() == flip.id());
        assert_eq!(now.map(|verdict| verdict.choice), flip.becomes, "{flip:?}");
        seen += 1;
    }
    assert!(seen > 4, "{seen}");
}

#[test]
fn moving_a_number_and_back_leaves_the_model_as_it_was() {
    for text in [SHOP, RIDES] {
        let model = loaded(text);
        let mut moved = model.clone();
        for number in quantities::stated(&model) {
            for value in [number.low, number.high, number.now] {
                quantities::set(&mut moved, number.place, value);
            }
            let now = quantities::get(&mut moved, number.place);
            let same = now.is_some_and(|now| (now - number.now).abs() <= 1e-9 * number.now);
            assert!(same, "{number:?}: {now:?}");
            assert!(number.low <= number.now && number.now <= number.high, "{number:?}");
        }
        assert_eq!(quantities::stated(&moved), quantities::stated(&model));
    }
}

#[test]
fn numbers_have_names_of_their_own() {
    for text in [SHOP, RIDES] {
        let names: Vec<String> =
            quantities::stated(&loaded(text)).into_iter().map(|of| of.name).collect();
        let mut once = names.clone();
        once.dedup();
        assert_eq!(names, once);
    }
    let shop = quantities::stated(&loaded(SHOP));
    for name in
        ["watchOrder open streams", "system availability", "Order rows", "team ordering people"]
    {
        assert!(shop.iter().any(|of| of.name == name), "{name}");
    }
}
