//! Makes the planned rows by asking the backend for them, as the actors of the model would.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use expression::{EntityId, Type, Value};
use model::{
    Model,
    model::{Addressed, Operation, States},
};
use runtime::{
    Problem,
    call::{Answer, Body, InputValues, Request, Trace},
    http::Executor,
    identity::Issuer,
};
use tokio::task::JoinSet;

use super::{
    plan::{Move, Plan, Step, Way},
    random::Random,
    values::{Purpose, Values},
    world::{Made, Person, Reachable, World, id_in, text_of},
};

/// Requests under way at once: enough for the store to commit several together.
const AT_ONCE: usize = 64;
/// How often a row is tried again with other values after a refusal.
const ATTEMPTS: u64 = 12;
/// Most states a row is moved through.
const MOVES: u64 = 6;

/// What came of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Harvest {
    /// Rows made of each entity, in the order of the plan.
    pub rows: Vec<(EntityId, usize)>,
    /// How often the backend refused, by the code of the problem.
    pub refused: BTreeMap<String, usize>,
    /// Actors and subjects that rows stand for: for `firm token --actor .. --as ..`.
    pub subjects: Vec<(String, String)>,
}

/// Makes the rows of a plan.
pub struct Sower<'a> {
    backend: Arc<dyn Executor>,
    model: &'a Model,
    world: World<'a>,
    seed: u64,
    now: i64,
    harvest: Harvest,
}

impl<'a> Sower<'a> {
    /// A sower for a backend; `issuer` vouches for its subjects, `now` is in microseconds since the
    /// Unix epoch.
    #[must_use]
    pub fn new(
        backend: Arc<dyn Executor>,
        model: &'a Model,
        issuer: &'a Issuer,
        seed: u64,
        now: i64,
    ) -> Self {
        let world = World::new(model, issuer);
        Self { backend, model, world, seed, now, harvest: Harvest::default() }
    }

    /// Makes everything, telling `progress` after each batch how many rows there are.
    pub async fn sow(mut self, plan: &Plan, progress: &mut dyn FnMut(usize)) -> Harvest {
        let mut done = 0;
        for step in &plan.steps {
            let before = done;
            self.create(step, &mut |rows| {
                done = before + rows;
                progress(done);
            })
            .await;
            for way in &step.furnish {
                self.furnish(step.entity, *way).await;
            }
            self.harvest.rows.push((step.entity, self.world.rows(step.entity).len()));
        }
        for step in plan.steps.iter().filter(|step| !step.moves.is_empty()) {
            self.walk(step).await;
        }
        self.harvest
    }

    async fn create(&mut self, step: &Step, progress: &mut dyn FnMut(usize)) {
        let mut open: Vec<u64> = (0..step.rows as u64).collect();
        for attempt in 0..ATTEMPTS {
            let mut refused = Vec::new();
            for batch in open.chunks(AT_ONCE) {
                let asked: Vec<_> =
                    batch.iter().map(|&index| self.creation(step, index, attempt)).collect();
                let requests: Vec<_> = asked
                    .iter()
                    .map(|asked| asked.as_ref().map(|(request, ..)| request.clone()))
                    .collect();
                let answers = self.ask_all(requests).await;
                for ((&index, asked), answer) in batch.iter().zip(asked).zip(answers) {
                    match (asked, answer) {
                        (Some((_, person, login)), Some(Ok(answer))) => {
                            self.note(step, &person, login, &answer);
                        }
                        (_, Some(Err(problem))) => {
                            self.refuse(&problem);
                            refused.push(index);
                        }
                        _ => refused.push(index),
                    }
                }
                progress(self.world.rows(step.entity).len());
            }
            open = refused;
            if open.is_empty() {
                break;
            }
        }
    }

