//! `COMMENT ON`: what the model says about contexts, entities and fields, where people look.

use decide::{
    Design,
    bridge::divided,
    design::{Index, Table},
    sealed,
};
use expression::sql::{Dialect, encoding::columns};
use model::model::Field;

use super::text::{literal, quoted, schemas, table as table_name};

/// Comments for PostgreSQL, which alone has them.
pub fn create(design: &Design, tables: &[&Table]) -> Vec<String> {
    let mut all: Vec<String> =
        schemas(design).into_iter().filter_map(|name| schema(design, name)).collect();
    for table in tables {
        let of = design.model.entity(table.entity);
        let doc = of.doc.clone().unwrap_or_else(|| format!("Entity {}.", of.name));
        let doc = format!("{} {}", doc.trim(), ending(design, table));
        let name = table_name(&table.schema, &table.name, Dialect::PostgreSql);
        all.push(format!("COMMENT ON TABLE {name} IS {}", literal(doc.trim())));
        all.extend(reasons(table, &table.indexes));
        let fields = of.fields.iter().zip(&table.columns);
        all.extend(fields.flat_map(|(field, base)| column(design, &name, field, base)));
        all.extend(parts(design, table));
    }
    all
}

/// What becomes of rows in the end, as `retention` decides: whoever reads the table should not have
/// to know the model.
fn ending(design: &Design, table: &Table) -> String {
    let name = &design.model.entity(table.entity).name.value;
    let verdict = design.verdicts.iter();
    let mut verdict = verdict.filter(|of| of.family == "retention" && of.subject == *name);
    let Some(verdict) = verdict.next() else { return String::new() };
    let parameter = |name: &str| {
        let found = verdict.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    let Some(after) = parameter("after") else { return "Rows stay.".to_owned() };
    let end = match verdict.choice {
        "keep" => return "Rows stay.".to_owned(),
        "anonymise" => "Personal data is emptied",
        "archive" => "Rows move to the archive",
        _ => "Rows are deleted",
    };
    let since = parameter("counted from").unwrap_or("it was made");
    format!("{end} {after} after {}.", since.trim_matches('`'))
}

fn reasons(table: &Table, indexes: &[Index]) -> Vec<String> {
    if divided(table) {
        return Vec::new();
    }
    indexes.iter().map(|of| reason(table, of)).collect()
}

/// Why an index is there: the operations, keys and references that need it.
fn reason(table: &Table, index: &Index) -> String {
    let name = format!("{}.{}", quoted(&table.schema), quoted(&index.name));
    let why = format!("For {}.", index.because.join(", "));
    format!("COMMENT ON INDEX {name} IS {}", literal(&why))
}

fn schema(design: &Design, name: &str) -> Option<String> {
    let table = design.tables.iter().find(|table| table.schema == name)?;
    let context = design.model.context(design.model.entity(table.entity).context);
    let summary = match divided(table) {
        true => "The rows of all tenants, each in the schema of its tenant.".to_owned(),
        false => context.summary.clone().unwrap_or_else(|| format!("Context {}.", context.name)),
    };
    Some(format!("COMMENT ON SCHEMA {} IS {}", quoted(name), literal(summary.trim())))
}

fn parts(design: &Design, table: &Table) -> Vec<String> {
    let of = design.model.entity(table.entity);
    let mut all = Vec::new();
    for (part, names) in of.parts.iter().zip(&table.parts) {
        let name = table_name(&table.schema, &names.name, Dialect::PostgreSql);
        let doc = format!("Part {} of {}.", part.name, of.name);
        all.push(format!("COMMENT ON TABLE {name} IS {}", literal(&doc)));
        all.extend(reasons(table, &names.indexes));
        let fields = part.fields.iter().zip(&names.columns);
        all.extend(fields.flat_map(|(field, base)| column(design, &name, field, base)));
    }
    all
}

/// Documentation and marks of a field, on its first column.
fn column(design: &Design, table: &str, field: &Field, base: &str) -> Option<String> {
    let marks = [
        ("personal data", field.modifiers.pii),
        ("secret", field.modifiers.secret),
        ("internal", field.modifiers.internal),
        ("sensitive", field.modifiers.sensitive),
    ];
    let marks: Vec<&str> = marks.iter().filter(|(_, is)| *is).map(|(mark, _)| *mark).collect();
    let doc = field.doc.as_deref().map(str::trim).filter(|doc| !doc.is_empty());
    let text = match (doc, marks.is_empty()) {
        (None, true) => return None,
        (Some(doc), true) => doc.to_owned(),
        (None, false) => marks.join(", "),
        (Some(doc), false) => format!("{doc} ({})", marks.join(", ")),
    };
    let suffix = match sealed::is_sealed(field) {
        true => "",
        false => columns(&field.ty, &design.model.schema).first().map_or("", |first| first.suffix),
    };
    let name = quoted(&format!("{base}{suffix}"));
    Some(format!("COMMENT ON COLUMN {table}.{name} IS {}", literal(&text)))
}
