//! What a reviewer looks for first, gathered once.

use std::collections::BTreeSet;

use decide::{
    Design, crossings,
    deployables::{self, Deployable},
    design::Verdict,
};
use expression::Type;
use model::model::{Addressed, Authentication, Operation, OperationId};

/// Facts about the whole model.
pub struct Scan<'d> {
    pub design: &'d Design,
    pub deployables: Vec<Deployable>,
    /// Public operations with their names, by name.
    pub public: Vec<(OperationId, String)>,
    /// Names of what only `system` may do.
    pub inner: Vec<String>,
    /// OWASP ASVS level: 1, 2 or 3.
    pub level: u8,
    /// Whether the model states it.
    pub level_stated: bool,
}

impl<'d> Scan<'d> {
    pub fn of(design: &'d Design) -> Self {
        let names = decide::decided::operation_names(design.facts());
        let mut public = Vec::new();
        let mut inner = Vec::new();
        for ((id, _), name) in design.model.operations().zip(names) {
            if design.route(id).is_some() { public.push((id, name)) } else { inner.push(name) }
        }
        public.sort_by(|a, b| a.1.cmp(&b.1));
        inner.sort();
        let stated = design.model.system.needs.assurance.as_ref();
        let level = match stated.map(|of| of.value.as_str()) {
            Some("L1") => 1,
            Some("L3") => 3,
            _ => match design.verdict("asvs", "system").map(|of| of.choice) {
                Some("l1") => 1,
                Some("l3") => 3,
                _ => 2,
            },
        };
        let level_stated = stated.is_some();
        Self { design, deployables: deployables::of(design), public, inner, level, level_stated }
    }

    pub fn operation(&self, id: OperationId) -> &'d Operation {
        self.design.model.operation(id)
    }

    pub fn verdict(&self, family: &str, subject: &str) -> Option<&'d Verdict> {
        self.design.verdict(family, subject)
    }

    /// Whether a family chose an option for any subject.
    pub fn chosen(&self, family: &str, choice: &str) -> bool {
        self.design.verdicts.iter().any(|of| of.family == family && of.choice == choice)
    }

    /// Public operations for which something holds, by name.
    pub fn which(&self, holds: impl Fn(&Operation) -> bool) -> Vec<String> {
        let public = self.public.iter().filter(|(id, _)| holds(self.operation(*id)));
        public.map(|(_, name)| name.clone()).collect()
    }

    /// Operations that everyone may call.
    pub fn anonymous(&self, writes: bool) -> Vec<String> {
        self.which(|of| {
            let open =
                |actor| self.design.model.actor(actor).authentication == Authentication::None;
            of.writes() == writes && of.by.iter().any(|grant| open(grant.actor))
        })
    }

    /// Operations on one row that some actor reaches without a condition on it.
    pub fn unconditional(&self) -> Vec<String> {
        self.which(|of| {
            of.addressed != Addressed::Collection
                && of.by.iter().any(|grant| grant.condition.is_none())
        })
    }

    /// Whether a field of any entity has a type.
    pub fn has_type(&self, wanted: impl Fn(&Type) -> bool) -> bool {
        let entities = self.design.model.entities.iter();
        let mut fields = entities
            .flat_map(|of| of.fields.iter().chain(of.parts.iter().flat_map(|part| &part.fields)));
        fields.any(|field| wanted(field.ty.required()))
    }

    pub fn has_files(&self) -> bool {
        self.has_type(|ty| matches!(ty, Type::File { .. }))
    }

    pub fn authenticates(&self, by: Authentication) -> bool {
        self.design.model.actors.iter().any(|of| of.authentication == by)
    }

    /// Names of externals, by name.
    pub fn externals(&self) -> Vec<&'d str> {
        let mut names: Vec<&str> =
            self.design.model.externals.iter().map(|of| of.name.value.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// Deployables that call each other over a network.
    pub fn remote(&self) -> BTreeSet<(String, String)> {
        let facts = self.design.facts();
        let names = decide::decided::operation_names(facts);
        let place = |context| {
            let of = self.deployables.iter().find(|of| of.contexts.contains(&context));
            of.map_or_else(String::new, |of| of.name.clone())
        };
        let all = crossings::of(facts, &names).into_iter().filter_map(|crossing| {
            let to = crossing.to.context(facts)?;
            Some((place(crossing.from), place(to)))
        });
        all.filter(|(from, to)| from != to).collect()
    }
}
