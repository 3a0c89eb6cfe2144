//! What is the same text to a key or to a search.
//!
//! Keys and filters by email addresses compare them in lower case: mailboxes that differ in capital
//! letters alone are one in practice. Search knows letters without their marks: SQLite's tokenizer drops them by
//! itself (`remove_diacritics 2`), PostgreSQL has `unaccent`, which needs an extension that few may
//! install and is not immutable; so there the letters are replaced one by one, in an expression that
//! an index may hold.

use decide::Design;
use decide::design::{Index, Table};
use expression::types::TextFormat;
use expression::{FieldIndex, FieldShape, Type};

/// The fields of an entity that are compared without regard to case.
#[must_use]
pub fn fields(design: &Design, table: &Table, shapes: &[FieldShape]) -> Vec<FieldIndex> {
    let all = (0..).map(FieldIndex).zip(shapes);
    all.filter(|(at, shape)| ignores_case(design, table, *at, shape)).map(|(at, _)| at).collect()
}

/// Whether a field is compared without regard to case: an email address that is part of a key, or
/// by which rows are found and not sorted.
#[must_use]
pub fn ignores_case(design: &Design, table: &Table, field: FieldIndex, shape: &FieldShape) -> bool {
    let email = matches!(shape.ty.required(), Type::Text { format: TextFormat::Email, .. });
    let is_key = table
        .indexes
        .iter()
        .any(|index| index.unique.is_some() && index.fields.iter().any(|(of, _)| *of == field));
    email && (is_key || !is_sorted(design, table, field))
}

/// Whether an index of an email address holds it without regard to case: a key does, and any other
/// unless a list is sorted by it.
#[must_use]
pub fn is_folded(
    design: &Design,
    table: &Table,
    index: &Index,
    field: FieldIndex,
    shape: &FieldShape,
) -> bool {
    let found = index.unique.is_some() || !is_sorted(design, table, field);
    found && ignores_case(design, table, field, shape)
}

/// Whether a list is sorted by a field, as it is written.
fn is_sorted(design: &Design, table: &Table, field: FieldIndex) -> bool {
    let mut lists = design.model.operations.iter();
    lists.any(|list| {
        list.entity() == Some(table.entity) && list.sort.iter().any(|sort| sort.field == field)
    })
}

/// The text of an expression without marks on its letters, in PostgreSQL.
///
/// `translate` looks each letter up from the beginning of its list: a text without marks is not
/// given to it, and in others what is frequent comes first, which makes it ten times as fast.
#[must_use]
pub fn without_marks(text: &str) -> String {
    let (mut from, mut to) = (FREQUENT.to_owned(), FREQUENT.to_owned());
    for (base, marked) in LETTERS {
        for letter in marked.chars() {
            from.push(letter);
            to.push(base);
        }
    }
    // What has no counterpart is left out.
    from.extend(MARKS);
    format!(
        "CASE WHEN octet_length({text}) = char_length({text}) THEN {text} \
         ELSE translate({text}, '{from}', '{to}') END"
    )
}

/// Letters that stay as they are, those that are met most first.
const FREQUENT: &str = " etaoinsrhldcumfpgwybvkxjqz0123456789.,-ETAOINSRHLDCUMFPGWYBVKXJQZ";

/// The same of a text that is searched for.
#[must_use]
pub fn plain(text: &str) -> String {
    let kept = text.chars().filter(|letter| !MARKS.contains(letter));
    kept.map(|letter| {
        let base = LETTERS.iter().find(|(_, marked)| !letter.is_ascii() && marked.contains(letter));
        base.map_or(letter, |(base, _)| *base)
    })
    .collect()
}

/// Marks that stand for themselves, behind their letter: those that SQLite drops.
const MARKS: std::ops::RangeInclusive<char> = '\u{300}'..='\u{331}';

/// Latin letters by what is left of them without their marks (Unicode's canonical decompositions).
const LETTERS: [(char, &str); 25] = [
    ('a', "ÀÁÂÃÄÅàáâãäåĀāĂăĄąǍǎǞǟǠǡǺǻȀȁȂȃȦȧḀḁẠạẢảẤấẦầẨẩẪẫẬậẮắẰằẲẳẴẵẶặ"),
    ('b', "ḂḃḄḅḆḇ"),
    ('c', "ÇçĆćĈĉĊċČčḈḉ"),
    ('d', "ĎďḊḋḌḍḎḏḐḑḒḓ"),
    ('e', "ÈÉÊËèéêëĒēĔĕĖėĘęĚěȄȅȆȇȨȩḔḕḖḗḘḙḚḛḜḝẸẹẺẻẼẽẾếỀềỂểỄễỆệ"),
    ('f', "Ḟḟ"),
    ('g', "ĜĝĞğĠġĢģǦǧǴǵḠḡ"),
    ('h', "ĤĥȞȟḢḣḤḥḦḧḨḩḪḫẖ"),
    ('i', "ÌÍÎÏìíîïĨĩĪīĬĭĮįİǏǐȈȉȊȋḬḭḮḯỈỉỊị"),
    ('j', "Ĵĵǰ"),
    ('k', "ĶķǨǩḰḱḲḳḴḵ"),
    ('l', "ĹĺĻļĽľḶḷḸḹḺḻḼḽ"),
    ('m', "ḾḿṀṁṂṃ"),
    ('n', "ÑñŃńŅņŇňǸǹṄṅṆṇṈṉṊṋ"),
    ('o', "ÒÓÔÕÖòóôõöŌōŎŏŐőƠơǑǒǪǫǬǭȌȍȎȏȪȫȬȭȮȯȰȱṌṍṎṏṐṑṒṓỌọỎỏỐốỒồỔổỖỗỘộỚớỜờỞởỠỡỢợ"),
    ('p', "ṔṕṖṗ"),
    ('r', "ŔŕŖŗŘřȐȑȒȓṘṙṚṛṜṝṞṟ"),
    ('s', "ŚśŜŝŞşŠšȘșṠṡṢṣṤṥṦṧṨṩ"),
    ('t', "ŢţŤťȚțṪṫṬṭṮṯṰṱẗ"),
    ('u', "ÙÚÛÜùúûüŨũŪūŬŭŮůŰűŲųƯưǓǔǕǖǗǘǙǚǛǜȔȕȖȗṲṳṴṵṶṷṸṹṺṻỤụỦủỨứỪừỬửỮữỰự"),
    ('v', "ṼṽṾṿ"),
    ('w', "ŴŵẀẁẂẃẄẅẆẇẈẉẘ"),
    ('x', "ẊẋẌẍ"),
    ('y', "ÝýÿŶŷŸȲȳẎẏẙỲỳỴỵỶỷỸỹ"),
    ('z', "ŹźŻżŽžẐẑẒẓẔẕ"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_lose_their_marks_and_nothing_else() {
        assert_eq!(
            plain("Crème BRÛLÉE, Ångström, Việt e\u{301}t"),
            "Creme BRuLeE, angstrom, Viet et"
        );
        assert_eq!(plain("straße 'ø' кофе 日本 -"), "straße 'ø' кофе 日本 -");
        let sql = without_marks("\"name\"");
        let sql = sql.split_once(" ELSE ").unwrap().1.strip_suffix(" END").unwrap();
        assert!(sql.starts_with("translate(\"name\", '") && sql.matches('\'').count() == 4);
        let (from, to) = sql[..sql.len() - 1].split_once("', '").unwrap();
        let from = from.split_once('\'').unwrap().1;
        assert_eq!(from.chars().count(), to.chars().count() - 1 + MARKS.count());
    }
}
