//! Access requests: a person asks the organizations that refuse an image, somebody there answers.
//!
//! Who asks and who answers are arguments: agents' calls, the command line and whatever comes later do
//! the same in the same transaction, and an answer is written into the trail.

mod answer;
mod ask;
mod error;
mod list;
mod refusal;
#[cfg(test)]
mod tests;

pub use self::{
    answer::{Approval, Approved, approve, deny, withdraw},
    ask::{Asked, Question, ask},
    error::AccessError,
    list::{Listed, list, mine, show},
    refusal::{Case, Refusal},
};

/// Longest reason of a request, and of a refusal, in characters.
pub const MAX_REASON_CHARS: usize = 500;
/// Longest note of an approval, in characters: it becomes part of a rule's reason.
pub const MAX_NOTE_CHARS: usize = 150;
/// Requests of one account within [`DAY`].
pub const MOST_A_DAY: i64 = 20;
/// Requests of one account that wait.
pub const MOST_PENDING: i64 = 50;
const DAY: i64 = 86_400;

/// An id as requests have them; for any other text there is no request, and the database is not asked.
fn known(id: &str) -> Result<&str, AccessError> {
    match !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        true => Ok(id),
        false => Err(AccessError::NoSuch(crate::plain::plain(id.chars().take(40).collect()))),
    }
}

/// One line of text as it is kept: without what steers a terminal, and not longer than `most` characters.
fn line(text: &str, most: usize) -> Result<String, AccessError> {
    let spaced: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let text = crate::plain::plain(spaced).trim().to_owned();
    match text.chars().count() {
        length if length > most => Err(AccessError::TooLong { length, most }),
        _ => Ok(text),
    }
}
