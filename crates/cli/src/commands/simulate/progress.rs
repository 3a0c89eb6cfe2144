//! How far a simulation is: one line on a terminal, drawn over, and taken away at the end.

use std::cell::Cell;
use std::io::Write as _;
use std::time::{Duration, Instant};

use simulate::experiment::Progress;

use crate::console::Console;

/// How often the line is drawn: more often nobody sees.
const OFTEN: Duration = Duration::from_millis(80);

/// Parts of the bar.
const PARTS: u64 = 24;

/// A line that is drawn over; dropping it takes it away. The cursor stays as it is, so that a
/// terminal is whole however the program ends.
pub(super) struct Line {
    interactive: bool,
    drawn: Cell<Option<Instant>>,
}

impl Line {
    /// A line on standard error, if that is a terminal and somebody wants it.
    pub(super) fn new(console: &Console) -> Self {
        Self { interactive: console.interactive(), drawn: Cell::new(None) }
    }

    /// Replications that go on.
    pub(super) fn replications(&self, progress: Progress) {
        let Progress { done, wanted, events } = progress;
        #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
        let millions = events as f64 / 1e6;
        let more = format!("replications, {millions:.1} million events");
        self.draw(u64::from(done), u64::from(wanted), &more);
    }

    /// Steps of a search that is known to end.
    pub(super) fn steps(&self, done: u32, all: u32, what: &str) {
        self.draw(u64::from(done), u64::from(all), what);
    }

    fn draw(&self, done: u64, all: u64, what: &str) {
        let now = Instant::now();
        let fresh = self.drawn.get().is_some_and(|drawn| now.duration_since(drawn) < OFTEN);
        if !self.interactive || fresh {
            return;
        }
        self.drawn.set(Some(now));
        // Whoever cannot see it misses nothing.
        let _ = write!(std::io::stderr(), "\r\u{1b}[K{}", line(done, all, what));
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.drawn.get().is_some() {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}

/// `[#######.........] 5 of 8 replications`.
fn line(done: u64, all: u64, what: &str) -> String {
    let full = done.min(all) * PARTS / all.max(1);
    let bar: String = (0..PARTS).map(|part| if part < full { '#' } else { '.' }).collect();
    format!("[{bar}] {done} of {all} {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_and_never_overflows_a_narrow_terminal() {
        assert_eq!(line(0, 8, "x"), "[........................] 0 of 8 x");
        assert_eq!(line(4, 8, "x"), "[############............] 4 of 8 x");
        assert_eq!(line(9, 8, "x"), "[########################] 9 of 8 x");
        let long = line(1000, 1000, "replications, 99999.9 million events");
        assert!(long.len() < 80, "{long}");
        assert_eq!(line(0, 0, "x"), "[........................] 0 of 0 x");
    }
}
