//! Markdown: text of a model that stays text, and pages made of headings, paragraphs and tables.

/// On one line, and without tags of its own.
pub fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('<', "&lt;")
}

/// The same in a cell of a table.
pub fn cell(text: &str) -> String {
    line(text).replace('|', "\\|")
}

/// The first names of a list as code, and how many more there are.
pub fn some<T: AsRef<str>>(names: &[T]) -> String {
    const SHOWN: usize = 6;
    let first = names.iter().take(SHOWN).map(|name| format!("`{}`", name.as_ref()));
    let more = names.len().saturating_sub(SHOWN);
    let more = (more > 0).then(|| format!("{more} more"));
    first.chain(more).collect::<Vec<_>>().join(", ")
}

/// A page.
#[derive(Clone, Debug, Default)]
pub struct Markdown(String);

impl Markdown {
    /// A page with its title.
    pub fn titled(title: &str) -> Self {
        Self(format!("# {}\n", line(title)))
    }

    /// A heading of the second level.
    pub fn section(&mut self, title: &str) {
        self.0 += &format!("\n## {}\n", line(title));
    }

    /// A heading of the third level.
    pub fn subsection(&mut self, title: &str) {
        self.0 += &format!("\n### {}\n", line(title));
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: &str) {
        self.0 += &format!("\n{}\n", line(text));
    }

    /// A section that is Markdown already; nothing of nothing.
    pub fn append(&mut self, markdown: &str) {
        if !markdown.is_empty() {
            self.0 += &format!("\n{}\n", markdown.trim_end());
        }
    }

    /// A list; nothing where it would be empty.
    pub fn list<T: AsRef<str>>(&mut self, items: impl IntoIterator<Item = T>) {
        let items: String =
            items.into_iter().map(|item| format!("- {}\n", line(item.as_ref()))).collect();
        if !items.is_empty() {
            self.0 += &format!("\n{items}");
        }
    }

    /// A table; `otherwise` in its place where it would have no rows.
    pub fn table<T: AsRef<str>>(
        &mut self,
        heads: &[&str],
        rows: impl IntoIterator<Item = Vec<T>>,
        otherwise: &str,
    ) {
        let row = |cells: Vec<T>| {
            let cells: Vec<String> = cells.iter().map(|of| cell(of.as_ref())).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let rows: String = rows.into_iter().map(row).collect();
        if rows.is_empty() {
            self.paragraph(otherwise);
            return;
        }
        let rule = "---|".repeat(heads.len());
        self.0 += &format!("\n| {} |\n|{rule}\n{rows}", heads.join(" | "));
    }

    /// The text.
    pub fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page() {
        let mut page = Markdown::titled("A\nB");
        page.section("C");
        page.paragraph("one\ntwo <b>");
        page.table(&["x", "y"], [vec!["1|2", "3"]], "none");
        page.table::<&str>(&["x"], [], "none");
        page.list(["a", "b"]);
        let expected = "# A B\n\n## C\n\none two &lt;b>\n\n| x | y |\n|---|---|\n| 1\\|2 | 3 |\n\nnone\n\n- a\n- b\n";
        assert_eq!(page.finish(), expected);
    }
}
