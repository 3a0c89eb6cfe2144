//! Autoscaling as the deployment that is emitted has it: between the replicas of the stated peak and
//! those of the reachable one, towards the utilisation that is provisioned. All of its times are in the
//! table of numbers, which the emitted autoscaler is written from.

use decide::numbers;
use decide::sizing::Service;

use super::Question;
use super::calls::nanoseconds;
use crate::network::Scaling;

/// Whether replicas come and go while the run goes on: where something happens. What goes on
/// undisturbed has the replicas of its load from the start.
pub(super) fn applies(question: &Question, service: &Service) -> bool {
    !question.disturbances.is_empty() && service.most > service.replicas
}

/// The autoscaling of a service of which so many replicas serve at first.
pub(super) fn of(design: &decide::Design, service: &Service, at_first: u32) -> Scaling {
    let facts = design.facts();
    let time = |number| nanoseconds(facts.value(number));
    Scaling {
        stations: Vec::new(),
        at_first,
        least: service.replicas.max(1),
        target: facts.value(&numbers::LOAD_PROVISIONED),
        tolerance: facts.value(&numbers::SCALING_TOLERANCE),
        interval: time(&numbers::SCALING_INTERVAL),
        start: time(&numbers::REPLICA_START),
        calm: time(&numbers::SCALING_CALM),
        growth: facts.value(&numbers::SCALING_UP),
        growth_period: time(&numbers::SCALING_UP_PERIOD),
        shrink: facts.value(&numbers::SCALING_DOWN),
        shrink_period: time(&numbers::SCALING_DOWN_PERIOD),
    }
}
