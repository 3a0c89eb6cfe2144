//! What is left in the file of what was deleted: nothing.

use std::path::Path;

use expression::Value;
use runtime::store::Transaction;
use rusqlite::Connection;

use crate::small::{self, PRODUCT};
use crate::store_support::{Folder, insert, open, product, with, write};
use crate::stores::{TestStore, now};

/// How often a word stands in the file, whatever its capitals; an index leaves out the letters that
/// it has in common with the word before.
fn traces(file: &Path, word: &str) -> usize {
    let text = &word[3..];
    let bytes = std::fs::read(file).unwrap().to_ascii_lowercase();
    bytes.windows(text.len()).filter(|window| *window == text.as_bytes()).count()
}

/// Rows of many words, so that the index takes more than a page.
async fn fill(store: &TestStore) {
    let name = |id: u128| match id {
        7 => "Schweiger and Geheimnis".to_owned(),
        8 => "Stammhalter".to_owned(),
        9 => "Bleibendes".to_owned(),
        _ => (0..20).map(|at| format!("w{:x} ", (id * 7919 + at * 104_729) % 65_521)).collect(),
    };
    let rows: Vec<_> =
        (1u128..600).map(|id| product(id, &format!("c{id}"), &name(id), 1)).collect();
    for some in rows.chunks(50) {
        insert(store, some.to_vec()).await.unwrap();
    }
}

#[tokio::test]
async fn words_of_rows_that_are_deleted_or_changed_are_in_no_file() {
    let folder = Folder::new();
    let file = folder.path().join("firmitas.db");
    let store = open(&folder, small::shop()).unwrap();
    fill(&store).await;
    drop(store);
    for word in ["geheimnis", "stammhalter", "bleibendes"] {
        assert!(traces(&file, word) >= 2, "{word}: in the row and in the index");
    }
    let store = open(&folder, small::shop()).unwrap();
    write(&store, |session| now(session.delete(PRODUCT, 7))).await.unwrap();
    let before = product(8, "c8", "Stammhalter", 1);
    let after = with(&before, "name", Value::text("Anderes"));
    write(&store, move |session| now(session.update(&before, &after))).await.unwrap();
    drop(store);
    for word in ["geheimnis", "schweiger", "stammhalter"] {
        assert_eq!(traces(&file, word), 0, "{word}");
    }
    assert!(traces(&file, "bleibendes") >= 2 && traces(&file, "anderes") >= 2);
}

/// An index as versions before made it: of other words, and with those of rows that are gone.
#[tokio::test]
async fn an_index_of_before_is_made_anew() {
    let folder = Folder::new();
    let file = folder.path().join("firmitas.db");
    let store = open(&folder, small::shop()).unwrap();
    fill(&store).await;
    drop(store);
    let old = "CREATE VIRTUAL TABLE \"sales_products_search\" USING fts5(\"name\", content = \
               'sales_products', content_rowid = 'rowid', tokenize = 'unicode61 remove_diacritics 2')";
    let database = Connection::open(&file).unwrap();
    database
        .execute_batch(&format!(
            "PRAGMA secure_delete = ON; DROP TABLE sales_products_search; {old};
             INSERT INTO sales_products_search (sales_products_search) VALUES ('rebuild');
             DELETE FROM sales_products WHERE name LIKE '%Geheimnis%';
             UPDATE firmitas_schema SET sql = '{}' WHERE name = 'sales_products_search';",
            old.replace('\'', "''")
        ))
        .unwrap();
    drop(database);
    assert!(traces(&file, "geheimnis") > 0, "the old index keeps its words");
    let store = open(&folder, small::shop()).unwrap();
    let found = crate::store_search::find(&store, "bleib").await;
    assert_eq!(found, [9]);
    drop(store);
    assert_eq!(traces(&file, "geheimnis"), 0);
}
