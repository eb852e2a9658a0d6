//! *Image access*: who changes the policy, and what is said of what cannot be used.

use super::*;

#[tokio::test]
async fn an_owner_changes_the_policy_and_a_member_looks() {
    let world = World::new().await;
    let (olga, alice) = (world.sign_in("olga").await, world.sign_in("alice").await);
    let seen = olga.get(POLICY).await.hidden("seen");
    let form = policy_form(
        &seen,
        &[
            ("enabled", Some("on")),
            ("community", Some("on")),
            ("official", None),
            ("message", Some("Ask us.\r\nReally.")),
            ("registries", Some("GHCR.io\r\n\r\nquay.io")),
            ("session_valid", Some("14d")),
            ("push_limited", Some("on")),
            ("push", Some("acme/*")),
        ],
    );
    let saved = olga.submit(POLICY, &form).await;
    assert_eq!((saved.status, saved.location()), (StatusCode::SEE_OTHER, POLICY), "{}", saved.text);
    let state = world.store.read().await.unwrap().policy(1, "acme").await.unwrap();
    let settings = &state.settings;
    assert!(settings.enabled && settings.community && !settings.official && settings.verified_publisher);
    assert_eq!((settings.message.as_str(), state.registries.len()), ("Ask us.\nReally.", 2));
    assert_eq!(settings.beyond.push.as_deref(), Some(&["acme/*".to_owned()][..]));
    let page = alice.get(POLICY).await;
    assert!(page.says("On, enforced") && page.says("ghcr.io") && page.says("14d"));
    assert!(!page.says("name=\"seen\"") && !page.says("textarea"), "nothing to change");
    let refused = alice.submit(POLICY, &policy_form(&seen, &[])).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.says("A member of <code>acme</code> may not change the policy"), "{}", refused.text);
    // The same again changes nothing, and says so.
    let seen = olga.get(POLICY).await.hidden("seen");
    let again = olga
        .submit(
            POLICY,
            &policy_form(
                &seen,
                &form
                    .iter()
                    .filter(|(name, _)| *name != "seen")
                    .map(|(n, v)| (*n, Some(*v)))
                    .chain([("official", None)])
                    .collect::<Vec<_>>(),
            ),
        )
        .await;
    assert!(again.headers.get(header::SET_COOKIE).unwrap().to_str().unwrap().contains("policy-same"), "{}", again.text);
}

#[tokio::test]
async fn two_owners_do_not_overwrite_each_other() {
    let world = World::new().await;
    let (olga, adam) = (world.sign_in("olga").await, world.sign_in("adam").await);
    let seen = olga.get(POLICY).await.hidden("seen");
    adam.submit(POLICY, &policy_form(&seen, &[("enabled", Some("on"))])).await;
    let late = olga.submit(POLICY, &policy_form(&seen, &[("community", Some("on"))])).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.says("Somebody else changed this policy meanwhile") && late.says("<td>on</td><td>off</td>"));
    assert!(late.says("name=\"community\" checked"), "what was typed is still there: {}", late.text);
    let enabled = world.store.read().await.unwrap().policy(1, "acme").await.unwrap().settings.enabled;
    assert!(enabled, "adam's change stands");
    let now = late.hidden("seen");
    assert_eq!(olga.submit(POLICY, &policy_form(&now, &[("community", Some("on"))])).await.location(), POLICY);
}

#[tokio::test]
async fn what_cannot_be_used_is_said_at_its_field_and_stays_typed() {
    let world = World::new().await;
    let olga = world.sign_in("olga").await;
    let seen = olga.get(POLICY).await.hidden("seen");
    for (field, typed, said) in [
        ("registries", "a b", "a b"),
        ("request_url", "javascript:alert(1)", "is not a URL"),
        ("session_valid", "soon", "is not a time span"),
        ("session_fresh", "31d", "out of range"),
        ("protect_allow", "a//b", "is no pattern"),
        ("message", &"x".repeat(501), "too long"),
    ] {
        let form = policy_form(&seen, &[(field, Some(typed)), ("push_limited", Some("on"))]);
        let page = olga.submit(POLICY, &form).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(page.says(said) && page.says(typed) && page.says("aria-invalid=\"true\""), "{field}: {}", page.text);
    }
    let damaged = olga.submit(POLICY, &policy_form(&seen, &[("mode", Some("sometimes"))])).await;
    assert_eq!(damaged.status, StatusCode::BAD_REQUEST);
}
