//! Fields: short form, or a map with `type` and its modifiers.

use std::collections::BTreeMap;

use base::{Diagnostic, Span, Spanned};

use super::case::{FieldName, Snake, check};
use super::forms::{Flag, Map, Name, Prose, Short};
use super::{Binder, Form, Shape, keys};
use crate::syntax::short::{self, FieldForm, LiteralForm, ShortForm, Sizes, TypeForm};
use crate::syntax::{Field, ListItem, Literal, Modifier, Named, RangeSyntax, TypeKind, TypeSyntax};
use crate::yaml::{Mapping, Node, NodeKind};

/// Fields, parameters or payload by name.
pub(crate) type Fields = Map<FieldName, Field>;

impl Form for Field {
    type Value = Self;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self> {
        let mut field = match &node.kind {
            NodeKind::Mapping(_) => LongField::read(node, binder)?.into_field(),
            NodeKind::Scalar(scalar) => match short::whole::<FieldForm>(&scalar.text) {
                Ok(field) => field,
                Err(problem) => {
                    binder.problem::<()>(&scalar.text, problem, FieldForm::EXAMPLES);
                    invalid(node.span)
                }
            },
            NodeKind::Sequence(_) => {
                binder.wrong_shape::<()>(node, "a type, or a map with `type`");
                invalid(node.span)
            }
            NodeKind::Invalid => invalid(node.span),
        };
        field.span = node.span;
        check_members(&field.ty, binder);
        check_repeated(&field.modifiers, binder);
        Some(field)
    }

    fn shape() -> Shape {
        Shape::Either(vec![Short::<FieldForm>::shape(), LongField::shape()])
    }

    fn unreadable(place: Span) -> Option<Self> {
        Some(invalid(place))
    }
}

/// A field whose type was written wrongly: later phases know that it exists.
fn invalid(span: Span) -> Field {
    let ty = TypeSyntax { kind: TypeKind::Invalid, span };
    Field { ty, optional: None, default: None, modifiers: Vec::new(), doc: None, span }
}

/// Enum members are snake case and differ.
fn check_members(ty: &TypeSyntax, binder: &mut Binder<'_>) {
    match &ty.kind {
        TypeKind::Enum(members) => {
            let mut known: BTreeMap<&str, &Spanned<String>> = BTreeMap::new();
            for member in members {
                if let Some(first) = known.insert(member, member) {
                    let message = format!("`{member}` is listed twice");
                    let diagnostic = Diagnostic::error("duplicate-key", member.span, message);
                    binder.report(diagnostic.related(first.span, "first listed here"));
                }
                if let Some(diagnostic) = check::<Snake>(member) {
                    binder.report(diagnostic);
                }
            }
        }
        TypeKind::List { of, .. } => {
            if let ListItem::Type(ty) = &**of {
                check_members(ty, binder);
            }
        }
        _ => {}
    }
}

fn check_repeated(modifiers: &[Spanned<Modifier>], binder: &mut Binder<'_>) {
    for (at, modifier) in modifiers.iter().enumerate() {
        let same = |other: &&Spanned<Modifier>| other.value == modifier.value;
        if let Some(first) = modifiers[..at].iter().find(same) {
            let message = "this modifier is written twice";
            let diagnostic = Diagnostic::error("duplicate-modifier", modifier.span, message);
            let diagnostic = diagnostic.related(first.span, "first written here");
            binder.report(diagnostic.help("keep one of the two"));
        }
    }
}

/// The long form.
#[derive(Default)]
struct LongField {
    span: Span,
    ty: Option<LongType>,
    of: Option<ListItem>,
    size: Option<Spanned<RangeSyntax<u32>>>,
    optional: Option<Spanned<bool>>,
    default: Option<Spanned<Literal>>,
    doc: Option<Spanned<String>>,
    flags: Vec<Spanned<Modifier>>,
    sequence: Option<Spanned<String>>,
}

keys!(LongField, "a field", span span, {
    "type" => ty: TypeOrList [required], "The type, without `?`.";
    "of" => of: Item, "What a list holds: a type, or a map of fields.";
    "size" => size: Short<Sizes>, "How many items a list has.";
    "optional" => optional: Flag, "Whether it may be null.";
    "default" => default: Constant, "What it starts as.";
    "doc" => doc: Prose, "What it means.";
    "immutable" => flags: ModifierFlag, "Written only on create.";
    "readonly" => flags: ModifierFlag, "Never written by clients.";
    "internal" => flags: ModifierFlag, "Neither read nor written by clients.";
    "secret" => flags: ModifierFlag, "Written, never returned, logged or put in events.";
    "sensitive" => flags: ModifierFlag, "Encrypted; returned only where `fields` names it.";
    "unique" => flags: ModifierFlag, "No two rows have the same.";
    "search" => flags: ModifierFlag, "Part of full-text search.";
    "pii" => flags: ModifierFlag, "Personal data.";
    "sequence" => sequence: Name, "A counter, per that reference.";
} check_list);

