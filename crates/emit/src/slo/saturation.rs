//! Alerts on what fills up before requests suffer: processors, requests under way, outbox, durable
//! calls; and on a deployable that is not there.

use decide::{Design, deployables::Deployable, facts, numbers, objectives::Told};

use super::burn::probe_job;
use super::rule::{AlertRule, number};
use crate::metrics::{
    CALLS_FAILING, CALLS_LATE, CORES, CPU, DEAD_LETTERS, IN_FLIGHT, IN_FLIGHT_LIMIT, OUTBOX_AGE,
    PANICS, PROBE, SHED, UP,
};

/// What does not depend on a single operation.
pub struct Saturation<'d> {
    /// The design.
    pub design: &'d Design,
    /// What is watched.
    pub deployable: &'d Deployable,
    /// Whether some alert counts probes.
    pub probes: bool,
}

impl Saturation<'_> {
    /// All alerts of a deployable.
    pub fn rules(&self) -> Vec<AlertRule> {
        let mut rules =
            vec![self.down(), self.cpu(), self.in_flight(), self.shed(), self.defects()];
        if self.probes {
            rules.push(self.no_probes());
        }
        if self.emits() {
            rules.extend([self.outbox(), self.dead_letters()]);
        }
        if self.calls() {
            rules.extend([self.late_calls(), self.failing_calls()]);
        }
        rules
    }

    fn rule(&self, name: &'static str, told: Told, after: &'static str, when: String) -> AlertRule {
        AlertRule {
            name,
            when,
            after,
            told,
            labels: vec![("service", self.deployable.name.clone())],
            summary: String::new(),
            meaning: String::new(),
            first_look: String::new(),
            decision: "style.system".to_owned(),
            runbook: "resilience.md",
        }
    }

    fn job(&self) -> String {
        format!("{{job=\"{}\"}}", self.deployable.name)
    }

    fn down(&self) -> AlertRule {
        let job = self.job();
        let name = &self.deployable.name;
        let when = format!("(count({}{job} == 1) or vector(0)) < 1", UP.name);
        AlertRule {
            summary: format!("No replica of {name} answers"),
            meaning: format!(
                "No replica of {name} has answered Prometheus for 2 minutes. Everything of {} is \
                 unavailable, or the scraping is broken.",
                self.contexts()
            ),
            first_look:
                "Whether the processes run and what they said last; `/ready` of one of them."
                    .to_owned(),
            ..self.rule("ServiceDown", Told::Page, "2m", when)
        }
    }

    fn cpu(&self) -> AlertRule {
        let job = self.job();
        let facts = self.design.facts();
        let most = facts.value(&numbers::LOAD_REACHED);
        let when = format!(
            "sum(rate({}{job}[5m])) / sum({}{job}) > {}",
            CPU.name,
            CORES.name,
            number(most)
        );
        AlertRule {
            summary: format!("{}: processors are {VALUE} busy", self.deployable.name),
            meaning: format!(
                "Above {} queues grow faster than the load. The deployable is sized so that this is \
                 reached only beyond the greatest load it is to hold.",
                facts::percent(most)
            ),
            first_look: "Whether there are more requests than planned for (dashboard, first row), \
                         or the same cost more than before; add replicas."
                .to_owned(),
            decision: format!("capacity.{}", self.deployable.name),
            ..self.rule("ProcessorsBusy", Told::Ticket, "15m", when)
        }
    }

    fn in_flight(&self) -> AlertRule {
        let job = self.job();
        let most = self.design.facts().value(&numbers::LOAD_REACHED);
        let when = format!(
            "max({}{job} / {}{job}) > {}",
            IN_FLIGHT.name,
            IN_FLIGHT_LIMIT.name,
            number(most)
        );
        AlertRule {
            summary: format!(
                "{}: a replica has {VALUE} of the requests under way that it takes",
                self.deployable.name
            ),
            meaning: "Beyond its limit a replica turns requests away with 503 instead of getting \
                      slow for all. By Little's law requests under way are rate times duration: \
                      either there are more, or something they wait for is slow."
                .to_owned(),
            first_look: "Durations of the operations, then of the store and of externals."
                .to_owned(),
            ..self.rule("RequestsPileUp", Told::Ticket, "5m", when)
        }
    }

    fn shed(&self) -> AlertRule {
        let job = self.job();
        let when = format!("sum(rate({}{job}[5m])) > 0", SHED.name);
        AlertRule {
            summary: format!(
                "{}: {{{{ $value | humanize }}}} requests a second are turned away",
                self.deployable.name
            ),
            meaning: "Clients get 503 with Retry-After because too many requests are under way. \
                      These count as failed: the error budgets burn."
                .to_owned(),
            first_look: "Requests a second against the peak that the model states; number of \
                         replicas against the upper bound of their scaling."
                .to_owned(),
            ..self.rule("RequestsTurnedAway", Told::Page, "5m", when)
        }
    }

    fn defects(&self) -> AlertRule {
        let when = format!("sum(increase({}{}[1h])) > 0", PANICS.name, self.job());
        AlertRule {
            summary: format!("{}: a defect was caught", self.deployable.name),
            meaning: "A request met a defect of the program and was answered 500. Nothing was \
                      committed for it."
                .to_owned(),
            first_look:
                "Lines of status 500 in the access log; the trace id in the answer is what \
                         to report."
                    .to_owned(),
            ..self.rule("DefectCaught", Told::Ticket, "", when)
        }
    }

    fn no_probes(&self) -> AlertRule {
        let job = probe_job(self.deployable);
        let when = format!("absent({}{{job=\"{job}\"}})", PROBE.name);
        AlertRule {
            summary: format!("{} is not probed", self.deployable.name),
            meaning: "Some operations have too few requests to be watched without probes: while \
                      these are missing their alerts cannot fire."
                .to_owned(),
            first_look: "The blackbox exporter, and the scraping of its job.".to_owned(),
            ..self.rule("ProbesMissing", Told::Ticket, "10m", when)
        }
    }

    fn outbox(&self) -> AlertRule {
        let facts = self.design.facts();
        let most = facts.value(&numbers::ALERT_LAG);
        let when = format!("max({}{}) > {}", OUTBOX_AGE.name, self.job(), number(most));
        AlertRule {
            summary: format!(
                "{}: events have waited {{{{ $value | humanizeDuration }}}} in the outbox",
                self.deployable.name
            ),
            meaning: format!(
                "Events are usually applied elsewhere within {} (p99); the oldest has waited more \
                 than {}. Nothing is lost, but copies and flows that follow events of {} are \
                 behind.",
                facts::seconds(facts.value(&numbers::EVENT_LAG)),
                facts::seconds(most),
                self.contexts()
            ),
            first_look: "Whether the broker answers; whether one consumer holds everything up."
                .to_owned(),
            decision: "broker.system".to_owned(),
            ..self.rule("OutboxLags", Told::Page, "2m", when)
        }
    }

    fn dead_letters(&self) -> AlertRule {
        let when = format!("sum by (event) ({}{}) > 0", DEAD_LETTERS.name, self.job());
        AlertRule {
            summary: "{{ $value }} events {{ $labels.event }} were set aside".to_owned(),
            meaning: "A consumer failed on them again and again. Later events with the same key \
                      wait behind them, so that order is kept."
                .to_owned(),
            first_look: "The reason that is kept with the event; repair its cause, then replay it."
                .to_owned(),
            decision: "broker.system".to_owned(),
            ..self.rule("DeadLetters", Told::Ticket, "5m", when)
        }
    }

    fn late_calls(&self) -> AlertRule {
        let most = self.design.facts().value(&numbers::DEADLINE_MOST);
        let when = format!("max({}{}) > {}", CALLS_LATE.name, self.job(), number(most));
        AlertRule {
            summary: format!(
                "{}: a durable call is {{{{ $value | humanizeDuration }}}} late",
                self.deployable.name
            ),
            meaning: format!(
                "A call that was due more than {} ago has not been made. The rows concerned answer \
                 409 `in-progress` to every other write.",
                facts::seconds(most)
            ),
            first_look: "Processors and requests under way: the workers do not get their turn."
                .to_owned(),
            decision: "saga".to_owned(),
            ..self.rule("DurableCallsLate", Told::Ticket, "5m", when)
        }
    }

    fn failing_calls(&self) -> AlertRule {
        let when = format!("max({}{}) > 0", CALLS_FAILING.name, self.job());
        AlertRule {
            summary: format!(
                "{}: {{{{ $value }}}} durable calls fail again and again",
                self.deployable.name
            ),
            meaning: "Calls that were tried more often than one request would try them. The rows \
                      concerned answer 409 `in-progress` to every other write until the callee \
                      answers or an operator decides."
                .to_owned(),
            first_look:
                "Lines `call-failed` and `job-stuck` of the log name operation and reason; \
                         then the external that is called."
                    .to_owned(),
            decision: "resilience".to_owned(),
            ..self.rule("DurableCallsFail", Told::Ticket, "10m", when)
        }
    }

    fn contexts(&self) -> String {
        let names =
            self.deployable.contexts.iter().map(|id| &*self.design.model.context(*id).name.value);
        names.collect::<Vec<_>>().join(", ")
    }

    /// Whether its contexts emit events.
    fn emits(&self) -> bool {
        let here = |event: &model::model::Event| self.deployable.contexts.contains(&event.context);
        self.design.model.events.iter().any(here)
    }

    /// Whether its operations make calls that outlive a transaction.
    fn calls(&self) -> bool {
        let here = |of: &&model::model::Operation| self.deployable.contexts.contains(&of.context);
        let mut durable = false;
        for operation in self.design.model.operations.iter().filter(here) {
            decide::crossings::calls(&operation.effects, &mut |_, call| {
                durable |= !call.inline && !call.safe;
            });
        }
        durable
    }
}

const VALUE: &str = "{{ $value | humanizePercentage }}";
