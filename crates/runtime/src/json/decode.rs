//! A request body becomes values, or everything that is wrong with it.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use expression::Value;

use super::input::{Absent, InputPlan, ObjectPlan, PropertyPlan, ValuePlan};
use super::lexer::{Lexed, Lexer, Malformed, MalformedKind, Token};
use super::scalar;
use crate::call::{InputValues, Member};
use crate::problem::{FieldError, Problem, code};

/// Most errors that an answer lists; more of them would only help an attacker.
const ERROR_LIMIT: usize = 50;

/// Decodes a body. The values are in the order of the operation's parameters: `None` where the
/// property is absent, `Some(Value::Null)` where it is null.
///
/// `now`, in microseconds since the epoch, is what fields of part rows start as that default to it.
///
/// # Errors
/// Everything that is wrong, up to fifty errors; malformed JSON alone.
pub fn read_input(plan: &InputPlan, body: &[u8], now: i64) -> Result<InputValues, Problem> {
    read(plan, body, now, true)
}

/// The same for protocols in which a value of `types` is always a whole one, in an update as well.
///
/// # Errors
/// As [`read_input`].
pub fn read_whole_input(plan: &InputPlan, body: &[u8], now: i64) -> Result<InputValues, Problem> {
    read(plan, body, now, false)
}

fn read(plan: &InputPlan, body: &[u8], now: i64, merges: bool) -> Result<InputValues, Problem> {
    if body.is_empty() && plan.body_optional {
        return Ok(InputValues::of(vec![None; plan.object.properties.len()]));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        let detail = format!("The body is not UTF-8 at byte {}.", error.valid_up_to());
        Problem::new(&code::MALFORMED_JSON).detail(detail)
    })?;
    let mut decoder = Decoder {
        lexer: Lexer::new(text.strip_prefix('\u{feff}').unwrap_or(text)),
        currencies: &plan.currencies,
        now,
        merges,
        path: Vec::new(),
        errors: Vec::new(),
    };
    let values = decoder.body(&plan.object).map_err(|malformed| rejection(text, malformed))?;
    if decoder.errors.is_empty() { Ok(values) } else { Err(invalid(decoder.errors)) }
}

/// A property that does not exist is most likely why others are missing: it names the problem.
fn invalid(errors: Vec<FieldError>) -> Problem {
    let unknown = errors.iter().any(|error| error.code == code::UNKNOWN_PROPERTY.code);
    let code = if unknown { &code::UNKNOWN_PROPERTY } else { &code::VALIDATION_FAILED };
    Problem { errors, ..Problem::new(code) }
}

fn rejection(text: &str, malformed: Malformed) -> Problem {
    let head = text.as_bytes().get(..malformed.at).unwrap_or_default();
    let line = head.iter().filter(|&&byte| byte == b'\n').count() + 1;
    let column = head.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
    let (code, what) = match malformed.kind {
        MalformedKind::Syntax(what) => (&code::MALFORMED_JSON, what),
        MalformedKind::TooDeep => (&code::MALFORMED_JSON, "more than 32 levels of nesting"),
        MalformedKind::DuplicateProperty => {
            (&code::DUPLICATE_PROPERTY, "the object already has this property")
        }
    };
    Problem::new(code).detail(format!("Line {line}, byte {column}: {what}."))
}

/// A step of the pointer to the value at hand.
enum Step<'a> {
    Property(Cow<'a, str>),
    Item(usize),
}

pub(super) struct Decoder<'a> {
    lexer: Lexer<'a>,
    pub(super) currencies: &'a [Arc<str>],
    now: i64,
    /// Whether values of `types` are merged where the plan says so.
    merges: bool,
    path: Vec<Step<'a>>,
    errors: Vec<FieldError>,
}

impl<'a> Decoder<'a> {
    fn body(&mut self, plan: &'a ObjectPlan) -> Lexed<InputValues> {
        let mut input = InputValues::default();
        if self.lexer.peek()? == Token::Object {
            let members = self.given(plan, |decoder, of| decoder.member(of, of.merges))?;
            for (at, (property, member)) in plan.properties.iter().zip(members).enumerate() {
                input.values.push(match member {
                    Some(Member::Value(value)) => Some(value),
                    Some(Member::Merge(members)) => {
                        input.merges.insert(at, members);
                        None
                    }
                    None => self.absent(property),
                });
            }
        } else {
            let found = self.lexer.peek()?;
            self.lexer.skip()?;
            self.wrong_type("an object", found);
        }
        self.lexer.end()?;
        Ok(input)
    }

