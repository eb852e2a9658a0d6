//! Pages stay fast however much there is: none reads a large table from one end to the other.

use super::*;
use crate::store::testing::{on_each_database, plans::scans};

/// Every page, with what narrows it.
const PAGES: [&str; 26] = [
    "/",
    "/orgs/acme/image-access",
    "/orgs/acme/allowlist",
    "/orgs/acme/allowlist?list=deny&after=01J9",
    "/orgs/acme/activity",
    "/orgs/acme/activity?since=quarter&show=all&image=alpine&user=alice&machine=m",
    "/orgs/acme/activity?show=allowed",
    "/orgs/acme/activity.csv?image=alpine",
    "/orgs/acme/activity.json?show=would-deny",
    "/orgs/acme/machines",
    "/orgs/acme/machines?user=alice",
    "/orgs/acme/machines?guard=silent",
    "/orgs/acme/machines?after=alice&machine=m&uid=1000",
    "/orgs/acme/members",
    "/orgs/acme/tokens",
    "/orgs/acme/audit",
    "/orgs/acme/audit?actor=olga&act=policy&before=7",
    "/orgs/acme/requests",
    "/orgs/acme/requests?state=all",
    "/orgs/acme/requests/01J9",
    "/publishers",
    "/account",
    "/requests",
    "/requests/new?image=evil/miner",
    "/my-policy?image=evil/miner",
    "/join?secret=x",
];

async fn no_page_reads_a_large_table_from_one_end_to_the_other(fixture: Fixture) {
    let world = World::on(fixture).await;
    let olga = world.sign_in("olga").await;
    let mut found = Vec::new();
    for page in PAGES {
        let (answer, scans) = scans(&world.store, olga.get(page)).await;
        assert!(answer.status < StatusCode::INTERNAL_SERVER_ERROR, "{page}: {}", answer.text);
        found.extend(scans.into_iter().map(|scan| format!("{page}: {scan}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

on_each_database! {
    no_page_reads_a_large_table_from_one_end_to_the_other,
}
