//! Badges of Docker Hub namespaces.

use super::{
    Reading, StoreError, Writing,
    sql::{query, query_as, query_scalar},
};
use crate::model::{Badge, from_word, word};

impl Reading {
    /// All badges, by namespace.
    pub(crate) async fn publishers(&mut self) -> Result<Vec<(String, Badge)>, StoreError> {
        let sql = "SELECT namespace, badge FROM publishers ORDER BY namespace";
        let rows: Vec<(String, String)> = query_as(sql).fetch_all(&mut self.0).await?;
        rows.into_iter()
            .map(|(namespace, badge)| Ok((namespace, from_word(&badge).map_err(StoreError::unknown("badge"))?)))
            .collect()
    }

    /// The sequence at the directory's last change.
    pub(crate) async fn publishers_revision(&mut self) -> Result<i64, StoreError> {
        query_scalar("SELECT publishers FROM sequence").fetch_one(&mut self.0).await
    }
}

impl Writing {
    /// Gives a namespace its badge.
    pub(crate) async fn set_publisher(&mut self, namespace: &str, badge: Badge) -> Result<(), StoreError> {
        let sql = "INSERT INTO publishers (namespace, badge) VALUES ($1, $2) \
                   ON CONFLICT (namespace) DO UPDATE SET badge = excluded.badge";
        query(sql).bind(namespace).bind(word(badge)).execute(&mut self.0.0).await?;
        self.touch_publishers().await
    }

    /// Takes a badge away. False: there was none.
    pub(crate) async fn remove_publisher(&mut self, namespace: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM publishers WHERE namespace = $1";
        let gone = query(sql).bind(namespace).execute(&mut self.0.0).await? > 0;
        if gone {
            self.touch_publishers().await?;
        }
        Ok(gone)
    }
}
