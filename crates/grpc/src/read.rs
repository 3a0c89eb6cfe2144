//! A request message becomes what the same request would be over HTTP: an address, a query, a
//! body. The checks are then those of HTTP, and so are the codes.

use std::fmt::Write as _;

use emit::protobuf::{Label, Meaning};
use model::model::OperationKind;
use runtime::Problem;
use runtime::json::write_string;
use runtime::problem::code;

use crate::plan::{FieldPlan, Kind, MessagePlan, Plan};
use crate::text::{self, NoText};
use crate::value;
use crate::wire::{Broken, Fields, Raw};

/// What a message asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// As it stands in an address.
    pub address: Option<String>,
    /// As it stands in an address.
    pub query: String,
    pub body: Option<Vec<u8>>,
    pub key: Option<String>,
    pub version: Option<i64>,
}

/// Values of each field of a message, in the order of its plan.
type Slots<'a> = Vec<Vec<Raw<'a>>>;

/// Reads the message of a procedure.
///
/// # Errors
/// 400 for bytes that are no such message, 422 for values that no contract admits.
pub(crate) fn request(
    plan: &Plan,
    message: &MessagePlan,
    kind: OperationKind,
    bytes: &[u8],
) -> Result<Asked, Problem> {
    let mut reader = Reader { plan, path: String::new(), mask: None, orders: Vec::new() };
    let read = reader.request(message, kind, bytes);
    read.map_err(|wrong| match wrong {
        NoText::Broken => {
            let detail = "The bytes are no message of this procedure.";
            Problem::new(&code::MALFORMED_REQUEST).detail(detail)
        }
        NoText::Invalid(code, detail) => Problem::invalid(reader.path, code, detail),
    })
}

struct Reader<'p> {
    plan: &'p Plan,
    /// JSON pointer to the value at hand; it stays where something is wrong.
    path: String,
    /// Names of the fields that an update writes, if it says so.
    mask: Option<Vec<String>>,
    /// Orders of a page as over HTTP, the first first.
    orders: Vec<String>,
}

