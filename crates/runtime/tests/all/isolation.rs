//! No byte of anybody else's data: random models, filled with data that says whose it is, asked by
//! each of several users of two tenants, some of them hostile.
//!
//! What a caller may see is worked out here a second time, from the shapes that conditions are made
//! of. `FIRMITAS_ISOLATION=SEED,MODELS,REQUESTS` asks for a longer run, or for the one that failed.

use std::collections::BTreeSet;

use runtime::call::{Body, Cursor, IdempotencyKey, IfMatch, PageRequest};
use runtime::store::{Comparison, Filter};
use serde_json::{Value as Json, json};

use crate::isolation_models::{Broken, Conditions, Random, SHAPES, Shape, model};
use crate::support::{Done, Who, World, in_form};

/// A user.
struct User {
    tenant: usize,
    id: String,
    nick: String,
    who: Who,
}

/// A row, as the oracle remembers it.
struct Item {
    kind: usize,
    tenant: usize,
    id: String,
    mark: String,
    pin: String,
    amount: i64,
    owner: usize,
    friend: Option<usize>,
    peer: Option<usize>,
    shared: BTreeSet<usize>,
    lines: Vec<Option<usize>>,
    open: bool,
    gone: bool,
}

struct Case {
    world: World,
    random: Random,
    conditions: Vec<Conditions>,
    tenants: Vec<String>,
    users: Vec<User>,
    items: Vec<Item>,
    asked: usize,
}

/// An answer as everything that can be seen of it.
type Outcome = Result<Done, runtime::Problem>;

impl Case {
    async fn new(seed: u64, broken: Broken) -> Self {
        let mut random = Random(seed);
        let count = 1 + random.below(2);
        let mut shape = || SHAPES[random.below(SHAPES.len())];
        let mut conditions: Vec<Conditions> = (0..count)
            .map(|_| Conditions { list: shape(), get: shape(), write: shape() })
            .collect();
        if broken == Broken::Owners {
            conditions[0] =
                Conditions { list: Shape::Owner, get: Shape::Owner, write: Shape::Owner };
        }
        let text = model(&conditions, broken);
        // Each form in turn, in which tenants are kept apart here.
        let forms = crate::stores::ISOLATIONS;
        let form = forms[usize::try_from(seed).unwrap() % forms.len()];
        let text = if broken == Broken::Tenants { text } else { in_form(&text, form) };
        let world = World::start(&text);
        let (tenants, users, items) = (Vec::new(), Vec::new(), Vec::new());
        let mut case = Self { world, random, conditions, tenants, users, items, asked: 0 };
        case.fill().await;
        case
    }

    fn system(&self, tenant: usize) -> Who {
        let mut who = self.world.system();
        let id = self.tenants.get(tenant).map(|id| id.parse::<uuid::Uuid>().unwrap().as_u128());
        who.caller.tenant.claim = id;
        who
    }

    async fn fill(&mut self) {
        for tenant in 0..2 {
            let body = json!({ "name": format!("org{tenant}q") });
            let org = self.world.call(&self.world.system(), "app.seedOrg", None, body).await;
            self.tenants.push(org.unwrap().id());
            for at in 0..3 {
                let (nick, email) =
                    (format!("nick{tenant}{at}q"), format!("u{tenant}{at}@example.com"));
                let body = json!({ "email": email, "nick": nick });
                let made = self.world.call(&self.system(tenant), "app.seedUser", None, body).await;
                let who = self.world.user(&email, &["member"]).with_login(&email);
                self.users.push(User { tenant, id: made.unwrap().id(), nick, who });
            }
        }
        for kind in 0..self.conditions.len() {
            for _ in 0..14 {
                let tenant = self.random.below(2);
                self.seed(kind, tenant).await;
            }
        }
    }

    fn some_user(&mut self, tenant: usize) -> usize {
        tenant * 3 + self.random.below(3)
    }

