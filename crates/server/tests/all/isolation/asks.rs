//! Random requests, some of them hostile, and what has to be true of their answers.

use serde_json::json;

use super::case::{Case, Who};
use super::wire::{Ask, Reply};

/// An id that no row has.
pub fn nobody() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// What the nested reads of HTTP follow.
const PATHS: &str = "owner,friend,peer.owner,peer.peer,lines.whom";

impl Case {
    /// One random request of a random caller.
    pub async fn step(&mut self) -> Result<(), String> {
        self.asked += 1;
        let who = self.somebody();
        let kind = self.random.below(self.plan.items.len());
        self.with_input(who, kind).await?;
        match self.random.below(14) {
            0..=3 => self.list(who, kind).await,
            4..=5 => self.get(who, kind).await,
            6..=7 => self.write(who, kind).await,
            8..=9 => self.make(who, kind).await,
            10..=11 => self.query(who, kind).await,
            12 if self.random.chance(50) => self.cursor_of_another(who, kind).await,
            12 => self.elsewhere(who, kind).await,
            _ => self.plain(who, kind).await,
        }
    }

    fn somebody(&mut self) -> Who {
        let user = self.random.below(self.users.len());
        let own = self.users[user].tenant;
        match self.random.below(20) {
            0 => Who::Visitor(None),
            1..=2 => Who::Visitor(Some(self.random.below(2))),
            3..=4 if self.plan.hosts => Who::Member(user, 1 - own),
            _ => Who::Member(user, own),
        }
    }

    /// A header that says what is so anyway; where the host says it, it says nothing.
    fn with_wishes(&mut self, who: Who, ask: Ask) -> Ask {
        if !self.random.chance(15) {
            return ask;
        }
        let tenant = match who {
            Who::Member(user, _) if !self.plan.hosts => self.users[user].tenant,
            _ => self.random.below(2),
        };
        ask.header("x-tenant-id", self.tenants[tenant].clone())
    }

    /// Somebody names a tenant in which it has no row: like one that there is not.
    async fn elsewhere(&mut self, who: Who, kind: usize) -> Result<(), String> {
        let Who::Member(user, _) = who else { return Ok(()) };
        if self.plan.hosts {
            return Ok(());
        }
        let other = self.tenants[1 - self.users[user].tenant].clone();
        let sight = self.sight(who, [], false);
        let ask = self.ask(&format!("list{kind}"), None);
        let there = ask.clone().header("x-tenant-id", other.clone());
        let seen = self.send(who, there.clone()).await;
        self.clean(who, &there, &seen, &sight)?;
        let nowhere = nobody();
        let missing = self.send(who, ask.header("x-tenant-id", nowhere.clone())).await;
        match seen.status == 403 && seen.comparable(&other) == missing.comparable(&nowhere) {
            true => Ok(()),
            false => Err(format!("{who:?} gets into another tenant: {there:?} {seen} {missing}")),
        }
    }

    pub fn listed(&self, who: Who, kind: usize) -> Vec<usize> {
        let shape = self.plan.items[kind].list;
        let fits = |at: &usize| {
            let item = &self.items[*at];
            item.kind == kind && self.holds(shape, who, item)
        };
        (0..self.items.len()).filter(fits).collect()
    }

