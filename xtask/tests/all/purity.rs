//! Invariant 2: everything above `runtime` is pure. Clippy bans the functions; this test sees that
//! the bans are there, are not lifted, and that no driver sneaks in as a dependency.

use crate::repository::{dependencies, read, rust_files, table};

const IMPURE: [&str; 12] = [
    "tokio",
    "axum",
    "hyper",
    "reqwest",
    "rusqlite",
    "postgres",
    "tokio-postgres",
    "rand",
    "uuid",
    "tracing",
    "metrics",
    "notify",
];

fn pure_crates() -> Vec<String> {
    let names: Vec<String> = table().into_iter().map(|(name, _)| name).collect();
    let end = names.iter().position(|name| name == "runtime").unwrap();
    names[..end].to_vec()
}

#[test]
fn pure_crates_have_no_impure_dependency() {
    let dependencies = dependencies();
    for name in pure_crates() {
        let found: Vec<&str> =
            IMPURE.into_iter().filter(|impure| dependencies[&name].contains(*impure)).collect();
        assert!(found.is_empty(), "{name} is pure, but depends on {found:?}");
    }
}

#[test]
fn pure_crates_lift_no_ban() {
    let pure: Vec<String> =
        pure_crates().iter().map(|name| format!("crates/{name}/src/")).collect();
    for file in rust_files().iter().filter(|file| pure.iter().any(|p| file.starts_with(p))) {
        let lifted = read(file).contains("clippy::disallowed");
        assert!(!lifted, "{file} lifts a ban of clippy.toml");
    }
}

#[test]
fn the_bans_are_in_force() {
    let bans = read("clippy.toml");
    for banned in ["SystemTime::now", "HashMap", "std::env::var", "std::fs::read", "std::println"] {
        assert!(bans.contains(banned), "clippy.toml does not ban {banned}");
    }
    let manifest = read("Cargo.toml");
    for lint in ["disallowed_methods", "disallowed_types", "disallowed_macros", "unwrap_used"] {
        assert!(manifest.contains(&format!("{lint} = \"deny\"")), "{lint} is not denied");
    }
    for (name, _) in table() {
        let manifest = read(&format!("crates/{name}/Cargo.toml"));
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} does not take the lints");
    }
}
