//! An organization's settings beyond which images may be pulled.

use super::{
    Reading, StoreError, Writing,
    sql::{query, query_as, query_scalar},
};
use crate::model::{Beyond, from_word, word};

type Row = (String, String, String, String, String, String, String, bool, bool);

/// Lists in the table of patterns.
const PUSH: &str = "push";
const PROTECT: &str = "protect";

impl Reading {
    pub(super) async fn beyond(&mut self, organization: i64) -> Result<Beyond, StoreError> {
        let sql = "SELECT local_content, run_unapproved, engine_plugins, swarm, builds, unknown_requests, \
                   container_builders, push_restricted, protect FROM policies WHERE organization_id = $1";
        let row: Row = query_as(sql).bind(organization).fetch_one(&mut self.0).await?;
        let (
            local_content,
            run_unapproved,
            engine_plugins,
            swarm,
            builds,
            unknown_requests,
            container_builders,
            restricted,
            protect,
        ) = row;
        Ok(Beyond {
            local_content: from_word(&local_content).map_err(StoreError::unknown("local_content"))?,
            run_unapproved: from_word(&run_unapproved).map_err(StoreError::unknown("run_unapproved"))?,
            engine_plugins: from_word(&engine_plugins).map_err(StoreError::unknown("engine_plugins"))?,
            swarm: from_word(&swarm).map_err(StoreError::unknown("swarm"))?,
            builds: from_word(&builds).map_err(StoreError::unknown("builds"))?,
            container_builders: from_word(&container_builders).map_err(StoreError::unknown("container_builders"))?,
            unknown_requests: from_word(&unknown_requests).map_err(StoreError::unknown("unknown_requests"))?,
            // The flag tells an empty list, which allows nothing, from none.
            push: if restricted { Some(self.patterns(organization, PUSH).await?) } else { None },
            protect,
            protect_allow: self.patterns(organization, PROTECT).await?,
        })
    }

    async fn patterns(&mut self, organization: i64, setting: &str) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT pattern FROM setting_patterns WHERE organization_id = $1 AND setting = $2 ORDER BY pattern";
        query_scalar(sql).bind(organization).bind(setting).fetch_all(&mut self.0).await
    }
}

impl Writing {
    /// Replaces them in the organization's row, which is there.
    pub(super) async fn set_beyond(&mut self, organization: i64, beyond: &Beyond) -> Result<(), StoreError> {
        let sql = "UPDATE policies SET local_content = $2, run_unapproved = $3, engine_plugins = $4, swarm = $5, \
                   builds = $6, unknown_requests = $7, push_restricted = $8, protect = $9, \
                   container_builders = $10 WHERE organization_id = $1";
        query(sql)
            .bind(organization)
            .bind(word(beyond.local_content))
            .bind(word(beyond.run_unapproved))
            .bind(word(beyond.engine_plugins))
            .bind(word(beyond.swarm))
            .bind(word(beyond.builds))
            .bind(word(beyond.unknown_requests))
            .bind(beyond.push.is_some())
            .bind(beyond.protect)
            .bind(word(beyond.container_builders))
            .execute(&mut self.0.0)
            .await?;
        self.set_patterns(organization, PUSH, beyond.push.as_deref().unwrap_or_default()).await?;
        self.set_patterns(organization, PROTECT, &beyond.protect_allow).await
    }

    async fn set_patterns(&mut self, organization: i64, setting: &str, patterns: &[String]) -> Result<(), StoreError> {
        let sql = "DELETE FROM setting_patterns WHERE organization_id = $1 AND setting = $2";
        query(sql).bind(organization).bind(setting).execute(&mut self.0.0).await?;
        for pattern in patterns {
            let sql = "INSERT INTO setting_patterns (organization_id, setting, pattern) VALUES ($1, $2, $3) \
                       ON CONFLICT DO NOTHING";
            query(sql).bind(organization).bind(setting).bind(pattern).execute(&mut self.0.0).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
