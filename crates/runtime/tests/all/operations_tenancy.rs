//! Tenants that share tables: what each of them reaches, and what says whose a request is.

use serde_json::json;

use crate::support::{Who, World, in_form, refusal};

const MODEL: &str = r#"
firmitas: 1
system:
  name: Desk
  tenancy: { by: desk.Company, from: actor, isolation: pool }
actors:
  visitor: { auth: none }
  member: { auth: user, is: desk.User, login: email }
  robot: { auth: service }
  support: { auth: user, role: support, tenants: all }
contexts:
  desk:
    entities:
      Company: { fields: { name: string(1..40), plan: "enum(free, paid) = free" } }
      Country: { shared: true, fields: { code: string(2) unique } }
      User:
        fields: { company_name: string(..40)?, email: email unique pii }
      Ticket:
        fields:
          number: int(1..) sequence(country) readonly
          country: Country
          title: string(1..40) search
          key: string(1..20) unique
          about: Ticket?
          owner: User
          opened: timestamp = now
        parts: { notes: { size: 0..5, fields: { text: string(1..40) } } }
        states: { open: [closed], closed: [] }
      Record:
        audit: { all, retain: 30d }
        fields: { text: string(1..40) }
    events:
      TicketClosed: { key: ticket, payload: { ticket: Ticket } }
    operations:
      signUp:
        create: Company
        by: [visitor]
        input: { name: string(1..40), email: email }
        do:
          - set: { name: input.name }
          - create: User
            with: { email: input.email, company_name: "tenant.name" }
        rate: 1/s
      viewCompany: { get: Company, by: { member: self == tenant, support: true }, rate: 1/s }
      addCountry: { create: Country, by: [support], input: [code], rate: 1/s }
      listCountries: { list: Country, by: [member, support], rate: 1/s }
      invite: { create: User, by: [member, robot], input: [email], rate: 1/s }
      listUsers: { list: User, by: [member, robot, support], rate: 1/s }
      readdress: { update: User, by: [member], input: [email], rate: 1/s }
      dismiss: { delete: User, by: [member], rate: 1/s }
      me: { get: User, by: { member: self.id == actor.id }, rate: 1/s }
      open:
        create: Ticket
        by: [member, support]
        input: [title, key, country, about, owner, notes.text]
        rate: 1/s
      listTickets:
        list: Ticket
        by: [visitor, member, robot, support]
        filter: [title, owner, about]
        sort: [title]
        search: true
        rate: 1/s
      ofPaying: { list: Ticket, by: { member: "tenant.plan == 'paid'" }, rate: 1/s }
      busy: { list: User, by: { member: "Ticket.exists(t, t.owner == self.id)" }, rate: 1/s }
      viewTicket: { get: Ticket, by: [member, support], rate: 1/s }
      byKey: { get: Ticket, key: key, by: [member], rate: 1/s }
      rename: { update: Ticket, by: [member, support], input: [title], rate: 1/s }
      close:
        act: Ticket
        by: [member, support]
        do: [{ move: closed }, { emit: TicketClosed }]
        rate: 1/s
      drop: { delete: Ticket, by: [member], rate: 1/s }
      keep: { create: Record, by: [member], input: [text], rate: 1/s }
      listRecords: { list: Record, by: [member, support], rate: 1/s }
      seenRecords: { list: Record.audit, by: [member], rate: 1/s }
"#;

struct Desk {
    world: World,
    /// The tenants, each with a member and that member's row.
    sides: Vec<(Who, String, String)>,
    country: String,
}

impl Desk {
    async fn new(isolation: &str) -> Self {
        let world = World::start(&in_form(MODEL, isolation));
        let support = world.user("staff", &["support"]);
        let country = world.call(&support, "desk.addCountry", None, json!({ "code": "DE" })).await;
        let country = country.unwrap().id();
        let mut sides = Vec::new();
        for name in ["Acme", "Bolt"] {
            let email = format!("boss@{}.example", name.to_lowercase());
            let body = json!({ "name": name, "email": email });
            let made = world.call(&world.anyone(), "desk.signUp", None, body).await.unwrap();
            let boss = world.user(name, &["member"]).with_login(&email);
            let users = world.list(&boss, "desk.listUsers").await.unwrap();
            assert_eq!(users.len(), 1, "{users:?}");
            assert_eq!(users[0]["company_name"], name, "the new tenant is `tenant` at once");
            let user = users[0]["id"].as_str().unwrap().to_owned();
            sides.push((boss, made.id(), user));
        }
        Self { world, sides, country }
    }

