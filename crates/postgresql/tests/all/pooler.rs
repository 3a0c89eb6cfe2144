//! Behind a pooler that gives each transaction another connection: the real `pgbouncer`, where it
//! is installed.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use postgresql::{PostgreSqlStore, Settings};
use runtime::store::PageQuery;
use runtime::store::{Snapshot as _, Store as _, StoreError, Terms};

use crate::small::{self, CUSTOMER, ORDER};
use crate::store_support::{Folder, customer, design, insert, order, product, row};
use crate::stores::{administrator, database, made, outside};

/// A running pooler, ended when dropped.
struct Pooler {
    child: Child,
    port: u16,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pooler(folder: &Folder, server_port: u16) -> Option<Pooler> {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let file = folder.path().join("pgbouncer.ini");
    let users = folder.path().join("users.txt");
    std::fs::write(&users, "\"postgres\" \"\"\n").unwrap();
    let name = database(folder.path());
    let text = format!(
        "[databases]\n{name} = host=127.0.0.1 port={server_port}\n[pgbouncer]\n\
         listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = trust\n\
         auth_file = {}\npool_mode = transaction\ndefault_pool_size = 3\n",
        users.display()
    );
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new("pgbouncer");
    // It refuses to run as root.
    if std::fs::metadata("/proc/self").is_ok_and(|about| {
        use std::os::unix::fs::MetadataExt as _;
        about.uid() == 0
    }) {
        let open = |path: &std::path::Path| {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        [folder.path(), &file, &users].into_iter().for_each(open);
        command.args(["-u", "nobody"]);
    }
    command.arg("-q").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().ok()?;
    let pooler = Pooler { child, port };
    for _ in 0..100 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some(pooler);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("pgbouncer did not answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_works_behind_a_pooler_of_transactions() {
    let folder = Folder::new();
    let server: tokio_postgres::Config = administrator().parse().unwrap();
    let direct = outside(made(folder.path()));
    let Some(pooler) = pooler(&folder, server.get_ports()[0]) else {
        eprintln!("SKIPPED: pgbouncer is not installed");
        return;
    };
    let port = pooler.port;
    let name = database(folder.path());
    let store = outside(async move {
        let settings = Settings {
            url: format!("postgres://postgres@127.0.0.1:{port}/{name}?pooler=transaction"),
            admin: Some(direct),
            replicas: Vec::new(),
            connections: Some(8),
            keys: None,
        };
        PostgreSqlStore::open(&settings, design(small::shop())).await.unwrap()
    });
    let rows = vec![
        customer(1, "one@example.org"),
        product(2, "lamp", "Lamp", 1250),
        order(4, 1, 77, &[(2, 1), (2, 3)]),
    ];
    insert(&store, rows.clone()).await.unwrap();
    let store = std::sync::Arc::new(store);
    // More at once than the pooler has connections, over and over: nothing prepared is missed.
    let reads = (0..40).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let read: Result<_, StoreError> = store
                .read(Terms::SERVER, |session| {
                    Box::pin(async move {
                        let page = session.page(&PageQuery::new(CUSTOMER, 10)).await?;
                        Ok((page.rows.len(), session.row(ORDER, 4).await?))
                    })
                })
                .await;
            read.unwrap()
        })
    });
    for read in reads.collect::<Vec<_>>() {
        let (count, order) = read.await.unwrap();
        assert_eq!((count, order.as_deref()), (1, rows.last()));
    }
    assert!(row(&store, CUSTOMER, 1).await.is_some());
}
