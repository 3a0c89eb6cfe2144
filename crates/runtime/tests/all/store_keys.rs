//! Keys over email addresses in a database from before they ignored case.

use runtime::store::StoreError;

use crate::small;
use crate::store_support::{Folder, customer, insert, open};

/// A store whose key over emails is what it was, with these addresses.
async fn before(emails: &[&str]) -> Folder {
    let folder = Folder::new();
    let store = open(&folder, small::shop()).unwrap();
    insert(&store, vec![customer(1, "one@example.org"), customer(2, "two@example.org")])
        .await
        .unwrap();
    drop(store);
    let database = rusqlite::Connection::open(folder.path().join("firmitas.db")).unwrap();
    let (name, sql): (String, String) = database
        .query_row("SELECT name, sql FROM sqlite_master WHERE sql LIKE '%lower(%'", (), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let old = sql.replace("lower(\"email\")", "\"email\"");
    assert_ne!(old, sql);
    database.execute_batch(&format!("DROP INDEX \"{name}\"; {old};")).unwrap();
    let remembered = "UPDATE firmitas_schema SET sql = ?1 WHERE name = ?2";
    assert_eq!(database.execute(remembered, (&old, &name)).unwrap(), 1);
    for (id, email) in (1_u128..).zip(emails) {
        let sql = "UPDATE sales_customers SET email = ?1 WHERE id = ?2";
        assert_eq!(database.execute(sql, (email, id.to_be_bytes())).unwrap(), 1);
    }
    folder
}

#[tokio::test]
async fn it_is_made_anew_where_no_addresses_meet_and_refused_where_they_do() {
    let folder = before(&["One@Example.org", "two@example.org"]).await;
    let store = open(&folder, small::shop()).unwrap();
    let taken = insert(&store, vec![customer(3, "ONE@example.org")]).await;
    assert_eq!(taken, Err(StoreError::Unique { code: "email-taken".into() }));
    let folder = before(&["two@Example.org", "two@example.org"]).await;
    let Err(StoreError::Incompatible { differences }) = open(&folder, small::shop()) else {
        panic!("two rows have one address");
    };
    assert!(differences[0].contains("share values of a key"), "{differences:?}");
}
