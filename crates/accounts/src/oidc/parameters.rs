//! Parameters of a query or a form: each at most once (RFC 6749, section 3.1), all of it bounded.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::BytesMut;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;

use super::error::OAuthError;

/// Most bytes of a form: a client's assertion and some parameters.
const FORM_LIMIT: usize = 32 * 1024;
/// For which a form may take to arrive.
const FORM_TIME: Duration = Duration::from_secs(10);
/// Most parameters.
const COUNT_LIMIT: usize = 64;

/// Parameters by name; those without a value count as absent.
#[derive(Clone, Debug, Default)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Those of a query or form.
    ///
    /// # Errors
    /// One is given twice, or there are too many.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        let mut all = BTreeMap::new();
        for (count, (name, value)) in form_urlencoded::parse(text.as_bytes()).enumerate() {
            if count >= COUNT_LIMIT {
                return Err(OAuthError::invalid("There are too many parameters."));
            }
            if value.is_empty() {
                continue;
            }
            if all.insert(name.to_string(), value.to_string()).is_some() {
                let name: String = name.chars().take(40).collect();
                return Err(OAuthError::invalid(format!("`{name}` is given twice.")));
            }
        }
        Ok(Self(all))
    }

    /// Those of a form in a body.
    ///
    /// # Errors
    /// The body is no form, too large, or does not arrive in time.
    pub async fn form(head: &Parts, body: Incoming) -> Result<Self, OAuthError> {
        let media = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media = media.unwrap_or_default().split(';').next().unwrap_or_default();
        if !media.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(OAuthError::invalid(
                "Expected a body of type `application/x-www-form-urlencoded`.",
            ));
        }
        let text = tokio::time::timeout(FORM_TIME, read(body)).await;
        let text = text.map_err(|_| OAuthError::invalid("The body did not arrive in time."))??;
        Self::parse(&text)
    }

    /// A parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// It is not.
    pub fn required(&self, name: &str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| OAuthError::invalid(format!("`{name}` is missing.")))
    }

    /// The same with a parameter replaced, or left out.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.0.insert(name.to_owned(), value),
            None => self.0.remove(name),
        };
        self
    }

    /// As a query.
    #[must_use]
    pub fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

async fn read(mut body: Incoming) -> Result<String, OAuthError> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| OAuthError::invalid("The body broke off."))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > FORM_LIMIT {
            let error = OAuthError::invalid(format!("Expected at most {FORM_LIMIT} bytes."));
            return Err(OAuthError { status: 413, ..error });
        }
        bytes.extend_from_slice(&data);
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| OAuthError::invalid("The body is not UTF-8."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_means_one_thing() {
        let parameters = Parameters::parse("a=1&b=x%20y&c=").unwrap();
        assert_eq!(parameters.get("b"), Some("x y"));
        assert_eq!(parameters.get("c"), None);
        assert_eq!(parameters.required("c").unwrap_err().code, "invalid_request");
        assert_eq!(parameters.with("a", None).query(), "b=x+y");
        assert!(Parameters::parse("a=1&a=1").is_err());
        assert!(Parameters::parse(&"a=1&".repeat(65)).is_err());
    }
}
