//! The query of an address: nothing but what the operation says is understood.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use decide::filters::most_orders;
use expression::{FieldIndex, Type};
use model::{
    Model,
    model::{Operation, OperationKind, Target},
};

use super::asked::{self, InputParameter};
use super::cursor::{self, Question};
use super::filters::{self, FilterPlan};
use crate::call::{Caller, Cursor, InputValues, Near, PageRequest};
use crate::json;
use crate::problem::{Problem, code};

/// Rows of a page where the request does not say.
const PAGE_DEFAULT: u32 = 50;
/// Most rows of a page.
const PAGE_LIMIT: u32 = 1000;
/// Longest search text, in characters.
const SEARCH_LIMIT: usize = 200;
/// Half the circumference of the earth, in metres: everything is at most this far away.
const FARTHEST: f64 = 20_037_508.0;

/// What the query of an operation may hold.
#[derive(Debug, Default)]
pub(super) struct QueryPlan {
    list: bool,
    /// Whether its rows can be counted: those of a log are not.
    counts: bool,
    filters: Vec<FilterPlan>,
    inputs: Vec<InputParameter>,
    /// As clients write them, for example `-placed_at`.
    sorts: Vec<String>,
    /// How many of them at once.
    most_sorts: u32,
    /// Types of the sort fields.
    sort_types: Vec<Type>,
    search: bool,
    near: bool,
    currencies: Vec<Arc<str>>,
    /// All names, for suggestions.
    names: Vec<String>,
}

/// What cursors hold of rows that come nearest first.
const PLACE: &Type = &Type::Geo;

/// The parameter by which references are followed.
const EXPAND: &str = "expand";
/// The parameter by which the rows of all pages are counted.
const COUNT: &str = "count";

impl QueryPlan {
    pub(super) fn new(model: &Model, operation: &Operation) -> Self {
        let inputs = asked::of(operation);
        let currencies = model.schema.settings.currencies.clone();
        let Some(entity) = operation.entity().filter(|_| operation.kind == OperationKind::List)
        else {
            let names = inputs.iter().map(|input| input.name.clone()).collect();
            return Self { inputs, currencies, names, ..Self::default() };
        };
        let shape = model.shape(entity);
        let field = |index: FieldIndex| shape.fields.get(usize::from(index.0));
        let mut plan = Self {
            list: true,
            counts: matches!(operation.target, Target::Entity(_)),
            search: operation.search,
            near: operation.near.is_some(),
            inputs,
            most_sorts: most_orders(operation),
            currencies,
            ..Self::default()
        };
        for &index in &operation.filter {
            let Some(shape) = field(index) else { continue };
            plan.filters.extend(filters::of_field(index, &shape.name, &shape.ty));
        }
        for sort in operation.sort_orders() {
            let Some(shape) = field(sort.field) else { continue };
            let sign = if sort.descending { "-" } else { "" };
            plan.sorts.push(format!("{sign}{}", shape.name));
            plan.sort_types.push(shape.ty.clone());
        }
        plan.names = plan.own_names();
        // What every list has goes before a field that is called like it.
        plan.filters.retain(|of| of.name != EXPAND && !plan.names.contains(&of.name));
        plan.names.extend(plan.filters.iter().map(|filter| filter.name.clone()));
        plan.names.extend(plan.inputs.iter().map(|input| input.name.clone()));
        plan
    }

    /// The same for an operation whose answer has references that can be followed.
    pub(super) fn that_expands(mut self) -> Self {
        self.names.push(EXPAND.to_owned());
        self
    }

    /// All but the filters.
    fn own_names(&self) -> Vec<String> {
        let named = [
            (true, "limit"),
            (true, "after"),
            (!self.sorts.is_empty(), "sort"),
            (self.counts, COUNT),
            (self.search, "q"),
            (self.near, "near"),
            (self.near, "within"),
        ];
        named.into_iter().filter(|&(there, _)| there).map(|(_, name)| name.to_owned()).collect()
    }

    /// What a query asks for.
    pub(super) fn read(&self, query: &str, context: &Context<'_>) -> Result<Asked, Problem> {
        let pairs = pairs(query)?;
        if let Some((name, _)) =
            pairs.iter().find(|(name, _)| !self.names.iter().any(|n| n == name))
        {
            return Err(self.unknown(name));
        }
        self.refuse_repeats(&pairs)?;
        let values = |of: &str| -> Vec<&str> {
            pairs.iter().filter(|(name, _)| **name == *of).map(|(_, value)| &**value).collect()
        };
        let input = |of: &InputParameter| of.read(&values(&of.name), &self.currencies);
        let input = InputValues::of(self.inputs.iter().map(input).collect::<Result<_, _>>()?);
        if !self.list {
            return Ok(Asked { page: None, input, selection: String::new() });
        }
        let mut page = PageRequest { limit: PAGE_DEFAULT, ..PageRequest::default() };
        let mut after = None;
        for (name, value) in &pairs {
            match &**name {
                "after" => after = Some(value),
                EXPAND => {}
                name if self.filter(name).is_some() || self.input(name).is_some() => {}
                name => self.parameter(&mut page, name, value)?,
            }
        }
        for filter in &self.filters {
            let values = values(&filter.name);
            if !values.is_empty() {
                page.filters.extend(filter.read(&values, &self.currencies)?);
            }
        }
        if let Some(near) = page.near.as_mut() {
            near.within = pairs
                .iter()
                .find(|(name, _)| name == "within")
                .map(|(_, value)| metres(value))
                .transpose()?;
        } else if pairs.iter().any(|(name, _)| name == "within") {
            return Err(invalid("within", "Means nothing without `near`."));
        }
        let selection = selection(pairs.iter());
        page.after = self.go_on(&page, &selection, after.map(|text| &**text), context)?;
        Ok(Asked { page: Some(page), input, selection })
    }

