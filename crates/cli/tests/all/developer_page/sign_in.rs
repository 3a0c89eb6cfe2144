//! Somebody signs in with a browser, sets a second factor up, and everybody could.

use std::process::Command;

use serde_json::json;

use super::browser::Browser;
use super::everybody::Judge;
use crate::acceptance::server::{Folder, Server, example};

const LOGIN: &str = "ada@example.com";
const PASSWORD: &str = "a quiet afternoon in may";

/// What an app computes from the key on the page (RFC 6238), by the browser's own cryptography.
const CODE: &str = "(async () => {
  const text = document.querySelector('code').textContent.replaceAll(' ', '');
  const bits = [...text].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c)
    .toString(2).padStart(5, '0')).join('');
  const bytes = Uint8Array.from(bits.match(/.{8}/g), (byte) => parseInt(byte, 2));
  const algorithm = { name: 'HMAC', hash: 'SHA-1' };
  const key = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign']);
  const step = new DataView(new ArrayBuffer(8));
  step.setBigUint64(0, BigInt(Math.floor(Date.now() / 30000)));
  const mac = new DataView(await crypto.subtle.sign('HMAC', key, step.buffer));
  const number = mac.getUint32(mac.getUint8(19) & 15) & 0x7fffffff;
  return String(number % 1000000).padStart(6, '0');
})()";

#[track_caller]
fn titled(browser: &mut Browser, title: &str) {
    let title = json!(title);
    browser.until(&format!("document.querySelector('h1')?.textContent === {title}"));
}

#[test]
fn a_second_factor_is_set_up_and_asked_for_without_script() {
    let Some(mut browser) = Browser::open() else { return };
    let judge = Judge::installed();
    let data = Folder::new("page-second-factor");
    let server = Server::start(&example("shop"), &data.0);
    let password = data.0.join("password");
    std::fs::write(&password, PASSWORD).unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_firm"))
        .args(["user", "create", LOGIN, "--model"])
        .arg(example("shop"))
        .arg("--data")
        .arg(&data.0)
        .arg("--password-file")
        .arg(&password)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    browser.resize(360, 800);
    browser.go(&format!("{}/auth/sign-in?next=/health", server.url));
    let sign_in = |browser: &mut Browser| {
        browser.write("#login", LOGIN);
        browser.write("#password", PASSWORD);
        browser.until("document.querySelector('#password')");
        judge.page(browser, "the sign-in");
        browser.click("button");
    };
    sign_in(&mut browser);
    titled(&mut browser, "Set up a second factor");
    browser.until("location.pathname === '/auth/second-factor'");
    judge.page(&mut browser, "the offer");
    browser.click("button");
    browser.until("document.querySelector('svg[role=img]')");
    judge.page(&mut browser, "the key");
    let code = browser.see(CODE);
    browser.write("input[name=code]", code.as_str().unwrap());
    browser.click("button");
    titled(&mut browser, "Recovery codes");
    judge.page(&mut browser, "the recovery codes");
    let recovery = browser.see("document.querySelector('li').textContent");
    browser.click("a");
    browser.until("location.pathname === '/health'");
    browser.go(&format!("{}/auth/second-factor", server.url));
    titled(&mut browser, "Your second factor");
    judge.page(&mut browser, "the look after it");
    browser.go(&format!("{}/auth/sign-in?next=/health", server.url));
    titled(&mut browser, "Sign in to Shop");
    sign_in(&mut browser);
    titled(&mut browser, "Enter your code");
    browser.write("input[name=code]", "000000");
    browser.click("button");
    browser.until("document.querySelector('[role=alert]')");
    judge.page(&mut browser, "the code that was wrong");
    browser.write("input[name=code]", recovery.as_str().unwrap());
    browser.click("button");
    browser.until("location.pathname === '/health'");
}
