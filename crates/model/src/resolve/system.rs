//! The system, its teams and needs, contexts, actors and decisions: all but their conditions.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{Diagnostic, Provenance, Quantity, Share, Spanned, did_you_mean, one_of};
use expression::currency::codes;
use expression::schema::Settings;
use jiff::tz::TimeZone;

use super::entities::{given, is_set};
use super::names::{Names, SYSTEM};
use crate::model::{Acceptance, Actor, Authentication, Context, Needs, Override, System, Team};
use crate::syntax::{self, SyntaxTree};

/// Currency of a model that states none.
const DEFAULT_CURRENCY: &str = "EUR";

/// The `system` section without tenancy, which needs entities.
pub(crate) fn system(tree: &SyntaxTree) -> System {
    let Some(written) = &tree.system else { return System::default() };
    let text = |text: &Option<Spanned<String>>| text.as_ref().map(|t| t.value.clone());
    let stated = written.currencies.iter().map(|currency| currency.value.clone());
    let currencies: Vec<String> = stated.collect();
    System {
        name: text(&written.name).unwrap_or_default(),
        summary: text(&written.summary).unwrap_or_default(),
        needs: needs(written.needs.as_ref()),
        teams: written.teams.iter().map(|(name, team)| self::team(name, team)).collect(),
        currencies: if currencies.is_empty() {
            vec![DEFAULT_CURRENCY.to_owned()]
        } else {
            currencies
        },
        time_zone: text(&written.time_zone).unwrap_or_else(|| "UTC".to_owned()),
        tenancy: None,
        existing: written.existing.as_ref().map(|existing| existing.span),
    }
}

/// What expressions know of money and time.
pub(crate) fn settings(system: &System, tree: &SyntaxTree, sink: &mut Vec<Diagnostic>) -> Settings {
    let written = tree.system.as_ref().and_then(|system| system.time_zone.as_ref());
    let time_zone = TimeZone::get(&system.time_zone).unwrap_or_else(|_| {
        if let Some(written) = written {
            let message = format!("there is no time zone `{written}`");
            sink.push(
                Diagnostic::error("unknown-time-zone", written.span, message)
                    .help("write an IANA name such as `Europe/Berlin`"),
            );
        }
        TimeZone::UTC
    });
    for currency in tree.system.iter().flat_map(|system| &system.currencies) {
        if codes().all(|code| code != currency.value) {
            let message = format!("`{currency}` is no currency that ISO 4217 has in use");
            let diagnostic = Diagnostic::warning("unknown-currency", currency.span, message)
                .note("its amounts get two digits after the point");
            sink.push(match did_you_mean(currency, codes()) {
                Some(code) => diagnostic.suggest(Some(code)),
                None => diagnostic.help("write an ISO 4217 code such as `EUR`"),
            });
        }
    }
    let currencies = system.currencies.iter().map(|code| Arc::from(code.as_str())).collect();
    Settings { currencies, time_zone }
}

/// Needs as written; what is not stated gets its default where it is decided upon.
pub(crate) fn needs(written: Option<&syntax::Needs>) -> Needs {
    let Some(written) = written else { return Needs::default() };
    let recovery = written.recovery.as_ref();
    Needs {
        concurrent_users: given(written.concurrent_users.as_ref()),
        growth: written.growth.as_ref().map(|growth| Quantity {
            value: Share(growth.value.per_year.0),
            provenance: Provenance::Given(growth.span),
        }),
        headroom: given(written.headroom.as_ref()),
        availability: given(written.availability.as_ref()),
        latency: given(written.latency.as_ref()),
        recovery_time: given(recovery.and_then(|recovery| recovery.time.as_ref())),
        recovery_point: given(recovery.and_then(|recovery| recovery.point.as_ref())),
        regions: written.regions.clone(),
        compliance: written.compliance.clone(),
        assurance: written.assurance.clone(),
        budget: given(written.budget.as_ref()),
        retention: given(written.retention.as_ref()),
    }
}

fn team(name: &Spanned<String>, written: &syntax::Team) -> Team {
    let switch = |switch: &Option<Spanned<bool>>| switch.as_ref().map(|s| s.value);
    Team {
        name: name.value.clone(),
        people: given(written.people.as_ref()),
        deploys: given(written.deploys.as_ref()),
        on_call: switch(&written.on_call),
        ci: switch(&written.ci),
        iac: switch(&written.iac),
        skills: written.skills.clone(),
    }
}

