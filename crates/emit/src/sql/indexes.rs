//! `CREATE INDEX`, and full-text search.

use decide::{
    Design,
    design::{Index, Table},
    tables::TENANT_COLUMN,
};
use expression::{
    FieldIndex, FieldShape, Type,
    ir::{Expression, Kind, VariableIndex},
    sql::{Dialect, Fragment, Options, TableRow, compile},
};
use model::model::BuiltIn;

use super::columns::sorted_names;
use super::folding;
use super::tenants;
use super::text::{constant, index as index_name, literal, own_alias, quoted, table as table_name};
use super::words;

/// The indexes of a table and its parts.
pub fn create(design: &Design, table: &Table, dialect: Dialect) -> Vec<String> {
    let shape = design.model.shape(table.entity);
    let own = table.indexes.iter().map(|index| {
        let of = Of { name: &table.name, columns: &table.columns, fields: &shape.fields };
        statement(design, table, &of, index, dialect)
    });
    let parts = table.parts.iter().zip(&shape.parts).flat_map(|(part, shape)| {
        part.indexes.iter().map(move |index| {
            let of = Of { name: &part.name, columns: &part.columns, fields: &shape.fields };
            statement(design, table, &of, index, dialect)
        })
    });
    own.chain(parts).collect()
}

/// The table that an index is on: the entity's, or a part's.
struct Of<'d> {
    name: &'d str,
    columns: &'d [String],
    fields: &'d [FieldShape],
}

fn statement(
    design: &Design,
    table: &Table,
    of: &Of<'_>,
    index: &Index,
    dialect: Dialect,
) -> String {
    // A tenant's rows lie together, and a key is unique among them alone.
    let tenant = tenants::pooled(design, table).then(|| quoted(TENANT_COLUMN));
    let own = index.fields.iter().flat_map(|&(field, descending)| {
        let names = column(design, of, usize::from(field.0), descending);
        let shape = of.fields.get(usize::from(field.0)).filter(|_| of.name == table.name);
        let folded =
            shape.is_some_and(|shape| folding::is_folded(design, table, index, field, shape));
        let fold = move |name: String| if folded { format!("lower({name})") } else { name };
        names.into_iter().map(fold)
    });
    let columns: Vec<String> = tenant.into_iter().chain(own).collect();
    let unique = if index.unique.is_some() { "UNIQUE " } else { "" };
    let name = index_name(&table.schema, &index.name, dialect);
    let on = table_name(&table.schema, of.name, dialect);
    let condition = predicate(design, table, index.live_only, index.condition.as_ref(), dialect);
    let condition = condition.map_or_else(String::new, |condition| format!(" WHERE {condition}"));
    format!("CREATE {unique}INDEX {name} ON {on} ({}){condition}", columns.join(", "))
}

fn column(design: &Design, of: &Of<'_>, at: usize, descending: bool) -> Vec<String> {
    let (Some(field), Some(base)) = (of.fields.get(at), of.columns.get(at)) else {
        return Vec::new();
    };
    // An index is read from either end: where its nulls are plays no part, since lists read rows
    // without a value apart from the others.
    let order = if descending { " DESC" } else { "" };
    sorted_names(design, &field.ty, base).into_iter().map(|name| name + order).collect()
}

/// The rows that are in the index; all of them where there is none.
pub fn predicate(
    design: &Design,
    table: &Table,
    live_only: bool,
    condition: Option<&Expression>,
    dialect: Dialect,
) -> Option<String> {
    let mut conditions = Vec::new();
    if live_only {
        let deleted = design.model.entity(table.entity).built_in(BuiltIn::DeletedAt);
        let column = deleted.and_then(|at| table.columns.get(usize::from(at.0)));
        conditions.extend(column.map(|column| format!("{} IS NULL", quoted(column))));
    }
    conditions
        .extend(condition.and_then(|condition| own_condition(design, table, condition, dialect)));
    (!conditions.is_empty()).then(|| conditions.join(" AND "))
}

/// A condition over one row of the table, with its constants written out.
fn own_condition(
    design: &Design,
    table: &Table,
    condition: &Expression,
    dialect: Dialect,
) -> Option<String> {
    let alias = own_alias(table, dialect);
    let row = TableRow { variable: VariableIndex::SELF, entity: table.entity, alias };
    let options = Options { row: Some(row), first_parameter: 1 };
    let fragment = compile(condition, dialect, design, &options).ok()?;
    let values: Option<Vec<String>> = fragment
        .parameters
        .iter()
        .map(|parameter| match &parameter.value.kind {
            Kind::Literal(value) => constant(value, parameter.encoding, dialect),
            _ => None,
        })
        .collect();
    Some(inlined(&fragment, &values?, dialect))
}

