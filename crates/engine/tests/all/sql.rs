//! The SQL of whole models, run by the databases themselves.
//!
//! PostgreSQL takes part where `FIRMITAS_TEST_POSTGRES` has the URL of a server on which databases
//! may be made.

use std::collections::BTreeMap;

use engine::Checked;
use postgres::{Client, NoTls};

use crate::{
    diagrams::{awkward, least},
    examples::example,
};

fn script(checked: &Checked, path: &str) -> Option<String> {
    checked.artifacts().into_iter().find(|of| of.path == path).map(|of| of.contents)
}

fn model(text: &str) -> Checked {
    let checked = engine::check(&BTreeMap::from([("firmitas.yaml".to_owned(), text.to_owned())]));
    assert!(checked.design.is_some(), "{:#?}", checked.diagnostics);
    checked
}

/// Two tenants, a table by time and one by key.
fn tenants() -> Checked {
    model(include_str!("../models/tenants.yaml"))
}

/// A database of its own on the server, gone with the value.
struct Database {
    server: Client,
    name: String,
    url: String,
}

impl Database {
    fn new(name: &str) -> Option<Self> {
        let Ok(url) = std::env::var("FIRMITAS_TEST_POSTGRES") else {
            eprintln!("SKIPPED: FIRMITAS_TEST_POSTGRES is not set (run `cargo xtask test`)");
            return None;
        };
        let name = format!("firmitas_sql_{name}_{}", std::process::id());
        let mut server = Client::connect(&url, NoTls).unwrap();
        server.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).unwrap();
        server.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        let mut config: postgres::Config = url.parse().unwrap();
        config.dbname(&name);
        Some(Self { server, name, url })
    }

    fn connect(&self) -> Client {
        let mut config: postgres::Config = self.url.parse().unwrap();
        config.dbname(&self.name);
        config.connect(NoTls).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let _ = self.server.batch_execute(&drop);
    }
}

fn run(client: &mut Client, what: &str, script: &str) {
    client.batch_execute(script).unwrap_or_else(|why| panic!("{what}: {why:?}\n{script}"));
}

fn relations(client: &mut Client) -> Vec<String> {
    let rows = client.query(
        "SELECT n.nspname || '.' || c.relname || ' ' || c.relkind::text FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1",
        &[],
    );
    rows.unwrap().iter().map(|row| row.get(0)).collect()
}

#[test]
fn postgresql_takes_the_first_migration_there_back_and_there_again() {
    let models = [
        ("shop", example("shop")),
        ("rides", example("rides")),
        ("awkward", awkward()),
        ("least", least()),
        ("tenants", tenants()),
    ];
    for (name, checked) in models {
        let Some(database) = Database::new(name) else { return };
        let mut client = database.connect();
        let of = |path: &str| script(&checked, path);
        let (up, down) = (
            of("migrations/0001_initial.up.sql").unwrap(),
            of("migrations/0001_initial.down.sql").unwrap(),
        );
        run(&mut client, name, &up);
        let first = relations(&mut client);
        let roles = of("sql/roles.sql").unwrap();
        run(&mut client, name, &roles);
        run(&mut client, name, &roles);
        let divided = of("sql/partitions.sql").is_some();
        assert!(divided || !["shop", "tenants"].contains(&name), "{name} has no partitions");
        if let Some(partitions) = of("sql/partitions.sql") {
            run(&mut client, name, &partitions);
            let more = relations(&mut client);
            assert!(more.len() > first.len(), "{name}: no partition was made");
            run(&mut client, name, &partitions);
            assert_eq!(relations(&mut client), more, "{name}: the second run changes nothing");
        }
        run(&mut client, name, &down);
        assert_eq!(relations(&mut client), Vec::<String>::new(), "{name}: something is left");
        run(&mut client, name, &up);
        assert_eq!(relations(&mut client), first, "{name}");
    }
}

