//! Files of tenants when a store is opened: what a crash left is settled, then all fit the design.

use std::path::Path;
use std::sync::Arc;
use std::sync::PoisonError;

use decide::Design;
use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

use super::super::schema::{self, Extent};
use super::super::{connect, failure, now};
use super::{FOLDER, SPARE, Shared, Silos, in_folder, missing, redo, remove};
use crate::private;
use crate::store::StoreError;

/// The record that says which tables all files have.
const KIND: &str = "tenant-files";
const KEY: &str = "tables";

/// Opens the files of tenants beside a database, which is made where there is none, and fits all of
/// them to the design. At most so many connections to them wait for work.
///
/// # Errors
/// [`StoreError::Incompatible`] where rows of what is shared, or of any tenant, do not fit;
/// [`StoreError::Corrupt`] where a file is missing that is known to hold rows.
pub(in super::super) fn open(
    database: &Path,
    design: &Arc<Design>,
    most: usize,
) -> Result<(Shared, Vec<String>), StoreError> {
    let silos = Silos::new(database, most);
    private::folder(&silos.folder)
        .map_err(|error| failure::io("creating the folder of tenants", &error))?;
    let known = in_folder(&silos.folder)?;
    *silos.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    let mut central = connect::writer(database)?;
    silos.settle_spare()?;
    let waiting = redo::waiting(&central)?;
    if !waiting.is_empty() {
        // What was committed is of the tables that there are now, before they change.
        silos.fit_nobody_if_missing(design)?;
        silos.bring_up(&waiting, None)?;
    }
    // Before anything changes: who is taken for new would find nothing.
    for tenant in redo::listed(&central)? {
        if !silos.knows(tenant) {
            return Err(missing(tenant, &silos.file(tenant)));
        }
    }
    let mut notes = schema::fit(&mut central, design, Extent::Shared, now())?;
    silos.fit_all(&central, database, design, &mut notes)?;
    // All of it is in its files now.
    central.execute(
        "DELETE FROM firmitas_redo WHERE NOT EXISTS (SELECT 1 FROM firmitas_records \
         WHERE kind = 'backup' AND expires > ?1)",
        [now()],
    )?;
    for tenant in silos.tenants() {
        redo::list(&central, tenant)?;
    }
    drop(central);
    silos.make_spare()?;
    Ok((Arc::new(silos), notes))
}

/// Refuses to start without the files of tenants where there are any.
///
/// # Errors
/// [`StoreError::Incompatible`].
pub(in super::super) fn unused(database: &Path) -> Result<(), StoreError> {
    let folder = database.parent().unwrap_or(Path::new(".")).join(FOLDER);
    let tenants = in_folder(&folder)?.len();
    if tenants == 0 {
        return Ok(());
    }
    Err(StoreError::Incompatible {
        differences: vec![format!(
            "{tenants} tenants have files of their own in `{}`, and the model wants shared tables \
             for all; keep `isolation: silo` (or `bridge`)",
            folder.display()
        )],
    })
}

impl Silos {
    /// What a process had in hand when it ended: the spare file may be a tenant's by now.
    fn settle_spare(&self) -> Result<(), StoreError> {
        let spare = self.folder.join(SPARE);
        if spare.exists() {
            let connection = connect::writer(&spare)?;
            let whose: Option<Option<[u8; 16]>> = connection
                .query_row("SELECT tenant FROM firmitas_silo", (), |row| row.get(0))
                .optional()
                .unwrap_or_default();
            drop(connection);
            if let Some(Some(tenant)) = whose {
                let tenant = u128::from_be_bytes(tenant);
                if !self.file(tenant).exists() {
                    return self.name_spare(tenant);
                }
            }
        }
        remove(&spare).map_err(|error| failure::io("removing the spare file", &error))
    }

    fn fit_nobody_if_missing(&self, design: &Design) -> Result<(), StoreError> {
        let nobody = self.folder.join(super::NOBODY);
        if nobody.exists() {
            return Ok(());
        }
        schema::fit(&mut connect::writer(&nobody)?, design, Extent::Owned, now()).map(drop)
    }

    /// Fits all files to the design: none where one of them does not fit.
    /// What is shared is beside each, so that rows can be compared with it.
    fn fit_all(
        &self,
        central: &Connection,
        database: &Path,
        design: &Design,
        notes: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let wanted = schema::wanted(design, Extent::Owned)?;
        let wanted: String =
            Sha256::digest(wanted).iter().map(|byte| format!("{byte:02x}")).collect();
        let known: Option<String> = central
            .query_row(
                "SELECT value FROM firmitas_records WHERE kind = ?1 AND key = ?2",
                [KIND, KEY],
                |row| row.get(0),
            )
            .optional()?;
        let open = |file: &Path| {
            let connection = connect::writer(file)?;
            connect::attach_shared(&connection, database)?;
            Ok::<_, StoreError>(connection)
        };
        let fit = |file: &Path| schema::fit(&mut open(file)?, design, Extent::Owned, now());
        if known.as_ref() != Some(&wanted) {
            // What all of them have against it, not the first one alone.
            let tried = self.tenants().into_iter().map(|tenant| {
                let mut file = open(&self.file(tenant))?;
                schema::try_to_fit(&mut file, design, Extent::Owned, now())
                    .map_err(|error| of_tenant(tenant, error))
            });
            tried.fold(Ok(()), StoreError::with)?;
        }
        let nobody = self.folder.join(super::NOBODY);
        if known.as_ref() != Some(&wanted) || !nobody.exists() {
            // Nothing is in it: it is made anew rather than changed.
            remove(&nobody).map_err(|error| failure::io("removing the file of nobody", &error))?;
        }
        schema::fit(&mut connect::writer(&nobody)?, design, Extent::Owned, now())?;
        if known.as_ref() == Some(&wanted) {
            return Ok(());
        }
        for tenant in self.tenants() {
            let told = fit(&self.file(tenant)).map_err(|error| of_tenant(tenant, error))?;
            // The same of each.
            notes.extend(told.into_iter().filter(|told| !notes.contains(told)).collect::<Vec<_>>());
        }
        central.execute(
            "INSERT OR REPLACE INTO firmitas_records (kind, key, owner, value) \
             VALUES (?1, ?2, '', ?3)",
            params![KIND, KEY, wanted],
        )?;
        Ok(())
    }
}

/// What does not fit, and in whose file.
fn of_tenant(tenant: u128, error: StoreError) -> StoreError {
    let StoreError::Incompatible { differences } = error else { return error };
    let whose = |difference| format!("tenant {}: {difference}", uuid::Uuid::from_u128(tenant));
    StoreError::Incompatible { differences: differences.into_iter().map(whose).collect() }
}
