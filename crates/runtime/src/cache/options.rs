//! How answers are kept.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use decide::Design;
use sha2::{Digest as _, Sha256};

use super::shared::Shared;

/// How answers are kept; in the process alone by default.
#[derive(Clone, Default)]
pub struct Options {
    /// How much of this process's memory kept answers may take.
    pub memory: Memory,
    /// What all replicas share, if there is something.
    pub shared: Option<Arc<dyn Shared>>,
}

/// How much memory kept answers may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Memory {
    /// Nothing is kept anywhere, and clients are told to keep nothing.
    Off,
    /// What the design computes, within 4 MiB and 256 MiB.
    #[default]
    Designed,
    /// At most so many bytes.
    Bytes(u64),
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = self.shared.is_some();
        f.debug_struct("Options").field("memory", &self.memory).field("shared", &shared).finish()
    }
}

/// Before the names of everything that replicas of this design share: its system, and a digest of
/// the model and of this program's version, so that two versions never read what the other wrote.
#[must_use]
pub fn namespace(design: &Design) -> String {
    struct Digest(Sha256);
    impl fmt::Write for Digest {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.update(text.as_bytes());
            Ok(())
        }
    }
    let mut digest = Digest(Sha256::new());
    let _ = write!(digest, "{} {:?}", env!("CARGO_PKG_VERSION"), design.model);
    let digest = digest.0.finalize();
    let mut name = format!("firm:{}:", decide::naming::kebab(&design.model.system.name));
    for byte in digest.iter().take(8) {
        let _ = write!(name, "{byte:02x}");
    }
    name
}
