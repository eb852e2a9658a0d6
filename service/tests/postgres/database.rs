//! Of a test's own: a fresh database on the server of this test process.

#[path = "../../src/store/testing/server.rs"]
mod server;

pub use server::{Database, PASSWORD, Server};

impl Database {
    /// What it holds, as statements.
    pub fn stored(&self) -> Vec<u8> {
        let file = tempfile::NamedTempFile::new().unwrap();
        self.tell("dump", file.path().to_str().unwrap());
        std::fs::read(file.path()).unwrap()
    }

    /// What tells the service.
    pub fn environment(&self) -> Option<(&'static str, String)> {
        Some((service::database::ENVIRONMENT, self.url()))
    }
}
