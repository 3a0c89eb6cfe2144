//! `type`: `string(1..200)`, `decimal(3,2)`, `list(type, 0..10)`, `enum(a, b)`, `catalog.Product`.

use base::did_you_mean;
use expression::Type;
use expression::types::{DECIMAL_DIGITS, INT_LIMIT, TEXT_LIMIT, TextFormat};
use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::path::path;
use super::range::range;
use super::{Parsed, Problem, Scan, ShortForm, Sizes, size};
use crate::syntax::{ListItem, RangeSyntax, TypeKind, TypeSyntax};

/// A type, without `?`.
pub(crate) struct TypeForm;

impl ShortForm for TypeForm {
    type Value = TypeSyntax;
    const NAME: &'static str = "a type";
    const EXAMPLES: &'static [&'static str] = &[
        "string(1..200)",
        "money(0..)",
        "list(string, ..10)",
        "enum(new, used)",
        "catalog.Product",
    ];

    fn parse(scan: &mut Scan<'_>) -> Parsed<TypeSyntax> {
        type_syntax(scan, 0)
    }
}

/// The built-in types; the first word of a type that is not the name of an entity.
const BUILT_IN_TYPES: [&str; 20] = [
    "string",
    "text",
    "markdown",
    "int",
    "decimal",
    "money",
    "float",
    "bool",
    "date",
    "time",
    "timestamp",
    "duration",
    "uuid",
    "email",
    "url",
    "phone",
    "geo",
    "json",
    "file",
    "enum",
];

/// The names that the language has for types.
pub(crate) fn type_names() -> impl Iterator<Item = &'static str> {
    BUILT_IN_TYPES.into_iter().chain(["list"])
}

/// Most levels of `list(list(..))`.
const NESTING: u32 = 8;

pub(super) fn type_syntax(scan: &mut Scan<'_>, depth: u32) -> Parsed<TypeSyntax> {
    let start = scan.at;
    let word = scan.text(scan.word_range());
    let kind = match word {
        "enum" => members(scan)?,
        "list" => list(scan, depth)?,
        "snapshot" => snapshot(scan)?,
        _ => match built_in(scan, word)? {
            Some(ty) => TypeKind::BuiltIn(ty),
            None => TypeKind::Name(name(scan)?),
        },
    };
    Ok(TypeSyntax { kind, span: scan.span(start..scan.at) })
}

/// An entity, a part or a value type: some word of it is capitalised.
fn name(scan: &mut Scan<'_>) -> Parsed<crate::syntax::Path> {
    let start = scan.at;
    let path = path(scan, "a type")?;
    let capital = |name: &str| name.starts_with(char::is_uppercase);
    let named = path.segments.iter().any(|segment| capital(segment));
    if named && scan.rest().starts_with('(') {
        let range = scan.at..scan.at + scan.rest().find(')').map_or(scan.rest().len(), |at| at + 1);
        return Err(Problem::new("bad-type", range, format!("`{path}` takes no arguments")));
    }
    if named {
        return Ok(path);
    }
    let message = format!("there is no type `{path}`");
    // At most so many characters, where ours would be exactly so many.
    let most = scan.rest().strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let most =
        most.and_then(|(most, _)| most.trim().parse::<u32>().ok().map(|of| (of, most.len())));
    if let ("varchar", Some((most, digits))) = (path.last(), most) {
        let meant = format!("string(0..{most})");
        let problem = Problem::new("unknown-type", start..scan.at + digits + 2, message);
        return Err(problem.help(format!("did you mean `{meant}`?")).fix(meant));
    }
    let problem = Problem::new("unknown-type", start..scan.at, message);
    let known = type_names();
    let meant = synonym(path.last()).or_else(|| did_you_mean(path.last(), known));
    Err(match meant {
        Some(name) => problem.help(format!("did you mean `{name}`?")).fix(name),
        None => problem.help("a built-in type, or an entity or value type in UpperCamel"),
    })
}

