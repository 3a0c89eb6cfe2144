//! The developer's page at `/`.

use std::sync::Arc;

use base::SourceMap;
use clap::{Args, ValueEnum};
use server::{PageMode, PageSettings};

use super::Printed;

/// Settings of the developer's page.
#[derive(Clone, Copy, Debug, Args)]
pub struct PageArguments {
    /// What browsers see at `/`: nothing, the documentation, or also requests to try [default: `try`
    /// where only this machine reaches the server, else `docs`]
    #[arg(long, env = "FIRM_PAGE", value_name = "WHAT")]
    pub page: Option<Page>,
}

/// What there is to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Page {
    /// Nothing
    Off,
    /// What is served
    Docs,
    /// Requests to try as well
    Try,
}

impl PageArguments {
    /// As they are printed.
    #[must_use]
    pub fn printed(&self) -> Vec<Printed> {
        let mode = self.mode().map_or("by where it listens", PageMode::name);
        vec![("page", mode.to_owned())]
    }

    const fn mode(self) -> Option<PageMode> {
        match self.page {
            None => None,
            Some(Page::Off) => Some(PageMode::Off),
            Some(Page::Docs) => Some(PageMode::Docs),
            Some(Page::Try) => Some(PageMode::Try),
        }
    }

    /// As the server takes them, with the texts of the model.
    #[must_use]
    pub fn of_server(self, sources: &SourceMap) -> PageSettings {
        PageSettings { mode: self.mode(), sources: Some(Arc::new(sources.clone())) }
    }
}
