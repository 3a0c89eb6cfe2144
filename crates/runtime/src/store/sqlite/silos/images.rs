//! Backups of files of tenants: in the same file as what is shared, as tables of bytes.
//!
//! Files are copied one after the other, each as it is at one moment. What is committed meanwhile
//! is still to be found in the copy of what is shared, which is made last: while a backup is under
//! way, [`redo`](super::redo) forgets nothing. So whoever opens the copy has one moment again.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::backup::{partial, write};
use super::super::{connect, failure, now};
use super::{FOLDER, NOBODY, flush, in_folder, name};
use crate::private;
use crate::store::StoreError;

/// Bytes in one row.
const PART: usize = 1 << 20;
/// How long a backup may take, in microseconds: if it dies, what it has held up goes on then.
const LONGEST: i64 = 24 * 3_600 * 1_000_000;

const TABLE: &str = "
CREATE TABLE firmitas_images (
  number INTEGER PRIMARY KEY,
  file TEXT NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
";

/// Copies a database with the files of its tenants into one file.
pub(in super::super) fn save(database: &Path, to: &Path) -> Result<(), StoreError> {
    let folder = beside(database);
    if in_folder(&folder)?.is_empty() {
        return write(database, to);
    }
    let mark = Mark::set(database)?;
    let aside = with(to, ".tenants");
    let saved = save_all(database, &folder, &aside, to);
    drop(fs::remove_dir_all(&aside));
    mark.remove()?;
    saved
}

fn save_all(database: &Path, folder: &Path, aside: &Path, to: &Path) -> Result<(), StoreError> {
    drop(fs::remove_dir_all(aside));
    private::folder(aside).map_err(|error| failure::io("making a folder for copies", &error))?;
    let mut files: Vec<String> = in_folder(folder)?.into_iter().map(name).collect();
    files.push(NOBODY.to_owned());
    for file in &files {
        write(&folder.join(file), &aside.join(file))?;
    }
    write(database, to)?;
    let mut copy = Connection::open(to)?;
    copy.execute("DELETE FROM firmitas_records WHERE kind = 'backup'", ())?;
    let transaction = copy.transaction()?;
    transaction.execute_batch(TABLE)?;
    for file in &files {
        put(&transaction, file, &aside.join(file))?;
    }
    transaction.commit()?;
    copy.close().map_err(|(_, error)| error.into())
}

fn put(copy: &Connection, name: &str, file: &Path) -> Result<(), StoreError> {
    let doing = |error: std::io::Error| failure::io("reading a copied file", &error);
    let mut insert =
        copy.prepare_cached("INSERT INTO firmitas_images (file, bytes) VALUES (?1, ?2)")?;
    let mut from = File::open(file).map_err(doing)?;
    loop {
        let mut bytes = Vec::with_capacity(PART);
        let most = u64::try_from(PART).unwrap_or(u64::MAX);
        std::io::Read::by_ref(&mut from).take(most).read_to_end(&mut bytes).map_err(doing)?;
        if bytes.is_empty() {
            return Ok(());
        }
        insert.execute(params![name, bytes])?;
    }
}

/// Puts a copy where a database is to be, and the files of its tenants beside it. There are none of
/// either.
pub(in super::super) fn load(from: &Path, database: &Path) -> Result<(), StoreError> {
    let folder = beside(database);
    if !in_folder(&folder)?.is_empty() {
        return Err(StoreError::Unusable {
            message: format!(
                "there are files of tenants in `{}` already; move them away, or give another folder",
                folder.display()
            ),
        });
    }
    let to = partial(database);
    let loaded = load_all(from, &to, &folder).and_then(|()| {
        flush(&to)
            .and_then(|()| fs::rename(&to, database))
            .map_err(|error| failure::io("naming the database", &error))
    });
    if loaded.is_err() {
        drop(fs::remove_file(&to));
        for file in in_folder(&folder).unwrap_or_default() {
            drop(fs::remove_file(folder.join(name(file))));
        }
    }
    loaded
}

fn load_all(from: &Path, to: &Path, folder: &Path) -> Result<(), StoreError> {
    write(from, to)?;
    let copy = Connection::open(to)?;
    let there = "SELECT 1 FROM sqlite_schema WHERE name = 'firmitas_images'";
    if copy.query_row(there, (), |_| Ok(())).optional()?.is_some() {
        private::folder(folder)
            .map_err(|error| failure::io("creating the folder of tenants", &error))?;
        let files: Vec<String> = copy
            .prepare("SELECT DISTINCT file FROM firmitas_images")?
            .query_map((), |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for file in files {
            take(&copy, &file, folder)?;
        }
        flush(folder).map_err(|error| failure::io("flushing the folder of tenants", &error))?;
        copy.execute_batch("DROP TABLE firmitas_images; VACUUM;")?;
    }
    copy.close().map_err(|(_, error)| error.into())
}

fn take(copy: &Connection, file: &str, folder: &Path) -> Result<(), StoreError> {
    let known = file.strip_suffix(".db").is_some_and(|id| uuid::Uuid::try_parse(id).is_ok());
    if !known && file != NOBODY {
        let message = "the backup holds a file that is no tenant's".to_owned();
        return Err(StoreError::Corrupt { message });
    }
    let doing = |error: std::io::Error| failure::io("writing the file of a tenant", &error);
    let path = folder.join(file);
    let mut to = File::create(&path).map_err(doing)?;
    let mut parts =
        copy.prepare_cached("SELECT bytes FROM firmitas_images WHERE file = ?1 ORDER BY number")?;
    let mut rows = parts.query([file])?;
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(0)?;
        to.write_all(&bytes).map_err(doing)?;
    }
    to.sync_all().map_err(doing)?;
    let found: String =
        connect::reader(&path)?.query_row("PRAGMA quick_check(1)", (), |row| row.get(0))?;
    match found.as_str() {
        "ok" => Ok(()),
        _ => Err(StoreError::Corrupt { message: format!("`{file}` in the backup: {found}") }),
    }
}

/// Says that a backup is under way.
struct Mark {
    database: Connection,
    key: String,
}

impl Mark {
    fn set(database: &Path) -> Result<Self, StoreError> {
        let (database, key) = (connect::writer(database)?, uuid::Uuid::new_v4().to_string());
        database.execute(
            "INSERT INTO firmitas_records (kind, key, owner, value, expires) \
             VALUES ('backup', ?1, '', '{}', ?2)",
            params![key, now().saturating_add(LONGEST)],
        )?;
        Ok(Self { database, key })
    }

    fn remove(self) -> Result<(), StoreError> {
        let sql = "DELETE FROM firmitas_records WHERE kind = 'backup' AND key = ?1";
        self.database.execute(sql, [self.key])?;
        Ok(())
    }
}

fn beside(database: &Path) -> PathBuf {
    database.parent().unwrap_or(Path::new(".")).join(FOLDER)
}

fn with(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(what);
    name.into()
}