    fn filter(&self, name: &str) -> Option<&FilterPlan> {
        self.filters.iter().find(|filter| filter.name == name)
    }

    fn input(&self, name: &str) -> Option<&InputParameter> {
        self.inputs.iter().find(|input| input.name == name)
    }

    /// A parameter comes once, since readers disagree which value counts; but filters take several.
    fn refuse_repeats(&self, pairs: &[Pair<'_>]) -> Result<(), Problem> {
        let earlier = |at: usize| pairs.get(..at).unwrap_or_default().iter();
        let again = |(at, (name, _)): &(usize, &Pair<'_>)| {
            earlier(*at).any(|(other, _)| other == name)
                && !self.filter(name).is_some_and(FilterPlan::repeats)
                && !self.input(name).is_some_and(|input| input.several)
        };
        match pairs.iter().enumerate().find(again) {
            Some((_, (name, _))) => Err(invalid(name, "Given more than once.")),
            None => Ok(()),
        }
    }

    /// Resolves the cursor, which is bound to everything else that was asked.
    fn go_on(
        &self,
        page: &PageRequest,
        selection: &str,
        after: Option<&str>,
        context: &Context<'_>,
    ) -> Result<Option<Cursor>, Problem> {
        let Some(text) = after else { return Ok(None) };
        let question = context.question(selection);
        let sorted_by: Vec<&Type> = match page.sort.as_slice() {
            [] if page.near.is_some() => vec![PLACE],
            [] => self.sort_types.first().into_iter().collect(),
            chosen => chosen.iter().filter_map(|at| self.sort_types.get(*at)).collect(),
        };
        let cursor = cursor::read(context.key, &question, &sorted_by, text);
        cursor.map(Some).ok_or_else(|| Problem::new(&code::INVALID_CURSOR))
    }

    /// The orders of a text: at most so many, each of another field.
    fn orders(&self, text: &str) -> Result<Vec<usize>, Problem> {
        let mut chosen: Vec<usize> = Vec::new();
        let field = |at: usize| self.sorts.get(at).map(|sort| sort.trim_start_matches('-'));
        let most = self.most_sorts;
        if text.split(',').count() > most as usize {
            return Err(invalid("sort", &format!("Expected at most {most}, with commas.")));
        }
        for order in text.split(',') {
            let at = self.sorts.iter().position(|sort| sort == order).ok_or_else(|| {
                let names = base::one_of(self.sorts.iter().map(String::as_str));
                invalid("sort", &format!("Expected {names}."))
            })?;
            // Rows that are equal in a field stay so when they are asked for it again.
            if !chosen.iter().any(|other| field(*other) == field(at)) {
                chosen.push(at);
            }
        }
        Ok(chosen)
    }

    fn unknown(&self, name: &str) -> Problem {
        let name: String = name.chars().take(60).collect();
        let known = self.names.iter().map(String::as_str);
        let detail = match base::did_you_mean(&name, known.clone()) {
            Some(near) => format!("`{name}` is not known here; did you mean `{near}`?"),
            None if self.names.is_empty() => format!("`{name}`: no parameter is expected here."),
            None => format!("`{name}` is not known here; expected {}.", base::one_of(known)),
        };
        Problem::new(&code::UNKNOWN_PARAMETER).detail(detail)
    }

    fn parameter(&self, page: &mut PageRequest, name: &str, value: &str) -> Result<(), Problem> {
        match name {
            "limit" => {
                let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
                let limit =
                    value.parse().ok().filter(|limit| digits && (1..=PAGE_LIMIT).contains(limit));
                page.limit = limit.ok_or_else(|| invalid("limit", "Expected 1 to 1000."))?;
            }
            "sort" if !self.sorts.is_empty() => {
                page.sort = self.orders(value)?;
            }
            "q" if self.search => {
                let length = value.chars().count();
                if length == 0 || length > SEARCH_LIMIT {
                    return Err(invalid("q", "Expected 1 to 200 characters."));
                }
                if value.contains('\0') {
                    return Err(invalid("q", "No text may hold the character U+0000."));
                }
                page.search = Some(value.to_owned());
            }
            "near" if self.near => {
                let point = json::parse_point(value);
                let point =
                    point.ok_or_else(|| invalid("near", "Expected `lat,lon` in degrees."))?;
                page.near = Some(Near { point, within: None });
            }
            "within" if self.near => {}
            COUNT if self.counts => {
                page.count = match value {
                    "true" => true,
                    "false" => false,
                    _ => return Err(invalid(COUNT, "Expected true or false.")),
                };
            }
            _ => return Err(self.unknown(name)),
        }
        Ok(())
    }
}

/// What is needed to open and seal cursors.
pub(super) struct Context<'a> {
    pub(super) key: &'a [u8; 32],
    pub(super) operation: &'a str,
    pub(super) caller: &'a Caller,
}

