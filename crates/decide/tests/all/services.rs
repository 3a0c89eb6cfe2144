//! When a context gets a deployable of its own: one unit on either side of each number.

use crate::text::{choice, decided, parameter, verdict};

/// Two contexts of two teams; the places marked with a word in capitals are filled in.
pub fn model(filled: &[(&str, &str)]) -> String {
    let text = "
firmitas: 1
system:
  name: Parcels
  summary: Parcels and where they are.
  needs: { SYSTEM }
  teams:
    first: { people: FIRST, on_call: CALLED, deploys: DEPLOYS/day }
    second: { people: SECOND, on_call: true, deploys: 1/day }
actors:
  clerk: { auth: user }
contexts:
  parcels:
    team: first
    needs: { NEEDS }
    entities:
      Parcel: { rows: 1k, fields: { NAME: string(1..40) } }
    operations:
      addParcel: { create: Parcel, by: [clerk], input: [NAME], rate: WRITES/s }
      parcels: { list: Parcel, by: [clerk], rate: LISTS/s }
      watchParcels: { stream: Parcel, by: [clerk], rate: STREAMS open }
  places:
    team: second
    entities:
      Place: { rows: 1k, VOLATILE fields: { name: string(1..40) } }
    operations:
      addPlace: { create: Place, by: [clerk], input: [name], rate: PLACES/s }
";
    let defaults = [
        ("SYSTEM", "headroom: 2x, growth: 0%/year"),
        ("NEEDS", "headroom: 2x"),
        ("FIRST", "8"),
        ("SECOND", "5"),
        ("CALLED", "true"),
        ("DEPLOYS", "1"),
        ("NAME", "name"),
        ("WRITES", "1"),
        ("LISTS", "1"),
        ("STREAMS", "1"),
        ("VOLATILE", ""),
        ("PLACES", "1"),
    ];
    let all = filled.iter().chain(&defaults);
    all.fold(text.to_owned(), |text, (place, value)| text.replace(place, value))
}

fn parcels(filled: &[(&str, &str)]) -> &'static str {
    choice(&model(filled), "service.parcels")
}

#[test]
fn nothing_forces_a_deployable_by_itself() {
    let text = model(&[]);
    assert_eq!(choice(&text, "service.parcels"), "shared");
    assert_eq!(choice(&text, "style.system"), "modular-monolith");
}

#[test]
fn ten_thousand_streams_force_one() {
    assert_eq!(parcels(&[("STREAMS", "9999")]), "shared");
    assert_eq!(parcels(&[("STREAMS", "10000")]), "own");
    let verdicts = decided(&model(&[("STREAMS", "10000")]));
    let style = verdict(&verdicts, "style.system");
    assert_eq!(style.choice, "hybrid");
    assert_eq!(parameter(style, "apart"), "parcels");
    assert_eq!(parameter(style, "deployables"), "2");
}

#[test]
fn whoever_cannot_run_one_gets_none() {
    let streams = ("STREAMS", "10000");
    assert_eq!(parcels(&[streams, ("FIRST", "5")]), "own");
    assert_eq!(parcels(&[streams, ("FIRST", "4")]), "shared");
    assert_eq!(parcels(&[streams, ("CALLED", "false")]), "shared");
    assert_eq!(parcels(&[streams, ("CALLED", "true, ci: false")]), "shared");
    assert_eq!(parcels(&[streams, ("CALLED", "true, iac: false")]), "shared");
}

#[test]
fn a_tenth_of_the_failures_of_others_forces_one() {
    let system = ("SYSTEM", "availability: 99.5%, headroom: 2x, growth: 0%/year");
    assert_eq!(parcels(&[system, ("NEEDS", "availability: 99.95%")]), "own");
    assert_eq!(parcels(&[system, ("NEEDS", "availability: 99.94%")]), "shared");
    assert_eq!(parcels(&[("NEEDS", "availability: 99.99%")]), "shared", "others state nothing");
}

#[test]
fn card_numbers_force_one_and_the_regime_alone_does_not() {
    assert_eq!(parcels(&[("NAME", "pan")]), "own");
    assert_eq!(parcels(&[("NEEDS", "compliance: [pci]")]), "shared");
}

#[test]
fn a_busy_store_of_its_own_forces_one() {
    let places = |rate| {
        let filled = [("VOLATILE", "volatile: true, ttl: 1h,"), ("PLACES", rate)];
        choice(&model(&filled), "service.places")
    };
    assert_eq!(places("4999"), "shared");
    assert_eq!(places("5000"), "own");
}

#[test]
fn two_soft_reasons_are_as_good_as_a_hard_one() {
    // 12 deployments of 30 minutes are 0.75 of 480 minutes; 11 are 0.69.
    let soft = |deploys, people| parcels(&[("DEPLOYS", deploys), ("FIRST", people)]);
    assert_eq!(soft("11", "11"), "own");
    assert_eq!(soft("10", "11"), "shared", "teams do not wait for each other");
    assert_eq!(soft("11", "10"), "shared", "15 people are not more than 15");
}

#[test]
fn half_of_many_cores_is_a_soft_reason() {
    // 12,500 pages a second of 0.8 ms, at twice the peak, are 20 cores.
    let busy = |lists| parcels(&[("DEPLOYS", "11"), ("LISTS", lists), ("WRITES", "0.001")]);
    assert_eq!(busy("12500"), "own");
    assert_eq!(busy("12490"), "shared");
    let half = |writes| {
        let filled =
            [("DEPLOYS", "11"), ("LISTS", "13000"), ("WRITES", "0.001"), ("PLACES", writes)];
        parcels(&filled)
    };
    // 17,334 writes of 0.6 ms are a little more than 13,000 pages of 0.8 ms.
    assert_eq!(half("17330"), "own");
    assert_eq!(half("17340"), "shared");
}

#[test]
fn a_context_alone_has_nothing_to_be_apart_from() {
    let text = "
firmitas: 1
system: { name: One, summary: One context., needs: { latency: p95 LATENCY } }
actors: { clerk: { auth: user } }
contexts:
  notes:
    entities: { Note: { rows: 1k, fields: { text: string(1..40) } } }
    operations:
      addNote: { create: Note, by: [clerk], input: [text], rate: RATE }
";
    let style = |latency: &str, rate: &str| {
        let text = text.replace("LATENCY", latency).replace("RATE", rate);
        assert_eq!(choice(&text, "service.notes"), "shared");
        choice(&text, "style.system")
    };
    assert_eq!(style("500ms", "1/s peak 20/s"), "monolith");
    assert_eq!(style("500ms", "1/s peak 21/s"), "serverless");
    assert_eq!(style("499ms", "1/s peak 21/s"), "monolith");
}

#[test]
fn the_model_may_divide_all_the_same() {
    let own = "
decisions:
  service.parcels: { choose: own, because: It is written in another language. }
";
    let text = model(&[]) + own;
    assert_eq!(choice(&text, "style.system"), "hybrid");
    let all = own.replace("service.parcels", "service");
    assert_eq!(choice(&(model(&[]) + &all), "style.system"), "microservices");
}
