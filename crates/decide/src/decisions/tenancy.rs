use base::{Diagnostic, Span};
use model::model::{Isolation, Tenancy};

use crate::decision::{Answer, Context, decision};
use crate::tenancy::{self, Tenants};
use crate::{facts, numbers};

decision!("tenancy", "How far are tenants kept apart?", reads ["service", "store", "edge"], System run);

const SOURCE: &str = "AWS Well-Architected, SaaS Lens (silo, bridge, pool); OWASP ASVS 5.0, 8.4.1; \
    thresholds house";

fn run(cx: &Context<'_>) -> Option<Answer> {
    let model = cx.model;
    let Some(tenancy) = &model.system.tenancy else { return Some(one_tenant(cx)) };
    let cores = cx.demand().stores.iter().map(|store| store.cores.peak).sum();
    let tenants = tenancy::tenants(model, cores)?;
    let choice = choose(cx, tenancy, &tenants);
    let answer = because(cx, tenancy, &tenants, Answer::new(choice, SOURCE));
    let answer = parameters(cx, tenancy, &tenants, answer);
    let answer = rejections(cx, tenancy, &tenants, answer);
    Some(conflicts(cx, tenancy, &tenants, answer))
}

fn one_tenant(cx: &Context<'_>) -> Answer {
    let model = cx.model;
    let entities = model.entities.len();
    let from = base::Provenance::Derived { from: "the model states no `tenancy`".to_owned() };
    let none = || "there is one tenant: nothing is kept apart".to_owned();
    Answer::new("none", SOURCE)
        .driver(format!("{entities} entities, of one tenant"), from, "rows belong to nobody else")
        .reject("pool", none())
        .reject("bridge", none())
        .reject("silo", none())
}

/// Whether the largest tenant alone fills too much of a database node.
fn outgrows(cx: &Context<'_>, tenants: &Tenants) -> bool {
    tenants.largest_cores() > tenants.node * cx.model.value(&numbers::TENANT_NODE)
}

/// Whether a schema each would be too many tables.
fn too_many(cx: &Context<'_>, tenants: &Tenants) -> bool {
    tenants.all_tables() > cx.model.value(&numbers::TENANT_TABLES)
}

fn health(cx: &Context<'_>) -> Option<Span> {
    let stated = cx.model.system.needs.compliance.iter();
    stated.filter(|regime| regime.value == "hipaa").map(|regime| regime.span).next()
}