    /// A list with filters, words and orders that belong to others.
    async fn list(&mut self, who: Who, kind: usize) -> Result<(), String> {
        let allowed = self.listed(who, kind);
        let guess = self.some_item(kind);
        let item = &self.items[guess];
        let (word, id) = (item.word.clone(), self.users[item.owner].id.clone());
        let amount = 7_000_000_000 + item.number * 1009;
        let further = self.random.chance(30);
        let whole = self.random.below(8);
        let mut query: Vec<String> = match whole {
            0 => vec![format!("q={word}t")],
            1 if guess.is_multiple_of(2) => vec![format!("title.ne=title%20{word}t")],
            1 => vec![format!("title=title%20{word}t")],
            2 => vec![format!("amount.gte={amount}")],
            3 => {
                let also = &self.users[guess % self.users.len()].id;
                vec![format!("owner={id}"), format!("owner={also}")]
            }
            4 => vec![format!("mail={word}m@example.com")],
            5 => vec!["near=52.5,13.5&within=90km".to_owned()],
            _ => Vec::new(),
        };
        if further {
            query.push(format!("expand={PATHS}"));
        }
        let limit = 1 + self.random.below(6);
        if whole < 6 && self.random.chance(50) {
            query.push(format!("limit={limit}"));
        }
        if whole != 5 {
            query.push(format!("sort={}", self.random.one(&["amount", "-title", "mail"])));
        }
        let ask = self.ask(&format!("list{kind}"), None);
        let mut ask = self.with_wishes(who, ask);
        ask.path = format!("{}?{}", ask.path, query.join("&"));
        let sight = self.sight(who, allowed.iter().copied(), further);
        let reply = self.send(who, ask.clone()).await;
        self.clean(who, &ask, &reply, &sight)?;
        let Some(_) = self.user(who) else { return refused(&ask, &reply) };
        if reply.status != 200 {
            return Err(format!("{who:?} gets no list by {ask:?}: {reply}"));
        }
        match whole {
            6 => self.whole(&ask, &reply, &allowed, further),
            7 if !further => self.page_by_page(who, kind, ask, &allowed).await,
            _ => Ok(()),
        }
    }

    fn whole(
        &self,
        ask: &Ask,
        reply: &Reply,
        allowed: &[usize],
        further: bool,
    ) -> Result<(), String> {
        let page = reply.json();
        let shown = page["items"].as_array().map_or(0, Vec::len);
        let enough = allowed.len().min(50);
        if shown != enough && !further {
            return Err(format!("{shown} rows are shown of {enough} by {ask:?}: {reply}"));
        }
        if allowed.len() <= 50 && !further && page["next"] != "" {
            return Err(format!("a list goes on where others have rows: {ask:?}: {reply}"));
        }
        Ok(())
    }

    /// Every page but the last is full, and all together are the caller's rows: what others have
    /// leaves no gap.
    async fn page_by_page(
        &mut self,
        who: Who,
        kind: usize,
        mut ask: Ask,
        allowed: &[usize],
    ) -> Result<(), String> {
        let limit = 1 + self.random.below(4);
        let path = format!("{}&limit={limit}", ask.path);
        ask.path.clone_from(&path);
        let sight = self.sight(who, allowed.iter().copied(), false);
        let mut left = allowed.len();
        loop {
            let reply = self.send(who, ask.clone()).await;
            self.clean(who, &ask, &reply, &sight)?;
            let page = reply.json();
            let shown = page["items"].as_array().map_or(0, Vec::len);
            let next = page["next"].as_str().unwrap_or_default();
            if shown != left.min(limit) || next.is_empty() != (left <= limit) {
                return Err(format!("{left} rows are left of {}: {reply}", allowed.len()));
            }
            if next.is_empty() {
                return Ok(());
            }
            self.cursors.push((kind, who, format!("{path}&after={next}")));
            ask.path = format!("{path}&after={next}");
            left -= shown;
        }
    }

    /// A cursor that somebody else was given is worth as much as one that was made up.
    async fn cursor_of_another(&mut self, who: Who, kind: usize) -> Result<(), String> {
        let others = |(of, whose, _): &&(usize, Who, String)| *of == kind && *whose != who;
        let known: Vec<String> =
            self.cursors.iter().filter(others).map(|(_, _, path)| path.clone()).collect();
        if known.is_empty() {
            return self.get(who, kind).await;
        }
        let path = known[self.random.below(known.len())].clone();
        let (before, cursor) = path.split_once("&after=").unwrap();
        let made_up: String = cursor.chars().map(|c| if c == 'A' { 'B' } else { 'A' }).collect();
        let (taken, false_one) =
            (Ask::get(path.clone()), Ask::get(format!("{before}&after={made_up}")));
        let (seen, missing) =
            (self.send(who, taken.clone()).await, self.send(who, false_one).await);
        self.clean(who, &taken, &seen, &self.sight(who, [], false))?;
        match seen.comparable(cursor) == missing.comparable(&made_up) {
            true if seen.status >= 400 => Ok(()),
            _ => Err(format!("{who:?} uses a cursor of another: {taken:?} {seen} {missing}")),
        }
    }

