//! A browser without a window, told what to do through a pipe (Chrome `DevTools` protocol).

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::acceptance::server::Folder;

const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page; killed when dropped.
pub struct Browser {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    session: Option<String>,
    next: u64,
    /// What the browser said by itself.
    pub events: Vec<Value>,
    _profile: Folder,
}

impl Browser {
    /// Starts the browser that the environment names, if it does.
    pub fn open() -> Option<Self> {
        let Some(program) = std::env::var_os("FIRMITAS_TEST_CHROMIUM") else {
            eprintln!("skipped: FIRMITAS_TEST_CHROMIUM names no browser");
            return None;
        };
        let profile = Folder::new("browser");
        // The browser reads and writes the file descriptors 3 and 4.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>&2"])
            .arg(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update"])
            .args(["--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.0.display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while output.read_until(0, &mut message).is_ok_and(|read| read > 0) {
                message.pop();
                let Ok(value) = serde_json::from_slice(&message) else { return };
                if sender.send(value).is_err() {
                    return;
                }
                message.clear();
            }
        });
        let mut browser = Self {
            child,
            input,
            messages,
            session: None,
            next: 0,
            events: Vec::new(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", &attach);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        Some(browser)
    }

    /// Asks for something, and waits for the answer.
    pub fn call(&mut self, method: &str, parameters: &Value) -> Value {
        let mut answer = self.ask(method, parameters);
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].take()
    }

    /// The answer to something, be it that it went wrong.
    fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.input.write_all(&bytes).unwrap();
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let answer = self.messages.recv_timeout(left);
            let answer = answer.unwrap_or_else(|error| panic!("{method}: {error}"));
            if answer["id"] == id {
                return answer;
            }
            self.events.push(answer);
        }
    }

    /// Opens an address.
    pub fn go(&mut self, url: &str) {
        self.call("Page.navigate", &json!({ "url": url }));
    }

    /// The size of the window, in pixels.
    pub fn resize(&mut self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", &size);
    }

    /// What an expression is in the page.
    #[track_caller]
    pub fn see(&mut self, expression: &str) -> Value {
        let asked =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let end = Instant::now() + PATIENCE;
        loop {
            let mut answer = self.ask("Runtime.evaluate", &asked);
            let error = answer["error"]["message"].as_str().unwrap_or_default();
            // The page was left while it was asked: the next one is.
            if error.contains("navigated") && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            }
            assert!(answer["error"].is_null(), "{expression}: {answer}");
            let mut told = answer["result"].take();
            assert!(told["exceptionDetails"].is_null(), "{expression}: {told}");
            return told["result"]["value"].take();
        }
    }

    /// Waits until an expression is true in the page.
    #[track_caller]
    pub fn until(&mut self, expression: &str) {
        let end = Instant::now() + PATIENCE;
        // While a page is being left, there is nothing to ask.
        let tried = format!(
            "(() => {{ try {{ return Boolean({expression}); }} catch {{ return false; }} }})()"
        );
        while self.see(&tried) != true {
            let text = self.see("document.body?.innerText");
            assert!(Instant::now() < end, "never {expression}: {text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Clicks on the first element that a selector finds, once it is there.
    #[track_caller]
    pub fn click(&mut self, selector: &str) {
        let selector = json!(selector);
        self.until(&format!("document.querySelector({selector})"));
        self.see(&format!("document.querySelector({selector}).click()"));
    }

    /// Writes into a field as if it was typed.
    #[track_caller]
    pub fn write(&mut self, selector: &str, text: &str) {
        let (selector, text) = (json!(selector), json!(text));
        self.until(&format!("document.querySelector({selector})"));
        self.see(&format!(
            "(() => {{ const field = document.querySelector({selector}); field.value = {text}; \
             field.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()"
        ));
    }

    /// Types text where the focus is.
    pub fn insert(&mut self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// Presses a key, with modifiers as the protocol counts them (2 is Ctrl, 8 is Shift).
    pub fn press(&mut self, key: &str, modifiers: u8) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            "ArrowDown" => 40,
            letter => u32::from(letter.bytes().next().unwrap().to_ascii_uppercase()),
        };
        let mut event = json!({
            "type": "keyDown", "key": key, "code": key,
            "windowsVirtualKeyCode": code, "modifiers": modifiers,
        });
        if key == "Enter" {
            event["text"] = "\r".into();
        }
        self.call("Input.dispatchKeyEvent", &event);
        event["type"] = "keyUp".into();
        self.call("Input.dispatchKeyEvent", &event);
    }

    /// What went wrong in the page: exceptions, errors on its console, what its policy forbade.
    /// Answers that refuse are no errors.
    pub fn wrongs(&self) -> Vec<String> {
        let wrong = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => event["params"]["type"] == "error",
            Some("Log.entryAdded") => {
                let entry = &event["params"]["entry"];
                entry["level"] == "error" && entry["source"] != "network"
            }
            _ => false,
        };
        self.events.iter().filter(wrong).map(Value::to_string).collect()
    }

    /// Addresses that were asked and do not begin like this.
    pub fn asked_elsewhere(&self, own: &str) -> Vec<String> {
        let requests = self.events.iter().filter(|of| of["method"] == "Network.requestWillBeSent");
        let urls = requests.filter_map(|of| of["params"]["request"]["url"].as_str());
        urls.filter(|url| !url.starts_with(own)).map(str::to_owned).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