    /// The request that makes one row, by whom, and what its subject will sign in with.
    fn creation(
        &self,
        step: &Step,
        index: u64,
        attempt: u64,
    ) -> Option<(Request, Person, Option<String>)> {
        let operation = self.model.operation(step.create.operation);
        let mut random = Random::of(self.seed, &operation.name.value, index * ATTEMPTS + attempt);
        let actor = self.model.actor(step.create.actor);
        let person = if actor.entity == Some(step.entity) {
            self.world.newcomer(step.create.actor, index)?
        } else {
            self.world.person(step.create.actor, None, &mut random)?
        };
        // A later attempt counts on, so that what was taken is not tried again.
        let number = index + attempt * step.rows as u64;
        let index = if attempt == 0 { index } else { number };
        let input = self.inputs(operation, &person, index, &mut random)?;
        let login = self.login(step.entity, operation, &input);
        let mut request = request(step.create, &person, input, None);
        if let Addressed::Key(field) = operation.addressed {
            let field = self.model.entity(step.entity).field(field);
            let entity = self.model.shape(step.entity).name.as_str();
            let purpose = Purpose { entity, field: &field.name.value, unique: true, index };
            request.address = Some(self.value(&field.ty, purpose, &person, &mut random)?);
        }
        Some((request, person, login))
    }

    fn value(
        &self,
        ty: &Type,
        purpose: Purpose<'_>,
        person: &Person,
        random: &mut Random,
    ) -> Option<Value> {
        let targets = Reachable { world: &self.world, person };
        let values = Values { schema: &self.model.schema, targets: &targets, now: self.now };
        values.make(ty, purpose, random)
    }

    fn inputs(
        &self,
        operation: &Operation,
        person: &Person,
        index: u64,
        random: &mut Random,
    ) -> Option<InputValues> {
        let entity = operation.entity().map_or("", |entity| &self.model.shape(entity).name);
        let mut inputs = Vec::new();
        for parameter in &operation.input.parameters {
            let unique = parameter.modifiers.unique;
            let purpose = Purpose { entity, field: &parameter.name.value, unique, index };
            let left_out = !parameter.required && !unique && random.chance(0.2);
            let value = match left_out {
                true => None,
                false => self.value(&parameter.ty, purpose, person, random),
            };
            if value.is_none() && parameter.required {
                return None;
            }
            inputs.push(value);
        }
        Some(InputValues::of(inputs))
    }

    /// What a row made by somebody else is linked by at first sign-in: its subject will be that.
    fn login(
        &self,
        entity: EntityId,
        operation: &Operation,
        input: &InputValues,
    ) -> Option<String> {
        let actor = self.model.actors.iter().find(|actor| actor.entity == Some(entity))?;
        let field = self.model.entity(entity).field(actor.login?);
        let mut pairs = operation.input.parameters.iter().zip(&input.values);
        let (_, value) = pairs.find(|(parameter, _)| parameter.name.value == field.name.value)?;
        text_of(value.as_ref())
    }

    fn note(&mut self, step: &Step, person: &Person, login: Option<String>, answer: &Answer) {
        let body = json(answer);
        let Some(id) = id_in(&body) else { return };
        let by = person.subject().map(str::to_owned);
        let itself = self.model.actor(step.create.actor).entity == Some(step.entity);
        let subject = if itself { by.clone() } else { login };
        let actor = self.model.actors.iter().find(|actor| actor.entity == Some(step.entity));
        if let (Some(actor), Some(subject)) = (actor, &subject) {
            self.harvest.subjects.push((actor.name.value.clone(), subject.clone()));
        }
        let states = self.model.entity(step.entity).states.as_ref();
        let initial = states.and_then(|states| states.states.first());
        let state = body.get("status").and_then(serde_json::Value::as_str).map(str::to_owned);
        let state = state.or_else(|| initial.map(|(name, _)| name.value.clone()));
        self.world.add(step.entity, Made { id, by, subject, state });
    }

    /// Does an act with inputs to four rows of five.
    async fn furnish(&mut self, entity: EntityId, way: Way) {
        let operation = self.model.operation(way.operation);
        let rows = self.world.rows(entity).to_vec();
        let numbered: Vec<(u64, &Made)> = (0..).zip(&rows).collect();
        for batch in numbered.chunks(AT_ONCE) {
            let requests: Vec<_> = batch
                .iter()
                .map(|&(index, row)| {
                    let mut random = Random::of(self.seed, &operation.name.value, index);
                    let person = self.world.person(way.actor, row.by.as_deref(), &mut random)?;
                    let input = self.inputs(operation, &person, index, &mut random)?;
                    let wanted = random.chance(0.8);
                    wanted.then(|| request(way, &person, input, Some(row.id)))
                })
                .collect();
            for problem in
                self.ask_all(requests).await.into_iter().flatten().filter_map(Result::err)
            {
                self.refuse(&problem);
            }
        }
    }