    async fn ticket(&self, side: usize, key: &str) -> String {
        let (boss, _, user) = &self.sides[side];
        let body = json!({
            "title": format!("Ticket {key}"), "key": key, "country": self.country, "owner": user,
            "notes": [{ "text": format!("note {key}") }],
        });
        self.world.call(boss, "desk.open", None, body).await.unwrap().id()
    }
}

async fn a_tenant_reaches_its_own_rows_and_no_others(isolation: &str) {
    let desk = Desk::new(isolation).await;
    let Desk { world, sides, .. } = &desk;
    let (a, b) = (&sides[0].0, &sides[1].0);
    let own = desk.ticket(0, "one").await;
    // Keys and numbers are each tenant's own.
    let foreign = desk.ticket(1, "one").await;
    for (who, id) in [(a, &own), (b, &foreign)] {
        let tickets = world.list(who, "desk.listTickets").await.unwrap();
        assert_eq!(tickets.len(), 1);
        assert_eq!(tickets[0]["id"], **id);
        assert_eq!(tickets[0]["number"], 1);
        assert_eq!(tickets[0]["notes"][0]["text"], "note one");
        assert_eq!(world.get(who, "desk.byKey", "one").await.unwrap()["id"], **id);
        assert_eq!(world.list(who, "desk.busy").await.unwrap().len(), 1);
        assert_eq!(world.list(who, "desk.ofPaying").await.unwrap().len(), 0);
    }
    let missing = uuid::Uuid::now_v7().to_string();
    for operation in ["desk.viewTicket", "desk.close", "desk.drop", "desk.rename"] {
        let body = if operation == "desk.rename" { json!({ "title": "x" }) } else { json!(null) };
        let not_mine = world.call(a, operation, Some(&foreign), body.clone()).await;
        let absent = world.call(a, operation, Some(&missing), body).await;
        assert_eq!(not_mine.as_ref().unwrap_err(), absent.as_ref().unwrap_err(), "{operation}");
        assert_eq!(refusal(not_mine), (404, "not-found".to_owned()));
    }
    let refer = |about: &str, owner: &str| json!({ "title": "x", "key": "two", "country": desk.country, "about": about, "owner": owner });
    for (about, owner) in [(&foreign, &sides[0].2), (&own, &sides[1].2), (&missing, &sides[0].2)] {
        let refused = world.call(a, "desk.open", None, refer(about, owner)).await;
        let (status, code) = refusal(refused);
        assert_eq!(status, 422);
        assert!(code.ends_with("unknown-reference"), "{code}");
    }
    assert!(world.get(a, "desk.viewCompany", &sides[0].1).await.is_ok());
    assert_eq!(refusal(world.get(a, "desk.viewCompany", &sides[1].1).await).0, 404);
    assert_eq!(refusal(world.get(a, "desk.me", &sides[1].2).await).0, 404);
    // The same key is taken within a tenant.
    let taken = json!({ "title": "x", "key": "one", "country": desk.country, "owner": sides[0].2 });
    assert_eq!(
        refusal(world.call(a, "desk.open", None, taken).await),
        (409, "key-taken".to_owned())
    );
}

async fn callers_without_a_tenant_reach_shared_rows_alone(isolation: &str) {
    let desk = Desk::new(isolation).await;
    let world = &desk.world;
    desk.ticket(0, "one").await;
    let anyone = world.anyone();
    assert_eq!(world.list(&anyone, "desk.listTickets").await.unwrap().len(), 0);
    let robot = world.user("robot", &["robot"]);
    assert_eq!(world.list(&robot, "desk.listTickets").await.unwrap().len(), 0);
    let invite = json!({ "email": "new@example.com" });
    let refused = world.call(&robot, "desk.invite", None, invite.clone()).await;
    assert_eq!(refusal(refused), (403, "no-tenant".to_owned()));
    // With a verified claim it acts for that tenant; for none that does not exist.
    let mut robot = robot;
    robot.caller.tenant.claim = Some(uuid::Uuid::now_v7().as_u128());
    assert_eq!(refusal(world.call(&robot, "desk.invite", None, invite.clone()).await).0, 403);
    let id: uuid::Uuid = desk.sides[1].1.parse().unwrap();
    robot.caller.tenant.claim = Some(id.as_u128());
    world.call(&robot, "desk.invite", None, invite.clone()).await.unwrap();
    assert_eq!(world.list(&robot, "desk.listUsers").await.unwrap().len(), 2);
    assert_eq!(world.list(&desk.sides[0].0, "desk.listUsers").await.unwrap().len(), 1);
    // A claim says nothing about callers who are rows, and a wish lets nobody in.
    let mut a = desk.sides[0].0.clone();
    a.caller.tenant.claim = Some(id.as_u128());
    assert_eq!(world.list(&a, "desk.listUsers").await.unwrap().len(), 1);
    for wish in [id, uuid::Uuid::now_v7()] {
        a.caller.tenant.asked = Some(wish.as_u128());
        let refused = world.list(&a, "desk.listUsers").await;
        assert_eq!(refusal(refused), (403, "not-linked".to_owned()));
    }
}

