//! Databases of tenants: which there are, how they are made, and how they change with the model.
//!
//! There is always one that is nobody's yet. A transaction that makes a tenant gives it that one, in
//! `firmitas.silos`, so that a tenant has its database in the moment in which it is there, and what
//! is undone leaves the database to the next one.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use decide::Design;
use futures_util::{StreamExt as _, TryStreamExt as _};
use runtime::store::tables::quoted;
use runtime::store::{StoreError, Tenant};
use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

use super::{Silos, keeping};
use crate::address::Address;
use crate::catalog::Catalog;
use crate::failure::plain;
use crate::pool::Pool;
use crate::schema::{self, Turn};
use crate::session::Session;
use crate::statements as sql;
use crate::wire::Bind;

/// Databases that are looked at, or changed, at a time.
const AT_ONCE: usize = 4;
/// Connections to the main database for what is nobody's work.
const KEEPERS: usize = 2;

/// Whether the main database and those of all tenants can be fitted to the design; where there are
/// any. Nothing is changed.
///
/// # Errors
/// [`StoreError::Incompatible`] with the differences and where they are.
pub(crate) async fn try_out(
    makes: &Address,
    design: &Design,
    user: Option<&str>,
) -> Result<(), StoreError> {
    let client = makes.connect().await?;
    let known = "SELECT to_regclass('firmitas.silos') IS NOT NULL";
    let known = client.query_one(known, &[]).await.and_then(|row| row.try_get(0));
    if !known.map_err(|error| plain(&error))? {
        return Ok(());
    }
    let version = schema::version(design);
    let others = others(&client, &version).await.map_err(|error| plain(&error))?;
    if others.is_empty() {
        return Ok(());
    }
    schema::try_out(makes, design, user).await?;
    let tried = futures_util::stream::iter(others).map(|database| async move {
        let tried = schema::try_out(&makes.to(&database), design, user).await;
        tried.map_err(|error| within(&database, error))
    });
    // What all of them have against it, not the first one alone.
    let tried: Vec<Result<(), StoreError>> = tried.buffered(AT_ONCE).collect().await;
    tried.into_iter().fold(Ok(()), StoreError::with)
}

/// An error of one of the databases.
fn within(database: &str, error: StoreError) -> StoreError {
    match error {
        StoreError::Incompatible { differences } => StoreError::Incompatible {
            differences: differences
                .into_iter()
                .map(|difference| format!("in the database `{database}`: {difference}"))
                .collect(),
        },
        StoreError::Unreachable { message } => {
            StoreError::Unreachable { message: format!("the database `{database}`: {message}") }
        }
        other => other,
    }
}

/// Databases whose tables are of another version.
async fn others(client: &Client, version: &str) -> Result<Vec<String>, Error> {
    let asked = "SELECT database FROM firmitas.silos \
                 WHERE version <> '' AND version <> $1 ORDER BY database";
    client.query(asked, &[&version]).await?.iter().map(|row| row.try_get(0)).collect()
}

impl Silos {
    /// Fits the databases of all tenants to the design, and sees to it that each has one, and the
    /// next one too. The main one is fitted.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] where the user may not make databases, or tenants share tables here;
    /// as [`schema::fit`].
    pub async fn start(
        makes: Address,
        address: &Address,
        catalog: Arc<Catalog>,
        (set_up, size): (&str, usize),
    ) -> Result<Arc<Self>, StoreError> {
        let silos = Arc::new(Self {
            user: address.user().map(str::to_owned),
            version: schema::version(&catalog.design),
            keeper: Pool::new(address.clone(), KEEPERS, set_up.to_owned()),
            pool: Pool::new(address.clone(), size, set_up.to_owned()),
            makes,
            catalog,
            known: RwLock::default(),
            fitted: Mutex::default(),
            done: Mutex::default(),
            soon: Arc::new(Notify::new()),
        });
        let client = silos.makes.connect().await?;
        may_make(&client).await?;
        let others = others(&client, &silos.version).await.map_err(|error| plain(&error))?;
        let fitting = futures_util::stream::iter(others).map(|database| {
            let (silos, client) = (&silos, &client);
            async move {
                silos.fit(&database).await?;
                silos.is_fitted(client, &database).await.map_err(|error| plain(&error))
            }
        });
        fitting.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        silos.place_all(&client).await?;
        silos.make_spare().await?;
        silos.refresh().await?;
        tokio::spawn(keeping::keep(Arc::downgrade(&silos)));
        Ok(silos)
    }

