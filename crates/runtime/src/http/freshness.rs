//! For how long others may hold an answer, and how they learn that it is still right (RFC 9111,
//! RFC 9110 sections 8.8.3 and 13.1.2).

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use decide::kept::Kept;
use expression::{
    FieldIndex, Type,
    ir::{Expression, Kind, VariableIndex},
};
use hyper::HeaderMap;
use hyper::header::{AGE, AUTHORIZATION, CACHE_CONTROL, HeaderValue, VARY};
use model::Model;
use model::model::{Modifiers, Operation, OutputValue};
use sha2::{Digest as _, Sha256};

/// What distinguishes callers: a cache must not take one's answer for another's.
const BY_CALLER: HeaderValue = HeaderValue::from_static("authorization, cookie, x-api-key");

/// What an operation's answers say about themselves.
#[derive(Debug)]
pub(super) struct Freshness {
    /// `Cache-Control` of answers to nobody in particular.
    public: Option<HeaderValue>,
    /// Whether an answer is the same as long as the row's version is.
    by_version: bool,
}

impl Freshness {
    pub(super) fn of(model: &Model, operation: &Operation, kept: Option<&Kept>) -> Self {
        let seconds = kept.and_then(|kept| Some((kept.browsers?, kept.refresh)));
        let public =
            seconds.filter(|_| impersonal(model, operation)).map(|of| directives(of.0, of.1));
        Self { public: public.flatten(), by_version: by_version(model, operation) }
    }

    /// The tag of a row's version where it says whether the answer has changed.
    pub(super) const fn validates(&self) -> bool {
        self.by_version
    }

    /// The tag of a page that others may hold: computing it takes as long as reading the page, so
    /// that no other page has one.
    pub(super) fn tag(&self, body: &[u8]) -> Option<String> {
        self.public.as_ref()?;
        let digest = Sha256::digest(body);
        let half = digest.get(..16).unwrap_or_default();
        Some(format!("\"{}\"", URL_SAFE_NO_PAD.encode(half)))
    }

    /// Says who may hold an answer, and how old it is already.
    pub(super) fn say(
        &self,
        to: &mut HeaderMap,
        asked: &HeaderMap,
        anonymous: bool,
        age: Option<Duration>,
    ) {
        if let Some(age) = age {
            // Rounded up: nobody may hold it for longer than it is worth.
            let seconds = age.as_secs() + u64::from(age.subsec_nanos() > 0);
            to.insert(AGE, seconds.into());
        }
        if let Some(public) = &self.public {
            to.append(VARY, BY_CALLER);
            if anonymous && !asked.contains_key(AUTHORIZATION) {
                to.insert(CACHE_CONTROL, public.clone());
            }
        }
    }
}

/// `public, max-age=..`; a popular answer is asked for again before its end, while the one at hand
/// still serves (RFC 5861).
fn directives(seconds: f64, refresh: Option<f64>) -> Option<HeaderValue> {
    let whole = |seconds: f64| Duration::try_from_secs_f64(seconds).map(|of| of.as_secs()).ok();
    let all = whole(seconds)?;
    let before = refresh.and_then(|share| whole(share * seconds));
    let before = before.filter(|before| (1..all).contains(before));
    let text = match before {
        Some(before) => {
            format!("public, max-age={before}, stale-while-revalidate={}", all - before)
        }
        None => format!("public, max-age={all}"),
    };
    HeaderValue::try_from(text).ok()
}

/// Whether an answer says nothing about a person.
fn impersonal(model: &Model, operation: &Operation) -> bool {
    let Some(entity) = operation.entity().map(|id| model.entity(id)) else { return false };
    let personal = |modifiers: &Modifiers| {
        modifiers.pii || modifiers.sensitive || modifiers.secret || modifiers.internal
    };
    operation.fields.iter().all(|output| match &output.value {
        OutputValue::Field(index) => !personal(&entity.field(*index).modifiers),
        OutputValue::Part(part, fields) => {
            let part = entity.parts.get(usize::from(*part));
            let field = |at: &FieldIndex| part.and_then(|part| part.fields.get(usize::from(at.0)));
            fields.iter().all(|at| field(at).is_some_and(|field| !personal(&field.modifiers)))
        }
        // What it is computed from is not known here.
        OutputValue::Expression(_) => false,
    })
}

/// Whether an answer holds nothing but what the row itself says: not what it refers to, nor what
/// depends on the time or on who asks.
fn by_version(model: &Model, operation: &Operation) -> bool {
    let Some(entity) = operation.entity().map(|id| model.entity(id)) else { return false };
    operation.fields.iter().all(|output| match &output.value {
        // Addresses of files end some time.
        OutputValue::Field(index) => {
            !matches!(entity.field(*index).ty.required(), Type::File { .. })
        }
        OutputValue::Part(..) => true,
        OutputValue::Expression(value) => of_row_alone(value),
    })
}

fn of_row_alone(expression: &Expression) -> bool {
    let own = |of: &Expression| {
        of.kind == Kind::Variable(VariableIndex::SELF)
            || !matches!(of.ty.required(), Type::Reference(_))
    };
    let alone = match &expression.kind {
        // An input may be the time.
        Kind::Variable(
            VariableIndex::ACTOR
            | VariableIndex::NOW
            | VariableIndex::TENANT
            | VariableIndex::INPUT,
        )
        | Kind::EntityRows(_) => false,
        Kind::Field { of, .. } | Kind::PartRows { of, .. } => own(of),
        _ => true,
    };
    alone && expression.children().all(of_row_alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_popular_answer_is_asked_for_before_its_end() {
        assert_eq!(directives(59.0, None).unwrap(), "public, max-age=59");
        let said = |seconds, refresh| directives(seconds, refresh).unwrap();
        assert_eq!(said(59.0, Some(0.8)), "public, max-age=47, stale-while-revalidate=12");
        assert_eq!(said(1.0, Some(0.8)), "public, max-age=1");
    }
}