async fn whoever_is_known_in_several_tenants_chooses_one(isolation: &str) {
    let desk = Desk::new(isolation).await;
    let world = &desk.world;
    let invite = json!({ "email": "New@Example.com" });
    for (side, ..) in &desk.sides {
        world.call(side, "desk.invite", None, invite.clone()).await.unwrap();
    }
    let ids: Vec<u128> =
        desk.sides.iter().map(|side| side.1.parse::<uuid::Uuid>().unwrap().as_u128()).collect();
    let torn = world.user("torn", &["member"]).with_login("new@example.com");
    // Who has the same login in two tenants is not guessed to be either.
    let refused = world.list(&torn, "desk.listUsers").await;
    assert_eq!(refusal(refused), (403, "several-tenants".to_owned()));
    for (at, id) in ids.iter().enumerate() {
        let mut there = torn.clone();
        there.caller.tenant.asked = Some(*id);
        assert_eq!(world.list(&there, "desk.listUsers").await.unwrap().len(), 2, "{at}");
        desk.ticket(at, &format!("of {at}")).await;
        let tickets = world.list(&there, "desk.listTickets").await.unwrap();
        assert_eq!(tickets.len(), 1, "{tickets:?}");
        assert_eq!(tickets[0]["key"], format!("of {at}"));
        // Again, and by somebody who has no row there.
        world.list(&there, "desk.listUsers").await.unwrap();
        let mut stranger = world.user("stranger", &["member"]).with_login("x@example.com");
        stranger.caller.tenant.asked = Some(*id);
        let refused = world.list(&stranger, "desk.listUsers").await;
        assert_eq!(refusal(refused), (403, "not-linked".to_owned()));
    }
    // Where it has rows, the first is meant by who names none.
    assert_eq!(world.list(&torn, "desk.listUsers").await.unwrap().len(), 2);
}

async fn people_are_found_by_the_login_that_they_have_now(isolation: &str) {
    let desk = Desk::new(isolation).await;
    let world = &desk.world;
    let b = &desk.sides[1].0;
    let email = |email: &str| json!({ "email": email });
    let person = |login: &str| world.user(login, &["member"]).with_login(login);
    let made = world.call(b, "desk.invite", None, email("one@example.com")).await.unwrap().id();
    world.call(b, "desk.readdress", Some(&made), email("Two@example.com")).await.unwrap();
    let refused = world.list(&person("one@example.com"), "desk.listUsers").await;
    assert_eq!(refusal(refused), (403, "not-linked".to_owned()));
    assert_eq!(world.list(&person("two@example.com"), "desk.listUsers").await.unwrap().len(), 2);
    let made = world.call(b, "desk.invite", None, email("three@example.com")).await.unwrap().id();
    world.call(b, "desk.dismiss", Some(&made), json!(null)).await.unwrap();
    let refused = world.list(&person("three@example.com"), "desk.listUsers").await;
    assert_eq!(refusal(refused), (403, "not-linked".to_owned()));
}

