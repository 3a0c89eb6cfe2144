//! What is started, and what reaches what: read off the design once for every form of deployment.

use std::collections::{BTreeMap, BTreeSet};

use decide::{
    Design, crossings,
    crossings::End,
    decided, deployables,
    sizing::{BrokerKind, Service, Store, StoreKind},
};
use model::model::{Authentication, ContextId, Endpoint, EndpointKind, Pipeline};

/// The port that every deployable listens on.
pub const PORT: u16 = 8080;
/// Who a container runs as: a user without a name and without rights.
pub const USER: u32 = 65532;

/// Everything that manifests are made from.
pub struct Plan<'d> {
    /// The design.
    pub design: &'d Design,
    /// The system's name as namespaces may be called.
    pub system: String,
    /// What is deployed, by name.
    pub services: Vec<Deployed<'d>>,
    /// PostgreSQL and what stands beside it, by name.
    pub stores: Vec<&'d Store>,
}

/// A deployable with what it reaches.
pub struct Deployed<'d> {
    /// Its sizes.
    pub service: &'d Service,
    /// Its contexts, by name; empty where it is the only deployable and serves everything.
    pub serves: Vec<&'d str>,
    /// Deployables that it calls over the network.
    pub calls: BTreeSet<&'d str>,
    /// Externals that it calls.
    pub externals: BTreeSet<&'d str>,
    /// Whether it sends requests out of the system: to externals, to subscribers of webhooks, for
    /// pipelines.
    pub sends_out: bool,
    /// Its stores.
    pub stores: Vec<&'d Store>,
    /// Whether actors outside the system ask it.
    pub public: bool,
}

impl<'d> Plan<'d> {
    /// Reads a design.
    pub fn of(design: &'d Design) -> Self {
        let sizing = &design.sizing;
        let alone = sizing.services.len() == 1;
        let reached = reached(design);
        let deployed = |(at, service): (usize, &'d Service)| {
            let name = |id: &ContextId| design.model.context(*id).name.value.as_str();
            let serves: Vec<&str> = service.contexts.iter().map(name).collect();
            let (calls, externals) = reached.get(&at).cloned().unwrap_or_default();
            Deployed {
                service,
                serves: if alone { Vec::new() } else { serves },
                calls,
                sends_out: !externals.is_empty() || sends_out(design, service),
                externals,
                stores: sizing.stores.iter().filter(|store| store.service == at).collect(),
                public: public(design, service),
            }
        };
        let mut services: Vec<Deployed<'d>> =
            sizing.services.iter().enumerate().map(deployed).collect();
        services.sort_by(|a, b| a.service.name.cmp(&b.service.name));
        let mut stores: Vec<&Store> = sizing.stores.iter().collect();
        stores.sort_by(|a, b| a.name.cmp(&b.name));
        Self { design, system: deployables::system(&design.model), services, stores }
    }

    /// What `deployment` decides, if it does.
    fn deployment(&self) -> Option<&'static str> {
        let verdict = self.design.verdicts.iter().find(|verdict| verdict.family == "deployment");
        verdict.map(|verdict| verdict.choice)
    }

    /// Whether there are manifests for Kubernetes: where it is decided, and where availability
    /// needs more than one replica, which somebody has to place, watch and replace.
    pub fn kubernetes(&self) -> bool {
        let several = self.services.iter().any(|of| of.service.replicas > 1);
        self.deployment() == Some("kubernetes") || several
    }

    /// Whether there are units of systemd.
    pub fn systemd(&self) -> bool {
        match self.deployment() {
            Some(choice) => choice == "systemd",
            None => self.services.len() == 1,
        }
    }

    /// The broker, if there is one.
    pub fn broker(&self) -> Option<BrokerKind> {
        self.design.sizing.broker.as_ref().map(|broker| broker.kind)
    }
}

impl<'d> Deployed<'d> {
    /// Its name.
    pub fn name(&self) -> &'d str {
        &self.service.name
    }

    /// Its PostgreSQL server.
    pub fn postgresql(&self) -> Option<&'d Store> {
        self.stores.iter().copied().find(|store| store.kind == StoreKind::Postgresql)
    }

    /// What `firm` is told: to serve the model, or its own contexts of it.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["up".to_owned(), "/model".to_owned()];
        for context in &self.serves {
            arguments.extend(["--service".to_owned(), (*context).to_owned()]);
        }
        arguments
    }
}

/// Deployables and externals that a deployable calls, by its position.
type Reached<'d> = BTreeMap<usize, (BTreeSet<&'d str>, BTreeSet<&'d str>)>;

fn reached(design: &Design) -> Reached<'_> {
    let services = &design.sizing.services;
    let home = |id: ContextId| services.iter().position(|of| of.contexts.contains(&id));
    let facts = design.facts();
    let mut all = Reached::new();
    for crossing in crossings::of(facts, &decided::operation_names(facts)) {
        let Some(from) = home(crossing.from) else { continue };
        if let End::External(id, _) = crossing.to {
            let name = design.model.external(id).name.value.as_str();
            all.entry(from).or_default().1.insert(name);
        }
        let Some(context) = crossing.to.context(facts) else { continue };
        let Some(to) = home(context) else { continue };
        if from != to
            && waits(design, crossing.from, context)
            && let Some(service) = services.get(to)
        {
            all.entry(from).or_default().0.insert(&service.name);
        }
    }
    all
}

/// Whether the link between two contexts is a call that is waited for: copies and commands go
/// through the broker.
fn waits(design: &Design, from: ContextId, to: ContextId) -> bool {
    let name = |id: ContextId| design.model.context(id).name.value.as_str();
    let subject = format!("{}->{}", name(from), name(to));
    design.verdicts.iter().any(|verdict| {
        verdict.family == "link" && verdict.subject == subject && verdict.choice == "sync"
    })
}

/// Whether it sends webhooks, or has pipelines with an end elsewhere.
fn sends_out(design: &Design, service: &Service) -> bool {
    let model = &design.model;
    let here = |entity| service.contexts.contains(&model.entity(entity).context);
    let elsewhere = |end: &Endpoint| matches!(end.kind, EndpointKind::Http | EndpointKind::Sftp);
    let inside = |end: &Endpoint| matches!(end.kind, EndpointKind::Entity(entity) if here(entity));
    let far = |of: &Pipeline| {
        (elsewhere(&of.from) && inside(&of.to)) || (elsewhere(&of.to) && inside(&of.from))
    };
    model.webhooks.iter().any(|webhook| here(webhook.subscriber)) || model.pipelines.iter().any(far)
}

/// Whether anybody but the system and its own services asks it.
fn public(design: &Design, service: &Service) -> bool {
    let model = &design.model;
    let here = |operation: &&model::model::Operation| service.contexts.contains(&operation.context);
    let outside = |operation: &model::model::Operation| {
        let asks = |grant: &model::model::Grant| {
            model.actor(grant.actor).authentication != Authentication::System
        };
        operation.by.iter().any(asks)
    };
    let called_back = model.externals.iter().flat_map(|external| &external.callbacks);
    let mut called_back = called_back.filter_map(|callback| callback.call.operation());
    model.operations.iter().filter(here).any(outside)
        || called_back.any(|id| service.contexts.contains(&model.operation(id).context))
}
