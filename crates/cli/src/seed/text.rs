//! Texts by the name of their field: an address looks like an address, a code like a code.

use expression::types::TextFormat;

use super::{
    random::Random,
    values::Purpose,
    words::{ADJECTIVES, CITIES, COUNTRIES, FAMILY, GIVEN, NOUNS, SENTENCES, STREETS},
};

/// Entities whose `name` is a person's.
const PEOPLE: [&str; 24] = [
    "User",
    "Customer",
    "Member",
    "Person",
    "Patient",
    "Employee",
    "Driver",
    "Rider",
    "Student",
    "Teacher",
    "Author",
    "Contact",
    "Guest",
    "Practitioner",
    "Doctor",
    "Passenger",
    "Account",
    "Profile",
    "Courier",
    "Agent",
    "Subscriber",
    "Owner",
    "Technician",
    "Staff",
];

/// Given and family name of the person that a row stands for, the same for all of its fields.
fn person(purpose: Purpose<'_>) -> (&'static str, &'static str) {
    let mut random = Random::of(0, purpose.entity, purpose.index);
    (random.pick(&GIVEN), random.pick(&FAMILY))
}

/// An address below `example.com`, which RFC 2606 keeps free: no mail reaches anybody.
pub fn email(purpose: Purpose<'_>) -> String {
    let plain = |name: &str| {
        let ascii = name.chars().map(|c| match c {
            'ö' => 'o',
            'ü' => 'u',
            other => other.to_ascii_lowercase(),
        });
        ascii.filter(char::is_ascii_alphabetic).collect::<String>()
    };
    let (given, family) = person(purpose);
    format!("{}.{}.{}@example.com", plain(given), plain(family), purpose.index + 1)
}

/// A text of this format with `min..=max` characters.
pub fn fitting(
    format: TextFormat,
    min: u32,
    max: u32,
    purpose: Purpose<'_>,
    random: &mut Random,
) -> String {
    let text = match format {
        TextFormat::Email => return email(purpose),
        // 555-01xx and its like are kept free for fiction; the number makes it unique.
        TextFormat::Phone => return format!("+1555{:07}", (purpose.index + 100) % 10_000_000),
        TextFormat::Url => format!("https://example.com/{}", purpose.index + 1),
        TextFormat::Text | TextFormat::Markdown => sentences(random),
        TextFormat::String if is_code(purpose.field) || min == max => {
            return code(min, max, purpose, random);
        }
        TextFormat::String => by_name(purpose, random),
    };
    let text = if purpose.unique && format == TextFormat::String {
        with_number(&text, purpose.index, max)
    } else {
        text
    };
    clamped(text, min, max)
}

fn by_name(purpose: Purpose<'_>, random: &mut Random) -> String {
    let field = purpose.field;
    let has = |words: &[&str]| words.iter().any(|word| field.contains(word));
    let pick = |words: &[&'static str], random: &mut Random| random.pick(words).to_owned();
    let is_person = PEOPLE.iter().any(|person| purpose.entity.ends_with(person));
    if has(&["first_name", "given_name"]) {
        person(purpose).0.to_owned()
    } else if has(&["last_name", "family_name", "surname"]) {
        person(purpose).1.to_owned()
    } else if has(&["full_name", "display_name"]) || (field == "name" && is_person) {
        let (given, family) = person(purpose);
        format!("{given} {family}")
    } else if has(&["author", "recipient", "contact"]) {
        format!("{} {}", random.pick(&GIVEN), random.pick(&FAMILY))
    } else if has(&["street", "address"]) {
        format!("{} {}", random.pick(&STREETS), random.between(1, 180))
    } else if has(&["city", "town"]) {
        random.pick(&CITIES).0.to_owned()
    } else if has(&["country"]) {
        pick(&COUNTRIES, random)
    } else if has(&["postcode", "postal", "zip"]) {
        format!("{:05}", random.between(1_000, 99_999))
    } else if has(&[
        "note",
        "comment",
        "reason",
        "text",
        "message",
        "body",
        "description",
        "summary",
    ]) {
        pick(&SENTENCES, random)
    } else {
        let text = format!("{} {}", random.pick(&ADJECTIVES), random.pick(&NOUNS));
        text[..1].to_uppercase() + &text[1..]
    }
}

fn is_code(field: &str) -> bool {
    let words =
        ["sku", "isbn", "code", "token", "reference", "last4", "number", "iban", "key", "serial"];
    words.iter().any(|word| field.contains(word))
}

/// Digits, with the row's number at the end so that codes of one field differ.
fn code(min: u32, max: u32, purpose: Purpose<'_>, random: &mut Random) -> String {
    let length = usize::try_from(max.min(min.max(10))).unwrap_or(10);
    let number = (purpose.index + 1).to_string();
    let mut text: String =
        (0..length).map(|_| char::from(b'0' + (random.bits() % 10) as u8)).collect();
    if number.len() <= length {
        text.replace_range(length - number.len().., &number);
        if purpose.unique {
            // Zeros in between keep row 1 with a random 2 in front apart from row 21.
            let keep = length.saturating_sub(8);
            text.replace_range(keep.., &format!("{number:0>width$}", width = length - keep));
        }
    }
    text
}

fn sentences(random: &mut Random) -> String {
    let count = random.between(1, 3);
    (0..count).map(|_| random.pick(&SENTENCES)).collect::<Vec<_>>().join(" ")
}

fn with_number(text: &str, index: u64, max: u32) -> String {
    let number = (index + 1).to_string();
    let room = (max as usize).saturating_sub(number.len() + 1);
    let head: String = text.chars().take(room).collect();
    format!("{head} {number}").trim_start().to_owned()
}

/// Cut, or filled up with more words, to fit; never with a blank at either end.
fn clamped(mut text: String, min: u32, max: u32) -> String {
    while text.chars().count() < min as usize {
        text.push_str(" and so on");
    }
    let cut: String = text.chars().take(max as usize).collect();
    let trimmed = cut.trim();
    if trimmed.chars().count() >= min as usize { trimmed.to_owned() } else { cut.replace(' ', "-") }
}
