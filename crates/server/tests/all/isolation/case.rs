//! One model with its rows, and what each caller may see of them, worked out a second time.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::marks::{Marks, Owner};
use super::model::{Plan, Random, Shape};
use super::site::Site;
use super::wire::{Ask, Reply};

/// A user.
pub struct User {
    pub tenant: usize,
    pub id: String,
    pub token: String,
}

/// A row, as the oracle remembers it.
#[derive(Debug)]
pub struct Item {
    pub kind: usize,
    pub tenant: usize,
    pub id: String,
    /// With a letter for each field, a mark.
    pub word: String,
    pub number: i64,
    pub label: String,
    pub owner: usize,
    pub friend: Option<usize>,
    pub peer: Option<usize>,
    pub shared: BTreeSet<usize>,
    pub lines: Vec<Option<usize>>,
    pub open: bool,
    pub gone: bool,
}

/// Who asks, where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// A user, at the host of a tenant.
    Member(usize, usize),
    /// Nobody in particular, at the host of a tenant or elsewhere.
    Visitor(Option<usize>),
    /// Somebody who is no row and works for a tenant.
    Clerk(usize),
    /// Somebody who crosses tenants, and makes them.
    Root,
}

/// What a caller may find in an answer.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    pub seen: BTreeSet<Owner>,
}

/// One model that is served, with its rows.
pub struct Case {
    pub site: Site,
    pub plan: Plan,
    pub random: Random,
    pub marks: Marks,
    pub tenants: Vec<String>,
    pub users: Vec<User>,
    pub items: Vec<Item>,
    clerks: Vec<String>,
    root: String,
    pub asked: usize,
    /// Who had something done to which rows, with an idempotency key.
    pub used: BTreeSet<(Who, usize)>,
    /// A cursor of each list, with the one to whom it was given.
    pub cursors: Vec<(usize, Who, String)>,
}

/// Users of each tenant.
const USERS: usize = 3;

impl Case {
    /// Fills a served model.
    pub async fn fill(site: Site, plan: Plan, random: Random) -> Self {
        let root = site.token("root", "everybody");
        let (marks, tenants, users, items, clerks) = Default::default();
        let (used, cursors, asked) = Default::default();
        let mut case = Self {
            site,
            plan,
            random,
            marks,
            tenants,
            users,
            items,
            clerks,
            root,
            asked,
            used,
            cursors,
        };
        for tenant in 0..2 {
            case.found(tenant).await;
        }
        for kind in 0..case.plan.items.len() {
            for _ in 0..12 {
                let tenant = case.random.below(2);
                case.seed(kind, tenant).await;
            }
        }
        case
    }

    /// A tenant with its users.
    async fn found(&mut self, tenant: usize) {
        let word = self.word();
        let (name, domain) = (format!("{word}o"), domain(tenant));
        let body = json!({ "name": name, "domain": domain });
        let org = self.made("seedOrg", Who::Root, &body).await;
        self.marks.add(Owner::Org(tenant), &name);
        self.marks.add(Owner::Org(tenant), &domain);
        self.marks.add_id(Owner::Org(tenant), &org);
        self.clerks.push(self.site.token_for(&org, "clerk", &format!("clerk {tenant}")));
        self.tenants.push(org);
        let text = format!("{word}n");
        for _ in 0..USERS {
            let word = self.word();
            let (nick, email) = (format!("{word}k"), format!("{word}e@example.com"));
            let body = json!({ "email": email, "nick": nick });
            let id = self.made("seedUser", Who::Clerk(tenant), &body).await;
            let at = self.users.len();
            self.marks.add(Owner::User(at), &nick);
            self.marks.add(Owner::User(at), &format!("{word}e"));
            self.marks.add_id(Owner::Person(at), &id);
            let token = self.site.token("member", &email);
            self.users.push(User { tenant, id, token });
        }
        if self.plan.hosts {
            self.made("write", Who::Visitor(Some(tenant)), &json!({ "text": text })).await;
            self.marks.add(Owner::Org(tenant), &text);
        }
    }