impl Reader<'_> {
    fn request(
        &mut self,
        message: &MessagePlan,
        kind: OperationKind,
        bytes: &[u8],
    ) -> Result<Asked, NoText> {
        let slots = slots(message, bytes)?;
        let mut asked = Asked::default();
        for (field, values) in message.fields.iter().zip(&slots) {
            self.path = format!("/{}", field.name);
            self.field(&mut asked, field, values)?;
        }
        let orders = std::mem::take(&mut self.orders);
        add(&mut asked, "sort", (!orders.is_empty()).then(|| orders.join(",")));
        self.path.clear();
        let writes = !matches!(
            kind,
            OperationKind::List
                | OperationKind::Get
                | OperationKind::Stream
                | OperationKind::Delete
        );
        if writes {
            let mut body = Vec::with_capacity(bytes.len() * 2 + 16);
            self.object(&mut body, message, &slots)?;
            asked.body = Some(body);
        }
        Ok(asked)
    }

    /// What is no property of the body.
    fn field(
        &mut self,
        asked: &mut Asked,
        field: &FieldPlan,
        values: &[Raw<'_>],
    ) -> Result<(), NoText> {
        let last = values.last().copied();
        let Some(last) = last else {
            if field.meaning == Meaning::Address {
                return Err(NoText::Invalid("required", "The row has to be named.".to_owned()));
            }
            return Ok(());
        };
        let text = |kind| text::text(self.plan, kind, last);
        match &field.meaning {
            Meaning::Address => {
                let mut address = String::new();
                encode(&mut address, &text(field.kind)?.unwrap_or_default());
                asked.address = Some(address);
            }
            Meaning::PageSize => add(asked, "limit", text(field.kind)?),
            // An empty token is that of the first page, as where there is none.
            Meaning::PageToken => {
                add(asked, "after", text(field.kind)?.filter(|token| !token.is_empty()));
            }
            Meaning::Search => add(asked, "q", text(field.kind)?),
            Meaning::Filter(name) if field.label == Label::Repeated => {
                self.filter(asked, field, name, values)?;
            }
            Meaning::Filter(name) => add(asked, name, text(field.kind)?),
            Meaning::Order(orders) => {
                if field.label == Label::Repeated && self.orders.is_empty() {
                    self.orders.extend(orders.first().cloned());
                }
                for value in values.iter().rev().take(field.bounds().1 + 1).rev() {
                    let (Kind::Enum(at), Some(member)) =
                        (field.kind, text::text(self.plan, field.kind, *value)?)
                    else {
                        continue;
                    };
                    let members = self.plan.values(at).iter();
                    let order = members.zip(orders).find(|((_, known), _)| *known == member);
                    self.orders.extend(order.map(|(_, order)| order.clone()));
                }
            }
            Meaning::Near => {
                let (near, within) = text::near(last)?;
                add(asked, "near", Some(near));
                add(asked, "within", Some(within));
            }
            Meaning::ExpectedVersion => {
                let Raw::Varint(version) = last else { return Err(NoText::Broken) };
                // Zero is what an absent one means, and no row has it.
                let given = field.label == Label::Optional || version != 0;
                asked.version = given.then_some(version.cast_signed());
            }
            Meaning::IdempotencyKey => asked.key = text(Kind::Text)?,
            Meaning::UpdateMask => self.mask = Some(mask(values)?),
            _ => {}
        }
        Ok(())
    }

    /// A filter by several values.
    fn filter(
        &self,
        asked: &mut Asked,
        field: &FieldPlan,
        name: &str,
        values: &[Raw<'_>],
    ) -> Result<(), NoText> {
        for value in values {
            let text = text::text(self.plan, field.kind, *value)?;
            // Left out, what is no value would leave more rows, not fewer.
            let text = text.ok_or_else(|| {
                NoText::Invalid("unknown-member", "Expected a value, not 0.".to_owned())
            })?;
            add(asked, name, Some(text));
        }
        Ok(())
    }

    /// Appends the properties of a message as a JSON object.
    fn object(
        &mut self,
        out: &mut Vec<u8>,
        message: &MessagePlan,
        slots: &Slots<'_>,
    ) -> Result<(), NoText> {
        let mask = self.mask.take();
        self.known(message, mask.as_deref())?;
        let named = |field: &FieldPlan| {
            mask.as_ref().map(|mask| mask.iter().any(|path| *path == field.name || path == "*"))
        };
        out.push(b'{');
        let mut first = true;
        for (field, values) in message.fields.iter().zip(slots) {
            let Some(property) = field.property() else { continue };
            let (before, length) = (out.len(), self.path.len());
            if !first {
                out.push(b',');
            }
            write_string(out, property);
            out.push(b':');
            let _ = write!(self.path, "/{property}");
            let written = match named(field) {
                Some(false) => false,
                None => self.value(out, field, values)?,
                Some(true) => {
                    let written = self.value(out, field, values)?;
                    if !written {
                        let empty = if field.label == Label::Repeated { "[]" } else { "null" };
                        out.extend_from_slice(empty.as_bytes());
                    }
                    true
                }
            };
            self.path.truncate(length);
            match written {
                true => first = false,
                false => out.truncate(before),
            }
        }
        out.push(b'}');
        Ok(())
    }

    /// A mask names fields that are written, and nothing within them.
    fn known(&mut self, message: &MessagePlan, mask: Option<&[String]>) -> Result<(), NoText> {
        let fields = message.fields.iter().filter(|field| field.property().is_some());
        let names: Vec<&str> = fields.map(|field| field.name.as_str()).collect();
        let unknown = |path: &&String| *path != "*" && !names.contains(&path.as_str());
        if mask.is_some_and(|mask| mask.iter().any(|path| unknown(&path))) {
            "/update_mask".clone_into(&mut self.path);
            let detail = format!("Expected paths among {}.", base::one_of(names));
            return Err(NoText::Invalid("unknown-property", detail));
        }
        Ok(())
    }

    /// Appends the value of a field; says whether there is one.
    fn value(
        &mut self,
        out: &mut Vec<u8>,
        field: &FieldPlan,
        values: &[Raw<'_>],
    ) -> Result<bool, NoText> {
        let (required, most) = field.bounds();
        if field.label == Label::Repeated {
            if values.is_empty() && !required {
                return Ok(false);
            }
            return self.list(out, field, values, most).map(|()| true);
        }
        if let Kind::Object(_) = field.kind {
            let pieces = values.iter().map(|value| match value {
                Raw::Bytes(bytes) => Ok(*bytes),
                _ => Err(Broken),
            });
            // Pieces of one message are one message (protobuf, "Last One Wins").
            let pieces: Vec<&[u8]> = pieces.collect::<Result<_, _>>()?;
            return match pieces.as_slice() {
                [] => Ok(false),
                [one] => self.one(out, field.kind, Raw::Bytes(one)),
                several => self.one(out, field.kind, Raw::Bytes(&several.concat())),
            };
        }
        match values.last() {
            Some(last) => self.one(out, field.kind, *last),
            None if field.label == Label::Optional => Ok(false),
            // What is not sent is zero, and empty.
            None => match field.kind {
                Kind::Bool | Kind::Int32 | Kind::Int64 => self.one(out, field.kind, Raw::Varint(0)),
                Kind::Double => self.one(out, field.kind, Raw::Eight([0; 8])),
                Kind::Text => self.one(out, field.kind, Raw::Bytes(&[])),
                _ => Ok(false),
            },
        }
    }

    fn list(
        &mut self,
        out: &mut Vec<u8>,
        field: &FieldPlan,
        values: &[Raw<'_>],
        most: usize,
    ) -> Result<(), NoText> {
        out.push(b'[');
        let length = self.path.len();
        // One more than there may be is enough to be told so.
        for (at, value) in values.iter().take(most.saturating_add(1)).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            let _ = write!(self.path, "/{at}");
            if !self.one(out, field.kind, *value)? {
                out.extend_from_slice(b"null");
            }
            self.path.truncate(length);
        }
        out.push(b']');
        Ok(())
    }

    fn one(&mut self, out: &mut Vec<u8>, kind: Kind, value: Raw<'_>) -> Result<bool, NoText> {
        match (kind, value) {
            (Kind::Object(at), Raw::Bytes(bytes)) => {
                let plan = self.plan;
                let message = plan.at(at);
                let slots = slots(message, bytes)?;
                self.object(out, message, &slots).map(|()| true)
            }
            (Kind::Json, Raw::Bytes(bytes)) => value::to_json(out, bytes).map(|()| true),
            (kind, value) => text::json(out, self.plan, kind, value),
        }
    }
}

/// The values of a message by its fields. Fields that are not known are not looked at, as newer
/// clients may send them; of a list no more is kept than tells that it is too long.
fn slots<'a>(message: &MessagePlan, bytes: &'a [u8]) -> Result<Slots<'a>, Broken> {
    let mut slots: Slots<'a> = vec![Vec::new(); message.fields.len()];
    let mut fields = Fields::of(bytes);
    while let Some((number, value)) = fields.next()? {
        let Some((at, field)) = message.numbered(number) else { continue };
        let Some(slot) = slots.get_mut(at) else { continue };
        if field.label != Label::Repeated {
            if !matches!(field.kind, Kind::Object(_) | Kind::Mask) {
                slot.clear();
            }
            slot.push(value);
            continue;
        }
        let most = field.bounds().1.saturating_add(1);
        match (field.kind, value) {
            (Kind::Bool | Kind::Int32 | Kind::Int64 | Kind::Enum(_), Raw::Bytes(packed)) => {
                let mut numbers = Fields::of(packed);
                while !numbers.is_empty() {
                    let number = numbers.varint()?;
                    keep(slot, Raw::Varint(number), most);
                }
            }
            (Kind::Double, Raw::Bytes(packed)) => {
                let mut numbers = Fields::of(packed);
                while !numbers.is_empty() {
                    let number = numbers.eight()?;
                    keep(slot, Raw::Eight(number), most);
                }
            }
            (_, value) => keep(slot, value, most),
        }
    }
    Ok(slots)
}

