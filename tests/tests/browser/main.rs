//! The real console of the real service, in a real browser.

mod answers;
mod forms;
mod keyboard;
mod no_script;
mod pages;
mod provider;
mod sound;
