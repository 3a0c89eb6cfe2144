//! The schemas of tenants, where each has one.
//!
//! The database makes them by itself: a trigger on the table of the tenants, so that a tenant has its
//! schema in the transaction that makes it, whoever makes it. What a schema holds is written down in
//! `firmitas.places`. Afterwards the schemas are held to that, one after another, and what is still
//! to be done is read from the catalog of the database: each start goes on where another broke off.

use decide::Design;
use decide::bridge::divided;
use runtime::store::StoreError;
use runtime::store::tables::quoted;
use tokio_postgres::{Client, Error, Transaction};

use super::change::refused;
use super::trouble::{Patience, Trouble};
use super::turn::Turn;
use crate::tenants::SCHEMAS;

/// What the schema of a tenant holds, step by step.
pub(super) const TABLE: &str = "
CREATE TABLE IF NOT EXISTS firmitas.places (
  position integer PRIMARY KEY,
  makes text NOT NULL,
  name text NOT NULL,
  on_table text NOT NULL,
  sql text NOT NULL
);
";

/// Makes the schema of a tenant, or what it lacks: its tables alone where that is all that is asked.
/// The server may only do so by adding a tenant. Indexes and constraints are marked with what made
/// them.
pub(crate) const FUNCTIONS: &str = "
CREATE OR REPLACE FUNCTION firmitas.place(tenant uuid, bare boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $place$
DECLARE
  place text := 'tenant_' || replace(tenant::text, '-', '');
  step firmitas.places%ROWTYPE;
BEGIN
  EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', place);
  FOR step IN SELECT * FROM firmitas.places ORDER BY position LOOP
    CONTINUE WHEN bare AND step.makes IN ('index', 'constraint');
    CONTINUE WHEN CASE step.makes
      WHEN 'grant' THEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = step.name)
      WHEN 'constraint' THEN EXISTS (SELECT FROM pg_constraint WHERE conname = step.name
        AND conrelid = to_regclass(format('%I.%I', place, step.on_table)))
      ELSE to_regclass(format('%I.%I', place, step.name)) IS NOT NULL END;
    EXECUTE replace(replace(step.sql, '\"<tenant>\"', quote_ident(place)), '<id>', tenant::text);
    IF step.makes = 'index' THEN
      EXECUTE format('COMMENT ON INDEX %I.%I IS %L', place, step.name, md5(step.sql));
    ELSIF step.makes = 'constraint' THEN
      EXECUTE format('COMMENT ON CONSTRAINT %I ON %I.%I IS %L', step.name, place, step.on_table,
        md5(step.sql));
    END IF;
  END LOOP;
END $place$;
REVOKE EXECUTE ON FUNCTION firmitas.place(uuid, boolean) FROM PUBLIC;
CREATE OR REPLACE FUNCTION firmitas.place_new() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $place$
BEGIN
  PERFORM firmitas.place(NEW.id, false);
  RETURN NULL;
END $place$;
";

/// The table of the tenants and the column of their ids, quoted, where each tenant has a schema.
pub(crate) fn tenants(design: &Design) -> Option<(String, String)> {
    design.tables.iter().any(divided).then_some(())?;
    let by = design.model.system.tenancy.as_ref()?.by;
    let table = design.tables.get(by.0 as usize)?;
    let name = format!("{}.{}", quoted(&table.schema), quoted(&table.name));
    Some((name, quoted(table.columns.first()?)))
}

/// Writes down what the schema of a tenant holds from now on, and has the database make it.
pub(super) async fn write_down(
    transaction: &Transaction<'_>,
    design: &Design,
) -> Result<(), Trouble> {
    let Some((table, _)) = tenants(design) else { return Ok(()) };
    let steps = emit::sql::of_tenant(design);
    let makes: Vec<&str> = steps.iter().map(|step| step.makes.name()).collect();
    let names: Vec<&str> = steps.iter().map(|step| known_as(&step.name)).collect();
    let on: Vec<&str> = steps.iter().map(|step| step.on.as_str()).collect();
    let sql: Vec<&str> = steps.iter().map(|step| step.sql.as_str()).collect();
    transaction.batch_execute("DELETE FROM firmitas.places").await?;
    let insert = "INSERT INTO firmitas.places (position, makes, name, on_table, sql) \
                  SELECT at, makes, name, on_table, sql FROM unnest($1::text[], $2::text[], \
                  $3::text[], $4::text[]) WITH ORDINALITY AS s (makes, name, on_table, sql, at)";
    transaction.execute(insert, &[&makes, &names, &on, &sql]).await?;
    let trigger = format!(
        "CREATE OR REPLACE TRIGGER firmitas_place AFTER INSERT ON {table} \
         FOR EACH ROW EXECUTE FUNCTION firmitas.place_new()"
    );
    transaction.batch_execute(&format!("{FUNCTIONS}{trigger}")).await?;
    Ok(())
}

/// What PostgreSQL makes of a name: its first 63 bytes.
fn known_as(name: &str) -> &str {
    name.get(..name.floor_char_boundary(63)).unwrap_or(name)
}

/// Holds every schema to what is written down.
///
/// # Errors
/// [`StoreError::Incompatible`] where rows of a tenant stand against a key.
pub(super) async fn finish(
    client: &Client,
    turn: &Turn,
    design: &Design,
) -> Result<(), StoreError> {
    let Some(tenants) = tenants(design) else { return Ok(()) };
    let mut patience = Patience::default();
    loop {
        match finish_once(client, turn, &tenants).await {
            Ok(()) => return Ok(()),
            Err(trouble) => patience.again(trouble, client).await?,
        }
    }
}

