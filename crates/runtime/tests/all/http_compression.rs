//! Answers compressed for those who take it, and their tags.

use std::io::Read as _;

use flate2::read::GzDecoder;
use runtime::http::{Compression, Edge, Limits};

use crate::http_support::{Ask, LIBRARY, Reply, Server};
use crate::store_support::Folder;

const BOOKS: &str = "/books/v1/books";

/// A book whose notes make an answer longer than a KiB.
async fn long_book(server: &Server, code: &str) -> Reply {
    let token = server.token("librarian", "lib");
    let notes: Vec<String> = (0..60).map(|number| format!("\"chapter {number}\"")).collect();
    let notes = notes.join(",");
    let body = format!(
        r#"{{"code":"{code}","title":"T {code}","pages":10,"price":{{"amount":"12.50","currency":"EUR"}},"tags":[],"notes":[{notes}]}}"#
    );
    let reply = server.ask(Ask::new("POST", BOOKS).bearer(&token).key(code).json(&body)).await;
    assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
    reply
}

fn unpacked(reply: &Reply) -> Vec<u8> {
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    let mut plain = Vec::new();
    GzDecoder::new(&*reply.body).read_to_end(&mut plain).expect("gzip");
    plain
}

fn varies_by_coding(reply: &Reply) -> bool {
    reply.header("vary") == Some("accept-encoding")
}

#[tokio::test(flavor = "multi_thread")]
async fn long_answers_are_compressed_for_those_who_take_it() {
    let server = Server::start(LIBRARY).await;
    long_book(&server, "a").await;
    let ask = async |coding: &str| {
        server.ask(Ask::new("GET", BOOKS).header("accept-encoding", coding)).await
    };
    let plain = server.get(BOOKS).await;
    assert_eq!((plain.status, plain.header("content-encoding")), (200, None));
    assert!(plain.body.len() > 1024 && varies_by_coding(&plain));
    for coding in ["gzip", "br, gzip;q=0.8", "*"] {
        let packed = ask(coding).await;
        assert!(packed.body.len() < plain.body.len() && varies_by_coding(&packed));
        assert_eq!(packed.header("content-length"), Some(&*packed.body.len().to_string()));
        assert_eq!(unpacked(&packed), plain.body, "{coding}");
    }
    for coding in ["", "br", "gzip;q=0", "identity, gzip;q=0.1"] {
        let reply = ask(coding).await;
        assert_eq!((reply.header("content-encoding"), &reply.body), (None, &plain.body));
    }
    // What is short stays as it is.
    let short = Ask::new("GET", "/health").header("accept-encoding", "gzip");
    assert_eq!(server.ask(short).await.header("content-encoding"), None);
    // A page of another site learns nothing by the length of what a visitor may see.
    let elsewhere = Ask::new("GET", BOOKS).header("accept-encoding", "gzip");
    let elsewhere = elsewhere.header("sec-fetch-site", "cross-site").header("cookie", "a=b");
    assert_eq!(server.ask(elsewhere).await.header("content-encoding"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_of_both_codings_name_the_same_version() {
    let server = Server::start(LIBRARY).await;
    let added = long_book(&server, "a").await;
    let path = format!("{BOOKS}/{}", added.json()["id"].as_str().unwrap());
    let token = server.token("librarian", "lib");
    let get = || Ask::new("GET", &path).header("accept-encoding", "gzip");
    let plain = server.get(&path).await;
    assert_eq!(plain.header("etag"), Some("\"1\""));
    let packed = server.ask(get()).await;
    assert_eq!(packed.header("etag"), Some("\"1-gzip\""));
    assert_eq!(unpacked(&packed), plain.body);
    // What the client has is still right, whichever it has, and keeps its tag.
    for tag in ["\"1\"", "\"1-gzip\"", "W/\"1-gzip\"", "\"0\", \"1-gzip\""] {
        let again = server.ask(get().header("if-none-match", tag)).await;
        let expected = if tag.contains("gzip") { "\"1-gzip\"" } else { "\"1\"" };
        assert_eq!((again.status, again.header("etag")), (304, Some(expected)), "{tag}");
        assert!(again.body.is_empty() && varies_by_coding(&again));
    }
    assert_eq!(server.ask(get().header("if-none-match", "\"2-gzip\"")).await.status, 200);
    let head = Ask::new("HEAD", &path).header("accept-encoding", "gzip");
    let head = server.ask(head).await;
    assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, None));
    assert_eq!(
        (head.header("etag"), head.header("content-encoding")),
        (Some("\"1-gzip\""), Some("gzip"))
    );
    // A write names the version by either, and by an old one of either it is refused.
    let edit = |tag: &str| {
        Ask::new("PATCH", &path)
            .bearer(&token)
            .header("if-match", tag.to_owned())
            .json(r#"{"title":"New"}"#)
    };
    assert_eq!(server.ask(edit("W/\"1-gzip\"")).await.status, 412);
    assert_eq!(server.ask(edit("\"1-zip\"")).await.status, 412);
    let edited = server.ask(edit("\"1-gzip\"")).await;
    assert_eq!((edited.status, edited.header("etag")), (200, Some("\"2\"")));
    for old in ["\"1-gzip\"", "\"1\""] {
        assert_eq!(server.ask(edit(old)).await.status, 412, "{old}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_compressed_where_it_is_switched_off() {
    let edge = Edge { compression: Compression::Off, ..Edge::default() };
    let server = Server::at_edge(Folder::new(), LIBRARY, Limits::default(), edge).await;
    long_book(&server, "a").await;
    let reply = server.ask(Ask::new("GET", BOOKS).header("accept-encoding", "gzip")).await;
    assert_eq!((reply.status, reply.header("content-encoding")), (200, None));
    assert!(!varies_by_coding(&reply));
}
