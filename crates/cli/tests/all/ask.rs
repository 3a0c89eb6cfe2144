use crate::firm::Scratch;

/// Two teams of which little is known, in two files.
fn parcels(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    scratch.write(
        "firmitas.yaml",
        "firmitas: 1
include: [contexts/*.yaml]
system:
  name: Parcels
  summary: Parcels and where they are.
  teams:
    first: { on_call: true } # a team
    second: { people: 5, on_call: true }
actors:
  clerk: { auth: user }
",
    );
    scratch.write(
        "contexts/parcels.yaml",
        "contexts:
  parcels:
    team: first
    entities:
      Parcel: { rows: 1k, fields: { name: string(1..40) } }
    operations:
      addParcel: { create: Parcel, by: [clerk], input: [name], rate: 1/s }
      watchParcels: { stream: Parcel, by: [clerk], rate: 20k open }
  places:
    team: second
    entities:
      Place:
        fields:
          name: string(1..40) # one line
    operations:
      addPlace:
        create: Place
        by: [clerk]
        input: [name]
        # nobody counted them yet
",
    );
    scratch
}

#[test]
fn at_most_five_numbers_are_asked_for_each_with_what_it_turns() {
    let scratch = parcels("ask");
    let asked = scratch.firm(&["ask", "--json"]);
    assert_eq!(asked.code, 0, "{asked:?}");
    let questions = asked.json()["questions"].as_array().unwrap().clone();
    assert!((1..=5).contains(&questions.len()), "{questions:#?}");
    let people = questions.iter().find(|of| of["name"] == "first.people").unwrap();
    assert_eq!(people["default"], serde_json::Value::Null);
    assert_eq!(people["range"], serde_json::json!([1.0, 40.0]));
    let turns = people["turns"].as_array().unwrap();
    let service = turns.iter().find(|turn| turn["family"] == "service").unwrap();
    assert_eq!(service["text"], "below 5: shared; above: own");
    let text = scratch.firm(&["ask"]).stdout;
    assert!(text.contains("team first people: not stated, and nothing is assumed"), "{text}");
    assert!(text.contains("service.parcels  below 5: shared; above: own"), "{text}");
}

#[test]
fn an_answer_is_written_where_it_belongs_and_says_what_it_turns() {
    let scratch = parcels("answer");
    let (root, contexts) = (scratch.read("firmitas.yaml"), scratch.read("contexts/parcels.yaml"));
    let answers = ["--answer", "first.people=6", "--answer", "availability=99.9%"];
    let answered = scratch.firm(&[&["ask"], &answers[..]].concat());
    assert_eq!(answered.code, 0, "{answered:?}");
    assert!(answered.stdout.contains("service.parcels: shared -> own"), "{answered:?}");
    assert!(answered.stdout.contains("style.system: modular-monolith -> hybrid"), "{answered:?}");
    let expected = root
        .replace("{ on_call: true } # a team", "{ on_call: true, people: 6 } # a team")
        .replace("actors:", "  needs: { availability: 99.9% }\nactors:");
    assert_eq!(scratch.read("firmitas.yaml"), expected);

    let rate = scratch.firm(&["ask", "--answer", "addPlace.rate=5/s peak 50/s", "--json"]);
    assert_eq!((rate.code, &rate.json()["files"][0]), (0, &"contexts/parcels.yaml".into()));
    let expected = contexts.replace(
        "        input: [name]\n        #",
        "        input: [name]\n        rate: 5/s peak 50/s\n        #",
    );
    assert_eq!(scratch.read("contexts/parcels.yaml"), expected);
    assert_eq!(scratch.firm(&["check"]).code, 0);

    let again = scratch.firm(&["ask", "--answer", "addPlace.rate=7/s peak 70/s"]);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(scratch.read("contexts/parcels.yaml").contains("        rate: 7/s peak 70/s\n"));
}

#[test]
fn every_example_is_an_answer() {
    let scratch = parcels("examples");
    for round in 0..20 {
        let document = scratch.firm(&["ask", "--json"]).json();
        let Some(first) = document["questions"].get(0) else { return };
        let answer =
            format!("{}={}", first["name"].as_str().unwrap(), first["example"].as_str().unwrap());
        let answered = scratch.firm(&["ask", "--answer", &answer]);
        assert_eq!(answered.code, 0, "{answer}: {answered:?}");
        assert!(round < 19, "{answer} is asked for again and again");
    }
}

#[test]
fn what_is_no_answer_is_refused_and_nothing_is_written() {
    let scratch = parcels("no-answer");
    let before = scratch.read("firmitas.yaml");
    for (answer, code, told) in [
        ("availibility=99.9%", 2, "did you mean `availability`?"),
        ("availability", 2, "write NAME=VALUE"),
        ("availability=", 2, "is empty"),
        ("availability=soon", 1, "error[vague-number]"),
        ("availability=99.9% # x", 1, "error["),
        ("latency=5 apples", 1, "error["),
    ] {
        let refused = scratch.firm(&["ask", "--answer", answer]);
        assert_eq!(refused.code, code, "{answer}: {refused:?}");
        assert!(refused.stderr.contains(told), "{answer}: {refused:?}");
        assert_eq!(scratch.read("firmitas.yaml"), before, "{answer}");
    }
    let both = ["ask", "--answer", "headroom=3x", "--answer", "growth=fast"];
    assert_eq!(scratch.firm(&both).code, 1);
    assert_eq!(scratch.read("firmitas.yaml"), before, "all answers or none");
}
