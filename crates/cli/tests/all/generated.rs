use cli::generated::Generated;

use crate::firm::Scratch;

fn write(
    scratch: &Scratch,
    files: &[(&str, &str)],
    force: bool,
) -> Result<cli::generated::Changes, cli::failure::Failure> {
    Generated::new(&scratch.path().join("design"), files.iter().copied())?.write(force)
}

#[test]
fn generated_files_follow_the_design() {
    let scratch = Scratch::new("generated");
    let first = write(&scratch, &[("a.md", "1"), ("sql/b.sql", "1")], false).unwrap();
    assert_eq!(first.added, ["a.md", "sql/b.sql"]);
    let again = write(&scratch, &[("a.md", "1"), ("sql/b.sql", "1")], false).unwrap();
    assert!(again.is_empty() && again.unchanged == 2, "{again:?}");
    let next = write(&scratch, &[("a.md", "2")], false).unwrap();
    assert_eq!((next.changed, next.removed), (vec!["a.md".into()], vec!["sql/b.sql".into()]));
    assert_eq!(scratch.read("design/a.md"), "2");
    assert!(!scratch.path().join("design/sql").exists());
}

#[test]
fn an_edited_file_is_kept_unless_forced() {
    let scratch = Scratch::new("edited");
    write(&scratch, &[("a.md", "1"), ("b.md", "1")], false).unwrap();
    scratch.write("design/a.md", "mine");
    let refused = write(&scratch, &[("a.md", "2"), ("b.md", "2")], false).unwrap_err();
    assert_eq!(refused.id, "edited-by-hand");
    assert_eq!(
        (scratch.read("design/a.md"), scratch.read("design/b.md")),
        ("mine".into(), "1".into())
    );
    // A file that is generated no longer is kept as well, if it was edited.
    assert_eq!(write(&scratch, &[("b.md", "1")], false).unwrap_err().id, "edited-by-hand");
    write(&scratch, &[("a.md", "2"), ("b.md", "2")], true).unwrap();
    assert_eq!(scratch.read("design/a.md"), "2");
}

#[test]
fn a_foreign_file_is_not_taken_over() {
    let scratch = Scratch::new("foreign");
    scratch.write("design/a.md", "somebody's");
    assert_eq!(write(&scratch, &[("a.md", "1")], false).unwrap_err().id, "edited-by-hand");
}

#[test]
fn a_forged_manifest_removes_nothing_outside() {
    let scratch = Scratch::new("forged");
    scratch.write("precious", "1");
    let hash = "sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
    scratch.write("design/manifest.json", format!(r#"{{"files":{{"../precious":"{hash}"}}}}"#));
    write(&scratch, &[("a.md", "1")], true).unwrap();
    assert_eq!(scratch.read("precious"), "1");
}
