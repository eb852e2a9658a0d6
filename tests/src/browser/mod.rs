//! The console in a browser: Chromium without a display, driven over WebDriver as a person drives it.
//!
//! | module | does |
//! |---|---|
//! | `driver` | the one process that starts browsers, and ends with all of them |
//! | `window` | one browser: pages, fields, buttons, keys, found by what people see; `fantoccini` lives there |
//! | `findings` | what is wrong with the page that is shown, and pictures of it |
//! | `company` | a service with somebody of every role, and with something to see on every page |
//! | `desk` | a machine of its members: plugin and agent, asked as an engine asks |
//!
//! Needs root, as every laboratory, and what `tests/setup` installs.

mod company;
mod desk;
mod driver;
mod findings;
mod window;

use std::path::PathBuf;

pub use self::{
    company::{Company, ORGANIZATION, PEOPLE},
    driver::Driver,
    findings::{Look, Rules},
    window::{Scripting, Window},
};

/// Where the build puts what it makes, and the tests what people look at.
fn target() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    test.ancestors().nth(3).map(PathBuf::from).unwrap_or_default()
}

/// Where pictures of pages are.
#[must_use]
pub fn screenshots() -> PathBuf {
    target().join("screenshots")
}
