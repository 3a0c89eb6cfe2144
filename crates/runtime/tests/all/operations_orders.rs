//! Orders that a column alone does not give: money of several currencies, and the nearest first.

use expression::value::Geo;
use runtime::call::{Near, PageRequest};
use serde_json::{Value as Json, json};

use crate::http_support::{Ask, Server};
use crate::support::{Who, World, in_each_form, in_form};

const FLEET: &str = r#"
firmitas: 1
system:
  name: Fleet
  currency: [EUR, JPY, KWD]
  tenancy: { by: fleet.Company, from: actor, isolation: pool }
actors:
  visitor: { auth: none }
  driver: { auth: user, is: fleet.Driver, login: email }
  support: { auth: user, role: support, tenants: all }
contexts:
  fleet:
    entities:
      Company: { fields: { name: string(1..40) } }
      Driver: { fields: { email: email unique pii } }
      Van:
        fields: { name: string(1..40) search, at: geo?, price: money(0..), deposit: money? }
    operations:
      signUp:
        create: Company
        by: [visitor]
        input: { name: string(1..40), email: email }
        do: [{ set: { name: input.name } }, { create: Driver, with: { email: input.email } }]
        rate: 1/s
      addVan: { create: Van, by: [driver], input: [name, at, price, deposit], rate: 1/s }
      vans: { list: Van, by: [driver, support], sort: [price, -price, deposit, -deposit], search: true, near: at, rate: 1/s }
"#;

/// Latitude and longitude, price, deposit.
type Van = (Option<(f64, f64)>, &'static str, Option<&'static str>);

/// Some at one place, some of one price, none in the order of anything.
const VANS: [Van; 12] = [
    (Some((52.50, 13.40)), "20.00 EUR", None),
    (Some((48.10, 11.60)), "1999 JPY", Some("5 JPY")),
    (Some((52.51, 13.40)), "1999 JPY", Some("1.00 EUR")),
    (None, "3.500 KWD", Some("1.000 KWD")),
    (Some((52.50, 13.41)), "20.00 EUR", Some("900 JPY")),
    (Some((52.50, 13.40)), "0.005 KWD", None),
    (Some((40.70, -74.00)), "19.99 EUR", Some("1.00 EUR")),
    (Some((52.49, 13.40)), "5 JPY", Some("1.00 EUR")),
    (Some((-33.90, 151.20)), "100.00 EUR", Some("10.000 KWD")),
    (Some((52.50, 13.39)), "20.00 EUR", None),
    (Some((52.51, 13.40)), "3.500 KWD", Some("0.50 EUR")),
    (None, "10000 JPY", Some("20 JPY")),
];

const CENTRE: Geo = Geo { latitude: 52.5, longitude: 13.4 };

/// The currency, then the amount in thousandths.
fn sorted(amount: &str) -> (String, i64) {
    let (amount, currency) = amount.split_once(' ').unwrap();
    let (whole, rest) = amount.split_once('.').unwrap_or((amount, ""));
    let thousandths = format!("{whole}{rest:0<3}").parse().unwrap();
    (currency.to_owned(), thousandths)
}

fn money(amount: &str) -> Json {
    let (amount, currency) = amount.split_once(' ').unwrap();
    json!({ "amount": amount, "currency": currency })
}

fn point((latitude, longitude): (f64, f64)) -> Json {
    json!({ "lat": latitude, "lon": longitude })
}

struct Fleet {
    world: World,
    /// A driver of each company.
    drivers: Vec<Who>,
    /// The id of each van; they belong to the companies in turn.
    vans: Vec<String>,
}

