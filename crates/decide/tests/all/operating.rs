//! What is needed to run a system: one unit on either side of each number.

use std::sync::Arc;

use base::{Diagnostic, SourceMap};
use decide::Design;
use decide::design::Verdict;
use decide::numbers::{self, Numbers};
use decide::sizing::{Bill, Level};

use crate::text::{parameter, verdict};

/// One context that clerks use; the places marked with a word in capitals are filled in.
const DESK: &str = "
firmitas: 1
system:
  name: Desk
  summary: Notes and who wrote them.
  needs: { NEEDS }
  EXISTING
  teams: { all: { people: 6, on_call: true } }
actors:
  clerk: { auth: AUTH, COUNT }
contexts:
  notes:
    team: all
    entities:
      Note: { rows: ROWS, size: SIZE, ENTITY fields: { FIELD: string(1..40) MARK } }
    operations:
      addNote: { create: Note, by: [clerk], input: [FIELD], rate: WRITES, BATCH do: [DO] }
      notes: { list: Note, by: [clerk], rate: LISTS, STALE }
      note: { get: Note, by: [clerk], rate: GETS }
      watch: { stream: Note, by: [clerk], rate: STREAMS open x 0.001/s }
externals:
  post:
    limit: LIMIT
    operations: { stamp: { latency: p50 10ms p99 20ms, idempotent: true } }
";

fn text(filled: &[(&str, &str)]) -> String {
    let defaults = [
        ("NEEDS", "availability: 99%, headroom: 2x, growth: 0%/year"),
        ("  EXISTING\n", ""),
        ("AUTH", "user"),
        ("COUNT", ""),
        ("ROWS", "1k"),
        ("SIZE", "1kB"),
        ("ENTITY", ""),
        ("FIELD", "text_of_it"),
        ("MARK", ""),
        ("WRITES", "1/day"),
        ("BATCH", ""),
        ("DO", "{ call: post.stamp, with: {} }"),
        ("LISTS", "1/s"),
        ("STALE", ""),
        ("GETS", "1/s"),
        ("STREAMS", "1"),
        ("LIMIT", "1k/s"),
    ];
    let all = filled.iter().chain(&defaults);
    all.fold(DESK.to_owned(), |text, (place, value)| text.replace(place, value))
}

/// The needs of a desk that states no more than these.
fn needs(more: &str) -> String {
    format!("headroom: 2x, growth: 0%/year, {more}")
}

fn designed(text: &str, numbers: Numbers) -> (Design, Vec<Diagnostic>) {
    let mut sources = SourceMap::default();
    let root = sources.add("firmitas.yaml", text);
    let (model, diagnostics) = model::load(&sources, root);
    assert!(diagnostics.is_empty(), "{diagnostics:#?}\n{text}");
    decide::decide_with(Arc::new(model), numbers)
}

fn decided(filled: &[(&str, &str)]) -> Vec<Verdict> {
    designed(&text(filled), Numbers::default()).0.verdicts
}

fn choice(id: &str, filled: &[(&str, &str)]) -> &'static str {
    verdict(&decided(filled), id).choice
}

/// Ids of what cannot be met.
fn conflicts(filled: &[(&str, &str)]) -> Vec<&'static str> {
    designed(&text(filled), Numbers::default()).1.iter().map(|found| found.id).collect()
}

#[test]
fn each_availability_takes_the_least_that_reaches_it() {
    let with = |share: &str| {
        let needs = needs(&format!("availability: {share}"));
        choice("availability.desk", &[("NEEDS", &needs)])
    };
    // A machine for the service and one for the store: 99.7 % each.
    assert_eq!(with("99.40%"), "single");
    assert_eq!(with("99.41%"), "replicated");
    // Load balancer, what replicas share, a zone, a database with a standby.
    assert_eq!(with("99.92%"), "replicated");
    assert_eq!(with("99.93%"), "zones");
}

