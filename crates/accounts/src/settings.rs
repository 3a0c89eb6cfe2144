//! What can be set about accounts.

use std::time::Duration;

use decide::sessions::{self, Limits};
use decide::{Design, numbers};

use runtime::telemetry::AuditLog;

use crate::Clock;

/// What can be set about accounts; [`Settings::of`] takes what was decided.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Memory of one password hash (Argon2id), in KiB.
    pub hash_memory: u32,
    /// Its passes.
    pub hash_passes: u32,
    /// Passwords that may be hashed at once.
    pub hashes: usize,
    /// How long a sign-in lasts.
    pub limits: Limits,
    /// How long one with a second factor lasts: no longer than its level allows, where something
    /// asks for that level.
    pub raised: Limits,
    /// Whether all that people do asks for a second factor: those who have none are led to it.
    pub second_factor: bool,
    /// Fewest characters of a password.
    pub password_length: usize,
    /// For how long what the store said about a session or key is believed: what another process
    /// revokes works this much longer here.
    pub remembered: Duration,
    /// Where decisions are written down.
    pub audit: AuditLog,
    /// What time it is.
    pub clock: Clock,
}

impl Settings {
    /// What was decided: Argon2id with 46 MiB and one pass unless the model says otherwise (OWASP
    /// ASVS 5.0, appendix C), as many at once as there are cores and as a share of the memory
    /// holds; passwords of 8 characters, 12 from AAL2 on; sessions by assurance level.
    #[must_use]
    pub fn of(design: &Design) -> Self {
        let facts = design.facts();
        let memory = facts.value(&numbers::ARGON2_MEMORY);
        let limits = Limits::of(design);
        let stated = design.model.system.needs.assurance.as_ref();
        Self {
            hash_memory: kibibytes(memory),
            hash_passes: 1,
            hashes: at_once(memory, facts.value(&numbers::ARGON2_SHARE)),
            password_length: if limits.assurance == 1 { 8 } else { 12 },
            limits,
            raised: raised(design, limits),
            second_factor: stated.is_some_and(|level| level.value != "L1"),
            remembered: Duration::from_secs(5),
            audit: AuditLog::default(),
            clock: Clock::default(),
        }
    }
}

/// The limits of sessions that were proven better than by a password.
fn raised(design: &Design, limits: Limits) -> Limits {
    let asked = match sessions::asked_anywhere(&design.model) {
        1 => return limits,
        2 => Limits::at(Some("l2")),
        _ => Limits::at(Some("l3")),
    };
    if asked.total < limits.total { asked } else { limits }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn kibibytes(mebibytes: f64) -> u32 {
    (mebibytes * 1024.0).clamp(8.0, 4.0 * 1024.0 * 1024.0) as u32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn at_once(mebibytes: f64, share: f64) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let fit = (memory() * share / mebibytes.max(1.0)).clamp(1.0, 1024.0) as usize;
    cores.min(fit)
}

/// Memory of this machine in MiB; 1 GiB where nobody says.
fn memory() -> f64 {
    let told = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    });
    told.map_or(1024.0, |kibibytes| kibibytes / 1024.0)
}
