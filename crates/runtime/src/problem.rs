//! Why a request was not done, as RFC 9457 problem details with stable codes.

use std::borrow::Cow;

/// A code of the runtime itself. Models add codes of their own (`else`, keys, invariants).
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Stable, kebab-case.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// What it means, the same for every occurrence.
    pub title: &'static str,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal $code:literal $title:literal;)*) => {
        /// The codes by name.
        pub mod code {
            use super::Code;
            $($(#[$doc])* #[doc = $title]
            pub static $name: Code = Code { code: $code, status: $status, title: $title };)*
        }

        /// Every code of the runtime, by status.
        pub static CODES: &[&Code] = &[$(&code::$name),*];
    };
}

codes! {
    MALFORMED_REQUEST = 400 "malformed-request" "The request cannot be read.";
    MALFORMED_JSON = 400 "malformed-json" "The body is not the JSON that was expected.";
    DUPLICATE_PROPERTY = 400 "duplicate-property" "The body holds an object with the same property twice.";
    UNKNOWN_PARAMETER = 400 "unknown-parameter" "The query holds a parameter that this operation does not have.";
    INVALID_PARAMETER = 400 "invalid-parameter" "A parameter of the query has an invalid value.";
    INVALID_CURSOR = 400 "invalid-cursor" "The cursor was not issued for this operation, filter and caller.";
    QUERY_TOO_COSTLY = 400 "query-too-costly" "The request asks for more rows, or follows references further, than one request may.";
    IDEMPOTENCY_KEY_REQUIRED = 400 "idempotency-key-required" "This operation needs an Idempotency-Key header.";
    UNAUTHENTICATED = 401 "unauthenticated" "This operation needs a caller who proved who it is.";
    INVALID_TOKEN = 401 "invalid-token" "The token is not valid here.";
    TOKEN_EXPIRED = 401 "token-expired" "The token is no longer valid.";
    INVALID_CREDENTIALS = 401 "invalid-credentials" "The login or the password is wrong.";
    INSUFFICIENT_AUTHENTICATION = 401 "insufficient-authentication" "The caller has to prove better who it is: by a second factor.";
    SECOND_FACTOR_REQUIRED = 401 "second-factor-required" "The password is right; the code of the second factor is missing.";
    INVALID_CODE = 401 "invalid-code" "The code is wrong, or was used before.";
    REAUTHENTICATION_REQUIRED = 401 "reauthentication-required" "The caller has to prove again who it is: the last time is too long ago.";
    FORBIDDEN = 403 "forbidden" "The caller may not do this.";
    NO_TENANT = 403 "no-tenant" "The request is for no tenant, to whom the row would belong.";
    NOT_LINKED = 403 "not-linked" "The caller has to create its own row first.";
    SEVERAL_TENANTS = 403 "several-tenants" "The caller's login is known in several tenants: name one with `X-Tenant-ID`.";
    FORGED_REQUEST = 403 "forged-request" "Another site may have sent this request in the browser of somebody who is signed in.";
    INVALID_LINK = 403 "invalid-link" "The address of the file is not one of this server, or is too old: read the row again.";
    INSECURE_CONNECTION = 403 "insecure-connection" "Signing in needs TLS, except on this machine.";
    NOT_FOUND = 404 "not-found" "There is no such thing, or the caller may not see it.";
    UNKNOWN_ROUTE = 404 "unknown-route" "Nothing is served at this address.";
    METHOD_NOT_ALLOWED = 405 "method-not-allowed" "The resource does not have this method.";
    NOT_ACCEPTABLE = 406 "not-acceptable" "The answer exists in none of the accepted media types.";
    REQUEST_TIMEOUT = 408 "request-timeout" "The request did not arrive in time.";
    INVALID_STATE = 409 "invalid-state" "The row's state does not allow this.";
    IN_PROGRESS = 409 "in-progress" "A step of an earlier operation on this row is still under way.";
    STILL_REFERENCED = 409 "still-referenced" "Other rows still refer to this one.";
    IDEMPOTENCY_IN_PROGRESS = 409 "idempotency-in-progress" "A request with this Idempotency-Key is still under way.";
    CONFLICT = 409 "conflict" "The request conflicts with another one that was served at the same time.";
    PRECONDITION_FAILED = 412 "precondition-failed" "The row has changed since the version named by If-Match.";
    PAYLOAD_TOO_LARGE = 413 "payload-too-large" "The body is larger than this operation accepts.";
    URI_TOO_LONG = 414 "uri-too-long" "The address is longer than accepted.";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported-media-type" "The body has a media type that is not accepted.";
    RANGE_NOT_SATISFIABLE = 416 "range-not-satisfiable" "The file has no such bytes.";
    VALIDATION_FAILED = 422 "validation-failed" "The input breaks the contract; `errors` says where.";
    UNKNOWN_PROPERTY = 422 "unknown-property" "The body holds a property that this operation does not have.";
    EVALUATION_FAILED = 422 "evaluation-failed" "A value that this request leads to cannot be computed, or is none that its field takes.";
    CURRENCY_MISMATCH = 422 "currency-mismatch" "Amounts of different currencies meet.";
    NO_THUMBNAIL = 422 "no-thumbnail" "The file is not an image that can be made smaller.";
    IDEMPOTENCY_KEY_REUSED = 422 "idempotency-key-reused" "This Idempotency-Key was used for another request.";
    REFUSED = 422 "refused" "A system that this operation depends on refused.";
    PRECONDITION_REQUIRED = 428 "precondition-required" "This operation needs an If-Match header with the row's ETag.";
    RATE_LIMITED = 429 "rate-limited" "Too many requests.";
    HEADERS_TOO_LARGE = 431 "headers-too-large" "The headers are larger than accepted.";
    INTERNAL = 500 "internal" "Something went wrong on our side.";
    NOT_RUNNING = 501 "not-running" "The model states this, but this version does not run it yet.";
    OVERLOADED = 503 "overloaded" "Too much is under way at the moment.";
    UNAVAILABLE = 503 "unavailable" "Something that this operation depends on does not answer.";
    TIMED_OUT = 504 "timed-out" "The request took longer than allowed.";
}

