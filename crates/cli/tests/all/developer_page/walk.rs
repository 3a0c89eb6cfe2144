//! A developer finds an operation, tries it as an actor, and sees what comes of it.

use serde_json::{Value, json};

use super::browser::Browser;
use super::everybody::Judge;
use crate::acceptance::server::{Folder, Server, example};

/// The shop, and a browser that has opened its page.
fn opened(name: &str) -> Option<(Folder, Server, Browser)> {
    let mut browser = Browser::open()?;
    let data = Folder::new(name);
    let server = Server::start(&example("shop"), &data.0);
    browser.resize(1280, 900);
    browser.go(&server.page);
    browser.until("document.querySelector('#title')");
    Some((data, server, browser))
}

/// Sends what is in the form, and says how it ended.
#[track_caller]
fn sent(browser: &mut Browser) -> u64 {
    browser.see("document.querySelector('#answer')?.replaceChildren()");
    browser.click("#send");
    browser.until("document.querySelector('#answer-status')");
    let status = browser.see("document.querySelector('#answer-status').textContent");
    status.as_str().unwrap().split(' ').next().unwrap().parse().unwrap()
}

/// The header of the answer that is shown.
fn header(browser: &mut Browser, name: &str) -> Value {
    browser.see(&format!(
        "[...document.querySelectorAll('.answer tr')].find((row) => \
         row.cells[0].textContent === '{name}')?.cells[1].textContent"
    ))
}

