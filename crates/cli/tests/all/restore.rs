//! Rows that are sown, saved, restored elsewhere, and there again: on either store.

use postgres::{Client, NoTls};

use crate::firm::Scratch;

/// Databases of their own, dropped with the test.
struct Databases {
    administrator: String,
    names: [String; 3],
}

impl Databases {
    /// Nothing where there is no server to try.
    fn new() -> Option<Self> {
        let Ok(administrator) = std::env::var("FIRMITAS_TEST_POSTGRES") else {
            eprintln!("SKIPPED: FIRMITAS_TEST_POSTGRES is not set (run `cargo xtask test`)");
            return None;
        };
        let names =
            ["first", "second", "third"].map(|of| format!("firm_{of}_{}", std::process::id()));
        let made = Self { administrator, names };
        for name in &made.names {
            made.client().batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        }
        Some(made)
    }

    fn client(&self) -> Client {
        Client::connect(&self.administrator, NoTls).unwrap()
    }

    fn url(&self, at: usize) -> String {
        let (server, _) = self.administrator.rsplit_once('/').unwrap();
        format!("{server}/{}", self.names[at])
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        for name in &self.names {
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            let _ = self.client().batch_execute(&drop);
        }
    }
}

/// Sows into the first store, saves it, restores it into the second, and compares by saving that.
fn there_and_back(scratch: &Scratch, first: &[&str], second: &[&str], empty: &str) {
    let firm = |command: &[&str], place: &[&str]| scratch.firm(&[command, place].concat());
    let sown = firm(&["seed", "library", "--rows", "60"], first);
    assert_eq!(sown.code, 0, "{sown:?}");
    let again = firm(&["seed", "library", "--rows", "60"], first);
    assert_eq!(again.code, 2, "sown twice: {again:?}");
    assert!(again.stderr.contains("there are rows of"), "{}", again.stderr);
    let saved = firm(&["backup", "library", "saved"], first);
    assert_eq!(saved.code, 0, "{saved:?}");
    let restored = firm(&["restore", "library", "saved"], second);
    assert_eq!(restored.code, 0, "{restored:?}");
    let twice = firm(&["restore", "library", "saved"], second);
    assert_eq!(twice.code, 2, "restored over rows: {twice:?}");
    let there = firm(&["seed", "library", "--rows", "60"], second);
    assert_eq!(there.code, 2, "nothing was restored: {there:?}");
    let whole = std::fs::read(scratch.path().join("saved")).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    let damaged = [&whole[..4096], &whole[..whole.len() - 1], &changed];
    for (at, bytes) in damaged.into_iter().enumerate() {
        scratch.write("broken", bytes);
        let place = if second[0] == "--data" { ["--data", "nowhere"] } else { [second[0], empty] };
        let broken = firm(&["restore", "library", "broken"], &place);
        assert_eq!(broken.code, 2, "{at}: {broken:?}");
    }
}

#[test]
fn what_is_saved_of_the_embedded_store_is_restored() {
    let scratch = Scratch::new("restore");
    assert_eq!(scratch.firm(&["new", "library"]).code, 0);
    there_and_back(&scratch, &["--data", "one"], &["--data", "two"], "");
}

#[test]
fn what_is_saved_of_a_database_is_restored() {
    let Some(databases) = Databases::new() else { return };
    let scratch = Scratch::new("restore-database");
    assert_eq!(scratch.firm(&["new", "library"]).code, 0);
    let (one, two) = (databases.url(0), databases.url(1));
    there_and_back(&scratch, &["--store", &one], &["--store", &two], &databases.url(2));
    let [before, after] = [&one, &two].map(|url| {
        let rows = "SELECT string_agg(format('%s.%s %s', n.nspname, c.relname, (xpath('//c/text()', \
                    query_to_xml(format('SELECT count(*) AS c FROM %I.%I', n.nspname, c.relname), \
                    false, true, '')))[1]), ', ' ORDER BY 1) FROM pg_class c \
                    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' \
                    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'firmitas')";
        let rows = rows.replace("ORDER BY 1", "ORDER BY n.nspname, c.relname");
        Client::connect(url, NoTls).unwrap().query_one(&rows, &[]).unwrap().get::<_, String>(0)
    });
    assert!(before.len() > 10);
    assert_eq!(before, after);
}
