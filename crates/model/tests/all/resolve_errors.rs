//! Broken models: each finding has the expected id and underlines the expected text, and hides no
//! other.

use crate::expect::source;

const HEAD: &str = "\
firmitas: 1
system: { name: Test, summary: A test. }
actors:
  visitor: { auth: none }
  member: { auth: user, is: shop.Member }
  staff: { auth: user, role: staff }
contexts:
  shop:
    entities:
      Member:
        fields: { name: string, nick: string? internal, pin: string secret, email: email unique pii }
      Item:
        fields: { name: string unique, price: money(0..), owner: Member, count: int(0..) = 0, at: geo? }
        parts: { notes: { size: 0..9, fields: { text: string, by: Member? } } }
        states: { open: [closed], closed: [] }
    operations:
      see: { get: Item, by: [member] }
      tidy: { act: Item, by: [system], do: [{ move: closed }] }
";

/// Findings as `id "underlined text"`.
fn findings(text: &str) -> Vec<String> {
    let (sources, root) = source(text);
    let (_, diagnostics) = model::load(&sources, root);
    let line = |d: &base::Diagnostic| format!("{} {:?}", d.id, sources.text(d.primary.span));
    diagnostics.iter().map(line).collect()
}

/// More operations of the context `shop`.
fn operations(text: &str) -> String {
    let lines: String = text.lines().map(|line| format!("      {line}\n")).collect();
    format!("{HEAD}{lines}")
}

#[track_caller]
fn expect(text: &str, expected: &[&str]) {
    assert_eq!(findings(text), expected, "\n{text}");
}

#[test]
fn the_head_is_clean() {
    expect(HEAD, &[]);
}

#[test]
fn names_that_are_not_there() {
    let cases: &[(&str, &[&str])] = &[
        ("a: { get: Itm, by: [member] }", &["unknown-entity \"Itm\""]),
        ("a: { get: stor.Item, by: [member] }", &["unknown-context \"stor\""]),
        ("a: { get: Item, by: [membr] }", &["unknown-actor \"membr\""]),
        ("a: { list: popular, by: [member] }", &["unknown-view \"popular\""]),
        ("a: { list: Item, by: [member], filter: [cost] }", &["unknown-field \"cost\""]),
        ("a: { list: Item, by: [member], sort: [-prize] }", &["unknown-field \"prize\""]),
        ("a: { get: Item, by: [member], key: nam }", &["unknown-field \"nam\""]),
        ("a: { act: Item, by: [member], do: [{ emit: Sold }] }", &["unknown-event \"Sold\""]),
        ("a: { act: Item, by: [member], do: [{ call: tidi }] }", &["unknown-operation \"tidi\""]),
        (
            "a: { act: Item, by: [member], do: [{ call: mail.send }] }",
            &["unknown-context \"mail\""],
        ),
        ("a: { act: Item, by: [member], do: [{ move: shut }] }", &["unknown-state \"shut\""]),
        ("a: { act: Item, by: [member], do: [{ set: { cnt: 1 } }] }", &["unknown-field \"cnt\""]),
        (
            "a: { act: Item, by: [member], do: [{ set: { notes.txt: \"'x'\" } }] }",
            &["unknown-field \"txt\""],
        ),
        ("a: { act: Item, by: [member], input: { to: Membr } }", &["unknown-type \"Membr\""]),
        ("a: { act: Item, by: [member], input: { to: Item.note } }", &["unknown-part \"note\""]),
        ("a: { act: Item, by: [member], input: { n: integer } }", &["unknown-type \"integer\""]),
    ];
    for (text, expected) in cases {
        expect(&operations(text), expected);
    }
}

