//! A design under its load, and under what is done to it.

use base::{Diagnostic, did_you_mean};
use clap::Args;
use decide::{Design, numbers, sizing::Level};
use simulate::design::feedback::{MOST_TRIALS, Simulation, contradictions, diagnostics, retries};
use simulate::design::{
    Amount, Clients, Closed, Disturbance, Happening, NoAnswer, Question, Unknown, answer, compile,
    stability,
};
use simulate::experiment::Plan;
use simulate::output::{
    answer_json, answer_page, answer_text, stability_json, stability_page, stability_text,
};

use super::SimulateArguments;
use super::html::HtmlArguments;
use super::progress::Line;
use crate::console::Console;
use crate::failure::{Failure, Outcome};
use crate::folder::Folder;
use crate::loaded::Loaded;
use crate::render::Terminal;

/// What is asked about a design.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Load and disturbances")]
pub struct QuestionArguments {
    /// How much comes: `peak` (as stated), `reach` (peak with headroom and growth, replicas as
    /// autoscaling adds them), or a multiple of the peak such as `0.5x` and `3x`
    #[arg(long, value_name = "LOAD", default_value = "peak", value_parser = amount)]
    load: Amount,

    /// Something is down, hangs, or fails a share of its answers: `cardProcessor=down@60s..120s`,
    /// `store.ordering=hang@60s for 5s`, `mail=30%`
    #[arg(long, value_name = "NAME=HOW", value_parser = Disturbance::parse_failure)]
    fail: Vec<Disturbance>,

    /// Something takes longer: `store.ordering=3x@30s..60s`
    #[arg(long, value_name = "NAME=TIMES", value_parser = Disturbance::parse_slowness)]
    slow: Vec<Disturbance>,

    /// The first zone is lost, with its replicas and servers
    #[arg(
        long,
        value_name = "@TIME",
        num_args = 0..=1,
        default_missing_value = "@30s",
        value_parser = Disturbance::parse_lost_zone
    )]
    lose_zone: Option<Disturbance>,

    /// Everybody comes at once: `5x@30s for 20s`
    #[arg(long, value_name = "TIMES@TIME", value_parser = Disturbance::parse_surge)]
    surge: Vec<Disturbance>,

    /// Does it come back when the disturbances end, and at which length and load does it no longer?
    #[arg(long, conflicts_with_all = ["compare", "set"])]
    stability: bool,

    /// So many clients and no more, who wait for each answer: how many ask for an operation follows
    /// from the stated rates. Without, requests come whatever became of earlier ones
    #[arg(long, value_name = "CLIENTS", requires = "think", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    closed: Option<u32>,

    /// Mean time from an answer to the next request of a client: `1s`
    #[arg(long, value_name = "TIME", requires = "closed", value_parser = super::duration)]
    think: Option<std::time::Duration>,

    /// Do not search for the numbers that would keep what is broken: what is broken is told all the
    /// same
    #[arg(long)]
    no_remedies: bool,

    /// Attempts of clients whose request fails, the first included
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    client_attempts: u32,

    /// Most of what clients repeat, in percent of their requests; no bound without
    #[arg(long, value_name = "PERCENT")]
    client_retry_budget: Option<f64>,
}

fn amount(text: &str) -> Result<Amount, String> {
    match text {
        "peak" => Ok(Amount::Level(Level::Peak)),
        "reach" => Ok(Amount::Level(Level::Reach)),
        multiple => {
            let factor = multiple.strip_suffix('x').and_then(|number| number.parse().ok());
            let factor = factor.filter(|factor: &f64| *factor > 0.0 && *factor <= 1000.0);
            let factor = factor.ok_or_else(|| {
                format!("`{multiple}` is neither `peak` nor `reach` nor a multiple such as `2x`")
            })?;
            Ok(Amount::Times(factor))
        }
    }
}

impl QuestionArguments {
    /// Whether anything is done to the design: it may then break promises.
    pub(super) const fn disturbed(&self) -> bool {
        !self.fail.is_empty()
            || !self.slow.is_empty()
            || self.lose_zone.is_some()
            || !self.surge.is_empty()
    }

