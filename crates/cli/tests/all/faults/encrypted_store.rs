//! The way to PostgreSQL is encrypted, and whoever is not the host that was named is refused.

use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};

use super::backend::Backend;
use super::cluster::{Cluster, own};
use crate::acceptance::client::Client;
use crate::acceptance::server::{FIRM, Folder, example};

/// An authority, with its certificate in a file.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(folder: &Path, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let file = folder.join(format!("{name}.pem"));
        std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
        Self { issuer: Issuer::new(params, key), file }
    }

    /// Puts a certificate for `localhost` where the server reads it.
    fn certify(&self, folder: &Path, until: i32) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        for (name, text) in [("server.pem", certificate.pem()), ("key.pem", key.serialize_pem())] {
            let file = folder.join(name);
            std::fs::write(&file, text).unwrap();
            // PostgreSQL takes no key that others can read.
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(&file, mode).unwrap();
            own(&file);
        }
    }
}

/// Takes new certificates.
fn reload(cluster: &Cluster) {
    let mut sql = cluster.sql();
    sql.batch_execute("SELECT pg_reload_conf()").unwrap();
}

/// What `firm up` says against a database.
fn refused(folder: &Folder, url: &str) -> String {
    let output = Command::new(FIRM)
        .arg("up")
        .arg(example("shop"))
        .args(["--listen", "127.0.0.1:0", "--store", url, "--data"])
        .arg(folder.0.join("data"))
        .output()
        .unwrap();
    assert!(!output.status.success(), "it was started on {url}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_database_is_who_it_says_or_nothing_is_told_to_it() {
    let folder = Folder::new("encrypted-store");
    let (known, other) = (Authority::new(&folder.0, "known"), Authority::new(&folder.0, "other"));
    known.certify(&folder.0, 2200);
    let file = |name: &str| folder.0.join(name).display().to_string();
    let settings = [
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", file("server.pem")),
        format!("ssl_key_file={}", file("key.pem")),
    ];
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let Some(cluster) = Cluster::start("encrypted", &settings) else { return };
    let port = cluster.host().rsplit_once(':').unwrap().1.to_owned();
    let url = |host: &str, authority: &Authority| {
        let file = authority.file.display();
        format!(
            "postgres://postgres:secret@{host}:{port}/postgres?sslmode=verify-full&sslrootcert={file}"
        )
    };
    let backend = Backend::new("encrypted").store(&url("localhost", &known)).started();
    Client::new(&backend.url, None).get("/ready").expect(200);
    let plain = "SELECT count(*) FILTER (WHERE NOT ssl), count(*) FROM pg_stat_ssl \
                 JOIN pg_stat_activity USING (pid) WHERE application_name = 'firmitas'";
    let row = cluster.sql().query_one(plain, &[]).unwrap();
    assert_eq!(row.get::<_, i64>(0), 0, "a connection is not encrypted");
    assert!(row.get::<_, i64>(1) > 0, "there is no connection");
    drop(backend);
    let wrong = |url: &str, why: &str| {
        let said = refused(&folder, url);
        assert!(said.contains(why) && !said.contains("secret"), "{url}: {said}");
    };
    wrong(&url("127.0.0.1", &known), "is for another host than the address names");
    wrong(&url("localhost", &other), "is of an authority that is not trusted");
    let public = format!("postgres://postgres@localhost:{port}/postgres?sslmode=verify-full");
    wrong(&public, "is of an authority that is not trusted");
    known.certify(&folder.0, 2002);
    reload(&cluster);
    wrong(&url("localhost", &known), "has expired");
    let Some(bare) = Cluster::start("bare", &[]) else { return };
    let port = bare.host().rsplit_once(':').unwrap().1.to_owned();
    let file = known.file.display();
    let to_bare = format!(
        "postgres://postgres@localhost:{port}/postgres?sslmode=verify-full&sslrootcert={file}"
    );
    wrong(&to_bare, "server does not support TLS");
}