#[test]
fn what_clients_may_write_and_read() {
    let cases: &[(&str, &[&str])] = &[
        ("a: { update: Member, by: [member], input: [nick] }", &["unwritable-input \"nick\""]),
        ("a: { update: Member, by: [member], input: [id, name] }", &["unwritable-input \"id\""]),
        ("a: { update: Item, by: [member], input: [status] }", &["unwritable-input \"status\""]),
        ("a: { update: Item, by: [member], input: [name, name] }", &["duplicate-name \"name\""]),
        ("a: { update: Item, by: [member], input: [notes.txt] }", &["unknown-field \"txt\""]),
        ("a: { list: Member, by: [member], filter: [pin] }", &["unreadable-field \"pin\""]),
        ("a: { list: Member, by: [member], fields: [nick] }", &["unreadable-field \"nick\""]),
        (
            "a: { get: Member, by: [member], fields: { p: self.pin } }",
            &["unreadable-field \"self.pin\""],
        ),
        ("a: { get: Member, by: [member], fields: { p: self.nick != null } }", &[]),
        ("a: { list: Item, by: [member], near: name }", &["unfit-field \"name\""]),
        ("a: { list: Item, by: [member], sort: [at] }", &["unfit-field \"at\""]),
        ("a: { list: Item, by: [member], search: true }", &["nothing-to-search \"true\""]),
        ("a: { get: Item, by: [member], key: price }", &["not-unique \"price\""]),
        ("a: { get: Item, by: [member], filter: [price] }", &["misplaced-key \"filter\""]),
        ("a: { list: Item, by: [member], rate: 5k open }", &["misplaced-rate \"5k open\""]),
        ("a: { stream: Item, by: [member], rate: 5/s }", &["misplaced-rate \"5/s\""]),
        ("a: { get: Item, by: [] }", &["empty-by \"[]\""]),
        ("a: { get: Item, by: [member, member] }", &["duplicate-name \"member\""]),
    ];
    for (text, expected) in cases {
        expect(&operations(text), expected);
    }
}

#[test]
fn effects_that_cannot_work() {
    let cases: &[(&str, &[&str])] = &[
        ("a: { create: Item, by: [member], input: [name, price] }", &["unassigned-field \"a\""]),
        (
            "a: { create: Item, by: [member], input: [name, price, owner, notes.by] }",
            &["unassigned-field \"a\""],
        ),
        ("a: { act: Item, by: [member], do: [{ move: open }] }", &["impossible-move \"open\""]),
        ("a: { act: Member, by: [member], do: [{ move: open }] }", &["no-states \"open\""]),
        (
            "a: { act: Item, by: [member], do: [{ set: { status: \"'open'\" } }] }",
            &["unassignable-field \"status\""],
        ),
        (
            "a: { act: Item, by: [member], do: [{ set: { count: self.name } }] }",
            &["type-mismatch \"self.name\""],
        ),
        ("a: { act: Item, by: [member], do: [{ call: see }] }", &["uncallable-operation \"see\""]),
        (
            "a: { act: Item, by: [member], do: [{ create: Member }] }",
            &["unfilled-value \"Member\"", "unfilled-value \"Member\""],
        ),
        (
            "a: { act: Item, by: [member], do: [{ call: tidy, with: { slf: self } }] }",
            &["unknown-parameter \"slf\""],
        ),
        (
            "a: { act: Item, by: [member], do: [{ call: tidy, as: self }] }",
            &["reserved-name \"self\""],
        ),
        (
            "a: { act: Item, by: [member], do: [{ call: tidy, with: { self: { price: 1 } } }] }",
            &["type-mismatch \"1\""],
        ),
        (
            "a: { act: Member, by: [member], do: [{ call: tidy, with: { self: { count: 1 } } }] }",
            &["not-a-key \"{ count: 1 }\""],
        ),
        (
            "a: { act: Item, by: [member], do: [{ set: { owner.name.x: 1 } }] }",
            &["long-path \"owner.name.x\""],
        ),
        (
            "a: { act: Item, by: [member], do: [{ set: { name.x: 1 } }] }",
            &["type-mismatch \"name\""],
        ),
    ];
    for (text, expected) in cases {
        expect(&operations(text), expected);
    }
}

/// What an effect asks first holds for everything that it assigns, until that is assigned itself.
#[test]
fn a_condition_of_an_effect_holds_for_each_of_its_assignments() {
    let set = |assignments: &str| {
        format!(
            "a:\n  act: Item\n  by: [member]\n  do:\n    - set: {{ {assignments} }}\n      \
             when: self.owner.nick != null\n    - set: {{ name: self.owner.nick }}"
        )
    };
    let after = "unguarded-null \"self.owner.nick\"";
    let cases: &[(&str, &[&str])] = &[
        ("count: 1, name: self.owner.nick", &[after]),
        ("owner.nick: null, name: self.owner.nick", &[after, after]),
    ];
    for (text, expected) in cases {
        expect(&operations(&set(text)), expected);
    }
}

