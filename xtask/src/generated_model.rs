//! The text of a model of any size.

use std::fmt::Write as _;

/// Entities of a context.
const CONTEXT: usize = 20;

/// The text: every entity refers to the one before it in its context, has states, keys and an
/// invariant; its operations read, write, move and emit.
pub fn model(entities: usize, operations: usize) -> String {
    let mut text = String::from(
        "firmitas: 1\nsystem: { name: Generated, currency: EUR }\nactors:\n  visitor: { auth: none \
         }\n  owner: { auth: user, is: context0.Entity0 }\n  clerk: { auth: user, role: clerk }\n\
         contexts:\n",
    );
    let contexts = entities.div_ceil(CONTEXT);
    for context in 0..contexts {
        let own = context * CONTEXT..((context + 1) * CONTEXT).min(entities);
        let _ = writeln!(text, "  context{context}:\n    entities:");
        own.clone().for_each(|at| entity(&mut text, at, at % CONTEXT != 0));
        text.push_str("    operations:\n");
        for at in own.clone() {
            let count = operations / entities + usize::from(at < operations % entities);
            (0..count).for_each(|which| operation(&mut text, at, which));
        }
        text.push_str("    events:\n");
        for at in own {
            let _ = writeln!(
                text,
                "      Closed{at}: {{ key: entity{at}, payload: {{ entity{at}: Entity{at}, price: money }} }}"
            );
        }
    }
    text
}

fn entity(text: &mut String, at: usize, linked: bool) {
    let _ = write!(
        text,
        "      Entity{at}:
        rows: 10k + 1k/month
        fields:
          name: string(1..200) search
          code: string(1..40) unique immutable
          price: money(0..)
          quantity: int(0..1000) = 0
          reserved: int(0..1000) = 0 readonly
          note: text?
"
    );
    if linked {
        let _ = writeln!(text, "          before: Entity{}?", at - 1);
    }
    text.push_str(
        "        states: { open: [closed], closed: [] }
        unique: { one-name: [name, price] }
        invariants: { enough: self.reserved <= self.quantity }
        retain: 2y
",
    );
}

fn operation(text: &mut String, at: usize, which: usize) {
    let kind = match which % 5 {
        0 => format!(
            "list: Entity{at}, by: [visitor], where: \"self.status == 'open'\", filter: [price], sort: [name], rate: 20/s peak 80/s"
        ),
        1 => format!(
            "get: Entity{at}, by: {{ visitor: self.quantity > 0, clerk: true }}, rate: 50/s"
        ),
        2 => format!(
            "create: Entity{at}, by: [clerk], input: [name, code, price, quantity], rate: 1k/month"
        ),
        3 => format!("update: Entity{at}, by: [clerk], input: [name, price, note], rate: 20/day"),
        _ => format!(
            "act: Entity{at}, by: [clerk], do: [{{ require: self.quantity > self.reserved, else: none-left }}, {{ set: {{ reserved: self.reserved + 0 }} }}, {{ move: closed }}, {{ emit: Closed{at} }}], rate: 1/min"
        ),
    };
    let route = if which > 0 && which.is_multiple_of(5) {
        format!(", route: list-{which}")
    } else {
        String::new()
    };
    let _ = writeln!(text, "      operation{at}x{which}: {{ {kind}{route} }}");
}
