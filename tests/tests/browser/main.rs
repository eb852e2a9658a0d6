//! The real console of the real service, in a real browser.

mod forms;
mod keyboard;
mod no_script;
mod pages;
mod provider;
