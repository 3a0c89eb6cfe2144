//! Other people's judges: validators of the contracts, and Schemathesis against the running shop.
//! `cargo xtask test` installs them and says where they are.

use std::path::PathBuf;
use std::process::Command;

use super::server::{FIRM, Folder, example, token};
use super::shop::{Shop, order, product};

/// The program that a variable names; without it the judge is skipped, loudly.
fn judge(variable: &str) -> Option<PathBuf> {
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
    let mut files: Vec<PathBuf> = std::fs::read_dir(out.join("openapi"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
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
    for (model, count) in [("shop", 5), ("rides", 1)] {
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

#[test]
fn schemathesis_finds_no_violation() {
    let Some(schemathesis) = judge("FIRMITAS_TEST_SCHEMATHESIS") else { return };
    let (folder, files) = documents("shop");
    let shop = Shop::open("schemathesis");
    let tea =
        shop.merchandiser().post("/catalog/v1/products", &product("TEA", "4.50")).expect(201).id();
    let (alice, card) = shop.customer("alice");
    alice.post("/ordering/v1/orders", &order(&card, &[(&tea, 1)])).expect(201);
    let who = [
        ("merchandiser", "mary", ["catalog", "inventory"].as_slice()),
        ("customer", "alice", &["identity", "ordering", "payments"]),
        ("warehouse", "wim", &["inventory", "ordering"]),
    ];
    for (actor, subject, contexts) in who {
        let token = token(&example("shop"), &shop.data.0, actor, subject);
        let of = |file: &&PathBuf| {
            contexts.iter().any(|context| file.ends_with(format!("{context}.yaml")))
        };
        for file in files.iter().filter(of) {
            let mut command = Command::new(&schemathesis);
            command.arg("run").arg(file).args(["--url", &shop.server.url, "--seed", "7"]);
            command.args(["--max-examples", "8", "--no-color", "--checks", "all"]);
            // Random cursors and references match the schema, and are refused all the same.
            command.args(["--exclude-checks", "positive_data_acceptance"]);
            command.args(["--phases", "examples,coverage,fuzzing", "--suppress-health-check=all"]);
            command.arg("-H").arg(format!("Authorization: Bearer {token}"));
            passes(command.current_dir(&folder.0));
        }
    }
}
