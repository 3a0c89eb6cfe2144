//! What is worked out once, at start, for each operation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base::Span;
use decide::Design;
use decide::indexes::mentions;
use expression::{
    EntityId, FieldIndex,
    ir::{Expression, VariableIndex},
};
use model::Model;
use model::model::{
    ActorId, Addressed, Authentication, Effect, EffectKind, Operation, OperationId, OperationKind,
    Target,
};

use super::files::Holders;
use super::invariants::Dependents;
use super::journal::Journals;
use super::logins::Logins;
use super::referrers::Referrers;
use super::retention::Retentions;
use super::tenancy::Tenants;
use super::turns::Turns;
use super::walk::{expressions, followed, questions, reads_all_rows};
use crate::json::OutputPlan;
use crate::store::{Keys, Predicate, Store, StoreError};

/// All plans of a design.
#[derive(Debug)]
pub(crate) struct Plans {
    pub(crate) design: Arc<Design>,
    pub(crate) model: Arc<Model>,
    operations: Vec<Plan>,
    /// By entity: what admits actors to reading single rows of it.
    doors: Vec<Vec<GrantPlan>>,
    /// Entities whose rows can be in the middle of a durable call.
    pub(crate) interruptible: BTreeSet<EntityId>,
    /// Questions about all rows of an entity that effects and invariants ask, by place.
    pub(crate) questions: BTreeMap<Span, Predicate>,
    /// Entities whose rows actors are.
    pub(crate) people: BTreeSet<EntityId>,
    /// Whether rows are in lists of references.
    pub(crate) referrers: Referrers,
    /// Invariants that read other rows.
    pub(crate) dependents: Dependents,
    /// What becomes of rows in the end.
    pub(crate) retentions: Retentions,
    /// Told when a person asks to be forgotten.
    pub(crate) erasures: tokio::sync::Notify,
    /// What is recorded of writes and reads.
    pub(crate) journals: Journals,
    /// The keys of encrypted fields, where there are such fields.
    pub(crate) keys: Option<Arc<Keys>>,
    /// The built-in actor.
    pub(crate) system: Option<ActorId>,
    /// Which rows hold files.
    pub(crate) holders: Holders,
    /// By which logins people are found in all tenants.
    pub(crate) logins: Logins,
    /// What is asked about all rows of an entity by those who write.
    pub(crate) turns: Turns,
    /// Whom rows belong to, if there are tenants.
    pub(crate) tenants: Option<Tenants>,
}

/// The plan of one operation.
#[derive(Debug)]
pub(crate) struct Plan {
    /// In the order of the model.
    pub(crate) grants: Vec<GrantPlan>,
    /// `where`.
    pub(crate) filter: Option<GrantPlan>,
    /// Whether one of these conditions depends on what is sent.
    pub(crate) admits_by_input: bool,
    /// What is answered.
    pub(crate) output: OutputPlan,
    /// References of `self` whose rows the effects read or write in the same transaction.
    pub(crate) locks: Vec<FieldIndex>,
    /// Path of the row, up to its id, where some operation gets it.
    pub(crate) location: Option<String>,
    /// The authenticator assurance level that it asks of people: 1 to 3.
    pub(crate) assurance: u8,
}

/// Who, and under which condition.
#[derive(Clone, Debug)]
pub(crate) struct GrantPlan {
    pub(crate) actor: ActorId,
    pub(crate) condition: Option<Expression>,
    /// The condition as SQL: of lists and gets, which choose rows by it, and where only the store
    /// can tell, because the condition is about all rows of an entity.
    pub(crate) predicate: Option<Predicate>,
}

impl GrantPlan {
    fn reads_input(&self) -> bool {
        self.condition.as_ref().is_some_and(|of| mentions(of, VariableIndex::INPUT))
    }
}

/// A condition that has no SQL: the model is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Untranslatable {
    pub(crate) span: Span,
    pub(crate) operation: String,
    pub(crate) why: String,
}

impl Plans {
    pub(crate) fn build<S: Store>(
        design: &Arc<Design>,
        store: &S,
    ) -> Result<Self, Vec<Untranslatable>> {
        let model = design.model.clone();
        let mut errors = Vec::new();
        let mut operations = Vec::new();
        for (id, operation) in model.operations() {
            operations.push(plan(design, store, id, operation, &mut errors));
        }
        let questions = ask_all(&model, store, &mut errors);
        let doors = model.entities().map(|(id, _)| doors(&model, &operations, id)).collect();
        let interruptible = model.operations.iter().filter(|o| has_durable_call(&o.effects));
        let interruptible = interruptible.filter_map(Operation::entity).collect();
        let people = model.actors.iter().filter_map(|actor| actor.entity).collect();
        let system = model.actors().find(|(_, a)| a.authentication == Authentication::System);
        let system = system.map(|(id, _)| id);
        let referrers = Referrers::of(&model, store).unwrap_or_else(|(span, error)| {
            let operation = "a list of references".to_owned();
            errors.push(Untranslatable { span, operation, why: error.to_string() });
            Referrers::default()
        });
        if !errors.is_empty() {
            return Err(errors);
        }
        let tenants = Tenants::of(design);
        let dependents = Dependents::of(&model, tenants.as_ref(), store);
        Ok(Self {
            design: design.clone(),
            model,
            operations,
            doors,
            interruptible,
            questions,
            people,
            referrers,
            dependents,
            retentions: Retentions::of(design),
            erasures: tokio::sync::Notify::new(),
            journals: Journals::of(design),
            keys: store.keys().filter(|_| decide::sealed::anywhere(&design.model)).cloned(),
            system,
            holders: Holders::of(&design.model),
            logins: Logins::of(design),
            turns: Turns::of(&design.model),
            tenants,
        })
    }

