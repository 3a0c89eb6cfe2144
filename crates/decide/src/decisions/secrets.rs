use base::Provenance;

use crate::decision::{Answer, Context, decision};
use crate::facts;

decision!("secrets", "Where do keys and passwords of the system live?", reads ["asvs", "service"], System run);

const SOURCE: &str = "OWASP ASVS 5.0, V13.3 (secret management, from level 2 on); PCI DSS 4.0, \
    requirement 3.6";

fn run(cx: &Context<'_>) -> Option<Answer> {
    let model = cx.model;
    let level = cx.verdicts_of("asvs").next();
    let above = level.is_some_and(|level| level.choice != "l1");
    let contexts = (0u16..).map(model::model::ContextId).take(model.contexts.len());
    let cards = contexts.into_iter().any(|id| facts::under(model, id, "pci"));
    let vault = above || cards;
    let mut answer = Answer::new(if vault { "vault" } else { "environment" }, SOURCE);
    let name = level.map_or("l1", |level| level.choice);
    let (fact, from) = match &model.system.needs.assurance {
        Some(stated) => (format!("assurance {}", stated.value), Provenance::Given(stated.span)),
        None => (format!("assurance {name}"), Provenance::Derived { from: "`asvs`".to_owned() }),
    };
    let weight = if above {
        "from level 2 on secrets are created, kept, rotated and destroyed in one place"
    } else {
        "level 1 does not ask for a vault"
    };
    answer = answer.driver(fact, from, weight);
    if let Some(pci) = model.system.needs.compliance.iter().find(|of| of.value == "pci") {
        answer =
            answer.given("compliance pci", pci.span, "keys that protect card data are managed");
    }
    let deployables = cx.deployables();
    let own = deployables.iter().flatten().count();
    let shared = usize::from(own < deployables.len());
    let mut names: Vec<String> = vec!["one database role for each context".to_owned()];
    let mut externals: Vec<&str> =
        model.externals.iter().map(|external| external.name.value.as_str()).collect();
    externals.sort_unstable();
    if !externals.is_empty() {
        names.push(format!("credentials of {}", externals.join(", ")));
    }
    names.push("keys that sign tokens and cursors".to_owned());
    if !model.webhooks.is_empty() {
        names.push("keys that sign webhooks".to_owned());
    }
    answer = answer.parameter("secrets", names.join("; "));
    answer =
        answer.parameter("read by", format!("{} deployable(s), each its own only", own + shared));
    let rotated =
        if vault { "every 90 d without a restart" } else { "every 180 d, with a restart" };
    answer = answer.parameter("rotated", rotated);
    let plain = "level 2 and card data ask for creation, rotation and an access log in one place: \
                 files and variables have none";
    let heavy = format!(
        "level 1 and no card data: {} kinds of secrets on machines that only the team reaches",
        names.len()
    );
    Some(answer.reject("environment", plain).reject("vault", heavy))
}
