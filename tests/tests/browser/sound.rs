//! What is wrong with a page that is shown.

use tests::browser::{Look, Rules, Window};

/// What is wrong as it is looked at, a line for each fault.
pub async fn faults(window: &Window, look: Look) -> Vec<String> {
    match look {
        Look::Light => window.accessibility(Rules::All).await,
        Look::Dark => window.accessibility(Rules::Colours).await,
        Look::Phone => {
            window.overflow().await.into_iter().map(|wide| format!("wider than a phone by {wide}")).collect()
        }
    }
}
