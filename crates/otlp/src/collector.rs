//! Where spans are sent.

use std::str::FromStr as _;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use tonic::metadata::{Ascii, MetadataKey, MetadataMap, MetadataValue};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request};

/// For one attempt.
const PATIENCE: Duration = Duration::from_secs(5);
/// Attempts for one batch.
const ATTEMPTS: u32 = 3;
/// Before the second attempt; twice as long before each further one.
const PAUSE: Duration = Duration::from_millis(200);

/// A collector that cannot be sent to, whatever the network does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CollectorError {
    /// Not `http://HOST:PORT` or `https://..`.
    #[error("`{0}` is not the URL of a collector, such as http://localhost:4317")]
    Address(String),
    /// Not `name=value,name=value`.
    #[error("the headers for the collector are not `name=value,..`")]
    Headers,
}

/// A collector of spans. It is connected to when there is something to send.
#[derive(Clone, Debug)]
pub struct Collector {
    client: TraceServiceClient<Channel>,
    headers: MetadataMap,
}

impl Collector {
    /// A collector by its URL (`OTEL_EXPORTER_OTLP_ENDPOINT`), with headers such as a key
    /// (`OTEL_EXPORTER_OTLP_HEADERS`: `name=value,..`). Needs a Tokio runtime.
    ///
    /// # Errors
    /// What cannot be an address or a header. The text of a header, which is a secret, is not told.
    pub fn new(address: &str, headers: &str) -> Result<Self, CollectorError> {
        let channel = endpoint(address)?.connect_timeout(PATIENCE).timeout(PATIENCE).connect_lazy();
        Ok(Self { client: TraceServiceClient::new(channel), headers: metadata(headers)? })
    }

    /// Whether [`Self::new`] would succeed; without a runtime.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn check(address: &str, headers: &str) -> Result<(), CollectorError> {
        endpoint(address)?;
        metadata(headers).map(drop)
    }

    /// Sends a batch, again where the collector asks for patience; whether it was taken.
    pub(crate) async fn send(&mut self, batch: ExportTraceServiceRequest) -> bool {
        let mut pause = PAUSE;
        for attempt in 1..=ATTEMPTS {
            let mut request = Request::new(batch.clone());
            *request.metadata_mut() = self.headers.clone();
            match tokio::time::timeout(PATIENCE, self.client.export(request)).await {
                Ok(Ok(_)) => return true,
                // As OTLP says which answers may be tried again.
                Ok(Err(status)) if !retryable(status.code()) => return false,
                _ if attempt == ATTEMPTS => return false,
                _ => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        false
    }
}

/// OTLP 1.3, "Failures": the other codes mean that the batch itself is at fault.
const fn retryable(code: Code) -> bool {
    matches!(
        code,
        Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss
            | Code::ResourceExhausted
    )
}

fn endpoint(address: &str) -> Result<Endpoint, CollectorError> {
    let wrong = || CollectorError::Address(address.to_owned());
    let endpoint = Endpoint::from_shared(address.to_owned()).map_err(|_| wrong())?;
    match address.split_once("://") {
        Some(("http", _)) => Ok(endpoint),
        Some(("https", _)) => {
            let tls = ClientTlsConfig::new().with_webpki_roots();
            endpoint.tls_config(tls).map_err(|_| wrong())
        }
        _ => Err(wrong()),
    }
}

fn metadata(text: &str) -> Result<MetadataMap, CollectorError> {
    let mut headers = MetadataMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or(CollectorError::Headers)?;
        let name = MetadataKey::<Ascii>::from_str(&name.trim().to_ascii_lowercase());
        let value = MetadataValue::<Ascii>::from_str(value.trim());
        let (Ok(name), Ok(mut value)) = (name, value) else {
            return Err(CollectorError::Headers);
        };
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}
