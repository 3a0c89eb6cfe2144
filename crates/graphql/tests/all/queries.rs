//! Queries and mutations, beside what REST answers.

use graphql::Persisted;
use serde_json::{Value as Json, json};

use crate::support::Server;

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_is_what_rest_answers_in_one_statement() {
    let server = Server::start(Persisted::default()).await;
    let query = "query($id: ID!) { viewOrder(id: $id) { __typename id note customer { name }
        lines { quantity productId product { ...P category { name parent { name } } } } } }
        fragment P on Product { name kind price { amount currency } }";
    // Who Ada is takes two; the tree one. What runs in the background may run meanwhile.
    let mut least = u64::MAX;
    for _ in 0..5 {
        let before = server.statements();
        server.ask(&server.ada, query, json!({"id": server.order})).await;
        least = least.min(server.statements() - before);
    }
    assert_eq!(least, 3);
    let reply = server.ask(&server.ada, query, json!({"id": server.order})).await;
    assert_eq!(reply.status, 200, "{}", reply.json);
    let price = json!({"amount": "1.50", "currency": "EUR"});
    let product = |name: &str, category: Json| json!({"name": name, "kind": "VERY_FINE", "price": price, "category": category});
    let fruit = json!({"name": "fruit", "parent": {"name": "food"}});
    assert_eq!(
        reply.json["data"],
        json!({"viewOrder": {
            "__typename": "Order", "id": server.order, "note": "n", "customer": {"name": "Ada"},
            "lines": [
                {"quantity": 2, "productId": server.products[0], "product": product("apple", fruit)},
                {"quantity": 1, "productId": server.products[1], "product": product("bread", Json::Null)},
            ],
        }})
    );
    // The staff may see the order, but no customer.
    let reply = server.ask(&server.staff, query, json!({"id": server.order})).await;
    assert_eq!(reply.json["data"]["viewOrder"]["customer"], Json::Null);
    // Somebody else's order is not there, as over HTTP.
    let reply = server.ask(&server.bob, query, json!({"id": server.order})).await;
    assert_eq!(reply.json["data"], json!({"viewOrder": null}));
    assert_eq!(reply.json["errors"][0]["extensions"], json!({"code": "not-found", "status": 404}));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_audit_there_is_what_is_selected() {
    let server = Server::start(Persisted::default()).await;
    let query = "{ categoryLog { items { __typename what: operation rows before after } } }";
    let told = server.ask(&server.staff, query, json!({})).await.json;
    let lines = told["data"]["categoryLog"]["items"].as_array().unwrap();
    let fruit = &lines[0];
    assert_eq!(fruit.as_object().unwrap().len(), 5, "{fruit}");
    assert_eq!(fruit["what"], "market.addCategory");
    assert_eq!(fruit["rows"], json!([server.categories[0]]));
    assert_eq!((&fruit["before"], &fruit["after"]["name"]), (&Json::Null, &json!("fruit")));
    let rest = server.get("/market/v1/categories/audit", &server.staff).await;
    assert_eq!(rest["items"][0]["after"], fruit["after"]);
    assert_eq!(lines.len(), rest["items"].as_array().unwrap().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_those_of_rest() {
    let server = Server::start(Persisted::default()).await;
    let rest = server.get("/market/v1/products?sort=-name&price.gte=1.50&kind=very_fine", "").await;
    let query = "query($after: String, $n: Int) { listProducts(sort: NAME_DESCENDING, limit: $n, after: $after,
        filter: { priceGte: { amount: \"1.50\", currency: \"EUR\" }, kind: VERY_FINE }) { items { id } next } }";
    let whole = server.ask("", query, json!({})).await.json["data"]["listProducts"].clone();
    let ids = |page: &Json| -> Vec<Json> {
        page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect()
    };
    assert_eq!((ids(&whole), &whole["next"]), (ids(&rest), &Json::Null));
    let first = server.ask("", query, json!({"n": 1})).await.json["data"]["listProducts"].clone();
    let next = json!({"n": 1, "after": first["next"]});
    let second = server.ask("", query, next).await.json["data"]["listProducts"].clone();
    assert_eq!([ids(&first), ids(&second)].concat(), ids(&rest));
    // A cursor of one question is none of another.
    let other = "query($after: String) { listProducts(after: $after) { items { id } } }";
    let reply = server.ask("", other, json!({"after": first["next"]})).await;
    assert_eq!(reply.json["errors"][0]["extensions"]["code"], "invalid-cursor");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_are_those_of_rest() {
    let server = Server::start(Persisted::default()).await;
    let names = |page: &Json| -> Vec<Json> {
        page["items"]
            .as_array()
            .unwrap_or_else(|| panic!("{page}"))
            .iter()
            .map(|item| item["name"].clone())
            .collect()
    };
    for (filter, query, expected) in [
        (r#"{ nameIn: ["apple", "bread", "secret"] }"#, "name=apple&name=bread&name=secret", 2),
        (r#"{ nameIn: "apple" }"#, "name=apple", 1),
        (r#"{ nameNe: ["apple", "rice"] }"#, "name.ne=apple&name.ne=rice", 1),
        (
            "{ kindIn: [PLAIN, VERY_FINE], categoryNull: true }",
            "kind=plain&kind=very_fine&category.null=true",
            1,
        ),
        ("{ categoryNull: false }", "category.null=false", 1),
        ("{ kindNe: VERY_FINE }", "kind.ne=very_fine", 0),
        (r#"{ namePrefix: "br" }"#, "name.prefix=br", 1),
        (
            r#"{ priceIn: [{ amount: "1.50", currency: "EUR" }, { amount: "2.00", currency: "EUR" }] }"#,
            "price=1.50&price=2.00",
            2,
        ),
    ] {
        let text = format!("{{ listProducts(filter: {filter}) {{ items {{ name }} }} }}");
        let reply = server.ask("", &text, json!({})).await;
        let rest = server.get(&format!("/market/v1/products?{query}"), "").await;
        let found = names(&reply.json["data"]["listProducts"]);
        assert_eq!((&found, found.len()), (&names(&rest), expected), "{filter}");
    }
    // Of no values nothing is one: that is never everything.
    let none = "{ listProducts(filter: { nameIn: [] }) { items { name } } }";
    let reply = server.ask("", none, json!({})).await;
    assert_eq!(reply.json["errors"][0]["extensions"]["code"], "validation-failed");
    let many: Vec<String> = (0..21).map(|number| format!("\"{number}\"")).collect();
    let many = format!(
        "{{ listProducts(filter: {{ nameIn: [{}] }}) {{ items {{ name }} }} }}",
        many.join(",")
    );
    let reply = server.ask("", &many, json!({})).await;
    assert_eq!(reply.json["errors"][0]["extensions"]["code"], "invalid-parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_several_fields_and_counts_are_those_of_rest() {
    let server = Server::start(Persisted::default()).await;
    for (arguments, query) in [
        ("sort: PRICE, thenBy: [NAME_DESCENDING]", "sort=price,-name"),
        ("sort: PRICE_DESCENDING, thenBy: NAME", "sort=-price,name"),
        // The first is the default where there is none.
        ("thenBy: [PRICE]", "sort=name,price"),
    ] {
        let text =
            format!("{{ listProducts({arguments}, limit: 1) {{ count items {{ name }} next }} }}");
        let page = server.ask("", &text, json!({})).await.json["data"]["listProducts"].clone();
        let path = format!("/market/v1/products?{query}&limit=1&count=true");
        let rest = server.get(&path, "").await;
        assert_eq!(page["items"][0]["name"], rest["items"][0]["name"], "{page} {rest}");
        assert_eq!((&page["count"], &rest["count"]), (&json!(2), &json!(2)));
        let after = page["next"].as_str().unwrap();
        let text =
            format!("{{ listProducts({arguments}, after: \"{after}\") {{ items {{ name }} }} }}");
        let second = server.ask("", &text, json!({})).await.json["data"]["listProducts"].clone();
        assert_ne!(second["items"][0]["name"], page["items"][0]["name"]);
    }
    let alone = "{ listProducts(filter: { namePrefix: \"zz\" }) { count } }";
    let reply = server.ask("", alone, json!({})).await;
    assert_eq!(reply.json["data"], json!({"listProducts": {"count": 0}}));
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_of_a_list_are_those_of_rest() {
    let server = Server::start(Persisted::default()).await;
    let fruit = server.get("/market/v1/categories/by-name/fruit", "").await["id"].clone();
    let both = r#"names: ["apple", "bread"]"#;
    for (input, query, expected) in [
        (r#"names: ["apple", "bread", "secret"]"#.to_owned(), "names=apple&names=bread", 2),
        (r#"names: "apple""#.to_owned(), "names=apple", 1),
        (
            format!(r#"{both}, most: {{ amount: "1.00", currency: "EUR" }}"#),
            "names=apple&names=bread&most=1.00",
            0,
        ),
        (format!("{both}, of: {fruit}"), "names=apple", 1),
    ] {
        let text = format!("{{ named(input: {{ {input} }}) {{ items {{ name }} }} }}");
        let reply = server.ask("", &text, json!({})).await;
        let items = reply.json["data"]["named"]["items"].as_array().cloned();
        let items = items.unwrap_or_else(|| panic!("{input}: {}", reply.json));
        let rest = server.get(&format!("/market/v1/products/named?{query}"), "").await;
        let rest = rest["items"].as_array().unwrap_or_else(|| panic!("{query}: {rest}")).len();
        assert_eq!((items.len(), rest), (expected, expected), "{input}");
    }
    let unknown = "{ named(input: { names: \"a\", of: \"00000000-0000-7000-8000-000000000000\" }) { items { name } } }";
    let reply = server.ask("", unknown, json!({})).await;
    assert_eq!(reply.json["errors"][0]["extensions"]["code"], "invalid-parameter");
    let none = server.ask("", "{ named { items { name } } }", json!({})).await;
    assert!(none.json["errors"][0].is_object(), "{}", none.json);
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_of_a_get_and_a_delete_are_those_of_rest() {
    let server = Server::start(Persisted::default()).await;
    let [apple, _, secret] = &server.products;
    let [fruit, food] = &server.categories;
    let priced = async |input: String| {
        let text = format!("{{ priceOf(id: \"{apple}\", input: {{ {input} }}) {{ name }} }}");
        server.ask("", &text, json!({})).await.json
    };
    let found = json!({ "data": { "priceOf": { "name": "apple" } } });
    assert_eq!(priced("names: [\"bread\", \"apple\"]".to_owned()).await, found);
    assert_eq!(priced(format!("names: \"apple\", within: \"{fruit}\"")).await, found);
    for (input, code) in [
        ("names: \"bread\"".to_owned(), "not-found"),
        (format!("names: \"apple\", within: \"{food}\""), "not-found"),
        (format!("names: \"apple\", within: \"{apple}\""), "invalid-parameter"),
    ] {
        let told = priced(input.clone()).await;
        assert_eq!(told["errors"][0]["extensions"]["code"], code, "{input}: {told}");
    }
    let sell = async |names: &str| {
        let text = format!(
            "mutation {{ sellOut(id: \"{secret}\", expectedVersion: 1, input: {{ {names} }}) }}"
        );
        server.ask(&server.staff, &text, json!({})).await.json
    };
    let told = sell("names: [\"apple\"]").await;
    assert_eq!(told["errors"][0]["extensions"]["code"], "not-found", "{told}");
    assert_eq!(
        sell("names: [\"apple\", \"secret\"]").await,
        json!({ "data": { "sellOut": true } })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mutation_is_repeated_refused_and_versioned_as_over_http() {
    let server = Server::start(Persisted::default()).await;
    let add = "mutation($k: String!) { addCategory(input: {name: \"nuts\"}, idempotencyKey: $k) { id name parent { name } } }";
    let first = server.ask(&server.staff, add, json!({"k": "one"})).await;
    let again = server.ask(&server.staff, add, json!({"k": "one"})).await;
    assert_eq!(first.json, again.json);
    let reply = server.ask(&server.staff, add, json!({"k": "two"})).await;
    assert_eq!(reply.json["errors"][0]["extensions"], json!({"code": "name-taken", "status": 409}));
    let reply = server.ask("", add, json!({"k": "three"})).await;
    assert_eq!(reply.json["errors"][0]["extensions"]["code"], "unauthenticated");
    let edit = "mutation($id: ID!, $v: Long!) { editProduct(id: $id, expectedVersion: $v, input: {name: \"pear\"}) { name version category { name } } }";
    let id = &server.products[0];
    let reply = server.ask(&server.staff, edit, json!({"id": id, "v": 7})).await;
    assert_eq!(reply.json["errors"][0]["extensions"]["code"], "precondition-failed");
    let reply = server.ask(&server.staff, edit, json!({"id": id, "v": 1})).await;
    let pear = json!({"name": "pear", "version": 2, "category": {"name": "fruit"}});
    assert_eq!(reply.json["data"]["editProduct"], pear);
    let bad = "mutation { addProduct(idempotencyKey: \"x\", input: {name: \"\", price: {amount: \"-1\", currency: \"EUR\"}}) { id } }";
    let reply = server.ask(&server.staff, bad, json!({})).await;
    assert_eq!(reply.json["errors"][0]["extensions"]["pointer"], "/name");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_a_value_are_merged_as_over_http() {
    let server = Server::start(Persisted::default()).await;
    let id = &server.products[0];
    let edit = async |size: &str, version: u32| {
        let text = format!(
            "mutation {{ editProduct(id: \"{id}\", expectedVersion: {version}, input: {{ size: {size} }}) {{ size {{ width height note }} }} }}"
        );
        server.ask(&server.staff, &text, json!({})).await.json
    };
    let told = edit("{ width: 2 }", 1).await;
    assert_eq!(told["errors"][0]["extensions"]["pointer"], "/size/height", "{told}");
    let size = |told: Json| told["data"]["editProduct"]["size"].clone();
    let first = size(edit("{ width: 2, height: 3, note: \"a\" }", 1).await);
    assert_eq!(first, json!({ "width": 2, "height": 3, "note": "a" }));
    let then = size(edit("{ height: 5, note: null }", 2).await);
    assert_eq!(then, json!({ "width": 2, "height": 5, "note": null }));
    assert_eq!(size(edit("null", 3).await), Json::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn aliases_directives_and_the_schema_itself() {
    let server = Server::start(Persisted::default()).await;
    let query = "query($no: Boolean!) { a: listProducts { x: items { name } y: items { id } next @skip(if: $no) __typename }
        b: viewCategory(id: \"00000000-0000-0000-0000-000000000000\") { id } __typename
        __schema { queryType { name } } }";
    let reply = server.ask("", query, json!({"no": true})).await;
    let data = &reply.json["data"];
    assert_eq!(data["a"]["x"], json!([{"name": "apple"}, {"name": "bread"}]), "{}", reply.json);
    assert_eq!(data["a"]["y"].as_array().unwrap().len(), 2);
    assert_eq!((&data["a"]["__typename"], data["a"].get("next")), (&json!("ProductPage"), None));
    assert_eq!(data["__schema"], json!({"queryType": {"name": "Query"}}));
    assert_eq!((&data["b"], &data["__typename"]), (&Json::Null, &json!("Query")));
    assert_eq!(reply.json["errors"][0]["path"], json!(["b"]));
}
