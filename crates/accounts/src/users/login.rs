//! What people type to say who they are.

use expression::format;

/// An email address or a phone number in the one form by which it is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Login(String);

impl Login {
    /// Longest address (RFC 5321, section 4.5.3.1.3, without its brackets).
    const LONGEST: usize = 254;

    /// Email addresses are compared without regard to case, as mailboxes are in practice; phone
    /// numbers without spaces and other separators. `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > Self::LONGEST {
            return None;
        }
        if format::is_email(text) {
            return Some(Self(text.to_lowercase()));
        }
        let separator = |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')' | '/');
        let digits: String = text.chars().filter(|c| !separator(*c)).collect();
        format::is_phone(&digits).then_some(Self(digits))
    }

    /// The form by which it is found.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Login;

    #[test]
    fn spellings_of_one_login_are_one_login() {
        let same = |one: &str, other: &str| assert_eq!(Login::parse(one), Login::parse(other));
        same("Anna@Example.com", " anna@example.com ");
        same("+49 (30) 123-456", "+4930123456");
        for wrong in ["", "anna", "anna@", "030 123", &format!("{}@example.com", "a".repeat(250))] {
            assert_eq!(Login::parse(wrong), None, "{wrong}");
        }
    }
}
