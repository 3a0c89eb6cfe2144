use crate::firm::Scratch;

/// A scratch folder with the starter model in `library`.
fn library(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    assert_eq!(scratch.firm(&["new", "library"]).code, 0);
    scratch
}

#[test]
fn the_starter_is_sound_even_strictly() {
    let scratch = library("starter");
    let checked = scratch.firm(&["check", "library", "--strict"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(checked.stderr.starts_with("sound Library: 1 context, 3 entities"), "{checked:?}");
    assert!(checked.stdout.is_empty());
}

#[test]
fn a_design_is_written_kept_and_guarded() {
    let scratch = library("design");
    let first = scratch.firm(&["design", "library", "--json"]);
    assert_eq!(first.code, 0, "{first:?}");
    let document = first.json();
    let decisions = document["decisions"].as_array().unwrap();
    let style = decisions.iter().find(|decision| decision["id"] == "style.system").unwrap();
    for property in [
        "family",
        "subject",
        "choice",
        "parameters",
        "runnable",
        "drivers",
        "rejected",
        "source",
        "price",
        "overridden",
    ] {
        assert!(style.get(property).is_some(), "{property}: {style:#}");
    }
    let added = document["files"]["added"].as_array().unwrap();
    assert!(added.iter().any(|path| path == "sql/sqlite.sql"), "{added:?}");

    assert_eq!(scratch.firm(&["design", "library", "--check"]).code, 0);
    let ddl = scratch.read("library/design/sql/sqlite.sql");
    scratch.write("library/design/sql/sqlite.sql", "-- mine");
    assert_eq!(scratch.firm(&["design", "library", "--check"]).code, 1);
    let refused = scratch.firm(&["design", "library"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("error[edited-by-hand]"), "{}", refused.stderr);
    assert_eq!(scratch.read("library/design/sql/sqlite.sql"), "-- mine");
    assert_eq!(scratch.firm(&["design", "library", "--force"]).code, 0);
    assert_eq!(scratch.read("library/design/sql/sqlite.sql"), ddl);
}

/// The files that `firm design --check` names, each with the word before it.
fn named(scratch: &Scratch) -> (i32, Vec<String>) {
    let checked = scratch.firm(&["design", "library", "--check"]);
    let listed = checked.stderr.lines().filter_map(|line| line.split_once("  library/design/"));
    let listed = listed.map(|(word, path)| format!("{}: {path}", word.trim()));
    (checked.code, listed.collect())
}

#[test]
fn a_check_names_what_is_not_as_it_would_be_written() {
    let scratch = library("design-check");
    let (code, missing) = named(&scratch);
    assert_eq!(code, 1);
    assert!(missing.contains(&"missing: diagrams/context-map.mmd".to_owned()), "{missing:?}");
    assert!(!scratch.path().join("library/design").exists(), "a check writes nothing");

    assert_eq!(scratch.firm(&["design", "library"]).code, 0);
    assert_eq!(named(&scratch), (0, vec![]));

    let model = scratch.read("library/firmitas.yaml");
    scratch.write("library/firmitas.yaml", model.replace("name: Library", "name: Librarium"));
    let (code, stale) = named(&scratch);
    assert_eq!(code, 1);
    assert!(stale.contains(&"stale: diagrams/containers.mmd".to_owned()), "{stale:?}");
    // Files that are called like the system come and go with its name.
    let named_after = |line: &&String| line.contains("/librarium.") || line.contains("/library.");
    assert!(stale.iter().any(|line| named_after(&line)), "{stale:?}");
    let mut rest = stale.iter().filter(|line| !named_after(line));
    assert!(rest.all(|line| line.starts_with("stale: ")), "{stale:?}");
    scratch.write("library/firmitas.yaml", model);

    scratch.write("library/design/decisions.md", "mine");
    std::fs::remove_file(scratch.path().join("library/design/sql/sqlite.sql")).unwrap();
    let (code, both) = named(&scratch);
    assert_eq!((code, both.len()), (1, 2), "{both:?}");
    assert_eq!(both, ["missing: sql/sqlite.sql", "edited by hand: decisions.md"]);
    assert_eq!(scratch.read("library/design/decisions.md"), "mine");

    let json = scratch.firm(&["design", "library", "--check", "--json"]);
    assert_eq!((json.code, &json.json()["files"]["edited"][0]), (1, &"decisions.md".into()));
}

#[test]
fn a_check_wants_the_manifest_too() {
    let scratch = library("design-manifest");
    assert_eq!(scratch.firm(&["design", "library"]).code, 0);
    let manifest = scratch.path().join("library/design/manifest.json");
    std::fs::remove_file(&manifest).unwrap();
    assert_eq!(named(&scratch), (1, vec!["missing: manifest.json".to_owned()]));
    scratch.write("library/design/manifest.json", r#"{"version":1,"files":{}}"#);
    assert_eq!(named(&scratch), (1, vec!["stale: manifest.json".to_owned()]));
    assert_eq!(scratch.firm(&["design", "library"]).code, 0);
    assert_eq!(named(&scratch), (0, vec![]));
}

#[test]
fn a_broken_model_writes_no_design() {
    let scratch = library("design-broken");
    let model = scratch.read("library/firmitas.yaml").replace("book: Book ", "book: Boook ");
    scratch.write("library/firmitas.yaml", model);
    let refused = scratch.firm(&["design", "library", "--json"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(!scratch.path().join("library/design").exists());
    assert_eq!(refused.json()["files"], serde_json::Value::Null);
}

#[test]
fn a_decision_is_explained_with_its_reasons() {
    let scratch = library("explain");
    let one = scratch.firm(&["explain", "store.lending", "library"]);
    assert_eq!(one.code, 0, "{one:?}");
    for part in ["store.lending: postgresql", "because", "rather than", "source"] {
        assert!(one.stdout.contains(part), "{part}: {}", one.stdout);
    }
    let family = scratch.firm(&["explain", "store", "library", "--json"]).json();
    assert_eq!(family["decisions"][0]["id"], "store.lending");
    let unknown = scratch.firm(&["explain", "stor", "library"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("did you mean `store`?"), "{}", unknown.stderr);
    let folder_first = scratch.firm(&["explain", "library", "store.lending"]);
    assert_eq!(folder_first.stdout, one.stdout);
}

#[test]
fn explaining_nothing_lists_the_families_and_a_family_ends_with_what_would_turn_it() {
    let scratch = library("explain-all");
    for arguments in [&["explain", "library"][..], &["explain", "library/"]] {
        let all = scratch.firm(arguments);
        assert_eq!(all.code, 0, "{all:?}");
        assert!(all.stdout.contains("How many deployables are there?"), "{}", all.stdout);
        assert!(
            all.stdout.contains("burn-rate (") || all.stdout.contains("ticket ("),
            "{}",
            all.stdout
        );
    }
    let families = scratch.firm(&["explain", "library", "--json"]).json();
    let style = families["families"].as_array().unwrap();
    let style = style.iter().find(|of| of["family"] == "style").unwrap();
    assert_eq!(style["choices"], serde_json::json!({ "monolith": 1 }));

    let family = scratch.firm(&["explain", "slo", "library"]).stdout;
    let page = family.find("# slo").unwrap();
    let flips = family.find("flips  becomes").unwrap();
    assert!(page < flips, "{family}");
    assert!(family.contains("(now "), "{family}");
    let json = scratch.firm(&["explain", "slo", "library", "--json"]).json();
    let decisions = json["decisions"].as_array().unwrap();
    let flips: Vec<_> = decisions.iter().flat_map(|of| of["flips"].as_array().unwrap()).collect();
    assert!(!flips.is_empty());
    for flip in flips {
        for property in ["fact", "now", "at", "becomes", "when", "unit", "text"] {
            assert!(flip.get(property).is_some(), "{property}: {flip}");
        }
    }
}

#[test]
fn a_token_is_the_last_line() {
    let scratch = library("token");
    let token = scratch.firm(&["token", "library", "--actor", "librarian", "--ttl", "1h"]);
    assert_eq!(token.code, 0, "{token:?}");
    let last = token.stdout.lines().last().unwrap();
    assert_eq!(last.split('.').count(), 3, "{last}");
    assert!(scratch.path().join("library/.firm/identity.key").exists());
    let everyone = scratch.firm(&["token", "library", "--actor", "visitor"]);
    assert_eq!(everyone.code, 2);
    assert!(everyone.stderr.contains("error[no-token]"), "{}", everyone.stderr);
    let unknown = scratch.firm(&["token", "library", "--actor", "librarien"]);
    assert!(unknown.stderr.contains("did you mean `librarian`?"), "{}", unknown.stderr);
}

/// Where a field stands, and that others come and go, does not change its number: neither beside the
/// model nor in a folder elsewhere.
#[test]
fn numbers_of_protobuf_fields_stay() {
    let scratch = Scratch::new("numbers");
    let model = |fields: &str| {
        let text = "firmitas: 1\nsystem: { name: Notes }\nactors: { writer: { auth: user } }\n";
        let rest = "operations: { view: { get: Note, by: [writer] } }\n";
        let entities = format!("entities: {{ Note: {{ fields: {{ {fields} }} }} }}\n");
        scratch.write("notes/firmitas.yaml", format!("{text}{entities}{rest}"));
    };
    let line = |folder: &str| {
        let text = scratch.read(&format!("{folder}/proto/notes/v1/notes.proto"));
        text.lines().find(|line| line.contains(" title = ")).unwrap().trim().to_owned()
    };
    model("title: string, about: string");
    for out in ["notes/design", "elsewhere"] {
        assert_eq!(scratch.firm(&["design", "notes", "--out", out]).code, 0);
    }
    let before = line("notes/design");
    model("zebra: bool, title: string");
    assert_eq!(scratch.firm(&["design", "notes"]).code, 0);
    assert_eq!(scratch.firm(&["design", "notes", "--out", "elsewhere"]).code, 0);
    assert_eq!((line("notes/design"), line("elsewhere")), (before.clone(), before));
    let text = scratch.read("elsewhere/proto/notes/v1/notes.proto");
    assert!(text.contains("reserved \"about\";"), "{text}");
    assert_eq!(scratch.firm(&["design", "notes", "--check"]).code, 0);
}