    /// Moves rows through their states, by acts in proportion to their rates; about a third stays
    /// at each state.
    async fn walk(&mut self, step: &Step) {
        let Some(states) = &self.model.entity(step.entity).states else { return };
        let mut moving: Vec<usize> = (0..self.world.rows(step.entity).len()).collect();
        for round in 0..MOVES {
            let mut on = Vec::new();
            for batch in moving.chunks(AT_ONCE) {
                let chosen: Vec<_> =
                    batch.iter().map(|&at| (at, self.next_move(step, states, at, round))).collect();
                let requests = chosen
                    .iter()
                    .map(|(_, chosen)| chosen.as_ref().map(|(_, request)| request.clone()));
                let answers = self.ask_all(requests).await;
                for ((at, chosen), answer) in chosen.into_iter().zip(answers) {
                    match (chosen, answer) {
                        (Some((to, _)), Some(Ok(_))) => {
                            self.world.moved(step.entity, at, to);
                            on.push(at);
                        }
                        (_, Some(Err(problem))) => self.refuse(&problem),
                        _ => {}
                    }
                }
            }
            moving = on;
        }
    }

    fn next_move(
        &self,
        step: &Step,
        states: &States,
        at: usize,
        round: u64,
    ) -> Option<(String, Request)> {
        let row = self.world.rows(step.entity).get(at)?;
        let purpose = &self.model.shape(step.entity).name;
        let mut random = Random::of(self.seed, purpose, at as u64 * MOVES + round);
        if random.chance(0.35) {
            return None;
        }
        let now = row.state.as_deref()?;
        let allowed: Vec<&Move> =
            step.moves.iter().filter(|next| states.allows(now, &next.to)).collect();
        let all: u64 = allowed.iter().map(|next| next.weight).sum();
        let mut point = random.bits().checked_rem(all)?;
        let next = allowed.into_iter().find(|next| {
            let here = point < next.weight;
            point = point.saturating_sub(next.weight);
            here
        })?;
        let person = self.world.person(next.way.actor, row.by.as_deref(), &mut random)?;
        let operation = self.model.operation(next.way.operation);
        let input = self.inputs(operation, &person, at as u64, &mut random)?;
        Some((next.to.clone(), request(next.way, &person, input, Some(row.id))))
    }

    /// Asks for several things at once; answers in the order of the requests.
    async fn ask_all(
        &self,
        requests: impl IntoIterator<Item = Option<Request>>,
    ) -> Vec<Option<Result<Answer, Problem>>> {
        let mut tasks = JoinSet::new();
        let mut answers = Vec::new();
        for (at, request) in requests.into_iter().enumerate() {
            answers.push(None);
            if let Some(request) = request {
                let backend = Arc::clone(&self.backend);
                tasks.spawn(async move { (at, backend.execute(request).await) });
            }
        }
        while let Some(finished) = tasks.join_next().await {
            if let Ok((at, answer)) = finished
                && let Some(place) = answers.get_mut(at)
            {
                *place = Some(answer);
            }
        }
        answers
    }

    fn refuse(&mut self, problem: &Problem) {
        *self.harvest.refused.entry(problem.code.to_string()).or_default() += 1;
    }
}

fn request(way: Way, person: &Person, input: InputValues, row: Option<u128>) -> Request {
    Request {
        operation: way.operation,
        caller: person.caller.clone(),
        address: row.map(Value::Uuid),
        input,
        if_match: None,
        idempotency: None,
        page: None,
        selection: None,
        patience: Some(Duration::from_secs(60)),
        trace: Trace::default(),
    }
}

fn json(answer: &Answer) -> serde_json::Value {
    match &answer.body {
        Body::Json(bytes) => serde_json::from_slice(bytes).unwrap_or_default(),
        Body::Empty | Body::Page { .. } => serde_json::Value::Null,
    }
}
