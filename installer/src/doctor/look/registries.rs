//! Whether engine and registry door have the same mirrors and the same insecure registries.

use std::{fs, io, path::Path};

use serde_json::Value;

/// The door's own lists, as its settings file has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lists {
    /// They were read.
    Known {
        /// `mirrors`.
        mirrors: Vec<String>,
        /// `insecureRegistries`.
        insecure: Vec<String>,
    },
    /// They were not; why.
    Unknown(String),
}

/// Not the door's own reader: it must also show what the door would refuse to start with.
pub fn look(settings: &Path) -> Lists {
    let text = match fs::read(settings) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => b"{}".to_vec(),
        Err(error) => return Lists::Unknown(error.to_string()),
    };
    let Ok(json) = serde_json::from_slice::<Value>(&text) else { return Lists::Unknown("it is no JSON".to_owned()) };
    let list = |key: &str| {
        let entries = json[key].as_array();
        entries.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Lists::Known { mirrors: list("mirrors"), insecure: list("insecureRegistries") }
}

/// What `of` names and `beside` does not, by host and port.
pub fn missing<'a>(of: &'a [String], beside: &[String]) -> Vec<&'a str> {
    let beside: Vec<String> = beside.iter().map(|entry| authority(entry)).collect();
    of.iter().filter(|entry| !beside.contains(&authority(entry))).map(String::as_str).collect()
}

/// `https://mirror.example:443/` and `MIRROR.example` are the same.
fn authority(entry: &str) -> String {
    let (scheme, rest) = entry.split_once("://").unwrap_or(("https", entry));
    let host = rest.split('/').next().unwrap_or_default().to_ascii_lowercase();
    let default = if scheme == "http" { ":80" } else { ":443" };
    host.strip_suffix(default).map(str::to_owned).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_compared_by_host_and_port() {
        let list = |entries: &[&str]| -> Vec<String> { entries.iter().map(|entry| (*entry).to_owned()).collect() };
        let engine = list(&["https://Mirror.example:443/", "http://10.0.0.5:5000/", "https://b.example/"]);
        assert_eq!(missing(&engine, &list(&["mirror.example", "10.0.0.5:5000"])), ["https://b.example/"]);
        assert_eq!(missing(&engine, &list(&["mirror.example", "10.0.0.5:5000", "b.example"])), [""; 0]);
    }

    #[test]
    fn settings_that_cannot_be_read_are_no_empty_ones() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("proxy.json");
        assert_eq!(look(&path), Lists::Known { mirrors: Vec::new(), insecure: Vec::new() });
        fs::write(&path, r#"{"mirrors": ["m.example"], "insecureRegistries": ["i.example:5000", 7]}"#).unwrap();
        assert_eq!(
            look(&path),
            Lists::Known { mirrors: vec!["m.example".into()], insecure: vec!["i.example:5000".into()] }
        );
        fs::write(&path, "{").unwrap();
        assert!(matches!(look(&path), Lists::Unknown(_)));
    }
}
