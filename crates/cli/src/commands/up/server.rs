//! One running model: store, backend and the server in front of it.

use std::{net::SocketAddr, path::PathBuf};

use runtime::{
    http::{self, Limits, Running, ServeOptions, ServerError},
    identity::Issuer,
    telemetry::AccessLog,
};

use crate::{
    failure::Failure,
    live::{self, Refused, Started},
    loaded::Loaded,
};

use super::{Log, Ready, Settings};

/// A server that accepts requests.
pub struct Server {
    running: Running,
    started: Started,
    data: PathBuf,
}

impl Server {
    /// Starts the design of a model; one without a design has been refused before.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn start(
        settings: &Settings,
        loaded: &Loaded,
        address: SocketAddr,
    ) -> Result<Self, Refused> {
        let nothing = || Failure::new("not-started", "the model has errors");
        let design = loaded.design.as_ref().ok_or_else(nothing)?;
        let data = settings.data(&loaded.folder);
        let started = live::start(design, &data, settings.externals()?)?;
        let issuer = Issuer::open(&data, design.model.clone())
            .map_err(|error| Failure::new("no-identity", error.to_string()))?;
        let options = ServeOptions {
            listen: address,
            issuer,
            limits: Limits::default(),
            access_log: match settings.log {
                Log::Json => AccessLog::Stderr,
                Log::Off => AccessLog::Off,
            },
        };
        let running = http::serve(started.backend.clone(), options)
            .await
            .map_err(|error| not_served(&error, loaded.folder.shown()))?;
        Ok(Self { running, started, data })
    }

    /// Where it listens, with the port that was chosen.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// What there is to say about it.
    #[must_use]
    pub fn ready<'a>(&'a self, loaded: &'a Loaded, settings: &Settings) -> Ready<'a> {
        let data = match &settings.data {
            Some(data) => data.display().to_string(),
            None => loaded.folder.path().join(".firm").display().to_string(),
        };
        Ready {
            loaded,
            design: self.started.backend.design(),
            address: self.address(),
            default_data: settings.data.is_none(),
            data: data.trim_start_matches("./").to_owned(),
            stand_ins: &self.started.stand_ins,
            not_running: self.started.backend.not_running(),
            now: live::now(),
        }
    }

    /// Finishes what is under way, closes the store, and lets go of the data folder.
    pub async fn stop(self) {
        self.running.stop().await;
        self.started.backend.close();
        drop(self.started);
        live::released(&self.data).await;
    }
}

fn not_served(error: &ServerError, shown: &str) -> Failure {
    let ServerError::Listen { address, source } = error else {
        return Failure::new("conflicting-routes", error.to_string());
    };
    let failure = Failure::new("cannot-listen", error.to_string());
    let mut other = *address;
    other.set_port(address.port().checked_add(1).unwrap_or(0));
    match source.kind() {
        std::io::ErrorKind::AddrInUse => failure.help(format!(
            "another process listens there: stop it, or take another port with `firm up {shown} --listen {other}` (port 0: any free one)"
        )),
        std::io::ErrorKind::PermissionDenied => failure.help(format!(
            "ports below 1024 are kept for administrators: `firm up {shown} --listen {}:8080`",
            address.ip()
        )),
        std::io::ErrorKind::AddrNotAvailable => failure.help(format!(
            "this machine has no address {}: 127.0.0.1 reaches it from itself, 0.0.0.0 from everywhere",
            address.ip()
        )),
        _ => failure,
    }
}
