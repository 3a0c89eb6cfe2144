//! Pages: order, cursors, filters, search, distance.

use runtime::call::{Comparison, Filter, Near, PageRequest};
use serde_json::{Value as Json, json};

use crate::support::{Who, World, refusal};

const PLACES: &str = r"
firmitas: 1
system: { name: Places, summary: Where things are. }
actors:
  clerk: { auth: user, role: clerk }
entities:
  Place:
    fields: { name: string(1..40) search, at: geo, stars: int(0..5)?, kind: 'enum(cafe, bar)' }
operations:
  addPlace: { create: Place, by: [clerk], input: [name, at, stars, kind], rate: 1/s }
  listPlaces: { list: Place, by: [clerk], filter: [kind, stars], sort: [stars, -name], search: true, rate: 1/s }
  nearby: { list: Place, by: [clerk], route: nearby, near: at, fields: [name], rate: 1/s }
";

async fn fixture() -> (World, Who) {
    let world = World::start(PLACES);
    let clerk = world.user("carla", &["clerk"]);
    let places = [
        ("Alpha house", 52.50, Some(3), "cafe"),
        ("Beta house", 52.51, None, "bar"),
        ("Gamma hut", 52.90, Some(1), "cafe"),
        ("Delta hut", 48.10, Some(3), "bar"),
        ("Epsilon", 52.505, Some(5), "cafe"),
    ];
    for (name, lat, stars, kind) in places {
        let body = json!({ "name": name, "at": { "lat": lat, "lon": 13.4 }, "stars": stars, "kind": kind });
        world.call(&clerk, "places.addPlace", None, body).await.unwrap();
    }
    (world, clerk)
}

fn names(rows: &[Json]) -> Vec<&str> {
    rows.iter().map(|row| row["name"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_without_gaps() {
    let (world, clerk) = fixture().await;
    for (sort, expected) in [
        (0, ["Gamma hut", "Alpha house", "Delta hut", "Epsilon", "Beta house"]),
        (1, ["Gamma hut", "Epsilon", "Delta hut", "Beta house", "Alpha house"]),
    ] {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = PageRequest { limit: 2, sort: vec![sort], after, ..PageRequest::default() };
            let (rows, next) = world.page(&clerk, "places.listPlaces", page).await.unwrap();
            seen.extend(names(&rows).into_iter().map(str::to_owned));
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_search_narrow() {
    let (world, clerk) = fixture().await;
    let model = world.model.clone();
    let shape = model.shape(expression::EntityId(0));
    let filter = |field: &str, comparison, value| Filter {
        field: shape.field(field).unwrap(),
        comparison,
        value,
    };
    let list = |filters, search: Option<&str>| {
        let search = search.map(str::to_owned);
        world.page(
            &clerk,
            "places.listPlaces",
            PageRequest { limit: 10, filters, search, ..PageRequest::default() },
        )
    };
    let cafes = vec![filter("kind", Comparison::Equal, expression::Value::text("cafe"))];
    assert_eq!(
        names(&list(cafes.clone(), None).await.unwrap().0),
        ["Gamma hut", "Alpha house", "Epsilon"]
    );
    let good = vec![
        cafes[0].clone(),
        filter("stars", Comparison::GreaterOrEqual, expression::Value::Int(3)),
    ];
    assert_eq!(names(&list(good, None).await.unwrap().0), ["Alpha house", "Epsilon"]);
    assert_eq!(names(&list(vec![], Some("hou")).await.unwrap().0), ["Alpha house", "Beta house"]);
    let unknown = vec![filter("name", Comparison::Equal, expression::Value::text("x"))];
    assert_eq!(refusal(list(unknown, None).await), (400, "unknown-parameter".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn near_is_within_the_distance() {
    let (world, clerk) = fixture().await;
    let point = expression::value::Geo { latitude: 52.5, longitude: 13.4 };
    let near = Some(Near { point, within: Some(1_000.0) });
    let page = PageRequest { limit: 10, near, ..PageRequest::default() };
    let (rows, _) = world.page(&clerk, "places.nearby", page).await.unwrap();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().all(|row| row.as_object().unwrap().len() == 1), "`fields` alone");
}
