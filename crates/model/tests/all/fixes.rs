//! Applying the safe fixes of a model makes what they are about clean.

use base::{Edit, SourceMap};

use crate::expect::{lines, source, with_header};

fn apply(sources: &SourceMap, mut edits: Vec<Edit>, text: &str) -> String {
    edits.sort_by_key(|edit| edit.span);
    edits.dedup();
    let (mut fixed, mut at) = (String::new(), 0);
    for edit in edits.iter().filter(|edit| !sources.path(edit.span).is_empty()) {
        let start = edit.span.start as usize;
        if start < at {
            continue;
        }
        fixed.push_str(&text[at..start]);
        fixed.push_str(&edit.replacement);
        at = edit.span.end as usize;
    }
    fixed.push_str(&text[at..]);
    fixed
}

#[track_caller]
fn becomes_clean(text: &str) {
    let mut text = with_header(text);
    for round in 0..4 {
        let (sources, root) = source(&text);
        let (_, diagnostics) = model::syntax::parse(&sources, root);
        assert!(round > 0 || !diagnostics.is_empty());
        assert!(round < 3 || diagnostics.is_empty(), "{:?}\n{text}", lines(&sources, &diagnostics));
        let edits = diagnostics.iter().filter_map(|d| d.fixes.first()).map(|fix| &fix.edits);
        text = apply(&sources, edits.flatten().cloned().collect(), &text);
    }
}

#[test]
fn fixes_make_clean() {
    for text in [
        "entities: { A: { fields: { a: enum(x, y), b: decimal(3,2) } } }",
        "entities:\n  A:\n    rules:\n      x: !self.closed && self.b\n      y: 'new'\n",
        "entities:\n  A:\n    rules:\n      x: !(self.a)\n",
        "entities:\n  A:\n    rules:\n      x: self.a == 'b #c'\n      y: self.b\n",
        "entities:\n  A:\n    rules:\n      x: \"new\" == self.status\n      y: self.b\n",
        "entities:\n  A: { rows: &n 2k }\n  B: { rows: *n }\n",
        "entities:\n  A: { rows: !!str 2k }\n",
        "entities:\n\tA:\n\t\trows:\t2k\n",
        "entities:\n  A: { soft_delete: yes, history: Off }\n",
        "entities:\n  A: { feilds: { a: strng uniqe } }\n",
        "entities:\n  A: { fields: { a: varchar(255), b: varchar( 9 )? } }\n",
        "entities:\n  A: { ttl: 5 min, retain: 5days, rows: 5k + 1/d }\n",
        "entities:\n  a_thing: { rows: 1 }\n",
        "entities:\n  A: { rows:2k }\n",
        "entities:\n  A:\n    doc: this: that\n",
    ] {
        becomes_clean(text);
    }
}
