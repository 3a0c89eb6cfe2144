//! A test that runs itself once more, to be killed: what it said before that has to be true after.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Runs a test of this binary as a process of its own, which a variable of its environment tells the
/// directory to work in, kills it that long after it first said something that counts, and returns
/// all of it.
pub fn killed<T: Send + 'static>(
    test: &str,
    (variable, directory): (&str, &Path),
    time: Duration,
    counts: fn(String) -> Option<T>,
) -> Vec<T> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(variable, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (first, started) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        // The last line may be cut; the harness prints others.
        let mut said = Vec::new();
        for what in lines.map_while(Result::ok).filter_map(counts) {
            said.push(what);
            let _ = first.send(());
        }
        said
    });
    started.recv_timeout(Duration::from_secs(60)).unwrap();
    std::thread::sleep(time);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}
