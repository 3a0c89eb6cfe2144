//! Reads whose answers are kept.

use std::sync::Arc;

use super::backend::Inner;
use super::clock::now;
use super::failure::Failure;
use super::input::named;
use super::read;
use super::work::Work;
use crate::cache::{Asked, CachePlan, Key, View};
use crate::call::{Answer, Request};
use crate::problem::Problem;
use crate::store::{Snapshot as _, Store, Tenant};

/// Answers from what is kept for everybody who sees what the caller sees; from the store where that
/// is the caller alone.
pub(super) async fn read<S: Store>(
    inner: &Arc<Inner<S>>,
    request: Box<Request>,
) -> Result<Answer, Problem> {
    let Some(caches) = inner.caches().cloned() else { return inner.load(request, None).await };
    let Some(plan) = caches.plan(request.operation) else {
        return inner.load(request, None).await;
    };
    // Whether a row may be named is each caller's own.
    let operation = inner.plans.model.operation(request.operation);
    let names = !named(&inner.plans, operation, &request.input).is_empty();
    if names || !request.caller.reaches(request.operation) {
        return inner.load(request, None).await;
    }
    let Some((view, tenant)) = view(inner, plan, &request).await? else {
        return inner.load(request, None).await;
    };
    let Some(key) = Key::of(&request, tenant, &view) else {
        return inner.load(request, None).await;
    };
    let asked = Asked { key, tags: plan.tags(request.address.as_ref(), tenant) };
    let grants = plan.grants_of(&view);
    let operation = request.operation;
    let inner = inner.clone();
    let load = move || {
        let (inner, request, grants) = (inner.clone(), request.clone(), grants.clone());
        async move { inner.load(request, Some((grants, tenant))).await }
    };
    caches.answer(operation, asked, load).await
}

/// As whom the caller sees, and for which tenant. What depends on rows of the caller is read now,
/// for each request: no right outlives its end in a cache.
async fn view<S: Store>(
    inner: &Inner<S>,
    plan: &CachePlan,
    request: &Request,
) -> Result<Option<(View, Tenant)>, Problem> {
    let known = Some(inner.terms(request).tenant).filter(|_| inner.plans.tenants.is_none());
    if let (Some(tenant), Ok(view)) = (known, plan.view(&request.caller)) {
        return Ok(view.map(|view| (view, tenant)));
    }
    let (plans, request) = (inner.plans.clone(), request.clone());
    let terms = inner.terms(&request);
    let found: Result<(Vec<usize>, Tenant), Failure> = inner
        .store
        .read(terms, move |snapshot| {
            Box::pin(async move {
                let mut work = Work::new(plans, snapshot, now());
                let grants = read::access(&mut work, &request).await?.positions();
                Ok((grants, work.store.tenant()))
            })
        })
        .await;
    let (grants, tenant) = found?;
    Ok(plan.view_of(grants).map(|view| (view, tenant)))
}