fn synonym(name: &str) -> Option<&'static str> {
    Some(match name {
        "str" | "varchar" | "char" => "string",
        "integer" | "bigint" | "long" | "number" => "int",
        "boolean" => "bool",
        "double" | "real" => "float",
        "datetime" | "instant" => "timestamp",
        "numeric" => "decimal",
        "array" => "list",
        "guid" | "id" => "uuid",
        _ => return None,
    })
}

fn built_in(scan: &mut Scan<'_>, word: &str) -> Parsed<Option<Type>> {
    let start = scan.at;
    let text = |format| Type::Text { format, min: 0, max: TEXT_LIMIT };
    let line = |format, max| Type::Text { format, min: 0, max };
    let fixed = match word {
        "text" => Some(text(TextFormat::Text)),
        "markdown" => Some(text(TextFormat::Markdown)),
        "email" => Some(line(TextFormat::Email, 254)),
        "url" => Some(line(TextFormat::Url, 2048)),
        "phone" => Some(line(TextFormat::Phone, 16)),
        "float" => Some(Type::Float),
        "bool" => Some(Type::Bool),
        "date" => Some(Type::Date),
        "time" => Some(Type::Time),
        "timestamp" => Some(Type::Timestamp),
        "duration" => Some(Type::Duration),
        "uuid" => Some(Type::Uuid),
        "geo" => Some(Type::Geo),
        "json" => Some(Type::Json),
        _ => None,
    };
    if !BUILT_IN_TYPES.contains(&word) || scan.rest()[word.len()..].starts_with('.') {
        return Ok(None);
    }
    scan.at += word.len();
    if fixed.is_some() {
        if scan.rest().starts_with('(') {
            let end = scan.rest().find(')').map_or(scan.rest().len(), |at| at + 1);
            let message = format!("`{word}` takes no arguments");
            return Err(Problem::new("bad-type", scan.at..scan.at + end, message));
        }
        return Ok(fixed);
    }
    let ty = match word {
        "string" => string(scan),
        "int" => int(scan),
        "money" => money(scan),
        "decimal" => decimal(scan, start),
        _ => file(scan, start),
    };
    ty.map(Some)
}

/// What stands between parentheses, if they are there.
fn arguments<T>(
    scan: &mut Scan<'_>,
    read: impl FnOnce(&mut Scan<'_>) -> Parsed<T>,
) -> Parsed<Option<T>> {
    if !scan.eat("(") {
        return Ok(None);
    }
    scan.skip_space();
    let value = read(scan)?;
    scan.skip_space();
    if !scan.eat(")") {
        return Err(scan.expected("`)`"));
    }
    Ok(Some(value))
}

fn string(scan: &mut Scan<'_>) -> Parsed<Type> {
    let start = scan.at;
    let size = arguments(scan, Sizes::parse)?;
    let size = size.unwrap_or(RangeSyntax { min: None, max: Some(255) });
    let (min, max) = (size.min.unwrap_or(0), size.max.unwrap_or(TEXT_LIMIT));
    if max > TEXT_LIMIT || max == 0 {
        let message = format!("a string has between 1 and {TEXT_LIMIT} characters at most");
        return Err(Problem::implausible(start..scan.at, message));
    }
    Ok(Type::Text { format: TextFormat::String, min, max })
}

fn signed(scan: &mut Scan<'_>) -> Parsed<Decimal> {
    let negative = scan.eat("-");
    let number = scan.count()?;
    Ok(if negative { -number.value } else { number.value })
}

fn int(scan: &mut Scan<'_>) -> Parsed<Type> {
    let bound = |scan: &mut Scan<'_>| {
        let start = scan.at;
        let value = signed(scan)?;
        let whole = value.is_integer().then(|| value.to_i64()).flatten();
        whole.filter(|whole| whole.abs() <= INT_LIMIT).ok_or_else(|| {
            let message = "expected a whole number within ±(2^53-1)";
            Problem::implausible(start..scan.at, message)
        })
    };
    let bounds = arguments(scan, |scan| range(scan, bound))?.unwrap_or_default();
    let (min, max) = (bounds.min.unwrap_or(-INT_LIMIT), bounds.max.unwrap_or(INT_LIMIT));
    Ok(Type::Int { min, max })
}

