//! A content comes in: `POST /files`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use decide::Design;
use expression::{Schema, Type};
use http_body_util::BodyExt as _;
use hyper::Request;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, EXPECT, HeaderValue, LOCATION};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Version};
use model::model::{ActorId, Authentication, OperationId};
use runtime::Problem;
use runtime::call::Caller;
use runtime::files::{Links as _, PATIENCE, Upload, uploader};
use runtime::http::reply::json;
use runtime::http::{Arrival, Reply};
use runtime::problem::code;
use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::disposition::cleaned;
use crate::limits::Limits;
use crate::links::{hyphenated, micros};
use crate::media_type;
use crate::mount::{Files, unavailable};
use crate::writer::Writer;

/// Who may upload how much: whoever may write a row that has a file.
#[derive(Debug)]
pub(crate) struct Admission(Vec<Door>);

/// An operation that takes a file.
#[derive(Debug)]
struct Door {
    operation: OperationId,
    actors: Vec<ActorId>,
    open: bool,
    most: u64,
}

impl Admission {
    pub(crate) fn of(design: &Design) -> Self {
        let model = &design.model;
        let routes = design.routes.iter().flatten().filter(|route| route.not_served.is_none());
        let door = |route: &decide::design::Route| {
            let inputs = &model.operation(route.operation).input.parameters;
            let most = inputs.iter().filter_map(|of| largest(&model.schema, &of.ty)).max()?;
            let everybody = |id: &ActorId| model.actor(*id).authentication == Authentication::None;
            let open = route.actors.iter().any(everybody);
            Some(Door { operation: route.operation, actors: route.actors.clone(), open, most })
        };
        Self(routes.filter_map(door).collect())
    }

    /// The largest content that some operation would take from a caller.
    fn most(&self, caller: &Caller) -> Result<u64, Problem> {
        let admits = |door: &&Door| {
            let named = caller.actors.iter().any(|actor| door.actors.contains(actor));
            (door.open || named) && caller.reaches(door.operation)
        };
        let most = self.0.iter().filter(admits).map(|door| door.most).max();
        most.ok_or_else(|| match caller.identity {
            Some(_) => Problem::new(&code::FORBIDDEN),
            None => Problem::new(&code::UNAUTHENTICATED),
        })
    }
}

/// The largest file in a value of a type.
fn largest(schema: &Schema, ty: &Type) -> Option<u64> {
    let of = |fields: &[expression::FieldShape]| {
        fields.iter().filter_map(|field| largest(schema, &field.ty)).max()
    };
    match ty.required() {
        Type::File { max_bytes } => Some(*max_bytes),
        Type::List { of, .. } => largest(schema, of),
        Type::Record(record) => of(&schema.record(*record).fields),
        Type::Part(part) => of(&schema.part(*part).fields),
        _ => None,
    }
}

/// A quarter of what is read on for a moment of an upload that was refused, in bytes.
const LEFT: usize = 8 * 1024 * 1024;

/// Places for uploads: so many in all, and so many of one caller.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    all: Arc<Semaphore>,
    most: usize,
    taken: Arc<Mutex<BTreeMap<String, usize>>>,
}

/// A place until it is dropped.
#[derive(Debug)]
struct Place {
    taken: Arc<Mutex<BTreeMap<String, usize>>>,
    owner: String,
    _one: OwnedSemaphorePermit,
}

impl Places {
    pub(crate) fn new(limits: Limits, local: bool) -> Self {
        // Parts for S3 are large: 5 MiB and the next.
        let all = if local { limits.uploads } else { limits.uploads.div_ceil(2) };
        let all = Arc::new(Semaphore::new(all));
        Self { all, most: limits.uploads_of_one, taken: Arc::default() }
    }

    fn take(&self, owner: &str) -> Result<Place, Problem> {
        let full = || Problem::new(&code::OVERLOADED).retry_after(2);
        let one = self.all.clone().try_acquire_owned().map_err(|_| full())?;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of_owner = taken.entry(owner.to_owned()).or_default();
        if *of_owner >= self.most {
            let detail = format!("Expected at most {} uploads at once.", self.most);
            return Err(Problem::new(&code::RATE_LIMITED).detail(detail).retry_after(2));
        }
        *of_owner += 1;
        drop(taken);
        Ok(Place { taken: Arc::clone(&self.taken), owner: owner.to_owned(), _one: one })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_owner) = taken.get_mut(&self.owner) {
            *of_owner -= 1;
            if *of_owner == 0 {
                taken.remove(&self.owner);
            }
        }
    }
}

