//! HTML that is well-formed and escaped by construction.

/// A piece of a page.
#[derive(Clone, Debug, Default)]
pub struct Html(String);

/// Attributes of an element; those with an empty value stand without one.
pub type Attributes<'a> = &'a [(&'a str, &'a str)];

impl Html {
    /// What was written.
    pub fn finish(self) -> String {
        self.0
    }

    /// Text, escaped.
    pub fn text(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                letter => self.0.push(letter),
            }
        }
    }

    /// Text in which pieces between backquotes are code.
    pub fn prose(&mut self, text: &str) {
        for (at, piece) in text.split('`').enumerate() {
            if at % 2 == 1 { self.leaf("code", &[], piece) } else { self.text(piece) }
        }
    }

    /// An element with what `inside` writes.
    pub fn element(&mut self, tag: &str, attributes: Attributes, inside: impl FnOnce(&mut Self)) {
        self.open(tag, attributes);
        inside(self);
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
        if matches!(tag, "tr" | "section" | "table" | "li" | "p" | "details" | "g" | "div") {
            self.0.push('\n');
        }
    }

    /// An element with text alone.
    pub fn leaf(&mut self, tag: &str, attributes: Attributes, text: &str) {
        self.element(tag, attributes, |inside| inside.text(text));
    }

    /// An element that has no end.
    pub fn void(&mut self, tag: &str, attributes: Attributes) {
        self.open(tag, attributes);
    }

    /// Markup of ours, taken as it is.
    pub fn raw(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    /// A table that may be wider than the page; each row writes its own cells.
    pub fn table(&mut self, heads: &[&str], rows: impl FnOnce(&mut Self)) {
        self.element("div", &[("class", "wide")], |out| {
            out.element("table", &[], |out| {
                out.element("thead", &[], |out| {
                    out.element("tr", &[], |out| {
                        heads.iter().for_each(|head| out.leaf("th", &[("scope", "col")], head));
                    });
                });
                out.element("tbody", &[], rows);
            });
        });
    }

    /// A row of plain cells, the first of which names it.
    pub fn row(&mut self, cells: &[&str]) {
        self.element("tr", &[], |out| {
            for (at, cell) in cells.iter().enumerate() {
                let (tag, scope): (_, Attributes) =
                    if at == 0 { ("th", &[("scope", "row")]) } else { ("td", &[]) };
                out.element(tag, scope, |out| out.prose(cell));
            }
        });
    }

    fn open(&mut self, tag: &str, attributes: Attributes) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            if !value.is_empty() {
                self.0.push_str("=\"");
                self.text(value);
                self.0.push('"');
            }
        }
        self.0.push('>');
    }
}

/// An identifier of a place in the page: letters, digits, `-`, `_` and `.` stay.
pub fn anchor(kind: &str, name: &str) -> String {
    let plain = name.replace("->", "-to-");
    let allowed = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    format!("{kind}-{}", plain.chars().map(allowed).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_becomes_markup() {
        let mut out = Html::default();
        out.leaf("p", &[("title", "\"><script>")], "<b> & `");
        assert_eq!(out.finish(), "<p title=\"&quot;&gt;&lt;script&gt;\">&lt;b&gt; &amp; `</p>\n");
    }

    #[test]
    fn code_stands_between_backquotes() {
        let mut out = Html::default();
        out.prose("see `a<b` there");
        assert_eq!(out.finish(), "see <code>a&lt;b</code> there");
    }

    #[test]
    fn an_anchor_has_no_arrow() {
        assert_eq!(anchor("decision", "link.a->b c"), "decision-link.a-to-b-c");
    }
}
