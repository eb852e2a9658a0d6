use super::{super::tests::good, *};

fn told(seen: &Seen) -> (Health, BTreeSet<String>) {
    let ways = seen.ways();
    let health = seen.health(&ways);
    let facts = facts(seen, &health, &ways);
    (health, facts)
}

#[test]
fn time_that_passes_and_requests_are_no_news() {
    let before = good();
    let mut after = good();
    after.now_ms += 600_000;
    let status = after.plugin.as_mut().unwrap();
    (status.requests, status.denials, status.last_request_at_ms) = (9_999, 77, after.now_ms);
    assert_eq!(told(&before).1, told(&after).1);
}

#[test]
fn a_change_is_one_line_with_what_is_new() {
    let before = good();
    let mut after = good();
    after.plugin.as_mut().unwrap().policies[0].generation = 8;
    let (health, now) = told(&after);
    let change = line(&after, &health, &now, &told(&before).1);
    assert_eq!(change.lines().count(), 1);
    assert!(change.starts_with("2026-11-26 11:04:05 UTC enforced in part: "), "{change}");
    assert!(change.ends_with(" | policy acme: enforce, generation 8, fresh"), "{change}");
    after.plugin.as_mut().unwrap().sessions.clear();
    let (health, later) = told(&after);
    let change = line(&after, &health, &later, &now);
    assert!(change.contains(" | signed in nobody"), "{change}");
}
