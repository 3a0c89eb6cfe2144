//! Sessions are begun, found, renewed and ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use decide::sessions::Limits;
use runtime::call::Caller;
use runtime::store::StoreError;

use super::cookie::SessionCookie;
use super::session::{NewSession, Session};
use crate::admission::Admission;
use crate::clock::SECOND;
use crate::records::{Change, Records};
use crate::remembered::Remembered;
use crate::users::USER;
use crate::{AccountError, Settings, User, secret};

/// Kind of the record of a session.
pub(crate) const SESSION: &str = "session";
/// Most sessions of one user; the oldest ends where another begins.
const MOST: usize = 100;
/// Most characters of what a browser calls itself.
const AGENT: usize = 120;

/// A session that is not over, with its user.
pub(crate) struct Live {
    pub(crate) session: Session,
    pub(crate) user: User,
    pub(crate) caller: Caller,
    /// When it was last renewed.
    seen: AtomicI64,
}

/// The sessions of a store.
pub struct Sessions {
    records: Arc<dyn Records>,
    settings: Settings,
    admission: Admission,
    remembered: Remembered<Live>,
}

impl Sessions {
    pub(crate) fn new(records: Arc<dyn Records>, settings: Settings, admission: Admission) -> Self {
        let remembered = Remembered::new(settings.remembered);
        Self { records, settings, admission, remembered }
    }

    /// How long sessions last that were proven so well.
    #[must_use]
    pub const fn limits(&self, assurance: u8) -> Limits {
        if assurance > 1 { self.settings.raised } else { self.settings.limits }
    }

    /// Microseconds for which such a session lasts without use.
    pub(crate) fn idle(&self, assurance: u8) -> i64 {
        micros(self.limits(assurance).idle)
    }

    /// Begins a session.
    ///
    /// # Errors
    /// No randomness, or the store failed.
    pub async fn open(
        &self,
        user: &User,
        new: NewSession,
    ) -> Result<(Session, SessionCookie), AccountError> {
        let token = secret::random()?;
        let key = secret::sha256(&token);
        let now = self.settings.clock.now();
        let NewSession { proven, host, agent, address, secure } = new;
        let limits = self.limits(proven.assurance);
        let session = Session {
            id: uuid::Uuid::new_v4().to_string(),
            user: user.id.clone(),
            begun: now,
            seen: now,
            ends: now.saturating_add(micros(limits.total)),
            assurance: proven.assurance,
            methods: proven.names(),
            host,
            agent: agent.chars().filter(|c| !c.is_control()).take(AGENT).collect(),
            address,
        };
        let mut changes = vec![Change::Add(session.record(SESSION, &key, micros(limits.idle))?)];
        changes.extend(self.surplus(&user.id).await?);
        self.records.change(Vec::new(), now, Box::new(move |_| Ok(changes))).await?;
        let seconds = limits.total;
        Ok((session, SessionCookie { token, seconds, secure }))
    }

    /// The oldest sessions of a user who has too many.
    async fn surplus(&self, user: &str) -> Result<Vec<Change>, StoreError> {
        let records = self.records.records(SESSION, Some(user), "", 500).await?;
        let mut known: Vec<(i64, String)> = records
            .iter()
            .map(|record| (Session::read(record).map_or(0, |of| of.seen), record.key.clone()))
            .collect();
        known.sort_unstable();
        let surplus = (known.len() + 1).saturating_sub(MOST);
        let oldest = known.into_iter().take(surplus);
        Ok(oldest.map(|(_, key)| Change::Remove((SESSION, key))).collect())
    }

    /// What is known of a cookie without asking the store: then the answer is final.
    pub(crate) fn known(&self, token: &str, host: &str) -> Option<Option<Arc<Live>>> {
        let live = self.remembered.get(&secret::sha256(token))?;
        let seen = live.seen.load(Relaxed);
        // A renewal by another process is only in the store, and one that is due goes there.
        let now = self.settings.clock.now();
        let renew = self.due(&live.session, seen, now) || self.over(&live.session, seen, now);
        if renew { None } else { Some((live.session.host == host).then_some(live)) }
    }