async fn finish_once(
    client: &Client,
    turn: &Turn,
    (table, id): &(String, String),
) -> Result<(), Trouble> {
    // Nobody has a place too, in which nothing is: statements for nobody find it.
    let without = format!(
        "SELECT format('SELECT firmitas.place(%L, %s)', id, (to_regnamespace(place) IS NOT NULL)::text) \
         FROM (SELECT id, 'tenant_' || replace(id::text, '-', '') AS place FROM \
         (SELECT '00000000-0000-0000-0000-000000000000'::uuid AS id UNION SELECT {id} FROM {table}) \
         AS every) AS tenant WHERE EXISTS (SELECT FROM firmitas.places AS step \
         WHERE (step.makes = 'table' AND to_regclass(format('%I.%I', place, step.name)) IS NULL) \
         OR (step.makes = 'grant' AND to_regrole(quote_ident(step.name)) IS NOT NULL \
         AND to_regnamespace(place) IS NOT NULL \
         AND NOT has_schema_privilege(step.name, place, 'USAGE'))) ORDER BY id"
    );
    each(client, turn, &without).await?;
    each(client, turn, &format!("{WRONG_INDEXES} {IN_SCHEMAS} {UNWANTED}")).await?;
    each(client, turn, &format!("{WRONG_CONSTRAINTS} {IN_SCHEMAS} {UNWANTED}")).await?;
    each(client, turn, MISSING_INDEXES).await?;
    each(client, turn, MISSING_CONSTRAINTS).await?;
    each(client, turn, OPEN_CONSTRAINTS).await?;
    Ok(())
}

/// Runs the statements that a question yields, each for itself.
async fn each(client: &Client, turn: &Turn, asked: &str) -> Result<(), Trouble> {
    let asked = asked.replace("{SCHEMAS}", SCHEMAS);
    let rows = client.query_typed(&asked, &[]).await?;
    let all: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, Error>>()?;
    for sql in all {
        turn.holds()?;
        for statement in sql.split(NEXT) {
            let table = statement.split(" ON ").nth(1).unwrap_or_default();
            let table = table.split(' ').next().unwrap_or_default();
            let done = client.batch_execute(statement).await;
            done.map_err(|error| refused(table, statement, &error))?;
        }
    }
    Ok(())
}

/// What stands between statements that have to be run one by one.
const NEXT: &str = "\n;;\n";

const IN_SCHEMAS: &str = "n.nspname ~ '{SCHEMAS}' AND";
/// Of another definition than is written down, unfinished, or not written down.
const UNWANTED: &str = "NOT EXISTS (SELECT FROM firmitas.places AS step \
                        WHERE step.name = wrong.name AND md5(step.sql) = wrong.made) ORDER BY 1";
const WRONG_INDEXES: &str = "SELECT format('DROP INDEX CONCURRENTLY IF EXISTS %I.%I', n.nspname, \
    wrong.name) FROM (SELECT c.relnamespace AS place, c.relname AS name, \
    CASE WHEN i.indisvalid THEN obj_description(c.oid, 'pg_class') END AS made FROM pg_index AS i \
    JOIN pg_class AS c ON c.oid = i.indexrelid WHERE NOT EXISTS (SELECT FROM pg_constraint AS k \
    WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))) AS wrong \
    JOIN pg_namespace AS n ON n.oid = wrong.place WHERE";
const WRONG_CONSTRAINTS: &str = "SELECT format('ALTER TABLE %I.%I DROP CONSTRAINT IF EXISTS %I', \
    n.nspname, c.relname, wrong.name) FROM (SELECT k.conrelid, k.conname AS name, \
    obj_description(k.oid, 'pg_constraint') AS made FROM pg_constraint AS k \
    WHERE k.contype IN ('f', 'x') AND k.conparentid = 0) AS wrong \
    JOIN pg_class AS c ON c.oid = wrong.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace \
    WHERE";
/// Built while others read and write.
const MISSING_INDEXES: &str = "SELECT replace(replace(step.sql, '\"<tenant>\"', \
    quote_ident(n.nspname)), ' INDEX ', ' INDEX CONCURRENTLY ') || E'\\n;;\\n' || \
    format('COMMENT ON INDEX %I.%I IS %L', n.nspname, step.name, md5(step.sql)) \
    FROM firmitas.places AS step, pg_namespace AS n WHERE n.nspname ~ '{SCHEMAS}' \
    AND step.makes = 'index' AND to_regclass(format('%I.%I', n.nspname, step.name)) IS NULL \
    ORDER BY n.nspname, step.position";
const MISSING_CONSTRAINTS: &str = "SELECT replace(step.sql, '\"<tenant>\"', quote_ident(n.nspname)) \
    || CASE WHEN step.sql LIKE '% FOREIGN KEY %' THEN ' NOT VALID' ELSE '' END || E'\\n;;\\n' || \
    format('COMMENT ON CONSTRAINT %I ON %I.%I IS %L', step.name, n.nspname, step.on_table, \
    md5(step.sql)) FROM firmitas.places AS step, pg_namespace AS n WHERE n.nspname ~ '{SCHEMAS}' \
    AND step.makes = 'constraint' AND NOT EXISTS (SELECT FROM pg_constraint AS k \
    WHERE k.conname = step.name AND k.conrelid = to_regclass(format('%I.%I', n.nspname, \
    step.on_table))) ORDER BY n.nspname, step.position";
const OPEN_CONSTRAINTS: &str = "SELECT format('ALTER TABLE %I.%I VALIDATE CONSTRAINT %I', \
    n.nspname, c.relname, k.conname) FROM pg_constraint AS k JOIN pg_class AS c \
    ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace \
    WHERE n.nspname ~ '{SCHEMAS}' AND NOT k.convalidated AND k.contype = 'f' ORDER BY 1";
