//! What it was measured on.

use std::process::Command;

/// Prints processor, memory, and the versions of what takes part.
pub fn print(postgresql: &str) {
    let cpu = field("/proc/cpuinfo", "model name");
    let memory = field("/proc/meminfo", "MemTotal");
    let gigabytes = memory.trim_end_matches(" kB").parse::<f64>().unwrap_or(f64::NAN) / 1e6;
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    println!(
        "\n{cpu}, {cores} cores, {gigabytes:.0} GB; {}; PostgreSQL {postgresql} on the same machine; {}; Node.js {}",
        said("uname", "-sr"),
        said("rustc", "--version"),
        said("node", "--version"),
    );
}

/// The value of the first line with this name.
fn field(path: &str, name: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim());
    value.unwrap_or("unknown").to_owned()
}

fn said(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.ok().filter(|text| !text.is_empty()).unwrap_or_else(|| "none".to_owned())
}
