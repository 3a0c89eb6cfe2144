//! Which limit a request falls under, worked out once from the design.

use std::net::IpAddr;
use std::sync::Arc;

use decide::design::Design;
use decide::limits;
use decide::numbers;
use hyper::header::HeaderValue;
use model::model::{ActorId, ContextId};

use super::headers::{policy, seconds};
use super::{Bucket, Level, Quota, RateLimiter, Who, neighbourhood};
use crate::call::Caller;
use crate::http::endpoint::Endpoint;
use crate::problem::{Problem, code};

/// What is set about rate limits.
#[derive(Clone, Debug, Default)]
pub struct RateSettings {
    /// Whether nobody is limited at all.
    pub off: bool,
    /// In place of what was decided.
    pub overrides: Vec<RateOverride>,
}

/// A limit in place of the one that was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct RateOverride {
    /// Name of the actor, in every context.
    pub actor: String,
    /// Requests a second of one principal; of one address where the actor proves nothing.
    pub rate: f64,
    /// Requests at once; ten seconds of the rate if absent.
    pub burst: Option<f64>,
}

/// The limits of a design.
pub(in crate::http) struct Rates {
    limits: Vec<Limit>,
    /// By the position of the endpoint: its actors with the positions of their limits (nothing
    /// where one has no limit), the most generous first.
    endpoints: Vec<Choices>,
    /// Of what is served beside the operations.
    beside: Choices,
    limiter: Arc<dyn RateLimiter>,
}

type Choices = Vec<(ActorId, Option<usize>)>;

struct Limit {
    /// `actor->context`.
    name: String,
    principal: Option<Quota>,
    address: Quota,
    policy: HeaderValue,
}

/// What a caller is told: the bucket that is emptier.
pub(in crate::http) struct Told<'a> {
    pub(super) name: &'static str,
    pub(super) level: Level,
    pub(super) policy: &'a HeaderValue,
}

impl Rates {
    /// The limits of a design, with those that are set in their place.
    ///
    /// # Errors
    /// An override names no actor.
    pub(in crate::http) fn new(
        design: &Design,
        endpoints: &[Endpoint],
        settings: &RateSettings,
        limiter: Arc<dyn RateLimiter>,
    ) -> Result<Self, String> {
        for set in &settings.overrides {
            if !design.model.actors().any(|(_, actor)| actor.name.value == set.actor) {
                return Err(format!("there is no actor `{}` to limit", set.actor));
            }
        }
        let mut rates =
            Self { limits: Vec::new(), endpoints: Vec::new(), beside: Vec::new(), limiter };
        if settings.off {
            return Ok(rates);
        }
        let mut known: Vec<(ActorId, ContextId, Option<usize>)> = Vec::new();
        for endpoint in endpoints {
            let context = design.model.operation(endpoint.operation).context;
            let mut choices = Choices::new();
            for &actor in &endpoint.route.actors {
                let before = known.iter().find(|(a, c, _)| (*a, *c) == (actor, context));
                let at = before
                    .map_or_else(|| rates.add(design, settings, actor, context), |(_, _, at)| *at);
                if before.is_none() {
                    known.push((actor, context, at));
                }
                choices.push((actor, at));
            }
            rates.sort(&mut choices);
            rates.endpoints.push(choices);
        }
        let mut beside: Choices = known.into_iter().map(|(actor, _, at)| (actor, at)).collect();
        rates.sort(&mut beside);
        rates.beside = beside;
        Ok(rates)
    }

    fn add(
        &mut self,
        design: &Design,
        settings: &RateSettings,
        actor: ActorId,
        context: ContextId,
    ) -> Option<usize> {
        let who = &design.model.actor(actor).name;
        let name = format!("{who}->{}", design.model.context(context).name);
        let set = settings.overrides.iter().find(|set| set.actor == who.value);
        let known =
            !matches!(design.model.actor(actor).authentication, model::model::Authentication::None);
        let (principal, address) = match set {
            Some(set) => {
                let burst = set.burst.unwrap_or(set.rate * design.facts().value(&numbers::BURST));
                let behind =
                    if known { design.facts().value(&numbers::ADDRESS_SHARE) } else { 1.0 };
                let quota = Quota::new(set.rate, burst);
                (known.then_some(quota), Quota::new(set.rate * behind, burst * behind))
            }
            None => {
                let limit = limits::in_force(design, actor, context)?;
                let principal = limit.principal.map(|rate| Quota::new(rate, limit.burst));
                (principal, Quota::new(limit.address, limit.address_burst))
            }
        };
        let own = principal.map(|quota| ("caller", quota));
        let quotas: Vec<_> = own.into_iter().chain([("address", address)]).collect();
        self.limits.push(Limit { name, principal, address, policy: policy(&quotas) });
        Some(self.limits.len() - 1)
    }

    /// The most generous first; no limit is the most generous of all.
    fn sort(&self, choices: &mut Choices) {
        let interval = |at: Option<usize>| {
            at.and_then(|at| self.limits.get(at)).map_or(0, |limit| limit.address.interval())
        };
        choices.sort_by_key(|(_, at)| interval(*at));
    }

    /// Takes a token for a request to an endpoint, or to something beside them. `caller` is who may
    /// make it; who may not, or shows what is worth nothing, is counted by the address alone, under
    /// the strictest of the limits.
    ///
    /// # Errors
    /// 429, with what to tell in `told` as well.
    pub(in crate::http) async fn take<'a>(
        &'a self,
        endpoint: Option<usize>,
        caller: Option<&Caller>,
        address: IpAddr,
        told: &mut Option<Told<'a>>,
    ) -> Result<(), Problem> {
        let choices = endpoint.map_or(Some(&self.beside), |at| self.endpoints.get(at));
        let Some(choices) = choices else { return Ok(()) };
        let of_caller = caller
            .and_then(|caller| choices.iter().find(|(actor, _)| caller.actors.contains(actor)));
        let Some((_, Some(at))) = of_caller.or(choices.last()) else { return Ok(()) };
        let Some(limit) = self.limits.get(*at) else { return Ok(()) };
        let identity = of_caller.and(caller).and_then(|caller| caller.identity.as_ref());
        if let (Some(identity), Some(quota)) = (identity, limit.principal) {
            let bucket = Bucket { limit: &limit.name, who: Who::Principal(identity), quota };
            let level = self.limiter.take(bucket).known().await;
            *told = Some(Told { name: "caller", level, policy: &limit.policy });
            allowed(level)?;
        }
        let who = Who::Address(neighbourhood(address));
        let bucket = Bucket { limit: &limit.name, who, quota: limit.address };
        let level = self.limiter.take(bucket).known().await;
        let emptier = told.as_ref().is_none_or(|told| level.left < told.level.left);
        if emptier || !level.allowed {
            *told = Some(Told { name: "address", level, policy: &limit.policy });
        }
        allowed(level)
    }
}

fn allowed(level: Level) -> Result<(), Problem> {
    if level.allowed {
        return Ok(());
    }
    let retry = u32::try_from(seconds(level.retry)).unwrap_or(u32::MAX).max(1);
    Err(Problem::new(&code::RATE_LIMITED).retry_after(retry))
}
