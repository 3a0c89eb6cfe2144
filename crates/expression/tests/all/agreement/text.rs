//! Random expressions, as text, that mostly check: what may be null is guarded, types meet.

use expression::{EntityId, Schema, Type};

use super::choice::Choice;
use crate::fixture::{MEMBERSHIP, ORDER, USER};

/// What a generated expression should be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Want {
    Int,
    Decimal,
    Money,
    Text,
    Kind,
    Bool,
    Date,
    Timestamp,
    Product,
    User,
    Category,
    Float,
}

impl Want {
    fn fits(self, ty: &Type) -> bool {
        match (self, ty.required()) {
            (Self::Int, Type::Int { .. })
            | (Self::Decimal, Type::Decimal { .. })
            | (Self::Money, Type::Money { .. })
            | (Self::Text, Type::Text { .. })
            | (Self::Bool, Type::Bool)
            | (Self::Date, Type::Date)
            | (Self::Timestamp, Type::Timestamp)
            | (Self::Float, Type::Float) => true,
            (Self::Kind, Type::Enum(members)) => members.len() == 3 && members[0] == "book",
            (Self::User, Type::Reference(EntityId(0)))
            | (Self::Category, Type::Reference(EntityId(1)))
            | (Self::Product, Type::Reference(EntityId(2))) => true,
            _ => false,
        }
    }
}

pub struct Generator<'b, 's> {
    pub choice: Choice<'b>,
    pub schema: &'s Schema,
    /// Names with the types of their rows.
    pub rows: Vec<(String, Type)>,
    guards: Vec<String>,
    names: usize,
}

/// The fields of users that are read across contexts.
pub const USED: [&str; 3] = ["name", "nickname", "level"];
const ORDERS: [&str; 4] = ["<", "<=", ">", ">="];
const EQUALITIES: [&str; 2] = ["==", "!="];

impl<'b, 's> Generator<'b, 's> {
    pub fn new(bytes: &'b [u8], schema: &'s Schema) -> Self {
        let rows = vec![("self".to_owned(), Type::Reference(ORDER))];
        Self { choice: Choice::new(bytes), schema, rows, guards: Vec::new(), names: 0 }
    }

    pub fn condition(&mut self, depth: u32) -> String {
        match if depth == 0 { 0 } else { self.choice.below(9) } {
            1 | 2 => {
                let operator = *self.choice.of(&["&&", "||"]);
                let (a, b) = (self.condition(depth - 1), self.condition(depth - 1));
                format!("({a} {operator} {b})")
            }
            3 => format!("!({})", self.condition(depth - 1)),
            4 => {
                let parts = [0; 3].map(|_| self.condition(depth - 1));
                format!("({} ? {} : {})", parts[0], parts[1], parts[2])
            }
            5 | 6 => self.quantifier(depth),
            _ => self.guarded_test(depth),
        }
    }

    fn quantifier(&mut self, depth: u32) -> String {
        let (range, ty) = self.range();
        let method = *self.choice.of(&["exists", "all", "exists_one"]);
        let filtered = self.choice.below(4) == 1;
        let filter = if filtered { self.lambda("filter", &ty, 0) } else { String::new() };
        format!("{range}{filter}{}", self.lambda(method, &ty, depth - 1))
    }

    fn range(&mut self) -> (String, Type) {
        if self.choice.yes() {
            return ("Membership".to_owned(), Type::Reference(MEMBERSHIP));
        }
        let order = expression::PartId { entity: ORDER, index: 0 };
        ("self.lines".to_owned(), Type::Part(order))
    }

    fn lambda(&mut self, method: &str, ty: &Type, depth: u32) -> String {
        self.names += 1;
        let name = format!("x{}", self.names);
        self.rows.push((name.clone(), ty.clone()));
        let guards = std::mem::take(&mut self.guards);
        let body = self.condition(depth);
        self.guards = guards;
        self.rows.pop();
        format!(".{method}({name}, {body})")
    }

