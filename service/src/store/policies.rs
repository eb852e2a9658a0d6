//! An organization's settings and registry list.

use super::{
    Reading, StoreError, Writing,
    sql::{query, query_as, query_scalar},
};
use crate::model::{PolicyState, Settings, from_word, word};

type Row = (bool, String, bool, bool, bool, bool, String, String, String, String);

impl Reading {
    /// The settings.
    pub(crate) async fn settings(&mut self, organization: i64) -> Result<Settings, StoreError> {
        let sql = "SELECT enabled, mode, official, verified_publisher, community, registry_control, when_expired, \
                   message, request_url, email FROM policies WHERE organization_id = $1";
        let row: Row = query_as(sql).bind(organization).fetch_one(&mut self.0).await?;
        let (enabled, mode, official, verified_publisher, community, registry_control, when_expired, ..) = &row;
        Ok(Settings {
            enabled: *enabled,
            mode: from_word(mode).map_err(StoreError::unknown("mode"))?,
            official: *official,
            verified_publisher: *verified_publisher,
            community: *community,
            registry_control: *registry_control,
            when_expired: from_word(when_expired).map_err(StoreError::unknown("when_expired"))?,
            message: row.7,
            request_url: row.8,
            email: row.9,
            beyond: self.beyond(organization).await?,
        })
    }

    /// Everything that makes the policy.
    pub(crate) async fn policy(&mut self, id: i64, organization: &str) -> Result<PolicyState, StoreError> {
        let registries = "SELECT host FROM registries WHERE organization_id = $1 ORDER BY host";
        let namespaces = "SELECT namespace FROM namespaces WHERE organization_id = $1 ORDER BY namespace";
        Ok(PolicyState {
            organization: organization.to_owned(),
            settings: self.settings(id).await?,
            registries: query_scalar(registries).bind(id).fetch_all(&mut self.0).await?,
            namespaces: query_scalar(namespaces).bind(id).fetch_all(&mut self.0).await?,
            rules: self.rules(id, None).await?,
        })
    }
}

impl Writing {
    /// Replaces the settings.
    pub(crate) async fn set_settings(&mut self, organization: i64, settings: &Settings) -> Result<(), StoreError> {
        let sql = "INSERT INTO policies (organization_id, enabled, mode, official, verified_publisher, community, \
                   registry_control, when_expired, message, request_url, email) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (organization_id) DO UPDATE SET \
                   enabled = excluded.enabled, mode = excluded.mode, official = excluded.official, \
                   verified_publisher = excluded.verified_publisher, community = excluded.community, \
                   registry_control = excluded.registry_control, when_expired = excluded.when_expired, \
                   message = excluded.message, request_url = excluded.request_url, email = excluded.email";
        query(sql)
            .bind(organization)
            .bind(settings.enabled)
            .bind(word(settings.mode))
            .bind(settings.official)
            .bind(settings.verified_publisher)
            .bind(settings.community)
            .bind(settings.registry_control)
            .bind(word(settings.when_expired))
            .bind(&settings.message)
            .bind(&settings.request_url)
            .bind(&settings.email)
            .execute(&mut self.0.0)
            .await?;
        self.set_beyond(organization, &settings.beyond).await?;
        self.touch_organization(organization).await
    }

    /// Replaces the registry list.
    pub(crate) async fn set_registries(&mut self, organization: i64, hosts: &[String]) -> Result<(), StoreError> {
        let sql = "DELETE FROM registries WHERE organization_id = $1";
        query(sql).bind(organization).execute(&mut self.0.0).await?;
        for host in hosts {
            let sql = "INSERT INTO registries (organization_id, host) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            query(sql).bind(organization).bind(host).execute(&mut self.0.0).await?;
        }
        self.touch_organization(organization).await
    }
}
