//! Printing what was measured.

/// Prints a Markdown table with aligned columns, below its title if it has one.
pub fn print(title: &str, head: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let line = |cells: Vec<&str>| {
        let padded =
            cells.iter().enumerate().map(|(i, cell)| format!("{cell:<width$}", width = width(i)));
        let padded: Vec<String> = padded.collect();
        println!("| {} |", padded.join(" | "));
    };
    match title {
        "" => println!(),
        title => println!("\n### {title}\n"),
    }
    line(head.to_vec());
    line(head.iter().map(|_| "-").collect());
    for row in rows {
        line(row.iter().map(String::as_str).collect());
    }
}

/// The middle value; of an even number, the lower of the two in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}
