//! A served market, and a client.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use graphql::{GraphQl, Persisted, Serving};
use runtime::http::{Edge, Executor, Limits, Mount, Running, Translator};
use runtime::identity::Issuer;
use runtime::operations::ConfiguredExternals;
use runtime::store::sqlite::{self, SqliteStore};
use runtime::telemetry::AccessLog;
use runtime::{Backend, ServeOptions};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub const MARKET: &str = r#"
firmitas: 1
system: { name: Market, currency: EUR }
actors:
  visitor: { auth: none }
  customer: { auth: user, is: market.Customer }
  staff: { auth: user, role: staff }
types:
  Size: { fields: { width: int(0..), height: int(0..), note: string? } }
contexts:
  market:
    entities:
      Customer:
        fields: { name: string(1..40), email: email unique pii }
      Category:
        audit: writes
        fields: { name: string(1..40) unique, parent: Category? }
      Product:
        fields:
          name: string(1..40)
          price: money(0..)
          kind: enum(plain, very_fine) = plain
          category: Category?
          hidden: bool = false
          size: Size?
      Order:
        fields:
          customer: Customer readonly
          note: string?
        parts:
          lines:
            rows: 3 per Order
            size: 1..20
            fields: { product: Product, quantity: int(1..9) }
    operations:
      join: { create: Customer, by: [customer], input: [name, email], rate: 1/s }
      viewCustomer: { get: Customer, by: { customer: self.id == actor.id }, fields: [id, name], rate: 1/s }
      addCategory: { create: Category, by: [staff], input: [name, parent], rate: 1/s }
      categoryLog: { list: Category.audit, by: [staff], rate: 1/s }
      viewCategory: { get: Category, by: [visitor], rate: 1/s }
      categoryNamed: { get: Category, by: [visitor], key: name, rate: 1/s }
      addProduct: { create: Product, by: [staff], input: [name, price, kind, category, hidden], rate: 1/s }
      editProduct: { update: Product, by: [staff], input: [name, price, size], rate: 1/s }
      dropProduct: { delete: Product, by: [staff], rate: 1/s }
      sellOut:
        delete: Product
        by: [staff]
        route: sold-out
        input: { names: 'list(string(1..40), 1..3)', of: Category? }
        where: self.name in input.names
        rate: 1/s
      priceOf:
        get: Product
        by: [visitor]
        route: price
        input: { within: Category?, names: 'list(string(1..40), 1..3)' }
        where: self.name in input.names && (input.within == null || self.category == input.within)
        rate: 1/s
      viewProduct: { get: Product, by: { visitor: "!self.hidden", staff: true }, rate: 1/s }
      listProducts: { list: Product, by: [visitor], where: "!self.hidden", filter: [price, kind, name, category], sort: [name, price], rate: 1/s }
      named:
        list: Product
        by: [visitor]
        route: named
        input: { names: 'list(string(1..40), 1..3)', most: money?, of: Category? }
        where: self.name in input.names && !self.hidden && (input.most == null || self.price <= input.most) && (input.of == null || self.category == input.of)
        rate: 1/s
      placeOrder: { create: Order, by: [customer], input: [note, lines.product, lines.quantity], do: [{ set: { customer: actor.id } }], rate: 1/s }
      viewOrder: { get: Order, by: { customer: self.customer == actor.id, staff: true }, rate: 1/s }
      listOrders: { list: Order, by: { customer: self.customer == actor.id, staff: true }, sort: [note], rate: 1/s }
"#;

/// Clients ask more than people do.
fn unlimited() -> Edge {
    let mut edge = Edge::default();
    edge.rates.off = true;
    edge
}

/// A server that is gone with the test.
pub struct Server {
    running: Option<Running>,
    backend: Arc<Backend<SqliteStore>>,
    issuer: Issuer,
    folder: PathBuf,
    design: Arc<decide::Design>,
    pub ada: String,
    pub bob: String,
    pub staff: String,
    /// Fruit within food.
    pub categories: [String; 2],
    /// Apple (fruit), bread, and one that is hidden.
    pub products: [String; 3],
    pub order: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.running.take());
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

pub struct Reply {
    pub status: u16,
    pub head: String,
    pub json: Json,
}

