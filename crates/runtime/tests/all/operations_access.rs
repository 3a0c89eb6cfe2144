//! Who may do what to which rows.

use serde_json::json;

use crate::support::{Who, World, refusal};

const NOTES: &str = r#"
firmitas: 1
system: { name: Notes, summary: Shared notes. }
actors:
  guest: { auth: none }
  member: { auth: user, is: Member, login: email, when: "!actor.blocked" }
  editor: { auth: user, role: editor }
  host: { auth: user, is: Member, login: email, when: "actor.name == 'Host' && !actor.blocked" }
entities:
  Member:
    soft_delete: true
    fields: { email: email unique, name: string(1..80), blocked: bool = false readonly }
  Folder:
    fields: { name: string(1..40), owner: Member readonly, open: bool = false }
  Note:
    fields: { text: string(1..200), folder: Folder, author: Member? readonly, secret_word: string? secret, mood: string? internal }
    parts: { readers: { size: 0..5, fields: { reader: Member } } }
operations:
  join: { create: Member, by: [member], input: [email, name], rate: 1/s }
  enrol: { create: Member, by: [editor], input: [email, name], rate: 1/s }
  me: { get: Member, by: { member: self.id == actor.id, editor: true }, rate: 1/s }
  leave: { delete: Member, by: { member: self.id == actor.id }, rate: 1/s }
  admitOther: { create: Member, by: [host], input: [email, name], rate: 1/s }
  invite: { create: Member, by: { member: actor.name == 'Host' }, input: [email, name], rate: 1/s }
  moveTo: { update: Member, by: { member: self.id == actor.id, editor: true }, input: [email, name], rate: 1/s }
  block: { act: Member, by: [editor], do: [{ set: { blocked: true } }], rate: 1/s }
  addFolder: { create: Folder, by: [member], input: [name, open], do: [{ set: { owner: actor.id } }], rate: 1/s }
  listFolders: { list: Folder, by: { guest: self.open, member: self.owner == actor.id }, rate: 1/s }
  renameFolder: { update: Folder, by: { member: "self.owner == actor.id && self.name != 'locked'" }, input: [name, open], rate: 1/s }
  write:
    create: Note
    by: { member: self.folder.owner == actor.id }
    input: [text, folder, secret_word, readers.reader]
    do: [{ set: { author: actor.id } }]
    rate: 1/s
  readNote: { get: Note, by: { guest: self.folder.open, member: "self.author == actor.id || self.readers.exists(r, r.reader == actor.id)" }, rate: 1/s }
  listNotes: { list: Note, by: { member: "self.author == actor.id || self.readers.exists(r, r.reader == actor.id)", editor: true }, where: "self.text != 'hidden'", rate: 1/s }
  purge: { delete: Note, by: [system], rate: 1/s }
"#;

struct Fixture {
    world: World,
    ann: Who,
    ann_id: String,
    folder: String,
}

async fn fixture() -> Fixture {
    let world = World::start(NOTES);
    let ann = world.user("ann", &["member"]);
    let ann_id = join(&world, &ann, "ann@example.com").await;
    let body = json!({ "name": "Diary" });
    let folder = world.call(&ann, "notes.addFolder", None, body).await.unwrap().id();
    Fixture { world, ann, ann_id, folder }
}

