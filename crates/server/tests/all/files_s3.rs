//! Contents behind an S3 API that is not ours, and without it.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;
use server::{FilesPlace, FilesSettings};

use crate::files_support::{self, Gallery, MODEL, answer, png};

/// A server of the S3 API that forgets everything when it ends.
struct S3 {
    process: Child,
    port: u16,
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

impl S3 {
    /// With a bucket; none where the program is not there.
    async fn start(port: u16) -> Option<Self> {
        let Some(program) = std::env::var_os("FIRMITAS_TEST_MOTO") else {
            println!("skipped: FIRMITAS_TEST_MOTO names no server of the S3 API");
            return None;
        };
        let process = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let s3 = Self { process, port };
        let http = files_support::client();
        for _ in 0..600 {
            let made = http.put(s3.url("/gallery-files")).send().await;
            if made.is_ok_and(|reply| reply.status().is_success()) {
                return Some(s3);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the S3 API does not answer");
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// How many objects there are, and how many uploads that were not finished.
    async fn objects(&self) -> (usize, usize) {
        let http = files_support::client();
        let text = |path: &str| {
            let asked = http.get(self.url(path)).send();
            async { asked.await.unwrap().text().await.unwrap() }
        };
        let objects = text("/gallery-files?list-type=2").await.matches("<Key>").count();
        (objects, text("/gallery-files?uploads").await.matches("<UploadId>").count())
    }

    fn settings(&self) -> FilesSettings {
        let Ok(FilesPlace::S3(mut bucket)) = FilesPlace::parse("s3://gallery-files/of/tests")
        else {
            panic!("a bucket");
        };
        bucket.endpoint = Some(self.url(""));
        bucket.region = Some("us-east-1".to_owned());
        bucket.key = Some("key".to_owned());
        bucket.secret = Some("secret".to_owned());
        FilesSettings { place: Some(FilesPlace::S3(bucket)), ..FilesSettings::default() }
    }

    async fn gallery(&self) -> Gallery {
        let model = MODEL.replace("300KiB", "12MiB");
        Gallery::with(&model, |settings| settings.files = self.settings()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_keeps_contents_as_a_folder_does() {
    let Some(s3) = S3::start(free_port()).await else { return };
    let gallery = s3.gallery().await;
    let anna = gallery.token("painter", "anna");
    let large = png(11 * 1024 * 1024 + 7);
    let mut rows = Vec::new();
    for content in [png(1000), large.clone()] {
        let image = gallery.id(&anna, "image/png", &content).await;
        let body = json!({ "title": "Sea", "image": image, "sketches": [] });
        let (status, painted) = gallery.paint(&anna, body).await;
        assert_eq!(status, 201, "{painted}");
        let url = painted["image"]["url"].as_str().unwrap().to_owned();
        assert!(gallery.fetch(&url).await.bytes().await.unwrap() == content);
        rows.push((painted["id"].as_str().unwrap().to_owned(), url));
    }
    assert_eq!(s3.objects().await, (2, 0));
    let part = gallery.asked(Method::GET, &rows[1].1, "").header("range", "bytes=6000000-6999999");
    let part = part.send().await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert!(part.bytes().await.unwrap() == large[6_000_000..7_000_000]);
    // Too large when most of it is there: nothing of it stays.
    let refused = gallery.upload(&anna, "image/png", &png(13 * 1024 * 1024)).await;
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    for (id, _) in &rows {
        assert_eq!(gallery.burn(&anna, id).await, 204);
    }
    assert_eq!(gallery.sweep().await, 2);
    assert_eq!(s3.objects().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_bucket_everything_else_goes_on() {
    let port = free_port();
    let Some(s3) = S3::start(port).await else { return };
    let gallery = s3.gallery().await;
    let anna = gallery.token("painter", "anna");
    let image = gallery.id(&anna, "image/png", &png(1000)).await;
    let waiting = gallery.id(&anna, "image/png", &png(1000)).await;
    let body = json!({ "title": "Sea", "image": image, "sketches": [] });
    let (_, painted) = gallery.paint(&anna, body).await;
    let id = painted["id"].as_str().unwrap();
    drop(s3);
    for bytes in [1000, 7 * 1024 * 1024] {
        let reply = gallery.upload(&anna, "image/png", &png(bytes)).await;
        assert!(reply.headers().contains_key("retry-after"), "{reply:?}");
        let (status, problem) = answer(reply).await;
        assert_eq!((status, &problem["code"]), (503, &json!("unavailable")));
    }
    let reply = gallery.fetch(painted["image"]["url"].as_str().unwrap()).await;
    assert_eq!(reply.status(), StatusCode::SERVICE_UNAVAILABLE);
    // Rows are written and read, with files that arrived before.
    let body = json!({ "title": "Later", "image": waiting, "sketches": [] });
    assert_eq!(gallery.paint(&anna, body).await.0, 201);
    assert_eq!(gallery.change(&anna, id, json!({ "image": null })).await.0, 200);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_micros()).unwrap();
    let files = gallery.server.as_ref().unwrap().files().unwrap();
    assert!(files.sweep(now).await.is_err(), "nothing can be removed now");
    // It is back: what was to be removed is.
    let Some(_s3) = S3::start(port).await else { return };
    assert_eq!(files.sweep(now).await, Ok(3));
    assert_eq!(files.sweep(now).await, Ok(0));
    assert_eq!(gallery.upload(&anna, "image/png", &png(1000)).await.status(), 201);
}
