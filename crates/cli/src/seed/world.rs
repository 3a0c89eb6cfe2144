//! The rows that were made so far, and whom they belong to.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use expression::{EntityId, Value};
use model::{
    Model,
    model::{ActorId, Authentication},
};
use runtime::{
    call::Caller,
    identity::{Issuer, TOKEN_LIFETIME},
};

use super::{random::Random, values::Targets};

/// A row that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its id.
    pub id: u128,
    /// The subject that made it.
    pub by: Option<String>,
    /// The subject that it stands for, where an actor is a row of this entity.
    pub subject: Option<String>,
    /// Its state.
    pub state: Option<String>,
}

/// All of them.
#[derive(Debug)]
pub struct World<'a> {
    model: &'a Model,
    issuer: &'a Issuer,
    rows: BTreeMap<EntityId, Vec<Made>>,
    known: BTreeSet<u128>,
    /// Positions of rows by the subject they stand for.
    subjects: BTreeMap<(EntityId, String), usize>,
    /// Ids of rows by the subject that made them.
    owned: BTreeMap<(EntityId, String), Vec<u128>>,
    /// Who signed in before: signatures cost more than everything else here.
    callers: RefCell<BTreeMap<(ActorId, String), Caller>>,
}

/// Somebody who asks.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// As the backend sees the caller.
    pub caller: Caller,
    /// The row it is, if it is one already.
    pub row: Option<(EntityId, u128)>,
}

impl Person {
    /// The verified subject.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.caller.identity.as_ref().map(|identity| &*identity.subject)
    }
}

impl<'a> World<'a> {
    /// An empty world; `issuer` vouches for its subjects.
    #[must_use]
    pub fn new(model: &'a Model, issuer: &'a Issuer) -> Self {
        let (rows, known) = (BTreeMap::new(), BTreeSet::new());
        Self {
            model,
            issuer,
            rows,
            known,
            subjects: BTreeMap::new(),
            owned: BTreeMap::new(),
            callers: RefCell::default(),
        }
    }

    /// The rows of an entity, in the order they were made.
    #[must_use]
    pub fn rows(&self, entity: EntityId) -> &[Made] {
        self.rows.get(&entity).map_or(&[], Vec::as_slice)
    }

    /// Notes a row, unless it is known: an upsert may have met one.
    pub fn add(&mut self, entity: EntityId, row: Made) {
        if !self.known.insert(row.id) {
            return;
        }
        let rows = self.rows.entry(entity).or_default();
        if let Some(subject) = &row.subject {
            self.subjects.insert((entity, subject.clone()), rows.len());
        }
        if let Some(by) = &row.by {
            self.owned.entry((entity, by.clone())).or_default().push(row.id);
        }
        rows.push(row);
    }

    /// Notes the state that a row has reached.
    pub fn moved(&mut self, entity: EntityId, at: usize, state: String) {
        if let Some(row) = self.rows.get_mut(&entity).and_then(|rows| rows.get_mut(at)) {
            row.state = Some(state);
        }
    }

    /// Somebody new, who becomes the row that it is about to create.
    #[must_use]
    pub fn newcomer(&self, actor: ActorId, index: u64) -> Option<Person> {
        let subject = format!("{}-{}", self.model.actor(actor).name.value, index + 1);
        Some(Person { caller: self.signed_in(actor, &subject)?, row: None })
    }

    /// One of those who can act as this actor: `owner` if it can, else any; `None` if the actor
    /// is a row and there is none yet.
    #[must_use]
    pub fn person(
        &self,
        actor: ActorId,
        owner: Option<&str>,
        random: &mut Random,
    ) -> Option<Person> {
        let known = self.model.actor(actor);
        let Some(entity) = known.entity else {
            let proves_nothing =
                matches!(known.authentication, Authentication::None | Authentication::System);
            let caller = match proves_nothing {
                true => self.anonymous(actor),
                false => self.signed_in(actor, &known.name.value)?,
            };
            return Some(Person { caller, row: None });
        };
        let rows = self.rows(entity);
        let owned = owner.and_then(|owner| self.subjects.get(&(entity, owner.to_owned())));
        let at = match owned {
            Some(at) => *at,
            None => random.below(rows.len())?,
        };
        let row = rows.get(at)?;
        let caller = self.signed_in(actor, row.subject.as_deref()?)?;
        Some(Person { caller, row: Some((entity, row.id)) })
    }

    /// A caller with a verified token, exactly as over HTTP.
    fn signed_in(&self, actor: ActorId, subject: &str) -> Option<Caller> {
        let key = (actor, subject.to_owned());
        if let Some(caller) = self.callers.borrow().get(&key) {
            return Some(caller.clone());
        }
        let token = self.issuer.issue(actor, subject, TOKEN_LIFETIME).ok()?;
        let caller = self.issuer.caller(&token).ok()?;
        self.callers.borrow_mut().insert(key, caller.clone());
        Some(caller)
    }

    fn anonymous(&self, actor: ActorId) -> Caller {
        let mut caller = self.issuer.anonymous().clone();
        if !caller.actors.contains(&actor) {
            caller.actors.push(actor);
        }
        caller
    }
}

/// What one person may refer to: itself, its own rows of what people own, and what nobody owns.
pub struct Reachable<'a> {
    /// The rows.
    pub world: &'a World<'a>,
    /// Who asks.
    pub person: &'a Person,
}

impl Targets for Reachable<'_> {
    fn pick(
        &self,
        entity: EntityId,
        unique: bool,
        index: u64,
        random: &mut Random,
    ) -> Option<u128> {
        let rows = self.world.rows(entity);
        let own = self.person.row;
        if let Some((_, id)) = own.filter(|(own, _)| *own == entity) {
            return Some(id);
        }
        if unique {
            return rows.get(usize::try_from(index).ok()?).map(|row| row.id);
        }
        if let Some((own, _)) = own {
            let people = &self.world.subjects;
            let owner = |row: &Made| {
                row.by.as_ref().is_some_and(|by| people.contains_key(&(own, by.clone())))
            };
            if rows.first().is_some_and(owner) {
                let key = (entity, self.person.subject()?.to_owned());
                let mine = self.world.owned.get(&key)?;
                return random.below(mine.len()).and_then(|at| mine.get(at).copied());
            }
        }
        random.below(rows.len()).and_then(|at| rows.get(at)).map(|row| row.id)
    }
}

/// The id of a row in an answer's body.
#[must_use]
pub fn id_in(body: &serde_json::Value) -> Option<u128> {
    let text = body.get("id")?.as_str()?.replace('-', "");
    u128::from_str_radix(&text, 16).ok()
}

/// The text of an input, if it is one.
#[must_use]
pub fn text_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Text(text) => Some(text.to_string()),
        _ => None,
    }
}