    /// A row by its id or key; what is not the caller's is as if it did not exist.
    async fn get(&mut self, who: Who, kind: usize) -> Result<(), String> {
        let at = self.some_item(kind);
        let item = &self.items[at];
        let (label, id) = (item.label.clone(), item.id.clone());
        let by_key = self.random.chance(40);
        let operation = format!("{}{kind}", if by_key { "key" } else { "get" });
        let (address, absent) = match by_key {
            true => (label.replace(' ', "%20"), format!("label%20{}l", self.word())),
            false => (id, nobody()),
        };
        let further = self.random.chance(30);
        let query = if further { format!("?expand={PATHS}") } else { String::new() };
        let version = format!("\"{}\"", 1 + self.random.below(3));
        let condition = self.random.chance(30);
        let head = self.random.chance(10);
        let ask = |address: &str| {
            let mut ask = self.ask(&operation, Some(address));
            ask.path.push_str(&query);
            ask.method = if head { "HEAD" } else { ask.method };
            if condition { ask.header("if-none-match", version.clone()) } else { ask }
        };
        let asks = (ask(&address), ask(&absent));
        let at = if by_key { self.labelled(who, at) } else { at };
        let may = self.holds(self.plan.items[kind].get, who, &self.items[at]);
        self.compared(who, (at, may, further), asks, (&address, &absent)).await.map(drop)
    }

    /// The row that the label of a row names to a caller: each tenant has its own.
    pub fn labelled(&self, who: Who, at: usize) -> usize {
        let (item, tenant) = (&self.items[at], self.tenant(who));
        let own = self.items.iter().position(|of| {
            of.kind == item.kind && of.label == item.label && Some(of.tenant) == tenant && !of.gone
        });
        own.unwrap_or(at)
    }

    /// Sends a request about a row, and the same about one that does not exist.
    pub async fn compared(
        &self,
        who: Who,
        (at, may, further): (usize, bool, bool),
        (ask, other): (Ask, Ask),
        (address, absent): (&str, &str),
    ) -> Result<Reply, String> {
        let seen = self.send(who, ask.clone()).await;
        let sight = self.sight(who, may.then_some(at), further);
        self.clean(who, &ask, &seen, &sight)?;
        if may {
            return match seen.status {
                404 => Err(format!("{who:?} does not find its own row by {ask:?}: {seen}")),
                _ => Ok(seen),
            };
        }
        if seen.header("idempotency-replayed").is_some() {
            return Err(format!("{who:?} gets what another had done: {ask:?}: {seen}"));
        }
        let missing = self.send(who, other).await;
        match seen.status >= 400 && seen.comparable(address) == missing.comparable(absent) {
            true => Ok(seen),
            false => Err(format!("{who:?}: forbidden is not as missing: {ask:?} {seen} {missing}")),
        }
    }

    /// A write to any row, with a version or a key that somebody else has.
    async fn write(&mut self, who: Who, kind: usize) -> Result<(), String> {
        let how = self.random.below(if self.asked.is_multiple_of(7) { 3 } else { 2 });
        let done: Vec<usize> = self.used.iter().map(|(_, at)| *at).collect();
        let at = match how == 1 && !done.is_empty() && self.random.chance(40) {
            true => self.random.one(&done),
            false => self.some_item(kind),
        };
        let kind = self.items[at].kind;
        let operation = format!("{}{kind}", ["edit", "shut", "drop"][how]);
        let version = self.random.one(&["*", "\"1\"", "\"2\"", "\"3\""]);
        let word = self.word();
        // Everybody chooses the same key.
        let key = format!("key-{at}");
        let ask = |address: &str| {
            let ask = self.ask(&operation, Some(address));
            match how {
                0 => {
                    let body = json!({ "title": format!("title {word}t") });
                    ask.header("if-match", version).json(&body)
                }
                1 => ask.header("idempotency-key", key.clone()),
                _ => ask.header("if-match", version),
            }
        };
        let (id, absent) = (self.items[at].id.clone(), nobody());
        let asks = (ask(&id), ask(&absent));
        let may = self.holds(self.plan.items[kind].write, who, &self.items[at]);
        if how == 1 && self.used.contains(&(who, at)) {
            // The same caller got this before, and gets it again whatever has become of it.
            let reply = self.send(who, asks.0.clone()).await;
            return self.clean(who, &asks.0, &reply, &self.sight(who, [at], false));
        }
        let reply = self.compared(who, (at, may, false), asks, (&id, &absent)).await?;
        if reply.header("idempotency-replayed").is_some() {
            return Err(format!("{who:?} gets what another had done: {reply}"));
        }
        if !may || reply.status >= 300 {
            return Ok(());
        }
        let item = &mut self.items[at];
        match how {
            0 => self.marks.add(super::marks::Owner::Item(at), &format!("{word}t")),
            1 => {
                item.open = false;
                self.used.insert((who, at));
            }
            _ => item.gone = true,
        }
        Ok(())
    }