    /// A test with what it needs not to be null before it.
    fn guarded_test(&mut self, depth: u32) -> String {
        let guards = std::mem::take(&mut self.guards);
        let test = self.test(depth);
        let needed = std::mem::replace(&mut self.guards, guards);
        if needed.is_empty() {
            return test;
        }
        let all = |operator: &str, join: &str| {
            let tests = needed.iter().map(|path| format!("{path} {operator} null"));
            tests.collect::<Vec<_>>().join(join)
        };
        match self.choice.below(3) {
            0 => format!("({} && {test})", all("!=", " && ")),
            1 => format!("({} || {test})", all("==", " || ")),
            _ => format!("(({}) ? {test} : false)", all("!=", " && ")),
        }
    }

    fn test(&mut self, depth: u32) -> String {
        let equality = *self.choice.of(&EQUALITIES);
        let order = *self.choice.of(&ORDERS);
        let any = if self.choice.yes() { order } else { equality };
        match self.choice.below(16) {
            0 | 1 => self.atom(Want::Bool, false),
            2 | 3 => format!("{} {any} {}", self.number(depth), self.number(depth)),
            4 | 5 => format!("{} {any} {}", self.money(depth), self.money(depth)),
            6 => {
                let want = *self.choice.of(&[
                    Want::Text,
                    Want::Int,
                    Want::Money,
                    Want::Decimal,
                    Want::Bool,
                    Want::Kind,
                    Want::Product,
                    Want::User,
                    Want::Category,
                    Want::Timestamp,
                    Want::Date,
                ]);
                format!("{} {equality} {}", self.atom(want, true), self.atom(want, true))
            }
            7 => {
                let want = *self.choice.of(&[
                    Want::Text,
                    Want::Int,
                    Want::Money,
                    Want::Category,
                    Want::Bool,
                ]);
                format!("{} {equality} null", self.path_only(want))
            }
            8 => {
                let method = *self.choice.of(&["startsWith", "contains", "endsWith"]);
                format!("{}.{method}({})", self.text(), self.text())
            }
            9 => format!("{} {any} {}", self.text(), self.text()),
            10 => format!("{} {any} {}", self.time(), self.time()),
            11 => {
                format!("{} {any} {}", self.atom(Want::Date, false), self.atom(Want::Date, false))
            }
            12 => {
                let want = *self.choice.of(&[Want::Text, Want::Kind, Want::Int, Want::Money]);
                let (a, b, c) =
                    (self.atom(want, false), self.atom(want, false), self.atom(want, false));
                format!("{a} in [{b}, {c}]")
            }
            13 => format!("{} in input.ids", self.atom(Want::Product, false)),
            14 => format!("{} {order} {}", self.atom(Want::Float, false), self.integer()),
            _ => format!(
                "self.lines.filter(x, x.quantity > {}).size() {any} {}",
                self.integer(),
                self.integer()
            ),
        }
    }

    fn number(&mut self, depth: u32) -> String {
        match if depth == 0 { self.choice.below(4) } else { self.choice.below(10) } {
            0 => self.integer(),
            1 => self.atom(Want::Int, false),
            2 => self.atom(Want::Decimal, false),
            3 => (*self.choice.of(&["0.5", "1.25", "0.001", "1000000.0"])).to_owned(),
            4 | 5 => {
                let operator = *self.choice.of(&["+", "-", "*"]);
                format!("({} {operator} {})", self.number(depth - 1), self.number(depth - 1))
            }
            6 => format!("-{}", self.number(0)),
            7 => {
                let condition = self.condition(0);
                format!("({condition} ? {} : {})", self.number(depth - 1), self.number(depth - 1))
            }
            8 => format!("decimal({})", self.atom(Want::Int, false)),
            _ => (*self.choice.of(&[
                "self.lines.size()",
                "Membership.size()",
                "(input.quantity / 2)",
                "(7 / input.quantity)",
            ]))
            .to_owned(),
        }
    }

    fn money(&mut self, depth: u32) -> String {
        match if depth == 0 { self.choice.below(2) } else { self.choice.below(8) } {
            0 => self.money_constant(),
            1 | 2 => self.atom(Want::Money, false),
            3 | 4 => {
                let operator = *self.choice.of(&["+", "-"]);
                format!("({} {operator} {})", self.money(depth - 1), self.money(depth - 1))
            }
            5 | 6 => format!("{} * {}", self.money(0), self.number(0)),
            _ => {
                let condition = self.condition(0);
                format!("({condition} ? {} : {})", self.money(depth - 1), self.money(depth - 1))
            }
        }
    }

