//! Contents that are fetched: whole, in part, smaller, and by whom.

use hmac::{Hmac, Mac as _};
use reqwest::{Method, StatusCode};
use serde_json::json;
use sha2::Sha256;

use crate::files_support::{Gallery, png};

async fn shown(gallery: &Gallery, media_type: &str, content: &[u8]) -> String {
    let anna = gallery.token("painter", "anna");
    let id = gallery.id(&anna, media_type, content).await;
    let body = json!({ "title": "Sea", "image": id, "sketches": [] });
    let (status, painted) = gallery.paint(&anna, body).await;
    assert_eq!(status, 201, "{painted}");
    painted["image"]["url"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_a_content_are_sent() {
    let gallery = Gallery::start().await;
    let content = png(200_000);
    let url = shown(&gallery, "image/png", &content).await;
    let get = |range: &'static str| gallery.asked(Method::GET, &url, "").header("range", range);
    for (range, start, end) in [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=65535-65536", 65_535, 65_537),
        ("bytes=199999-", 199_999, 200_000),
        ("bytes=100000-900000", 100_000, 200_000),
        ("bytes=-5", 199_995, 200_000),
        ("bytes=-900000", 0, 200_000),
    ] {
        let reply = get(range).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::PARTIAL_CONTENT, "{range}");
        let said = reply.headers()["content-range"].to_str().unwrap();
        assert_eq!(said, format!("bytes {start}-{}/200000", end - 1));
        assert_eq!(reply.bytes().await.unwrap(), content[start..end], "{range}");
    }
    for range in ["bytes=0-1,5-6", "bytes=9-1", "lines=1-2", "bytes=x"] {
        let reply = get(range).send().await.unwrap();
        assert_eq!((reply.status(), reply.bytes().await.unwrap().len()), (StatusCode::OK, 200_000));
    }
    for range in ["bytes=200000-", "bytes=-0", "bytes=99999999999999999999-"] {
        let reply = get(range).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::RANGE_NOT_SATISFIABLE, "{range}");
        assert_eq!(reply.headers()["content-range"], "bytes */200000");
    }
    // A part of the same content alone.
    let tag = get("bytes=0-0").send().await.unwrap().headers()["etag"].clone();
    let same = get("bytes=1-2").header("if-range", tag.clone()).send().await.unwrap();
    assert_eq!(same.status(), StatusCode::PARTIAL_CONTENT);
    for other in ["\"other\"", "Sat, 21 Nov 2026 00:00:00 GMT"] {
        let reply = get("bytes=1-2").header("if-range", other).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::OK, "{other}");
    }
    let known = gallery.asked(Method::GET, &url, "").header("if-none-match", tag);
    assert_eq!(known.send().await.unwrap().status(), StatusCode::NOT_MODIFIED);
    let head = gallery.asked(Method::HEAD, &url, "").header("range", "bytes=0-1");
    let head = head.send().await.unwrap();
    assert_eq!(
        (head.status(), head.headers()["content-length"].as_bytes()),
        (StatusCode::OK, b"200000".as_slice())
    );
    assert_eq!(head.headers()["accept-ranges"], "bytes");
    let saved = gallery.fetch(&format!("{url}&download")).await;
    assert_eq!(saved.headers()["content-disposition"], "attachment");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_content_is_one() {
    let gallery = Gallery::start().await;
    let url = shown(&gallery, "application/octet-stream", b"").await;
    let reply = gallery.fetch(&url).await;
    assert_eq!((reply.status(), reply.bytes().await.unwrap().len()), (StatusCode::OK, 0));
    let part = gallery.asked(Method::GET, &url, "").header("range", "bytes=0-");
    assert_eq!(part.send().await.unwrap().status(), StatusCode::RANGE_NOT_SATISFIABLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_were_not_signed_here_or_are_too_old_admit_to_nothing() {
    let gallery = Gallery::start().await;
    let url = shown(&gallery, "image/png", &png(500)).await;
    let other = shown(&gallery, "image/png", &png(600)).await;
    let (path, query) = url.split_once('?').unwrap();
    let (other_path, _) = other.split_once('?').unwrap();
    let expires = query.split('&').next().unwrap().strip_prefix("expires=").unwrap();
    let later: u64 = expires.parse::<u64>().unwrap() + 1;
    let signature = query.rsplit_once('=').unwrap().1;
    let flipped =
        format!("{}{}", if signature.starts_with('A') { "B" } else { "A" }, &signature[1..]);
    for (wrong, status) in [
        (path.to_owned(), 403),
        (format!("{other_path}?{query}"), 403),
        (format!("{path}?expires={later}&signature={signature}"), 403),
        (format!("{path}?expires={expires}&signature={flipped}"), 403),
        (format!("{path}?expires={expires}"), 403),
        (format!("{path}?expires={expires}&signature="), 403),
        (format!("{path}?expires=-1&signature={signature}"), 403),
        (format!("{url}&expires={later}"), 400),
        (format!("{url}&x=1"), 400),
        (format!("{url}&thumbnail=65"), 400),
        (format!("{url}&thumbnail=99999"), 400),
        (format!("/files/x?{query}"), 404),
    ] {
        let reply = gallery.fetch(&wrong).await;
        assert_eq!(reply.status().as_u16(), status, "{wrong}");
        assert!(!reply.headers().contains_key("etag"), "{wrong}");
    }
    // Signed with the right key, but over.
    let key = runtime::identity::Issuer::open(&gallery.folder, gallery.design.model.clone());
    let signer = files::Signer::new(key.unwrap().derived(b"files"), files::LIFE, "");
    let id: String = path.rsplit('/').next().unwrap().replace('-', "");
    let old = signer.address(&id, 1_700_000_000);
    assert_eq!(gallery.fetch(&old).await.status(), StatusCode::FORBIDDEN);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(gallery.fetch(&signer.address(&id, now.as_secs())).await.status(), StatusCode::OK);
    // A signature of nothing, by nobody's key.
    let mut mac = Hmac::<Sha256>::new_from_slice(&[0; 64]).unwrap();
    mac.update(format!("{id} {expires}").as_bytes());
    let forged: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    let forged = format!("{path}?expires={expires}&signature={forged}");
    assert_eq!(gallery.fetch(&forged).await.status(), StatusCode::FORBIDDEN);
}

fn picture(width: u32, height: u32) -> Vec<u8> {
    let pixel = |x: u32, y: u32| image::Rgb([(x % 256) as u8, (y % 256) as u8, 90]);
    let picture = image::DynamicImage::from(image::RgbImage::from_fn(width, height, pixel));
    let mut out = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

/// A PNG of a few bytes that says it has a million megapixels.
fn bomb() -> Vec<u8> {
    let mut png = picture(4, 4);
    png[16..24].copy_from_slice(&[0, 0x0F, 0xFF, 0xFF, 0, 0x0F, 0xFF, 0xFF]);
    // The sum over the chunk has to be right, or it would be refused for that.
    let mut sum = 0xFFFF_FFFF_u32;
    for byte in &png[12..29] {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 };
        }
    }
    png[29..33].copy_from_slice(&(!sum).to_be_bytes());
    png
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_made_smaller_when_they_are_asked_for() {
    let gallery = Gallery::start().await;
    let url = shown(&gallery, "image/png", &picture(800, 400)).await;
    let before = gallery.contents();
    for (query, width, height) in [
        ("&thumbnail=128", 128, 64),
        ("&thumbnail=64&fit=cover", 64, 64),
        ("&thumbnail=1024", 800, 400),
    ] {
        let mut tags = Vec::new();
        for _ in 0..2 {
            let reply = gallery.fetch(&format!("{url}{query}")).await;
            assert_eq!(reply.status(), StatusCode::OK, "{query}");
            assert_eq!(reply.headers()["content-type"], "image/jpeg");
            tags.push(reply.headers()["etag"].clone());
            let image = image::load_from_memory(&reply.bytes().await.unwrap()).unwrap();
            assert_eq!((image.width(), image.height()), (width, height), "{query}");
        }
        assert_eq!(tags[0], tags[1]);
    }
    assert_eq!(gallery.contents(), before + 3, "made once, then kept");
    for (media_type, content) in
        [("text/plain", b"words".to_vec()), ("image/png", png(5000)), ("image/png", bomb())]
    {
        let url = shown(&gallery, media_type, &content).await;
        let reply = gallery.fetch(&format!("{url}&thumbnail=64")).await;
        assert_eq!(reply.status(), StatusCode::UNPROCESSABLE_ENTITY, "{media_type}");
    }
    // They go with the content.
    let list = gallery.asked(Method::GET, "/gallery/v1/pictures", "").send().await.unwrap();
    let list: serde_json::Value = list.json().await.unwrap();
    let anna = gallery.token("painter", "anna");
    for row in list["items"].as_array().unwrap() {
        assert_eq!(row["title"], "Sea");
    }
    for url in list["items"].as_array().unwrap().iter().map(|row| row["image"]["url"].clone()) {
        assert!(url.as_str().unwrap().starts_with("/files/"));
    }
    let pictures = gallery.ids().await;
    for id in pictures {
        assert_eq!(gallery.burn(&anna, &id).await, 204);
    }
    assert_eq!((gallery.sweep().await, gallery.contents()), (4, 0));
}