    async fn fit(&self, database: &str) -> Result<(), StoreError> {
        let (at, user) = (self.makes.to(database), self.user.as_deref());
        let fitted = schema::fit(&at, self.design(), user).await;
        fitted.map(drop).map_err(|error| within(database, error))
    }

    async fn is_fitted(&self, client: &Client, database: &str) -> Result<(), Error> {
        let update = "UPDATE firmitas.silos SET version = $1 WHERE database = $2";
        client.execute(update, &[&self.version, &database]).await.map(drop)
    }

    /// Fits a database that a server of another model has made or changed since the start.
    pub(super) async fn fit_anew(&self, database: &Arc<str>) -> Result<(), StoreError> {
        let fits = || self.fitted.lock().unwrap_or_else(PoisonError::into_inner);
        if fits().contains(database) {
            return Ok(());
        }
        self.fit(database).await?;
        fits().insert(Arc::clone(database));
        Ok(())
    }

    /// Gives a database to tenants that have none: those that were there before tenants had any.
    async fn place_all(self: &Arc<Self>, client: &Client) -> Result<(), StoreError> {
        let Some(tenancy) = &self.design().model.system.tenancy else { return Ok(()) };
        let plan = self.catalog.plan(tenancy.by)?;
        let without = format!(
            "SELECT {} FROM {} WHERE NOT EXISTS (SELECT FROM firmitas.silos AS silo \
             WHERE silo.tenant = {}) ORDER BY 1",
            plan.id, plan.table, plan.id
        );
        let rows = client.query(&without, &[]).await.map_err(|error| plain(&error))?;
        if rows.is_empty() {
            return Ok(());
        }
        client.batch_execute("SET firmitas.tenants = 'all'").await.map_err(|e| plain(&e))?;
        for table in self.catalog.owned_tables() {
            let asked = format!("SELECT EXISTS (SELECT FROM {table})");
            let any = client.query_one(&asked, &[]).await.and_then(|row| row.try_get(0));
            if any.map_err(|error| plain(&error))? {
                return Err(StoreError::Unusable {
                    message: format!(
                        "tenants share the table {table}, whose rows would have to move to a \
                         database for each: nothing does that by itself. Load them into an empty \
                         database with this model, or keep `isolation: pool`"
                    ),
                });
            }
        }
        for row in rows {
            let tenant: Uuid = row.try_get(0).map_err(|error| plain(&error))?;
            self.make_spare().await?;
            let held = self.keeper.take().await?;
            let terms = runtime::store::Terms::of(Tenant::None);
            let mut session = Session::new(held, self.catalog.clone(), terms, true);
            session.change(&sql::CLAIM, &[Bind::Uuid(tenant.0)]).await?;
            session.commit_here().await?;
        }
        Ok(())
    }

    /// Makes a database for the next new tenant, where there is none.
    ///
    /// # Errors
    /// Where the server refuses.
    pub(super) async fn make_spare(&self) -> Result<(), StoreError> {
        let _turn = Turn::to_make_a_database(&self.makes).await?;
        let client = self.makes.connect().await?;
        let there = "SELECT database, version FROM firmitas.silos WHERE tenant IS NULL \
                     ORDER BY version DESC LIMIT 1";
        let there = client.query_opt(there, &[]).await.map_err(|error| plain(&error))?;
        let name: String = match there {
            Some(row) => {
                let version: String = row.try_get(1).map_err(|error| plain(&error))?;
                if !version.is_empty() {
                    return Ok(());
                }
                // Somebody has not come to the end of it.
                row.try_get(0).map_err(|error| plain(&error))?
            }
            None => note_another(&client).await.map_err(|error| plain(&error))?,
        };
        self.make(&client, &name).await.map_err(|error| plain(&error))?;
        self.fit(&name).await?;
        self.is_fitted(&client, &name).await.map_err(|error| plain(&error))
    }

    /// Makes a database, where it is not there. Nobody may connect who is not told to.
    async fn make(&self, client: &Client, name: &str) -> Result<(), Error> {
        let like = "SELECT format('ENCODING %L LC_COLLATE %L LC_CTYPE %L', \
                    pg_encoding_to_char(encoding), datcollate, datctype) FROM pg_database \
                    WHERE datname = current_database()";
        let like: String = client.query_one(like, &[]).await?.try_get(0)?;
        let database = quoted(name);
        let make = format!("CREATE DATABASE {database} TEMPLATE template0 {like}");
        match client.batch_execute(&make).await {
            // Whoever has begun it may be gone, and the server at it still.
            Err(error) if error.code().is_some_and(is_there) => {}
            made => made?,
        }
        client.batch_execute(&format!("REVOKE ALL ON DATABASE {database} FROM PUBLIC")).await?;
        if let Some(user) = &self.user {
            let user = quoted(user);
            let grant = format!("GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {user}");
            client.batch_execute(&grant).await?;
        }
        Ok(())
    }
}

