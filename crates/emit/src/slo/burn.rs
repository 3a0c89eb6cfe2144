//! Alerts on objectives: how fast error budgets burn, and failures by the day.

use decide::{
    Design, crossings, decided,
    deployables::Deployable,
    facts, numbers,
    objectives::{Alert, Burn, Told},
};

use super::recording::{Kind, SLOW_PROBE, probes, rate};
use super::rule::{AlertRule, number, one_of, window};
use super::watch::Watch;
use crate::metrics::REQUESTS;

/// Alerts on everything that is watched of a deployable.
pub fn rules(design: &Design, deployable: &Deployable, watches: &[Watch]) -> Vec<AlertRule> {
    let page = Page { design, deployable, dependencies: Dependencies::of(design) };
    watches.iter().flat_map(|watch| page.rules(watch)).collect()
}

struct Page<'d> {
    design: &'d Design,
    deployable: &'d Deployable,
    dependencies: Dependencies,
}

impl Page<'_> {
    fn rules(&self, watch: &Watch) -> Vec<AlertRule> {
        if watch.alerts.is_empty() {
            return vec![self.by_day(watch)];
        }
        let both = |alert: &Alert| {
            let failed = alert.failed.map(|share| self.failed(watch, alert.burn, share));
            let slow = alert.slow.map(|share| self.slow(watch, alert.burn, share));
            [failed, slow]
        };
        watch.alerts.iter().flat_map(both).flatten().collect()
    }

    fn failed(&self, watch: &Watch, burn: Burn, share: f64) -> AlertRule {
        let budget = facts::percent(watch.objective.failed_budget());
        let summary = format!("{}: {} of requests fail", watch.name, VALUE);
        let meaning = format!(
            "Of {}, {budget} may fail in {} days (availability {}). More than {} did over the last \
             {} and the last {}: {}{}.",
            requests_of(watch),
            self.days(),
            facts::percent(watch.objective.availability),
            facts::percent(share),
            window(burn.long),
            window(burn.short()),
            faster(burn),
            self.spent(burn),
        );
        AlertRule {
            name: "ErrorBudgetBurn",
            when: self.both_windows(watch, burn, share, Kind::Failed),
            first_look: self.first_look(watch, "which `code` their lines of status 5xx have"),
            ..self.rule(watch, burn, summary, meaning)
        }
    }

    fn slow(&self, watch: &Watch, burn: Burn, share: f64) -> AlertRule {
        let budget = facts::percent(watch.objective.slow_budget());
        let summary = format!("{}: {} of requests are slow", watch.name, VALUE);
        let meaning = format!(
            "Of {}, {budget} may take longer than promised ({}) in {} days. More than {} did over \
             the last {} and the last {}: {}{}.",
            requests_of(watch),
            facts::percentiles(&watch.objective.latency),
            self.days(),
            facts::percent(share),
            window(burn.long),
            window(burn.short()),
            faster(burn),
            self.spent(burn),
        );
        AlertRule {
            name: "LatencyBudgetBurn",
            when: self.both_windows(watch, burn, share, Kind::Slow),
            first_look: self
                .first_look(watch, "whether processors, store or callees are what is slow"),
            ..self.rule(watch, burn, summary, meaning)
        }
    }

    fn by_day(&self, watch: &Watch) -> AlertRule {
        let most = self.design.facts().value(&numbers::TICKET_FAILURES);
        let job = &self.deployable.name;
        let operations = one_of("operation", watch.operations.iter().map(String::as_str));
        let meaning = format!(
            "{} has too few requests ({}) for its error budget to be watched: {} failures in a day \
             are looked into one by one.",
            watch.name,
            facts::per_second(watch.objective.requests),
            number(most),
        );
        let burn = Burn { told: Told::Ticket, rate: 1.0, long: 86_400.0 };
        let summary = format!("{}: {} failures in a day", watch.name, "{{ $value | humanize }}");
        let mut rule = self.rule(watch, burn, summary, meaning);
        rule.labels.retain(|(name, _)| *name != "burn");
        AlertRule {
            name: "FailuresInADay",
            when: format!(
                "sum(increase({}{{job=\"{job}\",{operations},status=\"5xx\"}}[1d])) >= {}",
                REQUESTS.name,
                number(most)
            ),
            first_look: self.first_look(watch, "which `code` their lines of status 5xx have"),
            ..rule
        }
    }

    fn rule(&self, watch: &Watch, burn: Burn, summary: String, meaning: String) -> AlertRule {
        let context = self.design.model.context(watch.objective.context);
        let teams = &self.design.model.system.teams;
        let team = context.team.and_then(|at| teams.get(at)).map(|team| team.name.clone());
        let mut labels = vec![
            ("service", self.deployable.name.clone()),
            ("context", context.name.value.clone()),
            ("watch", watch.name.clone()),
            ("burn", format!("{}x", number(burn.rate))),
        ];
        // Prometheus reads labels as templates, and a team may be called anything.
        labels.extend(team.map(|team| ("team", team.replace("{{", "{ {"))));
        AlertRule {
            name: "",
            when: String::new(),
            after: "",
            told: burn.told,
            labels,
            summary,
            meaning,
            first_look: String::new(),
            decision: watch.decisions.join(", "),
            runbook: "resilience.md",
        }
    }

    /// Above the share over the long window, and still over the short one.
    fn both_windows(&self, watch: &Watch, burn: Burn, share: f64, kind: Kind) -> String {
        let limit = number(share);
        let long = self.share(watch, burn.long, kind);
        let short = self.share(watch, burn.short(), kind);
        format!("{long} > {limit}\nand\n{short} > {limit}")
    }

    /// The share of bad requests over a window in seconds.
    fn share(&self, watch: &Watch, seconds: f64, kind: Kind) -> String {
        let job = &self.deployable.name;
        let operations = one_of("operation", watch.operations.iter().map(String::as_str));
        let sum =
            |kind: Kind| format!("sum({}{{job=\"{job}\",{operations}}})", rate(kind, seconds));
        let (bad, all) = (sum(kind), sum(Kind::Requests));
        if !watch.probes {
            return format!("{bad} / {all}");
        }
        let of_probes = |series: String| {
            format!("(sum({series}{{job=\"{}\"}}) or vector(0))", probe_job(self.deployable))
        };
        let bad_probes = match kind {
            Kind::Slow => self.slow_probes(watch, seconds),
            _ => of_probes(probes(true, seconds)),
        };
        format!("({bad} + {bad_probes}) / ({all} + {})", of_probes(probes(false, seconds)))
    }

    fn slow_probes(&self, watch: &Watch, seconds: f64) -> String {
        let job = probe_job(self.deployable);
        let limit = number(watch.objective.slow_after());
        format!(
            "(sum(avg_over_time({SLOW_PROBE}{{job=\"{job}\",limit=\"{limit}\"}}[{}])) * \
             sum({}{{job=\"{job}\"}}) or vector(0))",
            window(seconds),
            probes(false, seconds),
        )
    }

    fn days(&self) -> String {
        facts::people(self.design.facts().value(&numbers::SLO_WINDOW))
    }

    /// When the budget will be gone if nothing changes.
    fn spent(&self, burn: Burn) -> String {
        let days = self.design.facts().value(&numbers::SLO_WINDOW) / burn.rate;
        if burn.rate <= 1.0 {
            return "; at this pace nothing is left at the end of them".to_owned();
        }
        format!("; at this pace the budget of {} days is gone in {}", self.days(), time(days))
    }

    fn first_look(&self, watch: &Watch, question: &str) -> String {
        let mut look = format!(
            "The dashboard of {}; what was deployed or changed last; the access log of {}: \
             {question}.",
            self.deployable.name,
            listed(&watch.operations),
        );
        let reached = self.dependencies.of_all(&watch.operations);
        if !reached.is_empty() {
            look += &format!(" It reaches {}.", listed(&reached));
        }
        look
    }
}

