//! `expand`: references followed in the same request, and who gets to see what they name.

use serde_json::{Value, json};

use crate::http_support::{Ask, Server};

/// Orders with lines, products within categories, customers that are somebody's own.
pub const MARKET: &str = r#"
firmitas: 1
system: { name: Market, currency: EUR }
actors:
  visitor: { auth: none }
  customer: { auth: user, is: people.Customer }
  staff: { auth: user, role: staff }
contexts:
  people:
    entities:
      Customer:
        soft_delete: true
        fields: { name: string(1..40), email: email unique pii }
    operations:
      join: { create: Customer, by: [customer], input: [name, email], rate: 1/s }
      viewCustomer: { get: Customer, by: { customer: self.id == actor.id, staff: true }, fields: [id, name], rate: 1/s }
      leave: { delete: Customer, by: { customer: self.id == actor.id }, rate: 1/s }
  market:
    entities:
      Category:
        fields: { name: string(1..40) unique, parent: Category? }
      Product:
        fields:
          name: string(1..40)
          price: money(0..)
          category: Category?
          hidden: bool = false
        parts:
          images: { size: 0..5, fields: { title: string(1..20) } }
      Order:
        fields:
          customer: people.Customer readonly
          gift_to: people.Customer?
          note: string?
          placed_at: timestamp = now readonly
        parts:
          lines:
            rows: 3 per Order
            size: 1..20
            fields: { product: Product, quantity: int(1..9) }
          slip:
            one: true
            fields: { product: Product, printed: bool = false }
    operations:
      addCategory: { create: Category, by: [staff], input: [name, parent], rate: 1/s }
      viewCategory: { get: Category, by: [visitor], rate: 1/s }
      addProduct: { create: Product, by: [staff], input: [name, price, category, hidden, images.title], rate: 1/s }
      viewProduct: { get: Product, by: { visitor: "!self.hidden", staff: true }, rate: 1/s }
      listProducts: { list: Product, by: [visitor], where: "!self.hidden", sort: [name, category], rate: 1/s }
      placeOrder:
        create: Order
        by: [customer]
        input: [gift_to, note, lines.product, lines.quantity, slip.product]
        do: [{ set: { customer: actor.id } }]
        rate: 1/s
      viewOrder: { get: Order, by: { customer: self.customer == actor.id, staff: true }, rate: 1/s }
      viewReceipt:
        get: Order
        by: { customer: self.customer == actor.id }
        route: receipt
        fields: { id: self.id, buyer: self.customer, count: self.lines.size(), note: self.note }
        rate: 1/s
      listOrders: { list: Order, by: { customer: self.customer == actor.id, staff: true }, sort: [-placed_at, note], rate: 1/s }
"#;

/// A market with rows, and who may see them.
pub struct Market {
    pub server: Server,
    pub ada: String,
    pub bob: String,
    pub staff: String,
    pub customers: [String; 2],
    /// Fruit within food.
    pub categories: [String; 2],
    /// An apple (fruit), bread (no category), and a secret (hidden).
    pub products: [String; 3],
    /// Of Ada: a gift to Bob with the apple and bread; one with the secret. Of Bob: bread.
    pub orders: [String; 3],
}

impl Market {
    pub async fn open() -> Self {
        Self::of(Server::start(MARKET).await).await
    }

