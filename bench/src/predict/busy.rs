//! Processor time that everybody on this machine has used (`/proc`).

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::cores::Cores;
use crate::process::Server;

const TICKS: f64 = 100.0;

/// Core-seconds since their processes began.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Busy {
    pub server: f64,
    /// The database and its backends; nothing of an embedded one.
    pub database: f64,
    /// The load generator: this process.
    pub client: f64,
    /// Everything on the machine, others' work included.
    pub machine: f64,
}

impl Busy {
    pub fn now(server: &Server, database: Option<u32>) -> Result<Self> {
        let own = std::process::id();
        let all = processes()?;
        let family = |root: u32| {
            let of = |(id, (parent, _)): &(&u32, &(u32, f64))| **id == root || *parent == root;
            all.iter().filter(of).map(|(_, (_, seconds))| seconds).sum::<f64>()
        };
        Ok(Self {
            server: server.cpu_seconds()?,
            database: database.map_or(0.0, family),
            client: all.get(&own).map_or(0.0, |(_, seconds)| *seconds),
            machine: machine()?,
        })
    }

    /// With what was used besides.
    pub fn and(self, other: Self) -> Self {
        Self {
            server: self.server + other.server,
            database: self.database + other.database,
            client: self.client + other.client,
            machine: self.machine + other.machine,
        }
    }

    /// Of one request of so many.
    pub fn per(self, requests: f64) -> Self {
        let each = |seconds: f64| seconds / requests.max(1.0);
        Self {
            server: each(self.server),
            database: each(self.database),
            client: each(self.client),
            machine: each(self.machine),
        }
    }

    /// On the cores of the server, which clients share where they have none of their own.
    pub fn on(self, cores: &Cores) -> f64 {
        self.server + self.database + if cores.apart { 0.0 } else { self.client }
    }

    /// Share of the machine's time, `all` core-seconds, that others used.
    pub fn others(self, all: f64) -> f64 {
        (self.machine - self.server - self.database - self.client).max(0.0) / all
    }

    pub fn since(self, earlier: Self) -> Self {
        Self {
            server: self.server - earlier.server,
            database: self.database - earlier.database,
            client: self.client - earlier.client,
            machine: self.machine - earlier.machine,
        }
    }
}

/// How often threads of a process went to sleep by themselves since they began.
pub fn sleeps(process: u32) -> Result<u64> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task"))?;
    let of = |thread: std::io::Result<std::fs::DirEntry>| {
        let status = std::fs::read_to_string(thread.ok()?.path().join("status")).ok()?;
        let line = status.lines().find_map(|of| of.strip_prefix("voluntary_ctxt_switches:"))?;
        line.trim().parse::<u64>().ok()
    };
    Ok(threads.filter_map(of).sum())
}

/// The children of a process.
pub fn children(id: u32) -> Result<Vec<u32>> {
    let all = processes()?.into_iter();
    Ok(all.filter(|(_, (parent, _))| *parent == id).map(|(child, _)| child).collect())
}

/// The parent of a process.
pub fn parent(id: u32) -> Option<u32> {
    processes().ok()?.get(&id).map(|(parent, _)| *parent)
}

/// Every process with its parent and its seconds, those of children that have ended included.
fn processes() -> Result<BTreeMap<u32, (u32, f64)>> {
    let entries = std::fs::read_dir("/proc")?.filter_map(|entry| {
        let id: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<f64>().ok();
        let seconds = (11..15).map(number).sum::<Option<f64>>()? / TICKS;
        Some((id, (number(1)? as u32, seconds)))
    });
    Ok(entries.collect())
}

/// Busy time of all cores: everything but idle and waiting for disks.
fn machine() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().context("an empty /proc/stat")?;
    let fields = line.split_whitespace().skip(1).map(str::parse::<f64>);
    let fields = fields.collect::<std::result::Result<Vec<_>, _>>()?;
    let idle = fields.get(3).copied().unwrap_or(0.0) + fields.get(4).copied().unwrap_or(0.0);
    Ok((fields.iter().take(8).sum::<f64>() - idle) / TICKS)
}
