//! Full-text search: which rows hold some words, and the first of them in an order.
//!
//! The planner knows little of how many rows hold a word, least of one that is looked for by its
//! beginning. Left alone with `ORDER BY .. LIMIT` it may walk the index of the order and look at the
//! words of every row on the way, which for a rare word is the whole table. So the statement finds
//! out by itself: it takes the rows from the index of words, and where they are few, sorts them.
//! Where they are many it walks the order, on which the next of them is never far.

use runtime::store::StoreError;

use crate::order::Order;
use crate::page::Clause;
use crate::plan::Plan;
use crate::wire::Bind;

/// Up to so many rows are taken and sorted; of more, the next one is looked for along the order.
/// Measured: `docs/design/postgresql-store.md`.
const FEW: u32 = 4_000;

/// Demands that rows hold the words of a text.
pub(crate) fn among(plan: &Plan, text: &str, clause: &mut Clause) -> Result<(), StoreError> {
    if !plan.search {
        return Err(StoreError::Unsupported {
            message: format!("{} has no full-text search", plan.qualified),
        });
    }
    match query(text) {
        Some(words) => {
            let words = clause.bind(Bind::text(&words));
            let column = emit::sql::WORDS;
            // As they are: `to_tsquery` would split and fold them once more, by the locale.
            let holds = format!("self.\"{column}\" @@ ({words}::text)::tsquery");
            clause.and(&holds);
            clause.searches = true;
        }
        None => clause.and("FALSE"),
    }
    Ok(())
}

/// The ids of the first rows in an order for which all of a clause holds, as an array.
///
/// `hits` is planned for all of its rows, so through the index of words, and read no further than it
/// takes to know whether they are few. Of the two halves behind it one alone is run.
pub(crate) fn first(plan: &Plan, clause: &str, order: &Order, limit: &str) -> String {
    let (table, id) = (&plan.table, &plan.id);
    let (columns, sorted) = order.of_hits();
    let along = order.of_rows();
    format!(
        "ARRAY(WITH hits AS MATERIALIZED (\
         SELECT self.{id} AS id{columns} FROM {table} AS self WHERE TRUE{clause}), \
         few AS MATERIALIZED (SELECT count(*) <= {FEW} AS are FROM (\
         SELECT FROM hits LIMIT {most}) AS counted) \
         (SELECT id FROM hits WHERE (SELECT are FROM few) ORDER BY {sorted} LIMIT {limit}) \
         UNION ALL (SELECT self.{id} FROM {table} AS self WHERE NOT (SELECT are FROM few)\
         {clause} ORDER BY {along} LIMIT {limit}))",
        most = FEW + 1
    )
}

/// The query that demands every word, the last one as a prefix. Words are of letters and digits
/// alone, and quoted: none is an operator. `None` if there is no word.
fn query(text: &str) -> Option<String> {
    let quoted = |word: &String| format!("'{word}'");
    let words: Vec<_> = emit::sql::words::asked(text).iter().map(quoted).collect();
    (!words.is_empty()).then(|| format!("{}:*", words.join(" & ")))
}

#[cfg(test)]
mod tests {
    use super::query;

    #[test]
    fn words_are_quoted_and_the_last_is_a_prefix() {
        assert_eq!(query("red  Sh").as_deref(), Some("'red' & 'sh':*"));
        assert_eq!(query("a' | b:* \\x").as_deref(), Some("'a' & 'b' & 'x':*"));
        assert_eq!(query(" ' * ( "), None);
    }
}
