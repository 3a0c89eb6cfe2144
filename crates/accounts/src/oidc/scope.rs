//! What a token is good for: claims of OpenID Connect, and operations of the model.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::Model;
use model::model::{OperationId, OperationKind};

/// Asks for an ID token.
pub const OPEN_ID: &str = "openid";
/// Scopes of OpenID Connect Core 1.0, sections 5.4 and 11.
pub const CLAIMS: [&str; 5] = [OPEN_ID, "profile", "email", "phone", "offline_access"];

/// The scopes of a model: each context, and each operation that has a route.
#[derive(Clone, Debug)]
pub struct Scopes {
    model: Arc<Model>,
    names: BTreeSet<String>,
}

impl Scopes {
    /// Those of a model.
    #[must_use]
    pub fn of(model: Arc<Model>) -> Self {
        let contexts = model.contexts.iter().map(|context| context.name.value.clone());
        let operations = model.operations().map(|(id, _)| model.qualified_operation(id));
        let names = contexts.chain(operations).collect();
        Self { names, model }
    }

    /// Whether there is such a scope.
    #[must_use]
    pub fn has(&self, scope: &str) -> bool {
        CLAIMS.contains(&scope) || self.names.contains(scope)
    }

    /// The contexts, for those who want to know what there is.
    pub fn contexts(&self) -> impl Iterator<Item = &str> {
        self.model.contexts.iter().map(|context| context.name.value.as_str())
    }

    /// The operations that a scope admits to. One that names no part of the model leaves all to
    /// clients of ours (what the actors of the token may do is the limit then), and none to others:
    /// people who sign in somewhere do not give away more than who they are.
    #[must_use]
    pub fn operations(&self, scope: &str, ours: bool) -> Option<Arc<BTreeSet<OperationId>>> {
        let asked: BTreeSet<&str> = words(scope).filter(|word| !CLAIMS.contains(word)).collect();
        if asked.is_empty() && ours {
            return None;
        }
        let admitted = self.model.operations().filter(|(id, operation)| {
            let context = &self.model.context(operation.context).name.value;
            asked.contains(context.as_str())
                || asked.contains(self.model.qualified_operation(*id).as_str())
        });
        Some(Arc::new(admitted.map(|(id, _)| id).collect()))
    }

    /// What a scope means, for people who are asked whether they agree.
    #[must_use]
    pub fn explained(&self, scope: &str) -> String {
        match scope {
            OPEN_ID => "know who you are".to_owned(),
            "profile" => "see your name".to_owned(),
            "email" => "see your email address".to_owned(),
            "phone" => "see your phone number".to_owned(),
            "offline_access" => "stay signed in while you are away".to_owned(),
            context if !context.contains('.') => format!("use everything in {context} as you"),
            operation => {
                let mut operations = self.model.operations();
                let found =
                    operations.find(|(id, _)| self.model.qualified_operation(*id) == operation);
                let reads = found.is_some_and(|(_, operation)| {
                    matches!(operation.kind, OperationKind::List | OperationKind::Get)
                });
                format!("{} as you: {operation}", if reads { "read" } else { "act" })
            }
        }
    }
}

/// The words of a scope.
pub fn words(scope: &str) -> impl Iterator<Item = &str> {
    scope.split(' ').filter(|word| !word.is_empty())
}

/// Whether a scope holds a word.
#[must_use]
pub fn holds(scope: &str, word: &str) -> bool {
    words(scope).any(|held| held == word)
}
