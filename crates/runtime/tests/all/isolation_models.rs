//! Random models whose operations have conditions of many shapes.

use std::fmt::Write as _;

/// Numbers that follow from a seed (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// What a condition over a row asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Everyone,
    Owner,
    Friend,
    Peer,
    Shared,
    Line,
    OpenOwner,
    Rule,
}

pub const SHAPES: [Shape; 8] = [
    Shape::Everyone,
    Shape::Owner,
    Shape::Friend,
    Shape::Peer,
    Shape::Shared,
    Shape::Line,
    Shape::OpenOwner,
    Shape::Rule,
];

impl Shape {
    fn by(self, at: usize) -> String {
        let condition = match self {
            Self::Everyone => return "[member]".to_owned(),
            Self::Owner => "self.owner == actor.id".to_owned(),
            Self::Friend => "self.owner == actor.id || self.friend == actor.id".to_owned(),
            Self::Peer => {
                "self.owner == actor.id || (self.peer != null && self.peer.owner == actor.id)"
                    .to_owned()
            }
            Self::Shared => {
                format!("Share{at}.exists(s, s.item == self.id && s.who == actor.id)")
            }
            Self::Line => "self.lines.exists(l, l.whom == actor.id)".to_owned(),
            Self::OpenOwner => "self.owner == actor.id && self.status == 'open'".to_owned(),
            Self::Rule => "self.mine".to_owned(),
        };
        format!("{{ member: \"{condition}\" }}")
    }
}

/// The conditions of an entity's operations.
#[derive(Clone, Copy, Debug)]
pub struct Conditions {
    pub list: Shape,
    pub get: Shape,
    pub write: Shape,
}

/// What is broken on purpose, so that the oracle can be seen to notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    Nothing,
    /// The program is told of no tenants.
    Tenants,
    /// The program is told of no conditions.
    Owners,
    /// Secrets are no secrets.
    Secrets,
}

/// A model of entities with these conditions.
pub fn model(entities: &[Conditions], broken: Broken) -> String {
    let tenancy = match broken {
        Broken::Tenants => "",
        _ => ", tenancy: { by: app.Org, from: actor, isolation: pool }",
    };
    let secret = if broken == Broken::Secrets { "" } else { " secret" };
    let mut text = format!(
        "firmitas: 1\nsystem: {{ name: Random{tenancy} }}\nactors:\n  \
         member: {{ auth: user, is: app.User, login: email }}\n  visitor: {{ auth: none }}\n\
         contexts:\n  app:\n    entities:\n      Org: {{ fields: {{ name: string(1..40) }} }}\n      \
         User: {{ fields: {{ email: email unique, nick: string(1..40) }} }}\n"
    );
    for at in 0..entities.len() {
        write!(
            text,
            "      Item{at}:\n        fields:\n          owner: User\n          friend: User?\n          \
             title: string(1..60) search\n          label: string(1..60) unique\n          \
             amount: int(0..)\n          pin: string(..40)?{secret}\n          \
             peer: Item{}?\n        parts: {{ lines: {{ size: 0..3, fields: {{ text: string(1..60), \
             whom: User? }} }} }}\n        states: {{ open: [closed], closed: [] }}\n        \
             rules: {{ mine: self.owner == actor.id }}\n      \
             Share{at}: {{ fields: {{ item: Item{at}, who: User }} }}\n",
            at.saturating_sub(1)
        )
        .unwrap();
    }
    text.push_str(
        "    operations:\n      seedOrg: { create: Org, by: [system], input: [name], rate: 1/s }\n      \
         seedUser: { create: User, by: [system], input: [email, nick], rate: 1/s }\n      \
         users: { list: User, by: [member], rate: 1/s }\n      \
         orgs: { list: Org, by: { member: self == tenant }, rate: 1/s }\n",
    );
    if broken == Broken::Tenants {
        text = text.replace("{ member: self == tenant }", "[member]");
    }
    entities.iter().enumerate().fold(text, |mut text, (at, conditions)| {
        let by = |shape: Shape| match broken {
            Broken::Owners => Shape::Everyone.by(at),
            _ => shape.by(at),
        };
        let (list, get, write) =
            (by(conditions.list), by(conditions.get), by(conditions.write));
        let input = "input: [owner, friend, title, label, amount, pin, peer, lines.text, lines.whom]";
        let making = by(Shape::Owner);
        write!(
            text,
            "      seed{at}: {{ create: Item{at}, by: [system], {input}, rate: 1/s }}\n      \
             share{at}: {{ create: Share{at}, by: [system], input: [item, who], rate: 1/s }}\n      \
             make{at}: {{ create: Item{at}, by: {making}, {input}, rate: 1/s }}\n      \
             list{at}:\n        list: Item{at}\n        by: {list}\n        \
             filter: [title, amount, owner]\n        sort: [amount, title]\n        \
             search: true\n        rate: 1/s\n      \
             open{at}: {{ list: Item{at}, by: {{ visitor: self.amount < 0 }}, rate: 1/s }}\n      \
             get{at}: {{ get: Item{at}, by: {get}, rate: 1/s }}\n      \
             key{at}: {{ get: Item{at}, key: label, by: {get}, rate: 1/s }}\n      \
             edit{at}: {{ update: Item{at}, by: {write}, input: [title, amount], rate: 1/s }}\n      \
             shut{at}: {{ act: Item{at}, by: {write}, do: [{{ move: closed }}], rate: 1/s }}\n      \
             drop{at}: {{ delete: Item{at}, by: {write}, rate: 1/s }}\n"
        )
        .unwrap();
        text
    })
}
