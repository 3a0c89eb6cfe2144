//! Types, narrowing, overflow, and what the messages underline.

use expression::Type;

use crate::fixture::checked;

/// The type that a text is checked to.
fn accepts(text: &str, ty: &str) {
    let (expression, diagnostics) = checked(text, None);
    let expression = expression.unwrap_or_else(|| panic!("`{text}`: {diagnostics:#?}"));
    assert_eq!(expression.ty.describe(&crate::fixture::schema()), ty, "{text}");
}

/// `id` at the text between `«` and `»`, with a message that contains `part`.
fn refuses(marked: &str, id: &str, part: &str) {
    let text = marked.replace(['«', '»'], "");
    let (_, diagnostics) = checked(&text, None);
    let start = marked.find('«').expect("a mark");
    let end = marked.find('»').expect("a mark") - '«'.len_utf8();
    let all: Vec<_> = diagnostics
        .iter()
        .map(|found| {
            let span = found.primary.span;
            let help = found.help.clone().unwrap_or_default();
            (
                found.id,
                text.get(span.start as usize..span.end as usize).unwrap_or(""),
                format!("{} | {help}", found.message),
            )
        })
        .collect();
    let wanted = text.get(start..end).unwrap_or("");
    let fits = |(found, under, message): &&(&str, &str, String)| {
        *found == id && *under == wanted && message.contains(part)
    };
    assert!(
        all.iter().any(|found| fits(&found)),
        "{text}: expected {id} at `{wanted}` ({part}), got {all:#?}"
    );
}

#[test]
fn the_specification_by_example_is_accepted() {
    accepts("self.lines.all(l, l.product.active)", "bool");
    accepts("self.lines.map(l, l.product).distinct().size() == self.lines.size()", "bool");
    accepts("self.lines.map(l, l.unit_price * l.quantity).sum()", "money");
    accepts("self.customer == actor.id && self.status == 'confirmed'", "bool");
    accepts("money(2.5 + decimal(input.quantity) * 0.0012, 'EUR') * self.factor", "money");
    accepts("Membership.exists(m, m.order == self && m.member == actor.id)", "bool");
    accepts("Membership.filter(m, m.order == self.id).size() < 3", "bool");
    accepts("shop.Membership.exists(m, m.order == self)", "bool");
    accepts("self.is_mine || self.is_member", "bool");
    accepts("now - self.created_at > duration('1h30m')", "bool");
    accepts("date(now).addDays(3) >= '2026-01-01'", "bool");
    accepts("self.total / money(3, 'EUR')", "decimal(25,10)");
    accepts("self.count / 2 + 1", "int");
    accepts("round(self.factor * 1.5, 2)", "decimal(9,2)");
    accepts("distance(geo(52.5, 13.4), geo(48, 11)) < 500", "bool");
    accepts("self.lines[0].quantity", "int");
    accepts("self.status in ['pending', 'shipped']", "bool");
    accepts("self.lines.all(l, 'toy' in ['book', l.product.kind])", "bool");
    accepts("self.total.amount > 12.5 && self.total.currency == 'EUR'", "bool");
    accepts("self.lines.map(l, l.quantity).max()", "int");
    accepts("self.lines.filter(l, l.quantity > 3).map(l, l.quantity).max()", "int?");
}

#[test]
fn names_are_explained() {
    refuses("«slef».total", "unknown-name", "did you mean `self`");
    refuses("self.«totl»", "unknown-field", "did you mean `total`");
    refuses("self.lines.all(l, l.«produkt» == null)", "unknown-field", "did you mean `product`");
    refuses("«startWith»('a')", "unknown-function", "");
    refuses("self.lines.«al»(l, true)", "unknown-function", "did you mean `all`");
    refuses("self.status == «confirmed»", "unquoted-member", "write `'confirmed'`");
    refuses("self.status == «'confirmd'»", "unknown-state", "did you mean `'confirmed'`");
    refuses("self.lines.exists(l, l.product.kind == «'boook'»)", "unknown-member", "'book'");
    refuses("self.lines.«size»(3)", "wrong-argument-count", "no argument");
    refuses("«Product» == null", "unknown-name", "all its rows");
    refuses("«l» == 1", "unknown-name", "");
}

#[test]
fn types_must_meet() {
    refuses("self.total > «0»", "type-mismatch", "money(.., 'EUR')");
    refuses("self.customer == «self.id»", "type-mismatch", "User cannot be compared with Order");
    refuses("self.count «+» 'a'", "type-mismatch", "");
    refuses("«self.total» && true", "type-mismatch", "expected bool, found money");
    refuses("self.total «/» 2", "type-mismatch", "there is no money / int");
    refuses("self.lines.exists(l, «l.product.score == 1»)", "float-equality", "measurements");
    refuses("self.lines.map(l, l.product).«sum»()", "type-mismatch", "there is no `sum`");
    refuses("self.total == money(1, «'USD'»)", "currency-mismatch", "EUR");
    refuses("self.created_at > «'yesterday'»", "invalid-literal", "2026-12-31T");
    refuses("[1, «'a'»]", "type-mismatch", "");
    refuses("self.status «<» self.status", "type-mismatch", "no order");
}

