//! Every setting reaches the machines with its own meaning.

use super::*;

/// As a machine reads it.
fn read(beyond: Beyond) -> policy::Settings {
    let document = document::Policy {
        header: Some(document::Header::default()),
        mode: document::Mode::Enforce.into(),
        when_expired: document::WhenExpired::Keep.into(),
        categories: Some(document::Categories::default()),
        settings: settings(beyond),
        ..document::Policy::default()
    };
    proto::convert::policy(&document, std::sync::Arc::default()).unwrap().settings
}

#[test]
fn every_word_of_the_command_line_is_the_word_that_machines_decide_by() {
    macro_rules! check {
        ($field:ident: $mine:ident) => {
            let words: Vec<_> = clap::ValueEnum::value_variants()
                .iter()
                .map(|&value: &$mine| {
                    let read = read(Beyond { $field: value, ..Beyond::default() });
                    assert_eq!(crate::model::word(value).replace('-', "_"), read.$field.code(), stringify!($field));
                    read.$field.code()
                })
                .collect();
            assert_eq!(words, policy::settings::$mine::ALL.iter().map(|value| value.code()).collect::<Vec<_>>());
        };
    }
    check!(local_content: LocalContent);
    check!(run_unapproved: RunUnapproved);
    check!(engine_plugins: EnginePlugins);
    check!(swarm: SwarmUse);
    check!(builds: Builds);
    check!(container_builders: ContainerBuilders);
    check!(unknown_requests: UnknownRequests);
}

#[test]
fn lists_reach_the_machines_and_an_empty_one_is_not_none() {
    let read = |beyond| {
        let settings = read(beyond);
        let patterns = |rules: policy::RuleSet| -> Vec<String> {
            rules.rules().iter().map(|rule| rule.pattern.to_string()).collect()
        };
        (settings.push.map(patterns), settings.protect.map(patterns))
    };
    let agent = || vec!["portainer/agent".to_owned()];
    let on =
        Beyond { push: Some(vec!["acme/*".to_owned()]), protect: true, protect_allow: agent(), ..Beyond::default() };
    let said = |text: &str| Some(vec![text.to_owned()]);
    assert_eq!(read(on), (said("docker.io/acme/*"), said("docker.io/portainer/agent")));
    let bare = Beyond { push: Some(vec![]), protect: true, ..Beyond::default() };
    assert_eq!(read(bare), (Some(vec![]), Some(vec![])));
    let off = Beyond { protect_allow: agent(), ..Beyond::default() };
    assert_eq!(read(off.clone()), (None, None));
    assert_eq!(settings(off), None, "what nobody asks is not published");
}
