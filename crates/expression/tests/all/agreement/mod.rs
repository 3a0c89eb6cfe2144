//! Random well-typed conditions over random rows: the evaluator, SQLite and PostgreSQL give the
//! same answer, failures included.

pub mod choice;
pub mod databases;
mod text;
mod world;

use std::cell::{Cell, RefCell};

use expression::ir::{Expression, VariableIndex};
use expression::sql::{Dialect, Fragment, NotTranslatable, compile};
use expression::{EvaluationError, Schema, Type, Value, check, evaluate, parse, translatable};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

use crate::fixture::{ORDER, USER, place, rules, schema, scope};
use choice::Choice;
use databases::{Answer, Names, PostgreSql, Sqlite, options, postgresql};
use text::{Generator, USED};
use world::World;

/// How a case ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Refused,
    NotTranslated,
    Compared,
}

struct Case<'c, 't> {
    text: String,
    world: World,
    input: Value,
    tables: Option<&'c mut postgres::Transaction<'t>>,
}

fn several_currencies(several: bool) -> Schema {
    let mut schema = schema();
    if several {
        schema.settings.currencies = vec!["EUR".into(), "JPY".into(), "KWD".into()];
    }
    schema
}

impl Case<'_, '_> {
    fn run(mut self) -> Result<Outcome, String> {
        let (rules, text) = (rules(), self.text.clone());
        let (ast, errors) = parse(&text, &place);
        let ast = ast.ok_or_else(|| format!("`{text}` is not read: {errors:?}"))?;
        let mut scope = scope(&self.world.schema, &rules);
        for name in USED {
            scope.allow(USER, self.world.schema.entity(USER).field(name).expect("a field"));
        }
        let (Some(condition), _) = check(&ast, &scope, Some(&Type::Bool)) else {
            return Ok(Outcome::Refused);
        };
        let fragments = self.fragments(&condition)?;
        let Ok(fragments) = fragments else { return Ok(Outcome::NotTranslated) };
        let environment = self.world.environment(&self.input);
        let sqlite = Sqlite::new(&self.world);
        let mut postgresql = self.tables.take().map(|tables| PostgreSql::new(&self.world, tables));
        for (id, row) in self.world.of(ORDER) {
            let mut with_row = environment.clone();
            with_row.set(VariableIndex::SELF, Value::Row(row.clone()));
            let memory = match evaluate(&condition, &with_row) {
                Ok(Value::Bool(truth)) => Some(truth),
                Err(EvaluationError::Failed { .. }) => None,
                other => return Err(format!("`{text}` evaluates to {other:?}")),
            };
            let answer = sqlite.ask(&self.world, &fragments[0], &environment, id);
            self.compare("SQLite", &fragments[0], memory, answer, id)?;
            if let Some(postgresql) = &mut postgresql {
                let answer = postgresql.ask(&self.world, &fragments[1], &environment, id);
                self.compare("PostgreSQL", &fragments[1], memory, answer, id)?;
            }
        }
        Ok(Outcome::Compared)
    }

    /// The SQL in both dialects; both have it, or neither, and the check beforehand says so.
    fn fragments(
        &self,
        condition: &Expression,
    ) -> Result<Result<[Fragment; 2], NotTranslatable>, String> {
        let names = Names(&self.world.schema);
        let compiled = |dialect| compile(condition, dialect, &names, &options());
        let said = translatable(condition, &self.world.schema);
        match (compiled(Dialect::Sqlite), compiled(Dialect::PostgreSql), said) {
            (Ok(sqlite), Ok(postgresql), Ok(())) => Ok(Ok([sqlite, postgresql])),
            (_, _, Err(why)) => Ok(Err(why)),
            (a, b, said) => {
                Err(format!("{}: translatable is {said:?}, but {a:?} and {b:?}", self.text))
            }
        }
    }

    fn compare(
        &self,
        database: &str,
        fragment: &Fragment,
        memory: Answer,
        answer: Result<Answer, EvaluationError>,
        id: u128,
    ) -> Result<(), String> {
        // A parameter that fails where null is a value denies all, also what logic would absorb.
        let Ok(answer) = answer else { return Ok(()) };
        if answer == memory {
            return Ok(());
        }
        Err(format!(
            "`{}` for Order {id}\n  in memory: {memory:?}\n  {database}: {answer:?}\n{}\n{:?}\ninput {:?}\n{}",
            self.text,
            fragment.sql,
            fragment.parameters.iter().map(|p| (&p.value.kind, p.encoding)).collect::<Vec<_>>(),
            self.input,
            self.world.describe()
        ))
    }
}

fn agree(several: bool) {
    let mut client = postgresql();
    let counts = [const { Cell::new(0u32) }; 3];
    let schema = several_currencies(several);
    let tables = client.as_mut().map(|client| PostgreSql::tables(&schema, client));
    let tables = RefCell::new(tables);
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400);
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let bytes = (vec(any::<u8>(), 0..100), vec(any::<u8>(), 0..300));
    let result = runner.run(&bytes, |(condition, data)| {
        let schema = schema.clone();
        let text = Generator::new(&condition, &schema).condition(3);
        let record = Type::Record(expression::RecordId(0));
        let mut choice = Choice::new(&condition);
        let input = schema.record(expression::RecordId(0)).fields.iter();
        let input = input.map(|field| world::value(&mut choice, &field.ty, &schema)).collect();
        let input = expression::assign(Value::Record(input), &record, &schema).expect("an input");
        let world = World::new(&data, schema);
        let mut tables = tables.borrow_mut();
        match (Case { text, world, input, tables: tables.as_mut() }).run() {
            Ok(outcome) => {
                let count = &counts[outcome as usize];
                count.set(count.get() + 1);
                Ok(())
            }
            Err(message) => Err(TestCaseError::fail(message)),
        }
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(message, _)) => panic!("{message}"),
        Err(other) => panic!("{other}"),
    }
    let [refused, not_translated, compared] = counts.map(|count| count.get());
    assert!(
        compared * 2 > refused + not_translated + compared,
        "{refused} refused, {not_translated} without SQL, {compared} compared"
    );
}

#[test]
fn memory_and_databases_agree() {
    agree(false);
}

#[test]
fn memory_and_databases_agree_about_several_currencies() {
    agree(true);
}
