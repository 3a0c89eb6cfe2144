//! Where answers are kept.

use clap::Args;
use server::{CachePlace, CacheSettings};

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

    /// Most bytes that answers may take in this process, such as `64MB` [default: what the design
    /// computes, 4 to 256 MiB]
    #[arg(long, env = "FIRM_CACHE_SIZE", value_name = "BYTES", value_parser = bytes)]
    pub cache_size: Option<u64>,
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
        Ok(CacheSettings { place, bytes: self.cache_size })
    }
}

/// `64MB`, `64MiB`, `1GB`, `65536`.
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" | "B" => Some(1),
        "kB" | "KB" => Some(1_000),
        "KiB" => Some(1 << 10),
        "MB" => Some(1_000_000),
        "MiB" => Some(1 << 20),
        "GB" => Some(1_000_000_000),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    let number = digits.parse::<u64>().ok().zip(factor);
    let size = number.and_then(|(number, factor)| number.checked_mul(factor));
    size.filter(|size| (65_536..=1 << 40).contains(size))
        .ok_or_else(|| "a size from 64KiB to 1TiB, such as 64MB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_are_read_with_their_units() {
        assert_eq!(bytes("64MB"), Ok(64_000_000));
        assert_eq!(bytes("1MiB"), Ok(1 << 20));
        assert_eq!(bytes("65536"), Ok(65_536));
        for wrong in
            ["", "MB", "1", "-1MB", "99999999999999999999", "20000000TB", "1 MB", "9999999GB"]
        {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
