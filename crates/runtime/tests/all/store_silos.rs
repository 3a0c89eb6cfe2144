//! A database file for each tenant: what is where, what a crash leaves, how many there may be, how
//! they change, and how they are copied.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use decide::Design;
use runtime::operations::ConfiguredExternals;
use runtime::store::sqlite::{Limits, SqliteStore, backup, restore};
use runtime::store::{Store as _, StoreError};
use runtime::{Backend, Problem};
use rusqlite::Connection;
use serde_json::{Value as Json, json};

use crate::killed::killed;
use crate::support::{Directory, Who, World, model, refusal};

const CLINICS: &str = r#"
firmitas: 1
system:
  name: Clinics
  tenancy: { by: care.Clinic, from: actor, isolation: silo }
actors:
  visitor: { auth: none }
  doctor: { auth: user, is: care.Doctor, login: email }
  support: { auth: user, role: support, tenants: all }
contexts:
  care:
    entities:
      Clinic: { fields: { name: "string(1..40) unique" } }
      Drug: { shared: true, fields: { name: "string(1..40) unique" } }
      Doctor: { fields: { email: email unique pii } }
      Patient:
        history: true
        fields: { name: string(1..60) search, takes: Drug?, doctor: Doctor }
        parts: { notes: { size: 0..9, fields: { text: string(1..200), of: Drug? } } }
    events:
      Admitted: { key: patient, payload: { patient: Patient } }
    operations:
      signUp:
        create: Clinic
        by: [visitor]
        input: { name: string(1..40), email: email }
        do:
          - set: { name: input.name }
          - create: Doctor
            with: { email: input.email }
        rate: 1/s
      rename: { update: Clinic, by: { doctor: self == tenant }, input: [name], rate: 1/s }
      addDrug: { create: Drug, by: [support], input: [name], rate: 1/s }
      drugs: { list: Drug, by: [doctor], rate: 1/s }
      dropDrug: { delete: Drug, by: [support], rate: 1/s }
      doctors: { list: Doctor, by: [doctor], rate: 1/s }
      admit:
        create: Patient
        by: [doctor]
        input: [name, takes, doctor, notes.text, notes.of]
        do: [{ emit: Admitted }]
        rate: 1/s
      patients:
        list: Patient
        by: [doctor, support]
        sort: [name]
        search: true
        rate: 1/s
      discharge: { delete: Patient, by: [doctor], rate: 1/s }
      versions: { list: Patient.history, by: [doctor], rate: 1/s }
"#;

fn design(text: &str) -> Arc<Design> {
    Arc::new(decide::decide(model(text)).0)
}

fn open(folder: &Path, text: &str, limits: Limits) -> Result<SqliteStore, StoreError> {
    SqliteStore::open_with(folder, design(text), limits, Some(crate::stores::keys()))
}

fn world(text: &str, directory: Arc<Directory>, limits: Limits) -> World {
    let model = model(text);
    let store = open(&directory.0, text, limits).unwrap();
    let externals = ConfiguredExternals::new(model.clone(), Default::default()).unwrap();
    let design = Arc::new(decide::decide(model.clone()).0);
    let backend = Arc::new(Backend::start(&design, store, Arc::new(externals)).unwrap());
    World { backend, model, directory }
}

/// A clinic with its doctor.
struct Clinic {
    who: Who,
    id: String,
    doctor: String,
}

async fn sign_up(world: &World, name: &str) -> Clinic {
    let email = format!("boss@{name}.example");
    let body = json!({ "name": name, "email": email });
    let id = world.call(&world.anyone(), "care.signUp", None, body).await.unwrap().id();
    let who = world.user(name, &["doctor"]).with_login(&email);
    let doctors = world.list(&who, "care.doctors").await.unwrap();
    assert_eq!(doctors.len(), 1, "{doctors:?}");
    let doctor = doctors[0]["id"].as_str().unwrap().to_owned();
    Clinic { who, id, doctor }
}

async fn admit(
    world: &World,
    of: &Clinic,
    name: &str,
    drug: Option<&str>,
) -> Result<Json, Problem> {
    let notes = [json!({ "text": format!("note of {name}"), "of": drug })];
    let body = json!({ "name": name, "doctor": of.doctor, "takes": drug, "notes": notes });
    Ok(world.call(&of.who, "care.admit", None, body).await?.json)
}

