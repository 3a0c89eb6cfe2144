//! Invariants that read other rows hold when those change, whoever is first.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::support::{Who, World, in_form, refusal};

const HOTEL: &str = r#"
firmitas: 1
system: { name: Hotel, summary: Rooms. }
actors:
  clerk: { auth: user, role: clerk }
entities:
  House: { fields: { stars: 'int(0..5)' } }
  Room:
    fields: { house: House, capacity: 'int(0..100)', open: 'bool = true', note: 'string(..20)?' }
  Extra: { fields: { beds: 'int(0..100)', each: 'int(0..100) = 1' } }
  Booking:
    soft_delete: true
    fields: { room: Room, guests: 'int(0..100)', stars: 'int(0..5) = 0' }
    invariants:
      fits: self.guests <= self.room.capacity
      good-enough: self.room.house.stars >= self.stars
  Stay:
    fields: { room: Room, extra: 'Extra?', guests: 'int(0..100)' }
    invariants:
      fits-with-extra: 'self.guests <= self.room.capacity + (self.extra != null ? self.extra.beds : 0)'
  Share:
    fields: { extra: Extra, of: 'int(0..100)' }
    invariants: { shared-out: self.of / self.extra.each <= self.extra.beds }
  Group:
    fields: { size: 'int(0..100)' }
    parts: { rooms: { size: 0..20, fields: { room: Room } } }
    invariants:
      all-open: 'self.rooms.filter(r, r.room.open || self.size > 0).all(r, r.room.open)'
      group-fits: 'self.size <= self.rooms.map(r, r.room.capacity).distinct().sum()'
  Tour:
    fields: { rooms: 'list(Room, 0..9)' }
    invariants: { tour-open: 'self.rooms.all(r, r.open)' }
operations:
  addHouse: { create: House, by: [clerk], input: [stars], rate: 1/s }
  viewHouse: { get: House, by: [clerk], rate: 1/s }
  setHouse: { update: House, by: [clerk], input: [stars], rate: 1/s }
  addRoom: { create: Room, by: [clerk], input: [house, capacity], rate: 1/s }
  setRoom: { update: Room, by: [clerk], input: [house, capacity, open, note], rate: 1/s }
  viewRoom: { get: Room, by: [clerk], rate: 1/s }
  dropRoom: { delete: Room, by: [clerk], rate: 1/s }
  addExtra: { create: Extra, by: [clerk], input: [beds], rate: 1/s }
  setExtra: { update: Extra, by: [clerk], input: [beds, each], rate: 1/s }
  viewExtra: { get: Extra, by: [clerk], rate: 1/s }
  book: { create: Booking, by: [clerk], input: [room, guests, stars], rate: 1/s }
  bookings: { list: Booking, by: [clerk], filter: [room], rate: 1/s }
  cancel: { delete: Booking, by: [clerk], rate: 1/s }
  stay: { create: Stay, by: [clerk], input: [room, extra, guests], rate: 1/s }
  share: { create: Share, by: [clerk], input: [extra, of], rate: 1/s }
  group: { create: Group, by: [clerk], input: [size, rooms.room], rate: 1/s }
  tour: { create: Tour, by: [clerk], input: [rooms], rate: 1/s }
"#;

struct Hotel {
    world: Arc<World>,
    clerk: Who,
}

impl Hotel {
    fn new() -> Self {
        let world = Arc::new(World::start(HOTEL));
        let clerk = world.user("carla", &["clerk"]);
        Self { world, clerk }
    }

    async fn add(&self, operation: &str, body: Json) -> String {
        let operation = format!("hotel.{operation}");
        self.world.call(&self.clerk, &operation, None, body).await.unwrap().id()
    }

    async fn room(&self, capacity: u32) -> String {
        let house = self.add("addHouse", json!({ "stars": 3 })).await;
        self.add("addRoom", json!({ "house": house, "capacity": capacity })).await
    }

    /// The code of a refusal; empty where it was done.
    async fn does(&self, operation: &str, id: &str, body: Json) -> String {
        let id = Some(id).filter(|id| !id.is_empty());
        let done = self.world.call(&self.clerk, &format!("hotel.{operation}"), id, body).await;
        match done {
            Ok(_) => String::new(),
            refused => {
                let (status, code) = refusal(refused);
                assert_eq!(status, 409, "{code}");
                code
            }
        }
    }
}