/// The job under which probes of a deployable are scraped.
pub fn probe_job(deployable: &Deployable) -> String {
    format!("{}-probes", deployable.name)
}

const VALUE: &str = "{{ $value | humanizePercentage }}";

fn faster(burn: Burn) -> String {
    if burn.rate <= 1.0 {
        return "more than is allowed".to_owned();
    }
    format!("{} times what is allowed", number(burn.rate))
}

fn requests_of(watch: &Watch) -> String {
    let probes = if watch.probes { " and the probes" } else { "" };
    match watch.operations.as_slice() {
        [_] => format!("the requests of {}{probes}", watch.name),
        many => format!("the requests of {}{probes} ({})", watch.name, listed(many)),
    }
}

/// `50 h`, `5 days`.
fn time(days: f64) -> String {
    if days < 3.0 {
        format!("{} h", facts::people((days * 24.0).round()))
    } else {
        format!("{} days", facts::people(days))
    }
}

/// Names in a sentence; many are cut, and how many is said.
pub fn listed(names: &[String]) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// What operations reach outside their context, by their qualified names.
struct Dependencies(std::collections::BTreeMap<String, Vec<String>>);

impl Dependencies {
    fn of(design: &Design) -> Self {
        let facts = design.facts();
        let mut all = std::collections::BTreeMap::<String, Vec<String>>::new();
        for crossing in crossings::of(facts, &decided::operation_names(facts)) {
            let Some(operation) = crossing.operation else { continue };
            let reached = all.entry(design.model.qualified_operation(operation)).or_default();
            reached.push(crossing.to.name(facts));
        }
        Self(all)
    }

    fn of_all(&self, operations: &[String]) -> Vec<String> {
        let reached = operations.iter().filter_map(|name| self.0.get(name)).flatten();
        let reached: std::collections::BTreeSet<&String> = reached.collect();
        reached.into_iter().cloned().collect()
    }
}
