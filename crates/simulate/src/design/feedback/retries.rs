//! Clients whose retries keep a system down: how many attempts, or how large a budget, let it come
//! back.

use decide::Design;

use super::{Contradiction, Raised, What};
use crate::design::stability::recovery;
use crate::design::{Clients, NoAnswer, Question, Recovery, compile};
use crate::experiment::Plan;
use crate::output::format::share;

/// Halvings of the budget.
const HALVINGS: u32 = 5;

/// Whether retries of clients keep a design down that did not come back, and what they would have to
/// be limited to. Nothing where it came back, or does not without retries either.
///
/// # Errors
///
/// [`NoAnswer`].
pub fn retries(
    design: &Design,
    question: &Question,
    seen: &Recovery,
    plan: &Plan,
    progress: &mut dyn FnMut(u32),
) -> Result<Option<Contradiction>, NoAnswer> {
    let mut trials = 0;
    let mut returns = |clients: Clients| {
        trials += 1;
        progress(trials);
        let question = Question { clients, ..question.clone() };
        recovery(design, &question, plan).map(|of| of.returns())
    };
    let clients = question.clients;
    if seen.returns() || clients.attempts < 2 || !returns(Clients { attempts: 1, ..clients })? {
        return Ok(None);
    }
    let mut attempts = 1;
    while attempts + 1 < clients.attempts && returns(Clients { attempts: attempts + 1, ..clients })?
    {
        attempts += 1;
    }
    let (mut good, mut bad) = (0.0, clients.budget.unwrap_or(1.0));
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(good, bad);
        if returns(Clients { budget: Some(middle), ..clients })? {
            good = middle;
        } else {
            bad = middle;
        }
    }
    let budget = match good > 0.0 {
        true => format!(", or a budget of {} of the requests for their retries", share(good)),
        false => String::new(),
    };
    let plural = if attempts == 1 { "" } else { "s" };
    let mended = Raised {
        now: format!("{} attempts", clients.attempts),
        then: format!("{attempts} attempt{plural} of clients{budget}"),
    };
    let part = |goodput: f64| share(goodput / seen.offered.max(f64::MIN_POSITIVE));
    let before = seen.before.map_or(String::new(), |before| {
        format!("{} of the requests end well before the trigger, ", part(before))
    });
    let after = part(seen.after);
    Ok(Some(Contradiction {
        what: What::Retries,
        subjects: busiest(design, question)?,
        seen: format!("{before}{after} well after it"),
        mended: vec![mended],
        trials,
        cut: false,
    }))
}

/// The operation that most is asked of.
fn busiest(design: &Design, question: &Question) -> Result<Vec<String>, NoAnswer> {
    let compiled = compile(design, question, 0.0).map_err(NoAnswer::Unknown)?;
    let most = compiled.operations.into_iter().filter(|of| of.clients);
    let most = most.max_by(|a, b| a.rate.total_cmp(&b.rate));
    Ok(most.map(|of| of.name).into_iter().collect())
}
