//! The table, and what is said by it of a file when no engine can be asked.

use std::collections::BTreeSet;

use super::{table::SETTINGS, *};

fn checked(text: &str, engine: Engine) -> Result<(), String> {
    check(&Document::parse(text).unwrap(), &[], engine).map_err(|refusal| refusal.to_string())
}

#[test]
fn each_name_in_the_table_is_there_once() {
    // One flag adds to two keys: `host-gateway-ip` is the older spelling of `host-gateway-ips`.
    let keys: Vec<_> = SETTINGS.iter().map(|setting| setting.key).filter(|key| !key.is_empty()).collect();
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "{keys:?}");
    let letters: Vec<_> = SETTINGS.iter().map(|setting| setting.letter).filter(|letter| *letter != '\0').collect();
    assert_eq!(letters.iter().collect::<BTreeSet<_>>().len(), letters.len(), "{letters:?}");
    assert!(SETTINGS.iter().all(|setting| !setting.key.is_empty() || !setting.flag.is_empty()));
}

#[test]
fn a_setting_counts_from_its_release_on_and_until_it_was_taken_away() {
    let (new, old) = (r#"{"bip6": "fd00::/64"}"#, r#"{"cluster-store": "x"}"#);
    assert!(checked(new, Engine::Before23).unwrap_err().contains("too old for"));
    assert!(checked(new, Engine::Unknown).is_ok());
    for engine in [Engine::Unknown, Engine::Before23] {
        assert!(checked(old, engine).unwrap_err().contains("newer engines do not start with"), "{engine:?}");
    }
    // It was asked, and knows better.
    assert!(checked(old, Engine::Current).is_ok());
    assert!(checked(r#"{"no-such-setting": 1}"#, Engine::Unknown).unwrap_err().contains("no engine from 20.10 to 29"));
}

#[test]
fn a_value_is_what_go_could_decode() {
    for (text, wanted) in [
        (r#"{"debug": "yes"}"#, "takes `true` or `false`, and this is a text"),
        (r#"{"mtu": 1.5}"#, "takes a whole number, and this is none that fits"),
        (r#"{"mtu": 9223372036854775808}"#, "none that fits"),
        (r#"{"mtu": "1500"}"#, "takes a whole number, and this is a text"),
        (r#"{"dns": ["10.0.0.1", 1]}"#, "takes a list of texts, and this is a number"),
        (r#"{"log-opts": {"max-file": 3}}"#, "numbers in quotes too, and this is a number"),
        (r#"{"features": {"buildkit": "on"}}"#, "`true` or `false` for each, and this is a text"),
    ] {
        let said = checked(text, Engine::Unknown).unwrap_err();
        assert!(said.contains(wanted), "{text}: {said}");
    }
    for text in [r#"{"debug": null}"#, r#"{"mtu": 1500}"#, r#"{"dns": [null, "10.0.0.1"]}"#, r#"{"log-opts": {}}"#] {
        assert_eq!(checked(text, Engine::Unknown), Ok(()), "{text}");
    }
}

#[test]
fn a_name_that_folds_to_ours_is_the_same_field_to_the_engine() {
    assert!(folds_to("Authorization-Plugins", "authorization-plugins"));
    // Go folds these two to ASCII letters (`unicode.SimpleFold`).
    assert!(folds_to("proxieſ", "proxies"));
    assert!(folds_to("\u{212a}ey", "key"));
    assert!(!folds_to("proxy", "proxies"));
}
