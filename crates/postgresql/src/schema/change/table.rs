//! Changes of one table, column by column.

use std::collections::BTreeMap;

use tokio_postgres::Transaction;

use crate::schema::Trouble;

/// The table that a statement makes, as it is named there.
pub(super) fn name(sql: &str) -> Option<&str> {
    sql.strip_prefix("CREATE TABLE ")?.split_once(" (\n").map(|(name, _)| name)
}

/// A column as its line says it.
#[derive(Debug, PartialEq, Eq)]
struct Column<'l> {
    /// The type, with its collation.
    ty: &'l str,
    required: bool,
    check: Option<&'l str>,
}

/// The columns by their quoted names, and all other lines.
fn lines(sql: &str) -> (BTreeMap<&str, (Column<'_>, &str)>, Vec<&str>, &str) {
    let body = sql.split_once("(\n  ").map_or("", |(_, rest)| rest);
    let (body, tail) = body.rsplit_once("\n)").unwrap_or((body, ""));
    let (mut columns, mut others) = (BTreeMap::new(), Vec::new());
    for line in body.split(",\n  ") {
        match column(line) {
            Some((name, column)) => {
                columns.insert(name, (column, line));
            }
            None => others.push(line),
        }
    }
    (columns, others, tail)
}

fn column(line: &str) -> Option<(&str, Column<'_>)> {
    let end = line.strip_prefix('"')?.find('"')? + 2;
    let (name, rest) = line.split_at_checked(end)?;
    let (rest, check) = match rest.split_once(" CHECK ") {
        Some((rest, check)) => (rest, Some(check)),
        None => (rest, None),
    };
    let (ty, required) = match rest.split_once(" NOT NULL") {
        Some((ty, _)) => (ty, true),
        None => (rest, false),
    };
    Some((name, Column { ty: ty.trim(), required, check }))
}

/// What makes the new table of the old one, or what stands against that.
pub(super) async fn changes(
    transaction: &Transaction<'_>,
    name: &str,
    before: &str,
    after: &str,
) -> Result<Result<Vec<String>, Vec<String>>, Trouble> {
    let ((old, old_others, old_tail), (new, new_others, new_tail)) = (lines(before), lines(after));
    let (mut script, mut differences) = (Vec::new(), Vec::new());
    if old_others != new_others || old_tail != new_tail {
        differences.push(format!(
            "{name}: its key, its references or how it is divided changed; that needs a migration \
             by hand"
        ));
    }
    for (column, (was, _)) in &old {
        let Some((is, _)) = new.get(column) else {
            match holds(transaction, name, column.trim_matches('"')).await? {
                true => differences.push(format!(
                    "{name}: the column {column} holds values that the model has no field for any \
                     more; keep the field (`internal` hides it)"
                )),
                false => script.push(format!("ALTER TABLE {name} DROP COLUMN {column}")),
            }
            continue;
        };
        if was.ty != is.ty {
            match widens(was.ty, is.ty)
                || !holds(transaction, name, column.trim_matches('"')).await?
            {
                true => script.push(format!(
                    "ALTER TABLE {name} ALTER COLUMN {column} TYPE {} USING {column}::text::{}",
                    is.ty,
                    is.ty.split(" COLLATE").next().unwrap_or_default()
                )),
                false => differences.push(format!(
                    "{name}: the column {column} is {}, the model now wants {}; give the field \
                     another name, or keep its type",
                    was.ty, is.ty
                )),
            }
        }
        if was.check != is.check {
            script.extend(checks(transaction, name, column).await?);
            script.extend(is.check.map(|check| format!("ALTER TABLE {name} ADD CHECK {check}")));
        }
        match (was.required, is.required) {
            (true, false) => {
                script.push(format!("ALTER TABLE {name} ALTER COLUMN {column} DROP NOT NULL"));
            }
            (false, true) => {
                script.push(format!("ALTER TABLE {name} ALTER COLUMN {column} SET NOT NULL"));
            }
            _ => {}
        }
    }
    let added = new.iter().filter(|(column, _)| !old.contains_key(*column));
    script.extend(added.map(|(_, (_, line))| format!("ALTER TABLE {name} ADD COLUMN {line}")));
    Ok(if differences.is_empty() { Ok(script) } else { Err(differences) })
}

/// Whether every value of a number type fits the other as it is.
fn widens(before: &str, after: &str) -> bool {
    let digits = |ty: &str| -> Option<(u32, u32)> {
        let (precision, scale) = ty.strip_prefix("numeric(")?.strip_suffix(')')?.split_once(',')?;
        Some((precision.parse().ok()?, scale.parse().ok()?))
    };
    digits(before).zip(digits(after)).is_some_and(|(a, b)| a.1 == b.1 && a.0 <= b.0)
}

/// What drops the checks of a column.
async fn checks(
    transaction: &Transaction<'_>,
    name: &str,
    column: &str,
) -> Result<Vec<String>, Trouble> {
    let asked = transaction
        .query(
            "SELECT quote_ident(c.conname) FROM pg_constraint c JOIN pg_attribute a \
             ON a.attrelid = c.conrelid AND c.conkey = ARRAY[a.attnum] \
             WHERE c.conrelid = to_regclass($1) AND c.contype = 'c' AND a.attname = $2",
            &[&name, &column.trim_matches('"')],
        )
        .await?;
    let drop = |row: &tokio_postgres::Row| {
        let check: String = row.try_get(0)?;
        Ok::<_, tokio_postgres::Error>(format!("ALTER TABLE {name} DROP CONSTRAINT {check}"))
    };
    Ok(asked.iter().map(drop).collect::<Result<_, _>>()?)
}

/// What removes a table, if it holds nothing.
pub(super) async fn removal(
    transaction: &Transaction<'_>,
    name: &str,
) -> Result<Result<Vec<String>, Vec<String>>, Trouble> {
    let any = format!("SELECT EXISTS (SELECT FROM {name})");
    let any: bool = transaction.query_one(&any, &[]).await?.try_get(0)?;
    Ok(match any {
        false => Ok(vec![format!("DROP TABLE IF EXISTS {name} CASCADE")]),
        true => Err(vec![format!(
            "the table {name} holds rows that the model has no place for any more; keep the entity \
             or part, or delete the rows first"
        )]),
    })
}

/// Whether a column holds a value.
pub(super) async fn holds(
    transaction: &Transaction<'_>,
    on: &str,
    column: &str,
) -> Result<bool, Trouble> {
    let there = transaction
        .query_one(
            "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) \
             AND attname = $2 AND NOT attisdropped)",
            &[&on, &column],
        )
        .await?;
    if !there.try_get::<_, bool>(0)? {
        return Ok(false);
    }
    let column = runtime::store::tables::quoted(column);
    let any = format!("SELECT EXISTS (SELECT FROM {on} WHERE {column} IS NOT NULL)");
    Ok(transaction.query_one(&any, &[]).await?.try_get(0)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_its_column() {
        let line = "\"name\" text COLLATE \"C\" NOT NULL CHECK (char_length(\"name\") <= 9)";
        let check = Some("(char_length(\"name\") <= 9)");
        let wanted = Column { ty: "text COLLATE \"C\"", required: true, check };
        assert_eq!(column(line), Some(("\"name\"", wanted)));
        assert_eq!(column("PRIMARY KEY (\"id\")"), None);
        assert!(widens("numeric(10,2)", "numeric(12,2)"));
        assert!(!widens("numeric(12,2)", "numeric(12,3)"));
    }
}
