//! Spans, precedence and hostile texts.

use expression::{Ast, AstKind, parse};

use crate::fixture::{ast, place};

/// The tree with every node in parentheses.
fn shape(node: &Ast) -> String {
    let all = |nodes: &[Ast]| nodes.iter().map(shape).collect::<Vec<_>>().join(", ");
    match &node.kind {
        AstKind::Null => "null".to_owned(),
        AstKind::Bool(truth) => truth.to_string(),
        AstKind::Int(number) => number.to_string(),
        AstKind::Decimal(number) => format!("{number}d"),
        AstKind::Text(text) => format!("{text:?}"),
        AstKind::Name(name) => name.to_string(),
        AstKind::Member { of, name, .. } => format!("{}.{name}", shape(of)),
        AstKind::Index { of, index } => format!("{}[{}]", shape(of), shape(index)),
        AstKind::Not(inner) => format!("!{}", shape(inner)),
        AstKind::Negate(inner) => format!("-{}", shape(inner)),
        AstKind::Binary { operator, left, right, .. } => {
            format!("({} {} {})", shape(left), operator.symbol(), shape(right))
        }
        AstKind::Conditional { condition, then, otherwise } => {
            format!("({} ? {} : {})", shape(condition), shape(then), shape(otherwise))
        }
        AstKind::List(items) => format!("[{}]", all(items)),
        AstKind::Call { receiver, name, arguments, .. } => {
            let receiver = receiver.as_ref().map(|of| shape(of) + ".").unwrap_or_default();
            format!("{receiver}{name}({})", all(arguments))
        }
    }
}

fn reads(text: &str, expected: &str) {
    assert_eq!(shape(&ast(text)), expected, "{text}");
}

/// `id` at the text between `«` and `»`.
fn refuses(marked: &str, id: &str) {
    let start = marked.find('«').expect("a mark");
    let end = marked.find('»').expect("a mark") - '«'.len_utf8();
    let text = marked.replace(['«', '»'], "");
    let (tree, diagnostics) = parse(&text, &place);
    assert!(tree.is_none(), "{text} is read");
    let found = &diagnostics[0];
    let span = (found.primary.span.start as usize, found.primary.span.end as usize);
    assert_eq!((found.id, span), (id, (start, end)), "{text}: {}", found.message);
}

#[test]
fn operators_bind_as_in_cel() {
    reads("a || b && c == d + e * -f", "(a || (b && (c == (d + (e * -f)))))");
    reads("a - b - c", "((a - b) - c)");
    reads("!a.b(c)[0].d", "!a.b(c)[0].d");
    reads("a ? b : c ? d : e", "(a ? b : (c ? d : e))");
    reads("a in [1, 2.50,] && !b", "((a in [1, 2.50d]) && !b)");
    reads("(a || b) && c", "((a || b) && c)");
    reads("self.lines.all(l, l.x > 1_000)", "self.lines.all(l, (l.x > 1000))");
}

#[test]
fn texts_have_two_quotes_escapes_and_raw_forms() {
    reads(r#"'it\'s' + "\u00e4\x41\n" + r'\d'"#, r#"(("it's" + "äA\n") + "\\d")"#);
    refuses(r"'a«\q»b'", "invalid-escape");
    refuses(r"'a«\u0000»b'", "invalid-escape");
    refuses("x == «'abc»", "unterminated-text");
}

#[test]
fn spans_are_exact() {
    let (tree, diagnostics) = parse("self.total >= (1 + input.x)", &place);
    assert!(diagnostics.is_empty());
    let Some(AstKind::Binary { left, right, operator_span, .. }) = tree.map(|tree| tree.kind)
    else {
        panic!("a comparison");
    };
    assert_eq!((left.span.start, left.span.end), (0, 10));
    assert_eq!((operator_span.start, operator_span.end), (11, 13));
    assert_eq!((right.span.start, right.span.end), (15, 26));
}

#[test]
fn what_is_not_cel_says_so() {
    refuses("a «=» b", "single-equals");
    refuses("a «&» b", "unexpected-token");
    refuses("a «and» b", "unexpected-token");
    refuses("x + «{»'a': 1}", "unsupported-syntax");
    refuses("Point«{»x: 1}", "unsupported-syntax");
    refuses("«1e5»", "unsupported-syntax");
    refuses("«0x1F»", "unsupported-syntax");
    refuses("«b'x'»", "unsupported-syntax");
    refuses("«5min»", "invalid-number");
    refuses("«99999999999999999999»", "invalid-number");
    refuses("a.«if»", "reserved-word");
    refuses("a == «»", "incomplete-expression");
    refuses("f(a, b«»", "incomplete-expression");
    refuses("a «b»", "unexpected-token");
    refuses("«ä» == 1", "unexpected-token");
    refuses("«»", "incomplete-expression");
}

#[test]
fn hostile_nesting_is_refused_not_followed() {
    for text in [
        "(".repeat(100_000),
        "!".repeat(100_000),
        "[".repeat(100_000),
        "a.b(".repeat(50_000),
        "a?".repeat(100_000),
        format!("a{}", "+a".repeat(100_000)),
        format!("a{}", ".a".repeat(100_000)),
        format!("a{}", "[0]".repeat(100_000)),
        format!("{}a", "a?a:".repeat(100_000)),
    ] {
        let (tree, diagnostics) = parse(&text, &place);
        assert!(tree.is_none());
        assert!(!diagnostics.is_empty());
    }
}
