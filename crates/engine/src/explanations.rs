//! What every diagnostic of the language, of decisions and of acceptances means, in one place.
//! Findings of checks have pages of their own.

/// The ids with their explanations, in alphabetical order.
pub const LANGUAGE: &[(&str, &str)] = &[
    (
        "acceptance-expired",
        "The model accepts a finding until a day that has passed. The finding is reported again, so that somebody looks at the reason once more.",
    ),
    (
        "acceptance-unused",
        "The model accepts a finding that nothing makes (any more). Left in place it would hide the finding should it come back for another reason.",
    ),
    (
        "alias",
        "YAML aliases (`*name`) are refused: what a map holds must be readable where it is written. The fix writes the value out.",
    ),
    (
        "ambiguous-fill",
        "A value was left to the filling rule, and several values in scope have its type. Name the one that is meant in `with`.",
    ),
    (
        "anchor",
        "YAML anchors (`&name`) are refused, as nothing may refer to them. The fix removes the anchor.",
    ),
    (
        "anonymous-actor",
        "An actor with `auth: none` is everyone, so that it cannot be the row of an entity, hold a role or sign in.",
    ),
    (
        "append-only-states",
        "Rows of an `append_only` entity never change, so that it cannot have states.",
    ),
    (
        "arithmetic-overflow",
        "The ranges of the operands allow a result that the type cannot hold. Narrow the ranges: the language proves that arithmetic is safe before anything runs.",
    ),
    (
        "bad-boolean",
        "A switch is `true` or `false`, nothing else: `yes`, `on` and `1` mean different things to different readers of YAML.",
    ),
    ("bad-currency", "A currency is a code of ISO 4217: three capital letters, such as EUR."),
    ("bad-date", "A date is written 2026-12-31 and must be in the calendar."),
    ("bad-percentile", "A percentile is p50, p90, p95, p99 or p999."),
    ("bad-time", "A time of day is written 02:00, from 00:00 to 23:59."),
    ("bad-type", "The text is not a type of the language, or a bracket of it is missing."),
    (
        "bad-unit",
        "The unit does not belong to this kind of number. The message names those that do.",
    ),
    ("call-cycle", "Operations call each other in a circle: a request would never end."),
    ("complex-key", "A key of a map is plain text, not a list or a map."),
    (
        "computed-json",
        "Structure that is written in YAML for a `json` field holds constants only. What is computed goes into a value type of `types`.",
    ),
    (
        "conflicting-keys",
        "Two keys of one map exclude each other, or a map mixes what belongs to different forms.",
    ),
    (
        "conflicting-modifiers",
        "Two modifiers of a field contradict each other, such as `search` on what clients must not read.",
    ),
    (
        "currency-mismatch",
        "Amounts of different currencies are added, compared or assigned. There is no exchange rate in the model.",
    ),
    (
        "decision-expired",
        "The model takes a decision itself until a day that has passed. It is still obeyed; look at the reason again.",
    ),
    (
        "division-by-zero",
        "The divisor can be zero. Guard the division, or narrow the range of the divisor.",
    ),
    (
        "duplicate-key",
        "A key stands twice in one map, or a name is defined in two files. YAML readers differ in which one they take.",
    ),
    ("duplicate-modifier", "A modifier is written twice in one field."),
    ("duplicate-name", "Two things share a name where it has to tell them apart."),
    (
        "empty-by",
        "`by` names nobody who could do it. Every operation says who may do it; `system` is for what the model itself starts.",
    ),
    ("empty-range", "The lower end of a range lies above the upper one."),
    (
        "entity-rows",
        "A type, an event or another entity cannot hold the rows of an entity; a reference to it can.",
    ),
    (
        "equal-plurals",
        "Two entities of a context would have one address. State `plural:` for one of them.",
    ),
    ("expression-too-deep", "An expression is nested deeper than any person could read."),
    (
        "falling-percentiles",
        "A higher percentile has a shorter time than a lower one: p99 cannot lie below p95.",
    ),
    ("file-too-large", "A file is larger than is read. Divide it, and `include` the pieces."),
    (
        "float-equality",
        "`float` values are measurements: two of them are never the same. Compare with `<` and `>`.",
    ),
    (
        "foreign-entity",
        "An effect writes rows of another context. Each context writes its own; call an operation of the other.",
    ),
    (
        "foreign-event",
        "An operation emits an event of another context. Events belong to the context in which they happen.",
    ),
    (
        "foreign-field",
        "An expression reads a field of another context that `uses` does not list. What is read across contexts is copied or called, and that is a decision.",
    ),
    (
        "foreign-rows",
        "An expression ranges over the rows of another context. There is no table to look into.",
    ),
    (
        "foreign-target",
        "An operation is about an entity of another context. It is served by the context that owns its rows.",
    ),
    (
        "implausible-number",
        "A number is outside what such a quantity can be. Usually the unit is wrong.",
    ),
    (
        "impossible-move",
        "No state leads to the one that `move` names, or the entity does not have it.",
    ),
    ("include-cycle", "Files include each other in a circle."),
    (
        "include-outside",
        "An `include` leaves the folder of the model. A model is one folder, so that it can be moved and shared whole.",
    ),
    (
        "incomplete-expression",
        "An expression ends where something must still follow. Often YAML cut it: see `truncated-expression`.",
    ),
    ("invalid-default", "A default does not fit the type of its field."),
    ("invalid-escape", "A backslash in a text is followed by something that is no escape."),
    (
        "invalid-literal",
        "A text cannot be read as the type that its place wants: a date, a duration, a number.",
    ),
    ("invalid-number", "A number has two points, a letter, or too many digits."),
    ("long-path", "`set` writes fields of the row, or through one reference of it; no further."),
    (
        "merge-key",
        "YAML merge keys (`<<`) are refused: what a map holds must be readable where it is written.",
    ),
    (
        "misplaced-key",
        "A key belongs to another kind of thing. The message says where it can stand.",
    ),
    (
        "misplaced-modifier",
        "A modifier does not go with the type of its field, or with where the field stands.",
    ),
    (
        "misplaced-rate",
        "A rate is of the wrong kind: `open` is for streams, requests per time for everything else.",
    ),
    ("missing-file", "An `include` matches no file."),
    ("missing-key", "A key that is required here is missing."),
    ("missing-number", "A number was expected."),
    (
        "missing-percentile",
        "A latency without its percentile says nothing: half of the requests, or all but one in a hundred?",
    ),
    (
        "missing-space",
        "YAML wants a space after the colon; without it the key and its value are one word.",
    ),
    (
        "missing-undo",
        "A step before the pivot changes something and has no `undo`. When a later step fails there would be no way back.",
    ),
    ("missing-unit", "A number without its unit."),
    ("missing-value", "A key stands there without a value."),
    ("missing-variable", "`each` names the item: `each: line in self.lines`."),
    (
        "name-style",
        "Names have the style of their kind: `lowerCamel`, `UpperCamel`, `snake_case` or `kebab-case`. Contracts and tables are made from them.",
    ),
    ("needless-use", "`uses` lists a field that no expression reads, or one of the own context."),
    (
        "never-null",
        "A value that cannot be null is compared with null: the condition is always true or always false.",
    ),
    ("no-result", "What is called returns nothing that could be named or used."),
    ("no-states", "`move` is used, or `status` read, of an entity without `states`."),
    (
        "not-a-key",
        "A row is looked up by fields that are not a unique key: there could be several.",
    ),
    ("not-unique", "An operation is addressed by a field that is not `unique`."),
    (
        "nothing-to-search",
        "An operation has `search: true`, and its entity has no field with `search`.",
    ),
    ("part-rows", "A part is read and written with its entity; it cannot be used by itself here."),
    ("peak-below-mean", "The peak of a rate lies below its mean."),
    (
        "pivot-with-undo",
        "The pivot is the step after which there is no way back, so that it has no `undo`.",
    ),
    (
        "quotes-eaten",
        "YAML took the quotes of an expression for its own: a quoted text at the start of a value. The fix quotes the whole expression.",
    ),
    (
        "read-only-target",
        "An operation would write what cannot be written: a view, a history, an audit, or rows that are append-only.",
    ),
    ("recursive-type", "A type contains itself, so that it would have no end."),
    (
        "require-after-call",
        "After a call to another context or an external nothing can be refused any more: what was before is committed.",
    ),
    (
        "reserved-filter",
        "A filter has the name of a parameter that every list has (`limit`, `after`, `sort`, `q`).",
    ),
    (
        "reserved-name",
        "The name is taken: a built-in field, or a name that every expression knows.",
    ),
    ("reserved-word", "The word is reserved by CEL, the language of expressions."),
    ("retain-field", "`retain ... after` names a field that is no point in time."),
    (
        "route-collision",
        "Two operations would have one method and one address. Give one of them a `route`.",
    ),
    ("rowless-actor", "`login` or `when` reads the row of an actor that has none: it has no `is`."),
    ("rule-cycle", "Rules refer to each other in a circle."),
    ("second-document", "A file holds one YAML document. What follows `---` is not read."),
    ("second-pivot", "A flow has one pivot at most: one point after which it can only go on."),
    (
        "secret-in-event",
        "An event carries a secret. Events are read by many and kept; secrets never leave their row.",
    ),
    ("single-equals", "`=` does not compare; `==` does."),
    (
        "stored-data",
        "An expression reads stored rows where only what came with the event or the request is known, so that a flow decides alike when it is resumed.",
    ),
    ("tab", "A tab looks like spaces and is refused."),
    (
        "tab-indentation",
        "YAML is indented with spaces. A tab there is an error in every YAML reader.",
    ),
    ("tag", "YAML tags (`!name`) are refused. An expression that begins with `!` needs quotes."),
    ("too-deep", "Something is nested deeper than is read."),
    (
        "truncated-expression",
        "YAML took the end of an expression for a comment, because of ` #`, or the expression ends in the middle. The fix quotes it.",
    ),
    ("type-mismatch", "A value has another type than its place wants."),
    (
        "unassignable-field",
        "`set` names a field that is never written after the row was made, or by the backend alone.",
    ),
    ("unassigned-field", "A required field of a new row gets no value from anywhere."),
    (
        "unbounded-rows",
        "An expression uses all rows of an entity as a value. Only questions about them can be answered: `exists`, `all`, `size`.",
    ),
    (
        "uncallable-operation",
        "An operation of this kind cannot be called by another: calls create, change or delete.",
    ),
    ("unclosed-quote", "A quote is opened and not closed."),
    (
        "undo-after-pivot",
        "A step after the pivot has an `undo` that would never run: those steps are retried until they succeed.",
    ),
    ("unexpected-path", "A name was expected, not a path with dots."),
    ("unexpected-text", "Something is left after what could be read."),
    ("unexpected-token", "An expression has something where it cannot stand."),
    (
        "unfilled-value",
        "A required value is in nobody's hands: neither `with` nor anything in scope gives it.",
    ),
    ("unfit-accepts", "`accepts` is for streams, and names operations that write."),
    ("unfit-field", "A field cannot be used like this: sorted, filtered or searched by."),
    ("unfit-key", "A field cannot be part of a key."),
    (
        "unfit-range",
        "The two fields of `overlap` are no range: it takes two of one type that has an order in time or number.",
    ),
    (
        "unguarded-null",
        "A value that may be null is used as if it were there. Guard it: `x != null && ...`.",
    ),
    ("unknown-actor", "There is no actor of that name."),
    ("unknown-context", "There is no context of that name."),
    ("unknown-currency", "The currency is not in ISO 4217, or not among those of the system."),
    ("unknown-decision", "There is no family of decisions of that name."),
    ("unknown-entity", "There is no entity of that name."),
    ("unknown-event", "There is no event of that name."),
    ("unknown-field", "There is no field of that name."),
    (
        "unknown-finding",
        "The model accepts a finding that no check makes. A misspelt acceptance would hide nothing and be forgotten.",
    ),
    ("unknown-function", "There is no function or method of that name."),
    ("unknown-key", "A key is not part of the language here. Nothing is ever ignored silently."),
    ("unknown-member", "An enum has no member of that name."),
    ("unknown-modifier", "There is no modifier of that name."),
    ("unknown-name", "An expression uses a name that is not in scope."),
    ("unknown-operation", "There is no operation of that name."),
    ("unknown-option", "A decision has no option of that name."),
    ("unknown-parameter", "What is called has no parameter of that name."),
    ("unknown-part", "An entity has no part of that name."),
    ("unknown-state", "An entity has no state of that name."),
    ("unknown-subject", "A decision is not asked about that subject."),
    ("unknown-team", "There is no team of that name."),
    ("unknown-time-zone", "The time zone is not in the database of the IANA."),
    ("unknown-type", "There is no type or entity of that name."),
    ("unknown-version", "The version of the language is not one that this program reads."),
    ("unknown-view", "There is no view of that name."),
    ("unknown-word", "One of a few words was expected."),
    (
        "unmatched-wait",
        "A step waits for an event and does not say which one: without `match`, any would do.",
    ),
    (
        "unquoted-comma",
        "YAML split an expression at a comma, because it stands in `{ }` or `[ ]` without quotes. The fix quotes it.",
    ),
    (
        "unquoted-expression",
        "An expression has characters that mean something to YAML. The fix quotes it.",
    ),
    (
        "unquoted-member",
        "A member of an enum is a text in expressions: `'open'`. The fix quotes it.",
    ),
    (
        "unquoted-value",
        "A value begins with a character that means something to YAML. The fix quotes it.",
    ),
    ("unreadable-field", "A field that clients may not read is returned, filtered or sorted by."),
    ("unreadable-file", "A file of the model cannot be read."),
    ("unsupported-list", "A list of this cannot be held."),
    (
        "unsupported-syntax",
        "CEL knows this, the language of models does not: doubles, maps, messages, bytes.",
    ),
    ("unterminated-text", "A text in an expression has no closing quote."),
    (
        "untranslatable-condition",
        "A condition must become SQL, so that it filters where the rows are, and this one cannot.",
    ),
    ("unwritable-input", "An input names a field that clients never write."),
    ("vague-number", "A word where a number belongs. \"Fast\" and \"high\" decide nothing."),
    ("wrong-argument-count", "A function is called with too many or too few values."),
    ("wrong-shape", "A map, a list or a plain value stands where another of the three belongs."),
    (
        "yaml-syntax",
        "The file is not YAML from here on. Most often it is an expression with characters that mean something to YAML; put it in quotes.",
    ),
];

/// What a diagnostic means: of the language one paragraph, of a check its page. Nothing where there
/// is no such diagnostic.
#[must_use]
pub fn explain(id: &str) -> Option<&'static str> {
    let language = LANGUAGE.iter().find(|(known, _)| *known == id).map(|(_, text)| *text);
    language.or_else(|| check::find(id).map(|check| check.page))
}

/// The ids of everything that can be found.
pub fn ids() -> impl Iterator<Item = &'static str> {
    LANGUAGE.iter().map(|(id, _)| *id).chain(check::ALL.iter().map(|check| check.id))
}