fn body(browser: &mut Browser) -> Value {
    let text = browser.see("document.querySelector('#answer-body').textContent");
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

fn show(browser: &mut Browser, hash: &str) {
    browser.see(&format!("void (location.hash = '{hash}')"));
    browser.until(&format!("document.querySelector('#main').dataset.shown === '{hash}'"));
}

#[test]
fn a_developer_creates_and_reads_a_product_as_a_merchandiser() {
    let Some((_data, server, mut browser)) = opened("page-walk") else { return };
    assert_eq!(browser.see("location.hash"), "#/", "the key stays in the address");

    // Found by the keyboard alone.
    browser.press("k", 2);
    browser.insert("addprod");
    browser.until("document.querySelector('#found [aria-selected=true]')");
    browser.press("Enter", 0);
    browser.until("document.querySelector('#main').dataset.shown === '#/catalog/addProduct'");
    let text = browser.see("document.querySelector('#main').innerText");
    for wanted in ["merchandiser", "Idempotency-Key", "sku-taken", "Limit of merchandiser"] {
        assert!(text.as_str().unwrap().contains(wanted), "{wanted}: {text}");
    }

    assert_eq!(sent(&mut browser), 401, "nobody may add products");
    browser.click("[data-act=merchandiser]");
    browser.until("document.querySelector('#who').textContent.includes('merchandiser')");
    assert_eq!(sent(&mut browser), 201);
    let made = body(&mut browser);
    assert_eq!(header(&mut browser, "etag"), "\"1\"");
    for name in ["ratelimit", "x-correlation-id", "location"] {
        let shown = header(&mut browser, name);
        assert!(name == "ratelimit" || shown.is_string(), "{name}: {shown}");
    }

    let other = repeats_and_refusals(&mut browser, &made);
    reads_and_changes(&mut browser, other);
    pages_follow_each_other(&mut browser);
    assert_eq!(browser.wrongs(), Vec::<String>::new());
    assert_eq!(browser.asked_elsewhere(&server.url), Vec::<String>::new());
}

/// The idempotency key stays until something else is meant. Another product with the same number.
fn repeats_and_refusals(browser: &mut Browser, made: &Value) -> Value {
    let key = browser.see("document.querySelector('#in-header-Idempotency-Key').value");
    assert_eq!(sent(browser), 201);
    assert_eq!(header(browser, "idempotency-replayed"), "true");
    let mut other = made.clone();
    for own in ["id", "created_at", "updated_at", "version"] {
        other.as_object_mut().unwrap().remove(own);
    }
    browser.write("#body", &other.to_string());
    assert_ne!(browser.see("document.querySelector('#in-header-Idempotency-Key').value"), key);
    assert_eq!(sent(browser), 409);
    let problem = browser.see("document.querySelector('.problem').textContent");
    assert!(problem.as_str().unwrap().contains("sku-taken"), "{problem}");
    browser.write("#body", &json!({ "sku": 7 }).to_string());
    assert_eq!(sent(browser), 422);
    let problem = browser.see("document.querySelector('.problem').textContent");
    assert!(problem.as_str().unwrap().contains("/sku"), "{problem}");
    let curl = browser.see("document.querySelector('#curl').textContent");
    assert!(curl.as_str().unwrap().contains("-X POST"), "{curl}");
    other
}

/// Read back, and changed with the version that was seen.
fn reads_and_changes(browser: &mut Browser, mut other: Value) {
    other["sku"] = "another".into();
    browser.write("#body", &other.to_string());
    assert_eq!(sent(browser), 201);
    browser.click("#read");
    browser.until("document.querySelector('#main').dataset.shown === '#/catalog/viewProduct'");
    assert_eq!(sent(browser), 200);
    assert_eq!(body(browser)["sku"], "another");
    show(browser, "#/catalog/editProduct");
    browser.write("#body", &json!({ "name": "Renamed" }).to_string());
    assert_eq!(sent(browser), 200);
    assert_eq!(body(browser)["name"], "Renamed");
}

fn pages_follow_each_other(browser: &mut Browser) {
    show(browser, "#/catalog/browseProducts");
    browser.write("#in-query-limit", "1");
    assert_eq!(sent(browser), 200);
    let first = body(browser)["items"][0]["id"].clone();
    browser.click("#next");
    browser.until(
        "document.querySelector('#answer-body') && !document.querySelector('#send').disabled",
    );
    let second = body(browser)["items"][0]["id"].clone();
    assert!(second.is_string() && second != first, "{first} {second}");
}

#[test]
fn the_keyboard_leads_everywhere() {
    let Some((_data, _server, mut browser)) = opened("page-keyboard") else { return };
    let focused = |browser: &mut Browser| {
        let told = browser.see("document.activeElement.id || document.activeElement.textContent");
        told.as_str().unwrap().to_owned()
    };
    let mut order = Vec::new();
    for _ in 0..4 {
        browser.press("Tab", 0);
        order.push(focused(&mut browser));
    }
    assert_eq!(order, ["skip", "brand", "search", "who"]);
    browser.press("Enter", 0);
    browser.until("document.querySelector('#actor').open");
    browser.press("Escape", 0);
    browser.until("!document.querySelector('#actor').open");
    assert_eq!(focused(&mut browser), "who", "the focus is back where it was");
    for _ in 0..3 {
        browser.press("Tab", 8);
    }
    browser.press("Enter", 0);
    assert_eq!(focused(&mut browser), "main");
    show(&mut browser, "#/catalog/browseProducts");
    assert_eq!(focused(&mut browser), "title", "who goes on hears where they are");
    for _ in 0..60 {
        if focused(&mut browser) == "send" {
            break;
        }
        browser.press("Tab", 0);
    }
    browser.press("Enter", 0);
    browser.until("document.querySelector('#answer-status')?.textContent.startsWith('200')");
}

#[test]
fn it_fits_a_phone_and_everybody_can_use_it() {
    let Some((_data, _server, mut browser)) = opened("page-narrow") else { return };
    let judge = Judge::installed();
    let places = [
        "#/",
        "#/actors",
        "#/problems",
        "#/catalog",
        "#/catalog/addProduct",
        "#/ordering/placeOrder",
        "#/ordering/entity/Order",
    ];
    for (width, colours) in [(360, "light"), (1280, "dark")] {
        browser.resize(width, 800);
        let features = [json!({ "name": "prefers-color-scheme", "value": colours })];
        browser.call("Emulation.setEmulatedMedia", &json!({ "features": features }));
        for place in places {
            show(&mut browser, place);
            judge.page(&mut browser, &format!("{place} at {width}, {colours}"));
        }
    }
}