    fn money_constant(&mut self) -> String {
        let amount = *self.choice.of(&["0", "2.5", "15", "-7.35", "0.005"]);
        let currency = self.choice.of(&self.schema.settings.currencies);
        format!("money({amount}, '{currency}')")
    }

    fn text(&mut self) -> String {
        if self.choice.below(4) == 3 {
            return format!(
                "({} + {})",
                self.atom(Want::Text, false),
                self.atom(Want::Text, false)
            );
        }
        self.atom(Want::Text, false)
    }

    fn time(&mut self) -> String {
        match self.choice.below(4) {
            3 => format!("({} + duration('36h'))", self.atom(Want::Timestamp, false)),
            _ => self.atom(Want::Timestamp, false),
        }
    }

    fn integer(&mut self) -> String {
        (*self.choice.of(&["0", "1", "2", "7", "-3", "1000", "input.quantity", "actor.level"]))
            .to_owned()
    }

    fn constant(&mut self, want: Want) -> String {
        let choices: &[&str] = match want {
            Want::Int => return self.integer(),
            Want::Money => return self.money_constant(),
            Want::Decimal => &["0.5", "1.25"],
            Want::Text => &["'a'", "''", "'ab'", "'ä%'", "actor.name"],
            Want::Kind => &["'book'", "'toy'"],
            Want::Bool => &["true", "false"],
            Want::Date => &["'2026-02-28'", "date(now)"],
            Want::Timestamp => &["now", "'2026-01-01T00:00:00Z'"],
            Want::Product => &["input.ids[0]"],
            Want::User => &["actor.id", "actor"],
            Want::Category => &["'00000000-0000-0000-0000-000000000065'"],
            Want::Float => &["distance(geo(1, 2), geo(3.5, 4))"],
        };
        (*self.choice.of(choices)).to_owned()
    }

    /// A constant or a path; one that may be null only where `nullable`, else it is guarded.
    fn atom(&mut self, want: Want, nullable: bool) -> String {
        if self.choice.below(4) == 3 {
            return self.constant(want);
        }
        let Some((path, optional)) = self.path(want) else { return self.constant(want) };
        if optional && !nullable {
            self.guards.push(path.clone());
        }
        path
    }

    fn path_only(&mut self, want: Want) -> String {
        self.path(want).map_or_else(|| "self.note".to_owned(), |(path, _)| path)
    }

    /// A path to a field of the wanted type, and whether it may be null.
    fn path(&mut self, want: Want) -> Option<(String, bool)> {
        let (mut path, mut ty) = self.choice.of(&self.rows.clone()).clone();
        for _ in 0..3 {
            let fields = match &ty {
                Type::Reference(entity) => {
                    let mut fields = self.schema.entity(*entity).fields.clone();
                    if *entity == USER {
                        // Of another context, so read by `uses`; its rows may be gone.
                        fields.retain(|field| USED.contains(&field.name.as_str()));
                    }
                    if *entity == ORDER {
                        let address = expression::PartId { entity: ORDER, index: 1 };
                        let ty = Type::Part(address).optional();
                        fields.push(crate::fixture::field("address", ty));
                    }
                    fields
                }
                Type::Part(part) => self.schema.part(*part).fields.clone(),
                _ => return None,
            };
            let leads = |ty: &Type| match ty.required() {
                Type::Reference(_) => true,
                other => matches!(other, Type::Part(_)),
            };
            let fitting: Vec<_> = fields.iter().filter(|field| want.fits(&field.ty)).collect();
            let leading: Vec<_> =
                fields.iter().filter(|field| leads(&field.ty) && field.name != "id").collect();
            let stay = !fitting.is_empty() && (leading.is_empty() || self.choice.below(3) != 2);
            let field = if stay {
                *self.choice.of(&fitting)
            } else if leading.is_empty() {
                return None;
            } else {
                *self.choice.of(&leading)
            };
            path = format!("{path}.{}", field.name);
            if stay {
                return Some((path, field.ty.is_optional()));
            }
            if field.ty.is_optional() {
                self.guards.push(path.clone());
            }
            ty = field.ty.required().clone();
        }
        None
    }
}
