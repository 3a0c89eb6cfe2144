use base::{Diagnostic, Provenance, Quantity, Share};

use crate::decision::{Answer, Context, decision};
use crate::facts::{self, people, percent};
use crate::sizing::demand::ServiceDemand;
use crate::sizing::{Level, Redundancy, services};
use crate::{needs, numbers, reachable};

decision!(
    "availability",
    "Which failures does a service survive?",
    reads ["service", "store", "edge", "region"],
    Named run
);

const SOURCE: &str = "series and parallel arithmetic; Azure reliability documentation (99.99 % \
    bears no recovery by hand); Amazon RDS, Multi-AZ failover; shares house";

fn run(cx: &Context<'_>) -> Vec<(String, Answer)> {
    let demand = cx.demand();
    let mut told: Vec<base::Span> = Vec::new();
    let mut answers = Vec::new();
    for service in &demand.services {
        let target = needs::availability(cx.model, &service.operations);
        let mut answer = answer(cx, service, &target);
        if let Some((span, conflict)) = conflict(cx, service, &target)
            && !told.contains(&span)
        {
            told.push(span);
            answer = answer.conflict(conflict);
        }
        for found in together(cx, service, target.value.0) {
            answer = answer.conflict(found);
        }
        answers.push((service.subject.clone(), answer));
    }
    answers
}

/// Operations that wait for externals which are good enough one by one, but not in series with all
/// else. (What is above a single external is the check `availability-above-dependency`.)
fn together(cx: &Context<'_>, service: &ServiceDemand, most: f64) -> Vec<Diagnostic> {
    let model = cx.model;
    let own = reachable::service(model, Redundancy::Zones).availability();
    let mut found = Vec::new();
    for id in &service.operations {
        let operation = model.operation(*id);
        let waits = reachable::waits_for(model, operation);
        let target = facts::availability(model, operation);
        let wanted = target.value.0;
        let reached = waits.iter().map(|(_, share)| share.value).product::<f64>() * own;
        let alone = waits.iter().all(|(_, share)| wanted <= share.value) && wanted <= own + 1e-9;
        let Some(span) = target.provenance.span() else { continue };
        if waits.is_empty() || !alone || wanted <= reached + 1e-9 || wanted > most {
            continue;
        }
        let message = format!(
            "`{}` is to be there {} of the time, and with what it waits for {} can be reached",
            operation.name,
            percent(wanted),
            percent(reached)
        );
        let mut conflict = Diagnostic::error("availability-beyond-reach", span, message)
            .label("more than all of it reaches together")
            .note(format!("its own service reaches {}", percent(own)));
        for (name, share) in &waits {
            let text = format!("`{name}` is there {} of the time", percent(share.value));
            if let Some(span) = share.provenance.span() {
                conflict = conflict.related(span, text);
            }
        }
        found.push(conflict.help("give a call a `fallback`, call it in a flow, or state the operation's own `needs: { availability: .. }`"));
    }
    found
}

fn answer(cx: &Context<'_>, service: &ServiceDemand, target: &Quantity<Share>) -> Answer {
    let model = cx.model;
    let wanted = target.value.0;
    let [one, several, zones] = [Redundancy::Single, Redundancy::Replicated, Redundancy::Zones]
        .map(|redundancy| reachable::service(model, redundancy));
    let (choice, redundancy, chain) = if wanted <= one.availability() + 1e-9 {
        ("single", Redundancy::Single, &one)
    } else if wanted <= several.availability() + 1e-9 {
        ("replicated", Redundancy::Replicated, &several)
    } else {
        ("zones", Redundancy::Zones, &zones)
    };
    let cores = services::replica_cores(model, service, Level::Peak);
    let replicas = |level| {
        let (needed, _) = services::needed(model, service.cores, service.streams, cores, level);
        services::with_spares(model, needed, redundancy)
    };
    let from = Provenance::Derived { from: "what a request needs, in series".to_owned() };
    let reached = format!("{} is reached", percent(chain.availability()));
    let fact = format!("availability {}", percent(wanted));
    let short = |chain: &reachable::Chain| {
        format!(
            "it reaches {} ({}), and {} is asked for",
            percent(chain.availability()),
            chain.told(),
            percent(wanted)
        )
    };
    let more = |simpler: &reachable::Chain, than: &str| {
        format!(
            "{than} reaches {}, above the {} asked for",
            percent(simpler.availability()),
            percent(wanted)
        )
    };
    let mut answer = Answer::new(choice, SOURCE)
        .driver(fact, target.provenance.clone(), &reached)
        .driver(chain.told(), from, "all of it has to be there at once")
        .parameter("reachable", percent(chain.availability()))
        .parameter("replicas", replicas(Level::Peak).to_string())
        .parameter("replicas at D2", replicas(Level::Reach).to_string());
    if redundancy == Redundancy::Zones {
        answer = answer.parameter("zones", people(model.value(&numbers::ZONES)));
    }
    answer
        .reject("single", short(&one))
        .reject(
            "replicated",
            if choice == "single" { more(&one, "one replica") } else { short(&several) },
        )
        .reject(
            "zones",
            if choice == "single" { more(&one, "one replica") } else { more(&several, "one zone") },
        )
}

/// An availability that nothing reaches where the model says the system runs.
fn conflict(
    cx: &Context<'_>,
    service: &ServiceDemand,
    target: &Quantity<Share>,
) -> Option<(base::Span, Diagnostic)> {
    let model = cx.model;
    let span = target.provenance.span()?;
    let region = cx.verdicts_of("region").next().map_or("one", |region| region.choice);
    let chain = match region {
        "active-active" => reachable::two_regions(model),
        _ => reachable::service(model, Redundancy::Zones),
    };
    let most = chain.availability();
    if target.value.0 <= most + 1e-9 {
        return None;
    }
    let message = format!(
        "`{}` is to be there {} of the time, and at most {} can be reached",
        service.subject,
        percent(target.value.0),
        percent(most)
    );
    let mut found = Diagnostic::error("availability-beyond-reach", span, message)
        .label("more than can be reached")
        .note(format!("in series: {}", chain.told()));
    let regions = needs::regions(model);
    if region == "active-passive" {
        let time = needs::recovery_time(model, &service.deployable.contexts);
        let text = "a region that people bring up cannot stand in for this one in time";
        found = match time.provenance.span() {
            Some(span) => found.related(span, text),
            None => found.note(text),
        };
    } else if let [only] = regions {
        found = found.related(only.span, "one region has one load balancer and one set of causes");
    }
    let within = (most * 1e4).floor() / 1e4;
    let help = format!(
        "ask for {} or less, or state two `regions` for what bears two places that write",
        percent(within)
    );
    Some((span, found.help(help)))
}