    /// A new row: with a reference to rows of others, or with a key that others have taken.
    async fn make(&mut self, who: Who, kind: usize) -> Result<(), String> {
        let Some(user) = self.user(who) else { return self.strangers_make(who, kind).await };
        let tenant = self.users[user].tenant;
        let mut item = self.draw(kind, tenant, user);
        (item.peer, item.friend) = (None, None);
        item.lines = item.lines.iter().map(|whom| whom.map(|_| user)).collect();
        if self.random.chance(40) {
            return self.with_label(who, item).await;
        }
        let foreign = self.some_item(kind.saturating_sub(1));
        let stranger = self.random.below(self.users.len());
        let (field, id) = match self.random.below(3) {
            0 => ("peer", self.items[foreign].id.clone()),
            1 => ("friend", self.users[stranger].id.clone()),
            _ => ("line", self.users[stranger].id.clone()),
        };
        let body = self.body(&item);
        let ask = |id: &str| {
            let mut body = body.clone();
            match field {
                "line" => body["lines"] = json!([{ "text": "line", "whom": id }]),
                _ => body[field] = json!(id),
            }
            let ask = self.ask(&format!("make{kind}"), None);
            ask.header("idempotency-key", nobody()).json(&body)
        };
        let other = &self.items[foreign];
        let of = self.plan.items[other.kind];
        let known = match field {
            "peer" => self.holds(of.get, who, other) || self.holds(of.list, who, other),
            _ => self.knows(who, stranger),
        };
        let (asked, absent) = (ask(&id), nobody());
        let seen = self.send(who, asked.clone()).await;
        let own = self.sight(who, known.then_some(foreign), false);
        self.clean(who, &asked, &seen, &own)?;
        if known {
            if seen.status != 201 {
                return Err(format!("{who:?} cannot refer to {field} {id}: {seen}"));
            }
            match field {
                "peer" => item.peer = Some(foreign),
                "friend" => item.friend = Some(stranger),
                _ => item.lines = vec![Some(stranger)],
            }
            item.id = seen.json()["id"].as_str().unwrap().to_owned();
            self.keep(item);
            return Ok(());
        }
        let missing = self.send(who, ask(&absent)).await;
        match seen.status == 422 && seen.comparable(&id) == missing.comparable(&absent) {
            true => Ok(()),
            false => Err(format!("{who:?} refers to {field} {id}: {seen} {missing}")),
        }
    }

    /// Another tenant's key is free. One of the own tenant is taken, though the caller may not see
    /// by what: a key that is unique for the tenant cannot be otherwise.
    async fn with_label(&mut self, who: Who, mut item: super::case::Item) -> Result<(), String> {
        let kind = item.kind;
        let foreign = self.some_item(kind);
        item.label.clone_from(&self.items[foreign].label);
        let taken = |of: &super::case::Item| {
            of.kind == kind && of.label == item.label && of.tenant == item.tenant && !of.gone
        };
        let taken = self.items.iter().any(taken);
        let body = self.body(&item);
        let upsert = !taken && self.random.chance(30);
        let ask = match upsert {
            true => {
                let mut body = body;
                body.as_object_mut().unwrap().remove("label");
                self.ask(&format!("put{kind}"), Some(&item.label)).json(&body)
            }
            false => {
                let ask = self.ask(&format!("make{kind}"), None);
                ask.header("idempotency-key", nobody()).json(&body)
            }
        };
        let reply = self.send(who, ask.clone()).await;
        let expected = if taken { 409 } else { 201 };
        if reply.status != expected {
            return Err(format!("{who:?} gets not {expected} by {ask:?}: {reply}"));
        }
        self.clean(who, &ask, &reply, &self.sight(who, [], false))?;
        if !taken {
            item.id = reply.json()["id"].as_str().unwrap().to_owned();
            self.keep(item);
        }
        Ok(())
    }