    /// Whether this is a plain look at a design.
    pub(super) const fn is_undisturbed(&self) -> bool {
        !self.disturbed() && !self.stability
    }

    /// What is asked about a design.
    pub(super) fn question(&self, design: &Design) -> Question {
        let all = self.fail.iter().chain(&self.slow).chain(&self.lose_zone).chain(&self.surge);
        let usual = Question::undisturbed(design, self.load);
        let clients = Clients {
            attempts: self.client_attempts,
            budget: self.client_retry_budget.map(|percent| percent / 100.0),
            ..usual.clients
        };
        let closed = self.closed.zip(self.think);
        let closed = closed.map(|(clients, think)| Closed { clients, think: think.as_secs_f64() });
        Question { clients, closed, disturbances: all.cloned().collect(), ..usual }
    }

    /// What is simulated, in words.
    pub(super) fn title(&self, name: &str) -> String {
        if let Some((clients, think)) = self.closed.zip(self.think) {
            return format!("{name} with {clients} clients who think for {think:?}");
        }
        match self.load {
            Amount::Level(Level::Peak) => format!("{name} at its stated peak"),
            Amount::Level(_) => format!("{name} at the peak within its reach"),
            Amount::Times(factor) => format!("{name} at {factor} times its stated peak"),
        }
    }
}

/// What is watched after the last disturbance, in seconds, where nobody says.
const AFTERWARDS: f64 = 60.0;

/// Simulates a model.
pub(super) fn run(
    simulated: &SimulateArguments,
    plan: &Plan,
    console: &Console,
) -> Result<Outcome, Failure> {
    let SimulateArguments { question: arguments, calibration, .. } = simulated;
    let mut loaded = Loaded::read(Folder::open(&simulated.model)?);
    let Some(design) = loaded.design.clone().filter(|_| !loaded.has_errors()) else {
        return Ok(loaded.refuse(console));
    };
    let design = design.as_ref();
    let mut question = arguments.question(design);
    calibration.apply(design, &mut question, console)?;
    if arguments.stability {
        let title = arguments.title(&design.model.system.name);
        return come_back((&mut loaded, design, &title), &question, plan, &simulated.html, console);
    }
    let compiled = compile(design, &question, 0.0).map_err(|unknown| unknown_name(&unknown))?;
    within(plan, &question)?;
    let plan =
        Plan { decisive: Some(compiled.operations.len()), ..planned(plan, design, &question) };
    let line = Line::new(console);
    let tell = |progress| line.replications(progress);
    let report = simulate::experiment::simulate(&compiled.network, &plan, tell);
    let report = report.map_err(super::bug)?;
    let answer = answer(&compiled, &report, design.sizing.cost(Level::Peak));
    let simulation = Simulation {
        design,
        question: &question,
        compiled: &compiled,
        report: &report,
        answer: &answer,
    };
    let found = match arguments.no_remedies {
        true => Vec::new(),
        false => contradictions(simulation, &plan, &mut |trials| searching(&line, trials))
            .map_err(no_answer)?,
    };
    drop(line);
    let found = diagnostics(design, &found);
    loaded.diagnostics.extend(found.iter().cloned());
    let title = arguments.title(&design.model.system.name);
    simulated.html.write(&title, console, |about| {
        answer_page(about, &answer, &report, &question.disturbances, &found)
    })?;
    if console.json() {
        let mut document = loaded.document();
        document["simulation"] = answer_json(&answer);
        console.document(&document);
    } else {
        console.answer(answer_text(&title, &answer).trim_end());
        show(&loaded, &found, console);
    }
    Ok(match answer.holds() {
        true => Outcome::Success,
        // What is disturbed may break promises; a design that does not hold undisturbed is at fault.
        false if question.disturbances.is_empty() => Outcome::Findings,
        false => Outcome::Success,
    })
}

/// The plan for a question: watched until it is over.
pub(super) fn planned(plan: &Plan, design: &Design, question: &Question) -> Plan {
    Plan { duration: plan.duration.or_else(|| watched(design, question)), ..plan.clone() }
}