fn choose(cx: &Context<'_>, tenancy: &Tenancy, tenants: &Tenants) -> &'static str {
    match tenancy.isolation.as_ref().map(|isolation| isolation.value) {
        Some(Isolation::Pool) => "pool",
        Some(Isolation::Bridge) => "bridge",
        Some(Isolation::Silo) => "silo",
        None if outgrows(cx, tenants) => "silo",
        None if health(cx).is_some() && !too_many(cx, tenants) => "bridge",
        None if health(cx).is_some() => "silo",
        None => "pool",
    }
}

fn because(cx: &Context<'_>, tenancy: &Tenancy, tenants: &Tenants, answer: Answer) -> Answer {
    let model = cx.model;
    let mut answer = answer;
    if let Some(isolation) = &tenancy.isolation {
        let fact = format!("isolation: {}", name(isolation.value));
        answer = answer.given(fact, isolation.span, "the model asks for it");
    } else if let Some(span) = health(cx) {
        let weight = "health data of one tenant is restored, exported and erased alone";
        answer = answer.given("compliance: hipaa", span, weight);
    }
    let entity = &model.entity(tenants.by).name;
    if let Some(count) = &tenants.count {
        let fact = format!("{} rows of {entity} at the horizon", facts::people(count.value));
        let weight = format!(
            "with {} tables each, {} tables if nothing is shared",
            facts::people(tenants.tables),
            facts::people(tenants.all_tables())
        );
        answer = answer.driver(fact, count.provenance.clone(), &weight);
    } else {
        answer = answer.given(format!("tenants: {entity}"), tenancy.span, "how many is not stated");
    }
    if let Some(share) = &tenants.largest {
        let fact = format!("largest_share: {}", facts::percent(share.value.0));
        let weight = format!(
            "{} database cores at peak, of the {} of a node",
            facts::people(tenants.largest_cores()),
            facts::people(tenants.node)
        );
        answer = answer.driver(fact, share.provenance.clone(), &weight);
    }
    answer
}

fn parameters(cx: &Context<'_>, tenancy: &Tenancy, tenants: &Tenants, answer: Answer) -> Answer {
    let mut answer = match answer.choice {
        "pool" => answer
            .parameter("kept apart by", "a tenant column in every table, row-level security")
            .parameter("first column of keys and indexes", "the tenant"),
        "bridge" => answer
            .parameter(
                "kept apart by",
                "a schema for each tenant, a tenant column, row-level security",
            )
            .parameter("migrations", "the tables of all schemas at once, then the indexes of each"),
        "silo" if tenancy.isolation.is_none() && outgrows(cx, tenants) => answer
            .parameter("own database", "the largest tenant")
            .parameter("the others", "shared tables with row-level security"),
        _ => answer.parameter("kept apart by", "a database for each tenant"),
    };
    if tenancy.silo.is_some() {
        answer = answer.parameter("own database as well", "tenants for which `silo` holds");
    }
    if tenancy.region.is_some() {
        answer = answer.parameter("placed", "in the region that `region` names for the tenant");
    }
    let watched = cx.model.value(&numbers::TENANT_SHARE);
    match &tenants.largest {
        Some(share) if share.value.0 > watched && answer.choice == "pool" => {
            let watch =
                format!("the largest tenant, above {} of the load", facts::percent(watched));
            answer.parameter("watched", watch)
        }
        _ => answer,
    }
}

fn rejections(cx: &Context<'_>, tenancy: &Tenancy, tenants: &Tenants, answer: Answer) -> Answer {
    let model = cx.model;
    let stated = tenancy.isolation.as_ref().map(|of| name(of.value));
    let all = facts::people(tenants.all_tables());
    let most = facts::people(model.value(&numbers::TENANT_TABLES));
    let pool = match stated {
        Some(stated) => format!("the model asks for {stated}"),
        None if outgrows(cx, tenants) => format!(
            "the largest tenant takes {} cores, more than {} of a node of {}",
            facts::people(tenants.largest_cores()),
            facts::percent(model.value(&numbers::TENANT_NODE)),
            facts::people(tenants.node)
        ),
        None => "one backup would hold the health data of all tenants".to_owned(),
    };
    let bridge = if too_many(cx, tenants) {
        format!("{all} tables, more than {most}")
    } else {
        format!("{all} tables to migrate at each deployment, and nothing asks for it")
    };
    let count = tenants.count.as_ref().map_or_else(String::new, |of| facts::people(of.value));
    let silo = format!("{count} databases to run, back up and migrate, and nothing asks for it");
    answer
        .reject("none", "rows belong to tenants, who must not see each other's")
        .reject("pool", pool)
        .reject("bridge", bridge)
        .reject("silo", silo.trim_start().to_owned())
}

/// What the numbers forbid, whoever chooses it.
fn conflicts(cx: &Context<'_>, tenancy: &Tenancy, tenants: &Tenants, answer: Answer) -> Answer {
    let span = tenancy.isolation.as_ref().map_or(tenancy.span, |isolation| isolation.span);
    let mut answer = answer;
    if too_many(cx, tenants) {
        let message = format!(
            "a schema for each tenant makes {} tables, more than one database holds ({})",
            facts::people(tenants.all_tables()),
            facts::people(cx.model.value(&numbers::TENANT_TABLES))
        );
        let mut finding = Diagnostic::error("too-many-tenant-schemas", span, message)
            .label("a schema for each tenant")
            .help("share tables (`isolation: pool`), with a database of their own for the few who need one (`silo:`)");
        if let Some(count) = tenants.count.as_ref().and_then(|count| count.provenance.span()) {
            let text = format!("so many tenants, {} tables each", facts::people(tenants.tables));
            finding = finding.related(count, text);
        }
        answer = answer.conflict_with("bridge", finding);
    }
    if outgrows(cx, tenants) && tenancy.silo.is_none() {
        let message = format!(
            "the largest tenant takes {} database cores, more than {} of a node of {}",
            facts::people(tenants.largest_cores()),
            facts::percent(cx.model.value(&numbers::TENANT_NODE)),
            facts::people(tenants.node)
        );
        let mut finding = Diagnostic::error("tenant-outgrows-shared-store", span, message)
            .label("it shares a server with the others")
            .help("give it a database of its own: `silo:` with a condition that holds for it");
        if let Some(share) = tenants.largest.as_ref().and_then(|share| share.provenance.span()) {
            finding = finding.related(share, "its share of the load");
        }
        answer = answer.conflict_with("bridge", finding.clone()).conflict_with("pool", finding);
    }
    answer
}

const fn name(isolation: Isolation) -> &'static str {
    match isolation {
        Isolation::Pool => "pool",
        Isolation::Bridge => "bridge",
        Isolation::Silo => "silo",
    }
}
