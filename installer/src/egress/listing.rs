//! What `nft` prints of our table.
//!
//! Rules are compared as text: the JSON of nftables 1.0.6 leaves out the level of a control group,
//! without which a rule means somebody else. Elements are read as JSON: as text they are wrapped.

use std::{fmt, fs, os::unix::fs::MetadataExt as _, path::Path};

use serde_json::Value;

use super::EgressError;

/// A control group in a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// One that `nft` found below `/sys/fs/cgroup`.
    Path(String),
    /// One that it did not find: it is gone, or mounted elsewhere.
    Id(u64),
}

impl Held {
    /// Whether it is the group with this id.
    #[must_use]
    pub fn is(&self, id: u64) -> bool {
        match self {
            Self::Id(held) => *held == id,
            Self::Path(path) => {
                fs::metadata(Path::new("/sys/fs/cgroup").join(path)).is_ok_and(|metadata| metadata.ino() == id)
            }
        }
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "`{path}`"),
            Self::Id(id) => write!(f, "{id}, which is none any more"),
        }
    }
}

/// The elements of the one set in the answer to `nft -j list set`.
///
/// # Errors
/// When it is no such answer.
pub fn held(json: &str) -> Result<Vec<Held>, EgressError> {
    let wrong = |why: &str| EgressError::Listing { why: why.to_owned() };
    let answer: Value = serde_json::from_str(json).map_err(|error| wrong(&error.to_string()))?;
    let parts = answer.get("nftables").and_then(Value::as_array).ok_or_else(|| wrong("no `nftables`"))?;
    let set = parts.iter().find_map(|part| part.get("set")).ok_or_else(|| wrong("no `set`"))?;
    if set.get("type").and_then(Value::as_str) != Some("cgroupsv2") {
        return Err(wrong("the set holds no control groups"));
    }
    let Some(elements) = set.get("elem") else { return Ok(Vec::new()) };
    let elements = elements.as_array().ok_or_else(|| wrong("`elem` is no list"))?;
    elements.iter().map(|element| group(element).ok_or_else(|| wrong("an element is no control group"))).collect()
}

/// A path or a number, as text or (newer) as it is, with its attributes around it if it has any.
fn group(element: &Value) -> Option<Held> {
    let element = element.pointer("/elem/val").unwrap_or(element);
    match element {
        Value::Number(number) => number.as_u64().map(Held::Id),
        Value::String(text) => Some(text.parse().map_or_else(|_| Held::Path(text.clone()), Held::Id)),
        _ => None,
    }
}

/// How two listings differ, in words; none: they do not. `now` is none where there is no table.
#[must_use]
pub fn difference(applied: &str, now: Option<&str>) -> Option<String> {
    let Some(now) = now else { return Some("the table `inet pullgate` is gone".to_owned()) };
    if applied == now {
        return None;
    }
    // A line may stand there more than once, and order counts.
    let missing = first_missing(applied, now).map(|line| format!("`{line}` is missing"));
    let more = first_missing(now, applied).map(|line| format!("`{line}` was added"));
    Some(missing.or(more).unwrap_or_else(|| "rules are in another order".to_owned()))
}

fn first_missing<'a>(of: &'a str, from: &str) -> Option<&'a str> {
    let mut left: Vec<&str> = from.lines().collect();
    of.lines().find_map(|line| match left.iter().position(|other| *other == line) {
        Some(at) => {
            left.swap_remove(at);
            None
        }
        None => Some(line.trim()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As nftables 1.0.6 prints it.
    fn set(elements: &str) -> String {
        let info = r#"{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}}"#;
        let set =
            r#"{"set": {"family": "inet", "name": "engine", "table": "pullgate", "type": "cgroupsv2", "handle": 2"#;
        format!(r#"{{"nftables": [{info}, {set}{elements}}}}}]}}"#)
    }

    #[test]
    fn a_set_holds_paths_and_numbers() {
        let path = Held::Path("unified/a/b".to_owned());
        for (elements, expected) in [
            (r#", "elem": ["unified/a/b"]"#, vec![path.clone()]),
            (r#", "elem": ["19614"]"#, vec![Held::Id(19614)]),
            (
                r#", "elem": [4294967301, {"elem": {"val": "unified/a/b", "counter": {}}}]"#,
                vec![Held::Id(4_294_967_301), path],
            ),
            ("", vec![]),
        ] {
            assert_eq!(held(&set(elements)).unwrap(), expected, "{elements}");
        }
        assert!(Held::Id(7).is(7) && !Held::Id(7).is(8));
        assert!(!Held::Path("no/such/group".to_owned()).is(7));
    }

    #[test]
    fn what_is_no_set_of_control_groups_is_an_error() {
        let other = set("").replace("cgroupsv2", "ipv4_addr");
        for json in ["", "[]", r#"{"nftables": []}"#, &other, &set(r#", "elem": [[]]"#), &set(r#", "elem": 5"#)] {
            assert!(held(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_difference_is_told_by_its_first_line() {
        let applied = "table {\n\ta\n\tb\n\ta\n}\n";
        for (now, expected) in [
            (Some(applied), None),
            (None, Some("the table `inet pullgate` is gone")),
            (Some("table {\n\ta\n\ta\n}\n"), Some("`b` is missing")),
            (Some("table {\n\ta\n\tb\n}\n"), Some("`a` is missing")),
            (Some("table {\n\ta\n\tb\n\tc\n\ta\n}\n"), Some("`c` was added")),
            (Some("table {\n\tb\n\ta\n\ta\n}\n"), Some("rules are in another order")),
        ] {
            assert_eq!(difference(applied, now).as_deref(), expected, "{now:?}");
        }
    }
}