#[test]
fn no_tenant_sees_another() {
    let checked = tenants();
    let Some(database) = Database::new("rls") else { return };
    let mut client = database.connect();
    run(&mut client, "up", &script(&checked, "migrations/0001_initial.up.sql").unwrap());
    run(&mut client, "roles", &script(&checked, "sql/roles.sql").unwrap());
    let as_tenant = |client: &mut Client, tenant: &str| {
        run(client, "role", "RESET ROLE");
        run(client, "role", "SET ROLE work_service");
        run(client, "tenant", &format!("SELECT set_config('firmitas.tenant', '{tenant}', false)"));
    };
    let (one, two) =
        ("00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002");
    let project = |id: u8| format!("00000000-0000-7000-8000-0000000001{id:02}");
    let insert = |id: u8| {
        format!(
            "INSERT INTO work.projects (id, created_at, updated_at, version, name) \
             VALUES ('{}', now(), now(), 1, 'Atlas')",
            project(id)
        )
    };
    as_tenant(&mut client, one);
    run(&mut client, "insert", &insert(1));
    let again = client.batch_execute(&insert(2)).unwrap_err();
    assert_eq!(again.code(), Some(&postgres::error::SqlState::UNIQUE_VIOLATION), "{again:?}");
    as_tenant(&mut client, two);
    let seen = |client: &mut Client| -> i64 {
        client.query_one("SELECT count(*) FROM work.projects", &[]).unwrap().get(0)
    };
    assert_eq!(seen(&mut client), 0, "another tenant's row is seen");
    run(&mut client, "the same name for another tenant", &insert(3));
    assert_eq!(seen(&mut client), 1);
    // A reference to another tenant's row is none, and no row can be written for another tenant.
    let entry = |project: &str, tenant: &str| {
        format!(
            "INSERT INTO work.entries (id, created_at, project, minutes{}) \
             VALUES (gen_random_uuid(), now(), '{project}', 5{})",
            if tenant.is_empty() { "" } else { ", tenant_id" },
            if tenant.is_empty() { String::new() } else { format!(", '{tenant}'") },
        )
    };
    run(&mut client, "own project", &entry(&project(3), ""));
    let foreign = client.batch_execute(&entry(&project(1), "")).unwrap_err();
    assert_eq!(foreign.code(), Some(&postgres::error::SqlState::FOREIGN_KEY_VIOLATION));
    let forged = client.batch_execute(&entry(&project(3), one)).unwrap_err();
    assert_eq!(forged.code(), Some(&postgres::error::SqlState::INSUFFICIENT_PRIVILEGE));
    // Entries are only ever added.
    let changed = client.batch_execute("UPDATE work.entries SET minutes = 1").unwrap_err();
    assert_eq!(changed.code(), Some(&postgres::error::SqlState::INSUFFICIENT_PRIVILEGE));
    as_tenant(&mut client, "");
    assert_eq!(seen(&mut client), 0, "a session without a tenant sees nothing");
}

#[test]
fn each_tenant_gets_its_schema_by_a_script() {
    let text = include_str!("../models/tenants.yaml");
    let checked = model(&text.replace("from: actor }", "from: actor, isolation: bridge }"));
    let Some(database) = Database::new("schemas") else { return };
    let mut client = database.connect();
    run(&mut client, "up", &script(&checked, "migrations/0001_initial.up.sql").unwrap());
    run(&mut client, "roles", &script(&checked, "sql/roles.sql").unwrap());
    let (one, two) =
        ("00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002");
    let place = |tenant: &str| format!("tenant_{}", tenant.replace('-', ""));
    let of_tenant = script(&checked, "sql/tenant.sql").unwrap();
    for tenant in [one, two] {
        let sql = of_tenant.replace(":\"place\"", &place(tenant));
        run(&mut client, tenant, &sql.replace(":'tenant'", &format!("'{tenant}'")));
    }
    let as_tenant = |client: &mut Client, tenant: &str, place: &str| {
        run(client, "role", "RESET ROLE");
        run(client, "role", "SET ROLE all_tenants_service");
        let whose = format!("SELECT set_config('firmitas.tenant', '{tenant}', false)");
        run(client, "tenant", &format!("{whose}; SET search_path = {place}"));
    };
    let insert = |id: u8| {
        format!(
            "INSERT INTO work_projects (id, created_at, updated_at, version, name) \
             VALUES ('00000000-0000-7000-8000-0000000001{id:02}', now(), now(), 1, 'Atlas')"
        )
    };
    as_tenant(&mut client, one, &place(one));
    run(&mut client, "insert", &insert(1));
    let again = client.batch_execute(&insert(2)).unwrap_err();
    assert_eq!(again.code(), Some(&postgres::error::SqlState::UNIQUE_VIOLATION), "{again:?}");
    let seen = |client: &mut Client, table: &str| -> i64 {
        client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).unwrap().get(0)
    };
    as_tenant(&mut client, two, &place(two));
    run(&mut client, "the same name for another tenant", &insert(3));
    for (table, rows) in [("work_projects", 1), ("all_tenants.work_projects", 1)] {
        assert_eq!(seen(&mut client, table), rows, "{table}");
    }
    assert_eq!(seen(&mut client, &format!("{}.work_projects", place(one))), 0);
    // In the schema of another tenant nothing can be written either.
    as_tenant(&mut client, two, &place(one));
    let forged = client.batch_execute(&insert(4)).unwrap_err();
    let refused = [
        postgres::error::SqlState::CHECK_VIOLATION,
        postgres::error::SqlState::INSUFFICIENT_PRIVILEGE,
    ];
    assert!(forged.code().is_some_and(|code| refused.contains(code)), "{forged:?}");
}
