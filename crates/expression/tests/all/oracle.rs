//! The common subset with CEL: the `cel` crate gives the same answers.

use expression::ir::VariableIndex;
use expression::{
    Environment, EvaluationError, NoRows, Schema, Scope, Type, Value, check, evaluate, parse,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

use crate::agreement::choice::Choice;
use crate::fixture::{list, place};

const INTS: [i64; 5] = [0, 1, -3, 7, 1000];
const TEXTS: [&str; 5] = ["", "a", "ab", "ä", "b'c"];

fn condition(choice: &mut Choice<'_>, depth: u32) -> String {
    match if depth == 0 { choice.below(4) } else { choice.below(10) } {
        0 => (*choice.of(&["x", "y", "true", "false"])).to_owned(),
        1 => {
            let operator = *choice.of(&["==", "!=", "<", "<=", ">", ">="]);
            format!("{} {operator} {}", number(choice, depth), number(choice, depth))
        }
        2 => {
            let operator = *choice.of(&["==", "!=", "<", ">="]);
            format!("{} {operator} {}", text(choice), text(choice))
        }
        3 => {
            let method = *choice.of(&["startsWith", "endsWith", "contains"]);
            format!("{}.{method}({})", text(choice), text(choice))
        }
        4 | 5 => {
            let operator = *choice.of(&["&&", "||"]);
            format!(
                "({} {operator} {})",
                condition(choice, depth - 1),
                condition(choice, depth - 1)
            )
        }
        6 => format!("!({})", condition(choice, depth - 1)),
        7 => {
            let parts = [0; 3].map(|_| condition(choice, depth - 1));
            format!("({} ? {} : {})", parts[0], parts[1], parts[2])
        }
        8 => format!("{} in [{}, {}]", number(choice, 0), number(choice, 0), number(choice, 0)),
        _ => {
            let method = *choice.of(&["all", "exists", "exists_one"]);
            let operator = *choice.of(&["==", "<", ">"]);
            let filter = *choice.of(&["", ".filter(j, j > 0)", ".map(j, j + 1)"]);
            format!("numbers{filter}.{method}(i, i {operator} {})", number(choice, depth - 1))
        }
    }
}

fn number(choice: &mut Choice<'_>, depth: u32) -> String {
    match if depth == 0 { choice.below(4) } else { choice.below(7) } {
        0 => (*choice.of(&["0", "1", "2", "-5"])).to_owned(),
        1 | 2 => (*choice.of(&["a", "b"])).to_owned(),
        3 => (*choice.of(&["s.size()", "numbers.size()", "size(t)"])).to_owned(),
        4 | 5 => {
            let operator = *choice.of(&["+", "-", "*", "/", "%"]);
            format!("({} {operator} {})", number(choice, depth - 1), number(choice, depth - 1))
        }
        _ => format!("-({})", number(choice, depth - 1)),
    }
}

fn text(choice: &mut Choice<'_>) -> String {
    (*choice.of(&["s", "t", "'a'", "\"ab\"", "''", "'\\u00e4'", "(s + t)", "r'b'"])).to_owned()
}

fn ours(
    text: &str,
    choice: &mut Choice<'_>,
) -> (Option<Option<bool>>, cel::Context<'static, 'static>) {
    let schema = Schema::default();
    let mut scope = Scope::new(&schema, None);
    let mut environment = Environment::new(&schema, &NoRows);
    let mut context = cel::Context::default();
    let mut slot = VariableIndex::FIRST_NAMED.0;
    let mut bind = |name: &str, ty: Type, value: Value| {
        scope.bind(name, VariableIndex(slot), ty);
        environment.set(VariableIndex(slot), value);
        slot += 1;
    };
    let int = Type::Int { min: -1000, max: 1000 };
    for name in ["a", "b"] {
        let number = *choice.of(&INTS);
        bind(name, int.clone(), Value::Int(number));
        context.add_variable_from_value(name, number);
    }
    for name in ["s", "t"] {
        let text = *choice.of(&TEXTS);
        bind(name, Type::string(20), Value::text(text));
        context.add_variable_from_value(name, text.to_owned());
    }
    for name in ["x", "y"] {
        let truth = choice.yes();
        bind(name, Type::Bool, Value::Bool(truth));
        context.add_variable_from_value(name, truth);
    }
    let numbers: Vec<i64> = (0..choice.below(4)).map(|_| *choice.of(&INTS)).collect();
    bind("numbers", list(int, 4), Value::List(numbers.iter().map(|n| Value::Int(*n)).collect()));
    context.add_variable_from_value("numbers", numbers);
    let (ast, errors) = parse(text, &place);
    let ast = ast.unwrap_or_else(|| panic!("`{text}` is not read: {errors:?}"));
    let (Some(checked), _) = check(&ast, &scope, Some(&Type::Bool)) else { return (None, context) };
    let answer = match evaluate(&checked, &environment) {
        Ok(Value::Bool(truth)) => Some(truth),
        Err(EvaluationError::Failed { .. }) => None,
        other => panic!("`{text}` evaluates to {other:?}"),
    };
    (Some(answer), context)
}

#[test]
fn the_cel_crate_agrees_on_the_common_subset() {
    let mut runner =
        TestRunner::new(Config { cases: 2000, failure_persistence: None, ..Config::default() });
    let compared = std::cell::Cell::new(0);
    let bytes = (vec(any::<u8>(), 0..60), vec(any::<u8>(), 0..12));
    let result = runner.run(&bytes, |(shape, values)| {
        let text = condition(&mut Choice::new(&shape), 3);
        let (Some(ours), context) = ours(&text, &mut Choice::new(&values)) else { return Ok(()) };
        let program = cel::Program::compile(&text)
            .map_err(|error| TestCaseError::fail(format!("`{text}`: {error}")))?;
        let theirs = match program.execute(&context) {
            Ok(cel::Value::Bool(truth)) => Some(truth),
            Ok(other) => return Err(TestCaseError::fail(format!("`{text}` is {other:?}"))),
            Err(_) => None,
        };
        compared.set(compared.get() + 1);
        if ours != theirs {
            let message = format!("`{text}`: {ours:?} here, {theirs:?} by cel, over {values:?}");
            return Err(TestCaseError::fail(message));
        }
        Ok(())
    });
    match result {
        Ok(()) => assert!(compared.get() > 1500, "{} compared", compared.get()),
        Err(TestError::Fail(message, _)) => panic!("{message}"),
        Err(other) => panic!("{other}"),
    }
}
