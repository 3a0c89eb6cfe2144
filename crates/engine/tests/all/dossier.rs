//! The dossier: whole, from disk alone, and usable in a real browser.
//!
//! Where `FIRMITAS_TEST_CHROMIUM` names a Chromium, `tests/dossier.js` walks the page in it, on a
//! desk and on a phone.

use std::{path::Path, process::Command};

use engine::Checked;
use serde_json::{Value, json};

use crate::{
    diagrams::{awkward, least},
    examples::example,
};

fn page(checked: &Checked) -> String {
    let mut all = checked.artifacts().into_iter();
    all.find(|artifact| artifact.path == "index.html").unwrap().contents
}

#[test]
fn every_decision_operation_entity_event_and_flow_is_in_it() {
    for name in ["shop", "rides"] {
        let checked = example(name);
        let page = page(&checked);
        let design = checked.design.unwrap();
        for verdict in &design.verdicts {
            let found = format!("data-find=\"{}\"", verdict.id().replace('>', "&gt;"));
            assert!(page.contains(&found), "{name}: {found}");
        }
        let model = &design.model;
        let operations = model.operations.iter().map(|of| &of.name);
        let names = operations.chain(model.entities.iter().map(|of| &of.name));
        let names = names.chain(model.flows.iter().map(|of| &of.name));
        for wanted in names {
            assert!(page.contains(&format!("data-find=\"{wanted}\"")), "{name}: {wanted}");
        }
    }
}

#[test]
fn it_needs_nothing_from_elsewhere() {
    for checked in [example("shop"), awkward(), least()] {
        let page = page(&checked);
        for outside in ["src=", "@import", "url(http", "<link", "fetch(", "//cdn"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}

#[test]
fn a_browser_walks_it() {
    let Some(chromium) = std::env::var_os("FIRMITAS_TEST_CHROMIUM") else {
        eprintln!("skipped: FIRMITAS_TEST_CHROMIUM names no browser");
        return;
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dossier");
    std::fs::create_dir_all(&folder).unwrap();
    let models = [("shop", example("shop"), "placeOrder"), ("rides", example("rides"), "quote")];
    for (name, checked, wanted) in models {
        let walk = concat!("<script>", include_str!("../dossier.js"), "</script></body>");
        let body = format!("<body data-wanted=\"{wanted}\">");
        let page = page(&checked).replace("<body>", &body).replace("</body>", walk);
        let file = folder.join(format!("{name}.html"));
        std::fs::write(&file, page).unwrap();
        for size in ["1280,900", "390,844"] {
            let saw = walked(Path::new(&chromium), &folder, &file, size);
            let nothing: [&str; 0] = [];
            let expected = json!({
                "wide": false,
                "search": [true, saw["search"][1], true],
                "map": [true, true],
                "zoom": [true, true],
                "theme": true,
                "dead": nothing,
                "outside": nothing,
            });
            assert_eq!(saw, expected, "{name} at {size}");
            let first = saw["search"][1].as_str().unwrap_or_default();
            assert!(first.contains(wanted), "{name}: searching {wanted} finds {first}");
        }
    }
}

/// What the walk saw in a window of that size.
fn walked(chromium: &Path, folder: &Path, file: &Path, size: &str) -> Value {
    let mut command = Command::new(chromium);
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--dump-dom",
        "--virtual-time-budget=5000",
    ]);
    command.arg(format!("--window-size={size}"));
    command.arg(format!("--user-data-dir={}", folder.join("profile").display()));
    command.arg(format!("file://{}", file.display()));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let saw = text.split_once("<pre id=\"saw\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    let (saw, _) = saw.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let saw = saw.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&");
    serde_json::from_str(&saw).unwrap()
}
