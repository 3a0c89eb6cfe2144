//! The answer of a write, which is that of HTTP, as GraphQL selects from it.

use std::future::Future;
use std::pin::Pin;

use async_graphql::parser::types::SelectionSet;
use expression::json_text;
use runtime::Problem;
use runtime::call::Caller;
use runtime::json::write_string;
use serde_json::Value as Json;

use crate::execute::Run;
use crate::schema::{Kind, named};

/// The rest of a projection.
type Projecting<'f> = Pin<Box<dyn Future<Output = Result<(), Problem>> + Send + 'f>>;

impl<'d> Run<'d> {
    /// Appends what is selected of an object that was answered over HTTP. Rows that references
    /// name are read one by one: there is one row, and its references are few.
    pub(crate) fn project<'f>(
        &'f self,
        out: &'f mut Vec<u8>,
        (object, sets): (&'f str, Vec<&'d SelectionSet>),
        value: &'f Json,
        caller: &'f Caller,
    ) -> Projecting<'f> {
        Box::pin(async move {
            let Json::Object(properties) = value else {
                return self.plain(out, (object, sets), value, caller).await;
            };
            out.push(b'{');
            for (at, collected) in self.asking.collect(&sets).into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_string(out, collected.key);
                out.push(b':');
                let name = collected.field.name.node.as_str();
                if name == "__typename" {
                    write_string(out, object);
                    continue;
                }
                let fields = self.asking.endpoint.contract.rows.get(object);
                let field = fields.and_then(|all| all.iter().find(|field| field.name == name));
                let over_http = match (field, object, name) {
                    (Some(field), ..) => field.over_http.as_str(),
                    (None, "File", "mediaType") => "media_type",
                    (None, ..) => name,
                };
                let value = properties.get(over_http).unwrap_or(&Json::Null);
                match field.and_then(|field| field.expanded.as_ref()) {
                    Some((entity, target)) => {
                        let through = self.asking.through(*entity)?;
                        let selection = self.asking.selection(target, &collected.sets)?;
                        let row = match value.as_str() {
                            Some(id) => self.row(through, id, selection, caller).await?,
                            None => None,
                        };
                        out.extend_from_slice(row.as_deref().unwrap_or(b"null"));
                    }
                    None if field.is_none()
                        && crate::select::position_in_value(object, name).is_none() =>
                    {
                        out.extend_from_slice(b"null");
                    }
                    None => {
                        let ty = named(self.asking.type_of(object, name)?);
                        self.plain(out, (ty, collected.sets), value, caller).await?;
                    }
                }
            }
            out.push(b'}');
            Ok(())
        })
    }

    async fn plain<'f>(
        &'f self,
        out: &'f mut Vec<u8>,
        (ty, sets): (&'f str, Vec<&'d SelectionSet>),
        value: &'f Json,
        caller: &'f Caller,
    ) -> Result<(), Problem> {
        match (value, self.asking.endpoint.schema.types.get(ty)) {
            (Json::Array(items), Some(Kind::Object(_) | Kind::Enum(_))) => {
                out.push(b'[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    Box::pin(self.plain(out, (ty, sets.clone()), item, caller)).await?;
                }
                out.push(b']');
            }
            (Json::Object(_), Some(Kind::Object(_))) => {
                self.project(out, (ty, sets), value, caller).await?;
            }
            (Json::String(member), Some(Kind::Enum(_))) => {
                write_string(out, &member.to_uppercase());
            }
            _ => out.extend_from_slice(json_text::write(value).as_bytes()),
        }
        Ok(())
    }
}