impl Server {
    pub async fn start(persisted: Persisted) -> Self {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).unwrap();
        let folder =
            std::env::temp_dir().join(format!("firm-graphql-{}", u64::from_le_bytes(bytes)));
        std::fs::create_dir_all(&folder).unwrap();
        let files = BTreeMap::from([(engine::ROOT.to_owned(), MARKET.to_owned())]);
        let checked = engine::check(&files);
        let wrong: Vec<_> = checked.diagnostics.iter().map(|of| (of.id, &of.message)).collect();
        let design = checked.design.unwrap_or_else(|| panic!("{wrong:#?}"));
        let externals = ConfiguredExternals::new(design.model.clone(), BTreeMap::new()).unwrap();
        let store = SqliteStore::open(&folder, design.clone(), sqlite::Limits::default()).unwrap();
        let backend = Arc::new(Backend::start(&design, store, Arc::new(externals)).unwrap());
        let issuer = || Issuer::open(&folder, design.model.clone()).unwrap();
        let translator = Arc::new(Translator::new(&design, &issuer()));
        let executor: Arc<dyn Executor> = backend.clone();
        let served = GraphQl::new(executor, translator, Serving::On, persisted).unwrap().unwrap();
        let options = ServeOptions {
            listen: ([127, 0, 0, 1], 0).into(),
            issuer: issuer(),
            authenticate: None,
            mounts: vec![Arc::new(served) as Arc<dyn Mount>],
            limits: Limits::default(),
            edge: unlimited(),
            limiter: None,
            access_log: AccessLog::Off,
            tracing: None,
        };
        let running = runtime::serve(backend.clone(), options).await.unwrap();
        let issuer = issuer();
        let mut server = Self {
            running: Some(running),
            backend,
            issuer,
            folder,
            design,
            ada: String::new(),
            bob: String::new(),
            staff: String::new(),
            categories: Default::default(),
            products: Default::default(),
            order: String::new(),
        };
        server.fill().await;
        server
    }

    async fn fill(&mut self) {
        (self.ada, self.bob) = (self.token("customer", "ada"), self.token("customer", "bob"));
        self.staff = self.token("staff", "sam");
        for (token, name) in [(&self.ada, "Ada"), (&self.bob, "Bob")] {
            let input = json!({"name": name, "email": format!("{name}@example.org")});
            self.add(token, "join(input: $i, idempotencyKey: $k)", "JoinInput!", input).await;
        }
        let staff = self.staff.clone();
        let category = "addCategory(input: $i, idempotencyKey: $k)";
        let food = self.add(&staff, category, "AddCategoryInput!", json!({"name": "food"})).await;
        let fruit = json!({"name": "fruit", "parent": food});
        let fruit = self.add(&staff, category, "AddCategoryInput!", fruit).await;
        let mut products: [String; 3] = Default::default();
        let all = [("apple", Some(&fruit), false), ("bread", None, false), ("secret", None, true)];
        for (place, (name, category, hidden)) in products.iter_mut().zip(all) {
            let input = json!({"name": name, "price": {"amount": "1.50", "currency": "EUR"},
                "kind": "VERY_FINE", "category": category, "hidden": hidden});
            let field = "addProduct(input: $i, idempotencyKey: $k)";
            *place = self.add(&staff, field, "AddProductInput!", input).await;
        }
        let lines = json!([{"product": products[0], "quantity": 2}, {"product": products[1], "quantity": 1}]);
        let input = json!({"note": "n", "lines": lines});
        let ada = self.ada.clone();
        let field = "placeOrder(input: $i, idempotencyKey: $k)";
        self.order = self.add(&ada, field, "PlaceOrderInput!", input).await;
        (self.categories, self.products) = ([fruit, food], products);
    }

    async fn add(&self, token: &str, field: &str, ty: &str, input: Json) -> String {
        let query = format!("mutation($i: {ty}, $k: String!) {{ made: {field} {{ id }} }}");
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).unwrap();
        let key = u64::from_le_bytes(bytes).to_string();
        let reply = self.ask(token, &query, json!({"i": input, "k": key})).await;
        let id = reply.json["data"]["made"]["id"].as_str();
        id.unwrap_or_else(|| panic!("{field}: {}", reply.json)).to_owned()
    }

    pub fn token(&self, actor: &str, subject: &str) -> String {
        let mut actors = self.design.model.actors();
        let (id, _) = actors.find(|(_, declared)| declared.name.value == actor).unwrap();
        self.issuer.issue(id, subject, Duration::from_secs(600)).unwrap()
    }

    pub async fn ask(&self, token: &str, query: &str, variables: Json) -> Reply {
        let body = json!({"query": query, "variables": variables}).to_string();
        self.post(token, &body).await
    }

    pub async fn post(&self, token: &str, body: &str) -> Reply {
        let headers = "content-type: application/json\r\n\
                       accept: application/graphql-response+json\r\n";
        self.send("POST", "/graphql", token, headers, body).await
    }

    /// What is answered as text.
    pub async fn text(&self, path: &str) -> String {
        let address = self.running.as_ref().unwrap().address();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let text = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        String::from_utf8(bytes).unwrap()
    }

    pub async fn get(&self, path: &str, token: &str) -> Json {
        self.send("GET", path, token, "", "").await.json
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        token: &str,
        head: &str,
        body: &str,
    ) -> Reply {
        let address = self.running.as_ref().unwrap().address();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let bearer = match token {
            "" => String::new(),
            token => format!("authorization: Bearer {token}\r\n"),
        };
        let text = format!(
            "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{bearer}{head}\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        // A server may answer before it has read everything.
        let _ = stream.write_all(text.as_bytes()).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let json = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {text}"));
        Reply { status, head: head.to_ascii_lowercase(), json }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.running.as_ref().unwrap().address())
    }

    /// Statements that the store has run so far.
    pub fn statements(&self) -> u64 {
        use runtime::store::Store as _;
        let all = self.backend.store().gauges();
        let (.., count) =
            all.into_iter().find(|(name, ..)| *name == "store_statements_total").unwrap();
        count as u64
    }
}