    pub(crate) fn plan(&self, operation: OperationId) -> Option<&Plan> {
        self.operations.get(operation.0 as usize)
    }

    /// Whether an effect asks about all rows of an entity.
    pub(crate) fn asks(&self, effect: &Effect) -> bool {
        let mut asks = false;
        if !self.questions.is_empty() {
            let effect = std::slice::from_ref(effect);
            expressions(effect, &mut |expression| asks |= reads_all_rows(expression));
        }
        asks
    }

    /// The grants of every `get` and `list` of the entity.
    pub(crate) fn doors(&self, entity: EntityId) -> &[GrantPlan] {
        self.doors.get(entity.0 as usize).map_or(&[], Vec::as_slice)
    }
}

fn plan<S: Store>(
    design: &Design,
    store: &S,
    id: OperationId,
    operation: &Operation,
    errors: &mut Vec<Untranslatable>,
) -> Plan {
    let model = &design.model;
    let mut compile = |actor: ActorId, condition: Option<&Expression>| {
        let entity = operation.entity();
        let predicate = condition.zip(entity).and_then(|(condition, entity)| {
            let reads = matches!(operation.kind, OperationKind::List | OperationKind::Get);
            let needed = reads || reads_all_rows(condition);
            let compiled = needed.then(|| store.predicate(entity, condition))?;
            compiled.map_err(|error| errors.push(untranslatable(model, id, condition, &error))).ok()
        });
        GrantPlan { actor, condition: condition.cloned(), predicate }
    };
    let grants: Vec<GrantPlan> =
        operation.by.iter().map(|g| compile(g.actor, g.condition.as_ref())).collect();
    // `where` is for everyone: the actor of its plan is not looked at.
    let filter = operation.condition.as_ref().map(|c| compile(ActorId(0), Some(c)));
    let admits_by_input = grants.iter().chain(&filter).any(GrantPlan::reads_input);
    let locks = operation.entity().map(|entity| followed(model, entity, &operation.effects));
    let location = location(design, operation.entity());
    let output = OutputPlan::new(model, operation);
    let assurance = decide::sessions::asked(model, operation);
    let locks = locks.unwrap_or_default();
    Plan { grants, filter, admits_by_input, output, locks, location, assurance }
}

/// Compiles what effects and invariants ask about all rows of an entity.
fn ask_all<S: Store>(
    model: &Model,
    store: &S,
    errors: &mut Vec<Untranslatable>,
) -> BTreeMap<Span, Predicate> {
    let mut compiled = BTreeMap::new();
    let mut ask = |owner: &dyn Fn() -> String, expression: &Expression| {
        for question in questions(expression).unwrap_or_default() {
            match store.question(question) {
                Ok(predicate) => drop(compiled.insert(question.span, predicate)),
                Err(error) => errors.push(Untranslatable {
                    span: question.span,
                    operation: owner(),
                    why: error.to_string(),
                }),
            }
        }
    };
    for (id, operation) in model.operations() {
        expressions(&operation.effects, &mut |expression| {
            ask(&|| model.qualified_operation(id), expression);
        });
    }
    for entity in &model.entities {
        let invariants = entity.invariants.iter();
        invariants.for_each(|i| ask(&|| entity.name.value.clone(), &i.condition));
    }
    compiled
}

fn untranslatable(
    model: &Model,
    id: OperationId,
    condition: &Expression,
    error: &StoreError,
) -> Untranslatable {
    Untranslatable {
        span: condition.span,
        operation: model.qualified_operation(id),
        why: error.to_string(),
    }
}

fn doors(model: &Model, plans: &[Plan], entity: EntityId) -> Vec<GrantPlan> {
    // What is granted for some inputs is granted to nobody in general.
    let opens = |operation: &Operation, plan: &Plan| {
        matches!(operation.kind, OperationKind::Get | OperationKind::List)
            && operation.target == Target::Entity(entity)
            && !plan.grants.iter().any(GrantPlan::reads_input)
    };
    let pairs = model.operations.iter().zip(plans);
    let pairs = pairs.filter(|(operation, plan)| opens(operation, plan));
    pairs.flat_map(|(_, plan)| plan.grants.iter().cloned()).collect()
}

/// The path of the first `get` by id, without the id.
fn location(design: &Design, entity: Option<EntityId>) -> Option<String> {
    let gets = design.model.operations().filter(|(_, operation)| {
        operation.kind == OperationKind::Get
            && operation.addressed == Addressed::Id
            && operation.entity() == entity
            && !operation.input.parameters.iter().any(|input| input.required)
    });
    let mut routes = gets.filter_map(|(id, _)| design.route(id));
    let path = routes.find_map(|route| route.path().strip_suffix("{id}").map(str::to_owned));
    path.filter(|path| !path.contains('{'))
}

/// Whether a call among the effects commits what precedes it.
pub(crate) fn has_durable_call(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| match &effect.kind {
        EffectKind::Call(call) => !call.inline && !call.safe,
        _ => false,
    })
}
