//! The same over GraphQL.

use serde_json::{Value as Json, json};

use super::asks::nobody;
use super::case::{Case, Who};
use super::wire::Ask;

impl Case {
    /// GraphQL: several at once, nested, with what exists beside what does not.
    pub async fn query(&mut self, who: Who, kind: usize) -> Result<(), String> {
        const ROW: &str = "id title label amount price { amount } ownerId owner { id nick email } \
             friendId friend { nick } peerId peer { id title peer { id label owner { nick } } } \
             lines { text whomId whom { nick } } tags mail version";
        let at = self.some_item(kind);
        let item = &self.items[at];
        let (id, absent, word) = (item.id.clone(), nobody(), item.word.clone());
        let get = self.plan.items[kind].get;
        let may = self.holds(get, who, item);
        let listed = self.listed(who, kind);
        let search = match self.random.below(3) {
            0 => format!("(search: \"{word}t\")"),
            1 => format!("(filter: {{ title: \"title {word}t\" }}, limit: 2)"),
            _ => "(sort: AMOUNT_DESCENDING, limit: 100)".to_owned(),
        };
        let whole = search.contains("100");
        let label = item.label.clone();
        let query = format!(
            "{{ seen: get{kind}(id: \"{id}\") {{ {ROW} }} gone: get{kind}(id: \"{absent}\") {{ {ROW} }} \
             keyed: key{kind}(label: \"{label}\") {{ id title }} \
             all: list{kind}{search} {{ items {{ {ROW} }} next }} users {{ items {{ id nick }} }} }}"
        );
        let ask = Ask::new("POST", "/graphql/app").json(&json!({ "query": query }));
        let reply = self.send(who, ask.clone()).await;
        let keyed = Some(self.labelled(who, at));
        let keyed = keyed.filter(|at| self.holds(get, who, &self.items[*at]));
        let rows = listed.iter().copied().chain(may.then_some(at)).chain(keyed);
        self.clean(who, &ask, &reply, &self.sight(who, rows, true))?;
        if self.user(who).is_none() {
            return Ok(());
        }
        let answer = reply.json();
        let error = |field: &str| -> Json {
            let all = answer["errors"].as_array().cloned().unwrap_or_default();
            let of = all.into_iter().find(|error| error["path"] == json!([field]));
            let mut of = of.unwrap_or_default();
            if let Some(of) = of.as_object_mut() {
                of.retain(|name, _| name != "path" && name != "locations");
            }
            of
        };
        let (seen, gone) = (error("seen"), error("gone"));
        if may != answer["data"]["seen"].is_object() || (!may && seen != gone) {
            return Err(format!("{who:?}: forbidden is not as missing in {ask:?}: {reply}"));
        }
        let shown = answer["data"]["all"]["items"].as_array().map(Vec::len);
        if whole && shown != Some(listed.len()) {
            return Err(format!("{shown:?} rows are shown of {}: {reply}", listed.len()));
        }
        self.change(who, kind, at).await
    }

    /// A mutation of any row, beside the same of none.
    async fn change(&mut self, who: Who, kind: usize, at: usize) -> Result<(), String> {
        if self.holds(self.plan.items[kind].write, who, &self.items[at]) {
            return Ok(());
        }
        let version = 1 + self.random.below(3);
        let ask = |id: &str| {
            let query = format!(
                "mutation {{ done: edit{kind}(id: \"{id}\", expectedVersion: {version}, \
                 input: {{ title: \"mine\" }}) {{ id title label version }} }}"
            );
            Ask::new("POST", "/graphql/app").json(&json!({ "query": query }))
        };
        let (id, absent) = (self.items[at].id.clone(), nobody());
        let (asked, other) = (ask(&id), ask(&absent));
        let seen = self.send(who, asked.clone()).await;
        let missing = self.send(who, other).await;
        self.clean(who, &asked, &seen, &self.sight(who, [], false))?;
        match seen.comparable(&id) == missing.comparable(&absent) {
            true => Ok(()),
            false => {
                Err(format!("{who:?}: forbidden is not as missing: {asked:?} {seen} {missing}"))
            }
        }
    }
}
