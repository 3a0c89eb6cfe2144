//! Inputs of lists over HTTP: what a list is asked about, as its `where` sees it.

use serde_json::{Value as Json, json};

use crate::http_support::{Ask, Reply, Server};

const BLOG: &str = r"
firmitas: 1
system: { name: Blog, currency: [EUR, USD] }
actors:
  editor: { auth: service }
  reader: { auth: none }
contexts:
  blog:
    entities:
      Tag: { rows: 100, fields: { name: string(1..20), hidden: bool = false } }
      Post: { rows: 1k + 100/month, fields: { title: string(1..40), words: int(0..), price: money } }
      PostTag: { rows: 3k + 300/month, fields: { post: Post, tag: Tag } }
    operations:
      addTag: { create: Tag, by: [editor], input: [name, hidden], rate: 100/month }
      addPost: { create: Post, by: [editor], input: [title, words, price], rate: 100/month }
      tagPost: { create: PostTag, by: [editor], input: [post, tag], rate: 300/month }
      allPosts: { list: Post, by: [reader], rate: 100/month, stale: 60s }
      tags: { list: Tag, by: { reader: self.hidden == false, editor: true }, rate: 100/month }
      tagged:
        list: Post
        by: [reader, editor]
        route: tagged
        input: { tag: Tag }
        where: PostTag.exists(p, p.post == self && p.tag == input.tag)
        sort: [title]
        rate: 100/month
        stale: 60s
      picked:
        list: Post
        by: [reader]
        route: picked
        input: { titles: 'list(string(1..40), 1..3)', least: 'int(0..) = 5', most: 'int(0..)?', dearer: money? }
        where: self.title in input.titles && self.words >= input.least && (input.most == null || self.words <= input.most) && (input.dearer == null || self.price > input.dearer)
        filter: [words]
        sort: [title]
        rate: 100/month
";

async fn fixture() -> (Server, Vec<String>) {
    let server = Server::start(BLOG).await;
    let token = server.token("editor", "erp");
    let add = async |path: &str, key: &str, body: Json| {
        let body = body.to_string();
        let ask = Ask::new("POST", path).bearer(&token).key(key).json(&body);
        let reply = server.ask(ask).await;
        assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
        reply.json()["id"].as_str().unwrap().to_owned()
    };
    let mut tags = Vec::new();
    for (name, hidden) in [("rust", false), ("sql", false), ("draft", true)] {
        let body = json!({ "name": name, "hidden": hidden });
        tags.push(add("/blog/v1/tags", name, body).await);
    }
    for (title, words, price, of) in
        [("A", 5, "EUR", &[0][..]), ("B", 1, "EUR", &[0, 1]), ("C", 9, "USD", &[1, 2])]
    {
        let price = json!({ "amount": "2.00", "currency": price });
        let body = json!({ "title": title, "words": words, "price": price });
        let post = add("/blog/v1/posts", title, body).await;
        for tag in of {
            let body = json!({ "post": post, "tag": tags[*tag] });
            add("/blog/v1/post-tags", &format!("{title}{tag}"), body).await;
        }
    }
    (server, tags)
}

fn titles(reply: &Reply) -> String {
    let page = reply.json();
    let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
    items.iter().map(|item| item["title"].as_str().unwrap()).collect()
}

async fn get(server: &Server, path: &str) -> Reply {
    server.ask(Ask::new("GET", path)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_beyond_a_table_of_pairs_are_found() {
    let (server, tags) = fixture().await;
    let tagged = |tag: &str| format!("/blog/v1/posts/tagged?tag={tag}");
    for (tag, expected) in [(0, "AB"), (1, "BC")] {
        // Twice: answers are kept.
        for _ in 0..2 {
            let reply = get(&server, &tagged(&tags[tag])).await;
            assert_eq!((reply.status, titles(&reply)), (200, expected.to_owned()));
        }
    }
    // A cursor goes on with the same input and no other.
    let first = get(&server, &(tagged(&tags[0]) + "&limit=1")).await.json();
    let next = first["next"].as_str().unwrap();
    let path = |tag: usize| format!("{}&limit=1&after={next}", tagged(&tags[tag]));
    assert_eq!(titles(&get(&server, &path(0)).await), "B");
    assert_eq!(get(&server, &path(1)).await.status, 400);
    // What may not be seen is not there, also for whoever asks after somebody who may see it.
    let token = server.token("editor", "erp");
    let path = tagged(&tags[2]);
    let seen = server.ask(Ask::new("GET", &path).bearer(&token)).await;
    assert_eq!(titles(&seen), "C");
    let reply = get(&server, &path).await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.json()["detail"], "`tag`: There is no such Tag.");
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_are_checked_and_have_defaults() {
    let (server, _) = fixture().await;
    let all = "titles=A&titles=B&titles=C";
    for (query, expected) in [
        (all.to_owned(), "AC"),
        (format!("{all}&least=0"), "ABC"),
        (format!("{all}&least=0&most=5"), "AB"),
        (format!("{all}&words.lt=6"), "A"),
        ("titles=C".to_owned(), "C"),
    ] {
        let reply = get(&server, &format!("/blog/v1/posts/picked?{query}")).await;
        assert_eq!((reply.status, titles(&reply)), (200, expected.to_owned()), "{query}");
    }
    for (query, detail) in [
        ("", "`titles`: A value is needed."),
        ("titles=A&titles=B&titles=C&titles=D", "`titles`:"),
        ("titles=", "`titles`:"),
        ("titles=A&least=-1", "`least`:"),
        ("titles=A&least=1&least=2", "`least`: Given more than once."),
        ("titles=A&least=x", "`least`:"),
        (
            "titles=A&dearer=1.00",
            "`dearer`: Expected an amount with its currency, one of `EUR` or `USD`",
        ),
    ] {
        let reply = get(&server, &format!("/blog/v1/posts/picked?{query}")).await;
        assert_eq!(reply.status, 400, "{query}");
        let told = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(told.starts_with(detail), "{query}: {told}");
    }
    let reply = get(&server, "/blog/v1/posts/tagged").await;
    assert_eq!((reply.status, reply.json()["code"].as_str()), (400, Some("invalid-parameter")));
    let reply = get(&server, "/blog/v1/posts/tagged?tag=1&tags=2").await;
    assert_eq!((reply.status, reply.json()["code"].as_str()), (400, Some("unknown-parameter")));
}