#[test]
fn more_than_one_region_reaches_is_a_conflict_with_the_places_of_its_numbers() {
    let with = |more: &str| needs(&format!("availability: 99.97%, {more}"));
    assert!(conflicts(&[("NEEDS", &with("regions: [eu-west]"))]).is_empty());
    let beyond = text(&[("NEEDS", &needs("availability: 99.98%, regions: [eu-west]"))]);
    let (_, found) = designed(&beyond, Numbers::default());
    let [found] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(found.id, "availability-beyond-reach");
    assert_eq!(found.related.len(), 1, "the region");
    let hand = needs(
        "availability: 99.99%, recovery: { rto: 15min, rpo: 1min }, regions: [eu-west, eu-north]",
    );
    assert_eq!(conflicts(&[("NEEDS", &hand)]), ["availability-beyond-reach"]);
    // What is only added may be written in two regions at once.
    let added = [("NEEDS", hand.as_str()), ("ENTITY", "append_only: true,"), ("DO", "")];
    assert_eq!(choice("region.system", &added), "active-active");
    assert!(conflicts(&added).is_empty());
}

#[test]
fn what_an_operation_waits_for_multiplies() {
    let with = |share: &str, fallback: &str| {
        let lookup = format!("{{ call: post.stamp, with: {{}}{fallback} }}");
        let filled = [("DO", lookup.as_str())];
        let text = text(&filled)
            .replace("    limit: 1k/s", "    availability: 99.9%")
            .replace("stamp: {", "stamp: { safe: true,")
            .replace("rate: 1/day,", &format!("rate: 1/day, needs: {{ availability: {share} }},"));
        let (_, found) = designed(&text, Numbers::default());
        found.iter().map(|found| (found.id, found.related.len())).collect::<Vec<_>>()
    };
    // 99.9 % of the external and 99.9754 % of the service are 99.8754 %.
    assert_eq!(with("99.87%", ""), []);
    assert_eq!(with("99.88%", ""), [("availability-beyond-reach", 1)]);
    assert_eq!(with("99.88%", ", fallback: []"), []);
}

#[test]
fn a_standby_from_the_stated_availability_or_where_a_restore_takes_too_long() {
    let with = |share: &str, rows: &str, time: &str| {
        let needs = needs(&format!("availability: {share}, recovery: {{ rto: {time}, rpo: 1h }}"));
        choice("replicas.desk", &[("NEEDS", &needs), ("ROWS", rows)])
    };
    assert_eq!(with("99.49%", "1k", "8h"), "none");
    assert_eq!(with("99.5%", "1k", "8h"), "standby");
    // 268.8 GB with indexes: 15 min and 44.8 min.
    assert_eq!(with("99%", "168M", "60min"), "none");
    assert_eq!(with("99%", "168M", "59min"), "standby");
}

#[test]
fn servers_to_read_from_when_the_largest_is_busy_with_reads_that_may_be_old() {
    let with = |rate: &str, stale: &str| {
        let needs = needs("availability: 99.9%");
        choice(
            "replicas.desk",
            &[("NEEDS", &needs), ("LISTS", rate), ("STALE", stale), ("GETS", "1/year")],
        )
    };
    // 64 cores at 60 %, and 0.6 ms for each page.
    assert_eq!(with("63999/s", "stale: 1s"), "standby");
    assert_eq!(with("64001/s", "stale: 1s"), "read-replicas");
    assert_eq!(with("64001/s", "stale: 999ms"), "standby");
    assert_eq!(with("64001/s", ""), "standby");
}

#[test]
fn the_ladder_of_recovery_in_one_region() {
    let with = |rows: &str, time: &str| {
        let needs = needs(&format!("recovery: {{ rto: {time}, rpo: 1min }}, regions: [eu-west]"));
        choice("recovery.desk", &[("NEEDS", &needs), ("ROWS", rows)])
    };
    assert_eq!(with("168M", "60min"), "backup");
    assert_eq!(with("168M", "59min"), "pilot-light");
    assert_eq!(with("168M", "30min"), "pilot-light");
    assert_eq!(with("168M", "29min"), "warm-standby");
    assert_eq!(with("1k", "16min"), "backup");
    assert_eq!(with("1k", "5min"), "warm-standby");
}

