//! `docs/guide.md`, `docs/http.md` and `docs/simulation.md`, step by step: the commands in one shell, the model edited as the page says,
//! and what the page shows compared with what happens.
//!
//! A string `…` stands for anything, and so does the rest of an object with a key `…`. Comments
//! of the page say where a snippet goes: `insert after: LINE`, `replace: LINE`, `stop`.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    time::Duration,
};

use serde_json::Value;

use crate::{
    firm::Scratch,
    page::{Block, blocks, read},
};

/// Where the page says the server is.
const ADDRESS: &str = "127.0.0.1:8080";
const MODEL: &str = "library/firmitas.yaml";
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn the_guide_works_as_written() {
    let blocks = blocks(&read("docs/guide.md"));
    assert!(blocks.len() > 30, "only {} blocks", blocks.len());
    let reader = follow("guide", &blocks);
    assert_eq!(reader.servers, 2, "the guide starts the server twice");
}

#[test]
fn what_is_served_is_served() {
    let blocks = blocks(&read("docs/http.md"));
    assert!(blocks.len() >= 8, "only {} blocks", blocks.len());
    follow("http", &blocks);
}

#[test]
fn networks_are_simulated_as_shown() {
    let blocks = blocks(&read("docs/simulation.md"));
    assert!(blocks.len() >= 4, "only {} blocks", blocks.len());
    follow("simulation", &blocks);
}

fn follow(name: &str, blocks: &[Block]) -> Reader {
    let mut reader = Reader::new(name);
    for block in blocks {
        reader.step(block);
    }
    reader
}

/// Somebody who does what the page says.
struct Reader {
    scratch: Scratch,
    shell: Shell,
    server: Option<Server>,
    servers: u32,
    /// What the last step printed.
    output: String,
    /// The model as edited and not saved yet.
    unsaved: Option<String>,
}

impl Reader {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
        std::os::unix::fs::symlink(examples, scratch.path().join("examples")).unwrap();
        let shell = Shell::new(&scratch);
        Self { scratch, shell, server: None, servers: 0, output: String::new(), unsaved: None }
    }

    fn step(&mut self, block: &Block) {
        if block.comment.as_deref() == Some("stop") {
            drop(self.server.take().expect("nothing to stop"));
        }
        if block.info != "yaml" {
            self.save();
        }
        match block.info.as_str() {
            "sh" => {
                let address = self.server.as_ref().map_or(ADDRESS, |server| &server.address);
                let commands = block.text.replace(ADDRESS, address);
                self.output = self.shell.run(&commands, block.line);
            }
            "sh server" => {
                assert!(self.server.is_none(), "line {}: there is a server", block.line);
                let server = Server::start(&self.scratch, block.text.trim());
                self.output = server.told.clone();
                self.server = Some(server);
                self.servers += 1;
            }
            "yaml" => self.edit(block),
            "text" => text_matches(block, &self.shown()),
            "json" => {
                let last = self.output.trim().lines().last().unwrap_or_default();
                // Answers of several commands stand side by side: the last one is shown.
                let last = serde_json::Deserializer::from_str(last).into_iter::<Value>().last();
                let found = last.and_then(Result::ok).unwrap_or_else(|| panic!("{}", self.output));
                let expected: Value = serde_json::from_str(&block.text).unwrap();
                assert!(json_matches(&expected, &found), "line {}: {found:#}", block.line);
            }
            // What externals are asked; `operations_externals` of the runtime tries it.
            "http" => {}
            // A file of settings: the tests of the server read such ones.
            "js" => {}
            // What needs files or machines that are not here.
            "console" => {}
            other => panic!("line {}: a block of `{other}`", block.line),
        }
    }

    fn edit(&mut self, block: &Block) {
        let comment = block.comment.as_deref().unwrap_or_default();
        let (keep, line) = match comment.split_once(": ") {
            Some(("insert after", line)) => (true, line),
            Some(("replace", line)) => (false, line),
            _ => panic!("line {}: where does this go?", block.line),
        };
        let model = self.unsaved.take().unwrap_or_else(|| self.scratch.read(MODEL));
        let place = format!("\n{line}");
        let at: Vec<usize> = model.match_indices(&place).map(|(at, _)| at).collect();
        let whole = |at: &usize| model[at + place.len()..].starts_with(['\n', ' ']);
        let at: Vec<usize> = at.into_iter().filter(|at| whole(at)).collect();
        let [at] = at[..] else { panic!("line {}: `{line}` is at {at:?}", block.line) };
        let end = at + place.len() + model[at + place.len()..].find('\n').unwrap();
        let (before, after) = (&model[..if keep { end } else { at }], &model[end..]);
        self.unsaved = Some(format!("{before}\n{}{after}", block.text.trim_end()));
    }

    /// As editors save: the whole file at once.
    fn save(&mut self) {
        let Some(model) = self.unsaved.take() else { return };
        self.scratch.write("saved", model);
        std::fs::rename(self.scratch.path().join("saved"), self.scratch.path().join(MODEL))
            .unwrap();
        if let Some(server) = &mut self.server {
            self.output = server.changed();
        }
    }

    fn shown(&self) -> String {
        match &self.server {
            Some(server) => self.output.replace(&server.address, ADDRESS),
            None => self.output.clone(),
        }
    }
}