#[tokio::test]
async fn a_row_is_not_changed_to_what_breaks_an_invariant_of_those_that_refer_to_it() {
    let hotel = Hotel::new();
    let (room, other) = (hotel.room(10).await, hotel.room(10).await);
    assert_eq!(hotel.does("setRoom", &room, json!({ "capacity": 2 })).await, "");
    assert_eq!(hotel.does("book", "", json!({ "room": room, "guests": 3 })).await, "fits");
    let booked = hotel.add("book", json!({ "room": room, "guests": 2, "stars": 3 })).await;
    assert_eq!(hotel.does("setRoom", &room, json!({ "capacity": 1 })).await, "fits");
    let still = hotel.world.get(&hotel.clerk, "hotel.viewRoom", &room).await.unwrap();
    assert_eq!(still["capacity"], 2);
    // What it does not read may change, and rows that it does not lead to.
    assert_eq!(hotel.does("setRoom", &room, json!({ "note": "wet", "open": false })).await, "");
    assert_eq!(hotel.does("setRoom", &room, json!({ "capacity": 3 })).await, "");
    assert_eq!(hotel.does("setRoom", &other, json!({ "capacity": 1 })).await, "");
    // Through two references, of which each may change.
    let house = still["house"].as_str().unwrap();
    assert_eq!(hotel.does("setHouse", house, json!({ "stars": 2 })).await, "good-enough");
    assert_eq!(hotel.does("setHouse", house, json!({ "stars": 4 })).await, "");
    let poor = hotel.add("addHouse", json!({ "stars": 1 })).await;
    assert_eq!(hotel.does("setRoom", &room, json!({ "house": poor })).await, "good-enough");
    // Nobody asks any more what a deleted booking says.
    assert_eq!(hotel.does("cancel", &booked, Json::Null).await, "");
    assert_eq!(hotel.does("setRoom", &room, json!({ "capacity": 1, "house": poor })).await, "");
}

