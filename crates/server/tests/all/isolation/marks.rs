//! What nobody else may see, in all the ways in which bytes may show it.
#![expect(clippy::disallowed_types, reason = "looked up, never gone through in order")]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

/// Whose something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// By tenant.
    Org(usize),
    /// By user.
    User(usize),
    /// By user: the id that stands in rows of the tenant.
    Person(usize),
    /// By row.
    Item(usize),
    /// The id of a row: others learn it by references to the row.
    Id(usize),
    /// A secret of a row: nobody ever sees it again.
    Secret(usize),
}

/// A text that says whose it is. It differs from all others, so that finding it proves a leak.
#[derive(Clone, Debug)]
struct Mark {
    text: String,
    /// In the bytes of an answer.
    shown: Vec<u8>,
    form: &'static str,
    owners: BTreeSet<Owner>,
}

/// All marks, by their first bytes.
#[derive(Default)]
pub struct Marks {
    all: Vec<Mark>,
    known: BTreeMap<Vec<u8>, usize>,
    by_start: HashMap<u64, Vec<usize>>,
}

/// So many bytes begin every mark.
const START: usize = 8;

fn start(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk::<START>().map(|first| u64::from_le_bytes(*first))
}

impl Marks {
    /// Something that belongs to somebody; the same text may belong to several.
    pub fn add(&mut self, owner: Owner, text: &str) {
        for (form, shown) in forms(text) {
            self.insert(owner, text, form, shown);
        }
    }

    /// An id, as text and as the sixteen bytes that it stands for.
    pub fn add_id(&mut self, owner: Owner, id: &str) {
        self.add(owner, id);
        let bytes = uuid::Uuid::parse_str(id).unwrap();
        self.insert(owner, id, "without hyphens", bytes.simple().to_string().into_bytes());
        self.insert(owner, id, "in bytes", bytes.as_bytes().to_vec());
        for shown in in_base64(bytes.as_bytes()) {
            self.insert(owner, id, "in base64 of its bytes", shown);
        }
        self.insert(owner, id, "as a number", bytes.as_u128().to_string().into_bytes());
    }

    fn insert(&mut self, owner: Owner, text: &str, form: &'static str, shown: Vec<u8>) {
        if shown.len() < START {
            return;
        }
        if let Some(at) = self.known.get(&shown) {
            self.all[*at].owners.insert(owner);
            return;
        }
        let at = self.all.len();
        self.by_start.entry(start(&shown).unwrap()).or_default().push(at);
        self.known.insert(shown.clone(), at);
        let owners = BTreeSet::from([owner]);
        self.all.push(Mark { text: text.to_owned(), shown, form, owners });
    }

    /// The first mark in these bytes of which no owner may be seen, and which was not in what the
    /// caller sent itself.
    pub fn leak(
        &self,
        bytes: &[u8],
        sent: &str,
        may: impl Fn(&Owner) -> bool,
    ) -> Option<(String, &'static str, BTreeSet<Owner>)> {
        for at in 0..bytes.len() {
            let rest = &bytes[at..];
            let Some(found) = start(rest).and_then(|start| self.by_start.get(&start)) else {
                continue;
            };
            let mut here = found.iter().map(|at| &self.all[*at]);
            let leak = here.find(|mark| {
                let own = || sent.contains(&mark.text) && !is_secret(&mark.owners);
                rest.starts_with(&mark.shown) && !mark.owners.iter().any(&may) && !own()
            });
            if let Some(mark) = leak {
                return Some((mark.text.clone(), mark.form, mark.owners.clone()));
            }
        }
        None
    }
}

fn is_secret(owners: &BTreeSet<Owner>) -> bool {
    owners.iter().any(|owner| matches!(owner, Owner::Secret(_)))
}

/// A text in the forms in which texts travel.
fn forms(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let hex = |upper: bool, before: &str| -> Vec<u8> {
        let byte = |byte: u8| match upper {
            true => format!("{before}{byte:02X}"),
            false => format!("{before}{byte:02x}"),
        };
        text.bytes().map(byte).collect::<String>().into_bytes()
    };
    let mut forms = vec![
        ("plain", text.as_bytes().to_vec()),
        ("in capitals", text.to_uppercase().into_bytes()),
        ("backwards", text.chars().rev().collect::<String>().into_bytes()),
        ("in hex", hex(false, "")),
        ("in hex", hex(true, "")),
        ("percent-encoded", hex(false, "%")),
        ("percent-encoded", hex(true, "%")),
        ("escaped", hex(false, "\\u00")),
    ];
    forms.extend(in_base64(text.as_bytes()).into_iter().map(|shown| ("in base64", shown)));
    forms
}

/// The characters of base64, in either alphabet, that these bytes have wherever they begin within
/// a longer text.
fn in_base64(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut shown = Vec::new();
    for shift in 0..3 {
        let padded = [&[0; 3][..shift], bytes].concat();
        let encoded = STANDARD_NO_PAD.encode(&padded);
        // Characters that also hold bits of what stands before or after say something else there.
        let from = [0, 2, 3][shift];
        let until = padded.len() * 8 / 6;
        let own = &encoded[from..until];
        shown.push(own.as_bytes().to_vec());
        let url = own.replace('+', "-").replace('/', "_");
        if url != own {
            shown.push(url.into_bytes());
        }
    }
    shown
}

#[test]
fn marks_are_found_in_every_form() {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let mut marks = Marks::default();
    let (text, id) = ("mq03bxyzzyq", "0190a5e4-7b1f-7c3e-bfff-0123456789ab");
    marks.add(Owner::User(0), text);
    marks.add_id(Owner::Id(0), id);
    let bytes = uuid::Uuid::parse_str(id).unwrap();
    let nobody = |_: &Owner| false;
    for (before, after) in [("", ""), ("a", "bc"), ("ab", "c"), ("abc", ""), ("{\"x\":\"", "\"}")] {
        for secret in [text, id] {
            let whole = format!("{before}{secret}{after}");
            for shown in [
                whole.clone(),
                whole.to_uppercase(),
                STANDARD.encode(&whole),
                URL_SAFE_NO_PAD.encode(&whole),
                whole.bytes().map(|byte| format!("{byte:02x}")).collect(),
                whole.bytes().map(|byte| format!("%{byte:02X}")).collect(),
                whole.bytes().map(|byte| format!("\\u00{byte:02x}")).collect(),
            ] {
                assert!(marks.leak(shown.as_bytes(), "", nobody).is_some(), "{shown}");
                assert!(marks.leak(shown.as_bytes(), "", |_| true).is_none(), "{shown}");
                assert!(marks.leak(shown.as_bytes(), secret, nobody).is_none(), "{shown}");
            }
        }
        let raw = [before.as_bytes(), bytes.as_bytes(), after.as_bytes()].concat();
        assert!(marks.leak(&raw, "", nobody).is_some());
        assert!(marks.leak(URL_SAFE_NO_PAD.encode(&raw).as_bytes(), "", nobody).is_some());
    }
    assert!(marks.leak(b"mq03bxyzzy 0190a5e4-7b1f-7c3e-bfff-0123456789ac", "", nobody).is_none());
}
