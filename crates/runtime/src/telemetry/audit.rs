//! The audit log: one JSON line for each decision about who somebody is and what they may do.
//!
//! Lines are written by a thread of their own. The queue to it is bounded and never waited for: if
//! the disk cannot keep up, lines are dropped and counted, and requests go on.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Sample;
use super::log::subject_hash;
use crate::call::{Identity, Trace};
use crate::json::{write_string, write_timestamp};

/// Most lines that wait to be written.
const QUEUE: usize = 8192;
/// For which the end of a server waits until they are.
const FLUSH: Duration = Duration::from_secs(2);

/// Where audit lines go, if anywhere. Cheap to clone.
#[derive(Clone, Default)]
pub struct AuditLog(Option<Arc<Shared>>);

struct Shared {
    queue: SyncSender<Message>,
    written: AtomicU64,
    dropped: AtomicU64,
}

enum Message {
    Line(Vec<u8>),
    /// Everything before it is to be on its way; answered when it is.
    Flush(SyncSender<()>),
}

/// Where audit lines go.
pub enum AuditSink {
    /// To standard error.
    Stderr,
    /// To the end of a file.
    File(File),
    /// To a function, each line without its end.
    Lines(Box<dyn Fn(&str) + Send>),
}

impl std::fmt::Debug for AuditSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Stderr => "Stderr",
            Self::File(_) => "File",
            Self::Lines(_) => "Lines",
        })
    }
}

impl AuditSink {
    /// The end of a file, which only its owner can read; made if there is none.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn file(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path).map(Self::File)
    }
}

/// What an audit line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditKind {
    /// Whether somebody is who they say.
    Authentication,
    /// Whether somebody may do an operation.
    Authorisation,
    /// An account, session or key was changed.
    Account,
}

/// One decision.
#[derive(Clone, Copy, Debug)]
pub struct AuditEvent<'a> {
    /// What it is about.
    pub kind: AuditKind,
    /// What was tried: an operation, or for example `sign-in`.
    pub action: &'a str,
    /// How it ended: `allowed`, `denied` or `failed`.
    pub outcome: &'static str,
    /// Why, where it was not allowed: a stable code.
    pub reason: Option<&'a str>,
    /// Who; written as a hash, the same as in the access log.
    pub identity: Option<&'a Identity>,
    /// The actors of the caller that the operation admits, under their conditions; spaces between.
    pub actor: Option<&'a str>,
    /// How the first of them proves who it is: `none`, `user`, `key`, ...
    pub proof: Option<&'a str>,
    /// Where from; written without its last part.
    pub address: Option<IpAddr>,
    /// What it belongs to.
    pub trace: Option<&'a str>,
}

impl<'a> AuditEvent<'a> {
    /// An event with what nearly all have.
    #[must_use]
    pub fn new(kind: AuditKind, action: &'a str, outcome: &'static str, trace: &'a Trace) -> Self {
        Self {
            kind,
            action,
            outcome,
            reason: None,
            identity: None,
            actor: None,
            proof: None,
            address: trace.address,
            trace: trace.parent.as_deref(),
        }
    }
}

static OFF: AuditLog = AuditLog(None);

impl AuditLog {
    /// None.
    #[must_use]
    pub fn off() -> &'static Self {
        &OFF
    }

    /// A log that writes to a sink.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn to(sink: AuditSink) -> io::Result<Self> {
        let (queue, lines) = sync_channel(QUEUE);
        let write = move || write(sink, &lines);
        std::thread::Builder::new().name("audit-log".to_owned()).spawn(write)?;
        let (written, dropped) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self(Some(Arc::new(Shared { queue, written, dropped }))))
    }

    /// Whether there is any point in making events.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Hands a line over. Never waits.
    pub fn write(&self, event: &AuditEvent<'_>) {
        let Some(shared) = &self.0 else { return };
        match shared.queue.try_send(Message::Line(event.line(now()))) {
            Ok(()) => shared.written.fetch_add(1, Relaxed),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                shared.dropped.fetch_add(1, Relaxed)
            }
        };
    }

    /// Waits a moment until everything so far is written; for the end of a server.
    pub fn flush(&self) {
        let Some(shared) = &self.0 else { return };
        let (done, is_done) = sync_channel(1);
        // A full queue is being emptied: there is room soon.
        for _ in 0..100 {
            match shared.queue.try_send(Message::Flush(done.clone())) {
                Ok(()) => break,
                Err(_) => std::thread::sleep(FLUSH / 200),
            }
        }
        let _ = is_done.recv_timeout(FLUSH);
    }

    /// Lines handed over and lines dropped, for `/metrics`.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let Some(shared) = &self.0 else { return Vec::new() };
        #[expect(clippy::cast_precision_loss, reason = "counts, far below 2^53")]
        let count = |of: &AtomicU64| of.load(Relaxed) as f64;
        vec![
            Sample::new("audit_lines_total", "Lines of the audit log.", count(&shared.written)),
            Sample::new(
                "audit_lines_dropped_total",
                "Lines that were lost because the log could not be written fast enough.",
                count(&shared.dropped),
            ),
        ]
    }
}

