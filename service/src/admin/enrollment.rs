//! `enrollment`: the file that tells a machine which service to trust.

use anyhow::{Context as _, bail};
use proto::keys::VerifyingKey;
use serde_json::json;
use time::OffsetDateTime;

use super::Admin;
use crate::{
    cli::EnrollmentOptions,
    data_dir::DataDir,
    key_ring::KeyRing,
    names::Name,
    signing_key::{self, IfMissing},
    tls::OwnAuthority,
};

pub(super) async fn print(admin: &Admin, options: EnrollmentOptions) -> anyhow::Result<()> {
    let url = options.url.trim_end_matches('/');
    check_url(url)?;
    let mut view = admin.store.read().await?;
    for organization in &options.allowed_org {
        admin.organization(&mut view, organization.as_str()).await?;
    }
    let missing = if view.has_sealed().await? { IfMissing::Refuse } else { IfMissing::Create };
    let dir = DataDir::open(&admin.data_dir, true)?;
    signing_key::all_or_first(&dir, missing)?;
    let ring = KeyRing::load(&dir, &mut view).await?;
    let keys: Vec<String> = ring.trusted().iter().map(VerifyingKey::to_base64).collect();
    let mut copy = None;
    let mut file = json!({
        "service": url,
        "trustKeys": keys,
    });
    // Without the list Docker's own file decides on a machine that has one; an empty list would overrule it.
    if !options.allowed_org.is_empty() {
        file["allowedOrgs"] = options.allowed_org.iter().map(Name::as_str).collect();
    }
    if options.docker_hub_credentials {
        if !url.starts_with("https://") {
            bail!("Docker Hub credentials are shown over `https://` only, and `{url}` is not");
        }
        file["dockerHubCredentials"] = true.into();
    }
    if options.registry_door {
        file["registryDoor"] = true.into();
    }
    if url.starts_with("https://") && !options.system_roots {
        // Made now, so that it can be copied before the first start.
        let authority = OwnAuthority::load_or_create(&dir, OffsetDateTime::now_utc())?;
        let ca_file = options.ca_file.to_str().context("`--ca-file` is not UTF-8")?;
        if !options.ca_file.is_absolute() {
            bail!(
                "`--ca-file {ca_file}` is not absolute, and machines read it from any directory; write where it is on them"
            );
        }
        file["caFile"] = ca_file.into();
        if options.ca_file != authority.path() {
            let own = authority.path().display();
            copy = Some(format!("copy {own} to {ca_file} on each machine, mode 0644"));
        }
    }
    let contact =
        [("adminName", options.admin_name), ("adminEmail", options.admin_email), ("adminURL", options.admin_url)];
    for (name, value) in contact {
        if !value.is_empty() {
            file[name] = value.into();
        }
    }
    admin.out.line(serde_json::to_string_pretty(&file)?, &file);
    if let Some(copy) = copy {
        admin.out.next_step(copy);
    }
    if options.allowed_org.is_empty() {
        admin.out.note("sign-in is not enforced: who does not sign in is not restricted; see `--allowed-org`");
    }
    Ok(())
}

fn check_url(url: &str) -> anyhow::Result<()> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let uri: http::Uri = url.parse().map_err(|_| anyhow::anyhow!("`{url}` is not a URL"))?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match scheme {
        "https" | "http" if rest.contains(['/', '?', '#', '@']) => {
            bail!("`{url}` has more than a host and a port; write for example `https://pullgate.acme.example:8443`")
        }
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        "http" => bail!("`{url}` would send passwords in the clear; only a loopback address may be `http://`"),
        _ => bail!("`{url}` does not begin with `https://`; write for example `https://pullgate.acme.example:8443`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_that_protect_passwords_are_enrolled() {
        for good in [
            "https://a.example",
            "https://a.example:8443",
            "http://127.0.0.1:1",
            "http://localhost:1",
            "http://[::1]:1",
        ] {
            assert!(check_url(good).is_ok(), "{good}");
        }
        for bad in
            ["", "a.example", "http://a.example", "ftp://a", "https://a/b", "https://u@a", "https://a?b", "https://"]
        {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }
}
