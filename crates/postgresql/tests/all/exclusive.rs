//! Many who want the same place at the same time.

use std::sync::Arc;

use serde_json::json;

use crate::support::{World, refusal};

const ROOMS: &str = r#"
firmitas: 1
system: { name: Rooms, summary: Lessons. }
actors:
  clerk: { auth: user, role: clerk }
entities:
  Lesson:
    fields: { room: 'int(1..9)', starts: timestamp, ends: timestamp }
    exclusive: { room-taken: { same: [room], overlap: [starts, ends] } }
  Setting:
    fields: { name: string(1..20) unique immutable, value: 'int(0..1000)' }
operations:
  schedule: { create: Lesson, by: [clerk], input: [room, starts, ends], rate: 1/s }
  set: { update: Setting, upsert: name, by: [clerk], input: [value], rate: 1/s }
  move: { update: Lesson, by: [clerk], input: [room, starts, ends], rate: 1/s }
"#;

/// Two that insert overlapping rows at once would wait for each other until the database ends one.
#[tokio::test(flavor = "multi_thread")]
async fn one_gets_the_place_and_the_others_are_told_at_once() {
    let world = Arc::new(World::start(ROOMS));
    let clerk = Arc::new(world.user("carla", &["clerk"]));
    let lesson = |room: u32, hour: u32| {
        let time = |hour: u32| format!("2030-01-01T{hour:02}:00:00Z");
        json!({ "room": room, "starts": time(hour), "ends": time(hour + 2) })
    };
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..120_u32 {
        let (world, clerk, input) = (world.clone(), clerk.clone(), lesson(number % 4 + 1, 8));
        tasks.spawn(async move { world.call(&clerk, "rooms.schedule", None, input).await });
    }
    let (mut made, mut taken) = (Vec::new(), 0);
    while let Some(answer) = tasks.join_next().await {
        match answer.unwrap() {
            Ok(done) => made.push(done.id()),
            refused => {
                assert_eq!(refusal(refused), (409, "room-taken".into()));
                taken += 1;
            }
        }
    }
    assert_eq!((made.len(), taken), (4, 116));
    // Those who move meet each other as well.
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..60_usize {
        let (world, clerk, id) = (world.clone(), clerk.clone(), made[number % 4].clone());
        let input = lesson(9, 8);
        tasks.spawn(async move { world.call(&clerk, "rooms.move", Some(&id), input).await });
    }
    while let Some(answer) = tasks.join_next().await {
        if let refused @ Err(_) = answer.unwrap() {
            let (status, code) = refusal(refused);
            assert!(matches!((status, code.as_str()), (409, "room-taken") | (412, _)), "{code}");
        }
    }
}

/// What is created meanwhile is there to be updated.
#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_is_never_refused_for_what_it_would_have_created() {
    let world = Arc::new(World::start(ROOMS));
    let clerk = Arc::new(world.user("carla", &["clerk"]));
    for round in 0..10 {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..12_u32 {
            let (world, clerk) = (world.clone(), clerk.clone());
            let (address, input) = (format!("name-{round}"), json!({ "value": number }));
            tasks
                .spawn(async move { world.call(&clerk, "rooms.set", Some(&address), input).await });
        }
        let mut created = 0;
        while let Some(answer) = tasks.join_next().await {
            created += u32::from(answer.unwrap().unwrap().answer.status == 201);
        }
        assert_eq!(created, 1);
    }
}