async fn each_tenant_sees_who_crossed_into_it(isolation: &str) {
    let desk = Desk::new(isolation).await;
    let world = &desk.world;
    let mut kept = Vec::new();
    for (side, ..) in &desk.sides {
        let body = json!({ "text": "secret" });
        kept.push(world.call(side, "desk.keep", None, body).await.unwrap().id());
    }
    let support = world.user("staff", &["support"]);
    assert_eq!(world.list(&support, "desk.listRecords").await.unwrap().len(), 2);
    for ((side, ..), own) in desk.sides.iter().zip(&kept) {
        let lines = world.list(side, "desk.seenRecords").await.unwrap();
        let crossed: Vec<_> = lines.iter().filter(|line| line["actor"] == "support").collect();
        assert_eq!(crossed.len(), 1, "{lines:?}");
        assert_eq!(crossed[0]["rows"], json!([own]), "its own rows alone");
    }
}

async fn those_who_cross_tenants_write_for_one(isolation: &str) {
    let desk = Desk::new(isolation).await;
    let world = &desk.world;
    let (one, two) = (desk.ticket(0, "one").await, desk.ticket(1, "two").await);
    let support = world.user("staff", &["support"]);
    assert_eq!(world.list(&support, "desk.listTickets").await.unwrap().len(), 2);
    for id in [&one, &two] {
        let body = json!({ "title": "Renamed" });
        world.call(&support, "desk.rename", Some(id), body).await.unwrap();
        world.call(&support, "desk.close", Some(id), json!(null)).await.unwrap();
    }
    // A new row belongs to the tenant of what it refers to.
    let body = |owner: &str| json!({ "title": "x", "key": "three", "country": desk.country, "owner": owner });
    let made = world.call(&support, "desk.open", None, body(&desk.sides[1].2)).await.unwrap();
    assert!(world.get(&desk.sides[1].0, "desk.viewTicket", &made.id()).await.is_ok());
    assert_eq!(refusal(world.get(&desk.sides[0].0, "desk.viewTicket", &made.id()).await).0, 404);
    // Whoever names a tenant sees that one.
    let mut named = support.clone();
    let id: uuid::Uuid = desk.sides[0].1.parse().unwrap();
    named.caller.tenant.asked = Some(id.as_u128());
    assert_eq!(world.list(&named, "desk.listTickets").await.unwrap().len(), 1);
    let refused = world.call(&named, "desk.open", None, body(&desk.sides[1].2)).await;
    assert_eq!(refusal(refused).0, 422);
    named.caller.tenant.asked = Some(uuid::Uuid::now_v7().as_u128());
    assert_eq!(refusal(world.list(&named, "desk.listTickets").await).0, 404);
    // Events know whose they are.
    let tenants = tenants_of_events(world).await;
    let of = |side: usize| desk.sides[side].1.parse::<uuid::Uuid>().unwrap().as_u128();
    assert_eq!(tenants, [Some(of(0)), Some(of(1))]);
}

async fn tenants_of_events(world: &World) -> Vec<Option<u128>> {
    use runtime::store::{Snapshot as _, Store as _, StoreError, Terms};
    let read = world
        .backend
        .store()
        .read(Terms::SERVER, |snapshot| Box::pin(async move { snapshot.outbox(0, 100).await }));
    let events: Result<_, StoreError> = read.await;
    events.unwrap().into_iter().map(|(_, event)| event.tenant).collect()
}

fn at(mut who: Who, host: Option<&str>) -> Who {
    who.caller.tenant.host = host.map(Into::into);
    who
}

/// The first tenants are made where there is none, by whom the model admits.
async fn first_tenants(world: &World) {
    let operator = |host| at(world.user("olga", &["operator"]), host);
    for (domain, host) in [
        ("a.example", Some("a.example")),
        ("b.example", Some("elsewhere.example")),
        ("d.example", None),
    ] {
        let body = json!({ "domain": domain });
        let refused =
            world.call(&at(world.anyone(), host), "web.openSite", None, body.clone()).await;
        assert_eq!(refusal(refused), (401, "unauthenticated".to_owned()));
        let ann = at(world.user("ann", &["reader"]), host);
        let refused = world.call(&ann, "web.openSite", None, body.clone()).await;
        assert_eq!(refusal(refused), (403, "not-linked".to_owned()));
        let refused = world.list(&operator(host), "web.sites").await;
        assert_eq!(refusal(refused), (404, "not-found".to_owned()));
        world.call(&operator(host), "web.openSite", None, body.clone()).await.unwrap();
        let again = world.call(&operator(Some("free.example")), "web.openSite", None, body).await;
        assert_eq!(refusal(again), (409, "domain-taken".to_owned()));
    }
    // Nobody would ever be for it.
    for domain in ["E.example", "e.example.", "e.example:80"] {
        let (who, body) = (operator(None), json!({ "domain": domain }));
        let made = world.call(&who, "web.openSite", None, body).await;
        let refused = (422, "validation-failed /domain not-a-host".to_owned());
        assert_eq!(refusal(made), refused);
    }
    assert_eq!(world.list(&operator(Some("d.example")), "web.sites").await.unwrap().len(), 3);
}

