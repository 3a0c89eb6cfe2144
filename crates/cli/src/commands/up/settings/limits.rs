//! How much of everything the server takes on.

use std::time::Duration;

use clap::Args;
use runtime::http::Limits;

use super::Printed;
use super::units::{duration, shown, size};

/// Bounds that keep a slow or greedy client from harming others.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Most bytes of a request body
    #[arg(long, env = "FIRM_LIMIT_BODY", value_name = "SIZE", default_value = "1MiB")]
    #[arg(value_parser = size)]
    pub limit_body: usize,

    /// Most bytes of a request's head
    #[arg(long, env = "FIRM_LIMIT_HEAD", value_name = "SIZE", default_value = "32KiB")]
    #[arg(value_parser = size)]
    pub limit_head: usize,

    /// Most requests under way at once
    #[arg(long, env = "FIRM_LIMIT_REQUESTS", value_name = "NUMBER", default_value = "1024")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub limit_requests: u32,

    /// Most connections at once
    #[arg(long, env = "FIRM_LIMIT_CONNECTIONS", value_name = "NUMBER", default_value = "4096")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub limit_connections: u32,

    /// Most connections of one address at once; trusted proxies have no such limit
    #[arg(long, env = "FIRM_LIMIT_ADDRESS", value_name = "NUMBER", default_value = "1024")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub limit_address: u32,

    /// For requests under way to finish when the server stops
    #[arg(long, env = "FIRM_DRAIN_TIME", value_name = "TIME", default_value = "15s")]
    #[arg(value_parser = duration)]
    pub drain_time: Duration,
}

impl LimitArgs {
    /// As the server takes them.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let many = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Limits {
            body: self.limit_body,
            head: self.limit_head,
            requests: many(self.limit_requests),
            connections: many(self.limit_connections),
            connections_of_address: many(self.limit_address),
            drain: self.drain_time,
            ..Limits::default()
        }
    }

    /// Every setting with its value.
    #[must_use]
    pub fn printed(&self) -> Vec<Printed> {
        vec![
            ("limit-body", self.limit_body.to_string()),
            ("limit-head", self.limit_head.to_string()),
            ("limit-requests", self.limit_requests.to_string()),
            ("limit-connections", self.limit_connections.to_string()),
            ("limit-address", self.limit_address.to_string()),
            ("drain-time", shown(self.drain_time)),
        ]
    }
}
