//! Whether the keys of this process are those with which the fields of its store were encrypted:
//! another server, or an earlier run, may have had others.

use runtime::store::{Keys, Record, SealError, Store, StoreError, Terms, Transaction as _};
use serde::{Deserialize, Serialize};

use crate::Failure;

/// The kind of the records that say which keys there are.
const KIND: &str = "keys";
/// The record about encrypted fields.
const FIELDS: &str = "fields";
/// What is encrypted, so that a key shows that it is the one.
const CHECK: &[u8] = b"firmitas";
/// Attempts, where others start at the same time.
const ATTEMPTS: u32 = 5;

/// Which keys encrypt fields.
#[derive(Serialize, Deserialize)]
struct OfFields {
    /// The name of the newest.
    newest: String,
    /// Encrypted under it.
    check: String,
}

/// Refuses keys that cannot read what the store holds, before anything is written under them.
///
/// # Errors
/// `invalid-field-keys`; what the store fails of.
pub(crate) async fn of_fields<S: Store>(store: &S) -> Result<(), Failure> {
    let Some(keys) = store.keys() else { return Ok(()) };
    let check = keys.seal(FIELDS.as_bytes(), CHECK).map_err(|error| invalid(&error))?;
    let mine = OfFields { newest: keys.newest().to_owned(), check };
    let Some(known) = first(store, &mine).await? else { return Ok(()) };
    opens(keys, &known)?;
    if known.newest == mine.newest { Ok(()) } else { replace(store, &mine).await }
}

fn opens(keys: &Keys, known: &OfFields) -> Result<(), Failure> {
    match keys.open_sealed(FIELDS.as_bytes(), &known.check) {
        Ok(check) if check == CHECK => Ok(()),
        Ok(_) => Err(invalid(&SealError::Damaged)),
        Err(error) => Err(invalid(&error)),
    }
}

fn invalid(why: &SealError) -> Failure {
    let why = match why {
        SealError::UnknownKey(name) => {
            format!("what is stored is encrypted under the key `{name}`, which is not here")
        }
        SealError::Damaged => "a key has the name of another one, with which this store was \
                               encrypted"
            .to_owned(),
        SealError::Randomness => why.to_string(),
    };
    Failure::new("invalid-field-keys", why).help(
        "all servers of a store share `fields.keys`: `--keys DIR` or `--field-keys FILE` say where \
         it is; nothing was changed",
    )
}

/// What is known; notes this where nothing was.
async fn first<S: Store>(store: &S, mine: &OfFields) -> Result<Option<OfFields>, Failure> {
    let mine = record(mine);
    let mut attempts = 0;
    loop {
        attempts += 1;
        let mine = mine.clone();
        let known = store
            .write(Terms::SERVER, move |tx| {
                Box::pin(async move {
                    let known = tx.lock_record(KIND, FIELDS, i64::MIN).await?;
                    if known.is_none() {
                        tx.add_record(&mine).await?;
                    }
                    Ok::<_, StoreError>(known)
                })
            })
            .await;
        match known {
            // One that cannot be read is from a later version: it is left alone.
            Ok(known) => return Ok(known.and_then(|of| serde_json::from_str(&of.value).ok())),
            Err(StoreError::Unique { .. } | StoreError::Conflict) if attempts < ATTEMPTS => {}
            Err(error) => return Err(error.into()),
        }
    }
}

async fn replace<S: Store>(store: &S, mine: &OfFields) -> Result<(), Failure> {
    let mine = record(mine);
    let put =
        store.write(Terms::SERVER, move |tx| Box::pin(async move { tx.put_record(&mine).await }));
    put.await.map_err(|error: StoreError| error.into())
}

fn record(of: &OfFields) -> Record {
    Record {
        kind: KIND.to_owned(),
        key: FIELDS.to_owned(),
        owner: String::new(),
        value: serde_json::to_string(of).unwrap_or_default(),
        expires: None,
    }
}
