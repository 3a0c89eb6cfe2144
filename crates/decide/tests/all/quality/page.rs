//! docs/design/boundaries.md shows what is measured.

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/design/boundaries.md");

/// Compares one part of the page with what is measured now. With `UPDATE_DOCS=1` it is written
/// anew.
pub fn shows(part: &str, measured: &str) {
    let _alone = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (from, to) = (format!("<!-- {part} -->\n"), format!("<!-- end of {part} -->\n"));
    let (before, rest) = page.split_once(&from).unwrap_or_else(|| panic!("no {from}"));
    let (_, after) = rest.split_once(&to).unwrap_or_else(|| panic!("no {to}"));
    let fresh = format!("{before}{from}{measured}{to}{after}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, &fresh).unwrap();
        return;
    }
    assert!(fresh == page, "docs/design/boundaries.md is stale: run `cargo xtask boundaries`");
}

/// Tests run side by side, and the page is one file.
static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
