//! What the running backend stands on fails, under load: the process, PostgreSQL, the network, the
//! disk, the clock. Nothing acknowledged is lost or done twice, nothing is there by half, refusals
//! are honest, and it recovers by itself.
//!
//! `FIRMITAS_TEST_LONG=1` tries each fault more often.

pub mod backend;
mod cluster;
mod disk;
mod ledger;
mod ports;
mod proxy;

mod clock_jumps;
mod connections_cut;
mod database_killed;
mod disk_full;
mod encrypted_store;
mod files_killed;
mod login_flood;
mod pool_exhausted;
mod replica;
mod server_killed;
mod standby;
mod tenants_killed;
mod two_servers;

/// How often something is tried: few times in every run of the tests, more when asked to.
pub fn rounds(few: u32, many: u32) -> u32 {
    if std::env::var_os("FIRMITAS_TEST_LONG").is_some() { many } else { few }
}