#[test]
fn the_ladder_of_recovery_for_the_loss_of_a_region() {
    let with = |time: &str, point: &str, entity: &str| {
        let needs = needs(&format!(
            "recovery: {{ rto: {time}, rpo: {point} }}, regions: [eu-west, eu-north]"
        ));
        let act = if entity.is_empty() { "{ call: post.stamp, with: {} }" } else { "" };
        choice("recovery.desk", &[("NEEDS", &needs), ("ENTITY", entity), ("DO", act)])
    };
    assert_eq!(with("31min", "5min", ""), "backup");
    assert_eq!(with("30min", "5min", ""), "pilot-light");
    assert_eq!(with("31min", "4min", ""), "pilot-light");
    assert_eq!(with("31min", "0s", ""), "warm-standby");
    assert_eq!(with("5min", "1min", ""), "warm-standby");
    assert_eq!(with("4min", "1min", ""), "warm-standby", "two places would undo each other");
    assert_eq!(with("4min", "1min", "append_only: true,"), "active-active");
}

#[test]
fn less_time_than_a_takeover_is_a_conflict() {
    let with = |time: &str| needs(&format!("recovery: {{ rto: {time}, rpo: 1min }}"));
    assert!(conflicts(&[("NEEDS", &with("120s"))]).is_empty());
    assert_eq!(conflicts(&[("NEEDS", &with("119s"))]), ["recovery-time-beyond-reach"]);
}

#[test]
fn nothing_is_lost_with_a_region_only_if_it_is_near() {
    let with = |latency: &str, point: &str, second: &str| {
        needs(&format!(
            "latency: p95 {latency}, recovery: {{ rto: 1h, rpo: {point} }}, regions: [eu-west, {second}]"
        ))
    };
    assert!(conflicts(&[("NEEDS", &with("40ms", "0s", "eu-north"))]).is_empty());
    let far = with("39ms", "0s", "eu-north");
    assert_eq!(conflicts(&[("NEEDS", &far)]), ["recovery-point-beyond-reach"]);
    assert!(conflicts(&[("NEEDS", &with("39ms", "1s", "eu-north"))]).is_empty());
}

#[test]
fn a_second_region_serves_only_what_cannot_conflict() {
    let with = |latency: &str, entity: &str| {
        let needs = needs(&format!("latency: p95 {latency}, regions: [eu-west, us-east]"));
        let act = if entity.is_empty() { "{ call: post.stamp, with: {} }" } else { "" };
        let filled = [("NEEDS", needs.as_str()), ("ENTITY", entity), ("DO", act)];
        (choice("region.system", &filled), conflicts(&filled).len())
    };
    // 120 ms between continents, against half of the objective and all of it.
    assert_eq!(with("240ms", "append_only: true,"), ("active-passive", 0));
    assert_eq!(with("239ms", "append_only: true,"), ("active-active", 0));
    assert_eq!(with("239ms", ""), ("active-passive", 0));
    assert_eq!(with("120ms", ""), ("active-passive", 0));
    assert_eq!(with("119ms", ""), ("active-passive", 1));
    assert_eq!(choice("region.system", &[("NEEDS", &needs("regions: [eu-west]"))]), "one");
    assert_eq!(choice("region.system", &[]), "one");
}

#[test]
fn replicas_follow_busy_cores_and_open_streams() {
    let with = |filled: &[(&str, &str)]| {
        let mut all = filled.to_vec();
        all.extend([("LISTS", "1/year"), ("WRITES", "1/year")]);
        let (design, _) = designed(&text(&all), Numbers::default());
        design.sizing.services[0].replicas
    };
    // Two cores at 60 %, 0.3 ms for each get.
    assert_eq!(with(&[("GETS", "3999/s")]), 1);
    assert_eq!(with(&[("GETS", "4001/s")]), 2);
    assert_eq!(with(&[("GETS", "1/s"), ("STREAMS", "20000")]), 1);
    assert_eq!(with(&[("GETS", "1/s"), ("STREAMS", "20001")]), 2);
    // With a zone to lose: three for two, and one more in any case.
    let zones = ("NEEDS", "availability: 99.95%, headroom: 2x, growth: 0%/year");
    assert_eq!(with(&[("GETS", "3999/s"), zones]), 2);
    assert_eq!(with(&[("GETS", "4001/s"), zones]), 3);
    assert_eq!(with(&[("GETS", "8001/s"), zones]), 5, "ceil(3 x 3/2)");
}