    /// Who is nobody here makes nothing, whatever it refers to.
    async fn strangers_make(&mut self, who: Who, kind: usize) -> Result<(), String> {
        let foreign = self.some_item(kind);
        let item = &self.items[foreign];
        let mut body = self.body(item);
        body["label"] = json!("label of a stranger");
        let ask = self.ask(&format!("make{kind}"), None).header("idempotency-key", "a").json(&body);
        let reply = self.send(who, ask.clone()).await;
        self.clean(who, &ask, &reply, &self.sight(who, [], false))?;
        match reply.status {
            401 | 403 | 404 | 422 => Ok(()),
            _ => Err(format!("{who:?} makes {ask:?}: {reply}")),
        }
    }

    /// What needs no condition, and what nobody is served.
    async fn plain(&mut self, who: Who, kind: usize) -> Result<(), String> {
        let sight = self.sight(who, [], false);
        let at = self.some_item(kind);
        let (id, user) = (self.items[at].id.clone(), self.some_user(0));
        let mut asks: Vec<Ask> = ["users", "orgs", "notes", &format!("open{kind}")]
            .into_iter()
            .map(|operation| self.ask(operation, None))
            .collect();
        asks.push(self.ask("user", Some(&id)));
        asks.push(self.ask("org", Some(&self.users[user].id)));
        asks.push(self.ask("org", Some(&self.tenants[1])));
        asks.push(Ask::get(format!("/app/v1/{id}")));
        asks.push(Ask::get(format!("{}?{id}=1", self.ask("users", None).path)));
        asks.push(Ask::get("/metrics"));
        asks.push(Ask::get("/"));
        let ask = asks.swap_remove(self.random.below(asks.len()));
        let reply = self.send(who, ask.clone()).await;
        self.checked_plain(who, &ask, &reply, &sight)?;
        if self.plan.logged {
            let ask = self.ask(&format!("log{kind}"), None);
            let reply = self.send(who, ask.clone()).await;
            let own = |at: &usize| {
                self.user(who).is_some_and(|user| self.users[user].tenant == self.items[*at].tenant)
            };
            let mut sight = self.sight(who, (0..self.items.len()).filter(own), false);
            // The log names who wrote by the subject of the token.
            sight.seen.extend(
                (0..self.users.len())
                    .filter(|at| {
                        self.user(who)
                            .is_some_and(|user| self.users[user].tenant == self.users[*at].tenant)
                    })
                    .map(super::marks::Owner::User),
            );
            self.clean(who, &ask, &reply, &sight)?;
        }
        Ok(())
    }

    fn checked_plain(
        &self,
        who: Who,
        ask: &Ask,
        reply: &Reply,
        sight: &super::case::Sight,
    ) -> Result<(), String> {
        // What is beside the operations says nothing of rows to anybody, and may be kept.
        match ask.path.as_str() {
            "/" | "/metrics" => {
                let leak = self.marks.leak(&reply.bytes, &ask.sent(), |_| false);
                leak.map_or(Ok(()), |leak| Err(format!("{} shows {leak:?}", ask.path)))
            }
            _ => self.clean(who, ask, reply, sight),
        }
    }
}

/// Who is nobody here gets no rows.
fn refused(ask: &Ask, reply: &Reply) -> Result<(), String> {
    match reply.status {
        401 | 403 | 404 => Ok(()),
        _ => Err(format!("somebody without rights gets an answer to {ask:?}: {reply}")),
    }
}
