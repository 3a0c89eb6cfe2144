//! Service times from what a running server measured, in the place of the numbers of the table.
//!
//! A scrape of `/metrics` tells how many times lie between which bounds; spans tell single times.
//! Both become [`Bins`], a distribution is fitted to each ([`fit`]), and what was not fitted is held
//! against it.

mod bins;
mod fit;
mod held_out;
mod likely;
mod measured;
mod of_scrapes;
mod of_spans;
mod saved;
mod scrape;
mod shape;
mod spans;

use std::fmt;

pub use bins::{Bin, Bins, Gathered};
pub use fit::fit;
pub use held_out::errors;
pub use measured::{Fit, HeldOut, Measured, OperationTimes};
pub use saved::{from_json, to_json};
pub use shape::Shape;

use of_scrapes::Scrapes;
use scrape::Scrape;

/// Variations where measurements tell none: those of the table of numbers.
const APPLICATION_VARIATION: f64 = decide::numbers::APPLICATION_VARIATION.default;
const DATABASE_VARIATION: f64 = decide::numbers::DATABASE_VARIATION.default;

/// A file that was measured into: its name, as it is told, and its text.
#[derive(Clone, Copy, Debug)]
pub struct File<'t> {
    /// Name.
    pub name: &'t str,
    /// Text.
    pub text: &'t str,
}

/// A file that says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its name.
    pub file: String,
    /// Where, if it is at a place: a line from 1.
    pub line: Option<u32>,
    /// Why.
    pub message: String,
}

impl Unreadable {
    fn at(file: &str, line: u32, message: String) -> Self {
        Self { file: file.to_owned(), line: Some(line), message }
    }

    fn whole(file: &str, message: &str) -> Self {
        Self { file: file.to_owned(), line: None, message: message.to_owned() }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

/// What the files say, with what ought to be known about it. Whether a file is a scrape, spans, or
/// times that were saved is found by its content. Of two scrapes the time between counts; a third
/// one is held against what lies between the first two. `waits` are the operations whose requests
/// wait for others: of them a scrape tells no time of their own.
///
/// # Errors
/// [`Unreadable`] names the file, and the line where there is one.
pub fn read(
    files: &[File<'_>],
    waits: &dyn Fn(&str) -> bool,
) -> Result<(Measured, Vec<String>), Unreadable> {
    let (mut measured, mut notes) = (Measured::default(), Vec::new());
    let mut reader = spans::Reader::default();
    let (mut scrapes, mut traces) = (Vec::new(), None);
    for file in files {
        match file.text.trim_start().starts_with('{') {
            true if file.text.contains("\"resourceSpans\"") => {
                reader.read(file.name, file.text)?;
                traces = Some(file.name);
            }
            true => measured.add(from_json(file.name, file.text)?),
            false => scrapes.push((file.name, Scrape::read(file.name, file.text)?)),
        }
    }
    if !scrapes.is_empty() {
        let between = Scrapes::between(&scrapes)?;
        measured.add(between.measured(waits, &mut notes));
    }
    if let Some(name) = traces {
        measured.add(of_spans::measured(&reader.finish(name)?));
    }
    match measured == Measured::default() {
        true => {
            let name = files.first().map_or("nothing", |file| file.name);
            Err(Unreadable::whole(name, "too few requests to tell a time: it takes thirty of one"))
        }
        false => Ok((measured, notes)),
    }
}
