//! The shop, running, with the people of the walk.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::client::Client;
use super::server::{Folder, Server, example, token};

pub struct Shop {
    pub server: Server,
    pub data: Folder,
    model: PathBuf,
}

impl Shop {
    pub fn open(name: &str) -> Self {
        let (model, data) = (example("shop"), Folder::new(name));
        Self { server: Server::start(&model, &data.0), data, model }
    }

    /// Started again on the same data, after an orderly stop or a `kill -9`.
    pub fn reopen(self, end: impl FnOnce(Server)) -> Self {
        end(self.server);
        Self { server: Server::start(&self.model, &self.data.0), ..self }
    }

    pub fn anyone(&self) -> Client {
        Client::new(&self.server.url, None)
    }

    pub fn signed_in(&self, actor: &str, subject: &str) -> Client {
        let token = token(&self.model, &self.data.0, actor, subject);
        Client::new(&self.server.url, Some(token))
    }

    pub fn merchandiser(&self) -> Client {
        self.signed_in("merchandiser", "mary")
    }

    /// A customer who has registered and added a card: the client and the card's id.
    pub fn customer(&self, name: &str) -> (Client, String) {
        let customer = self.signed_in("customer", name);
        let user = json!({ "email": format!("{name}@example.com"), "name": name });
        customer.post("/identity/v1/users", &user).expect(201);
        let card = json!({ "token": format!("tok_{name}_12345678"), "last4": "4242" });
        let card = customer.post("/payments/v1/cards", &card).expect(201);
        (customer, card.id())
    }
}

pub fn product(sku: &str, amount: &str) -> Value {
    json!({
        "sku": sku,
        "name": format!("Product {sku}"),
        "price": { "amount": amount, "currency": "EUR" },
    })
}

pub fn order(card: &str, lines: &[(&str, u32)]) -> Value {
    let lines: Vec<Value> = lines
        .iter()
        .map(|(product, quantity)| json!({ "product": product, "quantity": quantity }))
        .collect();
    json!({ "card": card, "lines": lines })
}
