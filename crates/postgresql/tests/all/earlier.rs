//! A server of an earlier model that starts on tables of a later one.

use expression::Value;
use model::Model;
use runtime::store::StoreError;

use crate::notes;
use crate::schema::grown;
use crate::small::{self, CUSTOMER, PRODUCT};
use crate::store_support::{Folder, customer, design, insert, product, row};
use crate::stores::{client, made, open, outside};
use crate::support::model;

async fn columns(url: &str) -> Vec<String> {
    let asked = "SELECT format('%s.%s', table_name, column_name) FROM information_schema.columns \
                 WHERE table_schema = 'sales' ORDER BY 1";
    let rows = client(url).await.query(asked, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_later_model_added_stays_and_the_earlier_one_goes_on() {
    let folder = Folder::new();
    let url = outside(made(folder.path()));
    let first = open(folder.path(), design(small::shop())).unwrap();
    assert!(first.notes().iter().all(|note| !note.contains("later")), "{:?}", first.notes());
    drop(first);
    drop(open(folder.path(), design(grown())).unwrap());
    let of_later = columns(&url).await;
    // Nobody has written to the new columns: they are empty, and stay.
    let again = open(folder.path(), design(small::shop())).unwrap();
    let told = again.notes().join("\n");
    for what in ["`sales.products.note`", "`sales.products.colour`", "table `sales.notes`"] {
        assert!(told.contains(what), "{told}");
    }
    assert_eq!(columns(&url).await, of_later);
    insert(&again, vec![customer(1, "one@example.org"), product(2, "lamp", "Lamp", 1)])
        .await
        .unwrap();
    assert!(row(&again, CUSTOMER, 1).await.is_some());
    // The later one finds everything as it left it.
    let later = open(folder.path(), design(grown())).unwrap();
    assert!(later.notes().iter().all(|note| !note.contains("later")), "{:?}", later.notes());
    let colour = usize::from(grown().shape(PRODUCT).field("colour").unwrap().0);
    assert_eq!(row(&later, PRODUCT, 2).await.unwrap().fields[colour], Value::text("red"));
    let mut same = product(3, "other", "Lamp", 1);
    same.fields.extend([Value::Null, Value::text("blue")]);
    let taken = insert(&later, vec![same]).await;
    assert_eq!(taken, Err(StoreError::Unique { code: "name-taken".into() }));
}

fn without(mut model: Model, field: &str) -> Model {
    let at = usize::from(model.shape(PRODUCT).field(field).unwrap().0);
    model.entities[PRODUCT.0 as usize].fields.remove(at);
    model.schema.entities[PRODUCT.0 as usize].fields.remove(at);
    model
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_later_model_took_is_added_again_and_a_new_one_decides_anew() {
    let folder = Folder::new();
    let url = outside(made(folder.path()));
    drop(open(folder.path(), design(small::shop())).unwrap());
    drop(open(folder.path(), design(without(grown(), "place"))).unwrap());
    let place = |columns: &[String]| columns.iter().any(|name| name.starts_with("products.place"));
    assert!(!place(&columns(&url).await));
    let earlier = open(folder.path(), design(small::shop())).unwrap();
    let found = columns(&url).await;
    assert!(place(&found) && found.contains(&"products.note".to_owned()), "{found:?}");
    insert(&earlier, vec![product(2, "lamp", "Lamp", 1)]).await.unwrap();
    drop(earlier);
    // One that was never here takes back what it does not know and what is empty.
    client(&url).await.batch_execute("DELETE FROM sales.products").await.unwrap();
    drop(open(folder.path(), design(without(small::shop(), "weight"))).unwrap());
    let found = columns(&url).await;
    assert!(place(&found) && !found.contains(&"products.note".to_owned()), "{found:?}");
    assert!(!found.iter().any(|name| name.starts_with("notes.")), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_whom_policies_hold_sees_what_is_stored_before_it_drops_anything() {
    let folder = Folder::new();
    let url = outside(made(folder.path()));
    let owner = format!("owner_{}", &crate::stores::database(folder.path())[14..]);
    let administrator = client(&url).await;
    let database = crate::stores::database(folder.path());
    administrator
        .batch_execute(&format!(
            "CREATE ROLE {owner} LOGIN NOSUPERUSER NOBYPASSRLS; \
             GRANT ALL ON DATABASE {database} TO {owner}"
        ))
        .await
        .unwrap();
    let of_owner = url.replacen("postgres@", &format!("{owner}@"), 1);
    assert_ne!(of_owner, url);
    let open = |further: &str| {
        let design = design((*model(&notes::pooled("Owned Notes", further))).clone());
        let settings = postgresql::Settings::from(&*of_owner);
        outside(postgresql::PostgreSqlStore::open(&settings, design))
    };
    drop(open(", more: string(0..40)?").unwrap());
    administrator
        .batch_execute(
            "INSERT INTO office.notes (id, created_at, updated_at, version, text, more, tenant_id) \
             VALUES (gen_random_uuid(), now(), now(), 1, 'a', 'kept', gen_random_uuid())",
        )
        .await
        .unwrap();
    let refused = open("").map(drop);
    let Err(StoreError::Incompatible { differences }) = refused else {
        panic!("values were dropped: {refused:?}");
    };
    assert!(differences.join("\n").contains("office.notes.more"), "{differences:?}");
    administrator
        .batch_execute(&format!("DROP OWNED BY {owner}; DROP ROLE {owner}"))
        .await
        .unwrap();
}
