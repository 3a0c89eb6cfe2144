use base::Provenance;

use crate::assurance;
use crate::decision::{Answer, Context, decision};

decision!("asvs", "Which level of OWASP ASVS is the system verified against?", reads [], System run);

const SOURCE: &str = "OWASP ASVS 5.0, What is the ASVS? (levels), and its chapters";

fn run(cx: &Context<'_>) -> Option<Answer> {
    let model = cx.model;
    let stated = model.system.needs.assurance.as_ref();
    let personal: Vec<_> = model
        .entities
        .iter()
        .flat_map(|entity| entity.fields.iter().map(move |field| (entity, field)))
        .filter(|(_, field)| field.modifiers.pii || field.modifiers.sensitive)
        .collect();
    let regimes = &model.system.needs.compliance;
    let choice = match stated.map(|level| level.value.to_ascii_lowercase()).as_deref() {
        Some("l1") => "l1",
        Some("l3") => "l3",
        Some(_) => "l2",
        None if personal.is_empty() && regimes.is_empty() => "l1",
        None => "l2",
    };
    let mut answer = Answer::new(choice, SOURCE);
    if let Some(level) = stated {
        answer =
            answer.given(format!("assurance {}", level.value), level.span, "the model states it");
    } else {
        let from = Provenance::Default { source: "house: level 2 where personal data is held" };
        answer = answer.driver("no level is stated", from, "personal data and regimes decide");
    }
    for regime in regimes {
        answer =
            answer.given(format!("compliance {}", regime.value), regime.span, "asks for proof");
    }
    let first =
        personal.iter().min_by_key(|(entity, field)| (&*entity.name.value, &*field.name.value));
    if let Some((entity, field)) = first {
        let fact = format!("{}.{}", entity.name, field.name);
        let weight = format!("one of {} personal or sensitive fields", personal.len());
        answer = answer.given(fact, field.name.span, &weight);
    }
    for chapter in assurance::chapters(model) {
        let name = format!("{} {}", chapter.number, chapter.title);
        answer = match chapter.about {
            Ok(about) => answer.parameter(&name, about),
            Err(not) => answer.parameter(&name, format!("does not apply: {not}")),
        };
    }
    let level = |wanted: &str| match stated {
        Some(stated) => format!("the model states {}", stated.value),
        None if wanted == "l1" => format!(
            "{} personal or sensitive fields and {} regimes are more than the least level is for",
            personal.len(),
            regimes.len()
        ),
        None if wanted == "l2" => {
            "no personal data and no regime: the least level is a start".to_owned()
        }
        None => "it is for what harms many people when it fails: state `assurance: L3`".to_owned(),
    };
    Some(answer.reject("l1", level("l1")).reject("l2", level("l2")).reject("l3", level("l3")))
}