    /// A property, of which members may be merged. Within one that is, so are its own.
    fn member(&mut self, property: &'a PropertyPlan, merges: bool) -> Lexed<Member> {
        if let (ValuePlan::Object(plan), true) = (&property.value, merges && self.merges)
            && self.lexer.peek()? == Token::Object
        {
            let members = self.given(plan, |decoder, of| decoder.member(of, true))?;
            return Ok(Member::Merge(members));
        }
        // A wrong value still counts as present.
        let value = self.nullable(&property.value, property.nullable)?;
        Ok(Member::Value(value.unwrap_or_default()))
    }

    /// The properties of an object, absent ones as `None` where the plan reports them.
    fn properties(&mut self, plan: &'a ObjectPlan) -> Lexed<Vec<Option<Value>>> {
        let mut values = self.given(plan, |decoder, of| {
            Ok(decoder.nullable(&of.value, of.nullable)?.unwrap_or_default())
        })?;
        for (property, slot) in plan.properties.iter().zip(&mut values) {
            if slot.is_none() {
                *slot = self.absent(property);
            }
        }
        Ok(values)
    }

    /// The properties that an object has.
    fn given<T: Clone>(
        &mut self,
        plan: &'a ObjectPlan,
        mut read: impl FnMut(&mut Self, &'a PropertyPlan) -> Lexed<T>,
    ) -> Lexed<Vec<Option<T>>> {
        let mut values: Vec<Option<T>> = vec![None; plan.properties.len()];
        let mut unknown: Vec<Cow<'a, str>> = Vec::new();
        self.lexer.open_object()?;
        let mut first = true;
        while let Some(key) = self.lexer.next_key(first)? {
            first = false;
            let found = plan.properties.iter().position(|property| property.name == key);
            let Some((at, property)) = found.and_then(|at| Some((at, plan.properties.get(at)?)))
            else {
                self.unknown(plan, key, &mut unknown)?;
                continue;
            };
            let Some(slot) = values.get_mut(at) else { continue };
            if slot.is_some() {
                return Err(self.lexer.duplicate());
            }
            self.path.push(Step::Property(Cow::Borrowed(&property.name)));
            *slot = Some(read(self, property)?);
            self.path.pop();
        }
        Ok(values)
    }

    fn absent(&mut self, property: &'a PropertyPlan) -> Option<Value> {
        match &property.absent {
            Absent::Required => {
                self.path.push(Step::Property(Cow::Borrowed(&property.name)));
                self.error("required", "The property is required.");
                self.path.pop();
                None
            }
            Absent::Reported => None,
            Absent::Value(value) => Some(value.clone()),
            Absent::Now => Some(Value::Timestamp(self.now)),
        }
    }

    fn unknown(
        &mut self,
        plan: &ObjectPlan,
        key: Cow<'a, str>,
        seen: &mut Vec<Cow<'a, str>>,
    ) -> Lexed<()> {
        if seen.contains(&key) {
            return Err(self.lexer.duplicate());
        }
        self.lexer.skip()?;
        if self.errors.len() >= ERROR_LIMIT {
            // Neither told nor remembered: suggestions are not free, and it is refused anyway.
            return Ok(());
        }
        let near = base::did_you_mean(&key, plan.properties.iter().map(|p| p.name.as_str()));
        let detail = match near {
            Some(name) => format!("No such property; did you mean `{name}`?"),
            None if plan.properties.is_empty() => "No property is expected here.".to_owned(),
            None => {
                let names = base::one_of(plan.properties.iter().map(|p| p.name.as_str()));
                format!("No such property; expected {names}.")
            }
        };
        self.path.push(Step::Property(key));
        self.error("unknown-property", &detail);
        if let Some(Step::Property(key)) = self.path.pop() {
            seen.push(key);
        }
        Ok(())
    }

    /// A value, or `None` after an error was recorded.
    fn nullable(&mut self, plan: &'a ValuePlan, nullable: bool) -> Lexed<Option<Value>> {
        if self.lexer.peek()? != Token::Null {
            return self.value(plan);
        }
        self.lexer.null()?;
        if nullable {
            return Ok(Some(Value::Null));
        }
        self.error("null", "The value must not be null.");
        Ok(None)
    }

    fn value(&mut self, plan: &'a ValuePlan) -> Lexed<Option<Value>> {
        match plan {
            ValuePlan::Scalar(ty) => scalar::read(self, ty),
            ValuePlan::List { of, nullable, min, max } => self.list(of, *nullable, *min, *max),
            ValuePlan::Object(plan) => self.object(plan),
        }
    }

    fn object(&mut self, plan: &'a ObjectPlan) -> Lexed<Option<Value>> {
        if !self.expect(Token::Object, "an object")? {
            return Ok(None);
        }
        let values = self.properties(plan)?;
        Ok(Some(Value::Record(values.into_iter().map(Option::unwrap_or_default).collect())))
    }

    fn list(
        &mut self,
        of: &'a ValuePlan,
        nullable: bool,
        min: u32,
        max: u32,
    ) -> Lexed<Option<Value>> {
        if !self.expect(Token::Array, "an array")? {
            return Ok(None);
        }
        let mut items = Vec::new();
        let mut count = 0_usize;
        self.lexer.open_array()?;
        while self.lexer.next_item(count == 0)? {
            if count < max as usize {
                self.path.push(Step::Item(count));
                items.push(self.nullable(of, nullable)?.unwrap_or_default());
                self.path.pop();
            } else {
                self.lexer.skip()?;
            }
            count += 1;
        }
        if count < min as usize || count > max as usize {
            let code = if count < min as usize { "too-few-items" } else { "too-many-items" };
            self.error(code, &format!("Expected {min} to {max} items, found {count}."));
            return Ok(None);
        }
        Ok(Some(Value::List(items.into())))
    }

    /// Whether the next value is of a kind; else it is skipped and an error recorded.
    pub(super) fn expect(&mut self, token: Token, expected: &str) -> Lexed<bool> {
        let found = self.lexer.peek()?;
        if found == token {
            return Ok(true);
        }
        self.lexer.skip()?;
        self.wrong_type(expected, found);
        Ok(false)
    }

    fn wrong_type(&mut self, expected: &str, found: Token) {
        self.error("invalid-type", &format!("Expected {expected}, found {}.", found.name()));
    }

    pub(super) fn lexer(&mut self) -> &mut Lexer<'a> {
        &mut self.lexer
    }

