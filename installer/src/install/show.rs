//! A plan as people and programs read it.

use serde_json::{Value, json};

use super::{
    diff,
    journal::Then,
    plan::{FileEdit, Plan, Step, Whose},
};

/// One line for a step.
#[must_use]
pub fn title(step: &Step) -> String {
    match step {
        Step::Programs(copies) => {
            let names = copies.iter().filter_map(|(_, to)| to.to_str()).collect::<Vec<_>>();
            format!("copy the programs to {}", quoted(&names))
        }
        Step::Files(files) => {
            let names = files.iter().filter_map(|file| file.path.to_str()).collect::<Vec<_>>();
            format!("write {}", quoted(&names))
        }
        Step::Users(names) => format!("make the user {}", quoted(names)),
        Step::DoorSettings(file) => {
            let path = file.path.display();
            let readers = if file.whose == Whose::Doors { ", for root and the door alone to read" } else { "" };
            if file.before == file.after {
                format!("let the registry door read `{path}`, and nobody else but root")
            } else {
                format!(
                    "tell the registry door of the engine's own proxy, mirrors, insecure registries: write `{path}`{readers}"
                )
            }
        }
        Step::Start(units) => format!("start {}, now and with the machine", quoted(units)),
        Step::Restart(units) => format!("restart {} with the new programs", quoted(units)),
        Step::Agent => "start the agent for every user who signs in to this machine".to_owned(),
        Step::ProvePlugin => "prove that the plugin answers as the engine would ask".to_owned(),
        Step::ProveDoor => "prove that the registry door answers as the engine would ask".to_owned(),
        Step::Engine { engine, then, .. } => {
            let how = match then {
                Then::Reload => "and reload it (SIGHUP, nothing is interrupted)",
                Then::Restart => "and restart it",
                Then::Nothing => "which it reads at its next start",
            };
            format!("change the settings of `{}`, {how}", engine.unit)
        }
        Step::ProveEngine { engine, door } => {
            let door = if *door { ", and fetches through the registry door" } else { "" };
            format!("prove that `{}` asks the plugin{door}", engine.unit)
        }
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The plan, for people.
#[must_use]
pub fn text(plan: &Plan) -> String {
    let mut lines = Vec::new();
    if !plan.refusals.is_empty() {
        lines.push("nothing is changed:".to_owned());
        lines.extend(plan.refusals.iter().map(|why| format!("  - {why}")));
    }
    for (number, step) in plan.steps.iter().enumerate() {
        lines.push(format!("{:>3}. {}", number + 1, title(step)));
        if let Step::Engine { files, .. } = step {
            lines.extend(files.iter().flat_map(change).map(|line| format!("     {line}")));
        }
    }
    lines.extend(plan.interrupts.iter().map(|what| format!("interrupts: {what}")));
    lines.extend(plan.notes.iter().map(|note| format!("note: {note}")));
    lines.join("\n")
}

/// A file's change, as a unified diff. Of what may be a user's name and password in a URL, nothing is shown.
#[must_use]
pub fn change(file: &FileEdit) -> Vec<String> {
    let text = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(String::from_utf8_lossy).unwrap_or_default().into_owned();
    let name = |bytes: &Option<Vec<u8>>| {
        if bytes.is_some() { file.path.display().to_string() } else { "/dev/null".to_owned() }
    };
    let hunk = diff::lines(&text(&file.before), &text(&file.after));
    let is_head = |line: &String| line.starts_with("@@ ");
    let hunk = hunk.iter().map(|line| if is_head(line) { line.clone() } else { without_user(line) }).collect();
    [vec![format!("--- {}", name(&file.before)), format!("+++ {}", name(&file.after))], hunk].concat()
}

/// A line in whose words everything before an `@` is crossed out, from the scheme of a URL or the begin of the word on.
fn without_user(line: &str) -> String {
    let mut out = String::new();
    for word in line.split_inclusive(['"', '\'', ' ', ',']) {
        match word.rfind('@') {
            Some(at) => {
                let start = word.find("://").filter(|start| *start < at).map_or(0, |start| start + 3);
                out.push_str(&word[..start]);
                out.push_str("***");
                out.push_str(&word[at..]);
            }
            None => out.push_str(word),
        }
    }
    out
}

/// The plan, for programs.
#[must_use]
pub fn json(plan: &Plan) -> Value {
    let steps = plan.steps.iter().map(|step| {
        let mut object = json!({ "step": word(step), "what": title(step) });
        match step {
            Step::Programs(copies) => object["files"] = copies.iter().map(|(_, to)| to.display().to_string()).collect(),
            Step::DoorSettings(file) => object["files"] = json!([file.path]),
            Step::Files(files) => object["files"] = files.iter().map(|file| file.path.display().to_string()).collect(),
            Step::Users(names) | Step::Start(names) | Step::Restart(names) => object["names"] = json!(names),
            Step::Engine { engine, files, then, door, .. } => {
                object["engine"] = json!(engine.unit);
                object["door"] = json!(door);
                object["then"] = json!(then);
                object["files"] = files.iter().map(|file| json!({ "path": file.path, "diff": change(file) })).collect();
            }
            Step::ProveEngine { engine, door } => {
                object["engine"] = json!(engine.unit);
                object["door"] = json!(door);
            }
            Step::Agent | Step::ProvePlugin | Step::ProveDoor => {}
        }
        object
    });
    json!({
        "steps": steps.collect::<Vec<_>>(), "interrupts": plan.interrupts, "notes": plan.notes,
        "refusals": plan.refusals.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// A step in one word.
#[must_use]
pub const fn word(step: &Step) -> &'static str {
    match step {
        Step::Programs(_) => "programs",
        Step::Files(_) => "files",
        Step::Users(_) => "users",
        Step::DoorSettings(_) => "door_settings",
        Step::Start(_) => "start",
        Step::Restart(_) => "restart",
        Step::Agent => "agent",
        Step::ProvePlugin => "prove_plugin",
        Step::ProveDoor => "prove_door",
        Step::Engine { .. } => "engine",
        Step::ProveEngine { .. } => "prove_engine",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_diff_shows_a_password() {
        let check = |line: &str, shown: &str| assert_eq!(without_user(line), shown);
        check(r#"-  "http-proxy": "http://me:geheim@p:1", "x""#, r#"-  "http-proxy": "http://***@p:1", "x""#);
        check(r#"-{"https-proxy":"me:ge/he@im@p:1"}"#, r#"-{"https-proxy":"***@p:1"}"#);
        check(r#"  "debug": true"#, r#"  "debug": true"#);
        let before = Some(br#"{"proxies": {"https-proxy": "http://me:geheim@p:1"}}"#.to_vec());
        let edit = FileEdit { path: "/etc/docker/daemon.json".into(), before, after: None, whose: Whose::Theirs };
        let shown = change(&edit).join("\n");
        assert!(shown.contains("***@p:1") && !shown.contains("geheim"), "{shown}");
    }
}
