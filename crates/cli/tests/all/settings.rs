//! Settings from a file: below flags and the environment, above the defaults.

use serde_json::Value;

use crate::firm::Scratch;

fn library(name: &str, settings: &str) -> Scratch {
    let scratch = Scratch::new(name);
    assert_eq!(scratch.firm(&["new", "library"]).code, 0);
    scratch.write("library/firm.yaml", settings);
    scratch
}

/// Value and origin of a setting, as `--print-config` tells it.
fn printed(scratch: &Scratch, variables: &[(&str, &str)], arguments: &[&str]) -> Vec<Value> {
    let all = [&["up", "library", "--print-config", "--json"], arguments].concat();
    let mut command = scratch.command(&all);
    command.envs(variables.iter().copied());
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains("hunter2"), "{text}");
    let document: Value = serde_json::from_str(&text).unwrap();
    document["configuration"].as_array().unwrap().clone()
}

#[track_caller]
fn is(settings: &[Value], name: &str, value: &str, origin: &str) {
    let found = settings.iter().find(|setting| setting["name"] == name).unwrap();
    let found = (found["value"].as_str().unwrap(), found["origin"].as_str().unwrap());
    assert_eq!(found, (value, origin), "{name}");
}

#[test]
fn flags_come_before_the_environment_before_the_file_before_defaults() {
    let text = "# Of the staging machine.\nlisten: 127.0.0.1:9001\nlog: off\nlimit-body: 2MiB\n\
                graphql: on\ncors-credentials: true\ncors-origin: [https://a.example]\n\
                external: { pay: https://pay.example/v1 }\n";
    let scratch = library("settings-order", text);
    let variables = [("FIRM_LOG", "json"), ("FIRM_LIMIT_BODY", "3MiB")];
    let settings = printed(&scratch, &variables, &["--limit-body", "4MiB"]);
    is(&settings, "listen", "127.0.0.1:9001", "file library/firm.yaml:2");
    is(&settings, "log", "json", "environment FIRM_LOG");
    is(&settings, "limit-body", "4194304", "flag --limit-body");
    is(&settings, "graphql", "on", "file library/firm.yaml:5");
    is(&settings, "cors-credentials", "true", "file library/firm.yaml:6");
    is(&settings, "cors-origin", "https://a.example", "file library/firm.yaml:7");
    is(&settings, "external", "pay=https://pay.example/v1", "file library/firm.yaml:8");
    is(&settings, "drain-delay", "0s", "default");
    // Another file, which is named, takes its place.
    scratch.write("other.yaml", "listen: 127.0.0.1:9002\n");
    let settings = printed(&scratch, &[], &["--config", "other.yaml"]);
    is(&settings, "listen", "127.0.0.1:9002", "file other.yaml:1");
    is(&settings, "log", "json", "default");
    let settings = printed(&scratch, &[("FIRM_CONFIG", "other.yaml")], &[]);
    is(&settings, "listen", "127.0.0.1:9002", "file other.yaml:1");
}

#[test]
fn secrets_are_in_files_of_their_own() {
    let scratch = library("settings-secret", "store: file:secrets/store\n");
    scratch.write("library/secrets/store", "postgres://me:hunter2@db/shop\n");
    let settings = printed(&scratch, &[], &[]);
    is(&settings, "store", "postgres://me:***@db/shop", "file library/firm.yaml:1");
    for (text, id) in [
        ("store: postgres://me:hunter2@db/shop\n", "error[secret-in-settings]"),
        ("otlp-headers: key=hunter2\n", "error[secret-in-settings]"),
        ("store: file:secrets/none\n", "error[invalid-setting]"),
        ("listen: file:secrets/store\n", "error[invalid-setting]"),
    ] {
        scratch.write("library/firm.yaml", text);
        let refused = scratch.firm(&["up", "library", "--print-config"]);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.stderr.contains(id), "{text}: {}", refused.stderr);
        assert!(!refused.stderr.contains("hunter2"), "{refused:?}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_the_nearest_name() {
    let scratch = library("settings-wrong", "");
    for (text, wanted) in [
        ("lisen: 127.0.0.1:80\n", &["error[unknown-setting]", "firm.yaml:1:1", "listen"][..]),
        ("limit_body: 1MiB\n", &["error[unknown-setting]", "limit-body"]),
        ("watch: true\n", &["error[unknown-setting]"]),
        ("log: jsn\n", &["error[invalid-setting]", "firm.yaml:1:6", "json"]),
        ("listen: here\n", &["error[invalid-setting]", "0.0.0.0:80"]),
        ("listen: [a, b]\n", &["error[invalid-setting]", "a list"]),
        ("listen:\n", &["error[invalid-setting]"]),
        ("cors-credentials: maybe\n", &["error[invalid-setting]", "true"]),
        ("- listen\n", &["error[settings-not-a-map]"]),
        ("listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n", &["error[duplicate-key]"]),
    ] {
        scratch.write("library/firm.yaml", text);
        let refused = scratch.firm(&["up", "library", "--print-config"]);
        assert_eq!(refused.code, 2, "{text}: {refused:?}");
        for wanted in wanted {
            assert!(refused.stderr.contains(wanted), "{text}: {wanted}: {}", refused.stderr);
        }
    }
    let missing = scratch.firm(&["up", "library", "--config", "nowhere.yaml"]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("error[file-unusable]"), "{missing:?}");
}

#[test]
fn every_command_finds_the_data_where_the_server_keeps_it() {
    let scratch = library("settings-data", "data: kept\n");
    let token = scratch.firm(&["token", "library", "--actor", "librarian"]);
    assert_eq!(token.code, 0, "{token:?}");
    assert!(scratch.path().join("library/kept/identity.key").exists());
    let made = ["user", "create", "anna@example.com", "--administrator", "--model", "library"];
    let made = scratch.firm(&made);
    assert_eq!(made.code, 0, "{made:?}");
    assert!(!scratch.path().join("library/.firm").exists());
    let elsewhere = ["token", "library", "--actor", "librarian", "--data", "flag"];
    assert_eq!(scratch.firm(&elsewhere).code, 0);
    assert!(scratch.path().join("flag/identity.key").exists());
}