#[tokio::test]
async fn references_that_may_be_null_of_parts_and_in_lists_are_followed_back() {
    let hotel = Hotel::new();
    let (room, extra) = (hotel.room(4).await, hotel.add("addExtra", json!({ "beds": 2 })).await);
    hotel.add("stay", json!({ "room": room, "guests": 4 })).await;
    assert_eq!(hotel.does("setExtra", &extra, json!({ "beds": 1 })).await, "");
    assert_eq!(hotel.does("setRoom", &room, json!({ "capacity": 3 })).await, "fits-with-extra");
    hotel.add("stay", json!({ "room": room, "extra": extra, "guests": 5 })).await;
    assert_eq!(hotel.does("setExtra", &extra, json!({ "beds": 0 })).await, "fits-with-extra");
    // What cannot be computed is not kept.
    let shared = hotel.add("addExtra", json!({ "beds": 9 })).await;
    hotel.add("share", json!({ "extra": shared, "of": 9 })).await;
    assert_eq!(hotel.does("setExtra", &shared, json!({ "each": 0 })).await, "shared-out");
    assert_eq!(hotel.does("setExtra", &shared, json!({ "each": 3, "beds": 3 })).await, "");
    // Rows of parts: also where a filter leaves out what is no longer fit, and where there is no SQL.
    let (one, two) = (hotel.room(2).await, hotel.room(3).await);
    let rooms = json!([{ "room": one }, { "room": two }]);
    hotel.add("group", json!({ "size": 5, "rooms": rooms })).await;
    assert_eq!(hotel.does("setRoom", &two, json!({ "open": false })).await, "all-open");
    assert_eq!(hotel.does("setRoom", &two, json!({ "capacity": 2 })).await, "group-fits");
    assert_eq!(hotel.does("setRoom", &two, json!({ "capacity": 4 })).await, "");
    // Lists of references.
    let third = hotel.room(1).await;
    hotel.add("tour", json!({ "rooms": [third] })).await;
    assert_eq!(hotel.does("setRoom", &third, json!({ "open": false })).await, "tour-open");
    assert_eq!(hotel.does("setRoom", &one, json!({ "note": "x" })).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_would_break_it_together_one_is_refused() {
    let hotel = Arc::new(Hotel::new());
    for _ in 0..12 {
        let room = hotel.room(10).await;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..9 {
            let (hotel, room) = (hotel.clone(), room.clone());
            tasks.spawn(async move {
                let book = json!({ "room": room, "guests": 5 });
                match number {
                    4 => hotel.does("setRoom", &room, json!({ "capacity": 1 })).await,
                    _ => hotel.does("book", "", book).await,
                }
            });
        }
        let answers = tasks.join_all().await;
        let refused: Vec<_> = answers.iter().filter(|code| !code.is_empty()).collect();
        assert!(refused.iter().all(|code| *code == "fits"), "{refused:?}");
        let now = hotel.world.get(&hotel.clerk, "hotel.viewRoom", &room).await.unwrap();
        let booked = 9 - refused.len() - usize::from(now["capacity"] == 1);
        assert!((now["capacity"] == 1) == (booked == 0), "{now} with {booked} bookings");
    }
}

/// Neither of the two rows is enough to tell.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_decide_together_change_one_after_the_other() {
    let hotel = Arc::new(Hotel::new());
    for _ in 0..12 {
        let room = hotel.room(10).await;
        let extra = hotel.add("addExtra", json!({ "beds": 10 })).await;
        hotel.add("stay", json!({ "room": room, "extra": extra, "guests": 12 })).await;
        let less_room = hotel.does("setRoom", &room, json!({ "capacity": 2 }));
        let less_beds = hotel.does("setExtra", &extra, json!({ "beds": 2 }));
        let both = tokio::join!(less_room, less_beds);
        let refused = [&both.0, &both.1].into_iter().filter(|code| *code == "fits-with-extra");
        assert_eq!(refused.count(), 1, "{both:?}");
    }
}

const OFFICE: &str = r#"
firmitas: 1
system:
  name: Office
  tenancy: { by: office.Company, from: actor, isolation: pool }
actors:
  visitor: { auth: none }
  member: { auth: user, is: office.User, login: email }
  support: { auth: user, role: support, tenants: all }
contexts:
  office:
    entities:
      Offer: { shared: true, fields: { most: 'int(0..100)' } }
      Company: { fields: { offer: Offer, floors: 'int(0..100) = 9' } }
      User: { fields: { email: email unique } }
      Room: { fields: { seats: 'int(0..100)' } }
      Team:
        fields: { room: 'Room?', offer: 'Offer?', size: 'int(0..100)', floor: 'int(0..100) = 0' }
        invariants:
          room-fits: 'self.room == null || self.size <= self.room.seats'
          offer-fits: 'self.offer == null || self.size <= self.offer.most'
          no-such-floor: self.floor <= tenant.floors
          beyond-contract: self.size <= tenant.offer.most
    operations:
      signUp:
        create: Company
        by: [visitor]
        input: { offer: Offer, email: email }
        do:
          - set: { offer: input.offer }
          - create: User
            with: { email: input.email }
        rate: 1/s
      setCompany: { update: Company, by: { support: true, member: self == tenant }, input: [floors], rate: 1/s }
      addOffer: { create: Offer, by: [support], input: [most], rate: 1/s }
      setOffer: { update: Offer, by: [support, member], input: [most], rate: 1/s }
      viewOffer: { get: Offer, by: [support, visitor, member], rate: 1/s }
      users: { list: User, by: [member], rate: 1/s }
      addRoom: { create: Room, by: [member], input: [seats], rate: 1/s }
      setRoom: { update: Room, by: [member], input: [seats], rate: 1/s }
      viewRoom: { get: Room, by: [member], rate: 1/s }
      addTeam: { create: Team, by: [member], input: [room, offer, size, floor], rate: 1/s }
"#;

async fn invariants_of_tenants_hold_whoever_changes_what_is_shared(isolation: &str) {
    let world = World::start(&in_form(OFFICE, isolation));
    let staff = world.user("staff", &["support"]);
    let call = async |who: &Who, operation: &str, id: Option<&str>, body: Json| {
        let operation = format!("office.{operation}");
        match world.call(who, &operation, id, body).await {
            Ok(done) => done.id(),
            refused => refusal(refused).1,
        }
    };
    let most = |most: u32| json!({ "most": most });
    let contract = call(&staff, "addOffer", None, most(50)).await;
    let offer = call(&staff, "addOffer", None, most(50)).await;
    let mut sides = Vec::new();
    for name in ["Acme", "Bolt"] {
        let email = format!("boss@{}.example", name.to_lowercase());
        let body = json!({ "offer": contract, "email": email });
        let company = call(&world.anyone(), "signUp", None, body).await;
        let boss = world.user(name, &["member"]).with_login(&email);
        assert_eq!(world.list(&boss, "office.users").await.unwrap().len(), 1);
        sides.push((boss, company));
    }
    let [(acme, _), (bolt, company)] = &sides[..] else { panic!("two companies") };
    // Of a tenant's own rows those count that refer to the row.
    let room = call(bolt, "addRoom", None, json!({ "seats": 9 })).await;
    let team = json!({ "room": room, "offer": offer, "size": 7, "floor": 5 });
    call(bolt, "addTeam", None, team).await;
    assert_eq!(call(bolt, "setRoom", Some(&room), json!({ "seats": 6 })).await, "room-fits");
    assert_eq!(call(bolt, "setRoom", Some(&room), json!({ "seats": 7 })).await, room);
    // What is shared is changed by whoever may: nothing is told but the rule.
    for who in [&staff, acme, bolt] {
        assert_eq!(call(who, "setOffer", Some(&offer), most(6)).await, "offer-fits");
        assert_eq!(call(who, "setOffer", Some(&offer), most(8)).await, offer);
    }
    // What `tenant` says, and what it leads to. Files of tenants see what is shared as it is committed:
    // there, only the tenant itself can be asked.
    let floors = |floors: u32| json!({ "floors": floors });
    assert_eq!(call(bolt, "setCompany", Some(company), floors(4)).await, "no-such-floor");
    assert_eq!(call(bolt, "setCompany", Some(company), floors(6)).await, *company);
    let apart = crate::stores::BETWEEN == "_" && isolation != "pool";
    assert_eq!(call(&staff, "setCompany", Some(company), floors(4)).await, "no-such-floor");
    let lower = call(&staff, "setOffer", Some(&contract), most(6)).await;
    assert_eq!(lower, if apart { "no-tenant" } else { "beyond-contract" });
    if !apart {
        assert_eq!(call(&staff, "setOffer", Some(&contract), most(7)).await, contract);
    }
}

crate::support::in_each_form!(invariants_of_tenants_hold_whoever_changes_what_is_shared);