    pub async fn of(server: Server) -> Self {
        let (ada, bob) = (server.token("customer", "ada"), server.token("customer", "bob"));
        let staff = server.token("staff", "sam");
        let mut market = Self {
            server,
            ada,
            bob,
            staff,
            customers: Default::default(),
            categories: Default::default(),
            products: Default::default(),
            orders: Default::default(),
        };
        let m = &market;
        let people = "/people/v1/customers";
        let ada = m.add(people, &m.ada, json!({"name": "Ada", "email": "ada@example.org"})).await;
        let bob = m.add(people, &m.bob, json!({"name": "Bob", "email": "bob@example.org"})).await;
        let of = "/market/v1/categories";
        let food = m.add(of, &m.staff, json!({"name": "food", "parent": null})).await;
        let fruit = m.add(of, &m.staff, json!({"name": "fruit", "parent": food})).await;
        let mut products: [String; 3] = Default::default();
        let all = [("apple", Some(&fruit), false), ("bread", None, false), ("secret", None, true)];
        for (place, (name, category, hidden)) in products.iter_mut().zip(all) {
            let images = json!([{"title": format!("{name} 1")}, {"title": format!("{name} 2")}]);
            let body = json!({"name": name, "price": {"amount": "1.50", "currency": "EUR"},
                "category": category, "hidden": hidden, "images": images});
            *place = m.add("/market/v1/products", &m.staff, body).await;
        }
        let [apple, bread, secret] = &products;
        let line = |product: &String, quantity| json!({"product": product, "quantity": quantity});
        let of = "/market/v1/orders";
        let gift = json!({"gift_to": null, "note": "b",
            "lines": [line(apple, 2), line(bread, 1), line(apple, 3)], "slip": {"product": apple}});
        let first = m.add(of, &m.ada, gift).await;
        let hidden =
            json!({"gift_to": null, "note": null, "lines": [line(bread, 4)], "slip": null});
        let second = m.add(of, &m.ada, hidden).await;
        let third = json!({"gift_to": null, "note": "a", "lines": [line(bread, 5)], "slip": null});
        let third = m.add(of, &m.bob, third).await;
        drop(secret.clone());
        market.customers = [ada, bob];
        market.categories = [fruit, food];
        market.products = products;
        market.orders = [first, second, third];
        market
    }

