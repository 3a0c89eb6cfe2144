//! The page of `firm simulate --html`: whole, from disk alone, and usable in a real browser.
//!
//! Where `FIRMITAS_TEST_CHROMIUM` names a Chromium, the pages are opened in it; where
//! `FIRMITAS_TEST_AXE` names a folder with npm's `axe-core`, that judges whether everybody can use
//! them.

use base64::Engine as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::developer_page::browser::Browser;
use crate::developer_page::everybody::Judge;
use crate::firm::{Finished, Scratch};

const SHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop");
const STORM: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/networks/retry-storm.yaml");

fn simulated(scratch: &Scratch, page: &str, more: &[&str]) -> Finished {
    let mut arguments = vec!["simulate", "--replications", "2", "--quiet", "--html", page];
    arguments.extend(more);
    let finished = scratch.firm(&arguments);
    assert_eq!(finished.stderr, "", "{finished:?}");
    assert_eq!(finished.code, 0, "{finished:?}");
    finished
}

/// One page of each kind.
fn pages(scratch: &Scratch) -> [&'static str; 5] {
    simulated(scratch, "steady.html", &[SHOP, "--duration", "3s"]);
    let fail = ["--fail", "cardProcessor=down@2s..4s", "--duration", "6s"];
    simulated(scratch, "fail.html", &[&[SHOP][..], &fail].concat());
    let set = ["--set", "browseProducts.rate=2400/s", "--duration", "3s"];
    simulated(scratch, "compare.html", &[&[SHOP][..], &set].concat());
    let surge = ["--surge", "3x@2s for 1s", "--stability", "--load", "0.05x"];
    simulated(scratch, "stability.html", &[&[SHOP][..], &surge].concat());
    simulated(scratch, "network.html", &["--network", STORM, "--duration", "20s"]);
    ["steady.html", "fail.html", "compare.html", "stability.html", "network.html"]
}

#[test]
fn pages_ask_nobody_and_are_the_same_once_more() {
    let scratch = Scratch::new("simulated-pages");
    for page in pages(&scratch) {
        let text = scratch.read(page);
        for outside in
            ["<script", "src=", "href=", "@import", "url(", " style=", " onload", " onclick"]
        {
            assert!(!text.contains(outside), "{page}: {outside}");
        }
        // The policy lets this style be, and no other.
        let (_, rest) = text.split_once("<style>").unwrap();
        let (style, _) = rest.split_once("</style>").unwrap();
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style));
        assert!(text.contains(&format!("'sha256-{hash}'")), "{page}: {hash}");
    }
    let first = scratch.read("steady.html");
    simulated(&scratch, "steady.html", &[SHOP, "--duration", "3s"]);
    assert_eq!(scratch.read("steady.html"), first);
    let first = first.replace(" --duration 3s", "");
    assert!(first.contains("<code>firm simulate --replications 2 --quiet "), "the command is told");
}

#[test]
fn a_page_replaces_its_like_and_nothing_else() {
    let scratch = Scratch::new("simulated-page-file");
    let asked = |page: &str| {
        scratch.firm(&["simulate", SHOP, "--duration", "8s", "--replications", "2", "--html", page])
    };
    scratch.write("mine.html", "<p>hours of work</p>");
    for (page, id) in [("mine.html", "not-ours"), (".", "not-ours"), ("no/page.html", "no-folder")]
    {
        let refused = asked(page);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.stderr.contains(id), "{refused:?}");
        // It is told before anything is simulated.
        assert_eq!(refused.stdout, "", "{refused:?}");
    }
    assert_eq!(scratch.read("mine.html"), "<p>hours of work</p>");
    let written = asked("page.html");
    assert_eq!(written.code, 0, "{written:?}");
    assert_eq!(written.stderr, "saved page.html\n");
    assert_eq!(asked("page.html").code, 0);
    let left = std::fs::read_dir(scratch.path()).unwrap().count();
    assert_eq!(left, 2, "nothing lies beside the page");
}

#[test]
fn whatever_a_model_is_called_stays_text() {
    let scratch = Scratch::new("simulated-page-escaped");
    let network = "title: '</title><script>alert(1)</script>'\n\
                   sources: { all: { rate: 1/s, to: desk } }\nstations: { desk: { service: 500ms } }\n";
    scratch.write("queue.yaml", network);
    simulated(&scratch, "queue.html", &["--network", "queue.yaml", "--duration", "100s"]);
    let page = scratch.read("queue.html");
    assert!(!page.contains("<script"), "{page}");
    assert!(page.contains("&lt;/title&gt;&lt;script&gt;alert(1)"), "{page}");
}

#[test]
fn a_browser_shows_them_on_a_desk_and_on_a_phone() {
    let Some(mut browser) = Browser::open() else { return };
    let judge = Judge::installed();
    let scratch = Scratch::new("simulated-page-browser");
    for page in pages(&scratch) {
        for (width, colours) in [(390, "light"), (1280, "dark")] {
            browser.resize(width, 800);
            let features = [json!({ "name": "prefers-color-scheme", "value": colours })];
            browser.call("Emulation.setEmulatedMedia", &json!({ "features": features }));
            browser.go(&format!("file://{}", scratch.path().join(page).display()));
            let there = format!(
                "location.pathname.endsWith('{page}') && document.readyState === 'complete'"
            );
            browser.until(&there);
            let paper =
                browser.see("getComputedStyle(document.querySelector('section')).backgroundColor");
            let wanted = if colours == "dark" { "rgb(21, 26, 33)" } else { "rgb(255, 255, 255)" };
            assert_eq!(paper, wanted, "{page}: the style is used");
            // What is drawn has a size, and lies within its chart.
            let outside = browser.see(
                "[...document.querySelectorAll('svg[viewBox]')].filter((svg) => \
                 svg.getBoundingClientRect().width > 0 && [...svg.querySelectorAll('path, circle')]\
                 .some((of) => /NaN|Infinity/.test(of.outerHTML))).length",
            );
            assert_eq!(outside, 0, "{page}: a chart has no place for a number");
            judge.page(&mut browser, &format!("{page} at {width}, {colours}"));
        }
    }
    let asked =
        browser.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
    let asked = asked.filter_map(|event| event["params"]["request"]["url"].as_str());
    let outside: Vec<&str> = asked.filter(|url| !url.starts_with("file:///")).collect();
    assert_eq!(outside, Vec::<&str>::new());
    let complaints = browser.events.iter().filter(|event| event["method"] == "Log.entryAdded");
    let complaints: Vec<_> =
        complaints.map(|event| event["params"]["entry"]["text"].clone()).collect();
    assert_eq!(complaints, Vec::<serde_json::Value>::new());
}
