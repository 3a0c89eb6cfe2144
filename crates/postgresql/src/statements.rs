//! The tables of what the server keeps for itself, in a schema of their own, and the statements
//! over them.

use std::sync::{Arc, LazyLock};

use crate::failure;
use crate::text::Text;

/// The tables. No context is called `firmitas`. `firmitas.outbox` counts without reuse, so that a
/// reader's place in it stays meaningful.
pub(crate) const TABLES: &str = r#"
CREATE SCHEMA IF NOT EXISTS firmitas;
CREATE TABLE IF NOT EXISTS firmitas.outbox (
  sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id uuid NOT NULL,
  event text NOT NULL,
  key text NOT NULL,
  payload text NOT NULL,
  at bigint NOT NULL,
  tenant uuid
);
CREATE TABLE IF NOT EXISTS firmitas.idempotency (
  caller text COLLATE "C" NOT NULL,
  operation text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  body_hash bytea NOT NULL,
  status integer,
  headers text,
  body bytea,
  expires bigint NOT NULL,
  PRIMARY KEY (key, caller, operation)
);
CREATE INDEX IF NOT EXISTS idempotency_expires ON firmitas.idempotency (expires);
CREATE TABLE IF NOT EXISTS firmitas.jobs (
  id uuid NOT NULL PRIMARY KEY,
  entity text COLLATE "C" NOT NULL,
  row uuid NOT NULL,
  operation text NOT NULL,
  step bigint NOT NULL,
  context text NOT NULL,
  key text NOT NULL,
  attempts bigint NOT NULL,
  due bigint NOT NULL,
  deadline bigint NOT NULL,
  tenant uuid
);
CREATE UNIQUE INDEX IF NOT EXISTS jobs_row ON firmitas.jobs (row, entity);
CREATE INDEX IF NOT EXISTS jobs_due ON firmitas.jobs (due);
CREATE TABLE IF NOT EXISTS firmitas.subjects (
  entity text COLLATE "C" NOT NULL,
  issuer text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  row uuid NOT NULL,
  tenant uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  PRIMARY KEY (subject, issuer, entity, tenant)
);
CREATE UNIQUE INDEX IF NOT EXISTS subjects_row ON firmitas.subjects (row, entity);
CREATE TABLE IF NOT EXISTS firmitas.records (
  kind text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  owner text COLLATE "C" NOT NULL,
  value text NOT NULL,
  expires bigint,
  PRIMARY KEY (kind, key)
);
CREATE INDEX IF NOT EXISTS records_owner ON firmitas.records (owner, kind, key)
  WHERE owner <> '';
CREATE INDEX IF NOT EXISTS records_expires ON firmitas.records (expires)
  WHERE expires IS NOT NULL;
CREATE TABLE IF NOT EXISTS firmitas.sequences (
  entity text COLLATE "C" NOT NULL,
  field text COLLATE "C" NOT NULL,
  per uuid NOT NULL,
  tenant uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  last bigint NOT NULL,
  PRIMARY KEY (per, entity, field, tenant)
);
CREATE TABLE IF NOT EXISTS firmitas.journal (
  id uuid NOT NULL PRIMARY KEY,
  log text COLLATE "C" NOT NULL CHECK (log IN ('audit', 'history')),
  entity text COLLATE "C" NOT NULL,
  tenant uuid,
  rows uuid[] NOT NULL,
  at bigint NOT NULL,
  issuer text,
  subject text,
  actor text NOT NULL,
  operation text NOT NULL,
  before text,
  after text,
  expires bigint
);
CREATE INDEX IF NOT EXISTS journal_entity ON firmitas.journal (entity, log, tenant, id);
CREATE INDEX IF NOT EXISTS journal_expires ON firmitas.journal (expires)
  WHERE expires IS NOT NULL;
CREATE TABLE IF NOT EXISTS firmitas.journal_personal (
  line uuid NOT NULL PRIMARY KEY,
  entity text COLLATE "C" NOT NULL,
  row uuid NOT NULL,
  before text,
  after text
);
CREATE INDEX IF NOT EXISTS journal_personal_row ON firmitas.journal_personal (row, entity);
CREATE TABLE IF NOT EXISTS firmitas.silos (
  database text COLLATE "C" NOT NULL PRIMARY KEY,
  tenant uuid UNIQUE,
  version text NOT NULL
);
CREATE TABLE IF NOT EXISTS firmitas.redo (
  id uuid NOT NULL PRIMARY KEY,
  number bigint GENERATED ALWAYS AS IDENTITY,
  tenant uuid NOT NULL,
  transaction xid8 NOT NULL,
  statements bytea NOT NULL
);
CREATE INDEX IF NOT EXISTS redo_tenant ON firmitas.redo (tenant);
CREATE OR REPLACE FUNCTION firmitas.journal_is_fixed() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'what was recorded cannot be changed'; END $$;
CREATE OR REPLACE TRIGGER journal_fixed BEFORE UPDATE ON firmitas.journal
  FOR EACH ROW EXECUTE FUNCTION firmitas.journal_is_fixed();
