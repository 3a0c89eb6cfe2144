//! Words: what a text holds of them is the same on every store.

use emit::sql::words;
use expression::Value;
use proptest::prelude::*;
use runtime::store::{PageQuery, Snapshot, Store, StoreError, Terms};

use crate::small::PRODUCT;
use crate::store_support::{insert, product, shop};
use crate::stores::TestStore;

/// The rows that a search finds.
pub async fn find(store: &TestStore, text: &str) -> Vec<u128> {
    let mut query = PageQuery::new(PRODUCT, 100);
    query.search = Some(text.to_owned());
    let page: Result<_, StoreError> = store
        .read(Terms::SERVER, move |session| Box::pin(async move { session.page(&query).await }))
        .await;
    let id = |row: &std::sync::Arc<expression::Row>| match row.fields[0] {
        Value::Uuid(id) => id,
        _ => panic!("no id"),
    };
    page.unwrap().rows.iter().map(id).collect()
}

const TITLES: [&str; 12] = [
    "Write to ann@x.org today",
    "Call node.js v18.2",
    "10.000 Euro for https://a.b/c_d?e=1",
    "foo-bar baz",
    "ПРИВЕТ, Мир!",
    "Ångström und Crème BRÛLÉE",
    "हिन्दी भाषा",
    "日本 語",
    "Straße nach ÆON, ΣΊΣΥΦΟΣ",
    "don't stop: 50% off, A&B | C",
    "١٢٣ items\u{a0}of\tŁódź",
    "ｆｕｌｌ ＷＩＤＴＨ",
];

#[tokio::test]
async fn words_are_split_where_letters_and_digits_end() {
    let (_folder, store) = shop();
    let rows = (1u128..).zip(TITLES).map(|(id, title)| product(id, &format!("c{id}"), title, 1));
    insert(&store, rows.collect()).await.unwrap();
    for (asked, found) in [
        ("ann@x", vec![1]),
        ("x.org", vec![1]),
        ("org", vec![1]),
        ("ann@x.o", vec![1]),
        ("js", vec![2]),
        ("node js", vec![2]),
        ("v18.2", vec![2]),
        ("18", vec![]),
        ("v18", vec![2]),
        ("000", vec![3]),
        ("10.000", vec![3]),
        ("https", vec![3]),
        ("a.b", vec![3, 10]),
        ("c_d?e", vec![3]),
        ("foo-bar", vec![4]),
        ("bar-foo", vec![4]),
        ("oo", vec![]),
        ("привет", vec![5]),
        ("МИР", vec![5]),
        ("при", vec![5]),
        ("angstrom", vec![6]),
        ("CRÈME brulee", vec![6]),
        ("brûl", vec![6]),
        ("हिन्दी", vec![7]),
        ("भाषा", vec![7]),
        ("दी", vec![]),
        ("日本", vec![8]),
        ("語", vec![8]),
        ("本", vec![]),
        ("straße", vec![9]),
        ("strasse", vec![]),
        ("æon", vec![9]),
        ("Σίσυφος", vec![9]),
        ("don't", vec![10]),
        ("50%", vec![10]),
        ("a & b | c", vec![3, 10]),
        ("!:*", vec![]),
        ("١٢", vec![11]),
        ("of", vec![10, 11]),
        ("łodz", vec![11]),
        ("ＦＵＬＬ ｗｉｄ", vec![12]),
    ] {
        assert_eq!(find(&store, asked).await, found, "{asked}");
    }
}

/// Pieces of texts that parsers take for more than letters.
const PIECES: [&str; 64] = [
    "a",
    "B",
    "ab",
    "Ab",
    "é",
    "e\u{301}",
    "\u{301}",
    "-",
    ".",
    "@",
    " ",
    "  ",
    "1",
    "0x",
    "1e5",
    "12",
    "ß",
    "Σ",
    "ς",
    "Ж",
    "ж",
    "日",
    "\u{200d}",
    "🦀",
    "🤖",
    "'",
    "\"",
    "\\",
    "&",
    "|",
    "!",
    ":*",
    "(",
    ")",
    "_",
    "ﬁ",
    "İ",
    "ı",
    "\u{345}",
    "\t",
    "\u{a0}",
    "١",
    "\u{fffd}",
    "\u{e000}",
    "<b>",
    "</b>",
    "&amp;",
    "/",
    "http://",
    "www.",
    ".com",
    "+",
    "%",
    "#",
    "ि",
    "\u{305}",
    "Ⅷ",
    "²",
    "K",
    "\u{10ffff}",
    "\u{1f774}",
    "\n",
    "~",
    "ǅ",
];

fn text() -> impl Strategy<Value = String> {
    let pieces = prop::collection::vec(prop::sample::select(&PIECES[..]), 1..10);
    prop_oneof![4 => pieces.prop_map(|all| all.concat()), 1 => "\\PC{1,12}"]
}

/// Whether a text holds each word that is asked for, the last as a beginning.
fn holds(text: &str, asked: &str) -> bool {
    let (words, mut asked) = (words::of(text), words::asked(asked));
    let Some(last) = asked.pop() else { return false };
    asked.iter().all(|word| words.contains(word))
        && words.iter().any(|word| word.starts_with(&last))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn hostile_texts_are_found_by_their_words_and_by_no_others(
        titles in prop::collection::vec(text(), 1..40),
        asked in prop::collection::vec(text(), 1..60),
    ) {
        let (_folder, store) = shop();
        let rows = (1u128..).zip(&titles);
        let rows: Vec<_> =
            rows.map(|(id, title)| product(id, &format!("c{id}"), title, 1)).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            insert(&store, rows).await.unwrap();
            for asked in asked.iter().chain(&titles) {
                let expected = (1u128..).zip(&titles).filter(|(_, title)| holds(title, asked));
                let expected: Vec<u128> = expected.map(|(id, _)| id).collect();
                prop_assert_eq!(find(&store, asked).await, expected, "{:?}", asked);
            }
            Ok(())
        })?;
    }
}
