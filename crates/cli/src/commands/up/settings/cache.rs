//! Where answers are kept.

use clap::Args;
use server::{CachePlace, CacheSettings};

use super::units;
use crate::failure::Failure;

/// Settings of the cache.
#[derive(Clone, Debug, Args)]
pub struct CacheArguments {
    /// Where answers that the design keeps are kept: `memory`, `off`, or the URL of Redis or Valkey
    /// that all replicas share (`redis://`, with TLS `rediss://`)
    #[arg(
        long,
        env = "FIRM_CACHE",
        value_name = "URL",
        default_value = "memory",
        hide_env_values = true
    )]
    pub cache: String,

    /// Most bytes that answers may take in this process, such as `64MiB` [default: what the design
    /// computes, 4 to 256 MiB]
    #[arg(long, env = "FIRM_CACHE_SIZE", value_name = "BYTES", value_parser = units::size)]
    pub cache_size: Option<usize>,
}

impl CacheArguments {
    /// What the server is told.
    ///
    /// # Errors
    /// `invalid-cache` for another word or scheme; the text, which may hold a password, is not
    /// repeated.
    pub fn settings(&self) -> Result<CacheSettings, Failure> {
        let place = match self.cache.as_str() {
            "memory" => CachePlace::Memory,
            "off" => CachePlace::Off,
            url => CachePlace::redis(url).map_err(|error| {
                Failure::new("invalid-cache", error)
                    .help("`--cache memory`, `--cache off` or `--cache redis://127.0.0.1:6379`")
            })?,
        };
        Ok(CacheSettings { place, bytes: self.cache_size.map(|size| size as u64) })
    }
}
