//! Names of organizations in files that people write.

use crate::convert::MAX_NAME_BYTES;

/// One name, lower case: matching does not see case. What no organization can be called is told: a list in one
/// string would silently match nobody (docker/for-mac#7688), and so would a name with a zero-width space.
///
/// # Errors
/// What is wrong with it; `key` is where it stands.
pub(crate) fn parse(key: &str, name: &str) -> Result<String, String> {
    let name = name.trim().to_ascii_lowercase();
    if name.is_empty() {
        return Err(format!("`{key}` holds an empty name"));
    }
    let first = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if name.len() > MAX_NAME_BYTES
        || !first
        || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
    {
        // Escaped: what came along with a copied name may not be seen, or may look like a letter.
        let shown: String = name.chars().take(80).flat_map(char::escape_default).collect();
        return Err(format!("`{key}` holds `{shown}`, which is no organization's name; write one name an entry"));
    }
    Ok(name)
}