    /// The session of a cookie, if it is not over; a use renews it.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn find(
        &self,
        token: &str,
        host: &str,
    ) -> Result<Option<Arc<Live>>, StoreError> {
        if let Some(known) = self.known(token, host) {
            return Ok(known);
        }
        let asked = self.remembered.ask();
        let key = secret::sha256(token);
        let now = self.settings.clock.now();
        let Some(record) = self.records.record(SESSION, &key, now).await? else { return Ok(None) };
        let mut session = Session::read(&record)?;
        if self.over(&session, session.seen, now) || session.host != host {
            return Ok(None);
        }
        let Some(user) = self.records.record(USER, &session.user, now).await? else {
            return Ok(None);
        };
        let user = User::read(&user)?;
        if user.disabled {
            return Ok(None);
        }
        if self.due(&session, session.seen, now) {
            session = self.renew(&key, session, now).await?;
        }
        let seen = AtomicI64::new(session.seen);
        let caller = self.admission.user(&user, Some(&session));
        let live = Arc::new(Live { session, user, caller, seen });
        self.remembered.keep(&key, Arc::clone(&live), asked);
        Ok(Some(live))
    }

    /// Whether a use now is to be written down.
    fn due(&self, session: &Session, seen: i64, now: i64) -> bool {
        let limits = self.limits(session.assurance);
        let left = seen.saturating_add(micros(limits.idle)).saturating_sub(now);
        left <= micros(limits.renewed)
    }

    fn over(&self, session: &Session, seen: i64, now: i64) -> bool {
        now >= session.ends || now >= seen.saturating_add(self.idle(session.assurance))
    }

    /// Writes down that a session is used; one that was ended meanwhile stays so.
    async fn renew(&self, key: &str, session: Session, now: i64) -> Result<Session, StoreError> {
        let idle = self.idle(session.assurance);
        let renewed = Session { seen: now, ..session };
        let kept = renewed.clone();
        let known = key.to_owned();
        let change = move |found: &[Option<runtime::store::Record>]| {
            let there = found.first().is_some_and(Option::is_some);
            let record = kept.record(SESSION, &known, idle)?;
            Ok(if there { vec![Change::Put(record)] } else { Vec::new() })
        };
        self.records.change(vec![(SESSION, key.to_owned())], now, Box::new(change)).await?;
        Ok(renewed)
    }

    /// The sessions of a user that are not over, the latest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn of(&self, user: &str) -> Result<Vec<Session>, StoreError> {
        Ok(self.keyed(user).await?.into_iter().map(|(_, session)| session).collect())
    }

    async fn keyed(&self, user: &str) -> Result<Vec<(String, Session)>, StoreError> {
        let now = self.settings.clock.now();
        let records = self.records.records(SESSION, Some(user), "", 500).await?;
        let mut all = Vec::with_capacity(records.len());
        for record in records {
            let session = Session::read(&record)?;
            if !self.over(&session, session.seen, now) {
                all.push((record.key, session));
            }
        }
        all.sort_by_key(|(_, session)| std::cmp::Reverse(session.begun));
        Ok(all)
    }

    /// Ends the session of a cookie, if it is one.
    ///
    /// # Errors
    /// The store failed.
    pub async fn end(&self, token: &str) -> Result<(), StoreError> {
        self.end_keys(vec![secret::sha256(token)]).await
    }

    /// Ends one session of a user.
    ///
    /// # Errors
    /// [`AccountError::Missing`], or the store failed.
    pub async fn end_one(&self, user: &str, id: &str) -> Result<(), AccountError> {
        let all = self.keyed(user).await?;
        let found = all.into_iter().find(|(_, session)| session.id == id);
        let (key, _) = found.ok_or(AccountError::Missing("session"))?;
        Ok(self.end_keys(vec![key]).await?)
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// The store failed.
    pub async fn end_all(&self, user: &str) -> Result<(), StoreError> {
        let owned = vec![Change::RemoveOwned(SESSION, user.to_owned())];
        let now = self.settings.clock.now();
        self.records.change(Vec::new(), now, Box::new(move |_| Ok(owned))).await?;
        self.remembered.forget_all();
        Ok(())
    }

    /// Forgets what is remembered of all sessions: users have changed.
    pub(crate) fn forget(&self) {
        self.remembered.forget_all();
    }

    async fn end_keys(&self, keys: Vec<String>) -> Result<(), StoreError> {
        let remove = |key: &String| Change::Remove((SESSION, key.clone()));
        let changes: Vec<Change> = keys.iter().map(remove).collect();
        let now = self.settings.clock.now();
        self.records.change(Vec::new(), now, Box::new(move |_| Ok(changes))).await?;
        keys.iter().for_each(|key| self.remembered.forget(key));
        Ok(())
    }
}

fn micros(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND)
}