impl std::fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_on() { "AuditLog" } else { "Off" })
    }
}

/// Writes lines until nobody makes any more. What cannot be written is lost, once said.
fn write(sink: AuditSink, lines: &Receiver<Message>) {
    let mut out: Box<dyn Write> = match sink {
        AuditSink::Stderr => Box::new(io::stderr()),
        AuditSink::File(file) => Box::new(BufWriter::with_capacity(64 * 1024, file)),
        AuditSink::Lines(tell) => {
            for message in lines {
                match message {
                    Message::Line(line) => tell(String::from_utf8_lossy(&line).trim_end()),
                    Message::Flush(done) => {
                        let _ = done.send(());
                    }
                }
            }
            return;
        }
    };
    static SAID: OnceLock<()> = OnceLock::new();
    let check = |result: io::Result<()>| {
        if let Err(error) = result {
            SAID.get_or_init(|| {
                drop(writeln!(
                    io::stderr(),
                    "{{\"level\":\"error\",\"event\":\"audit-log\",\"message\":{:?}}}",
                    error.to_string()
                ));
            });
        }
    };
    // Whatever waits is written together.
    while let Ok(first) = lines.recv() {
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Line(line) => check(out.write_all(&line)),
                Message::Flush(done) => {
                    check(out.flush());
                    let _ = done.send(());
                }
            }
            next = lines.try_recv().ok();
        }
        check(out.flush());
    }
}

impl AuditEvent<'_> {
    /// The line, with its end. Every key is there in every line, so that columns can be made of it.
    fn line(&self, time: i64) -> Vec<u8> {
        let mut out = Vec::with_capacity(384);
        out.extend_from_slice(b"{\"time\":");
        write_timestamp(&mut out, time);
        let event = match self.kind {
            AuditKind::Authentication => "authentication",
            AuditKind::Authorisation => "authorisation",
            AuditKind::Account => "account",
        };
        let subject = self.identity.map(subject_hash);
        let address = self.address.map(masked);
        // `traceparent`: version, trace, span, flags.
        let trace = self.trace.and_then(|parent| parent.split('-').nth(1));
        let texts = [
            ("event", Some(event)),
            ("action", Some(self.action)),
            ("outcome", Some(self.outcome)),
            ("reason", self.reason),
            ("issuer", self.identity.map(|identity| &*identity.issuer)),
            ("subject", subject.as_deref()),
            ("actor", self.actor),
            ("proof", self.proof),
            ("address", address.as_deref()),
            ("trace_id", trace),
        ];
        for (name, value) in texts {
            out.push(b',');
            write_string(&mut out, name);
            out.push(b':');
            match value {
                Some(value) => write_string(&mut out, value),
                None => out.extend_from_slice(b"null"),
            }
        }
        out.extend_from_slice(b"}\n");
        out
    }
}

/// An address without what tells one machine of a household from another: the last of four parts, or
/// the last 80 bits.
#[must_use]
pub fn masked(address: IpAddr) -> String {
    let mut text = String::with_capacity(16);
    let _ = match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            write!(text, "{a}.{b}.{c}.0")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            write!(text, "{a:x}:{b:x}:{c:x}::")
        }
    };
    text
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn event<'a>(trace: &'a Trace, identity: &'a Identity) -> AuditEvent<'a> {
        let identity = Some(identity);
        let reason = Some("not-\"found\"\n{}");
        let event = AuditEvent::new(AuditKind::Authorisation, "a.b", "denied", trace);
        AuditEvent { identity, reason, ..event }
    }

    #[test]
    fn lines_are_json_and_name_nobody() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let tell = Box::new(move |line: &str| kept.lock().unwrap().push(line.to_owned()));
        let log = AuditLog::to(AuditSink::Lines(tell)).unwrap();
        let identity = Identity { subject: "anna@example.com".into(), ..Identity::default() };
        let trace = Trace {
            parent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
            address: Some([203, 0, 113, 9].into()),
            ..Trace::default()
        };
        log.write(&event(&trace, &identity));
        log.flush();
        let lines = lines.lock().unwrap();
        let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["address"], "203.0.113.0");
        assert_eq!(line["trace_id"], "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(line["reason"], "not-\"found\"\n{}");
        assert_eq!(line["actor"], serde_json::Value::Null);
        assert!(!lines[0].contains("anna") && !lines[0].contains('\n'), "{}", lines[0]);
    }

    #[test]
    fn a_sink_that_stands_still_stops_nobody() {
        let (hold, held) = sync_channel::<()>(0);
        let tell = Box::new(move |_: &str| {
            let _ = held.recv();
        });
        let log = AuditLog::to(AuditSink::Lines(tell)).unwrap();
        let (trace, identity) = (Trace::default(), Identity::default());
        for _ in 0..QUEUE * 2 {
            log.write(&event(&trace, &identity));
        }
        let samples = log.samples();
        assert!(samples[1].value >= QUEUE as f64 - 1.0, "{samples:?}");
        drop(hold);
    }
}
