//! One running design: store, backend, and the server in front of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ::files::Files;
use accounts::Accounts;
use base::Diagnostic;
use decide::Design;
use postgresql::PostgreSqlStore;
use runtime::http::{self, Running, ServeOptions};
use runtime::store::Store;
use runtime::{Backend, operations::ConfiguredExternals};

use crate::oidc::{Oidc, TokensAlone};
use crate::{
    Failure, Refused, Settings, StoreAddress, agreement, assurance, caches, embedded, files,
    identity, page,
};

/// A server that accepts requests.
pub struct Server {
    running: Running,
    design: Arc<Design>,
    data: PathBuf,
    stand_ins: Vec<String>,
    notes: Vec<String>,
    not_running: Vec<Diagnostic>,
    accounts: Option<Arc<Accounts>>,
    page_key: Option<String>,
    files: Option<Arc<Files>>,
    close: Box<dyn FnOnce() + Send>,
}

impl Server {
    /// Starts a design. Needs a Tokio runtime.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn start(design: &Arc<Design>, settings: Settings) -> Result<Self, Refused> {
        // Clients of buckets and caches take what the process has chosen, and end it where nothing
        // was. Another part may have chosen already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let externals = embedded::externals(design, settings.externals.clone())?;
        let keys = settings.keys.of_fields(design, &settings.data)?;
        match &settings.store {
            StoreAddress::Embedded => {
                let store = embedded::open_with(design, &settings.data, keys)?;
                let notes = store.notes().to_vec();
                let server = assemble(design, settings, store, externals).await?;
                Ok(Self { notes, ..server })
            }
            StoreAddress::PostgreSql(database) => {
                let database = postgresql::Settings { keys, ..database.clone() };
                let store = PostgreSqlStore::open(&database, design.clone()).await;
                let store = store.map_err(Failure::of_database)?;
                let notes = store.notes().to_vec();
                let server = assemble(design, settings, store, externals).await?;
                Ok(Self { notes, ..server })
            }
        }
    }

    /// Where it listens, with the port that was chosen.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// The design that it runs.
    #[must_use]
    pub const fn design(&self) -> &Arc<Design> {
        &self.design
    }

    /// Names of externals without a URL.
    #[must_use]
    pub fn stand_ins(&self) -> &[String] {
        &self.stand_ins
    }

    /// What an operator should know about how it reaches its database.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What the model states but this version does not run yet, one for each place.
    #[must_use]
    pub fn not_running(&self) -> &[Diagnostic] {
        &self.not_running
    }

    /// Who signs in here, where that is on.
    #[must_use]
    pub const fn accounts(&self) -> Option<&Arc<Accounts>> {
        self.accounts.as_ref()
    }

    /// What the developer's page shows to get tokens of any actor, where it may.
    #[must_use]
    pub fn page_key(&self) -> Option<&str> {
        self.page_key.as_deref()
    }

    /// Files of rows, where the model has any.
    #[must_use]
    pub const fn files(&self) -> Option<&Arc<Files>> {
        self.files.as_ref()
    }

    /// Finishes what is under way, closes the store, and lets go of the data folder.
    pub async fn stop(self) {
        self.running.stop().await;
        drop((self.accounts, self.files));
        (self.close)();
        embedded::released(&self.data).await;
    }
}

/// Puts everything together above a store.
async fn assemble<S: Store>(
    design: &Arc<Design>,
    settings: Settings,
    store: S,
    externals: ConfiguredExternals,
) -> Result<Server, Refused> {
    agreement::of_fields(&store).await?;
    let issuer = settings.keys.issuer(design, &settings.data)?;
    let stand_ins = externals.stand_ins().map(str::to_owned).collect();
    let link = caches::link(&settings.cache).await;
    let cache = caches::options(design, &settings.cache, link.as_ref());
    let backend =
        Backend::start_with(design, store, Arc::new(externals), cache).map_err(Refused::Guards)?;
    let backend = Arc::new(backend);
    let another = || settings.keys.issuer(design, &settings.data);
    let accounts = identity::open(design, &settings.identity, &issuer, &backend)?;
    let mut options = ServeOptions {
        listen: settings.listen,
        issuer: another()?,
        authenticate: None,
        mounts: Vec::new(),
        limits: settings.limits,
        edge: settings.edge,
        limiter: link.as_ref().map(|link| caches::limiter(design, link)),
        access_log: settings.access_log,
        tracing: settings.traces.as_ref().and_then(|traces| traces.start(design)),
    };
    let oidc = Oidc::start(design, &settings.oidc, &backend, accounts.as_ref(), &issuer).await?;
    let further = oidc.further.clone();
    match &accounts {
        Some(accounts) => identity::serve(&mut options, accounts, issuer, further),
        None => options.authenticate = Some(Arc::new(TokensAlone::new(issuer, further))),
    }
    oidc.serve(&mut options);
    let public_url = settings.oidc.public_url.as_deref();
    let about = (settings.data.as_path(), public_url);
    let files = files::serve(&settings.files, about, &backend, &mut options)?;
    options.mounts.extend(settings.graphql.mount(backend.clone(), &options.issuer)?);
    let procedures = settings.grpc.mount(backend.clone(), &options.issuer, &options.limits)?;
    options.mounts.extend(procedures);
    let around = page::Surroundings {
        public_url: settings.oidc.public_url.as_deref(),
        accounts: accounts.is_some(),
        audit: backend.audit().clone(),
    };
    let page_key = page::serve(design, &settings.page, &around, another, &mut options)?;
    let secure = options.edge.tls.is_some();
    let running = http::serve(backend.clone(), options).await.map_err(Failure::from)?;
    oidc.listens_at(running.address(), secure);
    let not_running = assurance::told(&design.model, &settings.oidc, backend.not_running());
    let operators =
        accounts.clone().and_then(|accounts| identity::operators(&settings.data, accounts));
    let close = Box::new(move || {
        drop(operators);
        backend.close();
        backend.audit().flush();
    });
    let design = Arc::clone(design);
    let (data, notes) = (settings.data, Vec::new());
    Ok(Server {
        running,
        design,
        data,
        stand_ins,
        notes,
        not_running,
        accounts,
        page_key,
        files,
        close,
    })
}
