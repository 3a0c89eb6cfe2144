//! What operators must know and clients must not see: one JSON line on standard error.

use std::io::Write as _;

use serde_json::json;

/// Reports a defect, or something broken that this process depends on.
pub fn error(event: &str, message: &str) {
    line("error", event, message);
}

/// Reports what an auditor asks for later.
pub(crate) fn notice(event: &str, message: &str) {
    line("notice", event, message);
}

/// Reports something that needs attention, though service goes on.
pub fn warning(event: &str, message: &str) {
    line("warning", event, message);
}

fn line(level: &str, event: &str, message: &str) {
    let time = jiff::Timestamp::now().to_string();
    let line = json!({ "time": time, "level": level, "event": event, "message": message });
    // A process whose standard error is closed goes on serving.
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}
