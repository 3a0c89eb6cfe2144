//! A store without a server: what commands look after.

use std::path::Path;
use std::sync::Arc;

use accounts::{Records, Unserved};
use decide::Design;
use expression::EntityId;
use postgresql::PostgreSqlStore;
use runtime::Backend;
use runtime::http::Executor;
use runtime::store::{PageQuery, Snapshot as _, Store, StoreError, Terms};

use crate::{Failure, Jobs, KeySettings, Refused, StoreAddress, agreement, embedded};

/// A backend without a server in front of it.
pub struct Offline {
    /// Runs its operations.
    pub executor: Arc<dyn Executor>,
    /// An entity of which there are rows already, if there are any.
    pub filled: Option<EntityId>,
}

/// Starts a design on a store, with stand-ins for all externals. Needs a Tokio runtime.
///
/// # Errors
/// See [`Refused`].
pub async fn offline(
    design: &Arc<Design>,
    data: &Path,
    store: &StoreAddress,
    keys: &KeySettings,
) -> Result<Offline, Refused> {
    match store {
        StoreAddress::Embedded => started(design, embedded::open(design, data, keys)?).await,
        StoreAddress::PostgreSql(url) => {
            let keys = keys.of_fields(design, data)?;
            let url = postgresql::Settings { keys, ..url.clone() };
            let store = PostgreSqlStore::open(&url, design.clone()).await;
            started(design, store.map_err(Failure::of_database)?).await
        }
    }
}

async fn started<S: Store>(design: &Arc<Design>, store: S) -> Result<Offline, Refused> {
    agreement::of_fields(&store).await?;
    let externals = embedded::externals(design, Vec::new())?;
    let mut filled = None;
    for (entity, _) in design.model.entities() {
        if any(&store, entity).await.map_err(Failure::from)? {
            filled = Some(entity);
            break;
        }
    }
    let backend = Backend::start(design, store, Arc::new(externals)).map_err(Refused::Guards)?;
    Ok(Offline { executor: Arc::new(backend), filled })
}

async fn any<S: Store>(store: &S, entity: EntityId) -> Result<bool, StoreError> {
    store
        .read(Terms::SERVER, move |snapshot| {
            Box::pin(async move {
                let page = snapshot.page(&PageQuery::new(entity, 1)).await?;
                Ok::<_, StoreError>(!page.rows.is_empty())
            })
        })
        .await
}

/// What commands look after in a store that nobody serves.
trait LookedAfter: Records + Jobs {}

impl<S: Store> LookedAfter for Unserved<S> {}

/// The durable jobs of a store. The embedded one belongs to one process at a time: not while it is
/// served.
///
/// # Errors
/// The store cannot be opened.
pub async fn jobs(
    design: &Arc<Design>,
    data: &Path,
    store: &StoreAddress,
    keys: &KeySettings,
) -> Result<Arc<dyn Jobs>, Failure> {
    Ok(opened(design, data, store, keys).await?)
}

/// The records of a store. The embedded one belongs to one process at a time: not while it is
/// served.
///
/// # Errors
/// The store cannot be opened.
pub async fn records(
    design: &Arc<Design>,
    data: &Path,
    store: &StoreAddress,
    keys: &KeySettings,
) -> Result<Arc<dyn Records>, Failure> {
    Ok(opened(design, data, store, keys).await?)
}

async fn opened(
    design: &Arc<Design>,
    data: &Path,
    store: &StoreAddress,
    keys: &KeySettings,
) -> Result<Arc<dyn LookedAfter>, Failure> {
    match store {
        StoreAddress::Embedded => {
            runtime::private::folder(data).map_err(|error| Failure::file("make", data, &error))?;
            Ok(Arc::new(Unserved(embedded::open(design, data, keys)?)))
        }
        StoreAddress::PostgreSql(url) => {
            let keys = keys.of_fields(design, data)?;
            let url = postgresql::Settings { keys, ..url.clone() };
            let store = PostgreSqlStore::open(&url, design.clone()).await.map_err(Failure::from)?;
            Ok(Arc::new(Unserved(store)))
        }
    }
}
