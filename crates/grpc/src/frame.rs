//! Messages on the wire: each with a byte that says whether it is compressed, and its length.

use std::io::Read as _;

use bytes::{Buf as _, Bytes, BytesMut};
use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::body::Incoming;
use hyper::header::HeaderName;
use runtime::Problem;
use runtime::http::Admission;
use runtime::problem::code;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
/// Length of what stands before a message.
const HEAD: usize = 5;
/// Messages up to this size are read whoever else sends one; larger ones count.
const SMALL: usize = 16 * 1024;
/// Answers from this size on are worth compressing.
const WORTH: usize = 1024;

/// How the messages of a caller may be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
}

impl Encoding {
    /// What a caller says.
    ///
    /// # Errors
    /// One that is not known here: 501, as gRPC asks for it.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        match headers.get(&ENCODING).map(|value| value.as_bytes()) {
            None | Some(b"identity") => Ok(Self::Identity),
            Some(b"gzip") => Ok(Self::Gzip),
            Some(_) => {
                let detail = "Messages are compressed with gzip, or not at all.";
                Err(Problem::new(&code::NOT_RUNNING).detail(detail))
            }
        }
    }
}

/// The messages of a caller, one after the other.
pub(crate) struct Messages {
    body: Incoming,
    buffer: BytesMut,
    encoding: Encoding,
    /// Most bytes of a message.
    limit: usize,
    admission: Admission,
    /// While a large message is held.
    large: Option<OwnedSemaphorePermit>,
}

impl Messages {
    pub(crate) fn new(
        body: Incoming,
        encoding: Encoding,
        limit: usize,
        admission: Admission,
    ) -> Self {
        Self { body, buffer: BytesMut::new(), encoding, limit, admission, large: None }
    }

    /// No message is held any more.
    pub(crate) fn done(&mut self) {
        self.large = None;
    }

    /// The next message; none at the end.
    ///
    /// # Errors
    /// 400 where it is no message or breaks off, 408 where it does not arrive in time, 413 where
    /// it is too large, 503 where too many large ones are being read.
    pub(crate) async fn next(&mut self, deadline: Instant) -> Result<Option<Bytes>, Problem> {
        loop {
            if let Some(message) = self.buffered()? {
                return Ok(Some(message));
            }
            let frame = match timeout_at(deadline, self.body.frame()).await {
                Err(_) => return Err(Problem::new(&code::REQUEST_TIMEOUT)),
                Ok(None) if self.buffer.is_empty() => return Ok(None),
                Ok(None | Some(Err(_))) => return Err(malformed("The message breaks off.")),
                Ok(Some(Ok(frame))) => frame,
            };
            if let Ok(data) = frame.into_data() {
                if self.large.is_none() && self.buffer.len() + data.len() > SMALL {
                    self.large = Some(self.admission.large()?);
                }
                self.buffer.extend_from_slice(&data);
            }
        }
    }

    /// A message that is there as a whole.
    fn buffered(&mut self) -> Result<Option<Bytes>, Problem> {
        let Some((&[packed, a, b, c, d], _)) = self.buffer.split_first_chunk::<HEAD>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if packed > 1 {
            return Err(malformed("The message is neither plain nor compressed."));
        }
        if length > self.limit {
            return Err(too_large(self.limit));
        }
        if self.buffer.len() < HEAD + length {
            return Ok(None);
        }
        self.buffer.advance(HEAD);
        let message = self.buffer.split_to(length).freeze();
        match (packed, self.encoding) {
            (0, _) => Ok(Some(message)),
            (_, Encoding::Gzip) => unpack(&message, self.limit).map(Some),
            _ => Err(malformed("The message is compressed, and nobody says how.")),
        }
    }
}

fn malformed(detail: &str) -> Problem {
    Problem::new(&code::MALFORMED_REQUEST).detail(detail)
}

fn too_large(limit: usize) -> Problem {
    Problem::new(&code::PAYLOAD_TOO_LARGE).detail(format!("Expected at most {limit} bytes."))
}

/// Never more than the limit is unpacked, whatever it would become.
fn unpack(packed: &[u8], limit: usize) -> Result<Bytes, Problem> {
    let mut plain = Vec::new();
    let most = (limit as u64).saturating_add(1);
    let read = GzDecoder::new(packed).take(most).read_to_end(&mut plain);
    read.map_err(|_| malformed("The message is not compressed as it says."))?;
    if plain.len() > limit { Err(too_large(limit)) } else { Ok(plain.into()) }
}

/// A message with what stands before it, compressed where the caller does so as well and it is
/// worth it.
pub(crate) fn framed(message: &[u8], encoding: Encoding) -> Bytes {
    let mut packed = Vec::new();
    let worth = encoding == Encoding::Gzip && message.len() >= WORTH;
    let done = worth
        && GzEncoder::new(message, Compression::fast()).read_to_end(&mut packed).is_ok()
        && packed.len() < message.len();
    let content = if done { packed.as_slice() } else { message };
    let mut out = Vec::with_capacity(HEAD + content.len());
    out.push(u8::from(done));
    out.extend_from_slice(&u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(content);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bombs_are_not_unpacked() {
        let zeros = vec![0; 4 << 20];
        let packed = framed(&zeros, Encoding::Gzip);
        assert!(packed[0] == 1 && packed.len() < 64 << 10);
        assert_eq!(unpack(&packed[HEAD..], 4 << 20).map(|plain| plain.len()), Ok(4 << 20));
        let refused = unpack(&packed[HEAD..], 1 << 20).expect_err("too large");
        assert!(refused.is(&code::PAYLOAD_TOO_LARGE));
        let refused = unpack(b"nothing", 1 << 20).expect_err("no gzip");
        assert!(refused.is(&code::MALFORMED_REQUEST));
    }
}
