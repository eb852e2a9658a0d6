//! Of a test's own: here it is the file in the data directory.

/// Nothing beside the data directory.
pub struct Database;

impl Database {
    /// A fresh one.
    pub fn new() -> Self {
        Self
    }

    /// What it holds beside the data directory.
    pub fn stored(&self) -> Vec<u8> {
        Vec::new()
    }

    /// What tells the service.
    pub fn environment(&self) -> Option<(&'static str, String)> {
        None
    }
}
