//! Invariant 4: files of at most 500 lines, functions of at most 70. `xtask/ratchet.txt` lists the
//! exceptions with their present size, one `SIZE PLACE` a line; an exception that grew fails, and
//! so does one that shrank until its line says so.

use std::collections::BTreeMap;

use syn::spanned::Spanned;
use syn::visit::Visit;

use crate::repository::{read, rust_files};

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;

struct Functions<'a> {
    file: &'a str,
    long: &'a mut BTreeMap<String, usize>,
}

impl Functions<'_> {
    fn measure(&mut self, name: &syn::Ident, block: &syn::Block) {
        let span = block.span();
        let lines = span.end().line - span.start().line + 1;
        if lines > FUNCTION_LINES {
            self.long.insert(format!("{}:{name}", self.file), lines);
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig.ident, &function.block);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig.ident, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }
}

fn too_long() -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for file in rust_files() {
        let text = read(&file);
        let lines = text.lines().count();
        if lines > FILE_LINES {
            found.insert(file.clone(), lines);
        }
        let tree = syn::parse_file(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        Functions { file: &file, long: &mut found }.visit_file(&tree);
    }
    found
}

#[test]
fn files_and_functions_stay_small() {
    let list = read("xtask/ratchet.txt");
    let allowed: BTreeMap<String, usize> = list
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(size, place)| (place.to_owned(), size.parse().unwrap()))
        .collect();
    assert_eq!(too_long(), allowed, "left: what is too long; right: what xtask/ratchet.txt allows");
}
