//! The pages of the second factor: like that of the sign-in, without script.

use qrcodegen::{QrCode, QrCodeEcc};
use runtime::http::Reply;

use super::page::{document, escaped};
use crate::{Enrolled, SharedSecret};

/// What went wrong the last time: the status, and for people.
pub(super) type Wrong<'a> = Option<(u16, &'a str)>;

/// The form of a code, and what comes with it.
struct Form<'a> {
    action: &'a str,
    hidden: &'a [(&'a str, &'a str)],
    label: &'a str,
    button: &'a str,
}

impl Form<'_> {
    fn html(&self) -> String {
        let field = |(name, value): &(&str, &str)| {
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value))
        };
        let hidden: String = self.hidden.iter().map(field).collect();
        let Self { action, label, button, .. } = self;
        let id = action.rsplit('/').next().unwrap_or_default();
        let code = if label.is_empty() {
            String::new()
        } else {
            format!(
                "<label for=\"code-{id}\">{label}</label>\
                 <input id=\"code-{id}\" name=\"code\" autocomplete=\"one-time-code\" \
                 autocapitalize=\"none\" spellcheck=\"false\" required>"
            )
        };
        format!(
            "<form method=\"post\" action=\"{action}\">{code}{hidden}<button>{button}</button></form>"
        )
    }
}

fn alert(wrong: Wrong<'_>) -> String {
    let text = wrong.map(|(_, text)| format!("<p role=\"alert\">{}</p>", escaped(text)));
    text.unwrap_or_default()
}

fn page(wrong: Wrong<'_>, title: &str, content: &str) -> Reply {
    let content = format!("<h1>{title}</h1>{}{content}", alert(wrong));
    document(wrong.map_or(200, |(status, _)| status), title, "", &content)
}

/// Asks for the code after the password.
pub(super) fn code(ticket: &str, wrong: Wrong<'_>) -> Reply {
    let form = Form {
        action: "/auth/sign-in",
        hidden: &[("ticket", ticket)],
        label: "Code of your authenticator app, or a recovery code",
        button: "Go on",
    };
    page(wrong, "Enter your code", &form.html())
}

/// Offers to set the second factor up.
pub(super) fn offer(csrf: &str, next: &str) -> Reply {
    let form = Form {
        action: "/auth/second-factor/enrol",
        hidden: &[("csrf_token", csrf), ("next", next)],
        label: "",
        button: "Set it up",
    };
    let text = "<p>Besides your password, a code of an authenticator app on your phone will be \
                asked for when you sign in.</p>";
    page(None, "Set up a second factor", &format!("{text}{}", form.html()))
}

/// Shows the secret, and asks for the first code.
pub(super) fn enrol(shared: &SharedSecret, csrf: &str, next: &str, wrong: Wrong<'_>) -> Reply {
    let form = Form {
        action: "/auth/second-factor/confirm",
        hidden: &[("csrf_token", csrf), ("next", next)],
        label: "Code that the app shows",
        button: "Confirm",
    };
    let groups: Vec<_> = shared.secret.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
    let content = format!(
        "<p>Scan this with an authenticator app, or type the key into it.</p>{}\
         <p>Key: <code>{}</code></p>{}",
        drawing(&shared.uri),
        groups.join(" "),
        form.html(),
    );
    page(wrong, "Set up a second factor", &content)
}

/// Shows the recovery codes, once.
pub(super) fn recovery(codes: &[String], next: &str) -> Reply {
    let items: String = codes.iter().map(|code| format!("<li>{code}</li>")).collect();
    let content = format!(
        "<p>Keep these codes where you find them without your phone. Each replaces one code of the \
         app, once. They are not shown again.</p><ul>{items}</ul>\
         <p><a href=\"{}\">Go on</a></p>",
        escaped(next),
    );
    page(None, "Recovery codes", &content)
}

/// Says what there is, and offers other recovery codes and the end of it.
pub(super) fn enrolled(factor: Enrolled, csrf: &str, wrong: Wrong<'_>) -> Reply {
    let hidden = [("csrf_token", csrf)];
    let renew = Form {
        action: "/auth/second-factor/recovery-codes",
        hidden: &hidden,
        label: "Code, to get other recovery codes",
        button: "Make other recovery codes",
    };
    let remove = Form {
        action: "/auth/second-factor/remove",
        hidden: &hidden,
        label: "Code, to take the second factor away",
        button: "Take it away",
    };
    let content = format!(
        "<p>Your second factor is on. {} recovery codes are left.</p>{}{}",
        factor.recovery_codes,
        renew.html(),
        remove.html(),
    );
    page(wrong, "Your second factor", &content)
}

/// A text as a QR code; nothing where it is too long for one.
fn drawing(text: &str) -> String {
    const QUIET: i32 = 4;
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return String::new() };
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{},{}h1v1h-1z", x + QUIET, y + QUIET));
        }
    }
    let side = size + 2 * QUIET;
    format!(
        "<svg role=\"img\" aria-label=\"QR code of the key\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><path d=\"{path}\"/></svg>"
    )
}
