//! `vectors/daemon-json/expected.tsv`: files of engines, and what must become of them.

use std::{fmt, fs};

use serde_json::Value;

use crate::repository;

/// The plugin of the table.
pub const PLUGIN: &str = "iam-authz";

/// A row.
#[derive(Debug, Clone)]
pub struct Row {
    /// The input's file.
    pub name: String,
    /// Its bytes; none: there is no file.
    pub input: Option<Vec<u8>>,
    /// What the engine's unit starts it with.
    pub unit_flags: String,
    /// `create`, `edit`, `noop`, `refuse`.
    pub action: String,
    /// Of a refusal.
    pub class: String,
    /// The plugins afterwards, or null.
    pub plugins: Value,
    /// Whether engines 20.10, 26.1 and 28.5 take the input; none: there is no input.
    pub taken: [Option<bool>; 3],
    /// The file with what must be there, or `-`.
    pub expected_file: String,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}` ({} {})", self.name, self.unit_flags, self.action, self.class)
    }
}

impl Row {
    /// What the file must hold afterwards, squeezed.
    ///
    /// # Panics
    /// When there is no such file.
    #[must_use]
    pub fn expected(&self) -> String {
        squeezed(&read(&self.expected_file).map(|bytes| String::from_utf8(bytes).unwrap()).unwrap())
    }
}

/// All rows.
///
/// # Panics
/// When the table cannot be read.
#[must_use]
pub fn rows() -> Vec<Row> {
    let table = String::from_utf8(read("expected.tsv").unwrap()).unwrap();
    table.lines().skip(1).map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.split('\t').collect();
    let [name, unit_flags, action, class, plugins, expected_file, old, middle, new, _, _] = cells[..] else {
        panic!("not eleven cells: {line}");
    };
    let taken = |cell: &str| match cell {
        "-" => None,
        cell => Some(cell == "ok"),
    };
    Row {
        name: name.to_owned(),
        input: read(name),
        unit_flags: if unit_flags == "-" { String::new() } else { unit_flags.to_owned() },
        action: action.to_owned(),
        class: class.to_owned(),
        plugins: serde_json::from_str(plugins).unwrap_or_default(),
        taken: [old, middle, new].map(taken),
        expected_file: expected_file.to_owned(),
    }
}

/// Files with bytes that no text has are kept in hexadecimal, `NAME.hex`.
fn read(name: &str) -> Option<Vec<u8>> {
    let directory = repository().join("tests/vectors/daemon-json");
    fs::read(directory.join(name)).ok().or_else(|| {
        let text = fs::read_to_string(directory.join(format!("{name}.hex"))).ok()?;
        let digits: Vec<char> = text.trim().chars().collect();
        let byte =
            |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).expect("hexadecimal digits");
        Some(digits.chunks(2).map(byte).collect())
    })
}

/// A JSON text without what stands between its parts: two are equal if they hold the same, numbers as they are
/// written and keys in their order.
#[must_use]
pub fn squeezed(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.trim_start_matches('\u{feff}').chars();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted => {
                out.push(c);
                out.extend(chars.next());
                continue;
            }
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => continue,
            _ => {}
        }
        out.push(c);
    }
    out
}