#[test]
fn replicas_come_and_go_from_two_more_on() {
    // D1 takes one, D2 at 85 % as many as 1.7 busy cores each.
    let with = |rate: &str| {
        let needs = "availability: 99%, headroom: 10x, growth: 0%/year";
        let filled = [("GETS", rate), ("LISTS", "1/year"), ("NEEDS", needs)];
        choice("capacity.desk", &filled)
    };
    assert_eq!(with("1133/s"), "fixed", "two at D2");
    assert_eq!(with("1134/s"), "autoscaled", "three at D2");
}

#[test]
fn a_pooler_stands_where_connections_would_run_out() {
    let (design, _) = designed(&text(&[]), Numbers::default());
    let opened = f64::from(design.sizing.stores[0].connections);
    let with = |most: f64| {
        let numbers = Numbers::default().with(&numbers::CONNECTIONS, most / 0.8);
        let verdicts = designed(&text(&[]), numbers).0.verdicts;
        verdict(&verdicts, "capacity.desk-postgresql").choice
    };
    assert_eq!(with(opened), "fixed");
    assert_eq!(with(opened - 1.0), "pooled");
}

#[test]
fn a_budget_is_held_against_the_bill_at_its_usual_and_at_its_lowest_prices() {
    let (design, _) = designed(&text(&[]), Numbers::default());
    let bill = design.sizing.bill(Level::Peak).unwrap();
    let lowest: f64 = bill.items.iter().map(|item| item.amount * item.price.low).sum();
    let with = |euros: f64| {
        let needs = needs(&format!("availability: 99%, budget: {euros:.0} EUR/month"));
        conflicts(&[("NEEDS", &needs)])
    };
    assert!(with(bill.total.ceil()).is_empty());
    assert_eq!(with(bill.total.floor()), ["budget-below-estimate"]);
    assert_eq!(with(lowest.ceil()), ["budget-below-estimate"]);
    assert_eq!(with(lowest.floor()), ["budget-below-cost"]);
}

#[test]
fn logs_keep_within_their_share_of_the_budget() {
    let with = |budget: &str| {
        let needs = needs(&format!("availability: 99%, budget: {budget} EUR/month"));
        let filled = [
            ("NEEDS", needs.as_str()),
            ("GETS", "1000/s"),
            ("LISTS", "1/year"),
            ("WRITES", "1/year"),
        ];
        designed(&text(&filled), Numbers::default()).0.sizing.logs_kept
    };
    // 1,000/s x 500 B x 30 d = 1,296 GB, 777.60 EUR: a tenth of 7,776 EUR.
    assert!(with("7777") >= 1.0);
    assert!(with("7775") < 1.0);
    assert!((with("3888") - 0.5).abs() < 1e-3);
}

#[test]
fn each_caller_gets_twenty_times_its_share_and_at_least_five_a_second() {
    let with = |rate: &str, auth: &str, count: &str| {
        let filled = [
            ("GETS", rate),
            ("LISTS", "1/year"),
            ("WRITES", "1/year"),
            ("AUTH", auth),
            ("COUNT", count),
        ];
        decided(&filled)
    };
    let each = |verdicts: &[Verdict]| {
        parameter(verdict(verdicts, "rate-limit.clerk->notes"), "each caller")
    };
    assert_eq!(each(&with("250/s", "user", "count: 1000")), "5/s");
    assert_eq!(each(&with("251/s", "user", "count: 1000")), "5.02/s");
    assert_eq!(each(&with("250/s", "service", "")), "5000/s", "one service makes all of it");
    let limited = with("250/s", "user", "count: 1000");
    let limited = verdict(&limited, "rate-limit.clerk->notes");
    assert_eq!(parameter(limited, "burst"), "50 requests");
    assert_eq!(parameter(limited, "each address"), "50/s");
    assert_eq!(parameter(limited, "sign-in"), "5 wrong passwords of an account in 15 min");
}

