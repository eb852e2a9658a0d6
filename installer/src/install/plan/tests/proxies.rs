//! Where an engine's own proxies go.

use super::*;

/// What the door's settings become.
fn told(plan: &Plan) -> Option<serde_json::Value> {
    plan.steps.iter().find_map(|step| match step {
        Step::DoorSettings(edit) => serde_json::from_slice(edit.after.as_deref().unwrap()).ok(),
        _ => None,
    })
}

#[test]
fn an_engines_own_proxy_becomes_the_doors_way_on() {
    let environment = |variables: &[(&str, &str)], engine: EngineFacts| {
        let found = FoundEngine { environment: variables.iter().copied().collect(), ..engine.found.clone() };
        EngineFacts { found, ..engine }
    };
    let file = |text: &str| EngineFacts { file: Some(text.as_bytes().to_vec()), ..engine() };
    let old = || EngineFacts { major: Some(20), ..engine() };
    let secret = "http://me:geheim@proxy.acme.example:3128";
    let proxies = format!(r#"{{"proxies": {{"https-proxy": "{secret}", "no-proxy": "reg.acme.example:5000"}}}}"#);
    let beside = r#"{"proxies": {"https-proxy": "http://other:1"}}"#;
    for (engine, proxy, direct) in [
        (environment(&[("https_proxy", secret)], engine()), secret, 0),
        (environment(&[("HTTPS_PROXY", secret), ("NO_PROXY", ".corp,10.0.0.0/8")], old()), secret, 2),
        (file(&proxies), secret, 2),
        // The file counts more than the environment, as it does for the engine.
        (environment(&[("HTTPS_PROXY", secret)], file(beside)), "http://other:1", 0),
    ] {
        let mut facts = facts(vec![engine]);
        let plan = check(&facts, &Wanted::default(), words(&super::plan(&facts, &Wanted::default())).as_str());
        assert!(words(&plan).starts_with("door_settings start("), "{}", words(&plan));
        let settings = told(&plan).unwrap();
        assert_eq!(settings["upstreamProxy"], proxy);
        assert_eq!(settings["upstreamNoProxy"].as_array().map_or(0, Vec::len), direct, "{settings}");
        let is_private = |step: &Step| matches!(step, Step::DoorSettings(edit) if edit.whose == Whose::Doors);
        assert_eq!(plan.steps.iter().any(is_private), proxy.contains('@'));
        // With the door running it has to learn of it.
        facts.running_units = units(&[]);
        let running = words(&super::plan(&facts, &Wanted::default()));
        assert!(running.starts_with("door_settings restart "), "{running}");
        // Nothing that a person or a program reads has the password.
        let shown = format!("{}{}{plan:?}", show::text(&plan), show::json(&plan));
        assert!(!show::text(&plan).contains("geheim") && !show::json(&plan).to_string().contains("geheim"), "{shown}");
    }
    let plan = super::plan(&facts(vec![file(&proxies)]), &Wanted::default());
    assert!(plan.notes.iter().any(|note| note.contains("whatever the port")), "{:?}", plan.notes);
    snapshot::check("install_plan_with_a_proxy", &show::text(&plan));
    let lists = file(r#"{"insecure-registries": ["reg:5000"], "registry-mirrors": ["http://mirror:5000"]}"#);
    let settings = told(&super::plan(&facts(vec![lists]), &Wanted::default())).unwrap();
    assert_eq!(settings, serde_json::json!({ "insecureRegistries": ["reg:5000"], "mirrors": ["mirror:5000"] }));
    // Without the door it is nobody's business.
    let without = Wanted { door: Some(false), ..Wanted::default() };
    assert_eq!(told(&super::plan(&facts(vec![file(&proxies)]), &without)), None);
}

#[test]
fn a_proxy_that_the_door_cannot_take_over_is_refused_unless_it_has_one() {
    let with = |https: &str, major| {
        let environment = ProxyEnvironment::from_iter([("HTTPS_PROXY", https)]);
        let found = FoundEngine { environment, ..engine().found };
        EngineFacts { found, major: Some(major), ..engine() }
    };
    for major in [20, 26] {
        refused(&facts(vec![with("socks5://me:geheim@p:1080", major)]), &Wanted::default(), "`socks5://`");
        let set =
            DoorSettings { file: Some(br#"{"upstreamProxy": "http://p:1"}"#.to_vec()), ..DoorSettings::default() };
        let told_before = Facts { door_settings: set, ..facts(vec![with("socks5://me:geheim@p:1080", major)]) };
        let plan = plan(&told_before, &Wanted::default());
        assert_eq!((&plan.refusals, told(&plan)), (&Vec::new(), None));
        assert!(plan.notes.iter().any(|note| note.contains("goes through the latter")), "{:?}", plan.notes);
    }
    let two = facts(vec![with("http://a:1", 26), with("http://b:1", 26)]);
    refused(&two, &Wanted::default(), "goes through one");
    let broken = DoorSettings { file: Some(b"{,".to_vec()), ..DoorSettings::default() };
    let broken = Facts { door_settings: broken, ..facts(vec![with("http://a:1", 26)]) };
    refused(&broken, &Wanted::default(), "is left as it is");
    // The door's own is none.
    let ours = plan(&facts(vec![with("http://127.0.0.1:857", 20)]), &Wanted::default());
    assert_eq!((&ours.refusals, told(&ours)), (&Vec::new(), None));
}

#[test]
fn without_the_door_an_engine_has_its_own_proxies_again() {
    let before = br#"{"proxies": {"https-proxy": "http://p:1"}}"#.to_vec();
    let with = EngineFacts { file: Some(before.clone()), ..engine() };
    let plan = plan(&facts(vec![with.clone()]), &Wanted::default());
    let config = |plan: &Plan| {
        plan.steps.iter().find_map(|step| match step {
            Step::Engine { files, .. } => {
                files.iter().find(|edit| edit.path == with.found.config_file).and_then(|edit| edit.after.clone())
            }
            _ => None,
        })
    };
    let installed =
        EngineFacts { file: config(&plan), original: Some((Some(before), Vec::new())), has_door: true, ..with.clone() };
    let without = Wanted { door: Some(false), ..Wanted::default() };
    let plan = super::plan(&facts(vec![installed]), &without);
    let after = String::from_utf8(config(&plan).unwrap()).unwrap();
    assert_eq!(after, r#"{"proxies": {"https-proxy": "http://p:1"}, "authorization-plugins": ["pullgate"]}"#);
}

#[test]
fn settings_that_the_door_cannot_read_are_opened_to_it() {
    let closed = DoorSettings { file: Some(b"{}".to_vec()), closed: true, private: true };
    let facts = Facts { door_settings: closed, ..installed() };
    let plan = check(&facts, &Wanted::default(), "door_settings restart prove_plugin prove_door prove_engine(door)");
    assert!(show::title(&plan.steps[0]).contains("read `/etc/pullgate/proxy.json`"));
}