/// The contexts, the one of what no context holds last.
pub(crate) fn contexts(
    names: &Names<'_>,
    tree: &SyntaxTree,
    sink: &mut Vec<Diagnostic>,
) -> Vec<Context> {
    let teams: BTreeMap<&str, usize> = tree
        .system
        .iter()
        .flat_map(|system| &system.teams)
        .enumerate()
        .map(|(at, (name, _))| (name.as_str(), at))
        .collect();
    let mut contexts = Vec::with_capacity(names.homes.len());
    for (name, written) in &tree.contexts {
        let team = written.team.as_ref().and_then(|team| {
            let found = teams.get(team.as_str()).copied();
            if found.is_none() {
                let message = format!("there is no team `{team}`");
                let near = did_you_mean(team, teams.keys().copied());
                let known = one_of(teams.keys().copied());
                sink.push(
                    Diagnostic::error("unknown-team", team.span, message)
                        .help(format!("the teams are {known}"))
                        .suggest(near),
                );
            }
            found
        });
        contexts.push(Context {
            name: name.clone(),
            summary: written.summary.as_ref().map(|summary| summary.value.clone()),
            team,
            needs: needs(written.needs.as_ref()),
            unassigned: false,
        });
    }
    if let Some(home) = names.unassigned.and_then(|id| names.homes.get(usize::from(id.0))) {
        contexts.push(Context {
            name: home.name.clone(),
            summary: None,
            team: None,
            needs: Needs::default(),
            unassigned: true,
        });
    }
    contexts
}

/// The actors, `system` last; `login` and `when` follow in `conditions`.
pub(crate) fn actors(
    names: &Names<'_>,
    tree: &SyntaxTree,
    sink: &mut Vec<Diagnostic>,
) -> Vec<Actor> {
    let mut actors: Vec<Actor> =
        tree.actors.iter().map(|(name, written)| actor(names, name, written, sink)).collect();
    actors.push(Actor {
        name: Spanned::new(SYSTEM.to_owned(), base::Span::default()),
        authentication: Authentication::System,
        entity: None,
        login: None,
        role: None,
        when: None,
        clients: Vec::new(),
        count: None,
        all_tenants: false,
    });
    actors
}

fn actor(
    names: &Names<'_>,
    name: &Spanned<String>,
    written: &syntax::Actor,
    sink: &mut Vec<Diagnostic>,
) -> Actor {
    let authentication = written.auth.as_ref().map_or(Authentication::User, |auth| auth.value);
    let nobody = authentication == Authentication::None;
    let claims = [
        ("is", written.entity.as_ref().map(|path| path.span)),
        ("role", written.role.as_ref().map(|role| role.span)),
        ("login", written.login.as_ref().map(|login| login.span)),
    ];
    for (key, span) in claims.into_iter().filter(|_| nobody) {
        let Some(span) = span else { continue };
        let message = format!("`{name}` is everyone: `{key}` says nothing here");
        sink.push(
            Diagnostic::error("anonymous-actor", span, message)
                .note("`auth: none` means that nobody proves who they are")
                .help(format!("leave `{key}` out, or choose another `auth`")),
        );
    }
    let entity = written.entity.as_ref().filter(|_| !nobody);
    Actor {
        name: name.clone(),
        authentication,
        entity: entity.and_then(|path| names.find(&names.entities, path, names.unassigned, sink)),
        login: None,
        role: written.role.as_ref().map(|role| role.value.clone()),
        when: None,
        clients: written.clients.iter().map(|client| client.value).collect(),
        count: given(written.count.as_ref()),
        all_tenants: is_set(written.all_tenants.as_ref()),
    }
}

/// Decisions that the model takes itself.
pub(crate) fn overrides(tree: &SyntaxTree) -> Vec<Override> {
    let complete = tree.decisions.iter().filter_map(|(id, written)| {
        Some(Override {
            id: id.clone(),
            choose: written.choose.clone()?,
            because: written.because.as_ref()?.value.clone(),
            until: written.until.clone(),
        })
    });
    complete.collect()
}

/// Findings that the model accepts. Their ids are checked by whoever makes findings.
pub(crate) fn accepted(tree: &SyntaxTree) -> Vec<Acceptance> {
    let mut accepted = Vec::with_capacity(tree.accept.len());
    for (id, written) in &tree.accept {
        let Some(because) = &written.because else { continue };
        accepted.push(Acceptance {
            id: id.clone(),
            because: because.value.clone(),
            until: written.until.clone(),
        });
    }
    accepted
}
