//! `/auth/invitation`: whoever has the link sets a password.

use hyper::body::Incoming;
use hyper::http::request::Parts;
use runtime::http::{Arrival, Reply, reply};
use runtime::problem::Problem;

use super::body::{Fields, query_texts};
use super::page::{document, escaped, go_elsewhere};
use super::{csrf, routes};
use crate::{AccountError, Accounts, User, invitations};

/// The page.
pub(super) async fn shown(accounts: &Accounts, head: &Parts) -> Result<Reply, Problem> {
    let query = query_texts(head.uri.query().unwrap_or_default()).unwrap_or_default();
    let code = query.get("code").map_or("", String::as_str);
    Ok(match accounts.invited(code).await? {
        Some(user) => form(accounts, &user, code, None),
        None => gone(),
    })
}

/// Sets the password.
pub(super) async fn answer(
    accounts: &Accounts,
    head: &Parts,
    body: Incoming,
    arrival: &Arrival,
) -> Result<Reply, Problem> {
    let fields = Fields::read(head, body).await?;
    csrf::check_sign_in(head, &arrival.peer, fields.form)?;
    let (code, password) = (fields.need("code")?, fields.need("password")?);
    match accounts.accept(code, password, &arrival.trace).await {
        Ok(_) if fields.form => Ok(go_elsewhere("/auth/sign-in")),
        Ok(_) => Ok(reply::empty(204)),
        Err(AccountError::WeakPassword(why)) if !fields.form => {
            Err(Problem::invalid("/password", "weak-password", why))
        }
        Err(AccountError::Store(error)) => Err(error.into()),
        Err(error) if fields.form => match accounts.invited(code).await? {
            Some(user) => {
                let text = error.to_string();
                let mut reply =
                    form(accounts, &user, code, Some((Problem::from(error.clone()).status, &text)));
                routes::retry_after(&mut reply, &error.into());
                Ok(reply)
            }
            None => Ok(gone()),
        },
        Err(error) => Err(error.into()),
    }
}

fn form(accounts: &Accounts, user: &User, code: &str, wrong: Option<(u16, &str)>) -> Reply {
    let alert = wrong
        .map_or_else(String::new, |(_, text)| format!("<p role=\"alert\">{}</p>", escaped(text)));
    let login = user.logins.first().map_or("", |login| login.address.as_str());
    let title = format!("Your password for {}", escaped(accounts.system()));
    // The login is there for password managers.
    let content = format!(
        "<h1>{title}</h1>{alert}<form method=\"post\" action=\"{}\">\
         <label for=\"login\">Email address or phone number</label>\
         <input id=\"login\" value=\"{}\" autocomplete=\"username\" readonly>\
         <label for=\"password\">New password, of at least {} characters</label>\
         <input id=\"password\" name=\"password\" type=\"password\" \
         autocomplete=\"new-password\" required autofocus>\
         <input type=\"hidden\" name=\"code\" value=\"{}\">\
         <button>Set the password</button></form>",
        invitations::PATH,
        escaped(login),
        accounts.least_password(),
        escaped(code),
    );
    document(wrong.map_or(200, |(status, _)| status), &title, "", &content)
}

fn gone() -> Reply {
    let title = "This link works no more";
    let content = format!(
        "<h1>{title}</h1><p>It was used, is too old, or another one was made since. Ask whoever \
         sent it for a new one.</p><p><a href=\"/auth/sign-in\">Sign in</a></p>"
    );
    document(404, title, "", &content)
}
