use crate::firm::Scratch;

const UNTIDY: &str = "firmitas: 1\nsystem: {name: Test}   \ninclude: ['more/*.yaml']\n";

#[test]
fn all_files_of_a_model_are_formatted_once() {
    let scratch = Scratch::new("fmt");
    scratch.write("firmitas.yaml", UNTIDY);
    scratch.write("more/a.yaml", "actors:\n    visitor:  { auth: none } # everyone\n");

    let asked = scratch.firm(&["fmt", "--check"]);
    assert_eq!(asked.code, 1, "{asked:?}");
    assert!(asked.stdout.contains("would change more/a.yaml"), "{asked:?}");
    assert_eq!(scratch.read("firmitas.yaml"), UNTIDY);

    assert_eq!(scratch.firm(&["fmt"]).code, 0);
    let text = "firmitas: 1\nsystem: { name: Test }\ninclude: [more/*.yaml]\n";
    assert_eq!(scratch.read("firmitas.yaml"), text);
    assert_eq!(scratch.read("more/a.yaml"), "actors:\n  visitor: { auth: none } # everyone\n");

    let again = scratch.firm(&["fmt", "--check", ".", "more/a.yaml"]);
    assert_eq!((again.code, again.stdout.as_str()), (0, ""), "{again:?}");
}

#[test]
fn a_file_with_errors_is_left_alone() {
    let scratch = Scratch::new("fmt-broken");
    let text = "firmitas:   1\nsystem: { nam: Test }\n";
    scratch.write("firmitas.yaml", text);
    let refused = scratch.firm(&["fmt", "--json"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert_eq!(refused.json()["diagnostics"][0]["id"], "missing-key");
    assert_eq!(scratch.read("firmitas.yaml"), text);
}

#[test]
fn a_new_model_is_in_the_common_layout_and_the_schema_is_json() {
    let scratch = Scratch::new("fmt-new");
    assert_eq!(scratch.firm(&["new", "library"]).code, 0);
    let fmt = scratch.firm(&["fmt", "--check", "library"]);
    assert_eq!(fmt.code, 0, "{fmt:?}");
    let schema = scratch.firm(&["schema"]);
    assert_eq!(schema.json()["$schema"], "https://json-schema.org/draft/2020-12/schema");
}