#[test]
fn null_needs_a_guard() {
    refuses("«self.note».size() > 3", "unguarded-null", "self.note != null");
    refuses("self.note != null || «self.note».size() > 3", "unguarded-null", "");
    refuses("self.note == null && «self.note».size() > 3", "unguarded-null", "");
    refuses("(«self.note == null ? self.note : self.note»).size() > 1", "unguarded-null", "");
    refuses("«self.reviewer».name == 'x'", "unguarded-null", "");
    refuses("«null» > 1", "unguarded-null", "");
    accepts("self.note != null && self.note.size() > 3", "bool");
    accepts("!(self.note == null) && self.note.size() > 3", "bool");
    accepts("self.note == null || self.note.size() > 3", "bool");
    accepts("self.note == null ? 0 : self.note.size()", "int");
    accepts("has(self.note) && self.note.startsWith('a')", "bool");
    accepts("self.note == 'x' && self.note.size() == 1", "bool");
    accepts(
        "self.main_product != null && self.main_product.category != null && self.main_product.category.name == 'x'",
        "bool",
    );
    accepts("self.address != null && self.address.zip != null && self.address.zip > 3", "bool");
    accepts("self.lines.all(l, l.label == null || l.label.size() > 2)", "bool");
    accepts("self.note == self.note", "bool");
}

#[test]
fn other_contexts_are_read_only_where_stated() {
    refuses(
        "self.reviewer != null && self.reviewer.«name» == 'x'",
        "foreign-field",
        "uses: [identity.User.name]",
    );
    refuses("«identity.User».exists(u, u.level > 3)", "foreign-rows", "");
    accepts("self.customer.id == actor.id", "bool");
    accepts("actor.level > 3", "bool");
}

#[test]
fn arithmetic_that_may_overflow_is_refused() {
    refuses("«self.version * self.version» > 1", "arithmetic-overflow", "64 bits");
    refuses(
        "«self.total * decimal(self.version)» > self.total",
        "arithmetic-overflow",
        "28 digits",
    );
    accepts("self.version + self.version * 1000", "int");
    accepts("self.lines.map(l, l.unit_price * l.share).size() > 1", "bool");
    accepts("self.lines.map(l, l.unit_price * l.share).sum() == self.total", "bool");
    // A hundred lines of 24 digits are 26.
    refuses(
        "«self.lines.map(l, l.unit_price * l.share).sum() * self.factor» == self.total",
        "arithmetic-overflow",
        "28 digits",
    );
}

#[test]
fn rules_see_only_their_row_and_the_caller() {
    accepts("self.lines.exists(l, l.product.is_sold_by_actor)", "bool");
    refuses("self.«endless»", "rule-cycle", "endless");
}

#[test]
fn an_expected_type_is_held() {
    let refused = |text: &str, ty: &Type, id: &str| {
        let (expression, diagnostics) = checked(text, Some(ty));
        assert!(expression.is_none(), "{text}");
        assert_eq!(diagnostics[0].id, id, "{text}: {diagnostics:?}");
    };
    let accepted = |text: &str, ty: &Type| {
        let (expression, diagnostics) = checked(text, Some(ty));
        assert!(expression.is_some(), "{text}: {diagnostics:?}");
    };
    refused("self.note", &Type::string(20), "unguarded-null");
    refused("self.total", &Type::Bool, "type-mismatch");
    refused("'nothing'", &crate::fixture::members(&["a", "b"]), "unknown-member");
    refused("self.factor", &Type::INT, "type-mismatch");
    accepted("self.count", &Type::Decimal { precision: 3, scale: 1 });
    accepted("'a'", &crate::fixture::members(&["a", "b"]));
    accepted("self.note != null ? self.note : 'none'", &Type::string(20));
    accepted("null", &Type::INT.optional());
    accepted("self.note", &Type::string(20).optional());
    accepted("'2026-12-31'", &Type::Date);
}

#[test]
fn the_deepest_trees_are_walked_within_a_small_stack() {
    let walk = || {
        let deep = 90;
        for text in [
            format!("{}true", "!".repeat(deep)),
            format!("{}true{}", "(true && ".repeat(deep), ")".repeat(deep)),
            format!("{}true", "true ? false : ".repeat(deep)),
            format!("1{} > 0", " + 1".repeat(deep)),
            format!("{}true{}", "self.lines.all(l, ".repeat(deep), ")".repeat(deep)),
            format!("{}1{} == [1]", "[".repeat(deep), "]".repeat(deep)),
        ] {
            if let (Some(condition), _) = checked(&text, None) {
                let schema = crate::fixture::schema();
                let _ = expression::translatable(&condition, &schema);
                let environment = expression::Environment::new(&schema, &expression::NoRows);
                let _ = expression::evaluate(&condition, &environment);
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(walk);
    thread.expect("a thread").join().expect("no overflow");
}