    /// A row of nobody in particular, written by the server.
    async fn seed(&mut self, kind: usize, tenant: usize) {
        let owner = self.some_user(tenant);
        let item = self.draw(kind, tenant, owner);
        let body = self.body(&item);
        let system = self.system(tenant);
        let made = self.world.call(&system, &format!("app.seed{kind}"), None, body).await;
        let mut item = Item { id: made.unwrap().id(), ..item };
        if self.random.chance(40) {
            let with = self.some_user(tenant);
            let body = json!({ "item": item.id, "who": self.users[with].id });
            self.world.call(&system, &format!("app.share{kind}"), None, body).await.unwrap();
            item.shared.insert(with);
        }
        self.items.push(item);
    }

    fn draw(&mut self, kind: usize, tenant: usize, owner: usize) -> Item {
        let number = self.items.len() + self.asked * 1000;
        let friend = self.random.chance(30).then(|| self.some_user(tenant));
        let fits = |item: &Item| {
            item.kind == kind.saturating_sub(1) && item.tenant == tenant && !item.gone
        };
        let peers: Vec<usize> = (0..self.items.len()).filter(|at| fits(&self.items[*at])).collect();
        let peer = (self.random.chance(50) && !peers.is_empty())
            .then(|| peers[self.random.below(peers.len())]);
        let lines = (0..self.random.below(3))
            .map(|_| self.random.chance(60).then(|| self.some_user(tenant)))
            .collect();
        Item {
            kind,
            tenant,
            id: String::new(),
            mark: format!("mark{number}q"),
            pin: format!("pin{number}q"),
            amount: 7_000_000_000 + i64::try_from(number).unwrap() * 1009,
            owner,
            friend,
            peer,
            shared: BTreeSet::new(),
            lines,
            open: true,
            gone: false,
        }
    }

    fn body(&self, item: &Item) -> Json {
        let user = |at: Option<usize>| at.map(|at| self.users[at].id.clone());
        let line = |whom: &Option<usize>| json!({ "text": format!("line {}", item.mark), "whom": user(*whom) });
        json!({
            "owner": self.users[item.owner].id,
            "friend": user(item.friend),
            "title": format!("title {}", item.mark),
            "label": format!("label {}", item.mark),
            "amount": item.amount,
            "pin": item.pin,
            "peer": item.peer.map(|at| self.items[at].id.clone()),
            "lines": item.lines.iter().map(line).collect::<Vec<_>>(),
        })
    }

    /// Whether a condition holds for a user and a row: the oracle.
    fn holds(&self, shape: Shape, user: usize, item: &Item) -> bool {
        let peers = item.peer.map(|at| &self.items[at]);
        !item.gone
            && self.users[user].tenant == item.tenant
            && match shape {
                Shape::Everyone => true,
                Shape::Owner | Shape::Rule => item.owner == user,
                Shape::Friend => item.owner == user || item.friend == Some(user),
                Shape::Peer => item.owner == user || peers.is_some_and(|peer| peer.owner == user),
                Shape::Shared => item.shared.contains(&user),
                Shape::Line => item.lines.contains(&Some(user)),
                Shape::OpenOwner => item.owner == user && item.open,
            }
    }

