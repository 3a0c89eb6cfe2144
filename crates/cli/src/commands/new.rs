//! `firm new`: a small model that checks clean and runs, to be changed into one's own.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    console::{Console, style, styled},
    failure::{Failure, Outcome},
    folder::ROOT,
};

const MODEL: &str = include_str!("starter/firmitas.yaml");

/// Arguments of `firm new`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  firm new city-library && firm up city-library")]
pub struct NewArguments {
    /// Folder to make, named like the system
    name: PathBuf,
}

/// Makes the folder with a model and a `.gitignore`.
///
/// # Errors
/// When there is a model already, the name holds no letter, or a file cannot be written.
pub fn run(arguments: &NewArguments, console: &Console) -> Result<Outcome, Failure> {
    let folder = &arguments.name;
    let name = system_name(folder)?;
    fs::create_dir_all(folder).map_err(|error| Failure::file("make the folder", folder, &error))?;
    write_new(&folder.join(ROOT), &MODEL.replace("{name}", &name))?;
    match write_new(&folder.join(".gitignore"), ".firm/\n") {
        // A folder that is a project already keeps its own list.
        Err(failure) if failure.id != "already-there" => return Err(failure),
        _ => {}
    }
    let shown = folder.display();
    if console.json() {
        let files = [folder.join(ROOT).display().to_string()];
        console.document(&serde_json::json!({ "version": 1, "diagnostics": [], "files": files }));
    }
    console.prose(format!(
        "{} {shown}/{ROOT}: a lending library, as a start",
        styled(style::GOOD, "made")
    ));
    console.prose(format!(
        "\n  {}   what it says is sound\n  {}  what it leads to, and why\n  {}      run it",
        styled(style::LINK, format_args!("firm check {shown}")),
        styled(style::LINK, format_args!("firm design {shown}")),
        styled(style::LINK, format_args!("firm up {shown}")),
    ));
    Ok(Outcome::Success)
}

/// "city-library" becomes "City Library".
fn system_name(folder: &Path) -> Result<String, Failure> {
    let last = folder.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let words = last.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    };
    let name = words.filter_map(capital).collect::<Vec<_>>().join(" ");
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        let message = format!("`{}` is no name for a system", folder.display());
        return Err(Failure::new("invalid-name", message)
            .help("begin with a letter, for example `firm new city-library`"));
    }
    Ok(name)
}

/// Writes a file that must not exist, so that nothing is ever overwritten.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let file = fs::OpenOptions::new().write(true).create_new(true).open(path);
    match file.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let message = format!("there is a `{}` already", path.display());
            Err(Failure::new("already-there", message).help("choose another name"))
        }
        Err(error) => Err(Failure::file("write", path, &error)),
    }
}
