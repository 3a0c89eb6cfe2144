//! Expressions that YAML eats: a condition that was cut is an error, never a shorter condition.

use crate::expect::check;

#[test]
fn a_comma_splits_a_value_of_a_flow_map() {
    check(
        r"
entities:
  Thing:
    fields: { kind: enum(new, used), price: decimal(10,2), name: string }
#                   ^^^^^^^^^^^^^^^ unquoted-comma
#                                           ^^^^^^^^^^^^^ unquoted-comma
    rules: { near: distance(self.at, actor.at) < 5, named: self.name == 'a, b' }
#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ unquoted-comma
#                                                          ^^^^^^^^^^^^^^^^^^^ unquoted-comma
",
    );
}

#[test]
fn an_apostrophe_opens_nothing() {
    check("entities: { Thing: { doc: it's Peter's, rows: 2k } }");
}

#[test]
fn a_comment_cuts_an_expression() {
    check(
        r"
entities:
  Thing:
    rules:
      first: self.code == #1
#            ^^^^^^^^^^^^ truncated-expression
#                         ~~
      second: self.name == 'a #1'
#             ^^^^^^^^^^^^^^^ truncated-expression
#                             ~~~
      third: (self.a #or)
#            ^^^^^^^ truncated-expression
#                    ~~~~
      fourth: self.a in # list
#             ^^^^^^^^^ truncated-expression
#                       ~~~~~~
      fine: self.a == 1 # one
      folded: self.a ==
        1 # one
",
    );
}

#[test]
fn a_comment_in_the_middle_of_an_expression_ends_the_file() {
    check(
        r"
entities:
  Thing:
    rules:
      first: self.a && # and
#            ^^^^^^^^^ truncated-expression
#                      ~~~~~
        self.b
",
    );
}

#[test]
fn a_negation_is_no_tag() {
    check(
        r"
entities:
  Thing:
    rules:
      open: !self.closed
#           ^^^^^^^^^^^^ unquoted-expression
      seen: !self.closed && self.seen
#           ^^^^^^^^^^^^^^^^^^^^^^^^^ unquoted-expression
operations:
  list: { list: Thing, by: { staff: !self.closed } }
#                                   ^^^^^^^^^^^^ unquoted-expression
",
    );
}

#[test]
fn what_yaml_cannot_read_at_all_is_named_as_an_expression() {
    for expression in [
        "!(self.a || self.b)",
        "self.a ? self.b : self.c",
        "'new' == self.status",
        "[1, 2].size() > 0",
    ] {
        let carets = "^".repeat(expression.len());
        check(&format!(
            "entities:\n  Thing:\n    rules:\n      r: {expression}\n#        {carets} \
             unquoted-expression\n      s: self.a\n"
        ));
    }
    check(
        r"
entities:
  Thing:
    rules: { known: self.a in ['new', 'used'], other: self.a }
#                   ^^^^^^^^^^^^^^^^^^^^^^^^^ unquoted-expression
",
    );
}

#[test]
fn a_value_that_needs_quotes_hides_no_other_error() {
    check(
        r"
entities:
  Thing:
    rules:
      first: self.a ? self.b : self.c
#            ^^^^^^^^^^^^^^^^^^^^^^^^ unquoted-expression
      second: 'new' == self.status
#             ^^^^^^^^^^^^^^^^^^^^ unquoted-expression
    doc: this: that
#        ^^^^^^^^^^ unquoted-value
    rows: many
#         ^^^^ vague-number
  Other: { rules: { known: self.a in ['new'], more: self.b }, size: 5 }
#                          ^^^^^^^^^^^^^^^^^ unquoted-expression
#                                                                   ^ missing-unit
",
    );
}

#[test]
fn yaml_takes_the_quotes_of_a_text() {
    check(
        r#"
entities:
  Thing:
    rules:
      first: 'new'
#            ^^^^^ quotes-eaten
      second: "out-of-stock"
#             ^^^^^^^^^^^^^^ quotes-eaten
      third: 'two words'
#            ^^^^^^^^^^^ quotes-eaten
      fine: "self.status == 'new'"
      harmless: "true"
      also: "'new'"
"#,
    );
}

#[test]
fn structure_is_no_expression() {
    check(
        r"
entities:
  Thing:
    rules:
      first: [self.a]
#            ^^^^^^^^ unquoted-expression
",
    );
}