    /// Everything that can be seen of an answer holds nothing of rows but these.
    fn clean(&self, user: usize, seen: &Outcome, allowed: &BTreeSet<usize>) -> Result<(), String> {
        let text = match seen {
            Ok(done) => format!("{} {:?} {:?}", done.json, done.answer.location, done.answer.row),
            Err(problem) => format!("{problem:?}"),
        };
        let leak = |what: &str| Err(format!("{} sees {what} in {text}", self.users[user].nick));
        let mut named: BTreeSet<&str> = BTreeSet::new();
        for at in allowed {
            let item = &self.items[*at];
            named.insert(&item.id);
            named.extend(item.peer.map(|at| self.items[at].id.as_str()));
        }
        for (at, item) in self.items.iter().enumerate() {
            if text.contains(&item.pin) {
                return leak(&item.pin);
            }
            let amount = format!("\"amount\":{}", item.amount);
            if !allowed.contains(&at) && (text.contains(&item.mark) || text.contains(&amount)) {
                return leak(&item.mark);
            }
            if !named.contains(item.id.as_str()) && text.contains(&item.id) {
                return leak(&item.id);
            }
        }
        let tenant = self.users[user].tenant;
        let others = self.users.iter().filter(|other| other.tenant != tenant);
        for token in
            others.flat_map(|other| [&other.id, &other.nick]).chain([&self.tenants[1 - tenant]])
        {
            if text.contains(token.as_str()) {
                return leak(token);
            }
        }
        Ok(())
    }

    /// One random request of a random user.
    async fn step(&mut self) -> Result<(), String> {
        self.asked += 1;
        let user = self.random.below(self.users.len());
        let kind = self.random.below(self.conditions.len());
        match self.random.below(10) {
            0..=3 => self.list(user, kind).await,
            4..=5 => self.get(user, kind).await,
            6..=7 => self.write(user, kind).await,
            8 => self.make(user, kind).await,
            _ => self.plain(user, kind).await,
        }
    }

    fn some_item(&mut self, kind: usize) -> usize {
        loop {
            let at = self.random.below(self.items.len());
            if self.items[at].kind == kind {
                return at;
            }
        }
    }

    /// A list with filters, words, orders and places that belong to others.
    async fn list(&mut self, user: usize, kind: usize) -> Result<(), String> {
        let operation = format!("app.list{kind}");
        let guess = self.some_item(kind);
        let mut page = PageRequest {
            limit: 1 + u32::try_from(self.random.below(30)).unwrap(),
            ..PageRequest::default()
        };
        let definition = self.world.model.operation(self.world.operation(&operation));
        let fields = definition.filter.clone();
        page.sort = [vec![], vec![0], vec![1]][self.random.below(3)].clone();
        let other = &self.items[guess];
        match self.asked % 6 {
            0 => page.search = Some(other.mark.clone()),
            1 if guess.is_multiple_of(2) => {
                let title = expression::Value::text(format!("title {}", other.mark));
                page.filters.push(Filter::none_of(fields[0], [title, expression::Value::Null]));
            }
            1 => page.filters.push(Filter {
                field: fields[0],
                comparison: Comparison::Equal,
                value: expression::Value::text(format!("title {}", other.mark)),
            }),
            2 => page.filters.push(Filter {
                field: fields[1],
                comparison: Comparison::GreaterOrEqual,
                value: expression::Value::Int(other.amount),
            }),
            3 => {
                let owners = [&self.users[other.owner], &self.users[guess % self.users.len()]];
                let owners = owners.map(|owner| expression::Value::Uuid(uuid(&owner.id)));
                page.filters.push(Filter::any_of(fields[2], owners));
            }
            4 => {
                page.sort = vec![0];
                let value = expression::Value::Int(other.amount);
                page.after = Some(Cursor { values: vec![value], id: uuid(&other.id) });
            }
            _ => page.limit = 100,
        }
        let whole = self.asked % 6 == 5;
        let allowed = self.allowed(self.conditions[kind].list, user, kind);
        let mut request = self.world.request(&self.users[user].who, &operation, None);
        request.page = Some(page);
        let seen = self.world.execute(request).await;
        self.clean(user, &seen, &allowed)?;
        let done = seen.map_err(|problem| format!("a list is refused: {problem:?}"))?;
        let shown = done.json.as_array().unwrap();
        if whole && shown.len() != allowed.len() {
            return Err(format!("{} rows are shown of {}", shown.len(), allowed.len()));
        }
        if let Body::Page { next: Some(next), .. } = &done.answer.body
            && !allowed.iter().any(|at| uuid(&self.items[*at].id) == next.id)
        {
            return Err("a cursor names a row of somebody else".to_owned());
        }
        Ok(())
    }

