//! Measurements, side by side in one run: `cargo xtask bench`.
//!
//! The machines are shared and noisy, so every comparison is interleaved and repeated, the median
//! is shown, and CPU time per request stands beside requests per second.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "measuring needs a clock, processes and a terminal"
)]

mod bare;
mod deciding;
mod front;
#[path = "../../xtask/src/generated_model.rs"]
mod generated_model;
mod load;
mod machine;
mod postgresql;
mod predict;
mod process;
mod proposals;
mod serve;
mod soak;
mod start;
mod table;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("bare-server"), Some(folder)) => bare::serve(&folder),
        (Some("postgresql-server"), Some(url)) => {
            postgresql::by_hand::serve(&url, arguments.next().as_deref())
        }
        (Some("soak"), minutes) => {
            let minutes = minutes.and_then(|text| text.parse().ok()).unwrap_or(30);
            postgresql::soak(&std::env::var("FIRMITAS_BENCH_POSTGRES")?, minutes)
        }
        (Some("predict"), _) => {
            predict::measure(std::env::var("FIRMITAS_BENCH_POSTGRES").ok().as_deref())
        }
        (filter, _) => {
            let wanted = |name: &str| filter.is_none_or(|filter| name.contains(filter));
            if wanted("front") {
                front::measure()?;
            }
            if wanted("proposals") {
                proposals::measure()?;
            }
            if wanted("decide") {
                deciding::measure()?;
            }
            if wanted("start") {
                start::measure()?;
            }
            if wanted("serve-sqlite") {
                serve::measure()?;
            }
            if wanted("serve-postgresql") {
                match std::env::var("FIRMITAS_BENCH_POSTGRES") {
                    Ok(admin) => postgresql::measure(&admin)?,
                    Err(_) => {
                        println!("FIRMITAS_BENCH_POSTGRES is not set: PostgreSQL is left out")
                    }
                }
            }
            Ok(())
        }
    }
}
