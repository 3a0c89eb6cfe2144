//! The access log: one JSON line for each request.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use crate::call::Identity;
use crate::json::{write_string, write_timestamp};

use super::trace::TraceContext;

/// Where the lines go, if anywhere. Cheap to clone.
#[derive(Clone, Default)]
pub enum AccessLog {
    /// Nowhere.
    #[default]
    Off,
    /// To standard error.
    Stderr,
    /// To a function, each line without its end.
    Lines(Arc<dyn Fn(&str) + Send + Sync>),
}

impl std::fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Off => "Off",
            Self::Stderr => "Stderr",
            Self::Lines(_) => "Lines",
        })
    }
}

/// What is known about a request when it is answered. It names the route, never the address that
/// was asked: ids and searches may be personal data.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Microseconds since the Unix epoch.
    pub time: i64,
    /// The trace.
    pub trace: TraceContext,
    /// The `X-Correlation-ID` that the client sent.
    pub correlation: Option<&'a str>,
    /// Qualified name of the operation, if one was found.
    pub operation: Option<&'a str>,
    /// Method.
    pub method: &'a str,
    /// The route's template, for example `/ordering/v1/orders/{id}`.
    pub route: Option<&'a str>,
    /// Status.
    pub status: u16,
    /// Code of the problem, if it is one.
    pub code: Option<&'a str>,
    /// Until the answer was ready.
    pub duration: Duration,
    /// Who asked.
    pub identity: Option<&'a Identity>,
    /// For which tenant, once that is known.
    pub tenant: Option<u128>,
    /// Bytes of the answer's body.
    pub bytes: usize,
}

impl AccessLog {
    /// Whether there is any point in making entries.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Writes a line. One that cannot be written is lost: a full disk must not stop the service.
    pub fn write(&self, entry: &Entry<'_>) {
        match self {
            Self::Off => {}
            Self::Stderr => {
                let mut line = entry.line();
                line.push(b'\n');
                drop(io::stderr().lock().write_all(&line));
            }
            Self::Lines(write) => write(&String::from_utf8_lossy(&entry.line())),
        }
    }
}

impl Entry<'_> {
    fn line(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(320);
        out.extend_from_slice(b"{\"time\":");
        write_timestamp(&mut out, self.time);
        let mut text = String::with_capacity(80);
        let _ = write!(text, ",\"trace_id\":\"{:032x}\"", self.trace.trace);
        out.extend_from_slice(text.as_bytes());
        let texts = [
            ("correlation_id", self.correlation),
            ("operation", self.operation),
            ("method", Some(self.method)),
            ("route", self.route),
            ("code", self.code),
        ];
        for (name, value) in texts {
            let Some(value) = value else { continue };
            out.push(b',');
            write_string(&mut out, name);
            out.push(b':');
            write_string(&mut out, value);
        }
        if let Some(identity) = self.identity {
            out.extend_from_slice(b",\"subject\":");
            write_string(&mut out, &subject_hash(identity));
        }
        if let Some(tenant) = self.tenant {
            let _ = write!(out, ",\"tenant\":\"{}\"", uuid::Uuid::from_u128(tenant));
        }
        let (status, bytes) = (self.status, self.bytes);
        let millis = self.duration.as_secs_f64() * 1e3;
        let _ = write!(out, ",\"status\":{status},\"duration_ms\":{millis:.3},\"bytes\":{bytes}}}");
        out
    }
}

/// Tells callers apart without naming them: subjects are often email addresses.
pub(crate) fn subject_hash(identity: &Identity) -> String {
    use sha2::{Digest as _, Sha256};
    let mut hash = Sha256::new();
    hash.update(identity.issuer.as_bytes());
    hash.update([0]);
    hash.update(identity.subject.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    digest.iter().take(8).fold(String::with_capacity(16), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