async fn names(world: &World, who: &Who) -> Vec<String> {
    let patients = world.list(who, "care.patients").await.unwrap();
    let mut names: Vec<String> =
        patients.iter().map(|of| of["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// The backend ends, and with it every connection.
async fn close(world: World) -> Arc<Directory> {
    let World { backend, directory, .. } = world;
    backend.closed().await;
    drop(backend);
    directory
}

fn file_of(folder: &Path, clinic: &Clinic) -> PathBuf {
    folder.join("tenants").join(format!("{}.db", clinic.id))
}

/// Removes a database with its log.
fn remove(file: &Path) {
    std::fs::remove_file(file).unwrap();
    for beside in ["-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(beside);
        drop(std::fs::remove_file(name));
    }
}

fn count(file: &Path, sql: &str) -> i64 {
    Connection::open(file).unwrap().query_row(sql, (), |row| row.get(0)).unwrap()
}

fn contains(file: &Path, text: &str) -> bool {
    let bytes = std::fs::read(file).unwrap();
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn each_tenant_has_a_file_and_its_rows_and_their_history_are_in_no_other() {
    let world = world(CLINICS, Directory::new(), Limits::default());
    let (one, two) = (sign_up(&world, "one").await, sign_up(&world, "two").await);
    admit(&world, &one, "Ada Unique", None).await.unwrap();
    admit(&world, &two, "Bob Other", None).await.unwrap();
    assert_eq!(names(&world, &one.who).await, ["Ada Unique"]);
    assert_eq!(names(&world, &two.who).await, ["Bob Other"]);
    // Whoever crosses tenants sees all of them, in the order asked for.
    let staff = world.user("staff", &["support"]);
    assert_eq!(names(&world, &staff).await, ["Ada Unique", "Bob Other"]);
    let body = json!({ "name": "renamed" });
    world.call(&one.who, "care.rename", Some(&one.id), body).await.unwrap();
    let gauges = world.backend.store().gauges();
    assert!(gauges.iter().any(|(name, _, value)| *name == "store_tenant_files" && *value == 2.0));
    let folder = close(world).await;
    let (own, other) = (file_of(&folder.0, &one), file_of(&folder.0, &two));
    let patients = "SELECT count(*) FROM care_patients";
    assert_eq!((count(&own, patients), count(&other, patients)), (1, 1));
    assert_eq!(count(&own, "SELECT count(*) FROM firmitas_journal"), 1);
    assert!(contains(&own, "Ada Unique") && !contains(&own, "Bob Other"));
    assert!(contains(&other, "Bob Other") && !contains(&other, "Ada Unique"));
    let shared = folder.0.join("firmitas.db");
    let there = "SELECT count(*) FROM sqlite_schema WHERE name = 'care_patients'";
    assert_eq!(count(&shared, there), 0);
    assert_eq!(count(&shared, "SELECT count(*) FROM care_clinics WHERE name = 'renamed'"), 1);
}

#[tokio::test]
async fn there_may_be_more_tenants_than_files_are_kept_open() {
    let limits = Limits { tenants: 2, readers: 2, ..Limits::default() };
    let world = world(CLINICS, Directory::new(), limits);
    let mut clinics = Vec::new();
    for at in 0..9 {
        clinics.push(sign_up(&world, &format!("clinic{at}")).await);
    }
    for round in 0..3 {
        for (at, clinic) in clinics.iter().enumerate() {
            admit(&world, clinic, &format!("patient {at} {round}"), None).await.unwrap();
        }
    }
    for (at, clinic) in clinics.iter().enumerate() {
        let expected: Vec<String> = (0..3).map(|round| format!("patient {at} {round}")).collect();
        assert_eq!(names(&world, &clinic.who).await, expected);
    }
    let staff = world.user("staff", &["support"]);
    assert_eq!(names(&world, &staff).await.len(), 27);
    let world = self::world(CLINICS, close(world).await, limits);
    assert_eq!(names(&world, &clinics[8].who).await.len(), 3);
}

#[tokio::test]
async fn references_lead_from_a_tenants_file_to_what_is_shared() {
    let world = world(CLINICS, Directory::new(), Limits::default());
    let staff = world.user("staff", &["support"]);
    let drug = world.call(&staff, "care.addDrug", None, json!({ "name": "x" })).await.unwrap().id();
    let (one, two) = (sign_up(&world, "one").await, sign_up(&world, "two").await);
    let patient = admit(&world, &two, "Ada", Some(&drug)).await.unwrap();
    assert_eq!(patient["takes"], drug);
    let missing = uuid::Uuid::now_v7().to_string();
    assert_eq!(admit(&world, &one, "Bob", Some(&missing)).await.unwrap_err().status, 422);
    // Whoever deletes it is in no tenant, and the row that refers to it in one's file.
    let refused = world.call(&staff, "care.dropDrug", Some(&drug), json!(null)).await;
    assert_eq!(refusal(refused), (409, "still-referenced".to_owned()));
    let patient = patient["id"].as_str().unwrap();
    world.call(&two.who, "care.discharge", Some(patient), json!(null)).await.unwrap();
    world.call(&staff, "care.dropDrug", Some(&drug), json!(null)).await.unwrap();
}

/// What a file was before is put back under what is shared: as if the process had died before the
/// tenant's part of the last transaction reached the disk.
#[tokio::test]
async fn what_was_committed_is_brought_to_the_file_that_lacks_it() {
    let folder = Directory::new();
    let first = world(CLINICS, folder.clone(), Limits::default());
    let one = sign_up(&first, "one").await;
    admit(&first, &one, "Ada", None).await.unwrap();
    close(first).await;
    let file = file_of(&folder.0, &one);
    // Looking folds the log into the file.
    assert_eq!(count(&file, "SELECT count(*) FROM care_patients"), 1);
    let before = std::fs::read(&file).unwrap();
    let second = world(CLINICS, folder.clone(), Limits::default());
    admit(&second, &one, "Bob", None).await.unwrap();
    close(second).await;
    remove(&file);
    std::fs::write(&file, &before).unwrap();
    assert_eq!(count(&file, "SELECT count(*) FROM care_patients"), 1);
    let third = world(CLINICS, folder.clone(), Limits::default());
    assert_eq!(names(&third, &one.who).await, ["Ada", "Bob"]);
    let hits = third.list(&one.who, "care.versions").await.unwrap();
    assert_eq!(hits.len(), 2, "{hits:?}");
    // What the server tidies up in the files that there are is behind us: it would be noted behind
    // the sign-up, which is forgotten then.
    let shared = folder.0.join("firmitas.db");
    for _ in 0..1200 {
        if count(&shared, "SELECT count(*) FROM firmitas_redo") > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // A sign-up of which only the shared part is on the disk.
    let two = sign_up(&third, "two").await;
    close(third).await;
    remove(&file_of(&folder.0, &two));
    let fourth = world(CLINICS, folder.clone(), Limits::default());
    assert_eq!(names(&fourth, &two.who).await.len(), 0);
    admit(&fourth, &two, "Eve", None).await.unwrap();
    close(fourth).await;
    // A file that is missing though it held rows is not made up.
    remove(&file_of(&folder.0, &two));
    let error = open(&folder.0, CLINICS, Limits::default()).unwrap_err();
    assert!(error.to_string().contains(&two.id), "{error}");
}

#[tokio::test]
async fn a_file_that_is_gone_is_missed_also_where_nothing_is_to_be_done_again() {
    let folder = Directory::new();
    let first = world(CLINICS, folder.clone(), Limits::default());
    let one = sign_up(&first, "one").await;
    admit(&first, &one, "Ada", None).await.unwrap();
    close(first).await;
    close(world(CLINICS, folder.clone(), Limits::default())).await;
    remove(&file_of(&folder.0, &one));
    let error = open(&folder.0, CLINICS, Limits::default()).unwrap_err();
    assert!(error.to_string().contains(&one.id), "{error}");
}

#[tokio::test]
async fn a_new_model_changes_all_files_or_none() {
    let folder = Directory::new();
    let old = world(CLINICS, folder.clone(), Limits::default());
    let (one, two) = (sign_up(&old, "one").await, sign_up(&old, "two").await);
    admit(&old, &one, "Ada", None).await.unwrap();
    close(old).await;
    let wider = CLINICS.replace("takes: Drug?,", "takes: Drug?, room: string(..9)?,");
    let new = world(&wider, folder.clone(), Limits::default());
    assert_eq!(names(&new, &one.who).await, ["Ada"]);
    admit(&new, &two, "Bob", None).await.unwrap();
    sign_up(&new, "three").await;
    close(new).await;
    for clinic in [&one, &two] {
        let there = "SELECT count(*) FROM pragma_table_info('care_patients') WHERE name = 'room'";
        assert_eq!(count(&file_of(&folder.0, clinic), there), 1);
    }
    let narrower =
        CLINICS.replace("name: string(1..60) search, takes", "called: string(1..60), takes");
    let narrower = narrower.replace("input: [name, takes", "input: [called, takes");
    let narrower = narrower.replace("sort: [name]\n        search: true\n", "sort: [called]\n");
    let error = open(&folder.0, &narrower, Limits::default()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&format!("tenant {}", one.id)), "{text}");
    let shared = CLINICS.replace("isolation: silo", "isolation: pool");
    let error = open(&folder.0, &shared, Limits::default()).unwrap_err();
    assert!(error.to_string().contains("3 tenants have files of their own"), "{error}");
    let again = world(&wider, folder.clone(), Limits::default());
    assert_eq!(names(&again, &two.who).await, ["Bob"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_holds_all_files_while_they_are_written() {
    let folder = Directory::new();
    let world = Arc::new(world(CLINICS, folder.clone(), Limits::default()));
    let one = sign_up(&world, "one").await;
    for at in 0..20 {
        admit(&world, &one, &format!("first {at}"), None).await.unwrap();
    }
    let (data, copy) = (folder.0.clone(), folder.0.join("copy"));
    let to = copy.clone();
    let made = tokio::task::spawn_blocking(move || backup(&data, &to));
    let mut at = 0;
    while !made.is_finished() {
        let clinic = sign_up(&world, &format!("late{at}")).await;
        admit(&world, &clinic, "late", None).await.unwrap();
        admit(&world, &one, &format!("second {at}"), None).await.unwrap();
        at += 1;
    }
    made.await.unwrap().unwrap();
    let target = Directory::new();
    restore(&copy, &target.0).unwrap();
    let restored = self::world(CLINICS, target.clone(), Limits::default());
    let found = names(&restored, &one.who).await;
    assert!(found.len() >= 20, "{found:?}");
    // Of one moment: each event has its row, and each clinic its doctor.
    let staff = restored.user("staff", &["support"]);
    let all = names(&restored, &staff).await.len();
    let events = count(&target.0.join("firmitas.db"), "SELECT count(*) FROM firmitas_outbox");
    assert_eq!(i64::try_from(all).unwrap(), events);
    let clinics = count(&target.0.join("firmitas.db"), "SELECT count(*) FROM care_clinics");
    let links = count(&target.0.join("firmitas.db"), "SELECT count(*) FROM firmitas_subjects");
    assert!(links <= clinics);
    close(restored).await;
    let again = restore(&copy, &target.0).unwrap_err();
    assert!(again.to_string().contains("already"), "{again}");
}

const KILLED: &str = "FIRMITAS_TEST_SILO_DIRECTORY";

/// The process that is killed: clients sign up and admit patients, and say what was answered.
#[test]
fn child() {
    let Ok(directory) = std::env::var(KILLED) else { return };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let directory = Arc::new(Directory(PathBuf::from(directory)));
    runtime.block_on(async move {
        let world = Arc::new(world(CLINICS, directory, Limits { tenants: 4, ..Limits::default() }));
        let clients = (0..4).map(|_| {
            let world = world.clone();
            tokio::spawn(async move {
                loop {
                    let name = uuid::Uuid::now_v7().to_string();
                    let clinic = sign_up(&world, &name).await;
                    say(&format!("signed {name}"));
                    for at in 0..4 {
                        admit(&world, &clinic, &format!("{name} {at}"), None).await.unwrap();
                        say(&format!("admitted {name} {at}"));
                    }
                }
            })
        });
        for client in clients.collect::<Vec<_>>() {
            let ended: Result<(), _> = client.await;
            ended.unwrap();
        }
    });
}

fn say(what: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what}").unwrap();
    out.flush().unwrap();
}

/// What a child acknowledged that was killed so long after its first answer.
fn burst(directory: &Path, time: Duration) -> Vec<String> {
    let counts = |line: String| {
        (line.starts_with("signed ") || line.starts_with("admitted ")).then_some(line)
    };
    killed("store_silos::child", (KILLED, directory), time, counts)
}

#[tokio::test]
async fn acknowledged_writes_of_all_tenants_survive_kill_9_and_nothing_is_half_done() {
    let folder = Directory::new();
    let mut said = Vec::new();
    for round in 0..5 {
        let seen = said.len();
        said.extend(burst(&folder.0, Duration::from_millis(30 + round * 61)));
        assert!(said.len() > seen, "the child did nothing in round {round}");
        let world = world(CLINICS, folder.clone(), Limits { tenants: 4, ..Limits::default() });
        let staff = world.user("staff", &["support"]);
        let all = names(&world, &staff).await;
        let admitted: Vec<&str> =
            said.iter().filter_map(|line| line.strip_prefix("admitted ")).collect();
        for name in &admitted {
            assert!(all.iter().any(|of| of == name), "{name} is gone");
        }
        for name in said.iter().filter_map(|line| line.strip_prefix("signed ")) {
            let who = world.user(name, &["doctor"]).with_login(&format!("boss@{name}.example"));
            assert_eq!(world.list(&who, "care.doctors").await.unwrap().len(), 1, "{name}");
        }
        let folder = close(world).await;
        let shared = folder.0.join("firmitas.db");
        let events = count(&shared, "SELECT count(*) FROM firmitas_outbox");
        assert_eq!(events, i64::try_from(all.len()).unwrap(), "an event without its row");
        let clinics = count(&shared, "SELECT count(*) FROM care_clinics");
        let files = std::fs::read_dir(folder.0.join("tenants")).unwrap();
        let own = files.filter(|file| {
            let name = file.as_ref().unwrap().file_name().into_string().unwrap();
            name.ends_with(".db") && name.len() > 30
        });
        assert_eq!(clinics, i64::try_from(own.count()).unwrap(), "a clinic without its file");
    }
}

fn opened(world: &World) -> f64 {
    let gauges = world.backend.store().gauges();
    let (.., count) =
        gauges.iter().find(|(name, ..)| *name == "store_tenant_files_opened_total").unwrap();
    *count
}

/// Asks as nobody until that opens no file: at start it is looked up where everybody is.
async fn until_strangers_open_nothing(world: &World) {
    let stranger = world.user("stranger", &["doctor"]).with_login("x@nowhere.example");
    for _ in 0..600 {
        let before = opened(world);
        assert_eq!(refusal(world.list(&stranger, "care.doctors").await).1, "not-linked");
        if opened(world) == before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a stranger has files opened with each request");
}

#[tokio::test]
async fn a_first_sign_in_asks_the_tenants_of_its_login_alone() {
    let folder = Directory::new();
    let few = || Limits { tenants: 2, ..Limits::default() };
    let first = world(CLINICS, folder.clone(), few());
    for at in 0..12 {
        sign_up(&first, &format!("clinic{at}")).await;
    }
    until_strangers_open_nothing(&first).await;
    close(first).await;
    // Rows from before there was anything that leads to them.
    let shared = Connection::open(folder.0.join("firmitas.db")).unwrap();
    let forget = "DELETE FROM firmitas_records WHERE kind IN ('row-login', 'row-logins')";
    assert_eq!(shared.execute(forget, ()).unwrap(), 13);
    shared.execute("DELETE FROM firmitas_subjects", ()).unwrap();
    drop(shared);
    let second = world(CLINICS, folder, few());
    until_strangers_open_nothing(&second).await;
    for at in 0..12 {
        let login = format!("BOSS@clinic{at}.example");
        let boss = second.user(&format!("new{at}"), &["doctor"]).with_login(&login);
        assert_eq!(second.list(&boss, "care.doctors").await.unwrap().len(), 1);
    }
    close(second).await;
}
