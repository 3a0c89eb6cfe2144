//! What is accepted as a password (NIST SP 800-63B-4, section 3.1.1.2; OWASP ASVS 5.0, 6.2).

use super::common::is_common;
use crate::AccountError;

/// Most characters of a password: long phrases fit, and hashing stays bounded.
pub(crate) const LONGEST: usize = 128;

/// Which passwords are accepted. Nothing is asked about what they are composed of: such rules make
/// people choose what others choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordRules {
    /// Fewest characters.
    pub least: usize,
}

impl PasswordRules {
    /// Looks at a password that somebody wants to have, with what an attacker would try first.
    ///
    /// # Errors
    /// [`AccountError::WeakPassword`] says what to change.
    pub fn check(&self, password: &str, known: &[&str]) -> Result<(), AccountError> {
        let weak = |why: String| Err(AccountError::WeakPassword(why));
        let length = password.chars().count();
        if length < self.least {
            return weak(format!("A password has at least {} characters.", self.least));
        }
        if length > LONGEST {
            return weak(format!("A password has at most {LONGEST} characters."));
        }
        if password.chars().any(char::is_control) {
            return weak("A password holds no control characters.".to_owned());
        }
        if is_common(password) {
            return weak("This is among the first that others would try.".to_owned());
        }
        let lower = password.to_lowercase();
        let near = |name: &&&str| {
            let name = name.to_lowercase();
            let rest = lower.replacen(&name, "", 1);
            name.chars().count() >= 4 && lower.contains(&name) && rest.chars().count() < 4
        };
        match known.iter().find(near) {
            Some(_) => weak("It is hardly more than a name that others know.".to_owned()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_ones_pass_and_known_ones_do_not() {
        let rules = PasswordRules { least: 8 };
        let known = ["anna@example.com", "Bookshop"];
        for good in
            ["correct horse", "ein langer Satz, den niemand rät", "пароль из слов", "tr0ub4dor&3"]
        {
            assert_eq!(rules.check(good, &known), Ok(()), "{good}");
        }
        for bad in [
            "",
            "short",
            "password",
            "Password1",
            "12345678",
            "aaaaaaaaaa",
            "qwertyuiop",
            "abcdefgh",
            "bookshop1",
            "anna@example.com",
            "87654321",
            "abcabcabc",
            "P@ssw0rd!",
            "line\nbreak",
        ] {
            assert!(rules.check(bad, &known).is_err(), "{bad}");
        }
        assert!(rules.check(&"long word ".repeat(13), &known).is_err());
    }
}
