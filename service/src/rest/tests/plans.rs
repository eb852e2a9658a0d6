//! Lists stay fast however much there is: none reads a large table from one end to the other.

use super::*;
use crate::store::testing::plans::scans;

/// What narrows a list, beside the rows of the matrix.
const NARROWED: [&str; 21] = [
    "/organizations/acme/records?effect=refused&since_ms=1&until_ms=2",
    "/organizations/acme/records?effect=would-deny",
    "/organizations/acme/records?effect=allowed",
    "/organizations/acme/records?image=alpine",
    "/organizations/acme/records?user=member",
    "/organizations/acme/records?machine=m",
    "/organizations/acme/records?reason=category&category=official&action=pull",
    "/organizations/acme/records?rule=01J9",
    "/organizations/acme/activity/summary?since_ms=1",
    "/organizations/acme/machines?user=member",
    "/organizations/acme/machines?guard=silent",
    "/organizations/acme/audit?actor=user:owner&act=policy",
    "/organizations/acme/sign-ins?account=member&outcome=wrong",
    "/organizations/acme/requests?state=pending",
    "/organizations/acme/requests?user=member",
    "/organizations/acme/allowlist?limit=5",
    "/sign-ins?account=member",
    "/sign-ins?outcome=wrong",
    "/audit?actor=user:owner",
    "/publishers?limit=5",
    "/me/check?image=evil/miner",
];

async fn no_list_reads_a_large_table_from_one_end_to_the_other(fixture: Fixture) {
    let world = World::new(fixture).await;
    let sole = world.browser("sole").await;
    let rows = matrix::all().filter(|(method, ..)| *method == "GET").map(|(_, template, _)| matrix::path(template));
    let mut found = Vec::new();
    for path in rows.chain(NARROWED.map(str::to_owned)) {
        let (answer, scans) = scans(&world.store, world.call(&sole, "GET", &path, &[], None)).await;
        assert!(answer.status < 500, "{path}: {}", answer.body);
        found.extend(scans.into_iter().map(|scan| format!("{path}: {scan}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

on_each_database! {
    no_list_reads_a_large_table_from_one_end_to_the_other,
}
