//! Where traces go.

use clap::Args;
use server::TraceSettings;

use super::Printed;
use crate::failure::Failure;

/// Settings of telemetry. The variables are those of OpenTelemetry.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Telemetry")]
pub struct TelemetryArgs {
    /// OpenTelemetry collector that takes traces over OTLP/gRPC, such as `http://localhost:4317`
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp: Option<String>,

    /// Headers for the collector, `name=value,..`; give them in the environment, since they hold keys
    #[arg(long, env = "OTEL_EXPORTER_OTLP_HEADERS", value_name = "HEADERS", default_value = "")]
    #[arg(hide_env_values = true, hide_default_value = true)]
    pub otlp_headers: String,

    /// Share of the traces begun here that are kept, 0 to 1; slow and failed requests always are
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG", value_name = "SHARE", default_value = "0.1")]
    #[arg(value_parser = share)]
    pub trace_share: f64,
}

impl TelemetryArgs {
    /// What the server is told.
    ///
    /// # Errors
    /// `invalid-collector` for an address or headers that cannot be used.
    pub fn traces(&self) -> Result<Option<TraceSettings>, Failure> {
        let Some(address) = &self.otlp else { return Ok(None) };
        let traces = TraceSettings::new(address, &self.otlp_headers, self.trace_share);
        traces.map(Some).map_err(|why| Failure::new("invalid-collector", why))
    }

    /// As they are printed.
    #[must_use]
    pub fn printed(&self) -> Vec<Printed> {
        vec![
            ("otlp", self.otlp.clone().unwrap_or_else(|| "off".to_owned())),
            ("trace-share", self.trace_share.to_string()),
        ]
    }
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "a share from 0 to 1, such as 0.1".to_owned())
}
