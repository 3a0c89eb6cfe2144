//! A small disk that can be filled.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::acceptance::server::Folder;

/// A file system of its own in memory; gone when dropped.
pub struct Disk {
    folder: Folder,
}

impl Disk {
    /// One of this size, for example `64m`; `None`, loudly, where nothing may be mounted.
    pub fn new(name: &str, size: &str) -> Option<Self> {
        let folder = Folder::new(name);
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(&folder.0);
        if mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            return Some(Self { folder });
        }
        eprintln!("SKIPPED: a small disk cannot be mounted here");
        None
    }

    pub fn path(&self) -> PathBuf {
        self.folder.0.clone()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Leaves no byte.
    pub fn fill(&self) {
        let mut filler = File::options().create(true).append(true).open(self.filler()).unwrap();
        for size in [64 * 1024, 512, 1] {
            while filler.write_all(&vec![0; size]).is_ok() {}
        }
    }

    /// Makes room again.
    pub fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder.0).status();
    }
}
