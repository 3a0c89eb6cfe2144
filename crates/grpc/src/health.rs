//! `grpc.health.v1.Health`: whether the services are there.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use runtime::Problem;
use runtime::http::{Executor, Reply};
use runtime::problem::code;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::frame::{Encoding, framed};
use crate::stream;

/// The name of the service.
pub(crate) const SERVICE: &str = "grpc.health.v1.Health";
/// How old a look at the store may be, and how often those who watch are looked after.
const FRESH: Duration = Duration::from_secs(1);

/// Looks at the store, for however many ask.
pub(crate) struct Health {
    executor: Arc<dyn Executor>,
    services: Vec<String>,
    draining: watch::Receiver<bool>,
    looked: Mutex<Option<(Instant, bool)>>,
}

impl Health {
    pub(crate) fn new(
        executor: Arc<dyn Executor>,
        services: Vec<String>,
        draining: watch::Receiver<bool>,
    ) -> Self {
        Self { executor, services, draining, looked: Mutex::new(None) }
    }

    /// The service that is asked about; all of them where it has no name.
    fn named(&self, message: &[u8]) -> Result<Option<String>, Problem> {
        let malformed = |_| Problem::new(&code::MALFORMED_REQUEST);
        let asked = HealthCheckRequest::decode(message).map_err(malformed)?;
        let known = asked.service.is_empty() || self.services.contains(&asked.service);
        Ok(known.then_some(asked.service))
    }

    async fn status(&self) -> ServingStatus {
        if *self.draining.borrow() {
            return ServingStatus::NotServing;
        }
        let mut looked = self.looked.lock().await;
        let ready = match *looked {
            Some((at, ready)) if at.elapsed() < FRESH => ready,
            _ => {
                let ready = self.executor.unready().await.is_none();
                *looked = Some((Instant::now(), ready));
                ready
            }
        };
        if ready { ServingStatus::Serving } else { ServingStatus::NotServing }
    }

    /// How a service is now.
    ///
    /// # Errors
    /// 404 for a service that is not here, as the protocol asks for it.
    pub(crate) async fn check(&self, message: &[u8]) -> Result<Bytes, Problem> {
        match self.named(message)? {
            Some(_) => Ok(said(self.status().await)),
            None => Err(Problem::new(&code::NOT_FOUND)),
        }
    }

    /// How a service is, now and whenever that changes.
    ///
    /// # Errors
    /// 400 for what is no such message.
    pub(crate) fn watch(self: &Arc<Self>, message: &[u8], domain: &str) -> Result<Reply, Problem> {
        let known = self.named(message)?.is_some();
        let state = (Arc::clone(self), None);
        let draining = self.draining.clone();
        Ok(stream::several(state, domain, draining, move |(health, last)| async move {
            let status = match known {
                true => health.changed(last).await,
                false if last.is_none() => ServingStatus::ServiceUnknown,
                false => std::future::pending().await,
            };
            (Ok(Some(said(status))), (health, Some(status)))
        }))
    }

    /// Waits until it is otherwise than last.
    async fn changed(&self, last: Option<ServingStatus>) -> ServingStatus {
        let mut draining = self.draining.clone();
        loop {
            let status = self.status().await;
            if Some(status) != last {
                return status;
            }
            let ends =
                draining.wait_for(|draining| *draining && last != Some(ServingStatus::NotServing));
            drop(tokio::time::timeout(FRESH, ends).await);
        }
    }
}

fn said(status: ServingStatus) -> Bytes {
    let response = HealthCheckResponse { status: status.into() };
    framed(&response.encode_to_vec(), Encoding::Identity)
}
