//! GraphQL.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use graphql::Serving;
use server::GraphQlSettings;

use super::Printed;

/// Settings of GraphQL.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "GraphQL")]
pub struct GraphQlArgs {
    /// Where GraphQL is served, at /graphql/CONTEXT
    #[arg(long, env = "FIRM_GRAPHQL", value_name = "WHERE", default_value = "auto")]
    pub graphql: Where,

    /// JSON object of documents by name or SHA-256, which clients may ask for by that name
    #[arg(long, env = "FIRM_GRAPHQL_PERSISTED", value_name = "FILE")]
    pub graphql_persisted: Option<PathBuf>,

    /// Execute no document that is not in that list
    #[arg(long, env = "FIRM_GRAPHQL_PERSISTED_ONLY")]
    pub graphql_persisted_only: bool,
}

/// For which contexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Where {
    /// Those for which the design chooses it
    Auto,
    /// All
    On,
    /// None
    Off,
}

impl GraphQlArgs {
    /// What the server is told.
    #[must_use]
    pub fn settings(&self) -> GraphQlSettings {
        GraphQlSettings {
            serving: match self.graphql {
                Where::Auto => Serving::AsDecided,
                Where::On => Serving::On,
                Where::Off => Serving::Off,
            },
            persisted: self.graphql_persisted.clone(),
            persisted_only: self.graphql_persisted_only,
        }
    }

    /// As they are printed.
    #[must_use]
    pub fn printed(&self) -> Vec<Printed> {
        let serving = match self.graphql {
            Where::Auto => "auto",
            Where::On => "on",
            Where::Off => "off",
        };
        let list = self.graphql_persisted.as_ref();
        vec![
            ("graphql", serving.to_owned()),
            (
                "graphql-persisted",
                list.map_or("none".to_owned(), |path| path.display().to_string()),
            ),
            ("graphql-persisted-only", self.graphql_persisted_only.to_string()),
        ]
    }
}