async fn a_host_says_whose_a_request_is(isolation: &str) {
    let text = in_form(
        r#"
firmitas: 1
system: { name: Hosts, tenancy: { by: web.Site, from: host(domain), isolation: pool } }
actors:
  visitor: { auth: none }
  reader: { auth: user, is: web.Reader }
  operator: { auth: user, role: operator }
  overseer: { auth: user, role: overseer, tenants: all }
contexts:
  web:
    entities:
      Site: { fields: { domain: string(1..60) unique } }
      Reader: { fields: { name: string(1..20) } }
      Note: { fields: { text: string(1..20), by: Reader } }
    operations:
      openSite: { create: Site, by: [operator, reader], input: [domain], rate: 1/s }
      sites: { list: Site, by: [operator], rate: 1/s }
      join: { create: Reader, by: [reader], input: [name], rate: 1/s }
      readers: { list: Reader, by: [visitor], rate: 1/s }
      write: { create: Note, by: { reader: self.by == actor.id }, input: [text, by], rate: 1/s }
      notes: { list: Note, by: [visitor], rate: 1/s }
      all: { list: Note, by: [overseer], rate: 1/s }
"#,
        isolation,
    );
    let world = World::start(&text);
    first_tenants(&world).await;
    // The same person is another reader on another host.
    let mut readers = Vec::new();
    for domain in ["a.example", "b.example"] {
        let ann = at(world.user("ann", &["reader"]), Some(domain));
        let early = json!({ "text": "x", "by": uuid::Uuid::now_v7().to_string() });
        assert_eq!(refusal(world.call(&ann, "web.write", None, early).await).1, "not-linked");
        let joined = world.call(&ann, "web.join", None, json!({ "name": domain })).await.unwrap();
        let body = json!({ "text": domain, "by": joined.id() });
        world.call(&ann, "web.write", None, body).await.unwrap();
        readers.push(joined.id());
        let seen = world.list(&at(world.anyone(), Some(domain)), "web.notes").await.unwrap();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0]["text"], domain);
    }
    let ann = at(world.user("ann", &["reader"]), Some("a.example"));
    let foreign = json!({ "text": "x", "by": readers[1] });
    assert_eq!(refusal(world.call(&ann, "web.write", None, foreign).await).0, 422);
    for host in [Some("c.example"), None] {
        let refused = world.list(&at(world.anyone(), host), "web.notes").await;
        assert_eq!(refusal(refused), (404, "not-found".to_owned()));
    }
    // Whoever crosses tenants is at a host as well, unless it says for which one it works.
    let operator = at(world.user("olga", &["operator"]), Some("a.example"));
    let sites = world.list(&operator, "web.sites").await.unwrap();
    let b = sites.iter().find(|site| site["domain"] == "b.example").unwrap()["id"].clone();
    let b = uuid::Uuid::parse_str(b.as_str().unwrap()).unwrap().as_u128();
    for (host, asked, seen) in [
        (Some("a.example"), None, &["a.example"][..]),
        (Some("a.example"), Some(b), &["b.example"]),
        (Some("c.example"), None, &["a.example", "b.example"]),
        (None, Some(b), &["b.example"]),
    ] {
        let mut overseer = at(world.user("olga", &["overseer"]), host);
        overseer.caller.tenant.asked = asked;
        let notes = world.list(&overseer, "web.all").await.unwrap();
        let texts: Vec<&str> = notes.iter().filter_map(|note| note["text"].as_str()).collect();
        assert_eq!(texts, seen, "{host:?} {asked:?}");
    }
}

crate::support::in_each_form!(
    a_tenant_reaches_its_own_rows_and_no_others,
    callers_without_a_tenant_reach_shared_rows_alone,
    whoever_is_known_in_several_tenants_chooses_one,
    people_are_found_by_the_login_that_they_have_now,
    each_tenant_sees_who_crossed_into_it,
    those_who_cross_tenants_write_for_one,
    a_host_says_whose_a_request_is
);
