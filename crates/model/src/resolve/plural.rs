//! English plurals for routes and tables: `Order` becomes `orders`, `StockItem` `stock-items`.

/// Plurals that follow no rule, and words that have none.
const IRREGULAR: [(&str, &str); 29] = [
    ("person", "people"),
    ("child", "children"),
    ("man", "men"),
    ("woman", "women"),
    ("foot", "feet"),
    ("tooth", "teeth"),
    ("goose", "geese"),
    ("mouse", "mice"),
    ("ox", "oxen"),
    ("quiz", "quizzes"),
    ("criterion", "criteria"),
    ("phenomenon", "phenomena"),
    ("medium", "media"),
    ("datum", "data"),
    ("data", "data"),
    ("metadata", "metadata"),
    ("media", "media"),
    ("people", "people"),
    ("series", "series"),
    ("species", "species"),
    ("news", "news"),
    ("sheep", "sheep"),
    ("fish", "fish"),
    ("equipment", "equipment"),
    ("information", "information"),
    ("staff", "staff"),
    ("feedback", "feedback"),
    ("inventory", "inventories"),
    ("stock", "stock"),
];

/// Words in -f and -fe whose plural is in -ves.
const VES: [&str; 12] = [
    "calf", "elf", "half", "knife", "leaf", "life", "loaf", "shelf", "thief", "wife", "wolf",
    "scarf",
];

/// Words in -o whose plural is in -oes.
const OES: [&str; 6] = ["hero", "potato", "tomato", "echo", "veto", "cargo"];

/// Singular words that end like plurals.
const SINGULAR: [&str; 5] = ["lens", "gps", "dns", "sms", "mms"];

/// The plural of an `UpperCamel` name in kebab-case: its last word is put in the plural.
pub(crate) fn plural(name: &str) -> String {
    let kebab = kebab(name);
    let (head, last) = kebab.rsplit_once('-').map_or(("", kebab.as_str()), |(a, b)| (a, b));
    let last = plural_word(last);
    if head.is_empty() { last } else { format!("{head}-{last}") }
}

fn plural_word(word: &str) -> String {
    if let Some((_, plural)) = IRREGULAR.iter().find(|(singular, _)| *singular == word) {
        return (*plural).to_owned();
    }
    if is_plural(word) {
        return word.to_owned();
    }
    if VES.contains(&word) {
        return format!("{}ves", word.trim_end_matches("fe").trim_end_matches('f'));
    }
    if let Some(stem) = word.strip_suffix("sis") {
        return format!("{stem}ses");
    }
    if let Some(stem) = word.strip_suffix('y').filter(|stem| !stem.ends_with(is_vowel)) {
        return format!("{stem}ies");
    }
    let hissing = ["s", "x", "z", "ch", "sh"].iter().any(|end| word.ends_with(end));
    if hissing || OES.contains(&word) { format!("{word}es") } else { format!("{word}s") }
}

/// Whether a word is a plural already: `settings`, `preferences`, but not `address`, `status`,
/// `analysis`, `alias`.
fn is_plural(word: &str) -> bool {
    let singular = ["ss", "us", "is", "as"].iter().any(|end| word.ends_with(end));
    word.len() > 3 && word.ends_with('s') && !singular && !SINGULAR.contains(&word)
}

const fn is_vowel(letter: char) -> bool {
    matches!(letter, 'a' | 'e' | 'i' | 'o' | 'u')
}

/// An `UpperCamel` or `lowerCamel` name in kebab-case; a run of capitals is one word.
fn kebab(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut kebab = String::with_capacity(name.len() + 4);
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let after_small = before.is_some_and(|b| !b.is_uppercase());
        let before_small = letters.get(at + 1).is_some_and(|a| a.is_lowercase());
        if letter.is_uppercase() && before.is_some() && (after_small || before_small) {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::plural;

    #[test]
    fn plurals_follow_english() {
        let pairs = [
            ("Order", "orders"),
            ("StockItem", "stock-items"),
            ("Category", "categories"),
            ("Survey", "surveys"),
            ("Address", "addresses"),
            ("Status", "statuses"),
            ("OrderStatus", "order-statuses"),
            ("Alias", "aliases"),
            ("Box", "boxes"),
            ("Branch", "branches"),
            ("Person", "people"),
            ("SalesPerson", "sales-people"),
            ("Child", "children"),
            ("Shelf", "shelves"),
            ("Knife", "knives"),
            ("Hero", "heroes"),
            ("Photo", "photos"),
            ("Analysis", "analyses"),
            ("Bus", "buses"),
            ("Lens", "lenses"),
            ("Settings", "settings"),
            ("Preferences", "preferences"),
            ("Series", "series"),
            ("Equipment", "equipment"),
            ("APIKey", "api-keys"),
            ("Quiz", "quizzes"),
            ("Gps", "gpses"),
        ];
        for (singular, expected) in pairs {
            assert_eq!(plural(singular), expected, "{singular}");
        }
    }
}
