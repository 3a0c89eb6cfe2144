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

    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
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
    Open,
}

pub const SHAPES: [Shape; 9] = [
    Shape::Everyone,
    Shape::Owner,
    Shape::Friend,
    Shape::Peer,
    Shape::Shared,
    Shape::Line,
    Shape::OpenOwner,
    Shape::Rule,
    Shape::Open,
];

impl Shape {
    fn text(self, at: usize) -> String {
        match self {
            Self::Everyone => "true".to_owned(),
            Self::Owner => "self.owner == actor.id".to_owned(),
            Self::Friend => "self.owner == actor.id || self.friend == actor.id".to_owned(),
            Self::Peer => {
                "self.owner == actor.id || (self.peer != null && self.peer.owner == actor.id)"
                    .to_owned()
            }
            Self::Shared => format!("Share{at}.exists(s, s.item == self.id && s.who == actor.id)"),
            Self::Line => "self.lines.exists(l, l.whom == actor.id)".to_owned(),
            Self::OpenOwner => "self.owner == actor.id && self.status == 'open'".to_owned(),
            Self::Rule => "self.mine".to_owned(),
            Self::Open => "self.status == 'open'".to_owned(),
        }
    }

    fn by(self, at: usize) -> String {
        match self {
            Self::Everyone => "[member, clerk, root]".to_owned(),
            shape => format!("{{ member: \"{}\", clerk: true, root: true }}", shape.text(at)),
        }
    }
}

/// The conditions of an entity's operations.
#[derive(Clone, Copy, Debug)]
pub struct Conditions {
    pub list: Shape,
    pub get: Shape,
    pub write: Shape,
}

/// A model in short.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whether the host says whose a request is, or the row of who asks.
    pub hosts: bool,
    /// Whether members see each other.
    pub open_users: bool,
    /// Whether members see who wrote what.
    pub logged: bool,
    /// Where answers are kept, by entity.
    pub kept: Vec<Option<&'static str>>,
    pub items: Vec<Conditions>,
}

impl Plan {
    pub fn random(random: &mut Random) -> Self {
        let count = 1 + random.below(2);
        let shape = |random: &mut Random| random.one(&SHAPES);
        let items = (0..count).map(|_| Conditions {
            list: shape(random),
            get: shape(random),
            write: shape(random),
        });
        let items = items.collect();
        let kept = (0..count).map(|_| random.one(&[None, Some("http"), Some("l1"), Some("l2")]));
        let kept = kept.collect();
        Self {
            items,
            kept,
            hosts: random.chance(40),
            open_users: random.chance(50),
            logged: random.chance(30),
        }
    }

    /// The model's text. What is left out is what the program is not told of.
    pub fn text(&self, without: Without) -> String {
        let from = if self.hosts { "host(domain)" } else { "actor" };
        let tenancy = match without {
            Without::Tenants => String::new(),
            _ => format!(", tenancy: {{ by: app.Org, from: {from}, isolation: pool }}"),
        };
        let all = if without == Without::Tenants { "" } else { ", tenants: all" };
        let member = match (self.open_users, without) {
            (true, _) | (_, Without::Conditions) => "[member, clerk, root]",
            _ => "{ member: self.id == actor.id, clerk: true, root: true }",
        };
        let org = match without {
            Without::Tenants => "[member, visitor]",
            _ => "{ member: self == tenant, visitor: self == tenant }",
        };
        let mut text = format!("firmitas: 1\nsystem: {{ name: Random{tenancy} }}\n");
        text.push_str(&HEAD.replace(", ALL", all));
        for at in 0..self.items.len() {
            text.push_str(&self.entity(at, without));
        }
        text.push_str(&OPERATIONS.replace("MEMBER", member).replace("ORG", org));
        for (at, conditions) in self.items.iter().enumerate() {
            text.push_str(&self.operations(at, conditions, without));
        }
        text.push_str("decisions:\n  cache.notes: { choose: l1, because: the test is about it }\n");
        for (at, kept) in self.kept.iter().enumerate() {
            let kept = kept.unwrap_or("none");
            for operation in ["list", "get", "key", "open"] {
                // Browsers hold nothing of what a condition over the caller decides.
                let because = "{ choose: KEPT, because: the test is about it }";
                writeln!(text, "  cache.{operation}{at}: {}", because.replace("KEPT", kept))
                    .unwrap();
            }
        }
        text
    }