#[test]
fn a_network_of_caches_pays_from_a_thousand_public_reads_on() {
    let with = |rate: &str, auth: &str, stale: &str| {
        choice("edge.system", &[("LISTS", rate), ("AUTH", auth), ("STALE", stale)])
    };
    assert_eq!(with("999/s", "none", "stale: 1min"), "none");
    assert_eq!(with("1000/s", "none", "stale: 1min"), "cdn");
    assert_eq!(with("1000/s", "none", ""), "none", "answers must not be old");
    assert_eq!(with("1000/s", "user", "stale: 1min"), "none", "answers are for one caller");
}

#[test]
fn what_a_network_of_caches_answers_reaches_no_service() {
    let filled = [("LISTS", "1000/s"), ("AUTH", "none"), ("STALE", "stale: 1min")];
    let sizing = designed(&text(&filled), Numbers::default()).0.sizing;
    let all = sizing.requests.peak + sizing.answered.peak;
    assert!((all - 1001.0).abs() < 0.01, "{all}");
    assert!(sizing.answered.peak > 500.0);
}

#[test]
fn secrets_and_levels_follow_assurance_and_what_is_held() {
    let with = |more: &str, mark: &str| {
        let needs = needs(more);
        let filled = [("NEEDS", needs.as_str()), ("MARK", mark)];
        let verdicts = decided(&filled);
        (verdict(&verdicts, "asvs.system").choice, verdict(&verdicts, "secrets.system").choice)
    };
    assert_eq!(with("assurance: L1", "pii"), ("l1", "environment"));
    assert_eq!(with("assurance: L2", ""), ("l2", "vault"));
    assert_eq!(with("assurance: L3", ""), ("l3", "vault"));
    assert_eq!(with("assurance: L1, compliance: [pci]", ""), ("l1", "vault"));
    assert_eq!(with("availability: 99%", ""), ("l1", "environment"));
    assert_eq!(with("availability: 99%", "pii"), ("l2", "vault"));
}

#[test]
fn machines_carry_two_replicas_at_d2() {
    // 2 x 85 % of two cores, 0.3 ms for each get, at twice the peak.
    let with = |rate: &str, needs: &str| {
        choice("deployment.system", &[("GETS", rate), ("LISTS", "1/year"), ("NEEDS", needs)])
    };
    let one = "availability: 99%, headroom: 2x, growth: 0%/year";
    assert_eq!(with("5666/s", one), "systemd");
    assert_eq!(with("5667/s", one), "containers");
    let two = "availability: 99%, headroom: 2x, growth: 0%/year, regions: [eu-west, eu-north]";
    assert_eq!(with("1/s", two), "containers");
}

#[test]
fn the_headroom_stops_at_the_limit_of_an_external() {
    let with = |limit: &str| choice("headroom-gap.system", &[("WRITES", "10/s"), ("LIMIT", limit)]);
    assert_eq!(with("20/s"), "reachable");
    assert_eq!(with("19/s"), "gap");
}

#[test]
fn the_headroom_stops_at_the_largest_server_and_at_its_disk() {
    // 64 cores at 85 %, 0.6 ms for each page that must not be old, at twice the peak.
    let with = |rate: &str| choice("headroom-gap.system", &[("LISTS", rate), ("GETS", "1/year")]);
    assert_eq!(with("45330/s"), "reachable");
    assert_eq!(with("45340/s"), "gap");
    // 4 TB with indexes: 2.5 G rows of 1 kB in 24 months.
    let grows = |month: &str| choice("headroom-gap.system", &[("ROWS", month)]);
    assert_eq!(grows("1 + 104M/month"), "reachable");
    assert_eq!(grows("1 + 105M/month"), "gap");
}

#[test]
fn rows_in_time_order_get_a_store_of_their_own() {
    let with = |rate: &str, entity: &str| {
        let filled =
            [("WRITES", rate), ("ENTITY", entity), ("BATCH", "batch: 100 in 1..100,"), ("DO", "")];
        choice("store.notes", &filled)
    };
    assert_eq!(with("250/s", "append_only: true,"), "postgresql");
    assert_eq!(with("251/s", "append_only: true,"), "time-series");
    assert_eq!(with("251/s", ""), "postgresql");
}

