use crate::decision::{Answer, Context, decision};

decision!("stack", "In what is the system written?", reads [], System run);

const SOURCE: &str = "house: no number of a model speaks for a language";

/// Why none of the others is taken.
const NO_NUMBER: &str = "no number of the model speaks for a language: choose it under \
    `decisions`, with the reason that your teams have";

fn run(cx: &Context<'_>) -> Option<Answer> {
    let model = cx.model;
    let mut answer = Answer::new("interpreted", SOURCE);
    let operations = model.operations.len();
    let from = base::Provenance::Derived { from: "the model".to_owned() };
    let fact = format!("{operations} operations, {} entities", model.entities.len());
    answer = answer.driver(fact, from, "`firm up` serves them as they stand");
    let mut teams: Vec<_> = model.system.teams.iter().collect();
    teams.sort_by_key(|team| team.name.as_str());
    for team in teams {
        for skill in team.skills.iter().take(4) {
            let fact = format!("team {}: {}", team.name, skill.value);
            answer = answer.given(fact, skill.span, "what is written besides should use it");
        }
    }
    let others = ["jvm", "dotnet", "go", "rust", "node", "python", "ruby", "php", "elixir"];
    Some(others.into_iter().fold(answer, |answer, option| answer.reject(option, NO_NUMBER)))
}