#[test]
fn whether_a_float_is_there_may_be_asked() {
    let asked = "a: { act: Item, by: [member], do: [{ require: self.heat == null || self.heat > 0.5, else: cold }] }";
    let text = operations(asked).replace("at: geo?", "at: geo?, heat: float?");
    expect(&text, &[]);
    let equal = text.replace("self.heat > 0.5", "self.heat == 0.5");
    expect(&equal, &["float-equality \"self.heat == 0.5\""]);
}

#[test]
fn one_error_hides_no_other_and_makes_no_second() {
    // The typo in the type is reported once: not again wherever the field is read or written.
    let text = "
firmitas: 1
system: { name: Test, summary: A test. }
actors: { staff: { auth: user } }
entities:
  Good: { fields: { name: string, size: itn } }
  Other: { fields: { at: Nowhere, name: string } }
operations:
  a: { create: Good, by: [staff], input: [name, size], do: [{ set: { size: 3 } }] }
  b: { list: Good, by: [staff], where: self.size > 3, filter: [size], sort: [size], fields: [size] }
  c: { get: Other, by: [staff], fields: { at: self.at, nam: self.nam } }
  d: { act: Good, by: [staff], do: [{ call: nowhere, as: found }, { set: { name: found.name } }] }
";
    expect(
        text,
        &[
            "unknown-type \"itn\"",
            "unknown-type \"Nowhere\"",
            "unknown-field \"nam\"",
            "unknown-operation \"nowhere\"",
        ],
    );
}

#[test]
fn an_actor_that_is_nobody_is_reported_once() {
    let text = "
firmitas: 1
system: { name: Test, summary: A test. }
actors: { user: { auth: user, is: Usr } }
entities: { User: { fields: { name: string } } }
operations: { me: { get: User, by: { user: self.id == actor.id } } }
";
    expect(text, &["unknown-entity \"Usr\""]);
}

#[test]
fn entities_that_contradict_themselves() {
    let entity = |body: &str| {
        format!(
            "firmitas: 1\nsystem: {{ name: T, summary: T. }}\nentities:\n  Log: {{ {body} }}\n  \
             Logs: {{ plural: others, fields: {{ name: string }} }}\n"
        )
    };
    let cases: &[(&str, &[&str])] = &[
        ("fields: { a: int }, retain: 1y after b", &["unknown-field \"b\""]),
        ("fields: { a: int }, retain: 1y after a", &["retain-field \"a\""]),
        ("fields: { a: int }, unique: { one: [b] }", &["unknown-field \"b\""]),
        ("fields: { a: geo }, unique: { one: [a] }", &["unfit-key \"a\""]),
        ("fields: { a: geo unique }", &["misplaced-modifier \"unique\""]),
        ("fields: { a: int search }", &["misplaced-modifier \"search\""]),
        ("fields: { a: int(0..9) = 10 }", &["invalid-default \"10\""]),
        ("fields: { a: bool = 1 }", &["invalid-default \"1\""]),
        ("fields: { a: int = now }", &["invalid-default \"now\""]),
        ("fields: { version: int }", &["reserved-name \"version\""]),
        ("fields: { a: int }, invariants: { ok: self.a }", &["type-mismatch \"self.a\""]),
        ("fields: { a: int }, states: { x: [y] }", &["unknown-state \"y\""]),
        ("fields: { a: int }, parts: { a: { fields: { b: int } } }", &["duplicate-key \"a\""]),
        ("fields: { a: int }, rules: { a: self.a > 1 }", &["duplicate-name \"a\""]),
        ("fields: { a: int }, plural: others", &["equal-plurals \"Logs\""]),
        ("rows: 3 per Logs, fields: { a: int }", &["entity-rows \"3 per Logs\""]),
        (
            "fields: { a: int }, exclusive: { one: { same: [a], overlap: [a, id] } }",
            &["unfit-range \"a, id\""],
        ),
        ("fields: { a: 'enum(x, y) = z' }", &["invalid-default \"z\""]),
        ("append_only: true, states: { x: [] }, fields: { a: int }", &["append-only-states \"x\""]),
    ];
    for (body, expected) in cases {
        expect(&entity(body), expected);
    }
}