#[test]
fn what_runs_today_is_replaced_piece_by_piece() {
    assert_eq!(choice("rollout.system", &[]), "phases");
    let scale = |availability| {
        let verdicts = decided(&[("NEEDS", availability)]);
        parameter(verdict(&verdicts, "rollout.system"), "scale").to_owned()
    };
    assert!(scale("availability: 99.95%").contains("an hour with one zone lost"));
    assert!(scale("availability: 99.9%").contains("an hour with one replica lost"));
    assert!(scale("availability: 99%").contains("an hour: no replica"));
    let filled = [("EXISTING", "existing: { name: Paper }")];
    let verdicts = decided(&filled);
    let rollout = verdict(&verdicts, "rollout.system");
    assert_eq!(rollout.choice, "strangler");
    assert!(parameter(rollout, "move notes").contains("14 days"));
}

#[test]
fn a_language_is_chosen_by_the_model_alone() {
    assert_eq!(choice("stack.system", &[]), "interpreted");
    let own = text(&[]) + "decisions:\n  stack: { choose: go, because: Everybody knows it. }\n";
    let (design, found) = designed(&own, Numbers::default());
    assert!(found.is_empty(), "{found:#?}");
    let stack = verdict(&design.verdicts, "stack.system");
    assert_eq!((stack.choice, stack.overridden.is_some()), ("go", true));
}

/// As many contexts as there are services, each with a deployable of its own, and some teams.
fn divided(services: usize, teams: usize) -> Vec<Verdict> {
    let mut text =
        "firmitas: 1\nsystem:\n  name: Parts\n  summary: Many parts.\n  teams:\n".to_owned();
    for team in 0..teams {
        text += &format!("    team_{team}: {{ people: 8, on_call: true }}\n");
    }
    text += "actors:\n  clerk: { auth: user }\ncontexts:\n";
    for at in 0..services {
        text += &format!(
            "  part{at}:\n    team: team_{}\n    entities:\n      Thing{at}: {{ rows: 1k, fields: {{ name: string(1..9) }} }}\n    operations:\n      things{at}: {{ list: Thing{at}, by: [clerk], rate: 1/s }}\n      addThing{at}: {{ create: Thing{at}, by: [clerk], input: [name], rate: 1/day }}\n",
            at % teams
        );
    }
    text += "decisions:\n  service: { choose: own, because: To see what follows. }\n";
    designed(&text, Numbers::default()).0.verdicts
}

#[test]
fn a_cluster_takes_five_deployables_and_three_teams() {
    let with = |services, teams| verdict(&divided(services, teams), "deployment.system").choice;
    assert_eq!(with(4, 3), "containers");
    assert_eq!(with(5, 3), "kubernetes");
    assert_eq!(with(5, 2), "containers");
    assert_eq!(with(2, 1), "containers");
}

#[test]
fn several_deployables_get_one_entrance_and_traces() {
    let with = |services| {
        let verdicts = divided(services, 1);
        (verdict(&verdicts, "edge.system").choice, verdict(&verdicts, "telemetry.system").choice)
    };
    assert_eq!(with(1), ("none", "metrics"));
    assert_eq!([with(2), with(9)], [("gateway", "traces"); 2]);
    assert_eq!(with(10), ("mesh", "traces"));
}

#[test]
fn every_service_and_store_is_sized_and_priced() {
    let (design, _) = designed(crate::text::SHOP, Numbers::default());
    let sizing = &design.sizing;
    assert_eq!((sizing.services.len(), sizing.stores.len()), (1, 1));
    let levels = Level::ALL.map(|level| sizing.cost(level));
    assert!(levels[0] > 100.0 && levels[0] < levels[1] && levels[1] < levels[2], "{levels:?}");
    assert!(levels[3] < levels[2], "D2 is ten times the peak too, at 85 % instead of 60 %");
    let sum = |bill: &Bill| bill.items.iter().map(|item| item.monthly).sum::<f64>();
    assert!(sizing.bills.iter().all(|bill| (sum(bill) - bill.total).abs() < 1e-6));
    let (store, of) = (&sizing.stores[0], &sizing.services[0]);
    assert_eq!(store.connections, of.pool * of.most + 5);
}
