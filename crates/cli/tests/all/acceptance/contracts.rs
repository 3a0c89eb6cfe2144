//! Other people's judges: validators of the contracts. `cargo xtask test` installs them and says where they are.

use std::path::PathBuf;
use std::process::Command;

use super::server::{FIRM, Folder, example};

/// The program that a variable names; without it the judge is skipped, loudly.
pub fn judge(variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from);
    if found.is_none() {
        eprintln!("SKIPPED: {variable} is not set (run `cargo xtask test`)");
    }
    found
}

fn documents(model: &str) -> (Folder, Vec<PathBuf>) {
    let folder = Folder::new("contracts");
    let out = folder.0.join("design");
    let status = Command::new(FIRM)
        .arg("design")
        .arg(example(model))
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    let inside = |folder: PathBuf| {
        std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path())
    };
    let mut files: Vec<PathBuf> = inside(out.join("openapi"))
        .chain(inside(out.join("openapi/shared")))
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    (folder, files)
}

fn passes(command: &mut Command) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&text));
}

#[test]
fn openapi_is_accepted_by_redocly() {
    let Some(redocly) = judge("FIRMITAS_TEST_REDOCLY") else { return };
    for (model, count) in [("shop", 6), ("rides", 1)] {
        let (folder, files) = documents(model);
        assert_eq!(files.len(), count, "{model}");
        let mut command = Command::new(&redocly);
        command.args(["lint", "--extends=recommended"]).args(&files).current_dir(&folder.0);
        command.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
        passes(&mut command);
    }
}

#[test]
fn openapi_is_accepted_by_openapi_spec_validator() {
    let Some(validator) = judge("FIRMITAS_TEST_OPENAPI_SPEC_VALIDATOR") else { return };
    for model in ["shop", "rides"] {
        let (_folder, files) = documents(model);
        passes(Command::new(&validator).args(&files));
    }
}