impl Context<'_> {
    fn question<'a>(&'a self, selection: &'a str) -> Question<'a> {
        Question { operation: self.operation, selection, caller: self.caller }
    }
}

/// What an address asks for.
#[derive(Debug)]
pub(super) struct Asked {
    /// Of a list.
    pub(super) page: Option<PageRequest>,
    pub(super) input: InputValues,
    /// What the cursors of the page are bound to.
    pub(super) selection: String,
}

impl Asked {
    /// The text by which the page after this one is asked for; empty at the end.
    pub(super) fn next(selection: &str, context: &Context<'_>, next: Option<&Cursor>) -> String {
        next.map(|next| cursor::write(context.key, &context.question(selection), next))
            .unwrap_or_default()
    }
}

/// A parameter's name and value, decoded.
type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

pub(super) fn invalid(name: &str, detail: &str) -> Problem {
    Problem::new(&code::INVALID_PARAMETER).detail(format!("`{name}`: {detail}"))
}

/// The text of `expand`, of a query that was read already.
pub(super) fn expand(query: &str) -> Option<Cow<'_, str>> {
    if !query.contains(EXPAND) && !query.contains('%') {
        return None;
    }
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs
        .filter_map(|(name, value)| Some((decode(name, true)?, value)))
        .find(|(name, _)| name == EXPAND)
        .and_then(|(_, value)| decode(value, true))
}

/// Everything that chooses and orders rows: all parameters but where, how long and how wide the
/// page is.
fn selection<'a>(pairs: impl Iterator<Item = &'a Pair<'a>>) -> String {
    let others = |(name, _): &&Pair<'a>| !["after", "limit", EXPAND, COUNT].contains(&&**name);
    let mut chosen: Vec<_> = pairs.filter(others).collect();
    chosen.sort();
    chosen.dedup();
    chosen.into_iter().fold(String::new(), |mut text, (name, value)| {
        let _ = write!(text, "{}:{name}{}:{value}", name.len(), value.len());
        text
    })
}

/// Names and values, decoded.
fn pairs(query: &str) -> Result<Vec<Pair<'_>>, Problem> {
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (decode(name, true), decode(value, true)) else {
            let detail = "The query is not percent-encoded UTF-8.";
            return Err(Problem::new(&code::MALFORMED_REQUEST).detail(detail));
        };
        if pairs.len() == 64 {
            return Err(Problem::new(&code::MALFORMED_REQUEST).detail("Too many parameters."));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// Undoes percent-encoding; `None` where it is broken or not UTF-8.
pub(super) fn decode(text: &str, plus_is_space: bool) -> Option<Cow<'_, str>> {
    let special = |b: u8| b == b'%' || (plus_is_space && b == b'+');
    if !text.bytes().any(special) {
        return Some(Cow::Borrowed(text));
    }
    let hex =
        |b: Option<u8>| char::from(b?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next())? * 16 + hex(bytes.next())?,
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

/// `5km`, `500m`: in metres.
fn metres(text: &str) -> Result<f64, Problem> {
    let (number, unit) = match text.strip_suffix("km") {
        Some(number) => (number, 1000.0),
        None => (text.strip_suffix('m').unwrap_or_default(), 1.0),
    };
    let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let distance = number.parse::<f64>().ok().filter(|_| plain).map(|number| number * unit);
    let distance = distance.filter(|distance| *distance > 0.0 && *distance <= FARTHEST);
    distance.ok_or_else(|| invalid("within", "Expected a distance such as 500m or 5km."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_is_undone_or_refused() {
        assert_eq!(decode("a%20b+c", true).as_deref(), Some("a b c"));
        assert_eq!(decode("a+b", false).as_deref(), Some("a+b"));
        for bad in ["%", "%2", "%zz", "%ff", "%+1"] {
            assert_eq!(decode(bad, true), None, "{bad}");
        }
    }

    #[test]
    fn distances() {
        assert!(metres("5km").is_ok_and(|metres| (metres - 5000.0).abs() < 1e-9));
        assert!(metres("0.5m").is_ok());
        for bad in ["", "km", "5", "-5km", "5mi", "1e3m", "0m", "99999km", "infm", "nankm"] {
            assert!(metres(bad).is_err(), "{bad}");
        }
    }
}
