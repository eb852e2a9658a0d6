//! The main job, through the command that people run.

use std::process::{Command, Stdio};

use serde_json::Value;
use tests::own_program;

#[test]
fn the_demo_holds_step_by_step() {
    let output = Command::new(own_program("pullgate")).args(["demo", "--json"]).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (summary, steps) = lines.split_last().unwrap_or_else(|| panic!("no step: {errors}"));
    for step in steps {
        assert_eq!(step["ok"], true, "{step:#}");
    }
    assert_eq!(*summary, serde_json::json!({"steps": steps.len(), "failed": 0}), "{errors}");
    assert!(output.status.success(), "{}: {errors}", output.status);

    let pulls = |code: i64| {
        let pull =
            |step: &&Value| step["command"].as_str().unwrap().starts_with("docker pull") && step["exit_code"] == code;
        steps.iter().filter(pull).count()
    };
    assert_eq!(pulls(0), 6, "official, own, publisher; the owner's; policy off; allowlist");
    assert_eq!(pulls(1), 7, "community three times; four times without a sign-in");
    assert!(!text.contains("password\":"), "no password in the output");
}
