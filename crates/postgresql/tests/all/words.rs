//! The words of texts, as PostgreSQL makes them.

use std::collections::BTreeSet;

use emit::sql::words;
use tokio_postgres::types::Type;

use crate::small;
use crate::store_search::find;
use crate::store_support::{Folder, design, insert, product};
use crate::stores::{administrator, client, made, open, outside};

/// Characters of the planes that have any, and some of the rest.
fn letters() -> impl Iterator<Item = char> {
    let rest = (0x3_0000..0x11_0000).step_by(997).chain(0xe_0000..0xe_0200);
    (1..0x3_0000).chain(rest).filter_map(char::from_u32)
}

#[test]
fn the_words_of_every_character_are_the_same() {
    outside(async {
        let client = client(&administrator()).await;
        let text = |letter: &char| format!("x{letter}Y {letter}");
        let of_one = words::vector("text", 9);
        let asked = format!(
            "SELECT tsvector_to_array({of_one}) FROM \
             (SELECT text COLLATE \"C\" AS text, at FROM unnest($1) WITH ORDINALITY AS t (text, at)) \
             AS texts ORDER BY at"
        );
        let all: Vec<char> = letters().collect();
        for some in all.chunks(4_096) {
            let texts: Vec<String> = some.iter().map(text).collect();
            let found = client.query_typed(&asked, &[(&texts, Type::TEXT_ARRAY)]).await.unwrap();
            assert_eq!(found.len(), texts.len());
            for (row, text) in found.iter().zip(&texts) {
                let found: Vec<String> = row.get(0);
                let expected: BTreeSet<String> = words::of(text).into_iter().collect();
                assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected, "{text:?}");
            }
        }
    });
}

#[test]
fn a_text_may_be_long_and_so_may_a_word() {
    outside(async {
        let client = client(&administrator()).await;
        let long = format!("{} {} Ende", "é".repeat(70_000), "ab".repeat(1_000));
        for longest in [100_000, 300_000] {
            let asked = format!("SELECT tsvector_to_array({})", words::vector("$1", longest));
            let row = client.query_typed(&asked, &[(&long, Type::TEXT)]).await.unwrap();
            let found: Vec<String> = row[0].get(0);
            let expected: BTreeSet<String> = words::of(&long).into_iter().collect();
            assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
            assert!(expected.contains("ende") && expected.contains(&"e".repeat(255)));
        }
        // Of more than a row may have, the beginning: it is taken all the same.
        let many: String = (0..200_000).map(|word| format!("日{word:06}語 ")).collect();
        let asked = format!("SELECT length({})", words::vector("$1", u32::MAX));
        let row = client.query_typed(&asked, &[(&many, Type::TEXT)]).await.unwrap();
        assert_eq!(row[0].get::<_, i32>(0), 250_000 / 9 + 1);
    });
}

/// Words as versions before made them: the column and its index are made anew, rows stay.
#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_before_are_made_anew() {
    let folder = Folder::new();
    let store = open(folder.path(), design(small::shop())).unwrap();
    insert(&store, vec![product(1, "c1", "Write to ann@x.org", 1)]).await.unwrap();
    drop(store);
    let url = outside(made(folder.path()));
    let client = client(&url).await;
    let old = "tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, \
               coalesce(\"name\", ''))) STORED";
    client
        .batch_execute(&format!(
            "ALTER TABLE sales.products DROP COLUMN _words;
             ALTER TABLE sales.products ADD COLUMN _words {old};
             CREATE INDEX products_search ON sales.products USING gin (_words);
             UPDATE firmitas.schema SET sql = regexp_replace(sql, \
             '\"_words\" tsvector [^\n]*STORED', '\"_words\" {}')
             WHERE sql LIKE 'CREATE TABLE \"sales\".\"products\" %'",
            old.replace('\'', "''")
        ))
        .await
        .unwrap();
    let store = open(folder.path(), design(small::shop())).unwrap();
    assert_eq!(find(&store, "org").await, [1]);
    insert(&store, vec![product(2, "c2", "y.org", 1)]).await.unwrap();
    assert_eq!(find(&store, "org").await, [1, 2]);
    assert_eq!(find(&store, "ann@x").await, [1]);
    let index = "SELECT count(*) FROM pg_indexes WHERE tablename = 'products' \
                 AND indexdef LIKE '%USING gin (_words)%'";
    assert_eq!(client.query_one(index, &[]).await.unwrap().get::<_, i64>(0), 1);
}
