//! The model folder: the only place where files of a model are read.
//!
//! A model may come from somebody else, so it is read as untrusted: includes stay inside the
//! folder, through `..` and symbolic links as well, and files are bounded in size and number.

use std::{
    fmt, fs,
    io::Read as _,
    path::{Component, Path, PathBuf},
};

use crate::failure::Failure;

/// The file that makes a folder a model.
pub const ROOT: &str = "firmitas.yaml";
/// Largest file in bytes; the largest model we know has a tenth of it.
const FILE_LIMIT: u64 = 4 << 20;
/// Most files of a model, and most entries looked at while an `include` pattern is matched.
const ENTRY_LIMIT: usize = 10_000;
/// Deepest folder below the model folder.
const DEPTH_LIMIT: usize = 16;

/// A folder with a `firmitas.yaml`.
#[derive(Clone, Debug)]
pub struct Folder {
    /// As the user wrote it, with forward slashes and without a trailing one; `.` for the working
    /// directory.
    shown: String,
    /// Absolute, symbolic links resolved.
    root: PathBuf,
}

/// Why a file of the model could not be read.
#[derive(Debug)]
pub enum ReadError {
    /// There is none.
    NotFound,
    /// The path, or a symbolic link on it, leads out of the model folder.
    Outside,
    /// Larger than [`FILE_LIMIT`].
    TooLarge,
    /// Not UTF-8, from this byte on.
    NotUtf8(usize),
    /// Everything else that an operating system says.
    Unreadable(std::io::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is no such file"),
            Self::Outside => f.write_str("it lies outside the model folder"),
            Self::TooLarge => write!(f, "it is larger than {} MiB", FILE_LIMIT >> 20),
            Self::NotUtf8(at) => write!(f, "byte {at} is not UTF-8"),
            Self::Unreadable(error) => error.fmt(f),
        }
    }
}

