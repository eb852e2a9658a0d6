//! What people read of a check, whole.

use proto::control::Nearby;

use super::*;

fn refused() -> CheckedImage {
    CheckedImage {
        input: "bitnami/redis".into(),
        image: "docker.io/bitnami/redis:latest".into(),
        reason: "category".into(),
        category: "community".into(),
        organization: "acme".into(),
        generation: 7,
        mode: "enforce".into(),
        text:
            "`docker.io/bitnami/redis:latest` is a community image, and acme allows only its own and official images.\n\
               Ask for it: https://access.acme.example/new?image=docker.io/bitnami/redis (decision not recorded; …)"
                .into(),
        request_url: "https://access.acme.example/new?image=docker.io/bitnami/redis".into(),
        nearby: [("bitnami/redis:7.*", "rule"), ("docker.io/bitnami/redis:6.2", "rule"), ("acme/redis", "namespace")]
            .map(|(image, kind)| Nearby { image: image.into(), kind: kind.into() })
            .into(),
        ..CheckedImage::default()
    }
}

fn judged(allowed: &[&str]) -> Vec<CheckedImage> {
    let one = |input: &&str| CheckedImage { input: (*input).into(), allowed: true, ..CheckedImage::default() };
    allowed.iter().map(one).collect()
}

#[test]
fn only_what_the_plugin_would_allow_is_named_instead() {
    let checked = refused();
    assert_eq!(nearest::candidates(&checked), ["redis", "docker.io/bitnami/redis:6.2", "acme/redis"]);
    let near = |allowed: &[&str]| -> Vec<String> {
        nearest::nearest(&checked, &judged(allowed)).into_iter().map(|near| near.image).collect()
    };
    assert_eq!(near(&[]), ["bitnami/redis:7.*"]);
    assert_eq!(near(&["redis", "acme/redis"]), ["redis", "bitnami/redis:7.*", "acme/redis"]);
    let official = CheckedImage { image: "docker.io/library/redis:7".into(), nearby: Vec::new(), ..refused() };
    assert_eq!(nearest::candidates(&official), [""; 0]);
}

#[test]
fn what_people_read() {
    let checked = refused();
    let near = nearest::nearest(&checked, &judged(&["redis", "acme/redis", "docker.io/bitnami/redis:6.2"]));
    let mut texts = vec![view::text(&checked, &near)];
    let plain = |checked: CheckedImage| view::text(&checked, &[]);
    let nobody = CheckedImage { request_url: String::new(), ..refused() };
    texts.push(plain(nobody.clone()));
    texts.push(plain(CheckedImage { request_email: "it@acme.example".into(), ..nobody }));
    texts.push(plain(CheckedImage { allowed: true, would_deny: true, mode: "monitor".into(), ..refused() }));
    let allowed = CheckedImage { allowed: true, text: String::new(), request_url: String::new(), ..refused() };
    texts.push(plain(CheckedImage { category: "official".into(), ..allowed.clone() }));
    texts.push(plain(CheckedImage {
        reason: "allowlisted".into(),
        rule: "docker.io/bitnami/redis".into(),
        rule_id: "base".into(),
        rule_reason: "until the migration is done".into(),
        rule_expires_at: 1_795_691_045,
        ..allowed.clone()
    }));
    texts.push(plain(CheckedImage { reason: "owner".into(), ..allowed.clone() }));
    texts.push(plain(CheckedImage {
        reason: "off".into(),
        category: String::new(),
        organization: String::new(),
        generation: 0,
        ..allowed
    }));
    texts.push(plain(CheckedImage {
        reason: "sign_in_required".into(),
        organization: String::new(),
        category: String::new(),
        text: "This machine brings images in only for people who are signed in to acme, and nobody is.\n\
               Sign in with `docker login gate.example` or `pullgate login`; your administrator can help (decision not \
               recorded)"
            .into(),
        ..refused()
    }));
    texts.push(plain(CheckedImage {
        input: "Alpine".into(),
        reason: "uppercase".into(),
        text: "the repository name must be lowercase".into(),
        ..CheckedImage::default()
    }));
    let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
    crate::snapshot::check("check", &texts.join("\n\n"));
}

#[test]
fn standard_input_has_one_image_a_line() {
    let found: Vec<_> = lines("alpine\n\n  bitnami/redis:7 \r\n# not this\n").collect();
    assert_eq!(found, ["alpine", "bitnami/redis:7"]);
}