    /// Reads the named members of a small object; each must be there once and nothing else.
    pub(super) fn members<const N: usize>(
        &mut self,
        names: [&'static str; N],
        mut read: impl FnMut(&mut Self, usize) -> Lexed<()>,
    ) -> Lexed<()> {
        let mut seen = [false; N];
        let mut unknown: Vec<Cow<'a, str>> = Vec::new();
        let mut first = true;
        self.lexer.open_object()?;
        while let Some(key) = self.lexer.next_key(first)? {
            first = false;
            let Some(at) = names.iter().position(|name| *name == key) else {
                if unknown.contains(&key) {
                    return Err(self.lexer.duplicate());
                }
                self.lexer.skip()?;
                self.path.push(Step::Property(key.clone()));
                self.error("unknown-property", &format!("Expected {}.", base::one_of(names)));
                self.path.pop();
                if unknown.len() < ERROR_LIMIT {
                    unknown.push(key);
                }
                continue;
            };
            if std::mem::replace(&mut seen[at], true) {
                return Err(self.lexer.duplicate());
            }
            self.path.push(Step::Property(Cow::Borrowed(names[at])));
            read(self, at)?;
            self.path.pop();
        }
        for (name, seen) in names.into_iter().zip(seen) {
            if !seen {
                self.path.push(Step::Property(Cow::Borrowed(name)));
                self.error("required", "The property is required.");
                self.path.pop();
            }
        }
        Ok(())
    }

    pub(super) fn error(&mut self, code: &'static str, detail: &str) {
        if self.errors.len() < ERROR_LIMIT {
            let pointer = pointer(&self.path);
            self.errors.push(FieldError {
                pointer,
                code: Cow::Borrowed(code),
                detail: detail.to_owned(),
            });
        }
    }
}

/// RFC 6901; names that a client made up are cut, so that an answer stays small.
fn pointer(path: &[Step<'_>]) -> String {
    let mut pointer = String::new();
    for step in path {
        match step {
            Step::Property(name) => {
                let name: String = name.chars().take(100).collect();
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            }
            Step::Item(at) => {
                let _ = write!(pointer, "/{at}");
            }
        }
    }
    pointer
}