#[test]
fn flows_keep_to_their_order() {
    let flow = |steps: &str| {
        format!(
            "firmitas: 1\nsystem: {{ name: T, summary: T. }}\nentities:\n  Job:\n    fields: {{ \
             n: int = 0 }}\noperations:\n  run: {{ act: Job, by: [system] }}\n  stop: {{ act: \
             Job, by: [system] }}\nevents:\n  Begun: {{ key: job, payload: {{ job: Job }} }}\n  \
             Ended: {{ key: job, payload: {{ job: Job }} }}\nflows:\n  f:\n    after: Begun\n    \
             steps: {{ {steps} }}\n"
        )
    };
    let cases: &[(&str, &[&str])] = &[
        ("a: { call: run, undo: stop }, b: { call: run, pivot: true }, c: { call: run }", &[]),
        ("a: { call: run }, b: { call: run, pivot: true }", &["missing-undo \"a\""]),
        ("a: { call: run }, b: { call: run }", &["missing-undo \"a\""]),
        ("a: { call: run, pivot: true, undo: stop }", &["pivot-with-undo \"stop\""]),
        (
            "a: { call: run, pivot: true }, b: { call: run, undo: stop }",
            &["undo-after-pivot \"stop\""],
        ),
        ("a: { call: run, pivot: true }, b: { call: run, pivot: true }", &["second-pivot \"b\""]),
        ("a: { wait: Ended, match: { job: event.job } }", &[]),
        ("a: { wait: Ended }", &["unmatched-wait \"Ended\""]),
        ("a: { wait: Ended, match: { jib: event.job } }", &["unknown-parameter \"jib\""]),
        ("a: { call: run, with: { self: event.jab } }", &["unknown-field \"jab\""]),
        ("a: { call: run, when: event.job.n > 1 }", &["stored-data \"n\""]),
        ("event: { call: run }", &["reserved-name \"event\""]),
        ("a: { call: walk }", &["unknown-operation \"walk\""]),
    ];
    for (steps, expected) in cases {
        expect(&flow(steps), expected);
    }
}

#[test]
fn calls_that_never_end_and_requires_that_come_too_late() {
    let cycle = operations(
        "a: { act: Item, by: [system], do: [{ call: b }] }
b: { act: Item, by: [system], do: [{ call: a }] }",
    );
    expect(&cycle, &["call-cycle \"{ call: a }\""]);
    let late = operations(
        "a:
  act: Item
  by: [member]
  do:
    - call: mail.send
    - require: self.count > 0
      else: empty",
    );
    let late = format!("{late}externals:\n  mail: {{ operations: {{ send: {{}} }} }}\n");
    let found = findings(&late);
    assert!(found.iter().any(|line| line.starts_with("require-after-call")), "{found:?}");
}

#[test]
fn references_into_other_contexts_say_where_they_are() {
    let text = operations("").replace(
        "contexts:",
        "contexts:\n  post:\n    entities: { Mail: { fields: { to: Member } } }",
    );
    let (sources, root) = source(&text);
    let (_, diagnostics) = model::load(&sources, root);
    let [only] = diagnostics.as_slice() else { panic!("{diagnostics:?}") };
    assert_eq!((only.id, sources.text(only.primary.span)), ("unknown-type", "Member"));
    assert_eq!(only.fixes[0].edits[0].replacement, "shop.Member");
    assert_eq!(sources.text(only.related[0].span), "Member");
}

#[test]
fn a_file_that_ended_early_says_nothing_about_names() {
    let text = "firmitas: 1
system: { name: T, summary: T. }
actors: { staff: { auth: user } }
operations:
  a: { get: Thing, by: [staff, stuff] }
entities:
  Thing: { fields: { a: int
";
    let found = findings(text);
    assert!(!found.is_empty());
    assert!(!found.iter().any(|line| line.starts_with("unknown-entity")), "{found:?}");
}
