//! `sql/roles.sql`: one role for each context, with the rights that it needs and no others. Its
//! members are the users that services sign in as.

use decide::{Design, design::Table};
use expression::sql::Dialect;

use super::text::{literal, quoted, schemas, sorted, table as table_name};
use crate::Artifact;

/// The role of a schema.
pub fn role(schema: &str) -> String {
    format!("{schema}_service")
}

/// The script; it may run again and again.
pub fn artifact(design: &Design) -> Artifact {
    let name = design.model.system.name.replace(['\n', '\r'], " ");
    let mut contents = format!(
        "-- {name}: a role for each context, to be made by an administrator after the tables.\n\
         -- No context reaches into another's schema; rows that are only added cannot be changed.\n"
    );
    for statement in statements(design) {
        contents += &format!("\n{statement};\n");
    }
    Artifact { path: "sql/roles.sql".to_owned(), contents }
}

/// The roles of the contexts.
#[must_use]
pub fn service_roles(design: &Design) -> Vec<String> {
    schemas(design).into_iter().map(role).collect()
}

/// What makes the roles with their rights; it may run again and again.
#[must_use]
pub fn statements(design: &Design) -> Vec<String> {
    let mut all = Vec::new();
    for schema in schemas(design) {
        let (name, role) = (quoted(schema), role(schema));
        let (quoted_role, text) = (quoted(&role), literal(&role));
        all.push(format!(
            "DO $$ BEGIN\n  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {text}) THEN\n    \
             CREATE ROLE {quoted_role} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;\n  \
             END IF;\nEXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;\nEND $$"
        ));
        all.push(format!("REVOKE ALL ON SCHEMA {name} FROM PUBLIC"));
        all.push(format!("GRANT USAGE ON SCHEMA {name} TO {quoted_role}"));
        for table in sorted(design).into_iter().filter(|table| table.schema == schema) {
            all.extend(grants(design, table, &quoted_role));
        }
    }
    all
}

pub fn grants(design: &Design, table: &Table, role: &str) -> Vec<String> {
    let entity = design.model.entity(table.entity);
    let rights =
        if entity.append_only { "SELECT, INSERT" } else { "SELECT, INSERT, UPDATE, DELETE" };
    let names = std::iter::once(&table.name).chain(table.parts.iter().map(|part| &part.name));
    let grant = |name: &String| {
        let on = table_name(&table.schema, name, Dialect::PostgreSql);
        format!("GRANT {rights} ON TABLE {on} TO {role}")
    };
    names.map(grant).collect()
}
