//! Reads that the model lets be old go to a standby, as long as it is not older than that.

use std::time::{Duration, Instant};

use serde_json::json;

use super::backend::Backend;
use super::cluster::Cluster;
use crate::acceptance::client::Client;
use crate::acceptance::server::Folder;

const BOARD: &str = "
firmitas: 1
system: { name: Board, summary: Notes that everybody reads. }
actors:
  anyone: { auth: none }
contexts:
  board:
    entities:
      Note:
        fields: { text: string(1..40) }
    operations:
      addNote: { create: Note, by: [anyone], input: [text], rate: 1/s }
      listNotes: { list: Note, by: [anyone], rate: 20/s, stale: 6s }
      exactNotes: { list: Note, by: [anyone], rate: 20/s, route: exact }
";
/// What `BOARD` says.
const STALE: Duration = Duration::from_secs(6);
/// However busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

struct Board {
    backend: Backend,
    client: Client,
}

impl Board {
    fn new(name: &str, folder: &Folder, primary: &Cluster, standby: &Cluster) -> Self {
        let file = folder.0.join("firmitas.yaml");
        std::fs::write(&file, BOARD).unwrap();
        let replica = standby.url();
        let flags = ["--store", &primary.url(), "--store-replica", &replica, "--cache", "off"];
        let model = file.to_str().unwrap().to_owned().leak();
        let backend = Backend::new(name).model(model).flags(&flags).started();
        let client = Client::new(&backend.url, None);
        Self { backend, client }
    }

    /// When it was answered.
    fn add(&self, text: &str) -> Instant {
        self.client.post("/board/v1/notes", &json!({ "text": text })).expect(201);
        Instant::now()
    }

    fn shows(&self, path: &str, text: &str) -> bool {
        self.client.get(path).expect(200).text.contains(text)
    }

    fn replicas(&self) -> f64 {
        self.backend.metric("store_replicas")
    }
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_standby_answers_what_may_be_old_and_nothing_older() {
    let Some(primary) = Cluster::start("replica", &[]) else { return };
    let (mut standby, folder) = (primary.standby("replica"), Folder::new("replica-model"));
    let board = Board::new("replica", &folder, &primary, &standby);
    eventually("the standby is not used", || board.replicas() == 1.0);
    board.add("before");
    eventually("the standby does not follow", || board.shows("/board/v1/notes", "before"));
    let mut lagging = standby.sql();
    let mut old_answers = 0;
    for round in 0..3 {
        lagging.batch_execute("SELECT pg_wal_replay_pause()").unwrap();
        let text = format!("note {round}");
        let written = board.add(&text);
        assert!(board.shows("/board/v1/notes/exact", &text), "what may not be old was old");
        let begun = Instant::now();
        loop {
            let asked = Instant::now();
            if board.shows("/board/v1/notes", &text) {
                break;
            }
            old_answers += 1;
            let age = asked.saturating_duration_since(written);
            assert!(age < STALE, "an answer was {age:?} old");
            assert!(begun.elapsed() < PATIENCE, "the primary was not asked");
            std::thread::sleep(Duration::from_millis(100));
        }
        lagging.batch_execute("SELECT pg_wal_replay_resume()").unwrap();
        let shown = "SELECT count(*) FROM board.notes";
        eventually("the standby does not follow again", || {
            lagging.query_one(shown, &[]).unwrap().get::<_, i64>(0) == 2 + round
        });
        let age = || board.backend.metric("store_replica_age_seconds");
        eventually("the standby stays old", || age() < STALE.as_secs_f64() / 2.0);
    }
    assert!(old_answers > 0, "the standby was never asked");
    eprintln!("replica: {old_answers} answers while replay was paused, none older than {STALE:?}");
    // Without it everything goes on.
    drop(lagging);
    standby.kill();
    board.add("alone");
    assert!(board.shows("/board/v1/notes", "alone"));
    eventually("a standby that is gone is counted", || board.replicas() == 0.0);
    standby.restart();
    eventually("a standby that came back is not used", || board.replicas() == 1.0);
}
