//! `window`: `5min over placed_at`; `each`: `line in self.lines`.

use super::path::path;
use super::{Parsed, Problem, Scan, ShortForm, Waiting};
use crate::syntax::{Each, Window};

/// The window of a view.
pub(crate) struct WindowForm;

impl ShortForm for WindowForm {
    type Value = Window;
    const NAME: &'static str = "a window";
    const EXAMPLES: &'static [&'static str] = &["5min over placed_at"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Window> {
        let start = scan.at;
        let period = Waiting::parse(scan)?;
        let period = scan.spanned(period, start);
        if !scan.eat_word("over") {
            return Err(scan.expected("`over` and a field"));
        }
        Ok(Window { period, over: path(scan, "a field")? })
    }
}

/// The items that an effect runs for.
pub(crate) struct EachForm;

impl ShortForm for EachForm {
    type Value = Each;
    const NAME: &'static str = "a loop";
    const EXAMPLES: &'static [&'static str] = &["line in self.lines"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Each> {
        let start = scan.at;
        let variable = scan.name("a name for the item")?;
        if !scan.eat_word("in") {
            let range = start..start + scan.text(start..usize::MAX).len().max(scan.at - start);
            let message = "an effect names the item it runs for";
            return Err(Problem::new(
                "missing-variable",
                range.start..scan.at.max(range.start),
                message,
            )
            .help("for example `line in self.lines`"));
        }
        let end = scan.at + scan.rest().trim_end().len();
        let range = scan.slice(scan.at..end);
        if range.text.is_empty() {
            return Err(scan.expected("a list"));
        }
        scan.at = end;
        Ok(Each { variable, range })
    }
}
