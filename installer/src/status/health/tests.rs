use super::{super::tests::good, *};

fn code(seen: &Seen) -> (&'static str, Verdict) {
    let health = judge(seen, &seen.ways());
    (health.root.as_ref().map_or("", |cause| cause.code), health.verdict)
}

#[test]
fn a_cause_hides_what_follows_from_it() {
    let mut seen = good();
    let status = seen.plugin.as_mut().unwrap();
    status.policies.clear();
    status.sign_in_enforced = false;
    assert_eq!(code(&seen), ("policy_missing", Verdict::NotEnforced));
    seen.plugin.as_mut().unwrap().sessions.clear();
    assert_eq!(code(&seen), ("nobody_signed_in", Verdict::NotEnforced));
    seen.engine.asks = Proof::Refuted("no such host".into());
    assert_eq!(code(&seen), ("engine_does_not_ask", Verdict::NotEnforced));
    seen.plugin = Err("gone".into());
    assert_eq!(code(&seen), ("plugin_down", Verdict::NotEnforced));
    seen.plugin = Err(format!("{CANNOT_START}, and refuses images: `machine-id` is damaged"));
    assert_eq!(code(&seen), ("plugin_cannot_start", Verdict::NotEnforced));
    assert!(judge(&seen, &seen.ways()).line().contains("`machine-id` is damaged -> mend that"));
    seen.disabled = disabled::Seen::Yes(disabled::Disabled { until_ms: 1, reason: String::new(), by: String::new() });
    assert_eq!(code(&seen), ("disabled", Verdict::NotEnforced));
}

#[test]
fn a_no_that_is_known_is_said_also_by_who_cannot_see_everything() {
    let mut seen = good();
    seen.engine = super::super::coverage::Facts::not_visible("permission denied");
    assert_eq!(code(&seen), ("not_visible", Verdict::Unknown));
    seen.plugin.as_mut().unwrap().policies[0].enabled = false;
    assert_eq!(code(&seen), ("policy_off", Verdict::NotEnforced));
}

#[test]
fn an_engine_that_was_only_reloaded_is_not_said_to_lack_the_plugin() {
    let mut seen = good();
    (seen.engine.listed, seen.engine.asks) = (Some(false), Proof::Untried("the probe failed: late".into()));
    assert_eq!(code(&seen), ("engine_does_not_ask", Verdict::NotEnforced));
    seen.engine.named = Some(true);
    assert_eq!(code(&seen), ("not_proved", Verdict::Unknown));
}

#[test]
fn one_policy_that_refuses_is_enough() {
    let mut seen = good();
    let status = seen.plugin.as_mut().unwrap();
    status.sessions[0].organizations.push("globex".into());
    let mut monitor = super::super::tests::policy("globex");
    monitor.mode = "monitor".into();
    status.policies.push(monitor);
    assert_eq!(code(&seen).1, Verdict::Partly);
    // A policy of somebody who is not signed in any more refuses nobody.
    let status = seen.plugin.as_mut().unwrap();
    status.policies[0].organization = "initech".into();
    assert_eq!(code(&seen), ("monitor", Verdict::NotEnforced));
}

#[test]
fn an_answer_has_its_exit_code() {
    let codes = [Verdict::Enforced, Verdict::Partly, Verdict::NotEnforced, Verdict::Unknown].map(Verdict::exit_code);
    assert_eq!(codes, [0, 0, 1, 2]);
}

/// Programs read the codes; the page is where people look them up.
#[test]
fn every_cause_is_in_the_reference() {
    let page = include_str!("../../../../docs/reference/reasons.md");
    let (code, _) = include_str!("../health.rs").split_once("#[cfg(test)]").unwrap();
    // As `cause("code", ..)`, or first in what becomes one.
    let code = [code, include_str!("../others.rs")].concat();
    let words = code.split("(\"").skip(1).filter_map(|rest| rest.split_once("\",")).map(|(word, _)| word);
    let codes: Vec<&str> =
        words.filter(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_')).collect();
    assert!(codes.len() > 15 && codes.contains(&"session_expired"), "{codes:?}");
    for code in codes {
        assert!(page.contains(&format!("`{code}`")), "`{code}` is not in the page");
    }
}