fn money(scan: &mut Scan<'_>) -> Parsed<Type> {
    let bounds = arguments(scan, |scan| range(scan, signed))?.unwrap_or_default();
    Ok(Type::Money { min: bounds.min, max: bounds.max })
}

fn decimal(scan: &mut Scan<'_>, start: usize) -> Parsed<Type> {
    let digits = arguments(scan, |scan| {
        let precision = scan.number(false)?.value.to_u8();
        scan.skip_space();
        if !scan.eat(",") {
            return Err(scan.expected("`,` and the digits after the point"));
        }
        scan.skip_space();
        let scale = scan.number(false)?.value.to_u8();
        Ok(precision.zip(scale))
    })?;
    match digits.flatten() {
        Some((precision, scale))
            if (1..=DECIMAL_DIGITS).contains(&precision) && scale <= precision =>
        {
            Ok(Type::Decimal { precision, scale })
        }
        _ => {
            let message = "a decimal states all its digits (at most 18) and those after the point";
            Err(Problem::new("bad-type", start..scan.at, message)
                .help("for example `decimal(10,2)`"))
        }
    }
}

fn file(scan: &mut Scan<'_>, start: usize) -> Parsed<Type> {
    let bound = |scan: &mut Scan<'_>| size::Size::parse(scan).map(|bytes| bytes.0);
    let bounds = arguments(scan, |scan| range(scan, bound))?.unwrap_or_default();
    bounds.max.map(|max_bytes| Type::File { max_bytes }).ok_or_else(|| {
        Problem::new("bad-type", start..scan.at, "a file states its greatest size")
            .help("for example `file(..5MiB)`")
    })
}

fn members(scan: &mut Scan<'_>) -> Parsed<TypeKind> {
    let start = scan.at;
    scan.at += "enum".len();
    let members = arguments(scan, |scan| {
        let mut members = vec![scan.name("a word")?];
        loop {
            scan.skip_space();
            if !scan.eat(",") {
                return Ok(members);
            }
            scan.skip_space();
            members.push(scan.name("a word")?);
        }
    })?;
    members.map(TypeKind::Enum).ok_or_else(|| {
        Problem::new("bad-type", start..scan.at, "an enum states its members")
            .help("for example `enum(new, used)`")
    })
}

fn list(scan: &mut Scan<'_>, depth: u32) -> Parsed<TypeKind> {
    let start = scan.at;
    scan.at += "list".len();
    if depth >= NESTING {
        return Err(Problem::new("too-deep", start..scan.at, "lists are nested too deeply"));
    }
    let list = arguments(scan, |scan| {
        let of = type_syntax(scan, depth + 1)?;
        scan.skip_space();
        let mut size = None;
        if scan.eat(",") {
            scan.skip_space();
            let start = scan.at;
            let sizes = Sizes::parse(scan)?;
            size = Some(scan.spanned(sizes, start));
        }
        Ok(TypeKind::List { of: Box::new(ListItem::Type(of)), size })
    })?;
    list.ok_or_else(|| {
        Problem::new("bad-type", start..scan.at, "a list states what it holds")
            .help("for example `list(string, ..10)`")
    })
}

fn snapshot(scan: &mut Scan<'_>) -> Parsed<TypeKind> {
    let start = scan.at;
    scan.at += "snapshot".len();
    let entity = arguments(scan, |scan| path(scan, "an entity"))?;
    entity.map(TypeKind::Snapshot).ok_or_else(|| {
        Problem::new("bad-type", start..scan.at, "a snapshot states its entity")
            .help("for example `snapshot(Order)`")
    })
}