impl Fleet {
    async fn new(isolation: &str) -> Self {
        let world = World::start(&in_form(FLEET, isolation));
        let mut drivers = Vec::new();
        for name in ["acme", "bolt", "cargo"] {
            let email = format!("{name}@{name}.example");
            let body = json!({ "name": name, "email": email });
            world.call(&world.anyone(), "fleet.signUp", None, body).await.unwrap();
            drivers.push(world.user(name, &["driver"]).with_login(&email));
        }
        let mut vans = Vec::new();
        for (number, (at, price, deposit)) in VANS.iter().enumerate() {
            let body = json!({
                "name": format!("Van {number}"), "at": at.map(point), "price": money(price),
                "deposit": deposit.map(money),
            });
            let driver = &drivers[number % drivers.len()];
            vans.push(world.call(driver, "fleet.addVan", None, body).await.unwrap().id());
        }
        Self { world, drivers, vans }
    }

    /// The numbers of the vans that somebody sees, page by page.
    async fn walk(&self, who: &Who, asked: &PageRequest) -> Vec<usize> {
        let (mut page, mut found) = (PageRequest { limit: 2, ..asked.clone() }, Vec::new());
        loop {
            let (rows, next) = self.world.page(who, "fleet.vans", page.clone()).await.unwrap();
            assert!(rows.len() <= 2);
            let number = |row: &Json| self.vans.iter().position(|id| row["id"] == **id).unwrap();
            found.extend(rows.iter().map(number));
            assert!(found.len() <= VANS.len(), "rows come again: {found:?}");
            match next {
                Some(next) => page.after = Some(next),
                None => return found,
            }
        }
    }

    /// All vans by a key, then by id, for everybody and for each driver.
    async fn is_sorted<K: Ord>(&self, asked: &PageRequest, key: impl Fn(usize) -> Option<K>) {
        let mut expected: Vec<usize> = (0..VANS.len()).filter(|at| key(*at).is_some()).collect();
        expected.sort_by_key(|at| (key(*at), self.vans[*at].clone()));
        let support = self.world.user("sue", &["support"]);
        assert_eq!(self.walk(&support, asked).await, expected, "{asked:?}");
        for (side, driver) in self.drivers.iter().enumerate() {
            let own = expected.iter().copied().filter(|at| at % self.drivers.len() == side);
            assert_eq!(self.walk(driver, asked).await, own.collect::<Vec<_>>(), "{asked:?}");
        }
    }
}

async fn money_is_sorted_by_currency_then_by_amount(isolation: &str) {
    let fleet = Fleet::new(isolation).await;
    let order = |sort: usize| PageRequest { sort: vec![sort], ..PageRequest::default() };
    let price = |at: usize| sorted(VANS[at].1);
    fleet.is_sorted(&order(0), |at| Some(price(at))).await;
    fleet.is_sorted(&order(1), |at| Some(std::cmp::Reverse(price(at)))).await;
    // Without a value last, both ways.
    let deposit = |at: usize| VANS[at].2.map(sorted);
    fleet.is_sorted(&order(2), |at| Some((deposit(at).is_none(), deposit(at)))).await;
    let falling = |at: usize| Some((deposit(at).is_none(), std::cmp::Reverse(deposit(at))));
    fleet.is_sorted(&order(3), falling).await;
    let both = PageRequest { sort: vec![0, 3], ..PageRequest::default() };
    fleet.is_sorted(&both, |at| Some((price(at), falling(at)))).await;
    let words = PageRequest { search: Some("van".into()), ..both };
    fleet.is_sorted(&words, |at| Some((price(at), falling(at)))).await;
}

async fn rows_near_a_point_come_nearest_first(isolation: &str) {
    let fleet = Fleet::new(isolation).await;
    let near = |within: f64, sort: Vec<usize>, search: Option<&str>| {
        let near = Some(Near { point: CENTRE, within: Some(within) });
        PageRequest { near, sort, search: search.map(str::to_owned), ..PageRequest::default() }
    };
    // Of numbers that are not negative the bits are in their order.
    let distance = |at: usize| {
        let (latitude, longitude) = VANS[at].0?;
        Some(expression::distance(&Geo { latitude, longitude }, &CENTRE).to_bits())
    };
    for within in [2_000.0, 1_000_000.0, 20_000_000.0] {
        let close = |at: usize| distance(at).filter(|bits| f64::from_bits(*bits) <= within);
        assert!((5..11).contains(&(0..VANS.len()).filter_map(close).count()));
        fleet.is_sorted(&near(within, vec![], None), close).await;
        fleet.is_sorted(&near(within, vec![], Some("van")), close).await;
        let price = |at: usize| close(at).map(|_| sorted(VANS[at].1));
        fleet.is_sorted(&near(within, vec![0], None), price).await;
    }
}

