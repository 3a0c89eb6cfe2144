//! Durable calls of several servers on one database.

use std::time::Duration;

use serde_json::json;

use crate::operations_calls::{Act, PAYMENTS, Script, reference};
use crate::stores;
use crate::support::{Directory, World, model};

/// A call that another server is at would be made twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_leaves_alone_what_another_one_is_at() {
    let slow = Act::Slow(Duration::from_secs(3600), reference("slow"));
    let first = Script::of([slow]);
    let world = World::start_with(model(PAYMENTS), first.clone(), Directory::new());
    let clerk = world.user("carla", &["clerk"]);
    let mut request =
        world.with_body(&clerk, "till.payOnce", None, &json!({ "amount": 7 })).unwrap();
    request.patience = Some(Duration::from_millis(50));
    let id = world.execute(request).await.unwrap().id();
    let (folder, second) = (Directory::new(), Script::of([]));
    stores::shared(&world.directory.0, &folder.0);
    let beside = World::start_with(model(PAYMENTS), second.clone(), folder);
    // Those that a server takes over at its start, it takes over at once.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(second.calls.lock().unwrap().len(), 0, "it was made twice");
    assert_eq!(first.calls.lock().unwrap().len(), 1);
    let seen = beside.get(&clerk, "till.view", &id).await.unwrap();
    assert_eq!(seen["status"], "pending");
}
