//! Dotted names: `catalog.Product.price`; `-placed_at` in `sort`.

use super::{Parsed, Scan, ShortForm};
use crate::syntax::{Path, Sort};

/// A dotted name.
pub(crate) struct PathForm;

impl ShortForm for PathForm {
    type Value = Path;
    const NAME: &'static str = "a name";
    const EXAMPLES: &'static [&'static str] = &["Order", "catalog.Product", "lines.quantity"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Path> {
        path(scan, "a name")
    }
}

/// A field to sort by.
pub(crate) struct SortForm;

impl ShortForm for SortForm {
    type Value = Sort;
    const NAME: &'static str = "a sort order";
    const EXAMPLES: &'static [&'static str] = &["placed_at", "-placed_at"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Sort> {
        let descending = scan.eat("-");
        Ok(Sort { field: path(scan, "a field")?, descending })
    }
}

pub(super) fn path(scan: &mut Scan<'_>, what: &str) -> Parsed<Path> {
    let start = scan.at;
    let mut segments = vec![scan.name(what)?];
    while scan.eat(".") {
        segments.push(scan.name("a name after the dot")?);
    }
    Ok(Path { segments, span: scan.span(start..scan.at) })
}