/// Whether lines are there in this order; `…` alone skips any number of them.
fn text_matches(block: &Block, found: &str) {
    let mut left: Vec<&str> = found.trim_end().lines().rev().collect();
    let mut skip = false;
    for line in block.text.lines() {
        if line == "…" {
            skip = true;
            continue;
        }
        let fits = loop {
            match left.pop() {
                Some(next) if line_matches(line, next) => break true,
                Some(_) if skip => {}
                _ => break false,
            }
        };
        assert!(fits, "line {}: `{line}` is not in\n{found}", block.line);
        skip = false;
    }
    assert!(skip || left.is_empty(), "line {}: more than shown:\n{found}", block.line);
}

/// Pieces between `…` come in order; the first begins the line, and the last ends it.
fn line_matches(pattern: &str, line: &str) -> bool {
    let mut rest = line;
    let mut pieces = pattern.split('…').peekable();
    let mut first = true;
    while let Some(piece) = pieces.next() {
        let at = match pieces.peek() {
            None if first => return rest == piece,
            None => return rest.ends_with(piece),
            Some(_) if first => rest.starts_with(piece).then_some(0),
            Some(_) => rest.find(piece),
        };
        let Some(at) = at else { return false };
        rest = &rest[at + piece.len()..];
        first = false;
    }
    true
}

fn json_matches(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::String(any), _) if any == "…" => true,
        (Value::Object(expected), Value::Object(found)) => {
            let open = expected.contains_key("…");
            let known = expected.iter().filter(|(key, _)| *key != "…");
            known.clone().all(|(key, value)| found.get(key).is_some_and(|f| json_matches(value, f)))
                && (open || known.count() == found.len())
        }
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len()
                && expected.iter().zip(found).all(|(expected, found)| json_matches(expected, found))
        }
        _ => expected == found,
    }
}

/// One shell for the whole page, so that variables stay.
struct Shell {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    count: u32,
}

impl Shell {
    fn new(scratch: &Scratch) -> Self {
        let firm = std::path::Path::new(env!("CARGO_BIN_EXE_firm")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut child = Command::new("sh")
            .current_dir(scratch.path())
            .env("PATH", format!("{}:{path}", firm.display()))
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        // Everything in one stream, in order.
        input.write_all(b"exec 2>&1\nset -e\n").unwrap();
        let (sender, lines) = channel();
        forward(child.stdout.take().unwrap(), sender);
        Self { child, input, lines, count: 0 }
    }

    /// Runs commands, which must succeed; what they printed.
    fn run(&mut self, commands: &str, line: usize) -> String {
        self.count += 1;
        let mark = format!("--- done {}", self.count);
        let script = format!("{commands}\necho; echo '{mark}'\n");
        self.input.write_all(script.as_bytes()).unwrap();
        let mut output = String::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(next) if next == mark => return output,
                Ok(next) => output += &format!("{next}\n"),
                Err(error) => panic!("line {line}: {error}\n{output}"),
            }
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `firm up` in its own terminal.
struct Server {
    child: Child,
    lines: Receiver<String>,
    /// Where it listens.
    address: String,
    /// What it said until it was ready.
    told: String,
}

impl Server {
    fn start(scratch: &Scratch, command: &str) -> Self {
        let words: Vec<&str> = command.split(' ').collect();
        let ["firm", arguments @ ..] = &words[..] else { panic!("{command}") };
        let mut command = scratch.command(arguments);
        command.env("FIRM_LISTEN", "127.0.0.1:0").env("FIRM_LOG", "off").stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        forward(child.stderr.take().unwrap(), sender);
        let mut server = Self { child, lines, address: String::new(), told: String::new() };
        let told = server.changed();
        let (_, after) = told.split_once("listening on http://").unwrap();
        server.address = after.split_whitespace().next().unwrap().to_owned();
        server.told = told;
        server
    }

    /// What it says until it serves (again).
    fn changed(&mut self) -> String {
        let mut told = String::new();
        let mut quiet = PATIENCE;
        loop {
            match self.lines.recv_timeout(quiet) {
                Ok(line) => {
                    if line.starts_with("listening on ") {
                        // A few requests to try follow at once.
                        quiet = Duration::from_millis(300);
                    }
                    told += &format!("{line}\n");
                }
                Err(RecvTimeoutError::Timeout) if quiet < PATIENCE => return told,
                Err(error) => panic!("{error}\n{told}"),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-INT", &pid]).status();
        let _ = self.child.wait();
    }
}

/// Hands lines over as they come.
fn forward(stream: impl std::io::Read + Send + 'static, lines: Sender<String>) {
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            if lines.send(text).is_err() {
                // Nobody listens; the program must not block on a full pipe all the same.
                let _ = stream.read_to_end(&mut line);
                return;
            }
        }
    });
}