async fn join(world: &World, who: &Who, email: &str) -> String {
    let body = json!({ "email": email, "name": "N" });
    world.call(who, "notes.join", None, body).await.unwrap().id()
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_told_who_they_are_not() {
    let Fixture { world, ann, folder, .. } = fixture().await;
    let body = json!({ "name": "Mine" });
    let anyone = world.call(&world.anyone(), "notes.addFolder", None, body.clone()).await;
    assert_eq!(refusal(anyone), (401, "unauthenticated".into()));
    let editor = world.user("ed", &["editor"]);
    let wrong = world.call(&editor, "notes.addFolder", None, body.clone()).await;
    assert_eq!(refusal(wrong), (403, "forbidden".into()));
    let new = world.user("new", &["member"]);
    let unlinked = world.call(&new, "notes.addFolder", None, body).await;
    assert_eq!(refusal(unlinked), (403, "not-linked".into()));
    let body = json!({ "text": "Hi", "folder": folder });
    let note = world.call(&ann, "notes.write", None, body).await.unwrap().id();
    let purge = world.call(&ann, "notes.purge", Some(&note), json!(null)).await;
    assert_eq!(refusal(purge), (403, "forbidden".into()), "system has no token");
    let done = world.call(&world.system(), "notes.purge", Some(&note), json!(null)).await.unwrap();
    assert_eq!(done.answer.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_others_do_not_exist() {
    let Fixture { world, ann, ann_id, folder } = fixture().await;
    let bob = world.user("bob", &["member"]);
    join(&world, &bob, "bob@example.com").await;
    let other = world.get(&bob, "notes.me", &ann_id).await;
    assert_eq!(refusal(other), (404, "not-found".into()));
    let rename =
        world.call(&bob, "notes.renameFolder", Some(&folder), json!({ "name": "x" })).await;
    assert_eq!(refusal(rename), (404, "not-found".into()));
    assert!(world.list(&bob, "notes.listFolders").await.unwrap().is_empty());
    assert_eq!(world.list(&ann, "notes.listFolders").await.unwrap().len(), 1);
    let body = json!({ "text": "Hi", "folder": folder });
    let hidden = world.call(&bob, "notes.write", None, body).await;
    assert_eq!(refusal(hidden), (422, "validation-failed /folder unknown-reference".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_and_creates_answer_for_their_result() {
    let Fixture { world, ann, folder, .. } = fixture().await;
    let lock =
        world.call(&ann, "notes.renameFolder", Some(&folder), json!({ "name": "locked" })).await;
    assert_eq!(refusal(lock), (403, "forbidden".into()));
    let open = json!({ "open": true });
    world.call(&ann, "notes.renameFolder", Some(&folder), open).await.unwrap();
    let bob = world.user("bob", &["member"]);
    join(&world, &bob, "bob@example.com").await;
    // Bob sees the open folder as a guest, so he may refer to it, but not write into it.
    let body = json!({ "text": "Hi", "folder": folder });
    let write = world.call(&bob, "notes.write", None, body).await;
    assert_eq!(refusal(write), (403, "forbidden".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_see_parts_and_paths_in_memory_as_in_sql() {
    let Fixture { world, ann, folder, .. } = fixture().await;
    let bob = world.user("bob", &["member"]);
    join(&world, &bob, "bob@example.com").await;
    let body = json!({ "text": "Hi", "folder": folder, "secret_word": "x" });
    let note = world.call(&ann, "notes.write", None, body).await.unwrap();
    assert!(note.json.get("secret_word").is_none() && note.json.get("mood").is_none());
    assert_eq!(refusal(world.get(&bob, "notes.readNote", &note.id()).await).0, 404);
    assert!(world.get(&ann, "notes.readNote", &note.id()).await.is_ok());
    assert_eq!(refusal(world.get(&world.anyone(), "notes.readNote", &note.id()).await).0, 404);
    let open = json!({ "open": true });
    world.call(&ann, "notes.renameFolder", Some(&folder), open).await.unwrap();
    assert!(world.get(&world.anyone(), "notes.readNote", &note.id()).await.is_ok());
    assert!(world.list(&bob, "notes.listNotes").await.unwrap().is_empty());
    let editor = world.user("ed", &["editor"]);
    assert_eq!(world.list(&editor, "notes.listNotes").await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_or_departed_member_is_nobody() {
    let Fixture { world, ann, ann_id, .. } = fixture().await;
    let editor = world.user("ed", &["editor"]);
    world.call(&editor, "notes.block", Some(&ann_id), json!(null)).await.unwrap();
    let me = world.get(&ann, "notes.me", &ann_id).await;
    assert_eq!(refusal(me), (403, "forbidden".into()));
    let bob = world.user("bob", &["member"]);
    let bob_id = join(&world, &bob, "bob@example.com").await;
    world.call(&bob, "notes.leave", Some(&bob_id), json!(null)).await.unwrap();
    assert_eq!(refusal(world.get(&bob, "notes.me", &bob_id).await), (403, "not-linked".into()));
    let again = join(&world, &bob, "bob@example.com").await;
    assert!(world.get(&bob, "notes.me", &again).await.is_ok(), "may join again");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_made_by_others_are_linked_by_a_verified_login() {
    let world = World::start(NOTES);
    let editor = world.user("ed", &["editor"]);
    let body = json!({ "email": "cleo@example.com", "name": "Cleo" });
    let id = world.call(&editor, "notes.enrol", None, body).await.unwrap().id();
    let cleo = world.user("cleo", &["member"]);
    assert_eq!(refusal(world.get(&cleo, "notes.me", &id).await), (403, "not-linked".into()));
    let cleo = cleo.with_login("cleo@example.com");
    assert!(world.get(&cleo, "notes.me", &id).await.is_ok());
    let thief = world.user("thief", &["member"]).with_login("cleo@example.com");
    assert_eq!(refusal(world.get(&thief, "notes.me", &id).await), (403, "not-linked".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_claims_an_address_of_somebody_else() {
    let world = World::start(NOTES);
    let refused = (422, "validation-failed /email not-yours".to_owned());
    let ann = world.user("ann", &["member"]).with_login("ann@example.com");
    let join = |who: &Who, email: &str| {
        let (who, body) = (who.clone(), json!({ "email": email, "name": "Host" }));
        let world = &world;
        async move { world.call(&who, "notes.join", None, body).await }
    };
    assert_eq!(refusal(join(&ann, "bob@example.com").await), refused);
    let id = join(&ann, "Ann@Example.com").await.unwrap().id();
    assert_eq!(refusal(join(&ann, "bob@example.com").await), refused, "nor with a second row");
    let edit = |who: &Who, email: &str| {
        let (who, body, id) = (who.clone(), json!({ "email": email }), id.clone());
        let world = &world;
        async move { world.call(&who, "notes.moveTo", Some(&id), body).await }
    };
    assert_eq!(refusal(edit(&ann, "bob@example.com").await), refused, "nor later");
    // Whoever vouches for her knows another address.
    let moved = ann.clone().with_login("ann@example.org");
    assert_eq!(edit(&moved, "ann@example.org").await.unwrap().json["email"], "ann@example.org");
    // Whom the model trusts with rows of others writes theirs.
    let body = json!({ "email": "bob@example.com", "name": "Bob" });
    let invited = world.call(&ann, "notes.invite", None, body).await.unwrap().id();
    let bob = world.user("bob", &["member"]).with_login("bob@example.com");
    assert!(world.get(&bob, "notes.me", &invited).await.is_ok());
    let editor = world.user("ed", &["editor"]);
    assert!(edit(&editor, "ann@example.net").await.is_ok());
    // Of whom nobody says an address, they claim none.
    let mut eve = world.user("eve", &["member"]);
    eve.caller.identity.as_mut().unwrap().issuer = "https://login.example.com".into();
    assert_eq!(refusal(join(&eve, "eve@example.com").await), refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_becomes_whom_the_actor_does_not_admit() {
    let world = World::start(NOTES);
    let stranger = world.user("stranger", &["member", "host"]);
    let admit = |who: &Who, name: &str| {
        let email = format!("{}@example.com", name.to_lowercase());
        let (who, body) = (who.clone(), json!({ "email": email, "name": name }));
        let world = &world;
        async move { world.call(&who, "notes.admitOther", None, body).await }
    };
    assert_eq!(refusal(admit(&stranger, "Nobody").await), (403, "forbidden".into()));
    let body = json!({ "email": "host@example.com", "name": "Host" });
    world.call(&stranger, "notes.join", None, body).await.unwrap();
    admit(&stranger, "Guest").await.unwrap();
}

const VAULT: &str = r#"
firmitas: 1
system: { name: Vault, summary: Keys. }
actors: { owner: { auth: user } }
entities:
  Item: { fields: { name: 'string(1..40)' } }
operations:
  keep: { create: Item, by: [owner], input: [name], reauth: 5min, rate: 1/s }
  look: { get: Item, by: [owner], rate: 1/s }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_is_too_old_has_to_be_given_again() {
    let world = World::start(VAULT);
    let now = jiff::Timestamp::now().as_microsecond();
    let proved = |at: Option<i64>| {
        let mut who = world.user("ann", &["owner"]);
        who.caller.identity.as_mut().unwrap().authenticated_at = at;
        who
    };
    let minute = 60_000_000;
    for (at, admitted) in [
        (Some(now), true),
        (Some(now - 4 * minute), true),
        (Some(now - 6 * minute), false),
        (Some(i64::MIN), false),
        (None, false),
    ] {
        let kept = world.call(&proved(at), "vault.keep", None, json!({ "name": "k" })).await;
        match kept {
            Ok(done) => {
                assert!(admitted, "{at:?}");
                world.get(&proved(None), "vault.look", &done.id()).await.unwrap();
            }
            Err(problem) => {
                assert!(!admitted, "{at:?}");
                assert_eq!((problem.status, &*problem.code), (401, "reauthentication-required"));
                assert_eq!(problem.max_age, Some(300));
            }
        }
    }
}
