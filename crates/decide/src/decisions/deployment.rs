use base::Provenance;

use crate::decision::{Answer, Context, decision};
use crate::facts::{self, people};
use crate::{needs, numbers};

decision!(
    "deployment",
    "On what do the deployables run?",
    reads ["style", "region", "capacity"],
    System run
);

const SOURCE: &str = "house; The Twelve-Factor App for what all three take";

fn run(cx: &Context<'_>) -> Option<Answer> {
    let model = cx.model;
    let sizing = cx.sizing();
    let deployables = facts::count(sizing.services.len());
    let replicas: u32 = sizing.services.iter().map(|service| service.most).sum();
    let teams = facts::count(model.system.teams.len());
    let regions = needs::regions(model).len();
    let autoscaled = cx.verdicts_of("capacity").any(|of| of.choice == "autoscaled");
    let functions = cx.verdicts_of("style").any(|of| of.choice == "serverless");
    let most = model.value(&numbers::MACHINE_REPLICAS);
    let cluster = deployables >= model.value(&numbers::CLUSTER_DEPLOYABLES)
        && teams >= model.value(&numbers::CLUSTER_TEAMS);
    let step = step((deployables, replicas, most), autoscaled, regions, functions);
    let choice = match (&step, cluster) {
        (_, true) => "kubernetes",
        (Some(_), false) => "containers",
        (None, false) => "systemd",
    };
    let from = |from: &str| Provenance::Derived { from: from.to_owned() };
    let mut answer = Answer::new(choice, SOURCE)
        .driver(
            facts::counted(deployables, "deployable"),
            from("`service`"),
            if cluster {
                "more than teams place by hand"
            } else {
                "a container service places them"
            },
        )
        .driver(
            format!("{} at D2", facts::counted(f64::from(replicas), "replica")),
            from("`capacity`"),
            step.as_deref().unwrap_or("one or two machines hold them"),
        );
    let mut teams_by_name: Vec<_> = model.system.teams.iter().collect();
    teams_by_name.sort_by_key(|team| team.name.as_str());
    for team in teams_by_name.into_iter().take(4) {
        if let Some(size) = &team.people {
            let fact = format!("team {}: {} people", team.name, people(size.value));
            answer = answer.driver(fact, size.provenance.clone(), "operates what it deploys");
        }
    }
    let few = format!(
        "there are {} and {}: it pays from {} deployables and {} teams on",
        facts::counted(deployables, "deployable"),
        facts::counted(teams, "team"),
        people(model.value(&numbers::CLUSTER_DEPLOYABLES)),
        people(model.value(&numbers::CLUSTER_TEAMS))
    );
    let simple = format!(
        "one deployable and {replicas} replicas, of which none come and go, need no images to be placed"
    );
    let many = step.unwrap_or_else(|| "one machine's services are not for many teams".to_owned());
    let placed = format!(
        "{} deployables of {} teams: placing, network rules and rollouts by hand cost more than a cluster",
        people(deployables),
        people(teams)
    );
    let containers = if cluster { placed } else { simple };
    Some(answer.reject("systemd", many).reject("containers", containers).reject("kubernetes", few))
}

/// What asks for more than processes of an operating system.
fn step(
    (deployables, replicas, most): (f64, u32, f64),
    autoscaled: bool,
    regions: usize,
    functions: bool,
) -> Option<String> {
    if deployables > 1.0 {
        Some(format!("{} deployables are replaced one by one", people(deployables)))
    } else if f64::from(replicas) > most {
        Some(format!(
            "{replicas} replicas are too many to look after by hand (from {} on)",
            people(most + 1.0)
        ))
    } else if autoscaled {
        Some("replicas come and go with the load (see `capacity`)".to_owned())
    } else if regions > 1 {
        Some(format!("the same image has to start in {regions} regions"))
    } else if functions {
        Some("functions run where a provider starts them".to_owned())
    } else {
        None
    }
}
