//! The units' limits, as `systemd-analyze security` counts them. What they do to running programs is in `machine/units`.

use std::{fs, path::PathBuf, process::Command};

/// Above it, a system unit of ours is not hardened enough.
const MOST: f32 = 2.0;

fn units() -> PathBuf {
    tests::repository().join("installer/assets/units")
}

/// Unit, and what each version of systemd says of it.
fn committed() -> (Vec<String>, Vec<(String, Vec<f32>)>) {
    let text = fs::read_to_string(units().join("exposure.tsv")).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t'));
    let versions = lines.next().unwrap().skip(1).map(str::to_owned).collect();
    let units = lines
        .map(|mut fields| (fields.next().unwrap().to_owned(), fields.map(|field| field.parse().unwrap()).collect()));
    (versions, units.collect())
}

/// `→ Overall exposure level for x.service: 1.3 OK`
fn exposure(unit: &str) -> f32 {
    let output = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager"])
        .arg(units().join(unit))
        .env("LC_ALL", "C")
        .output()
        .expect("`systemd-analyze` is installed; `tests/setup` does it");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = said.lines().last().and_then(|line| line.rsplit_once(": ")?.1.split(' ').next()?.parse().ok());
    last.unwrap_or_else(|| panic!("{unit}: {said}{}", String::from_utf8_lossy(&output.stderr)))
}

/// Of the systemd on this machine.
fn version() -> String {
    let output = Command::new("systemd-analyze").arg("--version").output().unwrap();
    String::from_utf8_lossy(&output.stdout).split_whitespace().nth(1).unwrap().to_owned()
}

#[test]
fn each_service_is_exposed_as_much_as_was_committed_and_no_more() {
    let (versions, units) = committed();
    let here = version();
    let column = versions.iter().position(|version| *version == here);
    for (unit, numbers) in &units {
        let found = exposure(unit);
        match column {
            Some(column) => {
                assert!((found - numbers[column]).abs() < 0.01, "{unit}: {found}, and {numbers:?} is committed")
            }
            // Another systemd counts a little otherwise.
            None => {
                assert!(numbers.iter().any(|number| (found - number).abs() < 0.35), "{unit}: {found} by systemd {here}")
            }
        }
        let is_of_a_user = unit == "pullgated.service";
        assert!(is_of_a_user || numbers.iter().all(|number| *number <= MOST), "{unit}: {numbers:?}");
    }
}

#[test]
fn no_service_is_left_out() {
    let mut services: Vec<String> = fs::read_dir(units())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".service"))
        .collect();
    let mut named: Vec<String> = committed().1.into_iter().map(|(unit, _)| unit).collect();
    services.sort();
    named.sort();
    assert_eq!(services, named);
}

#[test]
fn what_the_engine_waits_for_is_never_given_up() {
    for unit in ["pullgate-plugin.service", "pullgate-proxy.service"] {
        let text = fs::read_to_string(units().join(unit)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for line in ["StartLimitIntervalSec=0", "Restart=always", "RestartSec=100ms", "Before=docker.service"] {
            assert!(lines.contains(&line), "{unit} has no `{line}`");
        }
    }
    for (unit, stand_in) in
        [("plugin", "pullgate-plugin-stand-in.service"), ("proxy", "pullgate-proxy-stand-in.service")]
    {
        let text = fs::read_to_string(units().join(format!("pullgate-{unit}.service"))).unwrap();
        assert!(text.lines().any(|line| line == format!("OnFailure={stand_in}")), "{unit}");
        // 203: systemd could not run it. Without it the unit would be restarted for ever, and never be failed.
        assert!(text.lines().any(|line| line.starts_with("RestartPreventExitStatus=203 ")), "{unit}");
        let sockets = |text: &str| text.lines().find_map(|line| line.strip_prefix("Sockets=").map(str::to_owned));
        let stand_in = fs::read_to_string(units().join(stand_in)).unwrap();
        assert!(sockets(&stand_in).is_some(), "{unit}");
        assert!(unit == "proxy" || sockets(&stand_in) == sockets(&text), "{unit}");
    }
    for unit in ["pullgate-plugin.socket", "pullgate-control.socket", "pullgate-proxy.socket"] {
        let text = fs::read_to_string(units().join(unit)).unwrap();
        assert!(text.lines().any(|line| line == "TriggerLimitIntervalSec=0"), "{unit}");
        let is_a_file = text.contains("ListenStream=/");
        assert_eq!(text.lines().any(|line| line == "RemoveOnStop=no"), is_a_file, "{unit}");
    }
}
