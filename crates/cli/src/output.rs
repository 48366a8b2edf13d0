//! Standard output: readable tables for people, JSON for programs. Both are made from the same JSON value, so
//! that a table never shows what the JSON does not have.

use std::io::{self, Write};

use clap::ValueEnum;
use comfy_table::{Table, presets};
use serde_json::Value;

use crate::failure::Failure;

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns for people; may change between versions.
    #[default]
    Table,
    /// JSON with AWS's member names; only ever gains members.
    Json,
}

/// A column or line of a table: its heading and the JSON pointer of its value.
pub(crate) type Column = (&'static str, &'static str);

/// Prints the JSON of `value`, or `table` for people.
pub(crate) fn print(format: Format, value: &Value, table: impl FnOnce() -> String) -> Result<(), Failure> {
    match format {
        Format::Json => print_text(&json_text(value)),
        Format::Table => print_text(&table()),
    }
}

/// Prints the answer of a call that only does something: one sentence for people, `{}` for programs.
pub(crate) fn done(format: Format, sentence: &str) -> Result<(), Failure> {
    print(format, &serde_json::json!({}), || sentence.to_owned())
}

/// Prints `text` and a line end.
pub(crate) fn print_text(text: &str) -> Result<(), Failure> {
    print_bytes(format!("{}\n", text.trim_end_matches('\n')).as_bytes())
}

/// Prints bytes as they are. A reader that went away is no failure.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::local("standard output")(error))
        }
        _ => Ok(()),
    }
}

/// Tells a person something on standard error, which is also where questions and failures go.
pub(crate) fn tell(text: &str) {
    // Nobody is left to be told when standard error itself fails.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// JSON as kmsctl prints it.
pub(crate) fn json_text(value: &Value) -> String {
    format!("{value:#}")
}

/// A table with a row for each of `rows`.
pub(crate) fn list(rows: &[Value], columns: &[Column]) -> String {
    let mut table = new_table();
    table.set_header(columns.iter().map(|(heading, _)| *heading));
    for row in rows {
        table.add_row(columns.iter().map(|(_, pointer)| cell(row.pointer(pointer))));
    }
    text_of(&table)
}

/// A table with a line for each of `lines` that `record` has.
pub(crate) fn record(record: &Value, lines: &[Column]) -> String {
    let mut table = new_table();
    for (heading, pointer) in lines {
        if let Some(value) = record.pointer(pointer) {
            table.add_row([(*heading).to_owned(), cell(Some(value))]);
        }
    }
    text_of(&table)
}

/// The text of a value in a table; `-` for an absent or empty one.
fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) => values
            .iter()
            .map(|value| cell(Some(value)))
            .collect::<Vec<_>>()
            .join(", "),
        Some(Value::Object(members)) => members
            .iter()
            .map(|(name, value)| format!("{name}={}", cell(Some(value))))
            .collect::<Vec<_>>()
            .join(" "),
        Some(value @ (Value::Bool(_) | Value::Number(_))) => value.to_string(),
    };
    if text.is_empty() {
        "-".to_owned()
    } else {
        text.replace(['\n', '\r', '\t'], " ")
    }
}

fn new_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

/// The table's lines without the padding around them.
fn text_of(table: &Table) -> String {
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned())
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{list, record};

    #[test]
    fn a_list_has_aligned_columns_and_a_dash_for_what_is_absent() {
        let rows = [
            json!({"Name": "alias/a", "Key": {"Id": "1"}}),
            json!({"Name": "alias/longer", "Key": {}}),
        ];
        let table = list(&rows, &[("ALIAS", "/Name"), ("KEY", "/Key/Id")]);
        assert_eq!(table, "ALIAS         KEY\nalias/a       1\nalias/longer  -");
    }

    #[test]
    fn a_record_leaves_out_what_is_absent() {
        let table = record(
            &json!({"A": true, "L": ["x", "y"]}),
            &[("a", "/A"), ("b", "/B"), ("list", "/L")],
        );
        assert_eq!(table, "a     true\nlist  x, y");
    }

    #[test]
    fn a_value_cannot_break_a_line_of_its_table() {
        assert_eq!(record(&json!({"A": "x\ny"}), &[("a", "/A")]), "a  x y");
    }
}
