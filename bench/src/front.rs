//! Parsing, resolving, checking and deciding the shop.

use anyhow::Result;

/// Measures and prints.
pub fn measure() -> Result<()> {
    Ok(())
}
