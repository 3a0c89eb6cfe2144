//! The report as a page.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use simulate::output::{About, MARK};

use crate::console::{Console, style, styled};
use crate::failure::Failure;

/// Where the page goes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct HtmlArguments {
    /// Also write the answer as a page with charts, which needs nothing from elsewhere; an earlier
    /// one is replaced, any other file is not
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Bytes of a file within which our mark stands.
const MARKED: u64 = 4096;

impl HtmlArguments {
    /// Whether the file can be written, asked before anything is simulated.
    ///
    /// # Errors
    /// There is another file, or no folder for it.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let Some(path) = &self.html else { return Ok(()) };
        let unreadable = |error: io::Error| Failure::file("read", path, &error);
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => match folder(path).is_dir() {
                true => Ok(()),
                false => {
                    let message = format!("there is no folder `{}`", folder(path).display());
                    Err(Failure::new("no-folder", message).help("make it first"))
                }
            },
            Err(error) => Err(unreadable(error)),
            Ok(about) if about.is_file() && is_ours(path).map_err(unreadable)? => Ok(()),
            Ok(_) => {
                let message =
                    format!("`{}` is there already, and no report of ours", path.display());
                Err(Failure::new("not-ours", message).help("name another file, or remove it"))
            }
        }
    }

    /// Writes the page whole or not at all, where one is wanted.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn write(
        &self,
        title: &str,
        console: &Console,
        page: impl FnOnce(&About<'_>) -> String,
    ) -> Result<(), Failure> {
        let Some(path) = &self.html else { return Ok(()) };
        let command = command(std::env::args());
        let about = About { title, version: env!("CARGO_PKG_VERSION"), command: &command };
        let text = page(&about);
        let mut beside = path.clone().into_os_string();
        beside.push(".firm-new");
        let beside = PathBuf::from(beside);
        let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
        written.map_err(|error| {
            // What is half written is of no use; that it cannot be removed is said by the next run.
            let _ = fs::remove_file(&beside);
            Failure::file("write", path, &error)
        })?;
        console.prose(format!("{} {}", styled(style::GOOD, "saved"), path.display()));
        Ok(())
    }
}

fn folder(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or_else(|| Path::new("."))
}

fn is_ours(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    fs::File::open(path)?.take(MARKED).read_to_end(&mut start)?;
    Ok(String::from_utf8_lossy(&start).contains(MARK))
}

/// The command that says the same once more: without where the page went, quoted as a shell wants
/// it.
fn command(arguments: impl Iterator<Item = String>) -> String {
    let mut words = vec!["firm".to_owned()];
    let mut arguments = arguments.skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--html" {
            arguments.next();
        } else if !argument.starts_with("--html=") {
            words.push(quoted(&argument));
        }
    }
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_said_once_more_without_its_page() {
        let said =
            ["/bin/firm", "simulate", "--html", "a b.html", "--surge", "5x@30s for 20s", "it's"];
        let said = command(said.into_iter().map(str::to_owned));
        assert_eq!(said, "firm simulate --surge '5x@30s for 20s' 'it'\\''s'");
        let said = command(["firm", "simulate", "--html=x", ""].into_iter().map(str::to_owned));
        assert_eq!(said, "firm simulate ''");
    }
}
