use crate::firm::Scratch;

#[test]
fn a_new_model_is_named_like_its_folder_and_never_overwrites() {
    let scratch = Scratch::new("new");
    let made = scratch.firm(&["new", "city-library"]);
    assert_eq!(made.code, 0, "{made:?}");
    assert!(scratch.read("city-library/firmitas.yaml").contains("\n  name: City Library\n"));
    assert_eq!(scratch.read("city-library/.gitignore"), ".firm/\n");

    scratch.write("city-library/firmitas.yaml", "mine");
    let again = scratch.firm(&["new", "city-library", "--json"]);
    assert_eq!(again.code, 2);
    assert_eq!(again.json()["diagnostics"][0]["id"], "already-there");
    assert_eq!(scratch.read("city-library/firmitas.yaml"), "mine");
}

#[test]
fn a_name_without_a_letter_is_refused() {
    let scratch = Scratch::new("new-name");
    let refused = scratch.firm(&["new", "1"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("error[invalid-name]"), "{}", refused.stderr);
    assert!(!scratch.path().join("1").exists());
}
