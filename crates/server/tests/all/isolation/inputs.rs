//! Rows asked for with an input that names a row.

use super::asks::nobody;
use super::case::{Case, Who};

impl Case {
    /// A row that is not the caller's is as if it did not exist, whether it is asked for or named
    /// by an input.
    pub async fn with_input(&self, who: Who, kind: usize) -> Result<(), String> {
        if !self.asked.is_multiple_of(5) {
            return Ok(());
        }
        let fits = |at: &usize| self.items[*at].kind == kind;
        let items: Vec<usize> = (0..self.items.len()).filter(fits).collect();
        let (at, other) = (items[self.asked % items.len()], items[self.asked / 5 % items.len()]);
        let id = self.items[at].id.clone();
        let ask = |row: &str, of: &str| {
            let mut ask = self.ask(&format!("peek{kind}"), Some(row));
            ask.path = format!("{}?of={of}", ask.path);
            ask
        };
        if self.tenant(who) == Some(self.items[other].tenant) {
            let absent = nobody();
            let asks = (ask(&id, &id), ask(&absent, &id));
            let may = self.holds(self.plan.items[kind].get, who, &self.items[at]);
            let seen = self.compared(who, (at, may, false), asks, (&id, &absent)).await?;
            return match may && seen.status != 200 {
                true => Err(format!("{who:?} is refused its own row with an input: {seen}")),
                false => Ok(()),
            };
        }
        let (foreign, absent) = (self.items[other].id.clone(), nobody());
        let asks = (ask(&id, &foreign), ask(&id, &absent));
        self.compared(who, (at, false, false), asks, (&foreign, &absent)).await.map(drop)
    }
}