impl Folder {
    /// Opens the model in `path`, which is the folder or its `firmitas.yaml`.
    ///
    /// # Errors
    /// `model-not-found`, with the subfolders that hold a model where there are some.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let folder = match path.file_name() {
            Some(name) if name == ROOT && path.is_file() => match path.parent() {
                Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
                Some(parent) => parent,
                None => path,
            },
            _ => path,
        };
        let root = fs::canonicalize(folder).map_err(|error| not_a_folder(folder, &error))?;
        if !root.join(ROOT).is_file() {
            return Err(no_model(folder, &root));
        }
        let shown = folder.to_string_lossy().replace('\\', "/");
        let shown = shown.trim_end_matches('/');
        Ok(Self { shown: if shown.is_empty() { "/" } else { shown }.to_owned(), root })
    }

    /// Any folder, whether it holds a model or only files of one.
    ///
    /// # Errors
    /// `model-not-found` where there is no such folder.
    pub fn holding(path: &Path) -> Result<Self, Failure> {
        let root = fs::canonicalize(path).map_err(|error| not_a_folder(path, &error))?;
        Ok(Self { shown: path.to_string_lossy().replace('\\', "/"), root })
    }

    /// The folder as the user wrote it.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The folder, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What leads from the root of the repository to the folder, with a slash at the end; from the
    /// working directory where there is no repository.
    #[must_use]
    pub fn in_repository(&self) -> String {
        let repository = self.root.ancestors().find(|folder| folder.join(".git").exists());
        let start = match repository {
            Some(root) => Some(root.to_owned()),
            None => std::env::current_dir().and_then(fs::canonicalize).ok(),
        };
        let below = start.and_then(|start| Some(self.root.strip_prefix(start).ok()?.to_owned()));
        let path = below.unwrap_or_else(|| self.root.clone());
        match path.to_string_lossy().replace('\\', "/") {
            path if path.is_empty() => path,
            path => format!("{}/", path.trim_end_matches('/')),
        }
    }

    /// The folder as a path that can be joined and shown.
    #[must_use]
    pub fn path(&self) -> &Path {
        Path::new(&self.shown)
    }

    /// Replaces a file of the model, whole or not at all.
    ///
    /// # Errors
    /// When the path leaves the folder or cannot be written.
    pub fn replace(&self, relative: &str, text: &str) -> Result<(), Failure> {
        let path = self.resolve(relative).map_err(|error| {
            Failure::new("file-unusable", format!("cannot write `{relative}`: {error}"))
        })?;
        let beside = path.with_extension("firm-new");
        fs::write(&beside, text)
            .and_then(|()| fs::rename(&beside, &path))
            .map_err(|error| Failure::file("write", &path, &error))
    }

    /// Writes a file beside the model, whole or not at all, whether it exists or not.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.root.join(name);
        let beside = path.with_extension("firm-new");
        fs::write(&beside, text)
            .and_then(|()| fs::rename(&beside, &path))
            .map_err(|error| Failure::file("write", &path, &error))
    }

    /// Where the embedded store lives unless `--data` says otherwise.
    #[must_use]
    pub fn default_data(&self) -> PathBuf {
        self.root.join(".firm")
    }

    /// The text of a file, by its path relative to the folder.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn read(&self, relative: &str) -> Result<String, ReadError> {
        let path = self.resolve(relative)?;
        let file = fs::File::open(path).map_err(ReadError::from)?;
        let mut bytes = Vec::new();
        // One byte beyond the limit tells "too large" from "just fits", whatever the file's
        // metadata claims.
        file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(ReadError::from)?;
        if bytes.len() as u64 > FILE_LIMIT {
            return Err(ReadError::TooLarge);
        }
        String::from_utf8(bytes)
            .map_err(|error| ReadError::NotUtf8(error.utf8_error().valid_up_to()))
    }

    fn resolve(&self, relative: &str) -> Result<PathBuf, ReadError> {
        let relative = Path::new(relative);
        if !relative
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        {
            return Err(ReadError::Outside);
        }
        let path = fs::canonicalize(self.root.join(relative)).map_err(ReadError::from)?;
        if !path.starts_with(&self.root) {
            return Err(ReadError::Outside);
        }
        if path.is_file() { Ok(path) } else { Err(ReadError::NotFound) }
    }

    /// The files inside the folder that match a pattern of `include`, sorted by path, so that the
    /// order does not depend on the file system. Hidden entries are never matched.
    #[must_use]
    pub fn matching(&self, pattern: &str) -> Vec<String> {
        if !pattern.contains('*') {
            return self.resolve(pattern).map(|_| pattern.to_owned()).into_iter().collect();
        }
        let mut found = Vec::new();
        let mut budget = ENTRY_LIMIT;
        self.walk(String::new(), 0, &mut budget, &mut |path| {
            if model::syntax::matches(pattern, path) {
                found.push(path.to_owned());
            }
        });
        found.sort();
        found
    }

    /// Changes whenever a YAML file of the folder is added, written or removed.
    #[must_use]
    pub fn fingerprint(&self) -> Vec<(String, Option<std::time::SystemTime>, u64)> {
        let mut files = Vec::new();
        let mut budget = ENTRY_LIMIT;
        self.walk(String::new(), 0, &mut budget, &mut |path| {
            let extension = Path::new(path).extension().and_then(|text| text.to_str());
            if matches!(extension, Some("yaml" | "yml" | "json"))
                && let Ok(about) = fs::metadata(self.root.join(path))
            {
                files.push((path.to_owned(), about.modified().ok(), about.len()));
            }
        });
        files.sort();
        files
    }

    fn walk(&self, folder: String, depth: usize, budget: &mut usize, visit: &mut dyn FnMut(&str)) {
        let Ok(entries) = fs::read_dir(self.root.join(&folder)) else { return };
        for entry in entries.flatten() {
            let Some(left) = budget.checked_sub(1) else { return };
            *budget = left;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            if name.starts_with('.') {
                continue;
            }
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            // `file_type` does not follow symbolic links: linked folders are not descended into,
            // which also ends every loop; linked files are checked when they are read.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < DEPTH_LIMIT => {
                    self.walk(path, depth + 1, budget, visit);
                }
                Ok(kind) if !kind.is_dir() => visit(&path),
                _ => {}
            }
        }
    }
}

impl From<std::io::Error> for ReadError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::NotFound,
            _ => Self::Unreadable(error),
        }
    }
}

fn not_a_folder(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        "model-not-found",
        format!("cannot open the folder `{}`: {error}", folder.display()),
    )
    .help("give the folder that holds `firmitas.yaml`, or make a new model: `firm new NAME`")
}

fn no_model(folder: &Path, root: &Path) -> Failure {
    let failure =
        Failure::new("model-not-found", format!("there is no `{ROOT}` in `{}`", folder.display()));
    let nearby: Vec<String> = models_below(root)
        .iter()
        .filter_map(|path| path.strip_prefix(root).ok())
        .map(|path| {
            format!("`{}`", folder.join(path).display().to_string().trim_start_matches("./"))
        })
        .collect();
    match nearby.as_slice() {
        [] => failure.help("make a new model: `firm new NAME`"),
        [one] => failure.help(format!("did you mean {one}?")),
        [many @ .., last] => failure.help(format!("did you mean {} or {last}?", many.join(", "))),
    }
}

/// Up to five folders at most two levels below that hold a model.
fn models_below(root: &Path) -> Vec<PathBuf> {
    let folders = |path: &Path| {
        let entries = fs::read_dir(path).into_iter().flatten().flatten().take(500);
        let mut folders: Vec<PathBuf> =
            entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
        folders.sort();
        folders
    };
    let near = folders(root);
    let far = near.iter().flat_map(|folder| folders(folder));
    near.iter().cloned().chain(far).filter(|path| path.join(ROOT).is_file()).take(5).collect()
}
