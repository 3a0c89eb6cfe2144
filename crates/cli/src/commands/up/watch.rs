//! `--watch`: waits for a model that differs from the one that runs, and is sound.

use std::time::Duration;

use crate::{
    console::{Console, style, styled},
    folder::Folder,
    loaded::Loaded,
};

/// How often the folder is looked at. Polling sees every editor, network folder and container
/// mount, and a look at a few files costs microseconds.
const INTERVAL: Duration = Duration::from_millis(300);

/// Looks at a folder again and again.
pub struct Watch {
    folder: Folder,
    seen: Vec<(String, Option<std::time::SystemTime>, u64)>,
}

impl Watch {
    /// Watches from now on.
    #[must_use]
    pub fn new(folder: &Folder) -> Self {
        Self { folder: folder.clone(), seen: folder.fingerprint() }
    }

    /// Waits for the next sound model; one with errors is reported, and what runs goes on.
    pub async fn next(&mut self, console: &Console) -> Loaded {
        loop {
            tokio::time::sleep(INTERVAL).await;
            let now = self.folder.fingerprint();
            if now == self.seen {
                continue;
            }
            self.seen = now;
            let loaded = Loaded::read(self.folder.clone());
            if loaded.has_errors() {
                loaded.print_findings(|text| console.problem(text), console.appearance());
                console.problem(styled(style::ATTENTION, "what was running goes on"));
                continue;
            }
            return loaded;
        }
    }
}
