//! What is done now and then, by one task for all tenants.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use runtime::operations::report;
use runtime::store::{StoreError, Terms};

use super::Silos;
use crate::decode;
use crate::records::get;
use crate::session::{Meaning, Session};
use crate::statements as sql;
use crate::wire::Bind;

/// How often.
const EVERY: Duration = Duration::from_secs(10);

/// Keeps house until nobody needs the databases any more.
pub(super) async fn keep(silos: Weak<Silos>) {
    loop {
        let Some(here) = silos.upgrade() else { return };
        if let Err(error) = here.tidy().await {
            report::warning("tenant-databases", &error.to_string());
        }
        let soon = here.soon.clone();
        drop(here);
        drop(tokio::time::timeout(EVERY, soon.notified()).await);
    }
}

impl Silos {
    /// Something is to be done soon.
    pub(super) fn soon(&self) {
        self.soon.notify_one();
    }

    async fn tidy(&self) -> Result<(), StoreError> {
        for (tenant, database) in self.unsettled().await? {
            self.settle(tenant, &database).await?;
        }
        let spare = self.read(|rows| Ok(!rows.is_empty()), &sql::SPARE).await?;
        if !spare {
            self.make_spare().await?;
        }
        self.refresh().await?;
        let mut main = self.main(true).await?;
        main.send(&sql::FORGET_ALL, Vec::new(), Meaning::Plain).await?;
        main.commit_here().await
    }

    /// Learns which tenants have databases.
    pub(super) async fn refresh(&self) -> Result<(), StoreError> {
        let all = |rows: &[crate::connection::Row]| {
            rows.iter().map(|row| decode::id(row, 0)).collect::<Result<_, _>>()
        };
        let known = self.read(all, &sql::TENANTS).await?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    /// Waits until everything that is committed by now is in the databases of its tenants.
    pub(super) async fn settle_all(&self) -> Result<(), StoreError> {
        for (tenant, database) in self.unsettled().await? {
            self.settle(tenant, &database).await?;
        }
        Ok(())
    }

    /// Tenants whose databases lack something, with those.
    async fn unsettled(&self) -> Result<Vec<(u128, Arc<str>)>, StoreError> {
        let mut main = self.main(false).await?;
        let mut all = Vec::new();
        for row in main.query(&sql::UNSETTLED, &[]).await? {
            let tenant = decode::id(&row, 0)?;
            let rows = main.query(&sql::DATABASE, &[Bind::Uuid(tenant)]).await?;
            if let Some(row) = rows.first() {
                all.push((tenant, get::<&str>(row, 0)?.into()));
            }
        }
        main.finish().await?;
        Ok(all)
    }

    async fn main(&self, writes: bool) -> Result<Session, StoreError> {
        let held = self.keeper.take().await?;
        Ok(Session::new(held, self.catalog.clone(), Terms::SERVER, writes))
    }

    async fn read<T>(
        &self,
        read: impl FnOnce(&[crate::connection::Row]) -> Result<T, StoreError>,
        asked: &Arc<crate::text::Text>,
    ) -> Result<T, StoreError> {
        let mut main = self.main(false).await?;
        let rows = main.query(asked, &[]).await?;
        main.finish().await?;
        read(&rows)
    }
}