fn keep<'a>(slot: &mut Vec<Raw<'a>>, value: Raw<'a>, most: usize) {
    if slot.len() < most {
        slot.push(value);
    }
}

/// The paths of masks; several pieces are one mask.
fn mask(values: &[Raw<'_>]) -> Result<Vec<String>, NoText> {
    let mut paths = Vec::new();
    for value in values {
        let Raw::Bytes(bytes) = value else { return Err(NoText::Broken) };
        let mut fields = Fields::of(bytes);
        while let Some((number, value)) = fields.next()? {
            match (number, value) {
                (1, Raw::Bytes(path)) => paths.push(text::string(path)?.to_owned()),
                (1, _) => return Err(NoText::Broken),
                _ => {}
            }
            if paths.len() > 1000 {
                return Err(NoText::Broken);
            }
        }
    }
    Ok(paths)
}

/// Adds a parameter to a query.
fn add(asked: &mut Asked, name: &str, value: Option<String>) {
    let Some(value) = value else { return };
    if !asked.query.is_empty() {
        asked.query.push('&');
    }
    encode(&mut asked.query, name);
    asked.query.push('=');
    encode(&mut asked.query, &value);
}

/// Percent-encodes whatever is not plain.
fn encode(to: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            to.push(char::from(byte));
        } else {
            let _ = write!(to, "%{byte:02X}");
        }
    }
}
