//! Roles: the server works as one that can read and write rows and nothing else.
//!
//! The user that connects may be allowed more: it makes the tables. Everything after that runs
//! under `SET ROLE`, as a role that owns nothing, so that row-level security holds.

use decide::Design;
use runtime::store::StoreError;
use tokio_postgres::{Client, Transaction};

use crate::failure;

/// What the user that connects may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Powers {
    pub creates_roles: bool,
    pub bypasses: bool,
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The powers of the current user.
pub(crate) async fn powers(client: &Transaction<'_>) -> Result<Powers, StoreError> {
    let asked = client
        .query_one(
            "SELECT rolcreaterole OR rolsuper, rolbypassrls FROM pg_roles \
             WHERE rolname = current_user",
            &[],
        )
        .await;
    let row = asked.map_err(|error| failure::plain(&error))?;
    let flag = |at: usize| row.try_get::<_, bool>(at).unwrap_or(false);
    Ok(Powers { creates_roles: flag(0), bypasses: flag(1) })
}

/// The role under which the server of a design works.
pub(crate) fn name(design: &Design) -> String {
    let system: String = design
        .model
        .system
        .name
        .to_lowercase()
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' })
        .take(40)
        .collect();
    format!("{system}_server")
}

/// Makes the role with its rights, and those of the contexts, where that is missing; its name.
pub(crate) async fn make(
    transaction: &Transaction<'_>,
    design: &Design,
    user: Option<&str>,
) -> Result<String, StoreError> {
    let role = &name(design);
    let mut script = String::new();
    let (name, text) = (quoted(role), literal(role));
    // Roles are of the whole cluster: another database's server may make the same one right now.
    script += &format!(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {text}) THEN \
         CREATE ROLE {name} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS; \
         END IF; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;\n"
    );
    for statement in emit::sql::roles(design) {
        script += &format!("{statement};\n");
    }
    for of in emit::sql::service_roles(design) {
        script += &grant_once(&quoted(&of), &of, &name, role);
    }
    for user in user.into_iter() {
        script += &grant_once(&name, role, &quoted(user), user);
    }
    script += &format!(
        "DO $$ BEGIN IF NOT pg_has_role(current_user, {text}, 'MEMBER') THEN \
         EXECUTE 'GRANT ' || quote_ident({text}) || ' TO ' || quote_ident(current_user); \
         END IF; END $$;\n\
         GRANT USAGE ON SCHEMA firmitas TO {name};\n\
         GRANT SELECT, INSERT, UPDATE, DELETE ON firmitas.outbox, firmitas.idempotency, \
         firmitas.jobs, firmitas.subjects, firmitas.records, firmitas.sequences, firmitas.redo \
         TO {name};\n\
         GRANT SELECT, UPDATE ON firmitas.silos TO {name};\n\
         GRANT SELECT, INSERT, DELETE ON firmitas.journal, firmitas.journal_personal TO {name};\n"
    );
    transaction.batch_execute(&script).await.map_err(|error| failure::plain(&error))?;
    Ok(role.clone())
}

fn grant_once(of: &str, of_text: &str, to: &str, to_text: &str) -> String {
    format!(
        "DO $$ BEGIN IF NOT pg_has_role({}, {}, 'MEMBER') THEN GRANT {of} TO {to}; END IF; END $$;\n",
        literal(to_text),
        literal(of_text)
    )
}

/// Whether the user that serves may take a role.
pub(crate) async fn may_take(client: &Client, role: &str) -> Result<bool, StoreError> {
    let asked = client
        .query_one(
            "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) \
             AND CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = $1) \
             THEN pg_has_role(current_user, $1::name, 'MEMBER') ELSE false END",
            &[&role],
        )
        .await;
    let row = asked.map_err(|error| failure::plain(&error))?;
    Ok(row.try_get(0).unwrap_or(false))
}