/// What is known of an upload before its content.
struct Announced {
    by: String,
    /// For whom it is counted.
    owner: String,
    name: String,
    media_type: Option<String>,
}

impl Files {
    /// Takes a content.
    pub(crate) async fn upload(
        self: Arc<Self>,
        request: Request<Incoming>,
        arrival: Arrival,
    ) -> Result<Reply, Problem> {
        let version = request.version();
        let (head, mut body) = request.into_parts();
        // A client that goes away must not leave half of it behind: it is tidied up nevertheless.
        let taken = tokio::spawn(async move {
            let announced = body.size_hint().lower();
            let taken = self.take(&head, &mut body, arrival).await;
            // Who asked first whether to send has sent nothing, and is told so.
            let asked = head.headers.contains_key(EXPECT) && body.size_hint().lower() == announced;
            if taken.is_err() && version < Version::HTTP_2 && !asked {
                let deadline = Instant::now() + self.limits.silence;
                runtime::http::discard(&mut body, LEFT, deadline).await;
            }
            taken
        })
        .await;
        let taken = taken.unwrap_or_else(|_| Err(Problem::new(&code::INTERNAL)));
        match taken {
            Ok(reply) => Ok(reply),
            Err(refused) => {
                let mut reply = runtime::http::reply::problem(&refused);
                if version < Version::HTTP_2 {
                    // What was not read would be taken for the next request.
                    reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok(reply)
            }
        }
    }

    async fn take(
        &self,
        head: &Parts,
        body: &mut Incoming,
        arrival: Arrival,
    ) -> Result<Reply, Problem> {
        let caller = arrival.caller?;
        let most = self.admission.most(&caller)?;
        if body.size_hint().lower() > most {
            return Err(too_large(most));
        }
        let announced = announced(head, &caller, arrival.peer.address.ip())?;
        let _place = self.places.take(&announced.owner)?;
        let mut body = Arriving::new(body, most, &self.limits);
        let head = body.head().await?;
        let media_type = media_type::of(&head, announced.media_type.as_deref());
        let media_type = media_type.map_err(|found| {
            let detail = format!("The content is not what its type says: {found}.");
            Problem::new(&code::UNSUPPORTED_MEDIA_TYPE).detail(detail)
        })?;
        let now = micros();
        let upload = Upload {
            by: announced.by,
            arrived: false,
            until: now.saturating_add(PATIENCE),
            media_type,
            bytes: 0,
            name: announced.name,
            sha256: String::new(),
        };
        let key = uuid::Uuid::now_v7().simple().to_string();
        let (owner, waiting) = (&announced.owner, self.limits.waiting_of_one);
        if !self.records.begin(&key, owner, upload.clone(), waiting).await? {
            let detail = "Too many uploads wait for the row that names them.";
            return Err(Problem::new(&code::RATE_LIMITED).detail(detail).retry_after(60));
        }
        match self.store(&key, owner, head, body, upload).await {
            Ok(reply) => Ok(reply),
            Err(problem) => {
                // What cannot be noted now is removed when its time is over.
                drop(self.records.abandon(&key).await);
                Err(problem)
            }
        }
    }

    async fn store(
        &self,
        key: &str,
        owner: &str,
        head: Bytes,
        mut body: Arriving<'_>,
        upload: Upload,
    ) -> Result<Reply, Problem> {
        let mut writer = self.contents.write(key);
        let sha256 = match copy(head, &mut body, &mut writer).await {
            Ok(sha256) => sha256,
            Err(problem) => {
                writer.abandon().await;
                return Err(problem);
            }
        };
        writer.finish().await.map_err(|error| unavailable(&error))?;
        let until = micros().saturating_add(PATIENCE);
        let upload = Upload { arrived: true, bytes: body.bytes, sha256, until, ..upload };
        if !self.records.arrived(key, owner, upload.clone()).await? {
            drop(self.contents.remove(key).await);
            return Err(Problem::new(&code::REQUEST_TIMEOUT));
        }
        Ok(self.accepted(key, &upload))
    }

    fn accepted(&self, key: &str, upload: &Upload) -> Reply {
        let id = u128::from_str_radix(key, 16).unwrap_or_default();
        let url = self.signer.link(key);
        let mut body = serde_json::json!({
            "id": hyphenated(id),
            "url": url,
            "name": upload.name,
            "media_type": upload.media_type,
            "bytes": upload.bytes,
            "sha256": upload.sha256,
        });
        let mut expires = Vec::new();
        runtime::json::write_timestamp(&mut expires, upload.until);
        body["expires"] = serde_json::from_slice(&expires).unwrap_or_default();
        let mut reply = json(201, body.to_string());
        if let Ok(url) = HeaderValue::try_from(url) {
            reply.headers_mut().insert(LOCATION, url);
        }
        reply
    }
}

/// What the head of the request says, where that can be.
fn announced(head: &Parts, caller: &Caller, address: IpAddr) -> Result<Announced, Problem> {
    let headers = &head.headers;
    let media_type = text(headers, &CONTENT_TYPE);
    if media_type.as_deref().is_some_and(|of| of.starts_with("multipart/")) {
        let detail = "Send the content itself as the body, with its own type.";
        return Err(Problem::new(&code::UNSUPPORTED_MEDIA_TYPE).detail(detail));
    }
    if text(headers, &CONTENT_ENCODING).is_some_and(|of| !of.eq_ignore_ascii_case("identity")) {
        let detail = "Send the content without an encoding.";
        return Err(Problem::new(&code::UNSUPPORTED_MEDIA_TYPE).detail(detail));
    }
    let mut name = None;
    let query = head.uri.query().unwrap_or_default();
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        if key != "name" || name.is_some() {
            return Err(Problem::new(&code::UNKNOWN_PARAMETER).detail("Expected `name`, once."));
        }
        name = Some(cleaned(&value));
    }
    let by = uploader(caller);
    let owner = match caller.identity {
        Some(_) => by.clone(),
        None => format!("address {}", neighbourhood(address)),
    };
    Ok(Announced { by, owner, name: name.unwrap_or_default(), media_type })
}

