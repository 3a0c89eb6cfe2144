//! Who asks: accounts and the audit log.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use server::{AuditTarget, IdentitySettings};

use super::Printed;

/// Settings about who asks.
#[derive(Clone, Debug, Args)]
pub struct IdentityArguments {
    /// Whether users sign in here: `/auth/sign-in`, sessions, API keys
    #[arg(long, env = "FIRM_ACCOUNTS", value_name = "WHETHER", default_value = "on")]
    pub accounts: Switch,

    /// A JSON line for each decision about who asks and what they may do: `FILE`, `stderr` or `off`
    #[arg(long, env = "FIRM_AUDIT_LOG", value_name = "WHERE")]
    #[arg(default_value = "off")]
    pub audit_log: String,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Yes
    On,
    /// No
    Off,
}

impl Switch {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

impl IdentityArguments {
    /// As they are printed.
    #[must_use]
    pub fn printed(&self) -> Vec<Printed> {
        vec![("accounts", self.accounts.name().to_owned()), ("audit-log", self.audit_log.clone())]
    }

    /// As the server takes them.
    #[must_use]
    pub fn of_server(&self) -> IdentitySettings {
        IdentitySettings {
            accounts: self.accounts == Switch::On,
            audit: match self.audit_log.as_str() {
                "off" => AuditTarget::Off,
                "stderr" => AuditTarget::Stderr,
                file => AuditTarget::File(PathBuf::from(file)),
            },
            ..IdentitySettings::default()
        }
    }
}