/// What is wrong with one value of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer into the body, for example `/lines/0/quantity`.
    pub pointer: String,
    /// Stable, kebab-case.
    pub code: Cow<'static, str>,
    /// For people.
    pub detail: String,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Stable, kebab-case: one of [`CODES`], or one of the model's.
    pub code: Cow<'static, str>,
    /// What the code means.
    pub title: Cow<'static, str>,
    /// What happened this time; empty where there is nothing to add. Never holds secrets, or data
    /// that the caller may not see.
    pub detail: String,
    /// What is wrong with single values.
    pub errors: Vec<FieldError>,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u32>,
    /// Seconds within which the caller has to have proved who it is (RFC 9470, section 3).
    pub max_age: Option<u32>,
    /// The authenticator assurance level that the caller has to reach (RFC 9470, section 3).
    pub assurance: Option<u8>,
    /// Whether this is the stored answer of an earlier request.
    pub replayed: bool,
}

impl Problem {
    /// One of the runtime's codes.
    #[must_use]
    pub fn new(code: &'static Code) -> Self {
        Self {
            status: code.status,
            code: Cow::Borrowed(code.code),
            title: Cow::Borrowed(code.title),
            detail: String::new(),
            errors: Vec::new(),
            retry_after: None,
            max_age: None,
            assurance: None,
            replayed: false,
        }
    }

    /// A code of the model: 422 for `else`, 409 for keys and invariants.
    #[must_use]
    pub fn of_model(status: u16, code: &str, title: &'static str) -> Self {
        Self {
            status,
            code: Cow::Owned(code.to_owned()),
            title: title.into(),
            ..Self::new(&code::INTERNAL)
        }
    }

    /// One value of the input that breaks the contract (422).
    #[must_use]
    pub fn invalid(
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        let error =
            FieldError { pointer: pointer.into(), code: code.into(), detail: detail.into() };
        Self { errors: vec![error], ..Self::new(&code::VALIDATION_FAILED) }
    }

    /// What happened this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// When trying again makes sense, in seconds.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Whether it is this code of the runtime.
    #[must_use]
    pub fn is(&self, code: &Code) -> bool {
        self.code == code.code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_stable_names_with_an_error_status() {
        let mut seen = std::collections::BTreeSet::new();
        for code in CODES {
            assert!(seen.insert(code.code), "{} is listed twice", code.code);
            assert!((400..=599).contains(&code.status), "{}", code.code);
            let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(code.code.chars().all(kebab), "{}", code.code);
        }
        assert!(CODES.is_sorted_by_key(|code| code.status), "listed by status");
    }
}
