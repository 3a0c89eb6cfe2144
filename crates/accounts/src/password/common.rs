//! What is guessed first: a few words, in the disguises that everybody knows, and what keyboards
//! and alphabets suggest. A list of leaked passwords would be larger than this program and old when
//! it is shipped; attempts are counted, so that only the first guesses matter.

/// Words that stand alone or before a few digits in most lists of stolen passwords.
const WORDS: &[&str] = &[
    "password",
    "passwort",
    "motdepasse",
    "contrasena",
    "parola",
    "senha",
    "welcome",
    "willkommen",
    "letmein",
    "iloveyou",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "batman",
    "starwars",
    "pokemon",
    "monkey",
    "dragon",
    "master",
    "shadow",
    "michael",
    "jennifer",
    "jordan",
    "hunter",
    "charlie",
    "computer",
    "internet",
    "administrator",
    "admin",
    "root",
    "default",
    "changeme",
    "change",
    "secret",
    "geheim",
    "hallo",
    "hello",
    "login",
    "guest",
    "test",
    "testing",
    "trustno",
    "whatever",
    "freedom",
    "liverpool",
    "chelsea",
    "arsenal",
    "summer",
    "sommer",
    "winter",
    "spring",
    "autumn",
    "january",
    "monday",
    "google",
    "facebook",
    "samsung",
    "mustang",
    "corvette",
    "ferrari",
    "mercedes",
    "jesus",
    "blessed",
    "flower",
    "cookie",
    "cheese",
    "chocolate",
    "butterfly",
    "qwerty",
    "azerty",
    "qwertz",
    "asdf",
    "zxcvbn",
    "unknown",
    "temporary",
    "temp",
    "user",
    "qazwsx",
];

/// Rows of keyboards, the alphabet and the digits; forwards, and backwards as well.
const RUNS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn",
    "1q2w3e4r5t6z7u8i9o0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "qazwsxedcrfvtgbyhnujm",
];

/// Whether a password is among the first guesses.
pub(super) fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let core = lower.trim_matches(|c: char| !c.is_alphabetic());
    let plain: String = core.chars().map(undisguised).collect();
    let added = lower.chars().count().saturating_sub(core.chars().count());
    repeats(&lower)
        || RUNS.iter().any(|run| within(run, &lower))
        || (added <= 6 && [core, &plain].into_iter().any(|word| WORDS.contains(&word)))
}

const fn undisguised(c: char) -> char {
    match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// One piece of up to four characters, again and again.
fn repeats(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=4).any(|size| {
        chars.len() > size && chars.iter().zip(chars.iter().skip(size)).all(|(a, b)| a == b)
    })
}

fn within(run: &str, text: &str) -> bool {
    let backwards: String = run.chars().rev().collect();
    run.contains(text) || backwards.contains(text)
}
