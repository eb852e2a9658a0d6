//! Names of organizations in files that people write.

/// One name, lower case: matching does not see case. Other separators than the list's own are told,
/// since a list in one string would silently match nobody (docker/for-mac#7688).
///
/// # Errors
/// What is wrong with it; `key` is where it stands.
pub(crate) fn parse(key: &str, name: &str) -> Result<String, String> {
    let name = name.trim().to_ascii_lowercase();
    if name.is_empty() {
        return Err(format!("`{key}` holds an empty name"));
    }
    if name.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, ',' | ';' | '"' | '\'')) {
        let shown: String = name.chars().take(80).map(|c| if c.is_control() { '?' } else { c }).collect();
        return Err(format!("`{key}` holds `{shown}`, which is no organization's name; write one name an entry"));
    }
    Ok(name)
}