    fn allowed(&self, shape: Shape, user: usize, kind: usize) -> BTreeSet<usize> {
        let all = self.items.iter().enumerate();
        all.filter(|(_, item)| item.kind == kind && self.holds(shape, user, item))
            .map(|(at, _)| at)
            .collect()
    }

    /// A row by its id or key; what is not the caller's is as if it did not exist.
    async fn get(&mut self, user: usize, kind: usize) -> Result<(), String> {
        let at = self.some_item(kind);
        let by_key = self.random.chance(40);
        let item = &self.items[at];
        let operation = format!("app.{}{kind}", if by_key { "key" } else { "get" });
        let address = if by_key { format!("label {}", item.mark) } else { item.id.clone() };
        let absent = if by_key { "label nobody".to_owned() } else { nobody() };
        let who = self.users[user].who.clone();
        let seen = self.world.execute(self.world.request(&who, &operation, Some(&address))).await;
        let missing = self.world.execute(self.world.request(&who, &operation, Some(&absent))).await;
        let may = self.holds(self.conditions[kind].get, user, &self.items[at]);
        self.judge(user, at, may, &seen, &missing)
    }

    fn judge(
        &self,
        user: usize,
        at: usize,
        may: bool,
        seen: &Outcome,
        missing: &Outcome,
    ) -> Result<(), String> {
        let allowed = if may { BTreeSet::from([at]) } else { BTreeSet::new() };
        self.clean(user, seen, &allowed)?;
        match (may, seen, missing) {
            (true, Err(problem), _) if problem.status == 404 => Err(format!(
                "{} does not find its own {}",
                self.users[user].nick, self.items[at].mark
            )),
            (false, Err(seen), Err(missing)) if seen == missing => Ok(()),
            (false, ..) => Err(format!("forbidden is not as missing: {seen:?} {missing:?}")),
            _ => Ok(()),
        }
    }

    /// A write to any row, with a version or a key that somebody else has.
    async fn write(&mut self, user: usize, kind: usize) -> Result<(), String> {
        let at = self.some_item(kind);
        let how = self.random.below(if self.asked.is_multiple_of(7) { 3 } else { 2 });
        let operation = format!("app.{}{kind}", ["edit", "shut", "drop"][how]);
        let (mark, id) = (self.items[at].mark.clone(), self.items[at].id.clone());
        let body = match how {
            0 => json!({ "title": format!("title {mark} again") }),
            _ => Json::Null,
        };
        // The title that is sent is not read back: it is the caller's own word until it is stored.
        let own = if how == 0 { json!({ "title": "title mine" }) } else { body.clone() };
        let may = self.holds(self.conditions[kind].write, user, &self.items[at]);
        let version =
            [IfMatch::Any, IfMatch::Version(1), IfMatch::Version(2)][self.random.below(3)];
        let body = if may { body } else { own };
        let who = self.users[user].who.clone();
        let ask = |address: &str| {
            let mut request = self.world.with_body(&who, &operation, Some(address), &body).unwrap();
            request.if_match = Some(version);
            request.idempotency =
                (how == 1).then(|| IdempotencyKey { key: format!("k{at}"), body_hash: [7; 32] });
            self.world.execute(request)
        };
        let seen = ask(&id).await;
        let missing = ask(&nobody()).await;
        if seen.as_ref().is_ok_and(|done| done.answer.replayed) {
            // The same caller got this before.
            return self.clean(user, &seen, &BTreeSet::from([at]));
        }
        self.judge(user, at, may, &seen, &missing)?;
        if may && seen.is_ok() {
            let item = &mut self.items[at];
            match how {
                1 => item.open = false,
                2 => item.gone = true,
                _ => {}
            }
        }
        Ok(())
    }