impl Session {
    /// Gives a new tenant a database.
    pub(crate) async fn claim(&mut self, tenant: u128) -> Result<(), StoreError> {
        let Some(silos) = self.apart.as_ref().map(|apart| apart.silos.clone()) else {
            return Ok(());
        };
        let mut rows = self.query(&sql::DATABASE, &[Bind::Uuid(tenant)]).await?;
        for attempt in 0..3 {
            if !rows.is_empty() {
                break;
            }
            if attempt > 0 {
                let made = silos.make_spare().await;
                made.map_err(|error| self.fail(error))?;
            }
            rows = self.change(&sql::CLAIM, &[Bind::Uuid(tenant)]).await?;
        }
        if rows.is_empty() {
            // Others sign up faster than databases are made.
            return Err(self.fail(StoreError::Busy));
        }
        if let Some(apart) = &mut self.apart {
            apart.claimed = Some(tenant);
        }
        Ok(())
    }
}

/// Writes down that there will be another database; its name.
async fn note_another(client: &Client) -> Result<String, Error> {
    let main: String =
        client.query_one("SELECT current_database()::text", &[]).await?.try_get(0)?;
    // By chance, so that a database that is left of another life of this one is not taken for it.
    let random = uuid::Uuid::new_v4().simple().to_string();
    let name = format!("{}_tenant_{}", beginning(&main), random.get(..12).unwrap_or(&random));
    let insert = "INSERT INTO firmitas.silos (database, version) VALUES ($1, '')";
    client.execute(insert, &[&name]).await?;
    Ok(name)
}

/// What fits into a name of 63 bytes, and tells databases with the same beginning apart.
fn beginning(main: &str) -> String {
    const MOST: usize = 43;
    if main.len() <= MOST {
        return main.to_owned();
    }
    let digest: String =
        Sha256::digest(main).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let kept = main.get(..main.floor_char_boundary(MOST - 9)).unwrap_or_default();
    format!("{kept}_{digest}")
}

/// Whether the user may make databases.
async fn may_make(client: &Client) -> Result<(), StoreError> {
    let asked = "SELECT rolcreatedb OR rolsuper, quote_ident(rolname) FROM pg_roles \
                 WHERE rolname = current_user";
    let row = client.query_one(asked, &[]).await.map_err(|error| plain(&error))?;
    let (may, user): (bool, String) = row
        .try_get(0)
        .and_then(|may| Ok((may, row.try_get(1)?)))
        .map_err(|error: Error| plain(&error))?;
    match may {
        true => Ok(()),
        false => Err(StoreError::Unusable {
            message: format!(
                "each tenant gets a database of its own, and the user of the database may not make \
                 any: run `ALTER ROLE {user} CREATEDB` as an administrator, or name one who may \
                 with `--store-admin`"
            ),
        }),
    }
}

fn is_there(code: &SqlState) -> bool {
    [&SqlState::DUPLICATE_DATABASE, &SqlState::UNIQUE_VIOLATION].contains(&code)
}

/// An id, as the other protocol reads it.
struct Uuid(u128);

impl<'r> tokio_postgres::types::FromSql<'r> for Uuid {
    fn from_sql(
        _: &tokio_postgres::types::Type,
        raw: &'r [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(u128::from_be_bytes(raw.try_into()?)))
    }

    tokio_postgres::types::accepts!(UUID);
}

/// Databases of tenants that a server without them would leave behind.
///
/// # Errors
/// [`StoreError::Unusable`] where there are any.
pub(crate) async fn unused(client: &Client) -> Result<(), StoreError> {
    let asked = "SELECT count(*) FROM firmitas.silos WHERE tenant IS NOT NULL";
    let count = client.query_one(asked, &[]).await.and_then(|row| row.try_get::<_, i64>(0));
    match count.map_err(|error| plain(&error))? {
        0 => Ok(()),
        count => Err(StoreError::Unusable {
            message: format!(
                "{count} tenants have databases of their own here, whose rows this model would not \
                 find: keep `isolation: silo`, or load them into an empty database by hand"
            ),
        }),
    }
}