    fn entity(&self, at: usize, without: Without) -> String {
        let secret = if without == Without::Secrets { "" } else { " secret" };
        let audit = if self.logged { "audit: writes" } else { "size: 1kB" };
        ENTITY
            .replace("SECRET", secret)
            .replace("AUDIT", audit)
            .replace("PEER", &at.saturating_sub(1).to_string())
            .replace("{N}", &at.to_string())
    }

    fn operations(&self, at: usize, conditions: &Conditions, without: Without) -> String {
        let by = |shape: Shape| match without {
            Without::Conditions => Shape::Everyone.by(at),
            _ => shape.by(at),
        };
        let mut text = ITEM
            .replace("LIST", &by(conditions.list))
            .replace("GET", &by(conditions.get))
            .replace("WRITE", &by(conditions.write))
            .replace("MAKE", &by(Shape::Owner))
            .replace("INPUT", INPUT)
            .replace("{N}", &at.to_string());
        if self.logged {
            writeln!(text, "      log{at}: {{ list: Item{at}.audit, by: [member], rate: 1/s }}")
                .unwrap();
        }
        text
    }
}

/// What the program is not told of, so that the oracle can be seen to notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    Nothing,
    Tenants,
    Conditions,
    Secrets,
}

const HEAD: &str = "\
actors:
  member: { auth: user, is: app.User, login: email }
  visitor: { auth: none }
  clerk: { auth: service }
  root: { auth: user, role: root, ALL }
contexts:
  app:
    entities:
      Org: { fields: { name: string(1..40), domain: string(1..40) unique } }
      User: { fields: { email: email unique pii, nick: string(1..40) } }
      Note: { fields: { text: string(1..40) } }
";

const ENTITY: &str = "      Item{N}:
        AUDIT
        fields:
          owner: User
          friend: User?
          title: string(1..60) search
          label: string(1..60) unique
          amount: int(0..)
          ratio: decimal(15,3)
          price: money(0..)
          at: timestamp
          mail: email pii
          site: url
          place: geo
          data: json
          tags: list(string(1..40), 0..3)
          pin: string(..40)?SECRET
          peer: ItemPEER?
        parts: { lines: { size: 0..3, fields: { text: string(1..60), whom: User? } } }
        states: { open: [closed], closed: [] }
        rules: { mine: self.owner == actor.id }
      Share{N}: { fields: { item: Item{N}, who: User } }
";

const OPERATIONS: &str = "    operations:
      seedOrg: { create: Org, by: [root], input: [name, domain], rate: 1/s }
      seedUser: { create: User, by: [clerk], input: [email, nick], rate: 1/s }
      users: { list: User, by: MEMBER, rate: 1/s }
      user: { get: User, by: MEMBER, rate: 1/s }
      orgs: { list: Org, by: ORG, rate: 1/s }
      org: { get: Org, by: ORG, rate: 1/s }
      write: { create: Note, by: [visitor], input: [text], rate: 1/s }
      notes: { list: Note, by: [visitor], rate: 1/s, stale: 60s }
";

const INPUT: &str = "[owner, friend, title, label, amount, ratio, price, at, mail, site, place, \
                     data, tags, pin, peer, lines.text, lines.whom]";

const ITEM: &str = "      seed{N}: { create: Item{N}, by: [clerk], route: seed, input: INPUT, rate: 1/s }
      share{N}: { create: Share{N}, by: [clerk], input: [item, who], rate: 1/s }
      make{N}: { create: Item{N}, by: MAKE, input: INPUT, rate: 1/s }
      list{N}: { list: Item{N}, by: LIST, filter: [title, amount, owner, mail], sort: [amount, title, mail], search: true, near: place, rate: 1/s, stale: 60s }
      open{N}: { list: Item{N}, by: { visitor: self.amount < 0 }, route: open, rate: 1/s, stale: 60s }
      get{N}: { get: Item{N}, by: GET, rate: 1/s, stale: 60s }
      key{N}: { get: Item{N}, key: label, by: GET, rate: 1/s, stale: 60s }
      peek{N}: { get: Item{N}, by: GET, route: peek, input: { of: 'Item{N}' }, where: self.label == input.of.label, rate: 1/s, stale: 60s }
      put{N}: { update: Item{N}, upsert: label, by: MAKE, input: INPUT, rate: 1/s }
      edit{N}: { update: Item{N}, by: WRITE, input: [title, amount, data], rate: 1/s }
      shut{N}: { act: Item{N}, by: WRITE, do: [{ move: closed }], rate: 1/s }
      drop{N}: { delete: Item{N}, by: WRITE, rate: 1/s }
";
