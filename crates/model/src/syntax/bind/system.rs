//! The top level, the system, actors, contexts and decisions.

use base::Spanned;

use super::case::{AnyName, LowerCamel, UpperCamel};
use super::forms::{Flag, List, Map, Name, OneOf, OneOrMany, Plain, Prose, Short, Word, Words};
use super::special::{AllTenants, Assurance, Currency, Date, Decisions, From, ValueType, Version};
use super::value::Expression;
use super::{Binder, keys};
use crate::model::{Authentication, ClientKind};
use crate::syntax::short::{
    Availability, Count, Factor, GrowthForm, Keeping, Latency, Losing, PathForm, PlainRate,
    PriceForm, ShareForm,
};
use crate::syntax::{
    Acceptance, Actor, Context, Decision, Entity, Event, External, Flow, Isolation, Named, Needs,
    Operation, Pipeline, Recovery, Schedule, SyntaxTree, System, Team, Tenancy, Tenants, Value,
    View, Webhook,
};
use crate::yaml::Mapping;

/// One file of a model.
#[derive(Default)]
pub(crate) struct ModelFile {
    pub(crate) tree: SyntaxTree,
    pub(crate) include: Vec<Spanned<String>>,
    /// Whether `firmitas` and `system` are there, readable or not.
    pub(crate) mentions: (bool, bool),
    decisions: Option<(Named<Decision>, Named<Acceptance>)>,
}

keys!(ModelFile, "a model", {
    "firmitas" => tree.version: Version, "The version of the language: 1.";
    "include" => include: OneOrMany<Word>, "More files of this model.";
    "system" => tree.system: System, "What it is, and what it needs.";
    "actors" => tree.actors: Map<LowerCamel, Actor>, "Who may ask for operations.";
    "types" => tree.types: Map<UpperCamel, ValueType>, "Values made of fields.";
    "contexts" => tree.contexts: Map<LowerCamel, Context>, "Bounded contexts.";
    "entities" => tree.unassigned.entities: Map<UpperCamel, Entity>, "Entities of no context yet.";
    "operations" => tree.unassigned.operations: Map<LowerCamel, Operation>, "Their operations.";
    "events" => tree.unassigned.events: Map<UpperCamel, Event>, "Their events.";
    "views" => tree.unassigned.views: Map<LowerCamel, View>, "Their views.";
    "externals" => tree.externals: Map<LowerCamel, External>, "Systems that are not ours.";
    "flows" => tree.flows: Map<LowerCamel, Flow>, "Sagas.";
    "schedules" => tree.schedules: Map<LowerCamel, Schedule>, "What the clock starts.";
    "pipelines" => tree.pipelines: Map<LowerCamel, Pipeline>, "Rows from and to elsewhere.";
    "webhooks" => tree.webhooks: Map<LowerCamel, Webhook>, "Events sent to subscribers.";
    "decisions" => decisions: Decisions, "What the model decides itself.";
} check_file);

fn check_file(file: &mut ModelFile, mapping: &Mapping, _: &mut Binder<'_>) {
    file.tree.incomplete |= mapping.incomplete;
    file.mentions = (mapping.get("firmitas").is_some(), mapping.get("system").is_some());
    if let Some((decisions, accept)) = file.decisions.take() {
        file.tree.decisions = decisions;
        file.tree.accept = accept;
    }
}

keys!(Context, "a context", span span, {
    "team" => team: Name, "The team that owns it.";
    "summary" => summary: Prose, "One sentence.";
    "needs" => needs: Needs, "Needs of its own.";
    "entities" => declarations.entities: Map<UpperCamel, Entity>, "What it stores.";
    "operations" => declarations.operations: Map<LowerCamel, Operation>, "What may be asked.";
    "events" => declarations.events: Map<UpperCamel, Event>, "What it tells.";
    "views" => declarations.views: Map<LowerCamel, View>, "Read models.";
});

