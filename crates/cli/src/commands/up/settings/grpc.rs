//! gRPC.

use clap::{Args, ValueEnum};
use grpc::Serving;
use server::GrpcSettings;

use super::Printed;
use super::graphql::Where;

/// Settings of gRPC.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "gRPC")]
pub struct GrpcArgs {
    /// Where gRPC is served, on the same port as everything else
    #[arg(long, env = "FIRM_GRPC", value_name = "WHERE", default_value = "auto")]
    pub grpc: Where,

    /// Whether clients may ask what is served (server reflection)
    #[arg(long, env = "FIRM_GRPC_REFLECTION", value_name = "WHETHER", default_value = "on")]
    pub grpc_reflection: Whether,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Whether {
    /// Yes
    On,
    /// No
    Off,
}

impl GrpcArgs {
    /// What the server is told, with the numbers that fields have been given.
    #[must_use]
    pub fn settings(&self, field_numbers: &str) -> GrpcSettings {
        GrpcSettings {
            serving: match self.grpc {
                Where::Auto => Serving::AsDecided,
                Where::On => Serving::On,
                Where::Off => Serving::Off,
            },
            reflection: self.grpc_reflection == Whether::On,
            field_numbers: field_numbers.to_owned(),
        }
    }

    /// As they are printed.
    #[must_use]
    pub fn printed(&self) -> Vec<Printed> {
        let reflection = if self.grpc_reflection == Whether::On { "on" } else { "off" };
        let serving = match self.grpc {
            Where::Auto => "auto",
            Where::On => "on",
            Where::Off => "off",
        };
        vec![("grpc", serving.to_owned()), ("grpc-reflection", reflection.to_owned())]
    }
}
