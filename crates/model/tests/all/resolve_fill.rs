//! The filling rule, case by case: what a payload's field, a parameter or a target becomes.

use crate::expect::source;
use expression::ir::{Expression, Kind, VariableIndex};
use model::Model;
use model::model::{EffectKind, Fill};

/// An operation on `Order` in a context with users, with one event whose payload is given.
fn emitted(payload: &str, operation: &str) -> Result<Vec<String>, Vec<String>> {
    let text = format!(
        "firmitas: 1
system: {{ name: Shop, summary: A test. }}
actors: {{ user: {{ auth: user, is: User }} }}
entities:
  User: {{ fields: {{ name: string }} }}
  Order:
    fields: {{ buyer: User, payer: User?, note: string = 'none', total: money, code: string }}
    parts: {{ lines: {{ size: 0..9, fields: {{ name: string, by: User? }} }} }}
operations:
  act: {{ act: Order, by: [user], {operation} }}
events:
  Done: {{ key: order, payload: {{ {payload} }} }}
"
    );
    let (sources, root) = source(&text);
    let (model, diagnostics) = model::load(&sources, root);
    let problems: Vec<String> =
        diagnostics.iter().map(|d| format!("{} {}", d.id, d.message)).collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let effect = model.operations[0].effects.iter().find_map(|effect| match &effect.kind {
        EffectKind::Emit { payload, .. } => Some(payload),
        _ => None,
    });
    Ok(effect.unwrap().iter().map(|fill| describe(&model, fill)).collect())
}

fn describe(model: &Model, fill: &Fill) -> String {
    match fill {
        Fill::Expression(expression) => path(model, expression),
        Fill::Constant(value) => format!("{value:?}"),
        other => format!("{other:?}"),
    }
}

fn path(model: &Model, expression: &Expression) -> String {
    let fields = |of: &Expression| match of.ty.required() {
        expression::Type::Reference(entity) => model.schema.entity(*entity).fields.clone(),
        expression::Type::Record(record) => model.schema.record(*record).fields.clone(),
        expression::Type::Part(part) => model.schema.part(*part).fields.clone(),
        other => panic!("{other:?}"),
    };
    match &expression.kind {
        Kind::Variable(VariableIndex::SELF) => "self".to_owned(),
        Kind::Variable(VariableIndex::INPUT) => "input".to_owned(),
        Kind::Variable(VariableIndex::ACTOR) => "actor".to_owned(),
        Kind::Variable(VariableIndex(slot)) => format!("slot {slot}"),
        Kind::Field { of, field } => {
            format!("{}.{}", path(model, of), fields(of)[usize::from(field.0)].name)
        }
        Kind::PartRows { of, part } => {
            format!("{}.{}", path(model, of), model.schema.part(*part).name)
        }
        other => format!("{other:?}"),
    }
}

fn filled(payload: &str, operation: &str) -> String {
    emitted(payload, operation).map_or_else(|e| e.join("; "), |values| values.join(", "))
}

#[test]
fn what_is_written_comes_first() {
    assert_eq!(
        filled("order: Order, note: string", "do: [{ emit: Done, with: { note: self.code } }]"),
        "self, self.code"
    );
}

#[test]
fn then_the_value_of_that_name_and_type_input_before_self() {
    assert_eq!(filled("order: Order, note: string", "do: [{ emit: Done }]"), "self, self.note");
    assert_eq!(
        filled("order: Order, note: string", "input: { note: string }, do: [{ emit: Done }]"),
        "self, input.note"
    );
    // Of another type: not the value that is meant.
    assert_eq!(
        filled("order: Order, note: string", "input: { note: int }, do: [{ emit: Done }]"),
        "self, self.note"
    );
    assert_eq!(
        filled("order: Order, lines: Order.lines", "do: [{ emit: Done }]"),
        "self, self.lines"
    );
}

#[test]
fn each_comes_before_input() {
    let operation = "input: { name: string }, do: [{ emit: Done, each: line in self.lines }]";
    assert_eq!(filled("order: Order, name: string", operation), "self, slot 16.name");
}

#[test]
fn then_the_only_value_of_that_entity() {
    assert_eq!(filled("order: Order, it: Order", "do: [{ emit: Done }]"), "self, self");
    // `payer` may be null, so only `buyer` can stand for a user.
    assert_eq!(filled("order: Order, who: User", "do: [{ emit: Done }]"), "self, self.buyer");
    let two = "input: { friend: User }, do: [{ emit: Done }]";
    let problem = emitted("order: Order, who: User", two).unwrap_err();
    assert_eq!(
        problem,
        ["ambiguous-fill `who` of `Done` could be one of `input.friend` or `self.buyer`"]
    );
}

#[test]
fn an_input_that_is_assigned_is_no_second_value() {
    assert_eq!(
        filled("order: Order, who: User", "input: [buyer], do: [{ emit: Done }]"),
        "self, self.buyer"
    );
}

#[test]
fn what_was_proven_not_to_be_null_counts() {
    let require = "do: [{ require: self.payer != null, else: unpaid }, { emit: Done }]";
    assert_eq!(filled("order: Order, payer: User", require), "self, self.payer");
    let set = "do: [{ set: { payer: actor.id } }, { emit: Done }]";
    assert_eq!(filled("order: Order, payer: User", set), "self, self.payer");
    let undone = "do: [{ set: { payer: actor.id } }, { set: { payer: null } }, { emit: Done }]";
    assert_eq!(filled("order: Order, payer: User", undone), "self, self.buyer");
}

#[test]
fn then_null_or_an_empty_list_or_an_error() {
    assert_eq!(filled("order: Order, why: string?", "do: [{ emit: Done }]"), "self, Null");
    assert_eq!(
        filled("order: Order, tags: list(string)", "do: [{ emit: Done }]"),
        "self, List([])"
    );
    assert_eq!(
        filled("order: Order, why: string", "do: [{ emit: Done }]"),
        "unfilled-value nothing fills `why` of `Done`"
    );
}

#[test]
fn a_snapshot_is_the_public_fields() {
    let found = filled("order: Order, copy: snapshot(User)", "do: [{ emit: Done }]");
    assert!(found.starts_with("self, Record("), "{found}");
}
