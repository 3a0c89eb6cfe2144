//! Records in memory, a clock that is moved, and a small model.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use accounts::{Accounts, Asking, Change, Clock, NewUser, RecordKey, Records, Settings, User};
use decide::Design;
use runtime::store::{Record, StoreError};

type Kept = BTreeMap<(String, String), Record>;

/// Records in memory.
#[derive(Default)]
pub struct Memory(Mutex<Kept>);

impl Memory {
    pub fn values(&self) -> Vec<String> {
        let kept = self.0.lock().unwrap();
        kept.values().map(|record| format!("{} {}", record.key, record.value)).collect()
    }

    pub fn count(&self, kind: &str) -> usize {
        self.0.lock().unwrap().keys().filter(|(of, _)| of == kind).count()
    }
}

fn alive(record: &Record, now: i64) -> bool {
    record.expires.is_none_or(|expires| expires > now)
}

impl Records for Memory {
    fn record<'a>(&'a self, kind: &'static str, key: &str, now: i64) -> Asking<'a, Option<Record>> {
        let kept = self.0.lock().unwrap();
        let found = kept.get(&(kind.to_owned(), key.to_owned()));
        let found = found.filter(|record| alive(record, now)).cloned();
        Box::pin(async move { Ok(found) })
    }

    fn records<'a>(
        &'a self,
        kind: &'static str,
        owner: Option<&str>,
        after: &str,
        limit: u32,
    ) -> Asking<'a, Vec<Record>> {
        let kept = self.0.lock().unwrap();
        let of = |record: &&Record| {
            record.kind == kind
                && record.key.as_str() > after
                && owner.is_none_or(|owner| record.owner == owner)
        };
        let found = kept.values().filter(of).take(limit as usize).cloned().collect();
        Box::pin(async move { Ok(found) })
    }

    fn change(
        &self,
        locked: Vec<RecordKey>,
        now: i64,
        decide: Box<dyn FnOnce(&[Option<Record>]) -> Result<Vec<Change>, StoreError> + Send>,
    ) -> Asking<'_, ()> {
        let mut kept = self.0.lock().unwrap();
        let find = |(kind, key): &RecordKey| {
            let found = kept.get(&((*kind).to_owned(), key.clone()));
            found.filter(|record| alive(record, now)).cloned()
        };
        let found: Vec<_> = locked.iter().map(find).collect();
        let done = decide(&found).and_then(|changes| apply(&mut kept, changes));
        Box::pin(async move { done })
    }
}

fn apply(kept: &mut Kept, changes: Vec<Change>) -> Result<(), StoreError> {
    let mut next = kept.clone();
    for change in changes {
        match change {
            Change::Add(record) => {
                let key = (record.kind.clone(), record.key.clone());
                if next.insert(key, record).is_some() {
                    return Err(StoreError::Unique { code: "record-exists".to_owned() });
                }
            }
            Change::Put(record) => {
                next.insert((record.kind.clone(), record.key.clone()), record);
            }
            Change::Remove((kind, key)) => {
                next.remove(&(kind.to_owned(), key));
            }
            Change::RemoveOwned(kind, owner) => {
                next.retain(|(of, _), record| of != kind || record.owner != owner);
            }
        }
    }
    *kept = next;
    Ok(())
}

pub const MODEL: &str = "
firmitas: 1
system: { name: Club, summary: Members and what they write., needs: { assurance: LEVEL } }
actors:
  member: { auth: user, client: browser, count: 1k }
  editor: { auth: user, client: browser, role: editor, count: 5 }
  partner: { auth: key, count: 3 }
  visitor: { auth: none, count: 1k }
contexts:
  club:
    summary: Notes.
    entities:
      Note: { rows: 1k, fields: { text_of_it: string(1..40) } }
    operations:
      write: { create: Note, by: [member, partner], input: [text_of_it], rate: 1/s }
      read: { list: Note, by: [member, partner], rate: 1/s }
      correct: { update: Note, by: [editor], input: [text_of_it], rate: 1/s }
";

pub fn design(level: &str) -> Arc<Design> {
    let text = MODEL.replace("LEVEL", level);
    let files = BTreeMap::from([(engine::ROOT.to_owned(), text)]);
    let checked = engine::check(&files);
    checked.design.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics))
}

/// Accounts over memory, with cheap hashes and a clock.
pub struct Club {
    pub design: Arc<Design>,
    pub records: Arc<Memory>,
    pub accounts: Arc<Accounts>,
    pub time: Arc<AtomicI64>,
}

pub const SECOND: i64 = 1_000_000;
pub const HOUR: i64 = 3600 * SECOND;
pub const PASSWORD: &str = "correct horse battery";

impl Club {
    pub fn new(level: &str) -> Self {
        let time = Arc::new(AtomicI64::new(1_800_000_000 * SECOND));
        let (design, records) = (design(level), Arc::new(Memory::default()));
        let accounts = accounts(&design, &records, &time);
        Self { design, records, accounts, time }
    }

    /// Another process over the same records, or the same one after a restart.
    pub fn restarted(&self) -> Arc<Accounts> {
        accounts(&self.design, &self.records, &self.time)
    }

    pub fn later(&self, micros: i64) {
        self.time.fetch_add(micros, SeqCst);
    }

    pub async fn anna(&self) -> User {
        let new =
            NewUser { login: "anna@example.com".to_owned(), verified: true, ..NewUser::default() };
        self.accounts.create(new, Some(PASSWORD.to_owned())).await.unwrap()
    }
}

fn accounts(design: &Design, records: &Arc<Memory>, time: &Arc<AtomicI64>) -> Arc<Accounts> {
    let time = Arc::clone(time);
    let settings = Settings {
        hash_memory: 64,
        clock: Clock::new(move || time.load(SeqCst)),
        remembered: std::time::Duration::from_secs(600),
        ..Settings::of(design)
    };
    Accounts::new(design, records.clone(), &[7; 32], settings).unwrap()
}
