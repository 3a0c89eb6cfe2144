//! A folder of generated files that people commit. A manifest of hashes tells what was written
//! here from what was edited since, so that nobody's work is overwritten.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::failure::Failure;

/// The name of the manifest in the folder.
pub const MANIFEST: &str = "manifest.json";

/// What writing would do, or has done. Paths are relative to the folder, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// New files.
    pub added: Vec<String>,
    /// Files with other content.
    pub changed: Vec<String>,
    /// Files that are generated no longer.
    pub removed: Vec<String>,
    /// Files that somebody edited: written or removed only when forced.
    pub edited: Vec<String>,
    /// How many stay as they are.
    pub unchanged: usize,
}

impl Changes {
    /// Whether the folder is as it would be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let lists = [&self.added, &self.changed, &self.removed, &self.edited];
        lists.iter().all(|list| list.is_empty())
    }
}

/// A folder with the files that belong into it.
#[derive(Debug)]
pub struct Generated<'a> {
    folder: PathBuf,
    files: BTreeMap<&'a str, &'a str>,
    manifest: BTreeMap<String, String>,
}

impl<'a> Generated<'a> {
    /// Files by path relative to `folder`, which need not exist.
    ///
    /// # Errors
    /// When there is a manifest that cannot be read.
    pub fn new(
        folder: &Path,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Failure> {
        let manifest = read_manifest(&folder.join(MANIFEST))?;
        Ok(Self { folder: folder.to_owned(), files: files.into_iter().collect(), manifest })
    }

    /// Compares the folder with what belongs into it.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn changes(&self) -> Result<Changes, Failure> {
        let mut changes = Changes::default();
        for (&path, &text) in &self.files {
            match self.present(path)? {
                None => changes.added.push(path.to_owned()),
                Some(found) if found == hash(text.as_bytes()) => changes.unchanged += 1,
                Some(found) if self.manifest.get(path) == Some(&found) => {
                    changes.changed.push(path.to_owned());
                }
                Some(_) => changes.edited.push(path.to_owned()),
            }
        }
        for (path, written) in &self.manifest {
            if self.files.contains_key(path.as_str()) {
                continue;
            }
            match self.present(path)? {
                None => {}
                Some(found) if found == *written => changes.removed.push(path.clone()),
                Some(_) => changes.edited.push(path.clone()),
            }
        }
        Ok(changes)
    }

    /// Compares as [`Self::changes`] does, and the manifest too: without it, nothing would tell
    /// what was edited by hand.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn stale(&self) -> Result<Changes, Failure> {
        let mut changes = self.changes()?;
        if changes.is_empty() {
            match self.present(MANIFEST)? {
                None => changes.added.push(MANIFEST.to_owned()),
                Some(found) if found != hash(self.manifest_text().as_bytes()) => {
                    changes.changed.push(MANIFEST.to_owned());
                }
                Some(_) => {}
            }
        }
        Ok(changes)
    }

    /// Makes the folder what it should be: every file whole or not at all, the manifest last.
    ///
    /// # Errors
    /// `edited-by-hand`, with nothing written, unless `force`; and when a file cannot be written.
    pub fn write(&self, force: bool) -> Result<Changes, Failure> {
        let changes = self.changes()?;
        if !force && !changes.edited.is_empty() {
            return Err(self.edited(&changes.edited));
        }
        for path in changes.added.iter().chain(&changes.changed).chain(&changes.edited) {
            match self.files.get(path.as_str()) {
                Some(text) => self.replace(path, text)?,
                None => self.remove(path)?,
            }
        }
        for path in &changes.removed {
            self.remove(path)?;
        }
        let manifest = self.manifest_text();
        if self.present(MANIFEST)? != Some(hash(manifest.as_bytes())) {
            self.replace(MANIFEST, &manifest)?;
        }
        Ok(changes)
    }

    fn edited(&self, paths: &[String]) -> Failure {
        let list: Vec<String> =
            paths.iter().map(|path| format!("`{}`", self.folder.join(path).display())).collect();
        let message = format!("edited by hand since it was written: {}", list.join(", "));
        Failure::new("edited-by-hand", message).help(
            "move your changes elsewhere, or give them up with `--force`; nothing was written",
        )
    }

    /// The hash of a file, if there is one.
    fn present(&self, path: &str) -> Result<Option<String>, Failure> {
        let path = self.folder.join(path);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(hash(&bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::file("read", &path, &error)),
        }
    }

    fn replace(&self, path: &str, text: &str) -> Result<(), Failure> {
        let path = self.folder.join(path);
        let beside = path.with_extension("firm-new");
        let parent = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&beside, text))
            .and_then(|()| fs::rename(&beside, &path))
            .map_err(|error| Failure::file("write", &path, &error))
    }

    fn remove(&self, path: &str) -> Result<(), Failure> {
        let path = self.folder.join(path);
        fs::remove_file(&path).map_err(|error| Failure::file("remove", &path, &error))?;
        // A folder that became empty goes too; one that did not stays, which is no error.
        if let Some(parent) = path.parent().filter(|parent| *parent != self.folder) {
            let _ = fs::remove_dir(parent);
        }
        Ok(())
    }

    fn manifest_text(&self) -> String {
        let files: serde_json::Map<String, Value> = self
            .files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), json!(hash(text.as_bytes()))))
            .collect();
        format!("{:#}\n", json!({ "version": 1, "files": files }))
    }
}

/// Reads the hashes of what was written last; paths that leave the folder are ignored, so that a
/// forged manifest removes nothing outside.
fn read_manifest(path: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(Failure::file("read", path, &error)),
    };
    let document: Value = serde_json::from_str(&text).map_err(|error| {
        Failure::new("invalid-manifest", format!("`{}` is not JSON: {error}", path.display()))
            .help("restore it, or remove it and write again with `--force`")
    })?;
    let files = document.get("files").and_then(Value::as_object).cloned().unwrap_or_default();
    let inside = |path: &str| {
        Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)))
    };
    let pairs = files.into_iter().filter(|(path, _)| inside(path));
    Ok(pairs.filter_map(|(path, hash)| Some((path, hash.as_str()?.to_owned()))).collect())
}

fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}