fn text(headers: &HeaderMap, name: &hyper::header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Who has an IPv6 address has the 2^64 beside it as well.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(bits.into())
        }
        address => address,
    }
}

fn too_large(most: u64) -> Problem {
    Problem::new(&code::PAYLOAD_TOO_LARGE).detail(format!("Expected at most {most} bytes."))
}

/// Writes what comes, and says what its SHA-256 is.
async fn copy(head: Bytes, body: &mut Arriving<'_>, to: &mut Writer) -> Result<String, Problem> {
    let mut hash = Sha256::new();
    let mut next = Some(head);
    while let Some(bytes) = next {
        hash.update(&bytes);
        to.write(&bytes).await.map_err(|error| unavailable(&error))?;
        next = body.next().await?;
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A body that must come in time, and may only be so large.
struct Arriving<'b> {
    body: &'b mut Incoming,
    most: u64,
    bytes: u64,
    began: Instant,
    silence: Duration,
    slowest: u64,
}

impl<'b> Arriving<'b> {
    fn new(body: &'b mut Incoming, most: u64, limits: &Limits) -> Self {
        let (silence, slowest) = (limits.silence, limits.slowest.max(1));
        Self { body, most, bytes: 0, began: Instant::now(), silence, slowest }
    }

    /// As much as tells what it is, or all.
    async fn head(&mut self) -> Result<Bytes, Problem> {
        let mut head = BytesMut::new();
        while head.len() < media_type::HEAD
            && let Some(bytes) = self.next().await?
        {
            head.extend_from_slice(&bytes);
        }
        Ok(head.freeze())
    }

    /// What comes next, if anything does.
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let now = Instant::now();
        let earned = Duration::from_secs(self.bytes / self.slowest);
        let deadline = (now + self.silence).min(self.began + self.silence + earned);
        loop {
            let broken = |_| Problem::new(&code::MALFORMED_REQUEST).detail("The body broke off.");
            let late = |_| Problem::new(&code::REQUEST_TIMEOUT);
            let frame = timeout_at(deadline, self.body.frame()).await.map_err(late)?;
            let Some(frame) = frame else { return Ok(None) };
            // Trailers mean nothing here.
            let Ok(bytes) = frame.map_err(broken)?.into_data() else { continue };
            self.bytes += bytes.len() as u64;
            if self.bytes > self.most {
                return Err(too_large(self.most));
            }
            return Ok(Some(bytes));
        }
    }
}
