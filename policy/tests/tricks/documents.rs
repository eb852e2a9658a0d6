//! Tricks with JSON: letter case and folding, escapes, duplicates, nulls, merging objects, padding,
//! what follows the first value.

use super::targets::{DECOYS, reference, repository};
use crate::{Case, numbers::Numbers};

/// `POST /containers/create`.
pub fn container(numbers: &mut Numbers) -> Case {
    let (name, truth) = match numbers.below(8) {
        0 => ("E3B0".to_lowercase(), "id:e3b0".to_owned()),
        1 => (format!("sha256:{:064x}", 7), format!("sha256:{:064x}", 7)),
        _ => reference(numbers),
    };
    let mut members = last_wins(numbers, "Image", &name);
    harmless(numbers, &mut members, &["HostConfig", "Labels", "Env", "\u{131}mage", "Images", "Imag"]);
    // Merged objects, and one that is forgotten.
    if numbers.once_in(3) {
        let image = r#"{"Mounts":[{"Type":"image","Source":"decoy/decoy"}]}"#;
        members.push(format!(r#"{}:{image}"#, key(numbers, "HostConfig")));
        members.push(format!("{}:null", key(numbers, "HostConfig")));
    }
    let document = object(numbers, &members);
    finish(numbers, "/v1.41/containers/create", document, truth)
}

/// `POST /services/create`, for a task or an engine plugin.
pub fn service(numbers: &mut Numbers) -> Case {
    let (name, truth) = reference(numbers);
    let as_plugin = numbers.once_in(4);
    let (runtime, outer, inner) =
        if as_plugin { ("plugin", "PluginSpec", "remote") } else { ("container", "ContainerSpec", "Image") };
    let decoy = numbers.pick(&DECOYS);
    let mut template = Vec::new();
    // What a pointer held is forgotten with `null`.
    if numbers.once_in(3) {
        let inside = format!(r#"{{{}:"{decoy}"}}"#, key(numbers, inner));
        template.push(format!("{}:{inside}", key(numbers, outer)));
        template.push(format!("{}:null", key(numbers, outer)));
    }
    let mut members = last_wins(numbers, inner, &name);
    harmless(numbers, &mut members, &["Labels", "Env", "Imagf", "Remot"]);
    // The parts of one object, in two objects that merge.
    let split = numbers.below(members.len() + 1);
    let second = members.split_off(split);
    for part in [members, second].iter().filter(|part| !part.is_empty()) {
        let part = object(numbers, part);
        template.push(format!("{}:{part}", key(numbers, outer)));
    }
    if as_plugin || numbers.once_in(2) {
        let runtime = last_wins(numbers, "Runtime", runtime);
        // Decoys among them are runtimes of no engine; the last is the one.
        template.splice(0..0, runtime);
    }
    let mut members = Vec::new();
    harmless(numbers, &mut members, &["Name", "Mode", "TaskTemplat", "Ta\u{17f}k"]);
    let split = numbers.below(template.len() + 1);
    let second = template.split_off(split);
    for part in [template, second].iter().filter(|part| !part.is_empty()) {
        let part = object(numbers, part);
        members.push(format!("{}:{part}", key(numbers, "TaskTemplate")));
        if numbers.once_in(4) {
            // No pointer: `null` leaves what is there.
            members.push(format!("{}:null", key(numbers, "TaskTemplate")));
        }
    }
    let document = object(numbers, &members);
    finish(numbers, "/v1.41/services/create", document, truth)
}

/// Members that all set one text, the last of which that is no `null` counts.
fn last_wins(numbers: &mut Numbers, name: &str, value: &str) -> Vec<String> {
    let mut members = Vec::new();
    for _ in 0..numbers.below(3) {
        let (key, decoy) = (key(numbers, name), numbers.pick(&DECOYS));
        members.push(if numbers.once_in(3) {
            format!("{key}:null")
        } else {
            format!("{key}:{}", text(numbers, decoy))
        });
    }
    members.push(format!("{}:{}", key(numbers, name), text(numbers, value)));
    if numbers.once_in(4) {
        members.push(format!("{}:null", key(numbers, name)));
    }
    members
}

/// Members that set nothing, before and among the others.
fn harmless(numbers: &mut Numbers, members: &mut Vec<String>, keys: &[&str]) {
    for _ in 0..numbers.below(3) {
        let key = numbers.pick(keys);
        let decoy = repository(numbers).0;
        let value = match numbers.below(6) {
            0 => "{}".into(),
            1 => format!(r#"{{"Image":"{decoy}","remote":"{decoy}","Labels":{{"Image":"{decoy}"}}}}"#),
            2 if key != "HostConfig" => format!(r#"["{decoy}",1e999,-0.5E+3,{{"Image":"{decoy}"}}]"#),
            3 if key != "HostConfig" => r#""\ud83d\udc00\u0000""#.into(),
            4 if key != "HostConfig" => format!("{}1{}", "[".repeat(60), "]".repeat(60)),
            _ => "null".into(),
        };
        let place = numbers.below(members.len() + 1);
        members.insert(place, format!(r#""{key}":{value}"#));
    }
}

/// A key in other letters that fold to its own, and with escapes.
fn key(numbers: &mut Numbers, name: &str) -> String {
    let fold = numbers.once_in(2);
    let folded: String = name
        .chars()
        .map(|c| match c {
            _ if !fold => c,
            's' | 'S' => ['s', 'S', '\u{17f}'][numbers.below(3)],
            'k' | 'K' => ['k', 'K', '\u{212a}'][numbers.below(3)],
            c if numbers.once_in(2) => c.to_ascii_uppercase(),
            c => c.to_ascii_lowercase(),
        })
        .collect();
    text(numbers, &folded)
}

/// A text, with escapes that are not needed.
fn text(numbers: &mut Numbers, text: &str) -> String {
    let more = numbers.once_in(3);
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '/' if more && numbers.once_in(2) => out += "\\/",
            c if more && numbers.once_in(3) => {
                let number = u32::from(c);
                out += &if numbers.once_in(2) { format!("\\u{number:04x}") } else { format!("\\u{number:04X}") };
            }
            c => out.push(c),
        }
    }
    out + "\""
}

fn object(numbers: &mut Numbers, members: &[String]) -> String {
    let space = numbers.pick(&["", "", " ", "\r\n\t"]);
    format!("{{{space}{}{space}}}", members.join(&format!("{space},{space}")))
}

/// What may stand around a document; and what no engine, or not every engine, takes.
fn finish(numbers: &mut Numbers, target: &str, document: String, truth: String) -> Case {
    let (mut body, mut grey) = (document, false);
    match numbers.below(8) {
        0 => body = format!("{}{body}", " \n\t\r".repeat(numbers.below(40))),
        // Engine 20.10 acts on the first value.
        1 => body += numbers.pick(&["{}", r#"{"Image":"decoy"}"#, "x", "\0", "]", " null", "\"", "["]),
        2 => {
            grey = true;
            let bad = match numbers.below(6) {
                0 => format!("\u{feff}{body}"),
                1 => format!("[{body}]"),
                2 => body.replacen('{', r#"{"Image":1,"TaskTemplate":[],"#, 1),
                3 => body.replacen('{', r#"{"x":"\x","#, 1),
                4 => body.replacen('{', &format!(r#"{{"x":{}{},"#, "[".repeat(101), "]".repeat(101)), 1),
                _ => body[..body.len() - 1].to_owned(),
            };
            body = bad;
        }
        _ => {}
    }
    let content_type = match numbers.below(8) {
        // The type shown is the last; that the body is shown says that the first is JSON.
        0 => Some("text/plain"),
        1 => {
            grey = true;
            body.clear();
            Some("application/json")
        }
        _ => Some("application/json"),
    };
    let length = if numbers.once_in(2) { None } else { Some("0") };
    let (target, may_be_http2) = (target.to_owned(), numbers.once_in(2));
    Case { target, content_type, content_length: length, may_be_http2, body, truth, grey, hidden: grey }
}
