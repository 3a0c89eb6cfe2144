//! Work in several databases is committed in all of them, or in none.
//!
//! First everything is done everywhere. Then the main database commits what is shared, and with it
//! what was done for tenants and the numbers of the transactions that have done it. From that moment
//! on it is so. Last the tenants' databases commit; where one does not, whoever comes next finds
//! that the transaction with that number was undone, and does it again.
//!
//! Between the last two, a tenant's transaction may have died, and others may have found its rows as
//! they were before it. Their own notes come behind its note, and are refused where that is of a
//! transaction that was undone: they begin anew.
//!
//! All databases of a server share one log, in which what comes later is never kept without what
//! comes before. So the last commit need not be waited for: what was noted is durable, and it is
//! forgotten behind what it stands for.

use std::collections::BTreeMap;

use runtime::store::StoreError;

use super::redo;
use crate::records::get;
use crate::session::{Meaning, Session};
use crate::statements as sql;
use crate::wire::Bind;

/// What was noted for the tenants whose databases have changed.
type Noted = BTreeMap<u128, u128>;

impl Session {
    /// Commits what was written, wherever that is. Only an answer of the database counts as success.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let Some(mut apart) = self.apart.take() else { return self.commit_here().await };
        let mut guests = apart.take_guests();
        let silos = apart.silos.clone();
        let noted = match self.note(&mut guests, silos.take_done()).await {
            Ok(noted) => noted,
            Err(error) => {
                guests.into_values().for_each(Self::let_go);
                let error = self.fail(error);
                // It undoes what is shared, and says what the error comes to.
                return self.commit_here().await.and(Err(error));
            }
        };
        if let Err(error) = self.commit_here().await {
            guests.into_values().for_each(Self::let_go);
            return Err(error);
        }
        for (tenant, guest) in guests {
            let Some(noted) = noted.get(&tenant) else {
                guest.let_go();
                continue;
            };
            // Where this goes wrong nothing is lost: what was noted is done again.
            match guest.commit_here().await {
                Ok(()) => silos.is_done(*noted),
                Err(_) => silos.soon(),
            }
        }
        if let Some(tenant) = apart.claimed {
            silos.knows(tenant);
            silos.soon();
        }
        Ok(())
    }

    /// Makes sure that what was changed for tenants can be committed, and adds what has to be
    /// committed with what is shared.
    async fn note(
        &mut self,
        guests: &mut BTreeMap<u128, Box<Self>>,
        done: Vec<u128>,
    ) -> Result<Noted, StoreError> {
        let mut noted = Noted::new();
        for (tenant, guest) in guests {
            if let Some(error) = &guest.failed {
                return Err(error.clone());
            }
            let log = guest.guest.as_mut().map(|guest| std::mem::take(&mut guest.log));
            let log = log.unwrap_or_default();
            if log.is_empty() {
                continue;
            }
            let number = guest.number().await?;
            let id = uuid::Uuid::now_v7().as_u128();
            let statements = Bind::Bytes(redo::written(&log).into());
            let binds = vec![Bind::Uuid(id), Bind::Uuid(*tenant), Bind::text(&number), statements];
            self.send(&sql::IN_TURN, vec![Bind::Uuid(*tenant)], Meaning::Plain).await?;
            self.send(&sql::NOTE, binds, Meaning::Plain).await?;
            self.send(&sql::COMPLETE, vec![Bind::Uuid(*tenant)], Meaning::Standing).await?;
            noted.insert(*tenant, id);
        }
        if !noted.is_empty() && !done.is_empty() {
            self.send(&sql::FORGET, vec![Bind::ids(done)], Meaning::Plain).await?;
        }
        Ok(noted)
    }

    /// The number of this transaction, in which nothing can fail any more but its commit.
    pub(super) async fn number(&mut self) -> Result<String, StoreError> {
        self.add(&sql::NOW, &[], Meaning::Plain)?;
        self.add(&sql::LATER, &[], Meaning::Plain)?;
        let rows = self.query(&sql::NUMBER, &[]).await?;
        let row = rows.first().ok_or_else(crate::session::missing)?;
        get(row, 0)
    }
}
