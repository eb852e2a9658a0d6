//! Badges of Docker Hub namespaces.

use super::{
    Reading, StoreError, Writing,
    sql::{made, placeholders, query, query_as, query_scalar},
};
use crate::model::{Badge, BadgeSource, Publisher, from_word, word};

/// Namespaces in one statement.
const BATCH: usize = 500;

impl Reading {
    /// All badges, by namespace: what is published of the directory.
    pub(crate) async fn publishers(&mut self) -> Result<Vec<(String, Badge)>, StoreError> {
        let rows = self.directory().await?;
        Ok(rows.into_iter().map(|row| (row.namespace, row.badge)).collect())
    }

    /// The directory as people see it, by namespace.
    pub(crate) async fn directory(&mut self) -> Result<Vec<Publisher>, StoreError> {
        let sql = "SELECT namespace, badge, source FROM publishers ORDER BY namespace";
        let rows: Vec<(String, String, String)> = query_as(sql).fetch_all(&mut self.0).await?;
        rows.into_iter()
            .map(|(namespace, badge, source)| {
                let badge = from_word(&badge).map_err(StoreError::unknown("badge"))?;
                let source = from_word(&source).map_err(StoreError::unknown("source"))?;
                Ok(Publisher { namespace, badge, source })
            })
            .collect()
    }

    /// The sequence at the directory's last change.
    pub(crate) async fn publishers_revision(&mut self) -> Result<i64, StoreError> {
        query_scalar("SELECT publishers FROM sequence").fetch_one(&mut self.0).await
    }
}

impl Writing {
    /// Gives a namespace its badge, by hand.
    pub(crate) async fn set_publisher(&mut self, namespace: &str, badge: Badge) -> Result<(), StoreError> {
        let sql = "INSERT INTO publishers (namespace, badge, source) VALUES ($1, $2, $3) \
                   ON CONFLICT (namespace) DO UPDATE SET badge = excluded.badge, source = excluded.source";
        let source = word(BadgeSource::Hand);
        query(sql).bind(namespace).bind(word(badge)).bind(source).execute(&mut self.0.0).await?;
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

    /// Gives and takes badges as Docker Hub says. What was given by hand stays as it is. Nothing to do: nothing is
    /// published anew.
    pub(crate) async fn refresh_publishers(
        &mut self,
        given: &[(&str, Badge)],
        taken: &[&str],
    ) -> Result<(), StoreError> {
        if given.is_empty() && taken.is_empty() {
            return Ok(());
        }
        let source = word(BadgeSource::DockerHub);
        for batch in given.chunks(BATCH) {
            let mut statement = made(format!(
                "INSERT INTO publishers (namespace, badge, source) VALUES {} ON CONFLICT (namespace) \
                 DO UPDATE SET badge = excluded.badge WHERE publishers.source = excluded.source",
                placeholders(batch.len(), 3)
            ));
            for (namespace, badge) in batch {
                statement = statement.bind(*namespace).bind(word(*badge)).bind(&source);
            }
            statement.execute(&mut self.0.0).await?;
        }
        for batch in taken.chunks(BATCH) {
            let mut statement = made(format!(
                "DELETE FROM publishers WHERE namespace IN {} AND source = ${}",
                placeholders(1, batch.len()),
                batch.len() + 1
            ));
            for namespace in batch {
                statement = statement.bind(*namespace);
            }
            statement.bind(&source).execute(&mut self.0.0).await?;
        }
        self.touch_publishers().await
    }
}
