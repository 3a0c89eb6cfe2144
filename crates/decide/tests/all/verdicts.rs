use std::sync::Arc;

use base::{Quantity, Rate, Span};
use decide::{catalogue, design::Verdict};
use expression::{Type, ir::Kind, ir::VariableIndex};
use model::{Model, model::*};

use crate::small::{self, CUSTOMER, ORDER, PRODUCT, equals, expression, operation, own, spanned};

/// A shop with one operation of every kind.
fn shop() -> Model {
    let mut model = small::shop();
    operation(&mut model, "browse", OperationKind::List, PRODUCT);
    operation(&mut model, "place", OperationKind::Create, ORDER);
    operation(&mut model, "edit", OperationKind::Update, PRODUCT);
    operation(&mut model, "view", OperationKind::Get, ORDER);
    operation(&mut model, "settle", OperationKind::Act, ORDER);
    let grant = |actor| Grant { actor: ActorId(actor), condition: None, span: Span::default() };
    for (at, actor) in [(1, 1), (2, 1), (4, 2)] {
        model.operations[at].by = vec![grant(actor)];
    }
    let customer = model.shape(ORDER).field("customer").unwrap();
    let actor = expression(Kind::Variable(VariableIndex::ACTOR), Type::Reference(CUSTOMER));
    let mine = equals(own(ORDER, customer, Type::Reference(CUSTOMER)), actor);
    model.operations[3].by = vec![Grant { condition: Some(mine), ..grant(1) }];
    model
}

fn verdicts(model: Model) -> Vec<Verdict> {
    decide::decide(Arc::new(model)).0.verdicts
}

fn choice(verdicts: &[Verdict], id: &str) -> &'static str {
    let found = verdicts.iter().find(|verdict| verdict.id() == id);
    found.unwrap_or_else(|| panic!("no {id}")).choice
}

#[test]
fn every_verdict_says_why_and_why_not_the_others() {
    let verdicts = verdicts(shop());
    assert!(verdicts.len() > 15);
    for verdict in &verdicts {
        let id = verdict.id();
        let family = catalogue::family(verdict.family).unwrap();
        assert!(family.choice(verdict.choice).is_some(), "{id}");
        assert!(!verdict.drivers.is_empty(), "{id}");
        let mut options: Vec<&str> = verdict.rejected.iter().map(|other| other.option).collect();
        options.push(verdict.choice);
        options.sort_unstable();
        let mut all: Vec<&str> = family.choices.iter().map(|choice| choice.name).collect();
        all.sort_unstable();
        assert_eq!(options, all, "{id}");
    }
}

#[test]
fn answers_follow_from_the_operations() {
    let verdicts = verdicts(shop());
    let expected = [
        ("store.sales", "postgresql"),
        ("style.system", "monolith"),
        ("service.sales", "shared"),
        ("key.Order", "uuidv7"),
        ("authorisation.browse", "public"),
        ("authorisation.place", "role"),
        ("authorisation.view", "attribute"),
        ("authorisation.settle", "system"),
        ("idempotency.place", "key"),
        ("idempotency.edit", "natural"),
        ("authentication.customer", "jwt"),
        ("authentication.anyone", "none"),
        ("paradigm.customer->sales", "rest"),
        ("password-hash.system", "argon2id"),
    ];
    for (id, option) in expected {
        assert_eq!(choice(&verdicts, id), option, "{id}");
    }
    let idempotent = verdicts.iter().filter(|verdict| verdict.family == "idempotency").count();
    assert_eq!(idempotent, 2, "what has no route is not repeated by clients");
}

#[test]
fn rows_that_may_be_lost_step_up_to_redis_at_the_stated_number() {
    let with = |peak: f64| {
        let mut model = shop();
        model.entities[PRODUCT.0 as usize].volatile = true;
        let rate = Rate { mean: peak, peak };
        model.operations[2].workload.rate = Some(Quantity::given(rate, Span::default()));
        model.system.needs.headroom = Some(Quantity::given(10.0, Span::default()));
        choice(&verdicts(model), "store.sales")
    };
    assert_eq!(with(499.0), "postgresql");
    assert_eq!(with(501.0), "redis");
}

fn overriding(id: &str, choose: &str) -> (Vec<Verdict>, Vec<base::Diagnostic>) {
    let mut model = shop();
    model.overrides.push(Override {
        id: spanned(id.to_owned()),
        choose: spanned(choose.to_owned()),
        because: "We know it.".to_owned(),
        until: None,
    });
    let (design, diagnostics) = decide::decide(Arc::new(model));
    (design.verdicts, diagnostics)
}

#[test]
fn the_model_is_obeyed_and_its_price_recorded() {
    let (verdicts, diagnostics) = overriding("store.sales", "document");
    assert!(diagnostics.is_empty());
    let store = verdicts.iter().find(|verdict| verdict.family == "store").unwrap();
    assert_eq!((store.choice, store.price, store.runnable), ("document", 1, false));
    assert_eq!(store.overridden.as_deref(), Some("We know it."));
    assert_eq!(store.rejected[0].option, "postgresql");
    assert!(store.rejected.iter().all(|rejected| rejected.option != "document"));
}

#[test]
fn a_family_decides_for_all_its_subjects() {
    let (verdicts, _) = overriding("key", "sequence");
    let keys = verdicts.iter().filter(|verdict| verdict.family == "key");
    assert!(keys.clone().count() == 3 && keys.clone().all(|key| key.choice == "sequence"));
}

#[test]
fn a_family_that_no_rule_answers_yet_is_recorded_all_the_same() {
    let (verdicts, diagnostics) = overriding("broker", "kafka");
    assert!(diagnostics.is_empty());
    let broker = verdicts.iter().find(|verdict| verdict.family == "broker").unwrap();
    assert_eq!((broker.id().as_str(), broker.runnable), ("broker.system", false));
}

#[test]
fn misspelt_decisions_are_pointed_out() {
    let id = |id: &str, choose: &str| {
        let (_, diagnostics) = overriding(id, choose);
        let [only] = diagnostics.as_slice() else { panic!("{diagnostics:?}") };
        (only.id, only.help.clone().unwrap())
    };
    assert_eq!(id("stroe.sales", "redis").0, "unknown-decision");
    assert!(id("stroe.sales", "redis").1.contains("`store.sales`"));
    assert_eq!(id("store.sales", "rediss"), ("unknown-option", "did you mean `redis`?".into()));
    assert_eq!(id("store.sale", "redis").0, "unknown-subject");
}

#[test]
fn the_order_of_maps_does_not_matter_to_what_is_decided() {
    let verdicts_of = |reversed: bool| {
        let mut model = shop();
        if reversed {
            model.operations.reverse();
        }
        let mut all: Vec<String> = verdicts(model)
            .iter()
            .map(|verdict| format!("{} {} {:?}", verdict.id(), verdict.choice, verdict.rejected))
            .collect();
        all.sort();
        all
    };
    assert_eq!(verdicts_of(false), verdicts_of(true));
}
