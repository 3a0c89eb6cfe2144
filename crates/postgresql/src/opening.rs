//! How transactions begin and end.

use std::sync::Arc;
use std::time::Instant;

use runtime::store::{StoreError, Tenant};

use crate::session::{Meaning, Session};
use crate::statements as sql;
use crate::tenants;
use crate::text::Text;
use crate::wire::Bind;

impl Session {
    /// Adds what has to be said before the next statement: what opens the transaction, until when
    /// it may go on, and whom it is for.
    pub(crate) fn open(&mut self) -> Result<(), StoreError> {
        if !std::mem::replace(&mut self.opened, true) {
            self.begin()?;
            // A read that nobody waits for any more is cancelled with its future.
            if let Some(deadline) = self.terms.deadline.filter(|_| self.writes()) {
                let left = deadline.saturating_duration_since(Instant::now()).as_millis().max(1);
                let left = Bind::Text(left.to_string().into());
                let Some(tenant) = self.untold() else {
                    return self.add(&sql::LIMIT, &[left], Meaning::Plain);
                };
                let [one, all] = whom(tenant);
                self.add(&sql::LIMIT_AND_ENTER, &[left, one, all], Meaning::Plain)?;
                return self.say_where(tenant);
            }
        }
        self.tell_whom()
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        let begin = if self.writes() { &sql::WRITE } else { &sql::READ };
        match self.pool().each_time() {
            None => self.add(begin, &[], Meaning::Plain),
            Some(each_time) => {
                let all = format!("{}; {each_time}", begin.0);
                self.connection()?.add_query(&all);
                self.expect_answer(Meaning::Plain);
                Ok(())
            }
        }
    }

    /// Adds whom the work is for, where the database does not know yet.
    ///
    /// A tenant is told for all that follows on the connection, where the outcome of the work will be
    /// known: who asks next for the same need not say it again. Who sees everybody's rows does so for
    /// this time alone.
    pub(crate) fn tell_whom(&mut self) -> Result<(), StoreError> {
        let Some(tenant) = self.untold() else { return Ok(()) };
        let known = self.writes() || !self.opened;
        let stays = known && matches!(tenant, Tenant::One(_)) && self.connection()?.direct;
        if !stays {
            self.add(&sql::ENTER, &whom(tenant), Meaning::Plain)?;
            return self.say_where(tenant);
        }
        // As long as it can still be undone.
        self.connection()?.whom = None;
        self.staying = Some(tenant);
        self.add(&sql::STAY, &whom(tenant), Meaning::Plain)?;
        if self.catalog.divided {
            self.add(&sql::STAY_PLACE, &[place(tenant)], Meaning::Plain)?;
        }
        Ok(())
    }

    /// What was told to stay does: the work has come to a good end.
    pub(crate) fn stay(&mut self) {
        if let (Some(tenant), Ok(connection)) = (self.staying.take(), self.held.get()) {
            connection.whom = Some(tenant);
        }
    }

    /// Adds where the tables of a tenant are, where tenants have a schema each.
    fn say_where(&mut self, tenant: Tenant) -> Result<(), StoreError> {
        if !self.catalog.divided {
            return Ok(());
        }
        self.add(&sql::PLACE, &[place(tenant)], Meaning::Plain)
    }

    /// Sends what ends a transaction whose outcome nobody needs to know. Whether it has left: what
    /// follows waits its turn.
    pub(crate) fn end_with(&mut self, how: &Arc<Text>) -> bool {
        let (named, waits) = (!self.pool().pooler(), !self.pending.is_empty());
        let Ok(connection) = self.connection() else { return false };
        if waits {
            // Where one of those is refused, what leaves together with it is left out.
            connection.synchronise();
        }
        connection.add(how, &[], named);
        connection.synchronise();
        connection.expect_nothing();
        connection.send_now()
    }
}

fn place(tenant: Tenant) -> Bind {
    Bind::Text(tenants::path(tenant).into())
}

/// The settings that say whom a transaction is for: one tenant, or all.
fn whom(tenant: Tenant) -> [Bind; 2] {
    match tenant {
        Tenant::None => [Bind::text(""), Bind::text("")],
        Tenant::One(id) => [Bind::Text(format!("{id:032x}").into()), Bind::text("")],
        Tenant::All => [Bind::text(""), Bind::text("all")],
    }
}