    /// A new row that refers to rows of others.
    async fn make(&mut self, user: usize, kind: usize) -> Result<(), String> {
        let tenant = self.users[user].tenant;
        let mut item = self.draw(kind, tenant, user);
        item.peer = None;
        let mut body = self.body(&item);
        let foreign = self.some_item(kind.saturating_sub(1));
        let stranger = self.some_user(1 - tenant);
        let (field, id) = match self.random.below(3) {
            0 => ("peer", self.items[foreign].id.clone()),
            1 => ("friend", self.users[stranger].id.clone()),
            _ => ("owner", self.users[stranger].id.clone()),
        };
        let operation = format!("app.make{kind}");
        let who = self.users[user].who.clone();
        let mut ask = async |id: &str| {
            body[field] = json!(id);
            self.world.call(&who, &operation, None, body.clone()).await
        };
        let (missing, seen) = (ask(&nobody()).await, ask(&id).await);
        let other = &self.items[foreign];
        let of = self.conditions[other.kind];
        let known = field == "peer"
            && (self.holds(of.get, user, other) || self.holds(of.list, user, other));
        match (known, &seen, &missing) {
            (true, Ok(done), _) => {
                item.peer = Some(foreign);
                item.id = done.id();
                self.items.push(item);
                let at = self.items.len() - 1;
                self.clean(user, &seen, &BTreeSet::from([at]))
            }
            (false, Err(a), Err(b)) if a == b => self.clean(user, &seen, &BTreeSet::new()),
            _ => Err(format!("a reference to {field} {id}: {seen:?} {missing:?}")),
        }
    }

    /// What needs no condition: users and tenants of one's own, and nothing for those without one.
    async fn plain(&mut self, user: usize, kind: usize) -> Result<(), String> {
        let none = BTreeSet::new();
        for operation in ["app.users", "app.orgs"] {
            let request = self.world.request(&self.users[user].who, operation, None);
            self.clean(user, &self.world.execute(request).await, &none)?;
        }
        let request = self.world.request(&self.world.anyone(), &format!("app.open{kind}"), None);
        let seen = self.world.execute(request).await;
        self.clean(user, &seen, &none)
    }
}

fn uuid(text: &str) -> u128 {
    text.parse::<uuid::Uuid>().unwrap().as_u128()
}

/// An id that no row has.
fn nobody() -> String {
    uuid::Uuid::now_v7().to_string()
}

async fn run(seed: u64, requests: usize, broken: Broken) -> Result<(), String> {
    let mut case = Case::new(seed, broken).await;
    for at in 0..requests {
        case.step()
            .await
            .map_err(|leak| format!("seed {seed}, request {at}, {:?}: {leak}", case.conditions))?;
    }
    Ok(())
}

/// The seed of the first model, how many models, and how many requests of each.
fn budget() -> (u64, u64, usize) {
    let stated = std::env::var("FIRMITAS_ISOLATION").unwrap_or_default();
    let numbers: Vec<u64> = stated.split(',').filter_map(|number| number.parse().ok()).collect();
    match numbers.as_slice() {
        [seed, models, requests] => (*seed, *models, usize::try_from(*requests).unwrap()),
        _ => (1, 14, 250),
    }
}

#[tokio::test]
async fn nobody_sees_a_byte_of_anybody_else() {
    let (first, models, requests) = budget();
    for seed in first..first + models {
        if let Err(leak) = run(seed, requests, Broken::Nothing).await {
            panic!("{leak}\nrun it again with FIRMITAS_ISOLATION={seed},1,{requests}");
        }
    }
}

#[tokio::test]
async fn the_oracle_notices_what_leaks() {
    for broken in [Broken::Tenants, Broken::Owners, Broken::Secrets] {
        for seed in 0..3 {
            let found = run(seed, 120, broken).await;
            assert!(found.is_err(), "{broken:?} with seed {seed} is not noticed");
        }
    }
}