"#;

macro_rules! statements {
    ($($(#[$about:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$about])* pub(crate) static $name: LazyLock<Arc<Text>> =
            LazyLock::new(|| Text::new($sql));)*
    };
}

statements! {
    // Whose turn it is, alone or together with others.
    TURN = "SELECT pg_advisory_xact_lock(hashtextextended('firmitas exclusive ' || $1, 0))";
    TURN_TOGETHER =
        "SELECT pg_advisory_xact_lock_shared(hashtextextended('firmitas exclusive ' || $1, 0))";
    /// Locks what is locked by whoever adds a tenant with a schema of its own: "Plac".
    ONE_SCHEMA_AT_A_TIME = "SELECT pg_advisory_xact_lock(1349280099)";
    // What begins and ends transactions, and says for whom they are and until when.
    READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED";
    COMMIT = "COMMIT";
    ROLLBACK = "ROLLBACK";
    ENTER = "SELECT set_config('firmitas.tenant', $1, true), \
             set_config('firmitas.tenants', $2, true)";
    PLACE = "SELECT set_config('search_path', $1, true)";
    // The same for what follows, too.
    STAY = "SELECT set_config('firmitas.tenant', $1, false), \
            set_config('firmitas.tenants', $2, false)";
    STAY_PLACE = "SELECT set_config('search_path', $1, false)";
    // Where tenants have databases of their own. A transaction of any database of the server is known
    // by its number in all of them.
    DATABASE = "SELECT database, version, EXISTS (SELECT FROM firmitas.redo AS waiting \
                WHERE waiting.tenant = silo.tenant AND pg_xact_status(transaction) \
                IS DISTINCT FROM 'committed')::int::bigint \
                FROM firmitas.silos AS silo WHERE tenant = $1";
    TENANTS = "SELECT tenant FROM firmitas.silos WHERE tenant IS NOT NULL ORDER BY tenant";
    // Gives a new tenant a database that is nobody's yet.
    CLAIM = "UPDATE firmitas.silos SET tenant = $1 WHERE database = \
             (SELECT database FROM firmitas.silos WHERE tenant IS NULL AND version <> '' \
             ORDER BY database LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING database";
    SPARE = "SELECT 1::bigint FROM firmitas.silos WHERE tenant IS NULL AND version <> '' LIMIT 1";
    // What is done in the database of a tenant is durable with what is shared.
    LATER = "SET LOCAL synchronous_commit = off";
    NOW = "SET CONSTRAINTS ALL IMMEDIATE";
    NUMBER = "SELECT pg_current_xact_id()::text";
    // What is noted for a tenant is committed one after the other, with rising numbers: so whoever
    // comes next knows.
    IN_TURN = "SELECT pg_advisory_xact_lock(hashtextextended('firmitas tenant ' || $1::text, 0))";
    NOTE = "INSERT INTO firmitas.redo (id, tenant, transaction, statements) \
            VALUES ($1, $2, $3::text::xid8, $4)";
    // What has committed may be lost all the same as long as nothing behind it is durable.
    FORGET = "DELETE FROM firmitas.redo WHERE id = ANY($1) \
              AND pg_xact_status(transaction) = 'committed'";
    // Whoever has waited for somebody in a tenant's database may have seen it without what was
    // committed there. Its own transaction is among those that have to be there.
    COMPLETE = failure::one_found("(SELECT 1) AS found WHERE NOT EXISTS (SELECT FROM \
               firmitas.redo WHERE tenant = $1 \
               AND coalesce(pg_xact_status(transaction), 'aborted') = 'aborted')");
    WAITING = "SELECT id, statements, coalesce(pg_xact_status(transaction), 'unknown') \
               FROM firmitas.redo WHERE tenant = $1 ORDER BY number FOR UPDATE";
    RENUMBER = "UPDATE firmitas.redo SET transaction = $2::text::xid8 WHERE id = ANY($1)";
    UNSETTLED = "SELECT DISTINCT tenant FROM firmitas.redo \
                 WHERE pg_xact_status(transaction) IS DISTINCT FROM 'committed'";
    FORGET_ALL = "DELETE FROM firmitas.redo WHERE id IN (SELECT id FROM firmitas.redo \
                  WHERE pg_xact_status(transaction) = 'committed' LIMIT 10000 \
                  FOR UPDATE SKIP LOCKED)";
    LIMIT = "SELECT set_config('statement_timeout', $1, true)";
    LIMIT_AND_ENTER = "SELECT set_config('statement_timeout', $1, true), \
                       set_config('firmitas.tenant', $2, true), \
                       set_config('firmitas.tenants', $3, true)";
    // Whoever else is at the same is waited for.
    LOCK = "SELECT pg_advisory_xact_lock($1)";
    APPEND = "INSERT INTO firmitas.outbox (id, event, key, payload, at, tenant) \
              VALUES ($1, $2, $3, $4, $5, $6)";
    OUTBOX = "SELECT id, event, key, payload, at, sequence, tenant FROM firmitas.outbox \
              WHERE sequence > $1 ORDER BY sequence LIMIT $2";
    // Asking for one end at a time reads one row.
    BACKLOG = "SELECT coalesce((SELECT CASE WHEN count(*) < 10000 THEN count(*) END \
                 FROM (SELECT FROM firmitas.outbox LIMIT 10000) AS first), \
               (SELECT max(sequence) - min(sequence) + 1 FROM firmitas.outbox)), \
               (SELECT at FROM firmitas.outbox ORDER BY sequence LIMIT 1), \
               count(*), min(due), count(*) FILTER (WHERE attempts > $1) FROM firmitas.jobs";
    // The tenant of what belongs to none is the nil UUID, which a key can hold.
    LINK = "INSERT INTO firmitas.subjects (entity, issuer, subject, row, tenant) \
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    UNLINK = "DELETE FROM firmitas.subjects WHERE row = $1 AND entity = $2";
    IDEMPOTENCY = "SELECT body_hash, status::bigint, headers, body, expires \
                   FROM firmitas.idempotency \
                   WHERE key = $1 AND caller = $2 AND operation = $3";
    FORGET_IDEMPOTENCY = "DELETE FROM firmitas.idempotency \
                          WHERE key = $1 AND caller = $2 AND operation = $3 AND expires <= $4";
    // Fails where somebody else was faster.
    ADD_IDEMPOTENCY = "INSERT INTO firmitas.idempotency \
                       (caller, operation, key, body_hash, status, headers, body, expires) \
                       VALUES ($1, $2, $3, $4, $5::bigint, $6, $7, $8)";
    PUT_IDEMPOTENCY = "INSERT INTO firmitas.idempotency \
                       (caller, operation, key, body_hash, status, headers, body, expires) \
                       VALUES ($1, $2, $3, $4, $5::bigint, $6, $7, $8) \
                       ON CONFLICT (key, caller, operation) DO UPDATE SET \
                       body_hash = $4, status = $5::bigint, headers = $6, body = $7, expires = $8";
    PURGE_IDEMPOTENCY = "DELETE FROM firmitas.idempotency WHERE (key, caller, operation) IN \
                         (SELECT key, caller, operation FROM firmitas.idempotency \
                         WHERE expires <= $1 ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED)";
    PUT_JOB = "INSERT INTO firmitas.jobs (id, entity, row, operation, step, context, key, \
               attempts, due, deadline, tenant) \
               SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 \
               WHERE NOT EXISTS (SELECT FROM firmitas.jobs \
               WHERE row = $3 AND entity = $2 AND id <> $1) ON CONFLICT (id) DO UPDATE SET step = $5, context = $6, key = $7, \
               attempts = $8, due = $9, deadline = $10";
    JOB = "SELECT id, entity, row, operation, step, context, key, attempts, due, deadline, \
           tenant FROM firmitas.jobs WHERE id = $1";
    JOBS = "SELECT id, entity, row, operation, step, context, key, attempts, due, deadline, \
            tenant FROM firmitas.jobs ORDER BY id LIMIT $1";
    LOCK_JOB = "SELECT id, entity, row, operation, step, context, key, attempts, due, deadline, \
                tenant FROM firmitas.jobs WHERE id = $1 FOR UPDATE";
    JOB_ON = "SELECT id FROM firmitas.jobs WHERE row = $1 AND entity = $2";
    TAKE_JOBS = "UPDATE firmitas.jobs AS job SET due = $2 \
                 FROM (SELECT id, due FROM firmitas.jobs WHERE due <= $1 \
                 ORDER BY due LIMIT $3 FOR UPDATE SKIP LOCKED) AS first \
                 WHERE job.id = first.id \
                 RETURNING job.id, job.entity, job.row, job.operation, job.step, job.context, \
                 job.key, job.attempts, job.due, job.deadline, job.tenant, first.due";
    POSTPONE_JOB = "UPDATE firmitas.jobs SET attempts = $4, due = $5 \
                    WHERE id = $1 AND key = $2 AND attempts = $3";
    EXTEND_LEASES = "UPDATE firmitas.jobs SET due = $2 WHERE id = ANY($1) AND due < $2";
    COMPLETE_JOB = "DELETE FROM firmitas.jobs WHERE id = $1";
    NEXT = "INSERT INTO firmitas.sequences AS known (entity, field, per, tenant, last) \
            VALUES ($1, $2, $3, $4, 1) ON CONFLICT (per, entity, field, tenant) \
            DO UPDATE SET last = known.last + 1 RETURNING last";
    RECORD = "SELECT kind, key, owner, value, expires FROM firmitas.records \
              WHERE kind = $1 AND key = $2 AND (expires IS NULL OR expires > $3)";
    LOCK_RECORD = "SELECT kind, key, owner, value, expires FROM firmitas.records \
                   WHERE kind = $1 AND key = $2 AND (expires IS NULL OR expires > $3) FOR UPDATE";
    RECORDS = "SELECT kind, key, owner, value, expires FROM firmitas.records \
               WHERE kind = $1 AND key > $2 ORDER BY key LIMIT $3";
    RECORDS_OF = "SELECT kind, key, owner, value, expires FROM firmitas.records \
                  WHERE kind = $1 AND key > $2 AND owner = $4 AND owner <> '' \
                  ORDER BY key LIMIT $3";
    ADD_RECORD = "INSERT INTO firmitas.records (kind, key, owner, value, expires) \
                  VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    PUT_RECORD = "INSERT INTO firmitas.records (kind, key, owner, value, expires) \
                  VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, key) \
                  DO UPDATE SET owner = $3, value = $4, expires = $5";
    REMOVE_RECORD = "DELETE FROM firmitas.records WHERE kind = $1 AND key = $2";
    PURGE_RECORDS = "DELETE FROM firmitas.records WHERE (kind, key) IN \
                     (SELECT kind, key FROM firmitas.records WHERE expires <= $1 \
                     ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED)";
    ADD_LINE = "INSERT INTO firmitas.journal (id, log, entity, tenant, rows, at, issuer, \
                subject, actor, operation, before, after, expires) \
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    ADD_PERSONAL = "INSERT INTO firmitas.journal_personal (line, entity, row, before, after) \
                    VALUES ($1, $2, $3, $4, $5)";
    LINES_OF_NOBODY = format!("{LINES} AND l.tenant IS NULL {NEWEST}");
    LINES_OF_ONE = format!("{LINES} AND l.tenant = $5 {NEWEST}");
    LINES_OF_ALL = format!("{LINES} {NEWEST}");
    FORGET_PERSONAL = "DELETE FROM firmitas.journal_personal WHERE row = $1 AND entity = $2";
    PURGE_PERSONAL = format!("DELETE FROM firmitas.journal_personal WHERE line IN ({DUE})");
    PURGE_LINES = format!("DELETE FROM firmitas.journal WHERE id IN ({DUE})");
}

/// Lines of a log about rows of an entity.
const LINES: &str = "SELECT l.id, l.rows, l.at, l.issuer, l.subject, l.actor, l.operation, \
                     l.before, l.after, l.expires, p.before, p.after FROM firmitas.journal AS l \
                     LEFT JOIN firmitas.journal_personal AS p ON p.line = l.id \
                     WHERE l.entity = $1 AND l.log = $2 AND l.id < $3";
const NEWEST: &str = "ORDER BY l.id DESC LIMIT $4";
/// Lines whose time is over.
const DUE: &str = "SELECT id FROM firmitas.journal WHERE expires <= $1 \
                   ORDER BY expires, id LIMIT $2";
