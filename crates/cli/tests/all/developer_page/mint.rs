//! Tokens of the page: for who was told its key, on this machine, from this page, and nobody else.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::acceptance::client::Client;
use crate::acceptance::server::{Folder, Server, example};

const BODY: &str = "{\"actor\":\"merchandiser\"}";

struct Asked<'a> {
    server: &'a Server,
    /// Replaces or adds headers; an empty value leaves one out.
    headers: &'a [(&'a str, &'a str)],
    body: &'a str,
}

impl Asked<'_> {
    /// Status, `code` or token.
    fn answer(&self) -> (u16, String) {
        let listen = self.server.url.strip_prefix("http://").unwrap();
        let key = self.server.page.split_once("#key=").map_or("none", |(_, key)| key);
        let origin = format!("http://{listen}");
        let mut headers = vec![
            ("Host", listen),
            ("Origin", &origin),
            ("Sec-Fetch-Site", "same-origin"),
            ("Content-Type", "application/json"),
            ("X-Page-Key", key),
        ];
        for given in self.headers {
            headers.retain(|(name, _)| *name != given.0);
            headers.extend((!given.1.is_empty()).then_some(*given));
        }
        let mut text = "POST /_page/token HTTP/1.1\r\nConnection: close\r\n".to_owned();
        headers.iter().for_each(|(name, value)| text += &format!("{name}: {value}\r\n"));
        text += &format!("Content-Length: {}\r\n\r\n{}", self.body.len(), self.body);
        let mut stream = TcpStream::connect(listen).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let told: Value = serde_json::from_str(body).unwrap();
        let said = told["token"].as_str().or_else(|| told["code"].as_str()).unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), said.to_owned())
    }
}

#[test]
fn no_other_site_no_proxy_and_no_other_user_gets_a_token() {
    let data = Folder::new("page-mint");
    let server = Server::start(&example("shop"), &data.0);
    let ask = |headers: &[(&str, &str)]| Asked { server: &server, headers, body: BODY }.answer();
    let (status, token) = ask(&[]);
    assert_eq!(status, 200, "{token}");
    let merchandiser = Client::new(&server.url, Some(token));
    merchandiser.post("/catalog/v1/categories", &serde_json::json!({ "name": "Tea" })).expect(201);

    let port = server.url.rsplit_once(':').unwrap().1.to_owned();
    let (rebound, evil) = (format!("evil.example:{port}"), format!("http://evil.example:{port}"));
    let neighbour = format!("http://127.0.0.1:{}", port.parse::<u16>().unwrap() ^ 1);
    for headers in [
        // Another user of the machine, who does not know the key.
        &[("X-Page-Key", "")][..],
        &[("X-Page-Key", "guessed")],
        // Another site, in the browser of who does.
        &[("Origin", "http://evil.example")],
        &[("Origin", "null")],
        &[("Origin", "")],
        &[("Origin", &neighbour)],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "none")],
        // A name of another site that leads here (DNS rebinding).
        &[("Host", &rebound), ("Origin", &evil)],
        // Through a proxy on this machine.
        &[("X-Forwarded-For", "192.0.2.1")],
        &[("X-Forwarded-Host", "shop.example")],
        &[("X-Forwarded-Proto", "https")],
        &[("Forwarded", "for=192.0.2.1")],
        &[("Via", "1.1 proxy")],
        &[("X-Real-IP", "192.0.2.1")],
    ] {
        assert_eq!(ask(headers), (403, "forged-request".to_owned()), "{headers:?}");
    }
    // What a form of another site can send.
    let (status, code) = ask(&[("Content-Type", "text/plain")]);
    assert_eq!((status, code.as_str()), (415, "unsupported-media-type"));
    for body in ["{\"actor\":\"visitor\"}", "{\"actor\":\"system\"}", "{\"actor\":\"nobody\"}"] {
        let asked = Asked { server: &server, headers: &[], body };
        assert_eq!(asked.answer(), (422, "validation-failed".to_owned()), "{body}");
    }
}

#[test]
fn where_others_reach_the_server_there_is_no_token_to_be_had() {
    for more in [
        &["--public-url", "https://shop.example"][..],
        &["--trusted-proxy", "10.0.0.0/8"],
        &["--page", "docs"],
        &["--page", "off"],
    ] {
        let data = Folder::new("page-remote");
        let server = Server::start_with(&example("shop"), &data.0, more);
        assert!(!server.page.contains("key="), "{more:?}");
        let asked = Asked { server: &server, headers: &[], body: BODY };
        assert_eq!(asked.answer(), (404, "unknown-route".to_owned()), "{more:?}");
    }
}

#[test]
fn programs_get_the_index_and_browsers_the_page_under_a_strict_policy() {
    let data = Folder::new("page-policy");
    let server = Server::start(&example("shop"), &data.0);
    let client = Client::new(&server.url, None);
    let index = client.get("/").expect(200);
    assert_eq!(index.header("content-type"), Some("application/json"));
    let html = [("accept", "text/html,application/xhtml+xml;q=0.9")];
    let page = client.send("GET", "/", &html, None).unwrap().expect(200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.header("content-security-policy").unwrap();
    for wanted in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(wanted), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!page.text.contains("<style") && !page.text.contains("onclick"), "{}", page.text);
    let model = client.get("/_page/model.json").expect(200);
    let same = [("if-none-match", model.header("etag").unwrap())];
    client.send("GET", "/_page/model.json", &same, None).unwrap().expect(304);
    // What clients are not told about is not told here.
    assert!(!model.text.contains("processor_reference"), "{}", model.text);
    client.get("/_page/nothing.js").refused(404, "unknown-route");

    let data = Folder::new("page-off");
    let server = Server::start_with(&example("shop"), &data.0, &["--page", "off"]);
    let client = Client::new(&server.url, None);
    let index = client.send("GET", "/", &html, None).unwrap().expect(200);
    assert_eq!(index.header("content-type"), Some("application/json"));
}