/// Whether every disturbance begins while somebody watches.
///
/// # Errors
/// One does not: nothing of it would be seen.
pub(super) fn within(plan: &Plan, question: &Question) -> Result<(), Failure> {
    let Some(duration) = plan.duration else { return Ok(()) };
    let watched = std::time::Duration::from_nanos(duration).as_secs_f64();
    match question.disturbances.iter().find(|of| of.from >= watched) {
        None => Ok(()),
        Some(late) => {
            let message = format!("only {watched}s are watched: nothing is seen of \"{late}\"");
            Err(Failure::new("nothing-happens", message)
                .help("watch for longer (`--duration`), or let it begin earlier"))
        }
    }
}

/// Until a while after the last disturbance; nothing where there is none. Of a lost zone that is when
/// standbys have taken over.
fn watched(design: &Design, question: &Question) -> Option<u64> {
    let failover = design.facts().value(&numbers::FAILOVER_TIME);
    let ends = question.disturbances.iter().map(|of| match of.what {
        Happening::ZoneLost => of.until.unwrap_or(of.from + failover),
        _ => of.until.unwrap_or(of.from),
    });
    let last = ends.fold(0.0, f64::max);
    let all = std::time::Duration::from_secs_f64(last + AFTERWARDS);
    (last > 0.0).then(|| u64::try_from(all.as_nanos()).unwrap_or(u64::MAX))
}

/// What the simulation contradicts.
fn show(loaded: &Loaded, found: &[Diagnostic], console: &Console) {
    if !found.is_empty() {
        let terminal = Terminal::new(&loaded.sources, loaded.folder.shown(), console.appearance());
        console.problem(terminal.render(found).trim_end());
    }
}

/// Says how far the search of a number is.
fn searching(line: &Line, trials: u32) {
    line.steps(trials, MOST_TRIALS, "trials at the most, for the number that mends it");
}

fn no_answer(none: NoAnswer) -> Failure {
    match none {
        NoAnswer::Unknown(unknown) => unknown_name(&unknown),
        NoAnswer::Unsound(unsound) => super::bug(unsound),
        NoAnswer::NoTrigger => Failure::new(
            "no-trigger",
            "`--stability` looks at what happens after a disturbance has ended, and none ends",
        )
        .help("for example `--surge '5x@30s for 20s'` or `--slow store.NAME=20x@30s..40s`"),
    }
}

fn come_back(
    (loaded, design, title): (&mut Loaded, &Design, &str),
    question: &Question,
    plan: &Plan,
    html: &HtmlArguments,
    console: &Console,
) -> Result<Outcome, Failure> {
    let line = Line::new(console);
    let tell = |done, all| line.steps(done, all, "trials at the most, for where it turns");
    let found = stability(design, question, plan, tell);
    let stability = found.map_err(no_answer)?;
    let mend = |trials| searching(&line, trials);
    let found = retries(design, question, &stability.recovery, plan, &mut { mend });
    drop(line);
    let found: Vec<_> = found.map_err(no_answer)?.into_iter().collect();
    let found = diagnostics(design, &found);
    loaded.diagnostics.extend(found.iter().cloned());
    html.write(title, console, |about| {
        stability_page(about, &stability, &question.disturbances, &found)
    })?;
    if console.json() {
        let mut document = loaded.document();
        document["stability"] = stability_json(&stability);
        console.document(&document);
    } else {
        console.answer(stability_text(&stability).trim_end());
        show(loaded, &found, console);
    }
    Ok(Outcome::Success)
}

pub(super) fn unknown_name(unknown: &Unknown) -> Failure {
    let known = unknown.known.iter().map(String::as_str);
    let near = did_you_mean(&unknown.name, known.clone());
    let all: Vec<String> = known.map(|name| format!("`{name}`")).collect();
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}, and `store.CONTEXT`, `service.CONTEXT`", all.join(", ")),
    };
    Failure::new("unknown-name", format!("the design has no `{}`", unknown.name)).help(help)
}