/// Puts values in the place of parameters; what stands in quotes is left alone.
fn inlined(fragment: &Fragment, values: &[String], dialect: Dialect) -> String {
    let mark = if dialect == Dialect::Sqlite { '?' } else { '$' };
    let mut out = String::new();
    let mut quote = None;
    let mut letters = fragment.sql.chars().peekable();
    while let Some(letter) = letters.next() {
        match quote {
            Some(open) if letter == open => quote = None,
            None if letter == '\'' || letter == '"' => quote = Some(letter),
            None if letter == mark => {
                let mut number = 0usize;
                while let Some(digit) = letters.peek().and_then(|c| c.to_digit(10)) {
                    number = number.saturating_mul(10).saturating_add(digit as usize);
                    letters.next();
                }
                let value = number.checked_sub(1).and_then(|at| values.get(at));
                out.push_str(value.map_or("NULL", String::as_str));
                continue;
            }
            _ => {}
        }
        out.push(letter);
    }
    out
}

/// What full-text search needs.
pub fn search(design: &Design, table: &Table, dialect: Dialect) -> Vec<String> {
    let columns = searched(table);
    if columns.is_empty() {
        return Vec::new();
    }
    match dialect {
        Dialect::Sqlite => sqlite_search(table, &columns),
        Dialect::PostgreSql => vec![postgresql_search(design, table)],
    }
}

/// An FTS5 table that holds the index alone, and the triggers that keep it up to date.
fn sqlite_search(table: &Table, columns: &[String]) -> Vec<String> {
    let plain = format!("{}_{}", table.schema, table.name);
    let (on, words) = (quoted(&plain), quoted(&format!("{plain}_search")));
    let list = columns.join(", ");
    let of = |row: &str| {
        let values: Vec<String> = columns.iter().map(|column| format!("{row}.{column}")).collect();
        format!("{row}.\"rowid\", {}", values.join(", "))
    };
    let add = format!("INSERT INTO {words} (rowid, {list}) VALUES ({});", of("new"));
    let remove =
        format!("INSERT INTO {words} ({words}, rowid, {list}) VALUES ('delete', {});", of("old"));
    let trigger = |name: &str, when: &str, body: &str| {
        let name = quoted(&format!("{plain}_search_{name}"));
        format!("CREATE TRIGGER {name} AFTER {when} ON {on} BEGIN\n  {body}\nEND")
    };
    let content = literal(&plain);
    vec![
        format!(
            "CREATE VIRTUAL TABLE {words} USING fts5({list}, content = {content}, \
             content_rowid = 'rowid', tokenize = \"{}\")",
            words::TOKENIZER
        ),
        trigger("insert", "INSERT", &add),
        trigger("delete", "DELETE", &remove),
        trigger("update", &format!("UPDATE OF {list}"), &format!("{remove}\n  {add}")),
    ]
}

fn postgresql_search(design: &Design, table: &Table) -> String {
    let name = index_name(&table.schema, &format!("{}_search", table.name), Dialect::PostgreSql);
    let on = table_name(&table.schema, &table.name, Dialect::PostgreSql);
    let live_only = design.model.entity(table.entity).soft_delete;
    let condition = predicate(design, table, live_only, None, Dialect::PostgreSql);
    let condition = condition.map_or_else(String::new, |condition| format!(" WHERE {condition}"));
    format!("CREATE INDEX {name} ON {on} USING gin ({}){condition}", quoted(WORDS))
}

/// The column that holds the words of a row, in PostgreSQL. No field is called so: names of fields
/// begin with a letter.
pub const WORDS: &str = "_words";

/// The line of that column. It is stored: worked out when a row is written, not each time that a
/// search passes by.
pub fn words_column(design: &Design, table: &Table) -> Option<String> {
    let shape = design.model.shape(table.entity);
    let longest = |at: &FieldIndex| match shape.fields.get(usize::from(at.0))?.ty.required() {
        Type::Text { max, .. } => Some(*max),
        _ => None,
    };
    // A space stands behind each.
    let longest = table.search.iter().filter_map(longest).map(|max| max.saturating_add(1));
    let longest = longest.fold(0, u32::saturating_add);
    let columns = searched(table);
    let texts: Vec<String> =
        columns.iter().map(|column| format!("coalesce({column}, '')")).collect();
    let words = words::vector(&format!("({})", texts.join(" || ' ' || ")), longest);
    let line = || format!("{} tsvector GENERATED ALWAYS AS ({words}) STORED", quoted(WORDS));
    (!columns.is_empty()).then(line)
}

/// The columns of the fields that search looks into.
fn searched(table: &Table) -> Vec<String> {
    let columns = table.search.iter().filter_map(|at| table.columns.get(usize::from(at.0)));
    columns.map(|base| quoted(base)).collect()
}
