use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::firm::Scratch;

/// A running `firm up --json`; killed when dropped.
struct Up {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Up {
    fn start(scratch: &Scratch, arguments: &[&str]) -> Self {
        let mut all = vec!["up", "library", "--json", "--log", "off", "--listen", "127.0.0.1:0"];
        all.extend(arguments);
        let mut command = scratch.command(&all);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next line, which says that the backend is ready.
    fn ready(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        assert_eq!(ready["event"], "ready");
        ready
    }

    /// Asks it to stop, as a service manager would, and waits.
    fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Status and body of a GET.
fn get(ready: &Value, path: &str) -> (u16, String) {
    request(ready, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
}

fn request(ready: &Value, text: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(ready["listen"].as_str().unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn library(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    assert_eq!(scratch.firm(&["new", "library"]).code, 0);
    scratch
}

#[test]
fn a_new_model_is_served_until_it_is_told_to_stop() {
    let scratch = library("up");
    let mut up = Up::start(&scratch, &[]);
    let ready = up.ready();
    assert_eq!(get(&ready, "/ready").0, 200);
    let locked = scratch.firm(&["seed", "library"]);
    assert_eq!(locked.code, 2, "{locked:?}");
    assert!(locked.stderr.contains("in use by another process"), "{}", locked.stderr);
    let saved = scratch.firm(&["backup", "library", "saved.db"]);
    assert_eq!(saved.code, 0, "{saved:?}");
    assert!(scratch.path().join("saved.db").metadata().unwrap().len() > 0);
    let again = scratch.firm(&["backup", "library", "saved.db"]);
    assert_eq!(again.code, 2, "an existing file was overwritten: {again:?}");
    assert_eq!(up.stop(), Some(0));
    assert_eq!(scratch.read("library/.firm/.gitignore"), "*\n");
}

#[test]
fn a_watched_model_is_served_anew_and_a_broken_one_is_not() {
    let scratch = library("watch");
    let mut up = Up::start(&scratch, &["--watch"]);
    let first = up.ready();
    let model = scratch.read("library/firmitas.yaml");
    scratch.write("library/firmitas.yaml", model.replace("rate:", "rait:"));
    std::thread::sleep(Duration::from_millis(900));
    assert_eq!(get(&first, "/ready").0, 200, "a broken model stopped what was running");
    scratch.write("library/firmitas.yaml", model.replace("name: Library", "name: Archive"));
    let second = up.ready();
    assert_eq!(first["listen"], second["listen"]);
    assert!(get(&second, "/").1.contains("\"Archive\""));
    assert_eq!(up.stop(), Some(0));
}

#[test]
fn a_taken_port_names_the_remedy() {
    let scratch = library("port");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = scratch.firm(&["up", "library", "--listen", &address]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("error[cannot-listen]"), "{}", refused.stderr);
    assert!(refused.stderr.contains("--listen 127.0.0.1:"), "{}", refused.stderr);
}

#[test]
fn settings_are_printed_with_their_origin_and_without_secrets() {
    let scratch = library("settings");
    let mut command = scratch.command(&["up", "library", "--print-config", "--json"]);
    command.env("FIRM_LISTEN", "127.0.0.1:9999").env("FIRM_EXTERNAL", "pay=http://me:secret@x/");
    let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let document: Value = serde_json::from_str(&output).unwrap();
    let setting = |name: &str| {
        let settings = document["configuration"].as_array().unwrap();
        settings.iter().find(|setting| setting["name"] == name).unwrap().clone()
    };
    assert_eq!(setting("listen")["value"], "127.0.0.1:9999");
    assert_eq!(setting("listen")["origin"], "environment FIRM_LISTEN");
    assert_eq!(setting("log")["origin"], "default");
    assert!(!output.contains("secret"), "{output}");
}

#[test]
fn what_this_version_cannot_do_is_refused() {
    let scratch = library("refused");
    let store = scratch.firm(&["up", "library", "--store", "mysql://me:secret@db/x"]);
    assert_eq!(store.code, 2);
    assert!(store.stderr.contains("error[store-not-built]"), "{}", store.stderr);
    assert!(!store.stderr.contains("secret"), "{}", store.stderr);
    let external = scratch.firm(&["up", "library", "--external", "nothing"]);
    assert!(external.stderr.contains("error[invalid-external]"), "{}", external.stderr);
    let model = scratch.read("library/firmitas.yaml");
    scratch.write(
        "library/firmitas.yaml",
        model.replace("      Book:\n", "      Book:\n        identity: [isbn]\n"),
    );
    let guard = scratch.firm(&["up", "library", "--json"]);
    assert_eq!(guard.code, 1, "{guard:?}");
    let found = guard.json()["diagnostics"].clone();
    let refused = |of: &Value| of["id"] == "guard-not-built" && of["severity"] == "error";
    assert!(found.as_array().unwrap().iter().any(refused), "{found}");
}

fn post(ready: &Value, path: &str, token: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Idempotency-Key: one\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    request(ready, &(head + body))
}

#[test]
fn what_was_written_with_a_token_is_there_after_a_restart() {
    let scratch = library("restart");
    let mut up = Up::start(&scratch, &[]);
    let ready = up.ready();
    let token = scratch.firm(&["token", "library", "--actor", "librarian"]).stdout;
    let book = r#"{"isbn":"9780000000001","title":"The Tower","author":"W. B."}"#;
    let made = post(&ready, "/lending/v1/books", token.trim(), book);
    assert_eq!(made.0, 201, "{}", made.1);
    assert_eq!(post(&ready, "/lending/v1/books", "forged", book).0, 401);
    assert_eq!(up.stop(), Some(0));

    let mut up = Up::start(&scratch, &[]);
    let ready = up.ready();
    let books = get(&ready, "/lending/v1/books?q=tower");
    assert!(books.1.contains("9780000000001"), "{}", books.1);
    assert_eq!(post(&ready, "/lending/v1/books", token.trim(), book).1, made.1, "not replayed");
}

#[test]
fn the_first_requests_are_printed_for_this_backend() {
    let scratch = library("welcome");
    let data = scratch.path().join("my data");
    let mut command =
        scratch.command(&["up", "library", "--log", "off", "--listen", "127.0.0.1:0"]);
    let mut child = command.arg("--data").arg(&data).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut told = Vec::new();
    for line in lines {
        told.push(line.unwrap());
        if told.last().unwrap().starts_with("  curl http") {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let told = told.join("\n");
    assert!(told.starts_with("Library  1 context, 3 entities"), "{told}");
    assert!(told.contains("\n  style          monolith"), "{told}");
    let token = format!(
        "TOKEN=$({} token library --data '{}' --actor librarian)",
        env!("CARGO_BIN_EXE_firm"),
        data.display()
    );
    assert!(told.contains(&token), "{told}");
    assert!(told.contains("/lending/v1/books -H 'Idempotency-Key: first'"), "{told}");
    assert!(!told.contains('\u{1b}'));
}

#[test]
fn a_model_that_does_not_fit_its_rows_is_refused_with_the_difference() {
    let scratch = library("incompatible");
    assert_eq!(scratch.firm(&["seed", "library", "--rows", "20"]).code, 0);
    let model = scratch.read("library/firmitas.yaml");
    let other = model.replace(
        "lent: int(0..1000) = 0 readonly",
        "lent: int(0..1000) = 0 readonly\n          shelf: string(1..9)?",
    );
    assert_ne!(model, other);
    scratch.write("library/firmitas.yaml", &other);
    assert_eq!(Up::start(&scratch, &[]).ready()["event"], "ready", "an additive change");
    scratch.write("library/firmitas.yaml", &model);
    assert_eq!(Up::start(&scratch, &[]).ready()["event"], "ready", "taken back");
    scratch.write("library/firmitas.yaml", other.replace("isbn: string(10..13)", "isbn: int"));
    let refused = scratch.firm(&["up", "library", "--json", "--listen", "0"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    let finding = &refused.json()["diagnostics"][0];
    assert_eq!(finding["id"], "incompatible-data");
    assert!(finding["notes"][0].as_str().unwrap().contains("isbn"), "{finding:#}");
}
