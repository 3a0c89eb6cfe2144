//! How far tenants are kept apart: one unit on either side of each number.

use std::sync::Arc;

use crate::text::{decided, loaded, verdict};

/// Notes of firms, each row of which belongs to a firm; words in capitals are filled in.
const FIRMS: &str = "
firmitas: 1
system:
  name: Firms
  summary: Notes of firms.
  needs: { headroom: 2x, growth: 0%/year, compliance: [COMPLIANCE] }
  tenancy: { by: notes.Firm, from: actor, TENANCY }
actors:
  clerk: { auth: user, is: notes.Clerk }
contexts:
  notes:
    entities:
      Firm: { rows: COUNT, shared: true, fields: { name: string(1..9), large: bool = false readonly } }
      Clerk: { rows: 30k, fields: { name: string(1..9) } }
      Note: { rows: 30k, fields: { name: string(1..9) } }
    operations:
      addFirm: { create: Firm, by: [clerk], input: [name], rate: 1/year }
      join: { create: Clerk, by: [clerk], input: [name], rate: 1/year }
      addNote: { create: Note, by: [clerk], input: [name], rate: 1/year }
      notes: { list: Note, by: [clerk], rate: LISTS }
";

fn firms(filled: &[(&str, &str)]) -> String {
    let defaults = [("COMPLIANCE", "gdpr"), (", TENANCY", ""), ("COUNT", "300"), ("LISTS", "1/s")];
    let all = filled.iter().chain(&defaults);
    all.fold(FIRMS.to_owned(), |text, (place, value)| text.replace(place, value))
}

fn tenancy(filled: &[(&str, &str)]) -> &'static str {
    verdict(&decided(&firms(filled)), "tenancy.system").choice
}

/// Ids of what cannot be met about tenants, each with how many other places it names.
fn conflicts(filled: &[(&str, &str)]) -> Vec<(&'static str, usize)> {
    let (_, found) = decide::decide(Arc::new(loaded(&firms(filled))));
    let tenants = found.iter().filter(|found| found.id.contains("tenant"));
    tenants.map(|found| (found.id, found.related.len())).collect()
}

#[test]
fn health_data_gets_a_schema_each_up_to_twenty_thousand_tables() {
    // Two tables each: those of clerks and of notes.
    let hipaa = ("COMPLIANCE", "hipaa");
    assert_eq!(tenancy(&[hipaa, ("COUNT", "10000")]), "bridge");
    assert_eq!(tenancy(&[hipaa, ("COUNT", "10001")]), "silo");
    assert_eq!(tenancy(&[("COUNT", "10000")]), "pool");
}

#[test]
fn more_schemas_than_a_database_holds_are_a_conflict() {
    let bridge = (", TENANCY", ", isolation: bridge");
    assert_eq!(conflicts(&[bridge, ("COUNT", "10000")]), []);
    assert_eq!(conflicts(&[bridge, ("COUNT", "10001")]), [("too-many-tenant-schemas", 1)]);
    let pool = (", TENANCY", ", isolation: pool");
    assert_eq!(conflicts(&[pool, ("COUNT", "10001")]), []);
}

/// 100,000 pages a second, 0.6 ms of a core each: 60 cores, of which half a node of 64 is 53.3 %.
const BUSY: (&str, &str) = ("LISTS", "100k/s");

#[test]
fn a_tenant_that_takes_half_a_node_gets_a_database_of_its_own() {
    let with = |share: &'static str| tenancy(&[BUSY, (", TENANCY", share)]);
    assert_eq!(with(", largest_share: 53.3%"), "pool");
    assert_eq!(with(", largest_share: 53.4%"), "silo");
    let with = |rate: &str| tenancy(&[("LISTS", rate), (", TENANCY", ", largest_share: 50%")]);
    // 64 cores are 106,667 pages a second.
    assert_eq!(with("106660/s"), "pool");
    assert_eq!(with("106670/s"), "silo");
}

#[test]
fn a_tenant_that_outgrows_what_it_shares_is_a_conflict() {
    let with = |more: &str| conflicts(&[BUSY, (", TENANCY", more)]);
    let outgrows = [("tenant-outgrows-shared-store", 1)];
    assert_eq!(with(", isolation: pool, largest_share: 53.3%"), []);
    assert_eq!(with(", isolation: pool, largest_share: 53.4%"), outgrows);
    assert_eq!(with(", isolation: bridge, largest_share: 53.3%"), []);
    assert_eq!(with(", isolation: bridge, largest_share: 53.4%"), outgrows);
    assert_eq!(with(", isolation: silo, largest_share: 53.4%"), []);
    assert_eq!(with(", isolation: pool, largest_share: 53.4%, silo: tenant.large"), []);
    assert_eq!(with(", largest_share: 53.4%"), []);
}

#[test]
fn a_tenant_is_watched_above_three_tenths_of_the_load() {
    let watched = |share: &str| {
        let verdicts = decided(&firms(&[(", TENANCY", share)]));
        let pool = verdict(&verdicts, "tenancy.system");
        assert_eq!(pool.choice, "pool");
        pool.parameters.iter().any(|(name, _)| name == "watched")
    };
    assert!(!watched(", largest_share: 30%"));
    assert!(watched(", largest_share: 30.1%"));
}

#[test]
fn rows_of_tenants_that_one_server_does_not_hold_are_spread_by_tenant() {
    let with = |rows: &str| {
        let text = firms(&[]).replace("Note: { rows: 30k", &format!("Note: {{ rows: {rows}"));
        verdict(&decided(&text), "partitioning.Note").choice
    };
    // 320 bytes with indexes: 12.5 G rows are 4 TB.
    assert_eq!(with("12.5G"), "time");
    assert_eq!(with("12.501G"), "tenant");
}
