//! The short simulation of `firm design`, for `capacity.md`.

use decide::sizing::Level;
use simulate::design::{Amount, Question, answer, compile};
use simulate::experiment::{Plan, simulate};
use simulate::output::capacity_section;

use super::design::unknown_name;
use crate::console::Console;
use crate::failure::Failure;
use crate::loaded::{Loaded, threads};

/// Replications: as few as tell an interval that is not absurdly wide.
const REPLICATIONS: u32 = 4;

/// Events of one replication: a tenth of a second of a processor for both loads.
const EVENTS: u64 = 100_000;

/// Simulates the design at its stated peak and at the peak within reach. The same model gives the
/// same bytes.
///
/// # Errors
/// The simulator has a bug.
pub fn short(loaded: &mut Loaded, console: &Console) -> Result<(), Failure> {
    let Some(design) = loaded.design.clone() else { return Ok(()) };
    let told = console.waiting("simulating the design at its peak and within its reach");
    let plan = Plan {
        replications: REPLICATIONS,
        usual_events: EVENTS,
        threads: threads(),
        ..Plan::default()
    };
    let simulated = |level| {
        let question = Question::undisturbed(&design, Amount::Level(level));
        let compiled = compile(&design, &question, 0.0).map_err(|none| unknown_name(&none))?;
        let report = simulate(&compiled.network, &plan, |_| ()).map_err(super::bug)?;
        Ok::<_, Failure>(answer(&compiled, &report, design.sizing.cost(level)))
    };
    let (peak, reach) = (simulated(Level::Peak)?, simulated(Level::Reach)?);
    drop(told);
    loaded.simulated = capacity_section(&peak, &reach);
    Ok(())
}
