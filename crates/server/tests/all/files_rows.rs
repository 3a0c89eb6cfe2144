//! Files of rows: uploaded, named by a write, shown with an address, and gone with the row.

use graphql::Serving;
use serde_json::{Value as Json, json};

use crate::files_support::{Gallery, MODEL, answer, png};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_into_a_row_and_comes_out_of_it() {
    let gallery = Gallery::start().await;
    let anna = gallery.token("painter", "anna");
    let content = png(100_000);
    let sent = gallery.upload_as(&anna, "/files?name=a%2Fsea%20%C3%A4.png", "image/png", &content);
    let reply = sent.await;
    assert_eq!(reply.status(), 201);
    let upload: Json = reply.json().await.unwrap();
    assert_eq!(upload["name"], "sea ä.png");
    assert_eq!((&upload["media_type"], &upload["bytes"]), (&json!("image/png"), &json!(100_000)));
    let preview = gallery.fetch(upload["url"].as_str().unwrap()).await;
    assert_eq!(preview.bytes().await.unwrap(), content);

    let body = json!({ "title": "Sea", "image": upload["id"], "sketches": [] });
    let (status, painted) = gallery.paint(&anna, body).await;
    assert_eq!(status, 201, "{painted}");
    let image = gallery.picture(painted["id"].as_str().unwrap()).await["image"].clone();
    for property in ["id", "name", "media_type", "bytes", "sha256"] {
        assert_eq!(image[property], upload[property], "{property}");
    }
    let reply = gallery.fetch(image["url"].as_str().unwrap()).await;
    assert_eq!(reply.status(), 200);
    let header = |name: &str| reply.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(header("content-length"), "100000");
    assert_eq!(
        header("content-disposition"),
        "inline; filename=\"sea _.png\"; filename*=UTF-8''sea%20%C3%A4.png"
    );
    assert_eq!(header("etag"), format!("\"{}\"", image["sha256"].as_str().unwrap()));
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").ends_with("sandbox"));
    assert!(header("cache-control").starts_with("private, max-age="));
    assert_eq!(header("cross-origin-resource-policy"), "cross-origin");
    assert_eq!(reply.bytes().await.unwrap(), content);
    // A list shows it as well.
    let pictures = gallery.asked(reqwest::Method::GET, "/gallery/v1/pictures", "");
    let (_, list) = answer(pictures.send().await.unwrap()).await;
    assert!(list["items"][0]["image"]["url"].as_str().unwrap().starts_with("/files/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_shows_files_as_well() {
    let gallery = Gallery::with(MODEL, |settings| settings.graphql.serving = Serving::On).await;
    let anna = gallery.token("painter", "anna");
    let image = gallery.id(&anna, "image/png", &png(500)).await;
    let scan = gallery.id(&anna, "image/png", &png(600)).await;
    let sketches = json!([{ "page": 1, "scan": scan }]);
    let body = json!({ "title": "Sea", "image": image, "sketches": sketches });
    let painted = gallery.paint(&anna, body).await.1;
    let query = "query($id: ID!) { picture(id: $id) { title other { url } \
                 image { sha256 url kind: mediaType bytes } sketches { scan { id bytes name } } } }";
    let asked = gallery.asked(reqwest::Method::POST, "/graphql/gallery", &anna);
    let body = json!({ "query": query, "variables": { "id": painted["id"] } });
    let (status, told) = answer(asked.json(&body).send().await.unwrap()).await;
    assert_eq!(status, 200, "{told}");
    let picture = &told["data"]["picture"];
    assert_eq!((&picture["title"], &picture["other"]), (&json!("Sea"), &Json::Null), "{told}");
    let shown = &picture["image"];
    assert_eq!((&shown["kind"], &shown["bytes"]), (&json!("image/png"), &json!(500)), "{told}");
    assert_eq!(shown["sha256"], painted["image"]["sha256"]);
    let fetched = gallery.fetch(shown["url"].as_str().unwrap()).await;
    assert_eq!(fetched.bytes().await.unwrap(), png(500));
    let scanned = &picture["sketches"][0]["scan"];
    assert_eq!((&scanned["id"], &scanned["bytes"]), (&json!(scan), &json!(600)), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_used_once_by_whoever_sent_it() {
    let gallery = Gallery::start().await;
    let (anna, ben) = (gallery.token("painter", "anna"), gallery.token("painter", "ben"));
    let id = gallery.id(&anna, "image/png", &png(500)).await;
    let body = |title: &str| json!({ "title": title, "image": id, "sketches": [] });
    let refused = |answer: (u16, Json)| {
        assert_eq!(answer.0, 422, "{}", answer.1);
        let error = &answer.1["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!("/image"), &json!("unknown-file")));
    };
    refused(gallery.paint(&ben, body("Of another")).await);
    let (status, first) = gallery.paint(&anna, body("Hers")).await;
    assert_eq!(status, 201, "{first}");
    refused(gallery.paint(&anna, body("Again")).await);
    refused(
        gallery
            .paint(
                &anna,
                json!({ "title": "None", "sketches": [],
        "image": "0192f3a4-b5c6-7d8e-9f00-112233445566" }),
            )
            .await,
    );
    // An id that is no id, and a file that is too large for where it is to go.
    let (status, wrong) = gallery.paint(&anna, json!({ "title": "No id", "image": "../a" })).await;
    assert_eq!((status, &wrong["errors"][0]["code"]), (422, &json!("invalid-format")));
    let large = gallery.id(&anna, "image/png", &png(9000)).await;
    let sketches = json!([{ "page": 1, "scan": large }]);
    let (status, wrong) = gallery.paint(&anna, json!({ "title": "L", "sketches": sketches })).await;
    assert_eq!((status, &wrong["errors"][0]["code"]), (422, &json!("too-large")), "{wrong}");
    assert_eq!(wrong["errors"][0]["pointer"], "/sketches/0/scan");
    // Two at once: one of them gets it.
    let id = gallery.id(&anna, "image/png", &png(600)).await;
    let body = |title: &str| json!({ "title": title, "image": id, "sketches": [] });
    let (one, other) =
        tokio::join!(gallery.paint(&anna, body("a")), gallery.paint(&anna, body("b")));
    let mut statuses = [one.0, other.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422]);
}

#[tokio::test(flavor = "multi_thread")]
async fn contents_live_as_long_as_rows_refer_to_them() {
    let gallery = Gallery::start().await;
    let anna = gallery.token("painter", "anna");
    let (first, second) = (png(500), png(600));
    let image = gallery.id(&anna, "image/png", &first).await;
    let scan = gallery.id(&anna, "image/png", &png(700)).await;
    let sketches = json!([{ "page": 1, "scan": scan }]);
    let body = json!({ "title": "Sea", "image": image, "sketches": sketches });
    let (status, painted) = gallery.paint(&anna, body).await;
    assert_eq!(status, 201, "{painted}");
    let id = painted["id"].as_str().unwrap();
    assert_eq!(painted["sketches"][0]["scan"]["id"], json!(scan));
    let old = painted["image"]["url"].as_str().unwrap().to_owned();
    assert_eq!(gallery.sweep().await, 0);
    // What is there may be named again: a part is replaced as a whole.
    let sketches = json!([{ "page": 2, "scan": scan }]);
    let (status, changed) =
        gallery.change(&anna, id, json!({ "image": image, "sketches": sketches })).await;
    assert_eq!((status, &changed["sketches"][0]["page"]), (200, &json!(2)), "{changed}");
    assert_eq!(gallery.sweep().await, 0);
    // An effect makes the row refer to it twice.
    let act = gallery.asked(
        reqwest::Method::POST,
        &format!("/gallery/v1/pictures/{id}/duplicate"),
        &anna,
    );
    let act = act.header("idempotency-key", crate::files_support::uuid()).send().await.unwrap();
    assert_eq!(act.status(), 200);
    let other = gallery.id(&anna, "image/png", &second).await;
    let (status, changed) = gallery.change(&anna, id, json!({ "image": other })).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!((gallery.sweep().await, gallery.contents()), (0, 3));
    assert_eq!(gallery.fetch(&old).await.bytes().await.unwrap(), first);
    // Not any more.
    let act = gallery.asked(
        reqwest::Method::POST,
        &format!("/gallery/v1/pictures/{id}/duplicate"),
        &anna,
    );
    let act = act.header("idempotency-key", crate::files_support::uuid()).send().await.unwrap();
    assert_eq!(act.status(), 200);
    assert_eq!(gallery.fetch(&old).await.status(), 404, "before it is removed");
    assert_eq!((gallery.sweep().await, gallery.contents()), (1, 2));
    let (status, changed) = gallery.change(&anna, id, json!({ "sketches": [] })).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!((gallery.sweep().await, gallery.contents()), (1, 1));
    assert_eq!(gallery.burn(&anna, id).await, 204);
    assert_eq!((gallery.sweep().await, gallery.contents()), (1, 0));
    // Refused writes use up nothing.
    let image = gallery.id(&anna, "image/png", &first).await;
    let body = json!({ "title": "", "image": image, "sketches": [] });
    assert_eq!(gallery.paint(&anna, body).await.0, 422);
    let body = json!({ "title": "Sea", "image": image, "sketches": [] });
    assert_eq!(gallery.paint(&anna, body).await.0, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_no_row_names_are_removed() {
    let gallery = Gallery::start().await;
    let anna = gallery.token("painter", "anna");
    let (first, second) = (
        gallery.id(&anna, "image/png", &png(500)).await,
        gallery.id(&anna, "image/png", &png(600)).await,
    );
    let body = |id: &str| json!({ "title": "Sea", "image": id, "sketches": [] });
    assert_eq!(gallery.paint(&anna, body(&first)).await.0, 201);
    assert_eq!((gallery.sweep().await, gallery.contents()), (0, 2));
    assert_eq!((gallery.sweep_in(3700).await, gallery.contents()), (1, 1));
    assert_eq!(gallery.paint(&anna, body(&second)).await.0, 422);
}