    async fn add(&self, path: &str, token: &str, body: Value) -> String {
        let (key, body) = (uuid::Uuid::new_v4().to_string(), body.to_string());
        let ask = Ask::new("POST", path).bearer(token).key(&key).json(&body);
        let reply = self.server.ask(ask).await;
        assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    pub async fn get(&self, path: &str, token: &str) -> Value {
        let reply = self.server.ask(Ask::new("GET", path).bearer(token)).await;
        assert_eq!(reply.status, 200, "{path}: {}", String::from_utf8_lossy(&reply.body));
        reply.json()
    }

    /// Statements that the store has run so far.
    pub async fn statements(&self) -> u64 {
        let text = String::from_utf8(self.server.get("/metrics").await.body).unwrap();
        let line = text
            .lines()
            .find(|line| line.contains("store_statements_total") && !line.starts_with('#'))
            .unwrap();
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_expanded_is_what_a_get_answers() {
    let m = Market::open().await;
    let [order, ..] = &m.orders;
    let path = format!("/market/v1/orders/{order}");
    let plain = m.get(&path, &m.ada).await;
    let wide = m
        .get(&format!("{path}?expand=customer,lines.product.category.parent,slip.product"), &m.ada)
        .await;
    let customer = m.get(&format!("/people/v1/customers/{}", m.customers[0]), &m.ada).await;
    assert_eq!(wide["_expanded"], json!({ "customer": customer }));
    for (line, bare) in
        wide["lines"].as_array().unwrap().iter().zip(plain["lines"].as_array().unwrap())
    {
        let product = line["product"].as_str().unwrap();
        let mut seen = line["_expanded"]["product"].clone();
        let expanded = seen.as_object_mut().unwrap().remove("_expanded").unwrap();
        assert_eq!(seen, m.get(&format!("/market/v1/products/{product}"), &m.ada).await);
        match seen["category"].as_str() {
            None => assert_eq!(expanded, json!({ "category": null })),
            Some(id) => {
                let mut category = expanded["category"].clone();
                let parent = category.as_object_mut().unwrap().remove("_expanded").unwrap();
                assert_eq!(category, m.get(&format!("/market/v1/categories/{id}"), &m.ada).await);
                assert_eq!(parent["parent"]["name"], "food");
            }
        }
        let mut line = line.clone();
        line.as_object_mut().unwrap().remove("_expanded");
        assert_eq!(line, *bare);
    }
    assert_eq!(wide["slip"]["_expanded"]["product"]["name"], "apple");
    // Nothing but that was added.
    let mut same = wide.clone();
    same.as_object_mut().unwrap().remove("_expanded");
    same["lines"] = plain["lines"].clone();
    same["slip"] = plain["slip"].clone();
    assert_eq!(same, plain);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_expanded_row_by_row_in_its_order_and_goes_on() {
    let m = Market::open().await;
    for sort in ["note", "-note", "placed_at", "-placed_at"] {
        let path = format!("/market/v1/orders?sort={sort}");
        let plain = m.get(&path, &m.staff).await;
        let ids = |page: &Value| -> Vec<Value> {
            page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect()
        };
        let wide = m.get(&format!("{path}&expand=customer,lines.product"), &m.staff).await;
        assert_eq!(ids(&wide), ids(&plain), "{sort}");
        assert_eq!(ids(&wide).len(), 3);
        let lines = |item: &Value| -> Vec<Value> {
            item["lines"].as_array().unwrap().iter().map(|line| line["quantity"].clone()).collect()
        };
        for (wide, plain) in
            wide["items"].as_array().unwrap().iter().zip(plain["items"].as_array().unwrap())
        {
            assert_eq!(lines(wide), lines(plain));
        }
        // Cursors do not depend on how wide a page is.
        let first = m.get(&format!("{path}&limit=2&expand=customer"), &m.staff).await;
        let next = first["next"].as_str().unwrap();
        let rest = m.get(&format!("{path}&after={next}&expand=lines.product"), &m.staff).await;
        assert_eq!([ids(&first), ids(&rest)].concat(), ids(&plain), "{sort}");
        assert_eq!(rest["next"], "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_the_caller_may_not_get_is_null_like_one_that_is_gone() {
    let m = Market::open().await;
    let [_, second, third] = &m.orders;
    // The apple's price is seen by all; hidden products by the staff alone.
    let path = format!("/market/v1/orders/{second}?expand=customer,gift_to,lines.product");
    let seen = m.get(&path, &m.ada).await;
    assert_eq!(seen["_expanded"]["gift_to"], Value::Null);
    assert_eq!(seen["_expanded"]["customer"]["name"], "Ada");
    // The staff sees both customers, a customer only itself.
    let all = m.get("/market/v1/orders?expand=customer", &m.staff).await;
    let names = |page: &Value| -> Vec<Value> {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["_expanded"]["customer"]["name"].clone()).collect()
    };
    assert_eq!(names(&all), ["Bob", "Ada", "Ada"]);
    // Whoever is gone is null, for everybody.
    let path = format!("/people/v1/customers/{}", m.customers[1]);
    let gone = Ask::new("DELETE", &path).bearer(&m.bob).header("if-match", "*");
    assert_eq!(m.server.ask(gone).await.status, 204);
    let all = m.get("/market/v1/orders?expand=customer", &m.staff).await;
    assert_eq!(names(&all), [Value::Null, "Ada".into(), "Ada".into()]);
    // A whole order of somebody else is not there at all.
    let other = format!("/market/v1/orders/{third}?expand=customer");
    let reply = m.server.ask(Ask::new("GET", &other).bearer(&m.ada)).await;
    assert_eq!((reply.status, reply.code()), (404, "not-found".to_owned()));
}

/// What is worked out for one caller serves others: only as far as they may go the same ways.
#[tokio::test(flavor = "multi_thread")]
async fn callers_who_ask_alike_in_turn_see_what_each_may() {
    let m = Market::open().await;
    let [first, _, third] = &m.orders;
    let path = |order: &str| format!("/market/v1/orders/{order}?expand=customer,lines.product");
    let name = |order: &Value| order["_expanded"]["customer"]["name"].clone();
    for _ in 0..3 {
        for (who, order, customer) in [
            (&m.ada, first, "Ada"),
            (&m.staff, first, "Ada"),
            (&m.bob, third, "Bob"),
            (&m.staff, third, "Bob"),
        ] {
            let seen = m.get(&path(order), who).await;
            assert_eq!((&seen["id"], name(&seen)), (&json!(order), json!(customer)));
            assert_eq!(seen["lines"][1]["_expanded"]["product"]["name"].is_null(), order == third);
        }
        for (who, order) in [(&m.ada, third), (&m.bob, first)] {
            let reply = m.server.ask(Ask::new("GET", &path(order)).bearer(who)).await;
            assert_eq!(reply.status, 404);
        }
        // In other orders, by other fields.
        for sort in ["note", "-placed_at"] {
            let path = format!("/market/v1/orders?sort={sort}&expand=customer");
            for (who, all) in [(&m.ada, vec!["Ada", "Ada"]), (&m.bob, vec!["Bob"])] {
                let page = m.get(&path, who).await;
                let names: Vec<Value> =
                    page["items"].as_array().unwrap().iter().map(name).collect();
                assert_eq!(names, all, "{sort}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn references_that_are_computed_are_followed_as_well() {
    let m = Market::open().await;
    let path = format!("/market/v1/orders/{}/receipt", m.orders[0]);
    let plain = m.get(&path, &m.ada).await;
    let mut wide = m.get(&format!("{path}?expand=buyer"), &m.ada).await;
    assert_eq!(wide["_expanded"]["buyer"], json!({ "id": m.customers[0], "name": "Ada" }));
    wide.as_object_mut().unwrap().remove("_expanded");
    assert_eq!(wide, plain);
}

/// Statements that a request takes: the fewest of several times, as the server does things by
/// itself meanwhile.
async fn cost(market: &Market, path: &str) -> u64 {
    let mut least = u64::MAX;
    for _ in 0..6 {
        let before = market.statements().await;
        market.get(path, &market.ada).await;
        least = least.min(market.statements().await - before);
    }
    least
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_takes_as_many_statements_as_a_row() {
    let m = Market::open().await;
    let path = format!("/market/v1/orders/{}", m.orders[0]);
    let row = cost(&m, &path).await;
    let wide = "expand=customer,lines.product.category.parent,slip.product";
    // Or fewer: a plain row asks for its parts apart.
    assert!(cost(&m, &format!("{path}?{wide}")).await <= row);
    let page = cost(&m, "/market/v1/orders?sort=placed_at").await;
    let wide = "expand=customer,lines.product.category";
    assert!(cost(&m, &format!("/market/v1/orders?sort=placed_at&{wide}")).await <= page);
    // One for both halves of a page, of rows with a note and without.
    assert!(cost(&m, &format!("/market/v1/orders?sort=note&{wide}")).await <= page);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_followed_is_refused() {
    let m = Market::open().await;
    let refused = async |path: &str| {
        let reply = m.server.ask(Ask::new("GET", path).bearer(&m.staff)).await;
        (reply.status, reply.code(), reply.json()["detail"].as_str().unwrap_or_default().to_owned())
    };
    for (wrong, detail) in [
        ("custmer", "did you mean `customer`"),
        ("", "1 to 16 paths"),
        ("customer.name", "there is nothing to follow"),
        ("lines", "`lines`"),
        ("customer,,", "`` is not known"),
        ("lines.product.", "`lines.product.`"),
        ("id", "`id`"),
        (".customer", "`.customer`"),
    ] {
        let (status, code, said) = refused(&format!("/market/v1/orders?expand={wrong}")).await;
        assert_eq!((status, &*code), (400, "invalid-parameter"), "{wrong}: {said}");
        assert!(said.contains(detail), "{wrong}: {said}");
    }
    let long = "expand=lines.product.category.parent.parent.parent.parent";
    assert_eq!(refused(&format!("/market/v1/orders?{long}")).await.1, "query-too-costly");
    // A page that brings much is short, and says that it goes on.
    let page = m.get("/market/v1/products?limit=1000&expand=category.parent", &m.staff).await;
    assert_eq!((page["items"].as_array().unwrap().len(), &page["next"]), (2, &json!("")));
    // Only reads can be widened, and only where there is something.
    for path in ["/people/v1/customers/x?expand=name", "/market/v1/orders?expand=a&expand=b"] {
        assert_eq!(refused(path).await.0, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expanded_answer_has_no_tag_and_no_cache() {
    let m = Market::open().await;
    let path = format!("/market/v1/products/{}", m.products[0]);
    assert_eq!(m.server.get(&path).await.header("etag"), Some("\"1\""));
    let wide = m.server.get(&format!("{path}?expand=category")).await;
    assert_eq!((wide.header("etag"), wide.header("cache-control")), (None, Some("no-store")));
}