fn check_list(field: &mut LongField, mapping: &Mapping, binder: &mut Binder<'_>) {
    let list = matches!(field.ty, Some(LongType::List(_)));
    if list && mapping.get("of").is_none() {
        let diagnostic = binder.missing_key("of").help("`of:` says what the list holds");
        binder.report(diagnostic);
    }
    let misplaced = ["of", "size"].into_iter().filter_map(|key| mapping.get(key));
    for entry in misplaced.filter(|_| !list && field.ty.is_some()) {
        let message = format!("`{}` belongs to `type: list`", entry.key.value);
        binder.report(Diagnostic::error("misplaced-key", entry.key.span, message));
    }
}

impl LongField {
    fn into_field(self) -> Field {
        let ty = match self.ty {
            Some(LongType::Type(ty)) => ty,
            Some(LongType::List(span)) => match self.of {
                Some(of) => {
                    TypeSyntax { kind: TypeKind::List { of: Box::new(of), size: self.size }, span }
                }
                None => TypeSyntax { kind: TypeKind::Invalid, span },
            },
            None => TypeSyntax { kind: TypeKind::Invalid, span: self.span },
        };
        let mut modifiers = self.flags;
        if let Some(field) = self.sequence {
            let span = field.span;
            modifiers.push(Spanned::new(Modifier::Sequence(field), span));
        }
        let optional = self.optional.filter(|optional| optional.value).map(|flag| flag.span);
        let (default, doc) = (self.default, self.doc);
        Field { ty, optional, default, modifiers, doc, span: self.span }
    }
}

/// `type:` of the long form; `list` alone takes `of`.
enum LongType {
    Type(TypeSyntax),
    List(Span),
}

struct TypeOrList;

impl Form for TypeOrList {
    type Value = LongType;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<LongType> {
        let text = &binder.scalar(node, "a type")?.text;
        if text.text == "list" {
            return Some(LongType::List(node.span));
        }
        Short::<TypeForm>::read(node, binder).map(|ty| LongType::Type(ty.value))
    }

    fn shape() -> Shape {
        Short::<TypeForm>::shape()
    }
}

/// `of:`.
struct Item;

impl Form for Item {
    type Value = ListItem;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<ListItem> {
        match &node.kind {
            NodeKind::Mapping(_) => Fields::read(node, binder).map(ListItem::Fields),
            _ => Short::<TypeForm>::read(node, binder).map(|ty| ListItem::Type(ty.value)),
        }
    }

    fn shape() -> Shape {
        Shape::Either(vec![Short::<TypeForm>::shape(), Fields::shape()])
    }
}

/// `default:`: a literal; quoted text that is none stands for itself.
struct Constant;

impl Form for Constant {
    type Value = Spanned<Literal>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        if let NodeKind::Scalar(scalar) = &node.kind
            && scalar.is_quoted()
            && short::whole::<LiteralForm>(&scalar.text).is_err()
        {
            return Some(Spanned::new(Literal::Text(scalar.text.text.clone()), node.span));
        }
        Short::<LiteralForm>::read(node, binder)
    }

    fn shape() -> Shape {
        Short::<LiteralForm>::shape()
    }
}

/// `unique: true`.
struct ModifierFlag;

impl Form for ModifierFlag {
    type Value = Spanned<bool>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        Flag::read(node, binder)
    }

    fn shape() -> Shape {
        Flag::shape()
    }
}

impl super::Slot<Spanned<bool>> for Vec<Spanned<Modifier>> {
    fn put(&mut self, value: Spanned<bool>, key: &Spanned<String>) {
        let modifier = short::simple_modifier(&key.value).filter(|_| value.value);
        self.extend(modifier.map(|modifier| Spanned::new(modifier, key.span)));
    }
}

/// Names of fields, for checks across them.
pub(crate) fn find<'a, T>(named: &'a Named<T>, name: &str) -> Option<&'a Spanned<String>> {
    named.iter().map(|(key, _)| key).find(|key| key.value == name)
}
