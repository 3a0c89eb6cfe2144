//! A question in its canonical form: the same question has the same key however it was asked.

use std::fmt;

use expression::Value;
use sha2::{Digest as _, Sha256};

use super::view::View;
use crate::call::{Filter, Request};
use crate::operations::encode_value as encode;
use crate::store::Tenant;

/// SHA-256 of operation, tenant, view and question: nobody can make two questions meet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Key {
    /// In hexadecimal digits.
    #[must_use]
    pub fn text(&self) -> String {
        use fmt::Write as _;
        self.0.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// Of some texts, in this order.
    #[must_use]
    pub fn of_parts(parts: &[&str]) -> Self {
        let mut hash = Parts(Sha256::new());
        parts.iter().for_each(|part| hash.text(part));
        Self(hash.0.finalize().into())
    }

    /// The key of a request; `None` for a question that nobody repeats (near a point).
    pub(crate) fn of(request: &Request, tenant: Tenant, view: &View) -> Option<Self> {
        let mut hash = Parts(Sha256::new());
        hash.number(u128::from(request.operation.0));
        let (kind, id) = match tenant {
            Tenant::None => (0, 0),
            Tenant::One(id) => (1, id),
            Tenant::All => return None,
        };
        hash.number(kind);
        hash.number(id);
        hash.list(view.grants().iter().map(|at| *at as u128));
        hash.text(&request.address.as_ref().map(encode).unwrap_or_default().to_string());
        hash.number(request.input.values.len() as u128);
        for value in &request.input.values {
            hash.number(u128::from(value.is_some()));
            hash.text(&value.as_ref().map(encode).unwrap_or_default().to_string());
        }
        if let Some(page) = &request.page {
            if page.near.is_some() {
                return None;
            }
            let limit = if page.limit == 0 { 50 } else { page.limit.min(1000) };
            hash.number(u128::from(limit));
            hash.number(u128::from(page.count));
            hash.list(page.sort.iter().map(|at| *at as u128));
            match &page.after {
                None => hash.number(0),
                Some(after) => {
                    hash.number(1);
                    hash.number(after.id);
                    hash.number(after.values.len() as u128);
                    after.values.iter().for_each(|of| hash.text(&encode(of).to_string()));
                }
            }
            let search = page.search.as_deref();
            hash.number(u128::from(search.is_some()));
            hash.text(search.unwrap_or_default());
            hash.filters(&page.filters);
        }
        Some(Self(hash.0.finalize().into()))
    }
}

/// What is hashed, each part so that it cannot be mistaken for another.
struct Parts(Sha256);

impl Parts {
    fn number(&mut self, number: u128) {
        self.0.update(number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u128);
        self.0.update(text.as_bytes());
    }

    fn list(&mut self, items: impl ExactSizeIterator<Item = u128>) {
        self.number(items.len() as u128);
        items.for_each(|item| self.number(item));
    }

    /// All must hold: their order says nothing.
    fn filters(&mut self, filters: &[Filter]) {
        let text = |of: &Filter| format!("{} {:?} {}", of.field.0, of.comparison, among(&of.value));
        let mut texts: Vec<String> = filters.iter().map(text).collect();
        texts.sort_unstable();
        texts.dedup();
        self.number(texts.len() as u128);
        texts.iter().for_each(|of| self.text(of));
    }
}

/// A value, or several of which the order says nothing.
fn among(value: &Value) -> String {
    let Value::List(values) = value else { return encode(value).to_string() };
    let mut texts: Vec<String> = values.iter().map(|value| encode(value).to_string()).collect();
    texts.sort_unstable();
    texts.dedup();
    format!("{texts:?}")
}