keys!(System, "the system", span span, {
    "name" => name: Prose [required], "Its name.";
    "summary" => summary: Prose, "One sentence.";
    "needs" => needs: Needs, "Needs of all that states none of its own.";
    "teams" => teams: Map<AnyName, Team>, "Who builds and runs it.";
    "currency" => currencies: OneOrMany<Currency>, "The currency; several make money carry its own.";
    "time_zone" => time_zone: Word, "IANA name; UTC unless stated.";
    "tenancy" => tenancy: Tenancy, "Whether there are tenants, and how they are told apart.";
    "existing" => existing: Value, "The system that is being replaced.";
});

keys!(Needs, "needs", span span, {
    "concurrent_users" => concurrent_users: Short<Count>, "People or devices at once.";
    "growth" => growth: Short<GrowthForm>, "How it grows.";
    "headroom" => headroom: Short<Factor>, "Multiple of the stated peak that must hold.";
    "availability" => availability: Short<Availability>, "Share of requests served well.";
    "latency" => latency: Short<Latency>, "The objective.";
    "recovery" => recovery: Recovery, "How fast, and losing how much.";
    "regions" => regions: List<Word>, "Where it runs.";
    "compliance" => compliance: List<Word>, "Regimes: gdpr, pci, ...";
    "assurance" => assurance: Assurance, "OWASP ASVS level.";
    "budget" => budget: Short<PriceForm>, "Money available.";
    "retention" => retention: Short<Keeping>, "How long data is kept where nothing else is said.";
});

keys!(Recovery, "a recovery", span span, {
    "rto" => time: Short<Keeping>, "Recovery time objective.";
    "rpo" => point: Short<Losing>, "Recovery point objective: how much may be lost.";
});

keys!(Team, "a team", span span, {
    "people" => people: Short<Count>, "How many.";
    "deploys" => deploys: Short<PlainRate>, "How often it deploys.";
    "on_call" => on_call: Flag, "Whether it can be called at night.";
    "ci" => ci: Flag, "Whether it has continuous integration.";
    "iac" => iac: Flag, "Whether its infrastructure is code.";
    "skills" => skills: List<Word>, "What it knows.";
});

keys!(Tenants, "a tenancy", span span, {
    "by" => by: Plain<PathForm> [required], "The tenant entity.";
    "from" => from: From, "What tells the tenant of a request.";
    "isolation" => isolation: OneOf<Isolation>, "How far tenants are kept apart.";
    "silo" => silo: Expression, "Which tenants get their own.";
    "region" => region: Expression, "Where a tenant's data is.";
    "largest_share" => largest_share: Short<ShareForm>, "Load of the largest tenant.";
});

keys!(Actor, "an actor", span span, {
    "doc" => doc: Prose, "Who it is.";
    "auth" => auth: OneOf<Authentication> [required], "How it proves who it is.";
    "is" => entity: Plain<PathForm>, "The entity whose row it is.";
    "login" => login: Name, "The field by which rows are linked at first sign-in.";
    "role" => role: Word, "The claim of the verified token that it needs.";
    "when" => when: Expression, "A condition over `actor`.";
    "client" => clients: OneOrMany<OneOf<ClientKind>>, "What its requests come from: `browser`, `mobile`, `partner`, `internal`.";
    "count" => count: Short<Count>, "How many there are.";
    "tenants" => all_tenants: AllTenants, "`all`: crosses tenants, audited.";
});

keys!(Decision, "a decision", span span, {
    "choose" => choose: Word [required], "The option.";
    "because" => because: Prose [required], "Why.";
    "until" => until: Date, "When it is asked again.";
});

keys!(Acceptance, "an accepted finding", span span, {
    "because" => because: Prose [required], "Why.";
    "until" => until: Date, "When it is asked again.";
});

impl Words for Authentication {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("none", Self::None),
        ("user", Self::User),
        ("service", Self::Service),
        ("key", Self::Key),
        ("certificate", Self::Certificate),
    ];
}

impl Words for ClientKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("browser", Self::Browser),
        ("mobile", Self::Mobile),
        ("partner", Self::Partner),
        ("internal", Self::Internal),
    ];
}

impl Words for Isolation {
    const WORDS: &'static [(&'static str, Self)] =
        &[("pool", Self::Pool), ("bridge", Self::Bridge), ("silo", Self::Silo)];
}
