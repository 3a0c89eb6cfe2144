//! What the tests of all contracts share: the models, and how other people's judges are asked.

use std::{collections::BTreeMap, path::Path, process::Command};

use engine::{Checked, check};

use crate::diagrams::awkward;
use crate::examples::example;

/// One of everything that a contract has to say.
pub fn everything() -> Checked {
    everything_with("")
}

/// The same with more text at the end.
pub fn everything_with(more: &str) -> Checked {
    let text = format!("{}{more}", include_str!("../models/everything.yaml"));
    let checked = check(&BTreeMap::from([("firmitas.yaml".to_owned(), text)]));
    assert!(checked.design.is_some(), "{:#?}", checked.diagnostics);
    checked
}

/// The models that every contract is tested with.
pub fn models() -> Vec<(String, Checked)> {
    let named = |name: &str, checked| (name.to_owned(), checked);
    vec![
        named("shop", example("shop")),
        named("rides", example("rides")),
        named("everything", everything()),
        named("awkward", awkward()),
    ]
}

/// Writes the artifacts that `wanted` takes, one folder a model, and has a script of `tests/` judge
/// them: `node SCRIPT NPM_FOLDER FILE...`. The npm folder is what `FIRMITAS_TEST_{TOOL}` names;
/// without it the judge is skipped, loudly.
pub fn judged(
    tool: &str,
    script: &str,
    models: impl IntoIterator<Item = (String, Checked)>,
    wanted: impl Fn(&str) -> bool,
) {
    let variable = format!("FIRMITAS_TEST_{tool}");
    let Ok(packages) = std::env::var(&variable) else {
        eprintln!("SKIPPED: {variable} is not set (run `cargo xtask test`)");
        return;
    };
    let folder = Scratch::new(&tool.to_lowercase());
    let mut files = Vec::new();
    for (name, checked) in models {
        for artifact in checked.artifacts().into_iter().filter(|of| wanted(&of.path)) {
            files.push(folder.write(&format!("{name}/{}", artifact.path), &artifact.contents));
        }
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script);
    passes(Command::new("node").arg(script).arg(packages).args(&files));
    assert!(files.len() >= 4, "{files:?}");
}

/// Runs a command that must succeed.
pub fn passes(command: &mut Command) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&text));
}

/// A folder that is gone after the test.
pub struct Scratch(pub std::path::PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("firmitas-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes a file, with the folders above it.
    pub fn write(&self, path: &str, text: &str) -> std::path::PathBuf {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}
