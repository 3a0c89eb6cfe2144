//! Whether everybody can use a page, as far as a program can tell.

use std::path::Path;

use serde_json::json;

use super::browser::Browser;

const RUN: &str = "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', \
                   'wcag22aa', 'best-practice'] }).then((told) => told.violations.map((of) => \
                   [of.id, of.nodes.map((node) => node.html).slice(0, 3)]))";

/// Judges pages: that nothing is wider than the window, and with npm's `axe-core` where
/// `FIRMITAS_TEST_AXE` names a folder with it.
pub struct Judge {
    axe: Option<String>,
}

impl Judge {
    /// The one that is installed.
    pub fn installed() -> Self {
        let axe = std::env::var_os("FIRMITAS_TEST_AXE").map(|folder| {
            let file = Path::new(&folder).join("node_modules/axe-core/axe.min.js");
            std::fs::read_to_string(file).unwrap()
        });
        if axe.is_none() {
            eprintln!("skipped in part: FIRMITAS_TEST_AXE names no folder");
        }
        Self { axe }
    }

    /// The page that is open keeps nobody out.
    #[track_caller]
    pub fn page(&self, browser: &mut Browser, what: &str) {
        let wide = browser.see("document.documentElement.scrollWidth - innerWidth");
        assert!(wide.as_i64().unwrap() <= 0, "{what} is {wide} px too wide");
        let Some(axe) = &self.axe else { return };
        browser.see(&format!("(() => {{ {axe}; return true; }})()"));
        assert_eq!(browser.see(RUN), json!([]), "{what}");
    }
}
