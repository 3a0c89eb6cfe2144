//! What the operating system says of this process, where it is Linux.

use super::Sample;

/// Ticks of a second in `/proc`, on every machine that Linux runs on.
const TICKS: f64 = 100.0;

/// Processor time, memory, and the cores there are.
#[must_use]
pub fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    if let Some(seconds) = std::fs::read_to_string("/proc/self/stat").ok().and_then(cpu) {
        samples.push(Sample::new("process_cpu_seconds_total", "Processor time used.", seconds));
    }
    if let Some(bytes) = std::fs::read_to_string("/proc/self/status").ok().and_then(memory) {
        samples.push(Sample::new("process_resident_memory_bytes", "Memory in use.", bytes));
    }
    if let Ok(cores) = std::thread::available_parallelism() {
        let cores = f64::from(u32::try_from(cores.get()).unwrap_or(u32::MAX));
        samples.push(Sample::new("process_available_cores", "Cores it may use.", cores));
    }
    samples
}

/// User and system time: the twelfth and thirteenth field behind the name, which may itself hold
/// parentheses and spaces.
fn cpu(stat: String) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<f64>);
    let (user, system) = (ticks.next()?.ok()?, ticks.next()?.ok()?);
    Some((user + system) / TICKS)
}

fn memory(status: String) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_behind_the_name() {
        let stat = "7 (a) (b c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0";
        assert_eq!(cpu(stat.to_owned()), Some(3.0));
        assert_eq!(memory("Name: x\nVmRSS:\t   12 kB\n".to_owned()), Some(12_288.0));
        assert_eq!(cpu("7 (a) S".to_owned()), None);
    }
}
