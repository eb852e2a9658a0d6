//! The setting `proxies`, from engine 23.0 on.
//!
//! Both proxies are the door, or a registry that answers on plain HTTP is asked past it; and no
//! host is excepted.

use super::{
    document::{Document, Kind, Member, Node},
    edit, flags,
    outcome::{Class, OldProxies, Refusal},
    plugins::remove_setting,
};

/// What the engine calls it.
pub(super) const KEY: &str = "proxies";
const BOTH: [&str; 2] = ["http-proxy", "https-proxy"];
const NONE_FOR: &str = "no-proxy";

/// The text with the door as proxy of everything, and what was there instead.
pub(super) fn add(
    document: &Document<'_>,
    door: &str,
    may_move: bool,
) -> Result<(Option<String>, Option<OldProxies>), Refusal> {
    let old = old(document, door)?;
    if old != OldProxies::default() && !may_move {
        return Err(others(document, door, &old));
    }
    let moved = (old != OldProxies::default()).then_some(old);
    let mut text = None::<String>;
    loop {
        let now = text.as_deref().map(Document::parse).transpose()?;
        match step(now.as_ref().unwrap_or(document), door) {
            Some(next) => text = Some(next),
            None => return Ok((text, moved)),
        }
    }
}

/// Flags that are in the way of the setting, or lead past the door.
pub(super) fn refuse_flags(unit_flags: &[String]) -> Result<(), Refusal> {
    let given = flags::read(unit_flags);
    let flag = given.iter().find(|given| BOTH.contains(&given.name.as_str()) || given.name == NONE_FOR);
    let Some(flag) = flag else { return Ok(()) };
    let (class, why) = if flag.name == NONE_FOR {
        (Class::OtherProxy, "so it asks some hosts without the registry door")
    } else {
        (Class::FlagConflict, "and with the same in the file it does not start")
    };
    Err(Refusal {
        class,
        what: format!("the engine is started with `--{}`, {why}", flag.name),
        at: None,
        next: "take the flag out of the unit; another proxy belongs into `/etc/pullgate/proxy.json` (`upstreamProxy`)"
            .to_owned(),
    })
}

/// The text without the door.
pub(super) fn remove(document: &Document<'_>, door: &str) -> Result<Option<String>, Refusal> {
    let Some((member, members)) = object(document) else { return Ok(None) };
    let ours =
        |member: &Member| BOTH.contains(&member.key.as_str()) && member.value.text().is_some_and(|it| same(it, door));
    let Some(number) = members.iter().position(ours) else { return Ok(None) };
    let text = if members.iter().all(ours) {
        remove_setting(document, KEY)
    } else {
        edit::take_out(document.text, &member.value.span, &edit::places(members), number)
    };
    let more = remove(&Document::parse(&text)?, door)?;
    Ok(Some(more.unwrap_or(text)))
}

/// One change towards the door, if one is missing.
fn step(document: &Document<'_>, door: &str) -> Option<String> {
    let quoted = edit::quote(door);
    let Some((member, members)) = object(document) else {
        let whole = |style: edit::Style| {
            let (colon, comma) = (style.colon(), style.comma());
            format!("{{\"{}\"{colon}{quoted}{comma}\"{}\"{colon}{quoted}}}", BOTH[0], BOTH[1])
        };
        return Some(edit::add_setting(document, KEY, whole));
    };
    for key in BOTH {
        match members.iter().find(|member| member.key == key) {
            None => {
                return Some(edit::add_member(document.text, &member.value.span, members, key, |_| quoted.clone()));
            }
            Some(member) if !member.value.text().is_some_and(|it| same(it, door)) => {
                return Some(edit::replace(document.text, &member.value.span, &quoted));
            }
            Some(_) => {}
        }
    }
    let number = members.iter().position(|member| member.key == NONE_FOR && opens_a_way(&member.value))?;
    Some(edit::take_out(document.text, &member.value.span, &edit::places(members), number))
}

/// What is there beside the door.
fn old(document: &Document<'_>, door: &str) -> Result<OldProxies, Refusal> {
    let Some(setting) = document.member(KEY) else { return Ok(OldProxies::default()) };
    let members = match &setting.value.kind {
        Kind::Object(members) => members,
        other => return Err(wrong_type(document, KEY, "an object", &setting.value, other)),
    };
    let mut old = OldProxies::default();
    for member in members {
        let text = match &member.value.kind {
            Kind::Text(Some(text)) => text.as_str(),
            Kind::Null => "",
            other => return Err(wrong_type(document, &member.key, "a text", &member.value, other)),
        };
        let other = (!text.is_empty() && !same(text, door)).then(|| text.to_owned());
        match member.key.as_str() {
            "http-proxy" => old.http = other,
            "https-proxy" => old.https = other,
            NONE_FOR => old.no = opens_a_way(&member.value).then(|| text.to_owned()),
            _ => {}
        }
    }
    Ok(old)
}

/// Whether an engine would ask some host without the door. Loopback it never asks through a proxy anyway.
fn opens_a_way(value: &Node) -> bool {
    let hosts = value.text().unwrap_or_default().split(',').map(str::trim).filter(|host| !host.is_empty());
    hosts
        .into_iter()
        .any(|host| !matches!(host, "localhost" | "127.0.0.1" | "127.0.0.0/8" | "::1" | "[::1]" | "::1/128"))
}

fn object<'a>(document: &'a Document<'_>) -> Option<(&'a Member, &'a [Member])> {
    let member = document.member(KEY)?;
    if let Kind::Object(members) = &member.value.kind { Some((member, members)) } else { None }
}

fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn others(document: &Document<'_>, door: &str, old: &OldProxies) -> Refusal {
    let at = document.member(KEY).and_then(|member| document.at(&member.key_span));
    if old.http.is_none() && old.https.is_none() {
        return Refusal {
            class: Class::OtherProxy,
            what: "`no-proxy` names hosts that the engine asks without the registry door, so nothing is decided there"
                .to_owned(),
            at,
            next: "take `no-proxy` away; the door reaches these hosts itself".to_owned(),
        };
    }
    Refusal {
        class: Class::OtherProxy,
        what: format!("`proxies` names another proxy than the registry door `{door}`"),
        at,
        next: "name it as `upstreamProxy` in `/etc/pullgate/proxy.json` and take it away here; then the door goes through it"
            .to_owned(),
    }
}

fn wrong_type(document: &Document<'_>, key: &str, wanted: &str, node: &Node, is: &Kind) -> Refusal {
    Refusal {
        class: Class::WrongType,
        what: format!("`{key}` is to be {wanted}, and it is {}", is.name()),
        at: document.at(&node.span),
        next: "make it one".to_owned(),
    }
}
