use cli::folder::{Folder, ReadError};

use crate::firm::Scratch;

fn model(name: &str) -> (Scratch, Folder) {
    let scratch = Scratch::new(name);
    scratch.write("model/firmitas.yaml", "firmitas: 1\n");
    scratch.write("secret.yaml", "outside\n");
    let folder = Folder::open(&scratch.path().join("model")).unwrap();
    (scratch, folder)
}

#[test]
fn includes_are_found_inside_the_folder_in_a_stable_order() {
    let (scratch, folder) = model("includes");
    for path in ["b.yaml", "a.yaml", "deep/c.yaml", ".hidden.yaml", "note.txt"] {
        scratch.write(&format!("model/contexts/{path}"), "");
    }
    assert_eq!(folder.matching("contexts/*.yaml"), ["contexts/a.yaml", "contexts/b.yaml"]);
    assert_eq!(folder.matching("contexts/deep/*.yaml"), ["contexts/deep/c.yaml"]);
    assert!(folder.matching("nothing/*.yaml").is_empty());
}

#[test]
fn nothing_outside_the_folder_is_read() {
    let (scratch, folder) = model("outside");
    for path in ["../secret.yaml", "/etc/passwd", "a/../../secret.yaml"] {
        assert!(matches!(folder.read(path), Err(ReadError::Outside)), "{path}");
    }
    #[cfg(unix)]
    {
        let link = scratch.path().join("model/link.yaml");
        std::os::unix::fs::symlink(scratch.path().join("secret.yaml"), link).unwrap();
        let folders = scratch.path().join("model/loop");
        std::os::unix::fs::symlink(scratch.path(), folders).unwrap();
        assert_eq!(folder.matching("*.yaml"), ["firmitas.yaml", "link.yaml"]);
        assert!(matches!(folder.read("link.yaml"), Err(ReadError::Outside)));
        assert!(matches!(folder.read("loop/secret.yaml"), Err(ReadError::Outside)));
        assert!(folder.matching("*/secret.yaml").is_empty());
    }
}

#[test]
fn files_that_are_no_text_or_too_large_are_refused() {
    let (scratch, folder) = model("bytes");
    scratch.write("model/latin1.yaml", b"name: M\xfcller\n");
    assert!(matches!(folder.read("latin1.yaml"), Err(ReadError::NotUtf8(7))));
    scratch.write("model/large.yaml", vec![b' '; (4 << 20) + 1]);
    assert!(matches!(folder.read("large.yaml"), Err(ReadError::TooLarge)));
    assert!(matches!(folder.read("none.yaml"), Err(ReadError::NotFound)));
    assert!(matches!(folder.read("."), Err(ReadError::NotFound)));
}

#[test]
fn a_folder_without_a_model_says_where_there_is_one() {
    let (scratch, _) = model("nearby");
    let failure = Folder::open(scratch.path()).unwrap_err();
    assert_eq!(failure.id, "model-not-found");
    assert!(failure.help.unwrap().ends_with("/model`?"));
    let failure = Folder::open(&scratch.path().join("nowhere")).unwrap_err();
    assert_eq!(failure.id, "model-not-found");
    let file = scratch.path().join("model/firmitas.yaml");
    assert!(Folder::open(&file).unwrap().shown().ends_with("/model"));
}