in_each_form!(money_is_sorted_by_currency_then_by_amount, rows_near_a_point_come_nearest_first);

const SHOPS: &str = r"
firmitas: 1
system: { name: Shops }
actors: { clerk: { auth: service } }
contexts:
  shops:
    entities:
      Owner: { fields: { name: string(1..40) } }
      Shop: { fields: { name: string(1..40), at: geo, owner: Owner } }
    operations:
      addOwner: { create: Owner, by: [clerk], input: [name], rate: 1/s }
      viewOwner: { get: Owner, by: [clerk], rate: 1/s }
      addShop: { create: Shop, by: [clerk], input: [name, at, owner], rate: 1/s }
      shops: { list: Shop, by: [clerk], sort: [name], near: at, rate: 1/s }
";

#[tokio::test(flavor = "multi_thread")]
async fn the_nearest_first_page_by_page_over_http() {
    let server = Server::start(SHOPS).await;
    let token = server.token("clerk", "erp");
    let post = async |path: &str, key: &str, body: Json| {
        let body = body.to_string();
        let reply = server.ask(Ask::new("POST", path).bearer(&token).key(key).json(&body)).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()["id"].as_str().unwrap().to_owned()
    };
    let owner = post("/shops/v1/owners", "owner", json!({ "name": "Ada" })).await;
    for (name, longitude) in [("a", 13.44), ("b", 13.40), ("c", 13.42), ("d", 13.41), ("e", 13.43)]
    {
        let body = json!({ "name": name, "at": point((52.5, longitude)), "owner": owner });
        post("/shops/v1/shops", name, body).await;
    }
    let walk = async |asked: &str| {
        let (mut names, mut after) = (String::new(), String::new());
        for _ in 0..9 {
            let path = format!("/shops/v1/shops?limit=2&{asked}{after}");
            let reply = server.ask(Ask::new("GET", &path).bearer(&token)).await;
            assert_eq!(reply.status, 200, "{path} {reply:?}");
            let page = reply.json();
            for row in page["items"].as_array().unwrap() {
                names += row["name"].as_str().unwrap();
                if asked.contains("expand") {
                    assert_eq!(row["_expanded"]["owner"]["name"], "Ada");
                }
            }
            match page["next"].as_str().unwrap() {
                "" => return names,
                next => after = format!("&after={next}"),
            }
        }
        panic!("pages without an end: {names}")
    };
    assert_eq!(walk("near=52.5,13.4&within=50km").await, "bdcea");
    assert_eq!(walk("near=52.5,13.4&within=50km&expand=owner").await, "bdcea");
    assert_eq!(walk("near=52.5,13.4&within=50km&sort=name").await, "abcde");
    assert_eq!(walk("near=52.5,13.44&within=1500m").await, "aec");
    assert_eq!(walk("sort=-name").await, "edcba");
    // A place in one order is none in another.
    let first = "/shops/v1/shops?limit=2&near=52.5,13.4&within=50km";
    let page = server.ask(Ask::new("GET", first).bearer(&token)).await.json();
    let after = page["next"].as_str().unwrap();
    for other in
        ["near=52.5,13.41&within=50km", "near=52.5,13.4&within=50km&sort=name", "sort=name"]
    {
        let path = format!("/shops/v1/shops?limit=2&{other}&after={after}");
        let reply = server.ask(Ask::new("GET", &path).bearer(&token)).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "invalid-cursor"), "{other}");
    }
}