    /// A row that is made without fail; its id. A tenant's database may take longer than a request:
    /// what was not answered is asked again.
    async fn made(&mut self, operation: &str, who: Who, body: &Json) -> String {
        self.asked += 1;
        let key = format!("seed{}", self.asked);
        let until = Instant::now() + Duration::from_secs(60);
        let reply = loop {
            let ask = self.ask(operation, None).header("idempotency-key", &key).json(body);
            let reply = self.send(who, ask).await;
            if ![409, 503, 504].contains(&reply.status) || Instant::now() > until {
                break reply;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        assert_eq!(reply.status, 201, "{operation} {body}: {reply}");
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    /// Letters and digits that nothing else holds.
    pub fn word(&mut self) -> String {
        let letters: String = (0..9)
            .map(|_| char::from(b'a' + u8::try_from(self.random.below(26)).unwrap()))
            .collect();
        format!("q{letters}")
    }

    /// A row of nobody in particular.
    async fn seed(&mut self, kind: usize, tenant: usize) {
        let owner = self.some_user(tenant);
        let item = self.draw(kind, tenant, owner);
        let body = self.body(&item);
        let id = self.made(&format!("seed{kind}"), Who::Clerk(tenant), &body).await;
        let mut item = Item { id, ..item };
        if self.random.chance(40) {
            let with = self.some_user(tenant);
            let body = json!({ "item": item.id, "who": self.users[with].id });
            self.made(&format!("share{kind}"), Who::Clerk(tenant), &body).await;
            item.shared.insert(with);
        }
        self.keep(item);
    }

    /// Remembers a row that was made.
    pub fn keep(&mut self, item: Item) {
        let at = self.items.len();
        let Item { word, number, .. } = &item;
        for letter in ["t", "m", "s", "d", "g", "x"] {
            self.marks.add(Owner::Item(at), &format!("{word}{letter}"));
        }
        let [amount, ratio, price, time, latitude, longitude] = numbers(*number);
        for text in [amount, ratio, price, time, latitude, longitude] {
            self.marks.add(Owner::Item(at), &text);
        }
        self.marks.add(Owner::Item(at), item.label.trim_start_matches("label "));
        self.marks.add(Owner::Secret(at), &format!("{word}p"));
        self.marks.add_id(Owner::Id(at), &item.id);
        self.items.push(item);
    }

    pub fn some_user(&mut self, tenant: usize) -> usize {
        tenant * USERS + self.random.below(USERS)
    }

    pub fn some_item(&mut self, kind: usize) -> usize {
        loop {
            let at = self.random.below(self.items.len());
            if self.items[at].kind == kind {
                return at;
            }
        }
    }

    pub fn draw(&mut self, kind: usize, tenant: usize, owner: usize) -> Item {
        let number = i64::try_from(self.items.len() + self.asked * 1000).unwrap();
        let word = self.word();
        let friend = self.random.chance(30).then(|| self.some_user(tenant));
        let fits = |item: &Item| {
            item.kind == kind.saturating_sub(1) && item.tenant == tenant && !item.gone
        };
        let peers: Vec<usize> = (0..self.items.len()).filter(|at| fits(&self.items[*at])).collect();
        let peer = (self.random.chance(50) && !peers.is_empty()).then(|| self.random.one(&peers));
        let lines = (0..self.random.below(3))
            .map(|_| self.random.chance(60).then(|| self.some_user(tenant)))
            .collect();
        Item {
            kind,
            tenant,
            id: String::new(),
            label: format!("label {word}l"),
            word,
            number,
            owner,
            friend,
            peer,
            shared: BTreeSet::new(),
            lines,
            open: true,
            gone: false,
        }
    }

    pub fn body(&self, item: &Item) -> Json {
        let user = |at: Option<usize>| at.map(|at| self.users[at].id.clone());
        let word = &item.word;
        let line =
            |whom: &Option<usize>| json!({ "text": format!("line {word}x"), "whom": user(*whom) });
        let [_, ratio, price, time, latitude, longitude] = numbers(item.number);
        let degrees = |text: String| text.parse::<f64>().unwrap();
        json!({
            "owner": self.users[item.owner].id,
            "friend": user(item.friend),
            "title": format!("title {word}t"),
            "label": item.label,
            "amount": amount(item.number),
            "ratio": ratio,
            "price": { "amount": price, "currency": "EUR" },
            "at": time,
            "mail": format!("{word}m@example.com"),
            "site": format!("https://{word}s.example/"),
            "place": { "lat": degrees(latitude), "lon": degrees(longitude) },
            "data": { "deep": [format!("{word}d")] },
            "tags": [format!("{word}g")],
            "pin": format!("{word}p"),
            "peer": item.peer.map(|at| self.items[at].id.clone()),
            "lines": item.lines.iter().map(line).collect::<Vec<_>>(),
        })
    }

    /// A request for an operation.
    pub fn ask(&self, operation: &str, address: Option<&str>) -> Ask {
        let design = &self.site.design;
        let name = format!("app.{operation}");
        let mut all = design.model.operations().map(|(id, _)| id);
        let id = all.find(|id| design.model.qualified_operation(*id) == name);
        let route = design.route(id.unwrap_or_else(|| panic!("{name}"))).unwrap();
        let mut path = route.path();
        if let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
            let address = address.unwrap().replace(' ', "%20");
            path.replace_range(from..=to, &address);
        }
        use decide::design::Method;
        let method = match route.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        };
        Ask::new(method, path)
    }

    pub async fn send(&self, who: Who, ask: Ask) -> Reply {
        let (host, token) = match who {
            Who::Member(user, at) => (Some(at), Some(&self.users[user].token)),
            Who::Visitor(at) => (at, None),
            Who::Clerk(at) => (Some(at), Some(&self.clerks[at])),
            Who::Root => (None, Some(&self.root)),
        };
        let host = host.map_or("nowhere.example".to_owned(), domain);
        let mut ask = ask.header("host", host);
        if let Some(token) = token {
            ask = ask.header("authorization", format!("Bearer {token}"));
        }
        ask.send(self.site.address).await
    }

    /// The user that somebody is in the tenant that the request is for.
    pub fn user(&self, who: Who) -> Option<usize> {
        match who {
            Who::Member(user, at) if !self.plan.hosts || self.users[user].tenant == at => {
                Some(user)
            }
            _ => None,
        }
    }

    /// The tenant that a request is for.
    pub fn tenant(&self, who: Who) -> Option<usize> {
        match who {
            Who::Member(user, _) if !self.plan.hosts => Some(self.users[user].tenant),
            Who::Visitor(_) if !self.plan.hosts => None,
            Who::Member(_, at) => Some(at),
            Who::Visitor(at) => at,
            Who::Clerk(at) => Some(at),
            Who::Root => None,
        }
    }

    /// Whether a condition holds for a caller and a row: the oracle.
    pub fn holds(&self, shape: Shape, who: Who, item: &Item) -> bool {
        let Some(user) = self.user(who) else { return false };
        let peer = item.peer.map(|at| &self.items[at]);
        !item.gone
            && self.users[user].tenant == item.tenant
            && match shape {
                Shape::Everyone => true,
                Shape::Owner | Shape::Rule => item.owner == user,
                Shape::Friend => item.owner == user || item.friend == Some(user),
                Shape::Peer => item.owner == user || peer.is_some_and(|peer| peer.owner == user),
                Shape::Shared => item.shared.contains(&user),
                Shape::Line => item.lines.contains(&Some(user)),
                Shape::OpenOwner => item.owner == user && item.open,
                Shape::Open => item.open,
            }
    }

    /// Whether a caller knows a user.
    pub fn knows(&self, who: Who, other: usize) -> bool {
        let user = self.user(who);
        user == Some(other)
            || user.is_some_and(|user| {
                self.plan.open_users && self.users[user].tenant == self.users[other].tenant
            })
    }

    /// What may be in an answer that shows these rows, with those that they lead to if it goes on
    /// to them.
    pub fn sight(&self, who: Who, rows: impl IntoIterator<Item = usize>, further: bool) -> Sight {
        let mut shown: Vec<usize> = rows.into_iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(at) = shown.pop() {
            let item = &self.items[at];
            seen.extend([Owner::Item(at), Owner::Id(at)]);
            if let Some(peer) = item.peer {
                seen.insert(Owner::Id(peer));
                let next = &self.items[peer];
                let get = self.plan.items[next.kind].get;
                if further && !seen.contains(&Owner::Item(peer)) && self.holds(get, who, next) {
                    shown.push(peer);
                }
            }
        }
        if let Some(tenant) = self.tenant(who) {
            seen.insert(Owner::Org(tenant));
        }
        if let Some(tenant) = self.user(who).map(|user| self.users[user].tenant) {
            let users = (0..self.users.len()).filter(|at| self.users[*at].tenant == tenant);
            seen.extend(users.clone().map(Owner::Person));
            seen.extend(users.filter(|at| self.knows(who, *at)).map(Owner::User));
        }
        Sight { seen }
    }

    /// Every byte of an answer holds nothing but what may be in it.
    pub fn clean(&self, who: Who, ask: &Ask, reply: &Reply, sight: &Sight) -> Result<(), String> {
        if reply.status >= 500 {
            return Err(format!("{ask:?} is answered {reply}"));
        }
        let of_caller = !matches!(who, Who::Visitor(_));
        if of_caller && reply.header("cache-control").is_none_or(|of| of.contains("public")) {
            return Err(format!("others may keep what {who:?} got for {ask:?}: {reply}"));
        }
        let leak = self.marks.leak(&reply.bytes, &ask.sent(), |owner| sight.seen.contains(owner));
        match leak {
            Some((text, form, owners)) => {
                let of = owners.iter().find_map(|owner| match owner {
                    Owner::Item(at) | Owner::Id(at) | Owner::Secret(at) => self.items.get(*at),
                    _ => None,
                });
                Err(format!(
                    "{who:?} sees {text} {form}, of {owners:?} {of:?}, by {ask:?} in {reply}"
                ))
            }
            None => Ok(()),
        }
    }
}

/// The host of a tenant.
fn domain(tenant: usize) -> String {
    format!("qhost{}fjx.example", ["one", "two"][tenant])
}

fn amount(number: i64) -> i64 {
    7_000_000_000 + number * 1009
}

/// Numbers of a row, as they are written.
fn numbers(number: i64) -> [String; 6] {
    [
        amount(number).to_string(),
        format!("{}.{:03}", 300_000_000 + number, (number * 7) % 1000),
        format!("{}.{:02}", 600_000_000 + number, (number * 3) % 100),
        format!("2031-02-03T04:05:06.{:06}Z", 1 + number % 999_999),
        format!("52.{:06}1", 100_000 + number % 800_000),
        format!("13.{:06}1", 100_000 + number % 800_000),
    ]
}
