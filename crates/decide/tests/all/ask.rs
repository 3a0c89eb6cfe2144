//! What is asked about a model that leaves much open.

use std::sync::Arc;

use decide::{
    ask::{self, Question},
    flips::Measure,
};

use crate::services::model;
use crate::text::loaded;

fn questions(text: &str) -> Vec<Question> {
    ask::questions(&decide::decide(Arc::new(loaded(text))).0, 1)
}

fn question<'q>(questions: &'q [Question], key: &str) -> &'q Question {
    let found = questions.iter().find(|question| question.path.key == key);
    let known = || questions.iter().map(|of| of.path.key.as_str()).collect::<Vec<_>>().join(" ");
    found.unwrap_or_else(|| panic!("no {key} among {}", known()))
}

/// The model of `services` with many streams, so that only its team is in the way.
fn busy() -> String {
    model(&[("STREAMS", "20k")])
}

#[test]
fn people_of_a_team_turn_what_it_could_run() {
    let open = busy().replace("people: FIRST, ", "").replace("people: 8, ", "");
    let questions = questions(&open);
    let people = question(&questions, "first.people");
    assert_eq!(people.path.keys, ["system", "teams", "first", "people"]);
    assert_eq!(people.assumed, None);
    let service = people.turns.iter().find(|turn| turn.family == "service").unwrap();
    assert_eq!(service.subjects, ["parcels"]);
    assert_eq!(service.now, Some("shared"));
    assert_eq!(
        service.sentence(Measure::Stated(people.unit)),
        "below 5: shared; above: own",
        "{service:?}"
    );
}

#[test]
fn streams_that_are_not_counted_are_asked_for_first() {
    let open = model(&[]).replace(", rate: 1 open", "");
    let questions = questions(&open);
    let streams = question(&questions, "watchParcels.rate");
    assert_eq!(streams.example, "100 open");
    let style = streams.turns.iter().find(|turn| turn.family == "style").unwrap();
    assert_eq!(style.steps.first().map(|(until, _)| *until), Some(10_000.0));
    assert!(questions.windows(2).all(|pair| pair[0].weight >= pair[1].weight));
}

#[test]
fn what_is_stated_is_not_asked_for() {
    let keys: Vec<String> = questions(&busy()).into_iter().map(|of| of.path.key).collect();
    for stated in ["headroom", "growth", "first.people", "Parcel.rows", "addParcel.rate"] {
        assert!(!keys.iter().any(|key| key == stated), "{stated}: {keys:?}");
    }
}

#[test]
fn the_same_is_asked_however_many_try() {
    let design = decide::decide(Arc::new(loaded(&model(&[]).replace("people: 8, ", "")))).0;
    assert_eq!(ask::questions(&design, 1), ask::questions(&design, 3));
}
